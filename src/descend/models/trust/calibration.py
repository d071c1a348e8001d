"""Temperatures: probabilities made to mean what they say, on rows the weights have not seen."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from descend.losses import Combined, Loss
from descend.losses.ensemble import Ensemble
from descend.models.files.plain import check_plain
from descend.spec import Spec, SpecError, check_choice
from descend.training.temperature import (
    LIMITS,
    MOST,
    best_temperature,
    gives_probabilities,
    tempered_log_loss,
)

__all__ = ["Temperature", "fit_temperatures", "raw_columns", "tempered"]

FEWEST = 50
"""Validation rows below which a temperature would fit noise."""

FOLDS = 5


@dataclass(frozen=True)
class Temperature(Spec):
    """Probabilities are link(raw / value): above 1 they are less sure, below 1 surer.

    The predicted class of one network stays the same. That of an ensemble, the likeliest by the
    mean of its members' probabilities, may change where members disagree. Made by
    `fit_temperatures`.

    Attributes
    ----------
    value : float
        Within 0.1 and 10; the best on the validation rows.
    kept : bool
        Whether it is used: only where it helps rows that it was not fitted on.
    rows : int
        Validation rows it was fitted on.
    loss_before, loss_after : float
        Log loss of the validation rows as the network gave it, and with temperatures fitted on
        other validation rows (five folds).

    References
    ----------
    Guo, Pleiss, Sun and Weinberger (2017), On calibration of modern neural networks.
    """

    value: float
    kept: bool
    rows: int
    loss_before: float
    loss_after: float

    def __post_init__(self) -> None:
        check_plain(self)
        check_choice(self, "kept", (True, False))
        if not LIMITS[0] <= self.value <= LIMITS[1]:
            raise SpecError(f"Temperature: value must be from 0.1 to 10, got {self.value!r}")

    def describe(self) -> str:
        """Return one phrase for the report.

        Examples
        --------
        >>> Temperature(1.3, True, 200, 0.52, 0.5).describe()
        'temperature 1.30: log loss of 200 validation rows 0.5200 -> 0.5000'
        >>> Temperature(1.01, False, 200, 0.5, 0.5001).describe()
        'probabilities left as they are: temperature 1.01 would not help (0.5000 -> 0.5001)'
        """
        change = f"{self.loss_before:.4f} -> {self.loss_after:.4f}"
        if self.kept:
            return (
                f"temperature {self.value:.2f}: log loss of {self.rows:,} validation rows {change}"
            )
        told = f"temperature {self.value:.2f} would not help ({change})"
        return f"probabilities left as they are: {told}"


def raw_columns(loss: Loss) -> tuple[tuple[Loss, slice], ...]:
    """Return the loss of each target, and where one member's raw outputs for it stand."""
    inner = loss.loss if isinstance(loss, Ensemble) else loss
    if not isinstance(inner, Combined):
        return ((inner, slice(None)),)
    ends = np.cumsum(inner.widths).tolist()
    starts = [0, *ends[:-1]]
    return tuple(
        (part, slice(start, end))
        for part, start, end in zip(inner.losses, starts, ends, strict=True)
    )


def tempered(
    loss: Loss, raw: np.ndarray, temperatures: tuple[Temperature | None, ...]
) -> np.ndarray:
    """Return raw outputs divided by the temperatures that are kept, the given array untouched."""
    if not any(one is not None and one.kept for one in temperatures):
        return raw
    members = loss.members if isinstance(loss, Ensemble) else 1
    scaled = raw.reshape(len(raw), members, -1).copy()
    for (_, columns), one in zip(raw_columns(loss), temperatures, strict=True):
        if one is not None and one.kept:
            scaled[:, :, columns] /= np.float32(one.value)
    return scaled.reshape(raw.shape)


def fit_temperatures(
    loss: Loss, raw: np.ndarray, y: Any, weights: np.ndarray | None = None
) -> tuple[Temperature | None, ...]:
    """Fit a temperature for each target of classes, on validation rows.

    It is kept where it lowers the log loss of rows that it was not fitted on: over five folds, by
    more than the standard error of the mean gain.

    Parameters
    ----------
    loss : Loss
    raw : float32 array (rows, width)
        Raw outputs of validation rows.
    y : int array (rows,), or tuple of arrays
        Their targets.
    weights : array (rows,), optional

    Returns
    -------
    tuple of Temperature or None
        One a target; None for numbers, for losses whose outputs are not probabilities, and where
        there are fewer than 50 rows.
    """
    parts = raw_columns(loss)
    truths = y if isinstance(y, tuple) else (y,)
    if len(raw) < FEWEST:
        return (None,) * len(parts)
    chosen = np.arange(len(raw))
    if len(raw) > MOST:
        chosen = np.random.default_rng(0).choice(len(raw), MOST, replace=False)
    weights = None if weights is None else weights[chosen]
    members = loss.members if isinstance(loss, Ensemble) else 1
    by_member = raw[chosen].reshape(len(chosen), members, -1)
    found: list[Temperature | None] = []
    for (part, columns), truth in zip(parts, truths, strict=True):
        if not gives_probabilities(part):
            found.append(None)
            continue
        own = Ensemble(part, members) if members > 1 else part
        values = by_member[:, :, columns].reshape(len(chosen), -1)
        found.append(_fit(own, values, np.asarray(truth)[chosen].astype(np.int64), weights))
    return tuple(found)


def _fit(
    loss: Loss, raw: np.ndarray, truth: np.ndarray, weights: np.ndarray | None
) -> Temperature | None:
    """Fit one temperature on all rows, and judge fits on four fifths by the other fifth."""
    if weights is not None and not np.sum(weights) > 0:
        return None

    def own(rows: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray | None]:
        return raw[rows], truth[rows], None if weights is None else weights[rows]

    def cost(temperature: float, rows: np.ndarray) -> float:
        return tempered_log_loss(loss, *own(rows), temperature)

    def lowest(rows: np.ndarray) -> float:
        return best_temperature(loss, *own(rows))

    everything = np.arange(len(raw))
    gains, sizes = [], []
    for fold in range(FOLDS):
        held = everything % FOLDS == fold
        value = lowest(everything[~held])
        gains.append(cost(1.0, everything[held]) - cost(value, everything[held]))
        sizes.append(int(held.sum()))
    gain = float(np.average(gains, weights=sizes))
    error = float(np.std(gains, ddof=1) / np.sqrt(FOLDS))
    before = cost(1.0, everything)
    value = lowest(everything)
    return Temperature(value, bool(gain > error), len(raw), before, before - gain)
