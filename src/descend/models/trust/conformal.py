"""Intervals around predicted numbers that hold the share of targets they promise.

Split-conformal prediction: how far the validation targets lie from their predictions says how far
new ones will, whatever the network and the distribution, as long as new rows come as the validation
rows did.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from descend.errors import UsageError
from descend.models.outputs import Answer

__all__ = ["LEVELS", "Residuals", "fit_residuals", "interval_ends", "scores_of"]

LEVELS = (0.5, 0.8, 0.9, 0.95)
"""Levels whose coverage the reports measure."""


@dataclass(frozen=True, eq=False)
class Residuals:
    """How far validation targets lie from what was predicted.

    Attributes
    ----------
    scores : float32 array (n,)
        Increasing. Without quantiles |y - prediction|, at least 0. With quantiles
        max(lowest - y, y - highest), which is negative for targets inside (conformalised
        quantile regression).

    References
    ----------
    Lei, G'Sell, Rinaldo, Tibshirani and Wasserman (2018), Distribution-free predictive inference
    for regression; Romano, Patterson and Candès (2019), Conformalized quantile regression.
    """

    scores: np.ndarray

    def reach(self, level: float) -> float:
        """Return how far an interval of a level reaches.

        It is the ceil((n + 1) level)-th smallest score: new targets are within it with a
        probability of at least ``level``.

        Raises
        ------
        UsageError
            If there are too few validation rows for the level.
        """
        n = len(self.scores)
        # Rounding must not push (n + 1) level over the integer that it is.
        place = int(np.ceil((n + 1) * level - 1e-9))
        if place > n:
            highest = n / (n + 1)
            raise UsageError(
                f"an interval of {level:g} needs at least {int(np.ceil(level / (1 - level)))} "
                f"validation rows, and this model had {n}: ask for at most {highest:.3g}, or train "
                "with more validation rows"
            )
        return float(self.scores[max(place, 1) - 1])

    def knows(self, level: float) -> bool:
        """Whether there are validation rows enough for a level."""
        n = len(self.scores)
        return int(np.ceil((n + 1) * level - 1e-9)) <= n

    def interval(self, answer: Answer, level: float) -> tuple[np.ndarray, np.ndarray]:
        """Return the lower and upper ends for predicted rows, float64 (rows,) each."""
        low, high = interval_ends(answer)
        reach = self.reach(level)
        low, high = low - reach, high + reach
        # A negative reach could turn a narrow interval around: then it is its middle.
        middle = (low + high) / 2
        return np.minimum(low, middle), np.maximum(high, middle)


def interval_ends(answer: Answer) -> tuple[np.ndarray, np.ndarray]:
    """Return what the reach is added to: the outermost quantiles, or the prediction itself."""
    quantiles = list(answer.quantiles.values())
    if len(quantiles) > 1:
        return quantiles[0], quantiles[-1]
    return answer.prediction, answer.prediction


def scores_of(answer: Answer, truth: np.ndarray) -> np.ndarray:
    """Return how far each target lies outside of what was predicted, float (rows,)."""
    low, high = interval_ends(answer)
    return np.maximum(low - truth, truth - high)


def fit_residuals(answer: Answer, truth: np.ndarray) -> Residuals | None:
    """Return the residuals of validation rows, or None where there are none.

    Parameters
    ----------
    answer : Answer
        For the validation rows.
    truth : float array (rows,)
        Their targets, in the same unit.
    """
    if not len(truth):
        return None
    scores = np.sort(scores_of(answer, truth)).astype(np.float32)
    return Residuals(scores) if np.isfinite(scores).all() else None
