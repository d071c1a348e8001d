"""The plan: everything needed to repeat a training run on a table."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, fields
from typing import Any

from descend.data.columns import Column
from descend.data.forecasting.forecast import Forecast
from descend.data.long_tables import LongTable
from descend.errors import SpecError
from descend.layers import Layer
from descend.losses import Loss
from descend.models.metric_choice import METRIC_NAMES
from descend.spec import Spec, check_choice, check_number, check_spec
from descend.training import Descent

__all__ = ["Plan", "check_layer_count"]

MOST_LAYERS = 1000
"""A network of more layers would take minutes to compile; a file that holds one is hostile."""

SCALES = ("standard", "minmax", "robust", "none")


@dataclass(frozen=True)
class Plan(Spec):
    """Everything needed to repeat a training run on the same rows.

    Parameters
    ----------
    columns : tuple of Column
        What each column of the table becomes.
    tasks : tuple of str
        "classification" or "regression", one for each target column in the order of ``targets``.
    scale : str
        How numbers are scaled: "standard", "minmax", "robust" or "none".
    network : Layer
    loss : Loss
    descent : Descent
        Its seed also decides the split.
    test_fraction : float
        Share of all rows.
    validation_fraction : float or None
        Share of the other rows; None is a fifth, and at most 20,000 rows.
    class_weight : "balanced" or None
    metric : str or None
        What validation rows are judged by; None is accuracy, or R2.
    forecast : Forecast or None
        How a series becomes the table that is learned from, where one is to be continued.
    sequences : LongTable or None
        How rows become one example, where those of a group are its steps.
    """

    columns: tuple[Column, ...]
    targets: tuple[str, ...]
    tasks: tuple[str, ...]
    scale: str
    network: Layer
    loss: Loss
    descent: Descent
    test_fraction: float = 0.2
    validation_fraction: float | None = None
    class_weight: str | None = None
    metric: str | None = None
    forecast: Forecast | None = None
    sequences: LongTable | None = None

    def __post_init__(self) -> None:
        if not isinstance(self.columns, tuple) or not all(
            isinstance(column, Column) for column in self.columns
        ):
            raise SpecError("Plan: columns must be a tuple of columns")
        names = [column.name for column in self.columns]
        if len(set(names)) != len(names):
            raise SpecError("Plan: a column name occurs twice")
        wanted = {column.name for column in self.columns if column.kind == "target"}
        if not isinstance(self.targets, tuple) or set(self.targets) != wanted or not wanted:
            raise SpecError(f"Plan: targets must be the columns of kind target, {sorted(wanted)}")
        if not isinstance(self.tasks, tuple) or len(self.tasks) != len(self.targets):
            raise SpecError("Plan: tasks must be one for each target")
        for task in self.tasks:
            if task not in ("classification", "regression"):
                raise SpecError(f"Plan: a task is classification or regression, got {task!r}")
        check_choice(self, "scale", SCALES)
        check_spec(self, "network", Layer)
        check_layer_count(self)
        check_spec(self, "loss", Loss)
        check_spec(self, "descent", Descent)
        check_number(self, "test_fraction", at_least=0, below=1)
        if self.validation_fraction is not None:
            check_number(self, "validation_fraction", at_least=0, below=1)
        check_choice(self, "class_weight", (None, "balanced"))
        check_choice(self, "metric", (None, *METRIC_NAMES))
        if self.sequences is not None:
            check_spec(self, "sequences", LongTable)
        if self.forecast is not None:
            check_spec(self, "forecast", Forecast)
            if self.targets != self.forecast.target_names:
                raise SpecError("Plan: the targets are not the steps ahead of the forecast")

    def column(self, kind: str) -> str | None:
        """Return the name of the column of a kind (weight, group, time), if there is one."""
        return next((column.name for column in self.columns if column.kind == kind), None)


def check_layer_count(plan: Any) -> None:
    """Refuse a plan whose network has too many layers."""
    if sum(1 for _ in _layers(plan.network)) > MOST_LAYERS:
        raise SpecError(f"{type(plan).__name__}: a network has at most {MOST_LAYERS:,} layers")


def _layers(spec: Layer) -> Iterator[Layer]:
    """Yield a layer and all layers in it."""
    yield spec
    for field in fields(spec):  # pyright: ignore[reportArgumentType]
        value = getattr(spec, field.name)
        for inner in value if isinstance(value, tuple) else (value,):
            if isinstance(inner, Layer):
                yield from _layers(inner)
