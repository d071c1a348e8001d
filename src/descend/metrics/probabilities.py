"""Metrics of predicted probabilities."""

from __future__ import annotations

import numpy as np

from descend.metrics.rows import Weights, checked, mean

__all__ = [
    "confidence_gaps",
    "expected_calibration_error",
    "log_loss",
    "mean_gap",
    "probabilities",
    "roc_auc",
]

BINS = 15
"""Equal parts of [0, 1] by which confidences are grouped, unless asked otherwise."""


def probabilities(prediction: np.ndarray) -> np.ndarray:
    """Return probabilities as float64 (n, k)."""
    p = np.asarray(prediction, np.float64)
    return np.stack([1 - p, p], axis=1) if p.ndim == 1 else p


def log_loss(target: np.ndarray, prediction: np.ndarray, *, weights: Weights = None) -> float:
    """Mean of -log p(true class), in nats.

    A probability below the rounding of its type (1.2e-7 for float32) counts as that, so that one
    certain error does not make the mean infinite.

    Examples
    --------
    >>> round(log_loss(np.array([1, 0]), np.array([0.5, 0.5])), 6)
    0.693147
    """
    target, prediction, weights = checked(target, prediction, weights)
    kind = prediction.dtype if prediction.dtype.kind == "f" else np.float64
    p = probabilities(prediction)[np.arange(len(target)), target.astype(np.int64)]
    return mean(-np.log(np.maximum(p, np.finfo(kind).eps)), weights)


def _binary_auc(positive: np.ndarray, score: np.ndarray, weights: np.ndarray) -> float:
    """Return P(score of a positive > score of a negative) + P(equal) / 2."""
    _, level = np.unique(score, return_inverse=True)
    up = np.bincount(level, weights * positive)
    down = np.bincount(level, weights * ~positive)
    below = np.cumsum(down) - down
    pairs = up.sum() * down.sum()
    return float(np.sum(up * (below + 0.5 * down)) / pairs) if pairs > 0 else float("nan")


def roc_auc(target: np.ndarray, prediction: np.ndarray, *, weights: Weights = None) -> float:
    """Area under the ROC curve; ties count half. With k > 2, the mean of each class against the
    rest, over the classes present in the target; nan if there is only one.

    References
    ----------
    Hanley and McNeil (1982), The meaning and use of the area under a ROC curve.

    Examples
    --------
    >>> roc_auc(np.array([0, 0, 1, 1]), np.array([0.1, 0.4, 0.35, 0.8]))
    0.75
    """
    target, prediction, weights = checked(target, prediction, weights)
    if prediction.ndim == 1 or prediction.shape[1] == 2:
        score = prediction if prediction.ndim == 1 else prediction[:, 1]
        return _binary_auc(target == 1, score, weights)
    present = np.unique(target[weights > 0]).astype(np.int64)
    if len(present) < 2:
        return float("nan")
    return float(np.mean([_binary_auc(target == c, prediction[:, c], weights) for c in present]))


def expected_calibration_error(
    target: np.ndarray, prediction: np.ndarray, *, bins: int = BINS, weights: Weights = None
) -> float:
    """Mean over rows of abs(accuracy - confidence) of the row's bin.

    Confidence is the largest probability of a row; bins are ``bins`` equal parts of [0, 1].

    References
    ----------
    Guo, Pleiss, Sun and Weinberger (2017), On calibration of modern neural networks.

    Examples
    --------
    >>> p = np.array([0.75, 0.75, 0.75, 0.75])
    >>> expected_calibration_error(np.array([1, 1, 1, 0]), p)
    0.0
    """
    target, prediction, weights = checked(target, prediction, weights)
    p = probabilities(prediction)
    return mean_gap(*confidence_gaps(p.argmax(axis=1) == target, p.max(axis=1), bins), weights)


def confidence_gaps(
    hit: np.ndarray, confidence: np.ndarray, bins: int = BINS
) -> tuple[np.ndarray, np.ndarray]:
    """Return the bin of each row's confidence, and whether the row is right less its confidence."""
    place = np.clip(np.ceil(confidence * bins).astype(np.int64) - 1, 0, bins - 1)
    return place, hit - confidence


def mean_gap(place: np.ndarray, gap: np.ndarray, weights: Weights = None) -> float:
    """Return the expected calibration error of rows whose `confidence_gaps` are known."""
    rows = len(gap) if weights is None else weights.sum()
    total = np.bincount(place, gap if weights is None else weights * gap)
    return float(np.abs(total).sum() / rows)
