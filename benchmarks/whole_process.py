"""Whole commands, from the start of the process to its end: wall seconds, five runs each."""

from __future__ import annotations

import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

__all__ = ["main"]

PENGUINS = Path(__file__).resolve().parents[1] / "examples" / "penguins.csv"


def run(*arguments: str) -> float:
    """Run one command and return its seconds."""
    command = [sys.executable, "-m", "descend", *arguments]
    start = time.perf_counter()
    subprocess.run(command, check=True, capture_output=True)
    return time.perf_counter() - start


def main() -> None:
    """Print one line a command; each ran once before, so that its programs are in the cache."""
    with tempfile.TemporaryDirectory() as folder:
        model, row = f"{folder}/penguins.descend", f"{folder}/row.csv"
        Path(row).write_text("".join(PENGUINS.open().readlines()[:2]))
        commands = {
            "descend --help": ("--help",),
            "descend train penguins.csv": (
                "train", str(PENGUINS), "--target", "species", "--out", model,
            ),
            "descend test penguins.csv": ("test", model, str(PENGUINS)),
            "descend predict, one row": ("predict", model, row),
            "descend show": ("show", model),
        }  # fmt: skip
        print("\nWhole commands, warm cache of compiled programs")
        for name, arguments in commands.items():
            run(*arguments)
            seconds = [run(*arguments) for _ in range(5)]
            low, high = min(seconds), max(seconds)
            print(f"  {name:<28} {statistics.median(seconds):6.2f} s  ({low:.2f} to {high:.2f})")
