"""A quadratic function of binary variables, collected term by term."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from scipy import sparse

from descend.errors import DataError
from descend.feedback.arguments import whole
from descend.feedback.ising import Ising, Product, check_memory, table_shape

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
        size = whole(size, "size", 0, error=DataError)
        check_memory(size, f"the terms of {size:,} variables")
        self.linear = np.zeros(size)
        self.constant = 0.0
        self._first: list[np.ndarray] = []
        self._second: list[np.ndarray] = []
        self._weights: list[np.ndarray] = []
        self._products: list[Product] = []
        self._by_pairs = False

    def add_product(self, left: np.ndarray | None, right: np.ndarray | None) -> None:
        """Add Σ left_ab right_kl x_ak x_bl over all a, b, k, l, with x_ak variable a · columns + k.

        None is the identity; one of the two must be a matrix. Where all terms of two variables come
        this way, the dynamics multiply with the small matrices instead of their product.
        """
        rows, columns = table_shape(self.linear.size, left, right)
        self._products.append((left, right))
        sides = [
            sparse.eye_array(size) if side is None else sparse.coo_array(side)
            for side, size in ((left, rows), (right, columns))
        ]
        costs = sparse.coo_array(sparse.kron(*sides))
        self._add(costs.coords[0], costs.coords[1], costs.data)

    def add_pairs(self, first: Any, second: Any, weights: Any) -> None:
        """Add Σ w x_first x_second; equal ends count as linear, since x² = x."""
        first, second, weights = np.broadcast_arrays(
            np.asarray(first, np.int64), np.asarray(second, np.int64), np.asarray(weights, float)
        )
        self._by_pairs = True
        self._add(first.reshape(-1), second.reshape(-1), weights.reshape(-1))

    def _add(self, first: np.ndarray, second: np.ndarray, weights: np.ndarray) -> None:
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
        ising = Ising.from_edges(n, first, second, weights, self.linear / 2.0 + ends, offset)
        if self._products and not self._by_pairs:
            ising.products = tuple(_of_spins(self._products))
        return ising


def _of_spins(products: list[Product]) -> Iterator[Product]:
    """Yield the products (M + Mᵀ) / 4 for each M = left ⊗ right: the couplings of spins."""
    for left, right in products:
        sides = [a for a in (left, right) if a is not None]
        symmetric = all(np.array_equal(a, a.T) for a in sides)
        part = 0.5 if symmetric else 0.25
        for a, b in ((left, right), (_turned(left), _turned(right)))[: 1 if symmetric else 2]:
            yield (part * a, b) if a is not None else (a, part * b if b is not None else b)


def _turned(matrix: np.ndarray | None) -> np.ndarray | None:
    return None if matrix is None else matrix.T
