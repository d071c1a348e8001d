"""Weights of examples: from weights of classes, and in a unit that any of them fit."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from descend.errors import DataError, UsageError

__all__ = ["balanced_class_weights", "balanced_example_weights", "example_weights", "of_mean_one"]


def balanced_class_weights(codes: np.ndarray, k: int) -> np.ndarray:
    """Return w_c = n / (k' n_c): every class present weighs as much as any other.

    Parameters
    ----------
    codes : int array (n,)
        Class of each example, 0..k-1.
    k : int
        Number of classes; k' counts those present.

    Returns
    -------
    float32 array (k,)
        Zero for classes without examples; the mean weight of an example is 1.

    Examples
    --------
    >>> print(balanced_class_weights(np.array([0, 0, 0, 1]), 2))
    [0.6666667 2.       ]
    """
    counts = np.bincount(codes, minlength=k).astype(np.float64)
    present = max(int(np.count_nonzero(counts)), 1)
    balanced = counts.sum() / (present * np.maximum(counts, 1))
    return np.where(counts > 0, balanced, 0.0).astype(np.float32)


def balanced_example_weights(codes: np.ndarray, counts: Sequence[int]) -> np.ndarray:
    """Return the weight of each example where all classes weigh alike, by their training counts.

    Examples
    --------
    >>> print(balanced_example_weights(np.array([1, 0]), (3, 1)))
    [2.        0.6666667]
    """
    seen = np.repeat(np.arange(len(counts)), counts)
    return example_weights(codes, balanced_class_weights(seen, len(counts)))


def example_weights(codes: np.ndarray, class_weights: Sequence[float] | np.ndarray) -> np.ndarray:
    """Return the weight of the class of each example, float32 (n,).

    Parameters
    ----------
    codes : int array (n,)
        Class of each example, 0..k-1.
    class_weights : k numbers, at least 0
        See `balanced_class_weights`.

    Raises
    ------
    UsageError
        If a weight is negative or not finite, or a code has no weight.

    Examples
    --------
    >>> print(example_weights(np.array([0, 1, 1]), [1.0, 2.5]))
    [1.  2.5 2.5]
    """
    weights = np.asarray(class_weights, np.float32)
    if weights.ndim != 1 or not np.all(np.isfinite(weights)) or np.any(weights < 0):
        raise UsageError(f"class weights must be finite numbers, at least 0, got {class_weights!r}")
    if codes.size and (codes.min() < 0 or codes.max() >= weights.size):
        raise UsageError(
            f"there are {weights.size} class weights, for classes 0 to {weights.size - 1}, "
            f"but the codes run from {codes.min()} to {codes.max()}"
        )
    return weights[codes]


def of_mean_one(weights: Any) -> np.ndarray:
    """Return weights divided by their mean, float32 (n,): only how they compare counts.

    Computed in float64, so that neither very large nor very small weights are lost. Weights that
    are all zero stay so.

    Raises
    ------
    DataError
        If a weight is negative or not finite.

    Examples
    --------
    >>> print(of_mean_one([1e300, 3e300]))
    [0.5 1.5]
    """
    given = np.asarray(weights, np.float64)
    bad = ~np.isfinite(given) | (given < 0)
    if bad.any():
        row = int(bad.argmax())
        raise DataError(
            f"weights of rows must be finite numbers, none negative, but row {row} has {given[row]}"
        )
    largest = given.max(initial=0.0)
    if not largest:
        return given.astype(np.float32)
    shares = given / largest
    return (shares / shares.mean()).astype(np.float32)
