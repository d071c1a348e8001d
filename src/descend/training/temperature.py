"""Temperatures: the one number that makes probabilities surer or less sure, found by search."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from descend.losses import Ensemble, Hinge, Loss
from descend.metrics import log_loss
from descend.training.evaluation import linked_outputs, mean_loss

__all__ = ["LIMITS", "best_temperature", "gives_probabilities", "refined_loss", "tempered_log_loss"]

LIMITS = (0.1, 10.0)
"""The least and the greatest temperature."""

MOST = 5_000
"""Rows that are enough to find a temperature: it is one number."""

STEPS = 16
"""Of the search: it ends within 0.2 % of the best."""


def gives_probabilities(loss: Loss) -> bool:
    """Whether the link of a loss, of one member or several, gives probabilities of classes."""
    inner = loss.loss if isinstance(loss, Ensemble) else loss
    return inner.target in ("class", "binary") and not isinstance(inner, Hinge)


def tempered_log_loss(
    loss: Loss, raw: np.ndarray, y: np.ndarray, weights: np.ndarray | None, temperature: float
) -> float:
    """Return the mean of -log of the true class's probability in link(raw / temperature).

    Of several members it is the mean probability, which is what they predict. 0 where no row
    weighs anything.
    """
    return _log_loss(_probabilities(loss, raw, temperature), y, weights)


def best_temperature(
    loss: Loss, raw: np.ndarray, y: np.ndarray, weights: np.ndarray | None = None
) -> float:
    """Return the temperature of the lowest log loss, by golden-section search of its logarithm."""

    def cost(temperature: float) -> float:
        p = _probabilities(loss, raw, temperature)
        return _log_loss(p, y, weights) + _succession(p)

    return _lowest(cost)


def refined_loss(loss: Loss, raw: np.ndarray, y: Any, weights: np.ndarray | None = None) -> float:
    """Return the mean loss that is left when the best temperature has been found on these rows.

    A network grows too sure before it grows worse at telling the classes apart, and a temperature
    that is fitted after training takes back only the former: the epoch to keep is the one whose
    loss is least afterwards. Where a loss gives no probabilities of classes, its mean.

    Parameters
    ----------
    loss : Loss
    raw : float32 array (rows, width)
    y : targets of the rows
    weights : array (rows,), optional

    References
    ----------
    Berta, Holzmüller, Jordan and Bach (2025), Rethinking early stopping: refine, then calibrate.

    Examples
    --------
    >>> from descend.losses import BinaryCrossEntropy
    >>> raw, y = np.array([[8.0], [8.0], [8.0], [-8.0]], np.float32), np.array([1, 1, 0, 0])
    >>> f"{mean_loss(BinaryCrossEntropy(), raw, y):.2f}"
    '2.00'
    >>> f"{refined_loss(BinaryCrossEntropy(), raw, y):.2f}"
    '0.57'
    """
    if not gives_probabilities(loss):
        return mean_loss(loss, raw, y, weights)
    y, some = np.asarray(y), slice(None)
    if len(raw) > MOST:
        some = np.linspace(0, len(raw) - 1, MOST).astype(np.intp)
    value = best_temperature(loss, raw[some], y[some], None if weights is None else weights[some])
    return tempered_log_loss(loss, raw, y, weights, value)


def _probabilities(loss: Loss, raw: np.ndarray, temperature: float) -> np.ndarray:
    return np.asarray(linked_outputs(loss, raw / np.float32(temperature)))


def _log_loss(p: np.ndarray, y: np.ndarray, weights: np.ndarray | None) -> float:
    if weights is not None and not np.sum(weights) > 0:
        return 0.0
    return log_loss(np.asarray(y).astype(np.int64), p, weights=weights)


def _succession(p: np.ndarray) -> float:
    """Return what one more row costs whose likeliest class is wrong, shared by all rows.

    Where no row is wrong, nothing else would keep the temperature from 0: this is the rule of
    succession, by which n rows that are right do not promise that the next one is.
    """
    p = p.astype(np.float64)
    sure = np.maximum(p, 1 - p) if p.ndim == 1 else p.max(axis=1)
    return float(np.mean(-np.log(np.maximum(1 - sure, 1e-12)))) / len(p)


def _lowest(cost: Callable[[float], float]) -> float:
    """Return the temperature of the lowest cost."""
    ratio = (5**0.5 - 1) / 2
    low, high = np.log(LIMITS)
    left, right = high - ratio * (high - low), low + ratio * (high - low)
    at_left, at_right = cost(float(np.exp(left))), cost(float(np.exp(right)))
    for _ in range(STEPS):
        if at_left <= at_right:
            high, right, at_right = right, left, at_left
            left = high - ratio * (high - low)
            at_left = cost(float(np.exp(left)))
        else:
            low, left, at_left = left, right, at_right
            right = low + ratio * (high - low)
            at_right = cost(float(np.exp(right)))
    return float(np.clip(np.exp((low + high) / 2), *LIMITS))
