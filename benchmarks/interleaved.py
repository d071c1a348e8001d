"""Timing several contestants in turn, so that a machine that speeds up or slows down is fair."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Mapping

__all__ = ["REST", "compare", "show"]


REST = 0.3
"""Seconds between turns: OpenMP's threads spin for 0.2 seconds after their last work, and would
take a core from whoever comes next."""


def compare(
    contestants: Mapping[str, Callable[[], float]], rounds: int = 7
) -> dict[str, list[float]]:
    """Run every contestant once as a warm-up, then ``rounds`` times in turn.

    Each contestant does its work and returns how many units of work it did (rows, steps); the
    result is seconds a unit, one for each round.
    """
    for work in contestants.values():
        work()
    seconds: dict[str, list[float]] = {name: [] for name in contestants}
    for _ in range(rounds):
        for name, work in contestants.items():
            time.sleep(REST)
            start = time.perf_counter()
            units = work()
            seconds[name].append((time.perf_counter() - start) / units)
    return seconds


def show(title: str, seconds: Mapping[str, list[float]], unit: str, ours: str = "Descend") -> None:
    """Print medians, spreads, and how many times slower than ours each contestant is."""
    base = statistics.median(seconds[ours])
    print(f"\n{title}")
    for name, times in seconds.items():
        median = statistics.median(times)
        scale, prefix = (1e6, "µs") if base < 1e-3 else (1e3, "ms")
        print(
            f"  {name:<28} {median * scale:9.2f} {prefix}/{unit}"
            f"  ({min(times) * scale:.2f} to {max(times) * scale:.2f})"
            f"  {median / base:8.2f}x Descend's time"
        )
