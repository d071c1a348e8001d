"""The study behind the default network for tables (docs/decisions/0042): candidates side by side.

Options, sets and splits are those of `benchmarks.tables`; the candidates are options of
`descend.train`.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import Any

from benchmarks.tables import parsed, run_all, with_options

__all__ = ["main"]

CANDIDATES: dict[str, dict[str, Any]] = {
    "dense": {"network": "dense"},
    "dense x4": {"network": "dense", "members": 4},
    "periodic x1": {"network": "periodic", "members": 1},
    "periodic x4": {"network": "periodic"},
    "periodic x8": {"network": "periodic", "members": 8},
    "periodic 256 x2": {"network": "periodic", "members": 2, "layers": (256, 256, 256)},
    "periodic 32 ep": {"network": "periodic", "epochs": 32},
    "periodic cosine": {"network": "periodic", "schedule": "cosine"},
}


def main(arguments: Sequence[str] = ()) -> None:
    """Measure the candidates, and show them beside one another."""
    wanted = parsed(arguments, CANDIDATES)
    run_all({name: with_options(CANDIDATES[name]) for name in wanted.only}, wanted)


if __name__ == "__main__":
    main(sys.argv[1:])
