"""The knapsack: the most valuable choice of items that the capacity allows."""

from __future__ import annotations

from typing import Any

import numpy as np

from descend.errors import DataError
from descend.feedback.arguments import LARGEST, real, real_array, sign_row, state_of
from descend.feedback.ising import Ising, check_memory
from descend.feedback.problems.problem import Answer, Problem
from descend.feedback.problems.quadratic import Quadratic

__all__ = ["Knapsack"]

MOST_WEIGHT = 2**53


class Knapsack(Problem):
    """−Σ v_i x_i + A (Σ w_i x_i + slack − capacity)², the slack in bits with a clipped last one.

    Parameters
    ----------
    values, weights : arrays (n,)
        Non-negative; weights are integers.
    capacity : int
    pair_values : array (n, n) or None
        Value of having both of two items (the quadratic knapsack); only the sum of [i, j] and
        [j, i] counts.
    penalty : float or None
        A; ``None``: 1.05 times the most that one item can gain, so that no choice over the capacity
        has a lower energy than the best one that fits.

    Raises
    ------
    DataError
        If a value or weight is negative or not finite, a weight or the capacity no whole number of
        at most 2⁵³, or the arrays differ in length.

    References
    ----------
    Lucas (2014), Ising formulations of many NP problems.
    """

    maximize = True

    def __init__(
        self,
        values: Any,
        weights: Any,
        capacity: int,
        pair_values: Any = None,
        penalty: float | None = None,
    ) -> None:
        self.values = real_array(values, "values", (None,), largest=LARGEST)
        self.weights = real_array(weights, "weights", (None,), largest=LARGEST)
        n = self.values.size
        if not n or self.weights.size != n:
            raise DataError(f"expected a weight for each of {n} values, got {self.weights.size}")
        if (self.values < 0).any():
            place = int(np.flatnonzero(self.values < 0)[0])
            raise DataError(
                f"values must not be negative; entry {place} (counted from 0) is "
                f"{self.values[place]:g}: leave such an item out"
            )
        if (self.weights < 0).any() or (self.weights % 1).any():
            raise DataError("weights must be whole numbers, not negative; scale and round them")
        if self.weights.sum() > MOST_WEIGHT:
            raise DataError(
                f"the weights sum to {self.weights.sum():.3g}, beyond 2⁵³, where float64 drops "
                "digits; divide them and the capacity, and round"
            )
        capacity_ = real(capacity, "capacity", at_least=0, at_most=MOST_WEIGHT, error=DataError)
        if capacity_ % 1:
            raise DataError(f"capacity must be a whole number of at least 0, got {capacity}")
        check_memory(n * n, f"the values of pairs of {n:,} items")
        given = np.zeros((n, n)) if pair_values is None else pair_values
        pairs = real_array(given, "pair_values", (n, n), largest=LARGEST)
        self.pairs = np.triu(pairs + pairs.T, 1)
        self.capacity = int(capacity_)
        gains = self.values + np.abs(self.pairs + self.pairs.T).sum(axis=1)
        # Without any value a penalty of 0 would let every choice pass for feasible.
        given = 1.05 * float(gains.max()) or 1.0 if penalty is None else penalty
        self.penalty = real(given, "penalty", above=0, at_most=LARGEST)

    def encode(self) -> Ising:
        """Return the energy; for a feasible choice with exact slack it is minus the value."""
        n, bits = self.values.size, self._bits()
        terms = Quadratic(n + bits.size)
        terms.linear[:n] -= self.values
        rows, columns = np.nonzero(self.pairs)
        terms.add_pairs(rows, columns, -self.pairs[rows, columns])
        factors = np.concatenate([self.weights, bits])
        terms.add_square(np.arange(n + bits.size), factors, -float(self.capacity), self.penalty)
        return terms.ising()

    def _bits(self) -> np.ndarray:
        """Return slack steps 1, 2, 4, …, and a last one that reaches the capacity exactly."""
        bits, left = [], self.capacity
        step = 1
        while left > 0:
            bits.append(min(step, left))
            left -= bits[-1]
            step *= 2
        return np.asarray(bits, float)

    def decode(self, spins: np.ndarray) -> Answer:
        """Return which items are in, and their value."""
        n = self.values.size
        return self.judge(sign_row(spins, "spins", n + self._bits().size)[:n] > 0)

    def judge(self, chosen: np.ndarray) -> Answer:
        """Judge a choice of items: 1 or true for those that are in."""
        given = real_array(chosen, "chosen", (self.values.size,))
        if not np.isin(given, (0, 1)).all():
            raise DataError("chosen must hold 0 or 1, or false or true, for each item")
        chosen = given > 0
        weight = int(self.weights[chosen].sum())
        value = float(self.values[chosen].sum() + chosen @ self.pairs @ chosen)
        over = weight - self.capacity
        broken = (f"weight {weight} is {over} over the capacity",) if over > 0 else ()
        return Answer(chosen.astype(int), value, broken)

    def repair(self, spins: np.ndarray, amplitudes: np.ndarray) -> Answer:
        """Take out the items worth least per weight until it fits; then fill greedily."""
        n = self.values.size
        chosen = state_of(spins, amplitudes, n + self._bits().size)[0][:n] > 0
        both = self.pairs + self.pairs.T
        size = np.maximum(self.weights, 1e-9)
        while self.weights[chosen].sum() > self.capacity:
            worth = np.where(
                chosen & (self.weights > 0), (self.values + both @ chosen) / size, np.inf
            )
            chosen[int(worth.argmin())] = False
        while True:
            room = self.capacity - self.weights[chosen].sum()
            gain = self.values + both @ chosen
            worth = np.where(~chosen & (self.weights <= room) & (gain > 0), gain / size, -np.inf)
            k = int(worth.argmax())
            if worth[k] == -np.inf:
                break
            chosen[k] = True
        return self.judge(self._exchange(chosen, both))

    def _exchange(self, chosen: np.ndarray, both: np.ndarray) -> np.ndarray:
        """Swap one item in for one item out while the value rises."""
        for _ in range(4 * chosen.size):
            inside, outside = np.flatnonzero(chosen), np.flatnonzero(~chosen)
            if not inside.size or not outside.size:
                break
            gain = self.values + both @ chosen
            change = gain[outside] - gain[inside][:, None] - both[np.ix_(inside, outside)]
            room = self.capacity - self.weights[chosen].sum()
            fits = self.weights[outside] - self.weights[inside][:, None] <= room
            change = np.where(fits, change, -np.inf)
            i, j = np.unravel_index(int(change.argmax()), change.shape)
            if change[i, j] <= 1e-12:
                break
            chosen[inside[i]], chosen[outside[j]] = False, True
        return chosen
