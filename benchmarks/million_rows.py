"""A table of 1,000,000 rows and 20 columns: seconds and peak memory of one epoch."""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import polars as pl

__all__ = ["main"]

ROWS, COLUMNS = 1_000_000, 20

BASE = """
import descend.models, jax, numpy as np
jax.block_until_ready(jax.jit(lambda x: x @ x)(np.ones((8, 8), np.float32)))
"""

PEAK = """
import sys, resource
from descend.cli.main import main
try:
    main(sys.argv[1:])
finally:
    print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
"""


def peak_of(code: str, *arguments: str) -> tuple[float, float]:
    """Run Python code in a process of its own; return (seconds, peak MB of memory)."""
    start = time.perf_counter()
    tail = "\nimport resource\nprint(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)"
    text = code if "ru_maxrss" in code else code + tail
    command = [sys.executable, "-c", text, *arguments]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    return time.perf_counter() - start, int(done.stdout.split()[-1]) / 1024


def make(folder: Path) -> dict[str, Path]:
    """Write the table as CSV and as Parquet."""
    generator = np.random.default_rng(0)
    x = generator.normal(size=(ROWS, COLUMNS - 1)).astype(np.float32).round(4)
    y = (x[:, :5].sum(axis=1) + generator.normal(size=ROWS)).round(3)
    frame = pl.DataFrame({f"x{i}": x[:, i] for i in range(COLUMNS - 1)} | {"y": y})
    files = {"CSV": folder / "million.csv", "Parquet": folder / "million.parquet"}
    frame.write_csv(files["CSV"])
    frame.write_parquet(files["Parquet"])
    return files


def main() -> None:
    """Print time and memory for both formats."""
    _, base = peak_of(BASE)
    matrix = ROWS * COLUMNS * 4 / 1024**2
    print(f"\n{ROWS:,} rows, {COLUMNS} columns, one epoch; as float32 {matrix:.0f} MB")
    print(f"  process with its libraries loaded: {base:.0f} MB")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for kind, path in make(folder).items():
            arguments = ("train", str(path), "--target", "y", "--epochs", "1")
            out = ("--out", str(folder / "model.descend"))
            seconds, peak = peak_of(PEAK, *arguments, *out)
            above = peak - base
            print(
                f"  {kind:<8} {seconds:6.1f} s, peak {peak:.0f} MB, above the base {above:.0f} MB "
                f"= {above / matrix:.1f} times the matrix"
            )
