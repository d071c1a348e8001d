"""Number partitioning: split numbers into two heaps of nearly equal sums."""

from __future__ import annotations

from typing import Any

import numpy as np

from descend.errors import DataError
from descend.feedback.arguments import LARGEST, real_array, sign_row, state_of
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
        Non-negative and finite; whole numbers up to 2⁵³, beyond which float64 drops digits.

    Raises
    ------
    DataError
        If there are no numbers, or one of them is not of this kind.
    """

    def __init__(self, numbers: Any) -> None:
        self.numbers = real_array(numbers, "numbers to partition", (None,), largest=LARGEST)
        if not self.numbers.size:
            raise DataError("there are no numbers to partition")
        if (self.numbers < 0).any():
            place = int(np.flatnonzero(self.numbers < 0)[0])
            raise DataError(
                "numbers to partition must not be negative; entry "
                f"{place} (counted from 0) is {self.numbers[place]:g}"
            )
        given = np.asarray(numbers)
        if given.dtype.kind in "iuO":
            for place, (was, now) in enumerate(zip(given.tolist(), self.numbers, strict=True)):
                if isinstance(was, int) and int(now) != was:
                    raise DataError(
                        f"the whole number {was}, entry {place} (counted from 0), is beyond 2⁵³ "
                        "and float64 drops its last digits; divide all numbers by their common "
                        "factor, or give floats where rounding does no harm"
                    )

    def encode(self) -> Ising:
        """Return J_ij = 2 a_i a_j / max a²."""
        check_memory(self.numbers.size**2, f"the couplings of {self.numbers.size:,} numbers")
        a = self.numbers / (self.numbers.max() or 1.0)
        return Ising(np.zeros(a.size), 2.0 * np.outer(a, a))

    def decode(self, spins: np.ndarray) -> Answer:
        """Return the heap of each number, and the difference of the sums."""
        heap = (sign_row(spins, "spins", self.numbers.size) > 0).astype(int)
        return Answer(heap, float(abs(self.numbers @ (2 * heap - 1))))

    def perfect(self, answer: Answer) -> bool:
        """The difference cannot be smaller than 0, or 1 for whole numbers with an odd sum."""
        whole = not (self.numbers % 1).any()
        return answer.cost <= (self.numbers.sum() % 2 if whole else 0.0)

    def repair(self, spins: np.ndarray, amplitudes: np.ndarray) -> Answer:
        """Move one number, or swap two, as long as the difference falls."""
        s, _ = state_of(spins, amplitudes, self.numbers.size)
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
