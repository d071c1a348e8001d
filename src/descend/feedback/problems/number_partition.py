"""Number partitioning: split numbers into two heaps of nearly equal sums."""

from __future__ import annotations

from typing import Any

import numpy as np

from descend.errors import DataError
from descend.feedback.ising import Ising, check_memory
from descend.feedback.problems.problem import Answer, Problem

__all__ = ["NumberPartition"]


class NumberPartition(Problem):
    """Minimise (Σ a_i s_i)², numbers scaled by the largest.

    The couplings have rank one, which hides small differences from any local dynamics; the repair
    therefore moves or swaps numbers between the heaps while that helps.

    Parameters
    ----------
    numbers : array (n,)
        Non-negative and finite.
    """

    def __init__(self, numbers: Any) -> None:
        self.numbers = np.asarray(numbers, float).reshape(-1)
        if not self.numbers.size:
            raise DataError("there are no numbers to partition")
        if not np.isfinite(self.numbers).all() or (self.numbers < 0).any():
            raise DataError("numbers to partition must be finite and not negative")

    def encode(self) -> Ising:
        """Return J_ij = 2 a_i a_j / max a²."""
        check_memory(self.numbers.size**2, f"the couplings of {self.numbers.size:,} numbers")
        a = self.numbers / (self.numbers.max() or 1.0)
        return Ising(np.zeros(a.size), 2.0 * np.outer(a, a))

    def decode(self, spins: np.ndarray) -> Answer:
        """Return the heap of each number, and the difference of the sums."""
        heap = (np.asarray(spins) > 0).astype(int)
        return Answer(heap, float(abs(self.numbers @ (2 * heap - 1))))

    def perfect(self, answer: Answer) -> bool:
        """The difference cannot be smaller than 0, or 1 for whole numbers with an odd sum."""
        whole = not (self.numbers % 1).any()
        return answer.cost <= (self.numbers.sum() % 2 if whole else 0.0)

    def repair(self, spins: np.ndarray, amplitudes: np.ndarray) -> Answer:
        """Move one number, or swap two, as long as the difference falls."""
        del amplitudes
        s = np.where(np.asarray(spins) > 0, 1.0, -1.0)
        check_memory(s.size**2, "the table of swaps")
        for _ in range(10 * s.size + 10):
            signed = self.numbers * s
            total = signed.sum()
            moves = np.abs(total - 2 * signed)
            i = int(moves.argmin())
            plus, minus = np.flatnonzero(s > 0), np.flatnonzero(s < 0)
            swaps = np.abs(total - 2 * (self.numbers[plus][:, None] - self.numbers[minus]))
            least = swaps.min() if swaps.size else np.inf
            if min(moves[i], least) >= abs(total) * (1 - 1e-12):
                break
            if moves[i] <= least:
                s[i] = -s[i]
            else:
                a, b = np.unravel_index(int(swaps.argmin()), swaps.shape)
                s[plus[a]], s[minus[b]] = -1.0, 1.0
        return self.decode(s)
