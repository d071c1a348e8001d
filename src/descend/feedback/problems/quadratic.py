"""A quadratic function of binary variables, collected term by term."""

from __future__ import annotations

from typing import Any

import numpy as np

from descend.feedback.ising import Ising

__all__ = ["Quadratic"]


class Quadratic:
    """constant + Σ a_i x_i + Σ w_ij x_i x_j, with x_i = 0 or 1.

    Examples
    --------
    >>> terms = Quadratic(2)
    >>> terms.add_square([0, 1], [1.0, 1.0], -1.0, weight=3.0)  # 3 (x0 + x1 − 1)²
    >>> terms.ising().energies([[-1, -1], [1, -1], [1, 1]]).tolist()
    [3.0, 0.0, 3.0]
    """

    def __init__(self, size: int) -> None:
        self.linear = np.zeros(size)
        self.constant = 0.0
        self._first: list[np.ndarray] = []
        self._second: list[np.ndarray] = []
        self._weights: list[np.ndarray] = []

    def add_pairs(self, first: Any, second: Any, weights: Any) -> None:
        """Add Σ w x_first x_second; equal ends count as linear, since x² = x."""
        first, second, weights = np.broadcast_arrays(
            np.asarray(first, np.int64), np.asarray(second, np.int64), np.asarray(weights, float)
        )
        first, second, weights = first.reshape(-1), second.reshape(-1), weights.reshape(-1)
        same = first == second
        np.add.at(self.linear, first[same], weights[same])
        self._first.append(first[~same])
        self._second.append(second[~same])
        self._weights.append(weights[~same])

    def add_square(self, variables: Any, factors: Any, constant: float, weight: float) -> None:
        """Add weight · (Σ factor x + constant)²."""
        variables, factors = np.asarray(variables, np.int64), np.asarray(factors, float)
        np.add.at(self.linear, variables, weight * factors * (factors + 2.0 * constant))
        self.constant += weight * constant**2
        i, j = np.triu_indices(variables.size, 1)
        self.add_pairs(variables[i], variables[j], 2.0 * weight * factors[i] * factors[j])

    def add_one_hot(self, groups: Any, weight: float) -> None:
        """Add weight · (Σ x − 1)² for every row of ``groups``, all of one length."""
        groups = np.asarray(groups, np.int64)
        np.add.at(self.linear, groups.reshape(-1), -weight)
        self.constant += weight * len(groups)
        i, j = np.triu_indices(groups.shape[1], 1)
        self.add_pairs(groups[:, i], groups[:, j], 2.0 * weight)

    def ising(self) -> Ising:
        """Return the same function of spins s = 2x − 1."""
        n = self.linear.size
        first = np.concatenate([np.zeros(0, np.int64), *self._first])
        second = np.concatenate([np.zeros(0, np.int64), *self._second])
        weights = np.concatenate([np.zeros(0), *self._weights]) / 4.0
        ends = np.bincount(first, weights, n) + np.bincount(second, weights, n)
        offset = self.constant + self.linear.sum() / 2.0 + weights.sum()
        return Ising.from_edges(n, first, second, weights, self.linear / 2.0 + ends, offset)
