"""The clock of a series: how far apart its steps are, and which step a time is.

A step is some seconds, months, working days, or a number; without a column of times, a row. Times
that lie on no such grid are refused: a forecast "three steps ahead" would mean nothing.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl

from descend.data.columns import Column
from descend.data.fields import check_flag
from descend.errors import ColumnError, SpecError
from descend.spec import Spec, check_choice, check_number, check_spec

__all__ = ["Clock", "DAY", "UNITS", "fit_clock"]

UNITS = ("row", "number", "second", "weekday", "month")
"""What a step is counted in; a weekday is a working day, Monday to Friday."""

DAY = 86_400.0
_MICRO = 1e6
_OFF_GRID = 0.1
"""Shares of a step by which times may differ from the grid."""


@dataclass(frozen=True)
class Clock(Spec):
    """The steps of a series: step k is at ``start + k stride``.

    Parameters
    ----------
    unit : one of `UNITS`
    stride : float
        Seconds, months, working days or numbers of a step.
    start : float
        The time of step 0: microseconds since 1970, or a number.
    time : Column, optional
        How times are written; None where rows are counted.
    month_end : bool
        Whether each month is dated by its last day.

    Examples
    --------
    >>> days = Clock("second", DAY, 0.0, Column("day", "date", pattern="%d.%m.%Y"))
    >>> days.describe(), days.times(np.array([0, 31])).to_list()
    ('1 day', ['01.01.1970', '01.02.1970'])
    """

    unit: str
    stride: float
    start: float
    time: Column | None = None
    month_end: bool = False

    def __post_init__(self) -> None:
        check_choice(self, "unit", UNITS)
        check_number(self, "stride", above=0.0)
        check_number(self, "start", at_least=-1e18, at_most=1e18)
        if (self.time is None) != (self.unit == "row"):
            raise SpecError("Clock: a column of times goes with every unit but rows")
        if self.time is not None:
            check_spec(self, "time", Column)
        if self.unit in ("month", "weekday") and self.stride not in range(1, 12_001):
            raise SpecError(f"Clock: stride must be whole {self.unit}s, got {self.stride!r}")
        check_flag(self, "month_end")

    def describe(self) -> str:
        """Return how long a step is."""
        size, unit = self.stride, self.unit
        if unit == "second":
            for name, seconds in (("week", 7 * DAY), ("day", DAY), ("hour", 3600), ("minute", 60)):
                if size >= seconds and size % seconds == 0:
                    size, unit = size / seconds, name
                    break
        if unit == "month" and size % 12 == 0:
            size, unit = size / 12, "year"
        if unit == "number":
            return f"{size:g}"
        name = {"weekday": "working day"}.get(unit, unit)
        return f"{size:g} {name}" + ("" if size == 1 else "s")

    def positions(self, times: np.ndarray) -> np.ndarray:
        """Return the step of each time, int64.

        Raises
        ------
        ColumnError
            Where a time lies between steps; names the row.
        """
        exact = _exact(times, self.unit, self.start) / self.stride
        steps = np.round(exact)
        off = np.abs(exact - steps) > _OFF_GRID
        if self.unit in ("month", "weekday"):
            off |= _off_days(times, self)
        if off.any():
            row = int(np.argmax(off))
            raise ColumnError(
                f"{self._where(row)} is between steps: the times of the series are "
                f"{self.describe()} apart, from {self._said(self.start)} on. Put the numbers at "
                "equal steps first"
            )
        return steps.astype(np.int64)

    def times(self, positions: np.ndarray) -> pl.Series:
        """Return the times of steps, written as the column writes them."""
        steps = np.asarray(positions, np.int64)
        name = "row" if self.time is None else self.time.name
        if self.unit in ("row", "number"):
            numbers = self.start + steps * self.stride
            whole = bool(np.all(numbers == np.round(numbers)))
            return pl.Series(name, numbers.astype(np.int64) if whole else numbers)
        start = np.int64(self.start).astype("datetime64[us]")
        if self.unit == "second":
            moments = start + np.round(steps * self.stride * _MICRO).astype("timedelta64[us]")
        elif self.unit == "weekday":
            day = start.astype("datetime64[D]")
            days = np.busday_offset(day, steps * int(self.stride))
            moments = days.astype("datetime64[us]") + (start - day)
        else:
            month = start.astype("datetime64[M]")
            months = month + steps * int(self.stride)
            within = start - month.astype("datetime64[us]")
            moments = months.astype("datetime64[us]") + within
            if self.month_end:
                moments = (months + 1).astype("datetime64[D]") - np.timedelta64(1, "D")
        series = pl.Series(name, moments.astype("datetime64[us]"))
        if self.time is not None and self.time.pattern:
            return series.dt.strftime(self.time.pattern).alias(name)
        midnight = bool((series.dt.time() == pl.Series([0]).cast(pl.Time)[0]).all())
        return series.dt.date().alias(name) if midnight else series

    def _where(self, row: int) -> str:
        name = "" if self.time is None else self.time.name
        return f'time "{name}", row {row + 1:,}'

    def _said(self, time: float) -> str:
        return str(self.replace(start=time).times(np.zeros(1))[0])

    def seasons(self) -> tuple[int, ...]:
        """Return the steps of a day, a week and a year, where they are whole and at least 2."""
        if self.unit == "month":
            found = [12 / self.stride]
        elif self.unit == "weekday":
            found = [5 / self.stride, 261 / self.stride]
        elif self.unit == "second":
            found = [DAY / self.stride, 7 * DAY / self.stride, 365.25 * DAY / self.stride]
        else:
            found = []
        near = [round(steps) for steps in found if steps >= 2 and abs(steps - round(steps)) < 0.3]
        return tuple(dict.fromkeys(near))


def _exact(times: np.ndarray, unit: str, start: float) -> np.ndarray:
    """Return how many units after the start each time is."""
    if unit in ("row", "number"):
        return times - start
    if unit == "second":
        return (times - start) / _MICRO
    days = times.astype(np.int64).astype("datetime64[us]")
    first = np.int64(start).astype("datetime64[us]")
    if unit == "month":
        months = days.astype("datetime64[M]") - first.astype("datetime64[M]")
        return months.astype(np.int64).astype(float)
    return np.busday_count(first.astype("datetime64[D]"), days.astype("datetime64[D]")).astype(
        float
    )


def _off_days(times: np.ndarray, clock: Clock) -> np.ndarray:
    """Return where a day is not the one that its month, or its week, should have."""
    days = times.astype(np.int64).astype("datetime64[us]").astype("datetime64[D]")
    if clock.unit == "weekday":
        return ~np.is_busday(days)
    if clock.month_end:
        return (days + 1).astype("datetime64[M]") == days.astype("datetime64[M]")
    first = np.int64(clock.start).astype("datetime64[us]").astype("datetime64[D]")
    return _of_month(days) != _of_month(first)


def _of_month(days: np.ndarray) -> np.ndarray:
    """Return the day of the month, from 0."""
    return (days - days.astype("datetime64[M]").astype("datetime64[D]")).astype(np.int64)


def fit_clock(times: np.ndarray, starts: np.ndarray, column: Column) -> Clock:
    """Find the clock of a column of times.

    Parameters
    ----------
    times : float array
        Numbers, or microseconds since 1970; within each series increasing, without doubles.
    starts : bool array
        Where a series begins.
    column : Column
        Of kind date or number.

    Raises
    ------
    ColumnError
        Where no two times belong to one series.
    """
    gaps = np.diff(times)[~starts[1:]]
    if not len(gaps):
        raise ColumnError(
            f'time "{column.name}": every series has a single time, so there is no step from one '
            "to the next. Several series are told apart by --group"
        )
    start = float(times.min())
    usual = _usual(gaps)
    if column.kind == "number":
        return Clock("number", usual, start, column)
    seconds = usual / _MICRO
    days = np.unique(times.astype(np.int64).astype("datetime64[us]").astype("datetime64[D]"))
    if seconds >= 28 * DAY:
        ends = bool(np.all((days + 1).astype("datetime64[M]") > days.astype("datetime64[M]")))
        same = len(np.unique(_of_month(days))) == 1
        if same or ends:
            months = max(1, round(seconds / (30.44 * DAY)))
            return Clock("month", float(months), start, column, month_end=ends and not same)
    if seconds == DAY and len(days) >= 10 and bool(np.all(np.is_busday(days))):
        return Clock("weekday", 1.0, start, column)
    return Clock("second", seconds, start, column)


def _usual(gaps: np.ndarray) -> float:
    """Return the most frequent gap; of equally frequent ones the smallest."""
    values, counts = np.unique(gaps, return_counts=True)
    return float(values[np.argmax(counts)])
