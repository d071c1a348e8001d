"""Permutations as one-hot matrices: penalties, decoding, and repair by assignment."""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy.optimize import linear_sum_assignment

from descend.errors import DataError
from descend.feedback.arguments import sign_row, whole_array
from descend.feedback.problems.quadratic import Quadratic

__all__ = [
    "add_permutation",
    "nearest_permutation",
    "permutation_groups",
    "read_permutation",
    "whole_permutation",
]


def add_permutation(terms: Quadratic, size: int, weight: float) -> None:
    """Penalise every row and column of the (size, size) variables that has not exactly one 1."""
    others = weight * (1.0 - np.eye(size))
    terms.linear -= 2.0 * weight
    terms.constant += 2.0 * weight * size
    terms.add_product(None, others)
    terms.add_product(others, None)


def permutation_groups(size: int) -> list[list[int]]:
    """Return the rows as one-hot groups."""
    return np.arange(size * size).reshape(size, size).tolist()


def whole_permutation(values: Any, name: str, size: int) -> np.ndarray:
    """Return values (size,) that name each of 0 to size − 1 once.

    Examples
    --------
    >>> whole_permutation([0, 2, 2], "tour", 3)
    Traceback (most recent call last):
        ...
    descend.errors.DataError: tour must name each of 0 to 2 once, got [0, 2, 2]
    """
    places = whole_array(values, name, (size,))
    if not np.array_equal(np.sort(places), np.arange(size)):
        raise DataError(f"{name} must name each of 0 to {size - 1} once, got {places.tolist()}")
    return places


def read_permutation(spins: Any, size: int, row: str, column: str) -> tuple:
    """Return the column of each row (−1 if none, the first if several) and what is broken."""
    ones = sign_row(spins, "spins", size * size).reshape(size, size) > 0
    broken = [
        f"{word} {k + 1} chosen {count} times"
        for word, counts in ((row, ones.sum(axis=1)), (column, ones.sum(axis=0)))
        for k, count in enumerate(counts)
        if count != 1
    ]
    return np.where(ones.any(axis=1), ones.argmax(axis=1), -1), tuple(broken)


def nearest_permutation(scores: np.ndarray, size: int) -> np.ndarray:
    """Return the permutation of largest total score: the Hungarian method on the amplitudes.

    References
    ----------
    Kuhn (1955), The Hungarian method for the assignment problem.

    Examples
    --------
    >>> nearest_permutation(np.array([0.9, 0.8, 0.7, -0.5]), 2).tolist()
    [1, 0]
    """
    return linear_sum_assignment(scores.reshape(size, size), maximize=True)[1]
