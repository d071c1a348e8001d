"""What is to be predicted: one of several classes, or a number.

A target is found from the whole table (`infer_target`), fitted on training rows (`fit_target`),
and then turns labels into what a loss reads, and outputs back into labels in their own unit.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress

import numpy as np
import polars as pl

from descend.data.columns import Column, listed
from descend.data.inference import infer_number
from descend.data.labels import label_cells, label_numbers, missing_labels
from descend.data.numbers import parse_numbers
from descend.data.target_kinds import ClassTarget, NumberTarget, Target
from descend.errors import ColumnError, TargetError, UsageError, did_you_mean

__all__ = [
    "ClassTarget",
    "NumberTarget",
    "TASKS",
    "Target",
    "fit_target",
    "infer_target",
    "labelled_rows",
]

TASKS = ("classification", "regression")
"""What can be learned of a target."""

_FEW = 10
_SOME = 30


def infer_target(
    frame: pl.DataFrame,
    name: str,
    task: str | None = None,
    *,
    decimal: str = ".",
    source: str = "the table",
) -> Target:
    """Say what a target column is, from all rows that have a label.

    Texts and booleans are classes. Numbers with a fraction are numbers. Whole numbers are classes
    where they look like codes: two values; up to ten values with five rows each on average (or two
    rows each at least); or 11 to 30 values without a hole, the rarest at least a quarter as
    frequent as the average. A note says what was decided.

    Parameters
    ----------
    frame : polars.DataFrame
    name : str
    task : {"classification", "regression"}, optional
        Overrides what would be inferred.
    decimal : {".", ","}
        The decimal mark of the file.
    source : str
        The name of the file, for messages.

    Returns
    -------
    ClassTarget or NumberTarget
        A number's mean and scale are of all rows, until `fit_target`.

    Raises
    ------
    TargetError
        Where the column is absent, has no value, one value, a different text in every row, or
        cannot be read as the task needs.

    Examples
    --------
    >>> infer_target(pl.DataFrame({"hue": ["red", "blue", "red"]}), "hue").classes
    ('blue', 'red')
    >>> infer_target(pl.DataFrame({"price": ["1.5", "2.25", "3"]}), "price").mean
    2.25
    """
    if task is not None and task not in TASKS:
        raise UsageError(
            f'task cannot be "{task}".{did_you_mean(task, TASKS)} {" or ".join(TASKS)}'
        )
    if name not in frame.columns:
        raise TargetError(
            f'{source} has no column "{name}".{did_you_mean(name, frame.columns)} '
            f"Columns: {listed(frame.columns)}"
        )
    series = label_cells(frame, name)
    dtype = series.dtype
    if dtype.is_nested() or dtype.is_temporal() or dtype in (pl.Binary, pl.Object):
        raise TargetError(f'target "{name}" holds {dtype} values; it must hold labels or numbers')
    present = series.filter(~missing_labels(series))
    if not len(present):
        raise TargetError(f'target "{name}" has no value in any of {len(series):,} rows')
    if (present == present[0]).all():
        rows = "the only row" if len(present) == 1 else f"all {len(present):,} rows"
        raise TargetError(
            f'target "{name}" is "{present[0]}" in {rows} that have a value: '
            "there is nothing to tell apart"
        )
    column = None if dtype == pl.Boolean else _number_column(present, name, decimal, task)
    if column is None:
        return _class_target(present, name, "")
    present = present.filter(~missing_labels(present, column))
    numbers = label_numbers(present, column, None)
    labels, counts = np.unique(numbers, return_counts=True)
    whole = bool((labels == np.floor(labels)).all())
    if task == "classification" or (task is None and whole and _like_codes(labels, counts)):
        note = f"whole numbers, {len(labels)} different: taken as classes"
        note = f"{note} (--task regression for numbers)" if task is None and whole else ""
        typed = pl.Series(name, numbers)
        return _class_target(typed.cast(pl.Int64) if whole else typed, name, note)
    note = f"whole numbers, {len(labels)} different: taken as numbers"
    shown = task is None and whole and len(labels) <= 100
    note = f"{note} (--task classification for classes)" if shown else ""
    return _number_target(numbers, column, whole, note)


def fit_target(target: Target, frame: pl.DataFrame, rows: np.ndarray) -> Target:
    """Return the target fitted on training rows: a number's mean and scale, a class's counts.

    Examples
    --------
    >>> frame = pl.DataFrame({"price": [1.5, 2.5, 100.25]})
    >>> fit_target(infer_target(frame, "price"), frame, np.array([0, 1])).mean
    2.0
    """
    if isinstance(target, ClassTarget):
        counts = np.bincount(target.encode(frame, rows), minlength=len(target.classes))
        return target.replace(counts=tuple(int(count) for count in counts))
    return _number_target(target.numbers(frame, rows), target.column, target.whole, target.note)


def labelled_rows(frame: pl.DataFrame, targets: Sequence[Target]) -> np.ndarray:
    """Return the numbers of the rows in which no target is missing.

    Examples
    --------
    >>> frame = pl.DataFrame({"hue": ["red", "", "blue"]})
    >>> labelled_rows(frame, [infer_target(frame, "hue", "classification")]).tolist()
    [0, 2]
    """
    present = np.ones(len(frame), bool)
    for target in targets:
        present &= target.present(frame)
    return np.flatnonzero(present)


def _number_column(present: pl.Series, name: str, decimal: str, task: str | None) -> Column | None:
    """Return how the numbers of a target are written, or None where it holds labels."""
    if present.dtype != pl.String:
        return Column(name, "number", decimal=decimal)
    with suppress(ColumnError):  # a target says better below what is wrong
        column = infer_number(present, name, decimal)
        if column is not None:
            return column
    values, bad = parse_numbers(present, decimal)
    odd = present.filter(bad)[0]
    if task == "regression":
        raise TargetError(
            f'target "{name}" cannot be learned as a number: "{odd}" is not one '
            f"({int(bad.sum()):,} such cells). Correct the cells, or leave them empty (missing)."
        )
    numbers = values.drop_nulls()
    if task is None and len(numbers) > 0.9 * len(present) and numbers.n_unique() > _SOME:
        raise TargetError(
            f'target "{name}" is almost a number, but "{odd}" is not one '
            f"({int(bad.sum()):,} such cells). Correct the cells, leave them empty (missing), or "
            "take every value as a class with --task classification."
        )
    return None


def _like_codes(labels: np.ndarray, counts: np.ndarray) -> bool:
    """Whether whole numbers look like the codes of classes; see `infer_target`."""
    if len(labels) == 2:
        return True
    if len(labels) <= _FEW:
        return counts.mean() >= 5 or counts.min() >= 2
    unbroken = labels[-1] - labels[0] + 1 == len(labels)
    return bool(
        len(labels) <= _SOME
        and unbroken
        and counts.mean() >= 5
        and counts.min() >= counts.mean() / 4
    )


def _class_target(labels: pl.Series, name: str, note: str) -> ClassTarget:
    """Return a target of the classes that occur."""
    counts = labels.alias("label").value_counts(name="rows").sort("label")
    if len(counts) == len(labels) and len(labels) > 2:
        raise TargetError(
            f'target "{name}" is different in every one of {len(labels):,} rows, for instance '
            f'"{labels[0]}": no class occurs twice, so none can be learned. '
            "Is it an identifier or free text? Name another target."
        )
    return ClassTarget(name, tuple(counts["label"]), tuple(counts["rows"]), note)


def _number_target(numbers: np.ndarray, column: Column, whole: bool, note: str) -> NumberTarget:
    """Return a target with the mean and deviation of some numbers."""
    unit = max(float(np.abs(numbers).max(initial=0.0)), 1e-300)
    part = numbers / unit
    mean, deviation = float(part.mean()), float(part.std())
    # Where the training rows hold one value, its rounding noise is no unit.
    scale = deviation * unit if deviation > 1e-14 * abs(mean) else 1.0
    low, high = float(numbers.min()), float(numbers.max())
    return NumberTarget(column, mean * unit, scale or 1.0, low, high, len(numbers), whole, note)
