"""Decisions: which class to say, where the metric asked for is not served by the likeliest one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from descend import metrics
from descend.models.files.plain import check_plain
from descend.spec import Spec, SpecError, check_choice

__all__ = ["DECIDED", "Decision", "fit_decision"]

DECIDED = {"balanced_accuracy": metrics.balanced_accuracy, "f1": metrics.macro_f1}
"""Metrics that another class than the likeliest may serve better."""

FEWEST = 50
"""Validation rows below which weights would fit noise."""

MOST = 5_000
MOST_CLASSES = 50
FOLDS = 5
GRID = np.exp(np.linspace(-3, 3, 49))
SWEEPS = 2
WINDOW = 3
KERNEL = np.ones(2 * WINDOW + 1) / (2 * WINDOW + 1)


@dataclass(frozen=True)
class Decision(Spec):
    """The class said is the one of the greatest weight_k p_k; probabilities stay as they are.

    For two classes that is a threshold: the second is said from p = weight_0 / (weight_0 +
    weight_1) on. Made by `fit_decision`.

    Attributes
    ----------
    metric : str
        What the weights serve.
    weights : tuple of float
        One a class, above 0; the first is 1.
    kept : bool
        Whether they are used: only where they help rows that they were not fitted on.
    rows : int
        Validation rows they were fitted on.
    before, after : float
        The metric of the validation rows with the likeliest class, and with weights fitted on other
        validation rows (five folds).
    """

    metric: str
    weights: tuple[float, ...]
    kept: bool
    rows: int
    before: float
    after: float

    def __post_init__(self) -> None:
        check_plain(self)
        check_choice(self, "metric", tuple(DECIDED))
        check_choice(self, "kept", (True, False))
        if len(self.weights) < 2 or not all(0 < weight < np.inf for weight in self.weights):
            raise SpecError(f"Decision: weights must be above 0, two at least: {self.weights!r}")

    def codes(self, probabilities: np.ndarray) -> np.ndarray:
        """Return the class said for each row of probabilities (rows, classes)."""
        weights = np.array(self.weights) if self.kept else 1.0
        return np.argmax(probabilities * weights, axis=1)

    def describe(self, target: Any) -> str:
        """Return one phrase for the report about a `ClassTarget`.

        Examples
        --------
        >>> from descend.data.targets import ClassTarget
        >>> target = ClassTarget("bought", ("no", "yes"), (60, 40))
        >>> Decision("f1", (1.0, 1.5), True, 200, 0.7, 0.73).describe(target)
        '"yes" is said from 40.0 % on: f1 of 200 validation rows 0.700 -> 0.730'
        """
        change = f"{self.metric} of {self.rows:,} validation rows"
        change += f" {self.before:.3f} -> {self.after:.3f}"
        if not self.kept:
            return f"the likeliest class is said: weights would not help ({change})"
        if len(self.weights) != 2:
            return f"each class is said by a weight of its own: {change}"
        threshold = 100 * self.weights[0] / sum(self.weights)
        return f'"{target.classes[1]}" is said from {threshold:.1f} % on: {change}'


def fit_decision(
    metric: str, probabilities: np.ndarray, truth: np.ndarray, weights: np.ndarray | None = None
) -> Decision | None:
    """Fit the weights of the classes on validation rows, one after another, on a grid.

    They are kept where they raise the metric on rows that they were not fitted on: over five folds,
    by more than the standard error of the mean gain.

    Parameters
    ----------
    metric : str
        A key of `DECIDED`.
    probabilities : float array (rows, classes)
    truth : int array (rows,)
    weights : array (rows,), optional
        Of the rows.

    Returns
    -------
    Decision or None
        None where there are fewer than 50 rows, or more than 50 classes.
    """
    rows, k = probabilities.shape
    if rows < FEWEST or k > MOST_CLASSES:
        return None
    if rows > MOST:
        chosen = np.random.default_rng(0).choice(rows, MOST, replace=False)
        probabilities, truth = probabilities[chosen], truth[chosen]
        weights = None if weights is None else weights[chosen]
        rows = MOST

    def worth(factors: np.ndarray, part: np.ndarray) -> float:
        said = np.argmax(probabilities[part] * factors, axis=1)
        own = None if weights is None else weights[part]
        return DECIDED[metric](truth[part], said, weights=own)

    def best(part: np.ndarray) -> np.ndarray:
        factors = np.ones(k)
        for _ in range(SWEEPS if k > 2 else 1):
            for j in range(1, k):
                tried = np.repeat(factors[None], len(GRID), axis=0)
                tried[:, j] = GRID
                found = np.array([worth(one, part) for one in tried])
                # A peak of few rows is noise: the mean over neighbours is looked at.
                smooth = np.convolve(np.pad(found, WINDOW, mode="edge"), KERNEL, mode="same")
                factors = tried[np.argmax(smooth[WINDOW:-WINDOW])]
        return factors

    everything = np.arange(rows)
    plain = np.ones(k)
    gains = []
    for fold in range(FOLDS):
        held = everything % FOLDS == fold
        factors = best(everything[~held])
        gains.append(worth(factors, everything[held]) - worth(plain, everything[held]))
    gain, error = float(np.mean(gains)), float(np.std(gains, ddof=1) / np.sqrt(FOLDS))
    before = worth(plain, everything)
    factors = best(everything)
    return Decision(
        metric, tuple(float(f) for f in factors), bool(gain > error), rows, before, before + gain
    )
