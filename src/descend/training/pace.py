"""How many steps one call of the compiled program takes."""

from __future__ import annotations

__all__ = ["CHUNK_SECONDS", "Pace"]

CHUNK_SECONDS = 0.2
"""Aim for one call of the compiled program: long enough to be cheap, short enough to stay alive."""


class Pace:
    """Lets each call take about `CHUNK_SECONDS`, growing at most eightfold at a time.

    Attributes
    ----------
    steps : int
        For the next call.
    """

    def __init__(self) -> None:
        self.steps = 8
        self._warm = False

    def note(self, seconds: float, steps: int) -> None:
        """Take account of a call that took so long for so many steps."""
        if not self._warm:  # the first call may have compiled: its time says nothing
            self._warm = True
            return
        aim = int(CHUNK_SECONDS / max(seconds / steps, 1e-9))
        self.steps = max(1, min(aim, self.steps * 8))
