"""Intervals that go along with a series: they rest on all forecasts whose outcome is known by then.

A forecast is made again and again, and soon its outcome is known. So a test by rolling origin does
what its user will do: at each origin the residuals are those of the validation rows and of all
earlier test origins whose steps lie in the past by then. Series drift, and intervals that do not
learn of it hold too little.
"""

from __future__ import annotations

from bisect import insort

import numpy as np

from descend.models.trust.conformal import Residuals

__all__ = ["joined", "rolling_reaches"]


def rolling_reaches(
    known: Residuals | None, scores: np.ndarray, origins: np.ndarray, step: int, level: float
) -> np.ndarray:
    """Return how far the interval of each forecast reaches.

    Parameters
    ----------
    known : Residuals or None
        Of the validation rows.
    scores : float array (rows,)
        How far each outcome lay from its forecast, `descend.models.trust.conformal.scores_of`.
    origins : int array (rows,)
        The step from which each forecast was made.
    step : int
        Steps ahead, at least 1.
    level : float

    Returns
    -------
    float array (rows,)
        Not a number where too few outcomes are known for the level.

    References
    ----------
    Gibbs and Candès (2021), Adaptive conformal inference under distribution shift, for why
    residuals must follow a series; here they are only added to.

    Examples
    --------
    >>> first = Residuals(np.array([1.0, 2.0], np.float32))
    >>> rolling_reaches(first, np.array([9.0, 3.0, 3.0]), np.array([0, 1, 2]), 1, 0.5).tolist()
    [2.0, 2.0, 3.0]
    >>> rolling_reaches(None, np.array([9.0, 3.0, 3.0]), np.array([0, 1, 2]), 1, 0.5).tolist()
    [nan, 9.0, 9.0]
    """
    sorted_scores = [] if known is None else known.scores.astype(float).tolist()
    order = np.argsort(origins, kind="stable")
    reaches = np.full(len(scores), np.nan)
    told = 0
    for row in order:
        while origins[order[told]] + step <= origins[row]:
            insort(sorted_scores, float(scores[order[told]]))
            told += 1
        if sorted_scores:
            now = Residuals(np.array(sorted_scores))
            reaches[row] = now.reach(level) if now.knows(level) else np.nan
    return reaches


def joined(known: Residuals | None, scores: np.ndarray) -> Residuals | None:
    """Return the residuals with those of further rows, or None where there are none at all."""
    before = np.zeros(0, np.float32) if known is None else known.scores
    together = np.sort(np.concatenate([before, scores.astype(np.float32)]))
    return Residuals(together) if len(together) and np.isfinite(together).all() else None
