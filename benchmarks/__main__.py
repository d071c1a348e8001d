"""Run the benchmarks: all of them, or those named on the command line."""

from __future__ import annotations

import importlib
import os
import platform
import sys

from descend.surroundings import SMALL_LOOPS, keep_memory

# As the command line does: small training loops become one piece of machine code each, and memory
# is kept from step to step, for all contestants in this process.
keep_memory()
os.environ["XLA_FLAGS"] = f"{os.environ.get('XLA_FLAGS', '')} {SMALL_LOOPS}".strip()

BENCHMARKS = (
    "row_by_row",
    "mini_batch",
    "side_by_side",
    "estimators",
    "searches",
    "start_up",
    "whole_process",
    "million_rows",
    "streaming",
    "stability",
    "online",
    "feedback",
    "equilibrium",
    "pictures",
    "photo_memory",
    "recurrent",
    "texts",
    "unlike",
)


def main() -> None:
    """Run the named benchmarks in turn."""
    print(f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}")
    for package in ("jax", "torch", "sklearn", "numpy"):
        print(f"{package} {importlib.import_module(package).__version__}", end="  ")
    print()
    for name in sys.argv[1:] or BENCHMARKS:
        importlib.import_module(f"benchmarks.{name}").main()


if __name__ == "__main__":
    main()
