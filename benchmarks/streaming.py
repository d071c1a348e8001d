"""Training from disk against training in memory, and the memory of a table of 4 GB.

``python -m benchmarks.streaming GIGABYTES`` makes the large table of another size; 0 leaves it out.
"""

from __future__ import annotations

import statistics
import sys
import tempfile
from pathlib import Path

import numpy as np
import polars as pl

from benchmarks.million_rows import TRAIN, peak_of
from descend.models import Options, TableTraining

__all__ = ["main"]

COLUMNS, PART = 20, 100_000


def write(path: Path, rows: int, size: float = 0.0) -> int:
    """Write a CSV of so many rows or bytes; return its rows. Cells have about 18 characters."""
    generator, count = np.random.default_rng(0), 0
    with path.open("wb") as file:
        while count < rows or file.tell() < size:
            x = generator.normal(size=(PART, COLUMNS - 1))
            y = np.where(np.sin(2 * x[:, 0]) + x[:, 1] * x[:, 2] > 0.3, "yes", "no")
            frame = pl.DataFrame({f"x{i}": x[:, i] for i in range(COLUMNS - 1)} | {"y": y})
            frame.write_csv(file, include_header=not count)
            count += PART
    return count


def rows_a_second(path: Path) -> None:
    """Print how fast the default network trains from disk and in memory, in turn."""
    runs = {}
    for stream in (False, True):
        options = Options.of(target="y", stream=stream, epochs=8, patience=8)
        runs[stream] = TableTraining(path, options)
    speeds: dict[bool, list[float]] = {False: [], True: []}
    turns = {stream: training.epochs() for stream, training in runs.items()}
    for turn in range(6):
        for stream, records in turns.items():
            record = next(record for record in records if record.complete)
            if turn:  # the first epoch compiles
                speeds[stream].append(record.rows_per_second)
    memory, disk = (statistics.median(speeds[stream]) for stream in (False, True))
    spread = min(speeds[True]) / memory, max(speeds[True]) / memory
    print(
        f"  default network: in memory {memory:,.0f} rows/s, from disk {disk:,.0f} rows/s: "
        f"{disk / memory:.0%} ({spread[0]:.0%} to {spread[1]:.0%})"
    )


def main() -> None:
    """Print speed and memory."""
    size = float(sys.argv[-1]) if sys.argv[0].endswith("streaming.py") and sys.argv[1:] else 4.0
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        rows = write(folder / "some.csv", 600_000)
        print(f"\n{rows:,} rows, {COLUMNS} columns, from disk and in memory, in turn")
        rows_a_second(folder / "some.csv")
        if not size:
            return
        out = ("--target", "y", "--epochs", "1", "--out", str(folder / "model.descend"))
        write(folder / "few.csv", PART)
        few = folder / "few.csv"
        few.write_text("".join(few.read_text().splitlines(keepends=True)[:1001]))
        _, base = peak_of(TRAIN, "train", str(few), *out)
        rows = write(folder / "large.csv", 0, size * 1e9)
        seconds, peak = peak_of(TRAIN, "train", str(folder / "large.csv"), *out, "--stream")
        print(
            f"  CSV of {size:g} GB, {rows:,} rows, one epoch and its rival: {seconds:.0f} s, "
            f"peak {peak:.0f} MB, {peak - base:.0f} MB above the base ({base:.0f} MB: the same on "
            "1,000 rows)"
        )


if __name__ == "__main__":
    main()
