"""A table of 1,000,000 rows and 20 columns: seconds and peak memory of one epoch."""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from itertools import islice
from pathlib import Path

import numpy as np
import polars as pl

__all__ = ["main"]

ROWS, COLUMNS = 1_000_000, 20

TRAIN = """
import sys
from descend.cli.main import main
try:
    main(sys.argv[1:])
except SystemExit:
    pass
"""


def peak_of(code: str, *arguments: str) -> tuple[float, float]:
    """Run Python code in a process of its own; return (seconds, peak MB of memory).

    The peak is the kernel's VmHWM: unlike ru_maxrss it starts afresh with the program.
    """
    start = time.perf_counter()
    tail = "\nprint([line for line in open('/proc/self/status') if line.startswith('VmHWM')][0])"
    command = [sys.executable, "-c", code + tail, *arguments]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    return time.perf_counter() - start, int(done.stdout.split()[-2]) / 1024


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
    matrix = ROWS * COLUMNS * 4 / 1024**2
    print(f"\n{ROWS:,} rows, {COLUMNS} columns, one epoch; as float32 {matrix:.0f} MB")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        files = make(folder)
        few = folder / "few.csv"
        few.write_text("".join(islice(files["CSV"].open(), 1001)))
        out = ("--target", "y", "--epochs", "1", "--out", str(folder / "model.descend"))
        _, base = peak_of(TRAIN, "train", str(few), *out)
        print(f"  the same on the first 1,000 rows: {base:.0f} MB (libraries, compiler)")
        for kind, path in files.items():
            seconds, peak = peak_of(TRAIN, "train", str(path), *out)
            above = peak - base
            print(
                f"  {kind:<8} {seconds:6.1f} s, peak {peak:.0f} MB, above the base {above:.0f} MB "
                f"= {above / matrix:.1f} times the matrix"
            )
