"""The two kinds of target, as fitted specs: one of several classes, or a number."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
import polars as pl

from descend.data.columns import Column, listed
from descend.data.encoders.number import plain
from descend.data.fields import (
    MOST_VALUES,
    check_counts,
    check_finite,
    check_flag,
    check_text,
    is_text,
)
from descend.data.labels import (
    label_cells,
    label_codes,
    label_numbers,
    missing_labels,
    refuse_missing,
)
from descend.errors import TargetError, did_you_mean
from descend.spec import Spec, SpecError, check_integer, check_number, check_spec

__all__ = ["ClassTarget", "Label", "NumberTarget", "Target"]

Label: TypeAlias = str | int | float | bool


@dataclass(frozen=True)
class ClassTarget(Spec):
    """A target that is one of several classes.

    Parameters
    ----------
    name : str
        The column.
    classes : tuple of str, int, float or bool
        The labels as given, sorted; code k stands for ``classes[k]``.
    counts : tuple of int
        How many rows each class has.
    note : str
        Why it is taken as classes, where that is not plain.

    Examples
    --------
    >>> target = ClassTarget("sex", ("female", "male"), (2, 1))
    >>> target.encode(pl.DataFrame({"sex": ["male", "female"]})).tolist()
    [1, 0]
    >>> target.decode(np.array([1, 0])).tolist()
    ['male', 'female']
    """

    name: str
    classes: tuple[Label, ...]
    counts: tuple[int, ...]
    note: str = ""

    def __post_init__(self) -> None:
        check_text(self, "name")
        check_text(self, "note")
        good = isinstance(self.classes, tuple) and 2 <= len(self.classes) <= MOST_VALUES
        kinds = {type(label) for label in self.classes} if good else set()
        if len(kinds) != 1 or not kinds <= {str, int, float, bool}:
            raise SpecError("ClassTarget: classes must be two or more labels of one type")
        if not all(math.isfinite(x) for x in self.classes if isinstance(x, float)):
            raise SpecError("ClassTarget: classes must be finite")
        if kinds == {str} and not is_text(*self.classes):
            raise SpecError("ClassTarget: classes must be text that UTF-8 can write")
        if len(set(self.classes)) != len(self.classes):
            raise SpecError("ClassTarget: two classes are the same")
        check_counts(self, "counts", len(self.classes))

    def describe(self) -> str:
        """Return one phrase for the report.

        Examples
        --------
        >>> ClassTarget("sex", ("female", "male"), (2, 1)).describe()
        'sex, 2 classes: female 2, male 1'
        """
        by_size = sorted(zip(self.counts, self.classes, strict=True), key=lambda pair: -pair[0])
        told = ", ".join(f"{label} {count:,}" for count, label in by_size[:8])
        more = f" and {len(by_size) - 8} more" if len(by_size) > 8 else ""
        note = f" ({self.note})" if self.note else ""
        return f"{self.name}, {len(self.classes)} classes: {told}{more}{note}"

    def present(self, frame: pl.DataFrame) -> np.ndarray:
        """Return a boolean array: the rows that have a label."""
        return ~missing_labels(label_cells(frame, self.name)).to_numpy()

    def encode(self, frame: pl.DataFrame, rows: np.ndarray | None = None) -> np.ndarray:
        """Return the code of each label as int32.

        Parameters
        ----------
        frame : polars.DataFrame
        rows : integer array, optional
            Only these rows, in this order.

        Raises
        ------
        TargetError
            For a missing label, and one that is none of the classes.
        """
        series = label_cells(frame, self.name, rows)
        refuse_missing(missing_labels(series), self.name, rows)
        codes = label_codes(series, self.classes)
        unknown = codes.is_null()
        if unknown.any():
            self._refuse_unknown(series, unknown, rows)
        return codes.to_numpy()

    def decode(self, codes: np.ndarray) -> np.ndarray:
        """Return the labels of codes."""
        return np.array(self.classes)[np.asarray(codes)]

    def _refuse_unknown(
        self, series: pl.Series, unknown: pl.Series, rows: np.ndarray | None
    ) -> None:
        place = int(unknown.arg_max() or 0)
        row = place if rows is None else int(rows[place])
        count = int(unknown.sum())
        words = [str(label) for label in self.classes]
        others = f" ({count:,} rows hold such labels)" if count > 1 else ""
        raise TargetError(
            f'target "{self.name}", row {row + 1}: "{series[place]}" is none of the classes '
            f"learned{others}.{did_you_mean(str(series[place]), words)} "
            f"Classes: {listed(words)}"
        )


@dataclass(frozen=True)
class NumberTarget(Spec):
    """A target that is a number, standardised inside: ``(y - mean) / scale``.

    Parameters
    ----------
    column : Column
        Its name and how its numbers are written.
    mean, scale : float
        Mean and population standard deviation of the training rows, in the unit of the target.
    low, high : float
        The range of the rows that were seen.
    count : int
        How many rows have a value.
    whole : bool
        Whether all of them are whole numbers.
    note : str
        Why it is taken as a number, where that is not plain.

    Examples
    --------
    >>> target = NumberTarget(Column("price", "number"), 10.0, 5.0, 5.0, 15.0, 2, True)
    >>> target.encode(pl.DataFrame({"price": ["5", "20"]})).tolist()
    [-1.0, 2.0]
    >>> target.decode(np.array([-1.0, 2.0])).tolist()
    [5.0, 20.0]
    """

    column: Column
    mean: float
    scale: float
    low: float
    high: float
    count: int
    whole: bool
    note: str = ""

    def __post_init__(self) -> None:
        check_spec(self, "column", Column)
        check_finite(self, "mean", "scale", "low", "high")
        check_number(self, "scale", above=0.0)
        check_flag(self, "whole")
        check_text(self, "note")
        check_integer(self, "count", at_least=0)

    @property
    def name(self) -> str:
        """The column."""
        return self.column.name

    def describe(self) -> str:
        """Return one phrase for the report.

        Examples
        --------
        >>> NumberTarget(Column("price", "number"), 10.0, 5.0, 5.0, 15.0, 2, True).describe()
        'price, a number from 5 to 15, mean 10, standard deviation 5'
        """
        note = f" ({self.note})" if self.note else ""
        return (
            f"{self.name}, a number from {plain(self.low)} to {plain(self.high)}, mean "
            f"{plain(self.mean)}, standard deviation {plain(self.scale)}{note}"
        )

    def present(self, frame: pl.DataFrame) -> np.ndarray:
        """Return a boolean array: the rows that have a value."""
        return ~missing_labels(label_cells(frame, self.name), self.column).to_numpy()

    def numbers(self, frame: pl.DataFrame, rows: np.ndarray | None = None) -> np.ndarray:
        """Return the values in their own unit as float64.

        Raises
        ------
        TargetError
            For a missing value, and one that is not a finite number.
        """
        return label_numbers(label_cells(frame, self.name, rows), self.column, rows)

    def encode(self, frame: pl.DataFrame, rows: np.ndarray | None = None) -> np.ndarray:
        """Return standardised values as float32.

        Parameters
        ----------
        frame : polars.DataFrame
        rows : integer array, optional
            Only these rows, in this order.

        Raises
        ------
        TargetError
            For a missing value, and one that is not a finite number.
        """
        numbers = self.numbers(frame, rows)
        largest = float(np.finfo(np.float32).max)
        with np.errstate(over="ignore"):
            scaled = (numbers - self.mean) / self.scale
        return np.clip(scaled, -largest, largest).astype(np.float32)

    def decode(self, standardised: np.ndarray) -> np.ndarray:
        """Return values in the unit of the target, float64."""
        return np.asarray(standardised, np.float64) * self.scale + self.mean


Target: TypeAlias = ClassTarget | NumberTarget
