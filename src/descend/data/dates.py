"""Dates and times in columns: which way they are written, and reading them.

Known ways, with or without a time of day: ISO (``2011-03-01``, ``2011-03-01T14:30:00Z``), slashes
and dots in any order (``2011/03/01``, ``1/3/2011``, ``01.03.11``), names of months (``1 Mar 2011``,
``March 1, 2011``); also a time of day alone (``14:30``) and a month alone (``2011-03``, which is
its first day). Whether ``1/3/2011`` is the first of March or the third of January is decided by the
whole column: one value above 12 settles it. Where nothing does, the day is taken first and the note
says so.
"""

from __future__ import annotations

import re

import polars as pl

from descend.data.columns import Column
from descend.errors import ColumnError

__all__ = ["find_pattern", "read_dates"]

_DAY = "1970-01-01 "
_SAMPLE = 1000
_WAYS = 8
_TIME = (
    r"(?:(?P<gap>[T ])(?P<minute>\d{1,2}:\d{2})(?P<second>:\d{2})?(?P<part>\.\d+)?"
    r"(?P<half> ?[AaPp][Mm])?(?P<zone> ?(?:Z|[+-]\d{2}:?\d{2}))?)?$"
)
_SHAPES = tuple(
    (re.compile(shape + _TIME), orders)
    for shape, orders in (
        (r"^\d{4}(?P<mark>[-/.])\d{1,2}(?P=mark)\d{1,2}", ("%Y{0}%m{0}%d",)),
        (r"^\d{1,2}(?P<mark>[-/.])\d{1,2}(?P=mark)\d{4}", ("%d{0}%m{0}%Y", "%m{0}%d{0}%Y")),
        (
            r"^\d{1,2}(?P<mark>[-/.])\d{1,2}(?P=mark)\d{2}",
            ("%d{0}%m{0}%y", "%m{0}%d{0}%y", "%y{0}%m{0}%d"),
        ),
        (r"^\d{1,2}(?P<mark>[- ])[A-Za-z]{3,9}(?P=mark)\d{4}", ("%d{0}%b{0}%Y", "%d{0}%B{0}%Y")),
        (r"^[A-Za-z]{3,9}(?P<mark> )\d{1,2}, \d{4}", ("%b %d, %Y", "%B %d, %Y")),
    )
)
_CLOCK = re.compile(r"^\d{1,2}:\d{2}(?P<second>:\d{2})?(?P<part>\.\d+)?$")
_MONTH = re.compile(r"^\d{4}(?P<mark>[-/])\d{1,2}$")


def find_pattern(text: pl.Series) -> tuple[str, str] | None:
    """Find how a column of dates is written.

    Parameters
    ----------
    text : polars.Series of String
        The cells that are not missing, without blanks around them; at least one.

    Returns
    -------
    pattern, note : str
        The pattern for `read_dates` and a phrase for the report; ``None`` where some cell is not
        a date in one common way.

    Examples
    --------
    >>> find_pattern(pl.Series(["3/4/2011", "13/4/2011"]))
    ('%d/%m/%Y', 'date, day/month/year')
    >>> find_pattern(pl.Series(["2011-04-03", "Tuesday"])) is None
    True
    """
    nothing = text.is_null()
    patterns = [
        pattern
        for pattern in _candidates(str(text[0]))
        if not _read(text.head(_SAMPLE), nothing.head(_SAMPLE), pattern)[1].any()
        and not _read(text, nothing, pattern)[1].any()
    ]
    if not patterns:
        return None
    pattern = patterns[0]
    if pattern.startswith("%H"):
        return pattern, "time of day"
    words = {"%d": "day", "%b": "month", "%B": "month", "%m": "month", "%y": "year", "%Y": "year"}
    order = re.findall(r"%[dbBmyY]", pattern)
    note = f"date, {'/'.join(words[letter] for letter in order)}"
    swapped = [other for other in patterns[1:] if "%b" not in other and "%B" not in other]
    if swapped and not _parse(text, pattern).equals(_parse(text, swapped[0])):
        note += " (the file does not settle the order: write 2011-03-01 to be sure)"
    return pattern, note


def read_dates(series: pl.Series, column: Column, missing: pl.Series, first_row: int) -> pl.Series:
    """Read a column of dates as date-times in microseconds, without time zone (UTC where given).

    Parameters
    ----------
    series : polars.Series
        Text without blanks around it, or dates, times and date-times.
    column : Column
        Says how dates are written as text.
    missing : polars.Series of Boolean
        Cells that are missing.
    first_row : int
        The number of the first row in the whole table, from 0; for messages.

    Returns
    -------
    polars.Series of Datetime("us")
        Null where the cell is missing.

    Raises
    ------
    ColumnError
        Where a cell is not a date, or is written another way than in training.
    """
    dtype = series.dtype
    if isinstance(dtype, pl.Datetime):
        if dtype.time_zone is not None:
            series = series.dt.convert_time_zone("UTC").dt.replace_time_zone(None)
        return series.cast(pl.Datetime("us"))
    if dtype == pl.Date:
        return series.cast(pl.Datetime("us"))
    if dtype == pl.Time:
        return (series.cast(pl.Int64) // 1000).cast(pl.Datetime("us"))
    if dtype != pl.String:
        raise ColumnError(f'column "{column.name}" must hold dates, got {dtype} values')
    values, bad = _read(series, missing, column.pattern)
    if not bad.any():
        return values
    row = bad.arg_max() or 0
    written = f" written like {column.pattern}" if column.pattern else ""
    where = f'column "{column.name}", row {first_row + row + 1}'
    raise ColumnError(
        f'{where}: "{series[row]}" is not a date{written}. '
        "Correct the cell, or leave it empty (missing)."
    )


def _read(text: pl.Series, missing: pl.Series, pattern: str) -> tuple[pl.Series, pl.Series]:
    """Parse text by a pattern, and what is left as ISO; return the dates, and what is no date.

    Files mix ways of ISO (with and without a time of day), and no other way is as clear.
    """
    values = _parse(text, pattern or "%Y-%m-%d")
    bad = values.is_null() & ~missing
    for _ in range(_WAYS):
        if not bad.any():
            break
        ways = _candidates(text[int(bad.arg_max() or 0)])
        if not ways or not ways[0].startswith("%Y"):
            break
        values = values.zip_with(values.is_not_null(), _parse(text, ways[0]))
        left = values.is_null() & ~missing
        if left.sum() == bad.sum():
            break
        bad = left
    return values, bad


def _candidates(value: str) -> list[str]:
    """Return the patterns that one cell may be written in, the likelier ones first."""
    clock = _CLOCK.match(value)
    if clock:
        return ["%H:%M" + (":%S%.f" if clock["second"] else "")]
    month = _MONTH.match(value)
    if month:
        return [f"%Y{month['mark']}%m"]
    for shape, orders in _SHAPES:
        found = shape.match(value)
        if found:
            return [order.format(found["mark"]) + _time_pattern(found) for order in orders]
    return []


def _time_pattern(found: re.Match[str]) -> str:
    if not found["minute"]:
        return ""
    pattern = found["gap"] + ("%I:%M" if found["half"] else "%H:%M")
    if found["second"]:
        pattern += ":%S%.f"
    if found["half"]:
        pattern += " %p" if found["half"].startswith(" ") else "%p"
    if found["zone"]:
        pattern += " %z" if found["zone"].startswith(" ") else "%z"
    return pattern


def _parse(text: pl.Series, pattern: str) -> pl.Series:
    """Parse text by one pattern; null where it does not fit."""
    if pattern.startswith("%H"):
        text, pattern = _DAY + text, "%Y-%m-%d " + pattern
    if pattern.endswith("%m"):
        text, pattern = text + pattern[2] + "01", pattern + pattern[2] + "%d"
    if pattern.endswith("%z"):
        text = text.str.replace("Z$", "+00:00")
    parsed = text.str.to_datetime(pattern, strict=False, time_unit="us")
    if parsed.dtype != pl.Datetime("us"):
        parsed = parsed.dt.convert_time_zone("UTC").dt.replace_time_zone(None)
    return parsed
