"""Metrics of predicted numbers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from descend.errors import DataError
from descend.metrics.rows import Weights, checked, mean

__all__ = ["mae", "pinball", "r2", "rmse"]


def _error(target: Any, prediction: Any, weights: Any) -> tuple[np.ndarray, ...]:
    """Return target and error as float64 (n, columns), and the weights."""
    target, prediction, weights = checked(target, prediction, weights)
    target = np.asarray(target, np.float64).reshape(len(target), -1)
    prediction = np.asarray(prediction, np.float64).reshape(len(prediction), -1)
    if target.shape != prediction.shape:
        raise DataError(
            f"the target has {target.shape[1]} columns, but the prediction {prediction.shape[1]}"
        )
    return target, prediction - target, weights


def rmse(target: np.ndarray, prediction: np.ndarray, *, weights: Weights = None) -> float:
    """Root of the mean squared error, in the unit of the target.

    Examples
    --------
    >>> rmse(np.array([0.0, 0.0]), np.array([3.0, -3.0]))
    3.0
    """
    _, error, weights = _error(target, prediction, weights)
    return float(np.sqrt(np.average(np.square(error).mean(axis=1), weights=weights)))


def mae(target: np.ndarray, prediction: np.ndarray, *, weights: Weights = None) -> float:
    """Mean absolute error, in the unit of the target.

    Examples
    --------
    >>> mae(np.array([0.0, 0.0]), np.array([3.0, -1.0]))
    2.0
    """
    _, error, weights = _error(target, prediction, weights)
    return mean(np.abs(error).mean(axis=1), weights)


def r2(target: np.ndarray, prediction: np.ndarray, *, weights: Weights = None) -> float:
    """1 - squared error / squared deviation from the mean: 1 is perfect, 0 no better than the mean.

    Several columns are averaged; nan where a target column is constant.

    Examples
    --------
    >>> r2(np.array([1.0, 2.0, 3.0]), np.array([1.0, 2.0, 2.0]))
    0.5
    """
    target, error, weights = _error(target, prediction, weights)
    deviation = target - np.average(target, axis=0, weights=weights)
    total = np.average(np.square(deviation), axis=0, weights=weights)
    left = np.average(np.square(error), axis=0, weights=weights)
    # A constant such as 0.1 deviates from its own mean by rounding only.
    constant = total <= np.square(np.finfo(np.float64).eps * np.abs(target).max(axis=0))
    share = np.divide(left, total, out=np.full_like(left, np.nan), where=~constant)
    return float(np.mean(1 - share))


def pinball(
    target: np.ndarray,
    prediction: np.ndarray,
    *,
    levels: Sequence[float] = (0.5,),
    weights: Weights = None,
) -> float:
    """Mean over rows, columns and levels q of max(q e, (q - 1) e), e = target - prediction.

    Parameters
    ----------
    levels : numbers in (0, 1)
        The prediction's columns are all levels of the first target column, then of the next.

    Examples
    --------
    >>> round(pinball(np.array([1.0]), np.array([[0.0, 2.0]]), levels=(0.1, 0.9)), 6)
    0.1
    """
    target = np.repeat(np.asarray(target).reshape(len(target), -1), len(levels), axis=1)
    target, error, weights = _error(target, prediction, weights)
    q = np.tile(np.asarray(levels, np.float64), target.shape[1] // len(levels))
    return mean(np.maximum(-q * error, (1 - q) * error).mean(axis=1), weights)
