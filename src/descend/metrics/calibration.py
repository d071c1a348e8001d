"""Whether probabilities mean what they say: rows grouped by how sure the model was of them."""

from __future__ import annotations

from itertools import pairwise
from typing import NamedTuple

import numpy as np

from descend.metrics.intervals import bootstrap_interval, wilson_interval
from descend.metrics.probabilities import confidence_gaps, mean_gap, probabilities
from descend.metrics.rows import checked

__all__ = [
    "CONFIDENCES",
    "ReliabilityBin",
    "calibration_interval",
    "chance_calibration_error",
    "reliability",
]

CONFIDENCES = (0.0, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.99, 1.0)
"""Edges of the groups: finer where a person would act on the answer."""


class ReliabilityBin(NamedTuple):
    """The rows to whose predicted class a probability above ``low`` and up to ``high`` was given.

    Attributes
    ----------
    low, high : float
    rows : int
    right : int
        How many of them are of the predicted class.
    confidence : float
        Mean probability given to the predicted class; 0 where there are no rows.
    share_low, share_high : float
        95 % Wilson interval of the share that is right.
    """

    low: float
    high: float
    rows: int
    right: int
    confidence: float
    share_low: float
    share_high: float


def reliability(
    target: np.ndarray,
    prediction: np.ndarray,
    *,
    edges: tuple[float, ...] = CONFIDENCES,
) -> tuple[ReliabilityBin, ...]:
    """Group rows by the probability of their predicted class, and count how many are right.

    Parameters
    ----------
    target : int array (n,)
        True classes.
    prediction : float array (n, k), or (n,) for the probability of class 1
    edges : increasing numbers from 0 to 1

    Returns
    -------
    tuple of ReliabilityBin
        One a group, without those that no row can fall into.

    References
    ----------
    DeGroot and Fienberg (1983), The comparison and evaluation of forecasters.

    Examples
    --------
    >>> p = np.array([0.92, 0.94, 0.91, 0.55])
    >>> [(g.low, g.rows, g.right) for g in reliability(np.array([1, 1, 0, 1]), p) if g.rows]
    [(0.5, 1, 1), (0.9, 3, 2)]
    """
    target, prediction, _ = checked(target, prediction, None)
    p = probabilities(prediction)
    confidence, hit = p.max(axis=1), p.argmax(axis=1) == target
    place = np.clip(np.searchsorted(edges, confidence, side="left") - 1, 0, len(edges) - 2)
    groups = []
    for i, (low, high) in enumerate(pairwise(edges)):
        if high < 1 / p.shape[1]:  # the largest of k probabilities is never below 1 / k
            continue
        inside = place == i
        rows, right = int(inside.sum()), int(hit[inside].sum())
        mean = float(confidence[inside].mean()) if rows else 0.0
        groups.append(ReliabilityBin(low, high, rows, right, mean, *wilson_interval(right, rows)))
    return tuple(g for g in groups if g.rows or g.high > 0.5)


def calibration_interval(
    target: np.ndarray,
    prediction: np.ndarray,
    *,
    level: float = 0.95,
    samples: int = 200,
    seed: int = 0,
) -> tuple[float, float]:
    """Return the percentile bootstrap interval of the expected calibration error.

    As `bootstrap_interval` of that metric, with what does not change from draw to draw found once.

    Examples
    --------
    >>> p = np.full(400, 0.75)
    >>> low, high = calibration_interval(np.arange(400) % 4 > 0, p)
    >>> print(f"{low:.2f} {high:.2f}")
    0.00 0.05
    """
    target, prediction, _ = checked(target, prediction, None)
    p = probabilities(prediction)
    place, gap = confidence_gaps(p.argmax(axis=1) == target, p.max(axis=1))
    return bootstrap_interval(
        lambda place, gap, weights: mean_gap(place, gap), place, gap,
        level=level, samples=samples, seed=seed,
    )  # fmt: skip


def chance_calibration_error(
    prediction: np.ndarray, *, level: float = 0.95, samples: int = 200, seed: int = 0
) -> float:
    """Return the expected calibration error that perfect probabilities stay below by chance.

    The error is above 0 even for probabilities that are exactly right, the more so the fewer the
    rows. Here classes are drawn from the probabilities themselves; ``level`` of the draws have an
    error of at most what is returned. An error above it is a sign of miscalibration.

    References
    ----------
    Bröcker and Smith (2007), Increasing the reliability of reliability diagrams.

    Examples
    --------
    >>> few, many = np.full(20, 0.75), np.full(2000, 0.75)
    >>> chance_calibration_error(few) > chance_calibration_error(many) > 0
    True
    """
    best = probabilities(prediction).max(axis=1)
    generator = np.random.default_rng(seed)
    errors = []
    for _ in range(samples):  # the error only asks whether the predicted class is the true one
        errors.append(mean_gap(*confidence_gaps(generator.random(len(best)) < best, best)))
    return float(np.quantile(errors, level))
