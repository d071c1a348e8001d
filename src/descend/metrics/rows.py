"""What all metrics do first: look at their rows and weights."""

from __future__ import annotations

from typing import Any

import numpy as np

from descend.errors import DataError

__all__ = ["Weights", "checked", "mean"]

Weights = np.ndarray | None


def checked(target: Any, prediction: Any, weights: Any) -> tuple[np.ndarray, ...]:
    """Return target, prediction and weights (ones if None) as arrays of as many rows.

    Raises
    ------
    DataError
        If there are no rows, lengths differ, or weights are negative or all 0.
    """
    target, prediction = np.asarray(target), np.asarray(prediction)
    weights = np.ones(len(target)) if weights is None else np.asarray(weights, np.float64)
    if not len(target) == len(prediction) == len(weights):
        raise DataError(
            f"{len(target)} targets, {len(prediction)} predictions and {len(weights)} weights; "
            "there must be as many of each"
        )
    if len(target) == 0:
        raise DataError("a score needs at least one row, and there is none")
    if not np.all(weights >= 0) or not np.sum(weights) > 0:
        raise DataError("weights must be at least 0, and one of them above")
    return target, prediction, weights


def mean(values: np.ndarray, weights: np.ndarray) -> float:
    """Return the weighted mean."""
    return float(np.average(values.astype(np.float64), weights=weights))
