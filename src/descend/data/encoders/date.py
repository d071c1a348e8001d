"""Dates into network inputs: elapsed time, year, and the month, weekday and hour as circles."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import polars as pl

from descend.data.cells import read_cells
from descend.data.columns import Column
from descend.data.encoders.number import bend
from descend.data.fields import check_finite, check_flag, check_words
from descend.data.notes import Tally
from descend.spec import Spec, SpecError, check_integer, check_number, check_spec

__all__ = ["DATE_PARTS", "DateEncoder", "fit_date"]

DATE_PARTS = ("elapsed", "year", "month", "weekday", "hour")
"""What a date may become; only parts that vary in the training rows are used."""

_CIRCLES = {"month": 12.0, "weekday": 7.0, "hour": 24.0}
_DAY = 86_400e6


@dataclass(frozen=True)
class DateEncoder(Spec):
    """A fitted date column.

    ``elapsed`` is ``bend((days - center) / spread)``, ``year`` the same of the year; ``month``,
    ``weekday`` and ``hour`` are pairs ``sin(2 pi p), cos(2 pi p)`` of the part p of the circle, so
    that December stands beside January. Missing dates give zeros, and 1 in the flag.

    Parameters
    ----------
    column : Column
    parts : tuple of str
        Which of `DATE_PARTS` are used, in that order.
    center, spread : float
        Days since 1970.
    year_center, year_spread : float
    low, high : float
        The training range in days since 1970.
    flag : bool
        Whether a further input is 1 where the date is missing; so where training had gaps.
    gaps : int
        The number of missing cells in the training rows.
    """

    column: Column
    parts: tuple[str, ...]
    center: float
    spread: float
    year_center: float
    year_spread: float
    low: float
    high: float
    flag: bool
    gaps: int

    def __post_init__(self) -> None:
        check_spec(self, "column", Column)
        check_words(self, "parts")
        if not set(self.parts) <= set(DATE_PARTS):
            raise SpecError(f"DateEncoder: parts must be some of {DATE_PARTS}, got {self.parts!r}")
        check_finite(self, "center", "spread", "year_center", "year_spread", "low", "high")
        check_number(self, "spread", above=0.0)
        check_number(self, "year_spread", above=0.0)
        check_flag(self, "flag")
        check_integer(self, "gaps", at_least=0)

    @property
    def width(self) -> int:
        """How many inputs of the network the column becomes."""
        return len(self.feature_names)

    @property
    def feature_names(self) -> tuple[str, ...]:
        """The name of each input."""
        names = []
        for part in self.parts:
            full = f"{self.column.name} {part}"
            names += [f"{full} sine", f"{full} cosine"] if part in _CIRCLES else [full]
        return (*names, f"{self.column.name} missing") if self.flag else tuple(names)

    @property
    def fill_note(self) -> str:
        """What a missing date becomes, for the report."""
        return "taken as the middle date" + (" and flagged" if self.flag else "")

    @property
    def range_note(self) -> tuple[str, str]:
        """The training range, for the report."""
        if self.column.pattern.startswith("%H"):
            return "", ""
        days = pl.Series([self.low * _DAY, self.high * _DAY])
        shown = days.cast(pl.Int64, strict=False).cast(pl.Datetime("us")).dt.date()
        return str(shown[0]), str(shown[1])

    def encode(self, series: pl.Series, out: np.ndarray, first_row: int = 0) -> Tally:
        """Write the inputs of some rows into `out`, float32 of shape (rows, width)."""
        dates = read_cells(series, self.column, first_row)
        missing = dates.is_null().to_numpy()
        days = _days(dates)
        place = 0
        for part in self.parts:
            if part in _CIRCLES:
                angle = _part(dates, part) * (2 * math.pi / _CIRCLES[part])
                out[:, place] = np.where(missing, 0.0, np.sin(angle))
                out[:, place + 1] = np.where(missing, 0.0, np.cos(angle))
                place += 2
                continue
            if part == "elapsed":
                scaled = (days - self.center) / self.spread
            else:
                scaled = (_part(dates, part) - self.year_center) / self.year_spread
            out[:, place] = bend(np.where(missing, 0.0, np.clip(scaled, -1e300, 1e300)))
            place += 1
        if self.flag:
            out[:, place] = missing
        with np.errstate(invalid="ignore"):
            outside = (days < self.low) | (days > self.high)
        return Tally(missing=int(missing.sum()), outside=int(outside.sum()))


def fit_date(series: pl.Series, column: Column) -> DateEncoder:
    """Fit one date column on training rows.

    Parameters
    ----------
    series : polars.Series
        The training rows.
    column : Column

    Examples
    --------
    >>> days = pl.Series(["2011-01-01", "2011-01-02"])
    >>> fit_date(days, Column("day", "date")).feature_names
    ('day elapsed', 'day weekday sine', 'day weekday cosine')
    """
    dates = read_cells(series, column)
    gaps = dates.null_count()
    dates = dates.drop_nulls()
    if not len(dates):
        return DateEncoder(column, (), 0.0, 1.0, 0.0, 1.0, 0.0, 0.0, True, gaps)
    days, years = _days(dates), _part(dates, "year")
    clock = column.pattern.startswith("%H")
    parts = [] if clock or days.min() == days.max() else ["elapsed"]
    for part in DATE_PARTS[1:]:
        values = _part(dates, part)
        if values.min() != values.max():
            parts.append(part)
    return DateEncoder(
        column,
        tuple(parts),
        float(days.mean()),
        float(days.std()) or 1.0,
        float(years.mean()),
        float(years.std()) or 1.0,
        float(days.min()),
        float(days.max()),
        gaps > 0,
        gaps,
    )


def _days(dates: pl.Series) -> np.ndarray:
    """Return days since 1970 as float64, not a number where missing."""
    return dates.cast(pl.Int64).cast(pl.Float64).fill_null(float("nan")).to_numpy() / _DAY


def _part(dates: pl.Series, part: str) -> np.ndarray:
    """Return one part of the calendar or clock as float64, not a number where missing."""
    if part == "year":
        values = dates.dt.year().cast(pl.Float64)
    elif part == "month":
        values = dates.dt.month().cast(pl.Float64) - 1
    elif part == "weekday":
        values = dates.dt.weekday().cast(pl.Float64) - 1
    else:
        values = dates.dt.hour().cast(pl.Float64) + dates.dt.minute().cast(pl.Float64) / 60
    return values.fill_null(float("nan")).to_numpy()
