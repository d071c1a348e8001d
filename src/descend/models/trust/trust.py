"""What the validation rows say of how far a prediction is to be trusted."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from typing import Any

import numpy as np

from descend.data.targets import ClassTarget, NumberTarget, Target
from descend.errors import ModelFileError
from descend.layers import Layer
from descend.losses import Loss
from descend.models.outputs import Answer, answers
from descend.models.trust.calibration import Temperature, fit_temperatures
from descend.models.trust.conformal import Residuals, fit_residuals
from descend.models.trust.decision import DECIDED, Decision, fit_decision
from descend.models.trust.likeness import (
    HIDDEN,
    MOST,
    NUMBERS,
    Likeness,
    fit_views,
    numbers_of,
    raw_and_hidden,
)
from descend.training import Examples
from descend.training.records import drawn_inputs

__all__ = ["Trust", "fit_trust", "take_trust", "with_intervals"]


@dataclass(frozen=True, eq=False)
class Trust:
    """Arrays fitted on validation rows after training; all empty where there were none.

    Attributes
    ----------
    residuals : tuple of Residuals or None
        One a target; None for classes.
    likeness : dict of str to Likeness
        By the view of a row, see `descend.models.trust.likeness`.
    """

    residuals: tuple[Residuals | None, ...] = ()
    likeness: dict[str, Likeness] = field(default_factory=dict)

    def tensors(self) -> dict[str, Any]:
        """Return the arrays as nested dicts, by their names in a model file."""
        scores = {str(i): one.scores for i, one in enumerate(self.residuals) if one is not None}
        tree: dict[str, Any] = {"residuals": scores} if scores else {}
        views = {view: one.tensors() for view, one in self.likeness.items()}
        return {**tree, "likeness": views} if views else tree

    def of_target(self, i: int) -> Residuals | None:
        """Return the residuals of a target, if there are any."""
        return self.residuals[i] if i < len(self.residuals) else None


def fit_trust(
    network: Layer,
    params: Any,
    state: Any,
    loss: Loss,
    targets: Sequence[Target],
    train: Examples,
    validation: Examples,
    metric: str | None = None,
    places: Sequence[int] = (),
) -> tuple[tuple[Temperature | None, ...], tuple[Decision | None, ...], Trust]:
    """Return the temperatures, the decisions, and the rest of what the validation rows say.

    Parameters
    ----------
    network, params, state
        Trained.
    loss : Loss
    targets : sequence of Target
        In the scale that the loss reads.
    train, validation : Examples
    metric : str, optional
        What was asked for, a key of `descend.models.metric_choice.METRIC_NAMES`.
    places : sequence of int
        Columns of the inputs' matrix that are numbers of the table.
    """
    if not validation.rows:
        return (), (), Trust()
    raw, hidden = raw_and_hidden(network, params, state, validation.x)
    if not np.isfinite(raw).all():
        return (), (), Trust()
    temperatures = fit_temperatures(loss, raw, validation.y, validation.weights)
    truths = validation.y if isinstance(validation.y, tuple) else (validation.y,)
    residuals: list[Residuals | None] = []
    decisions: list[Decision | None] = []
    found = answers(targets, loss, raw, temperatures)
    for target, answer, truth in zip(targets, found, truths, strict=True):
        known = isinstance(target, NumberTarget)
        numbers = target.decode(np.asarray(truth)[:, 0]) if known else np.zeros(0)
        residuals.append(fit_residuals(answer, numbers) if known else None)
        p = answer.probabilities
        if metric is None or metric not in DECIDED or p is None:
            decisions.append(None)
        else:
            decisions.append(fit_decision(metric, p, np.asarray(truth), validation.weights))
    likeness: dict[str, Likeness] = {}
    later = {HIDDEN: hidden, NUMBERS: numbers_of(validation.x, places)}
    if any(view is not None for view in later.values()):
        some = drawn_inputs(train, MOST)
        seen = {NUMBERS: numbers_of(some, places)}
        if hidden is not None:
            seen[HIDDEN] = raw_and_hidden(network, params, state, some)[1]
        likeness = fit_views(seen, later)
    kept = temperatures if any(temperatures) else ()
    decided = tuple(decisions) if any(decisions) else ()
    return kept, decided, Trust(tuple(residuals) if any(residuals) else (), likeness)


def with_intervals(answer: Answer, residuals: Residuals | None, level: float) -> Answer:
    """Return an answer with the ends of its intervals; of classes, as it is."""
    if residuals is None:
        return answer
    low, high = residuals.interval(answer, level)
    return replace(answer, low=low, high=high)


def take_trust(tensors: dict[str, np.ndarray], targets: Sequence[Target], path: Any) -> Trust:
    """Take the tensors ``trust/...`` out of those of a model file, and check them.

    Raises
    ------
    ModelFileError
        Names the tensor that is not what it should be.
    """
    taken = {
        name.removeprefix("trust/"): tensors.pop(name)
        for name in sorted(tensors)
        if name.startswith("trust/")
    }

    def refuse(name: str) -> ModelFileError:
        return ModelFileError(f"{Path(path)}: tensor trust/{name} is not of the right shape")

    residuals: list[Residuals | None] = [None] * len(targets)
    arrays: dict[str, dict[str, np.ndarray]] = {}
    for name in [name for name in taken if name.startswith("likeness/")]:
        view, _, part = name.removeprefix("likeness/").partition("/")
        arrays.setdefault(view, {})[part] = taken.pop(name)
    for name, array in taken.items():
        match = re.fullmatch(r"residuals/(\d{1,6})", name)
        place = int(match[1]) if match else len(targets)
        if place >= len(targets) or isinstance(targets[place], ClassTarget) or not _rising(array):
            raise refuse(name)
        residuals[place] = Residuals(array)
    for view, parts in arrays.items():
        if view not in (HIDDEN, NUMBERS) or not _is_likeness(parts):
            raise refuse(f"likeness/{view}")
    likeness = {view: Likeness(**parts) for view, parts in arrays.items()}
    return Trust(tuple(residuals) if any(residuals) else (), likeness)


def _is_likeness(parts: dict[str, np.ndarray]) -> bool:
    """Whether arrays are those of a `Likeness`, and fit one another."""
    if set(parts) != {one.name for one in fields(Likeness)}:
        return False
    if any(array.dtype != np.float32 for array in parts.values()):
        return False
    found = Likeness(**parts)
    width, kept = len(found.center) if found.center.ndim == 1 else 0, len(found.spreads) - 1
    return bool(
        width
        and found.scales.shape == (width,)
        and np.all(found.scales > 0)
        and found.spreads.ndim == 1
        and 1 <= kept <= width
        and found.directions.shape == (kept, width)
        and np.all(found.spreads > 0)
        and _rising(found.distances)
    )


def _rising(array: np.ndarray) -> bool:
    """Whether an array is one of float32 numbers, at least one, none less than that before it."""
    return bool(
        array.dtype == np.float32
        and array.ndim == 1
        and len(array)
        and np.all(array[1:] >= array[:-1])
    )
