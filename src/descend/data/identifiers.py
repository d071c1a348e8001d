"""Telling row identifiers (which only number the rows) from measurements.

An identifier lets a network learn rows by heart and helps with no new row, so it is left out, and
the report says so. Leaving out a measurement would be worse, so a column of numbers counts as an
identifier only where

- it runs 0, 1, 2 ... or 1, 2, 3 ... in the order of the file (ten rows and more), or
- it is whole, different in every row, and either named like an identifier (``customer_id``), or
  uses most numbers of its range (a shuffled 1 to n; fifty rows and more), or grows evenly along
  the file (a filtered 1 to n; fifty rows and more).

Numbers with a fraction never are. Columns named for a date, time or age never are. A column of text
is an identifier where it differs in every one of twenty rows and more, or of fewer where it is
named like one.
"""

from __future__ import annotations

import re

import numpy as np
import polars as pl

__all__ = ["named_identifier", "number_identifier", "text_identifier"]

_NAMED = re.compile(
    r"(?i)^(?:id|ids|uid|uuid|guid|key|index|row|row[ _.]?(?:id|names?|nr|no|num|number)|"
    r"record|serial|unnamed: ?\d+|.*[ _.-](?:id|uuid|guid|key|index)|id[ _.-].*)$"
)
_CAMEL = re.compile(r"^.*[a-z](?:Id|ID)$")
_TIMED = re.compile(r"(?i)(?:year|date|time|month|day|age|hour|minute|second|epoch)")


def named_identifier(name: str) -> bool:
    """Whether a column is named like an identifier.

    Examples
    --------
    >>> [named_identifier(name) for name in ("customerID", "row_names", "width", "humid")]
    [True, True, False, False]
    """
    return bool(_NAMED.match(name) or _CAMEL.match(name))


def text_identifier(name: str, rows: int) -> str | None:
    """Return why a text that differs in every row is an identifier, or None.

    Examples
    --------
    >>> text_identifier("customerID", 5)
    'row identifier: different in every row'
    """
    if rows >= 20 or (rows >= 3 and named_identifier(name)):
        return "row identifier: different in every row"
    return None


def number_identifier(series: pl.Series, name: str, rows: int) -> str | None:
    """Return why a column of numbers is an identifier, or None.

    Parameters
    ----------
    series : polars.Series
        Numbers, as text or typed.
    name : str
    rows : int
        The number of rows; an identifier has no gaps.

    Examples
    --------
    >>> number_identifier(pl.Series(range(1, 21)), "n", 20)
    'row identifier: 1 to 20 in order'
    >>> number_identifier(pl.Series([3, 9, 4]), "weight", 3) is None
    True
    """
    named = named_identifier(name)
    if rows < 3 or series.null_count() or (_TIMED.search(name) and not named):
        return None
    whole = _whole(series)
    if whole is None:
        return None
    values = whole.to_numpy()
    low, high = int(values.min()), int(values.max())
    steps = np.diff(values)
    if rows >= (3 if named else 10) and values[0] in (0, 1) and (steps == 1).all():
        return f"row identifier: {low} to {high} in order"
    # A typed column with a fraction type, or 1.0, is more likely a measurement.
    if series.dtype.is_float() or (not named and rows < 50) or whole.n_unique() < rows:
        return None
    if named:
        return "row identifier: different in every row"
    if high - low < 2 * rows:
        return f"row identifier: different in every row, most of {low} to {high}"
    if (steps > 0).all() or (steps < 0).all():
        even = np.linspace(float(values[0]), float(values[-1]), rows)
        if float(np.abs(values - even).max()) < 0.1 * (high - low):
            return "row identifier: grows evenly along the file"
    return None


def _whole(series: pl.Series) -> pl.Series | None:
    """Return whole numbers as Int64, or None where there is a fraction or a gap."""
    dtype = series.dtype
    if dtype == pl.String:
        if series.head(100).str.contains(r"[^0-9+-]").any():
            return None
        whole = series.cast(pl.Int64, strict=False)
    elif dtype.is_integer():
        whole = series.cast(pl.Int64, strict=False)
    elif dtype.is_float():
        head = series.head(100)
        if not (head.floor() == head).all() or not (series.floor() == series).all():
            return None
        whole = series.cast(pl.Int64, strict=False)
    else:
        return None
    return None if whole.null_count() else whole
