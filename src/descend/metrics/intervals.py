"""How sure a score is: intervals around it."""

from __future__ import annotations

from collections.abc import Callable
from statistics import NormalDist

import numpy as np

from descend.metrics.rows import Weights, checked

__all__ = ["bootstrap_interval", "wilson_interval"]


def wilson_interval(successes: float, n: float, *, level: float = 0.95) -> tuple[float, float]:
    """Return an interval for a share, given successes among n independent rows.

    Keeps inside [0, 1] and near its level even for few rows or shares near 0 or 1.

    References
    ----------
    Wilson (1927), Probable inference, the law of succession, and statistical inference.

    Examples
    --------
    >>> low, high = wilson_interval(68, 69)
    >>> print(f"{low:.3f} {high:.3f}")
    0.922 0.997
    """
    if n <= 0:
        return 0.0, 1.0
    z = NormalDist().inv_cdf(0.5 + level / 2)
    share, spread = successes / n, z * z / n
    middle = (share + spread / 2) / (1 + spread)
    half = np.sqrt(share * (1 - share) * spread + spread * spread / 4) / (1 + spread)
    return float(max(middle - half, 0.0)), float(min(middle + half, 1.0))


def bootstrap_interval(
    metric: Callable[..., float],
    target: np.ndarray,
    prediction: np.ndarray,
    *,
    weights: Weights = None,
    level: float = 0.95,
    samples: int = 1000,
    seed: int = 0,
) -> tuple[float, float]:
    """Return the percentile bootstrap interval of any metric: rows are drawn with replacement.

    Draws on which the metric is undefined are left out; (nan, nan) if it is so on all.

    References
    ----------
    Efron (1979), Bootstrap methods: another look at the jackknife.

    Examples
    --------
    >>> from descend.metrics import mae
    >>> bootstrap_interval(mae, np.zeros(4), np.ones(4))
    (1.0, 1.0)
    """
    target, prediction, valid = checked(target, prediction, weights)
    generator = np.random.default_rng(seed)
    scores = np.empty(samples)
    for i in range(samples):
        rows = generator.integers(0, len(target), len(target))
        drawn = None if weights is None else valid[rows]
        empty = drawn is not None and not np.sum(drawn) > 0
        scores[i] = np.nan if empty else metric(target[rows], prediction[rows], weights=drawn)
    scores = scores[~np.isnan(scores)]
    if not len(scores):
        return float("nan"), float("nan")
    low, high = np.quantile(scores, [0.5 - level / 2, 0.5 + level / 2])
    return float(low), float(high)
