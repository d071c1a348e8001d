"""Reading the cells of one column by its kind: numbers, texts, yes or no, dates.

Training, prediction, fingerprints and checks all read cells here, so that a cell means the same to
all of them, whether it came as text or typed. Blanks around text never count. A cell that cannot
be read as what its column is raises an error that names the row and the value: nothing is guessed.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import polars as pl

from descend.data.columns import Column
from descend.data.dates import read_dates
from descend.data.numbers import MISSING, parse_numbers
from descend.errors import ColumnError

__all__ = [
    "FALSE_WORDS",
    "TRUE_WORDS",
    "as_text",
    "is_missing",
    "read_booleans",
    "read_cells",
    "read_numbers",
    "read_texts",
    "typed_frame",
]

TRUE_WORDS = ("true", "yes", "t", "y", "on", "1")
"""Words for yes in a boolean column, in any case."""

FALSE_WORDS = ("false", "no", "f", "n", "off", "0")
"""Words for no in a boolean column, in any case."""


def as_text(series: pl.Series) -> pl.Series:
    """Return text cells without blanks around them; typed cells as they are.

    Categories become text. Whole numbers are not touched.

    Examples
    --------
    >>> as_text(pl.Series([" a", "b "])).to_list()
    ['a', 'b']
    """
    if isinstance(series.dtype, pl.Categorical | pl.Enum):
        series = series.cast(pl.String)
    return series.str.strip_chars() if series.dtype == pl.String else series


def is_missing(series: pl.Series, extra: Sequence[str] = ()) -> pl.Series:
    """Return where cells are missing: null, not a number, or a spelling of missing.

    Parameters
    ----------
    series : polars.Series
        As `as_text` returns it.
    extra : sequence of str
        Spellings of missing beside `descend.data.numbers.MISSING`.

    Examples
    --------
    >>> is_missing(pl.Series(["a", "NA", None])).to_list()
    [False, True, True]
    """
    if series.dtype == pl.String:
        return series.is_null() | series.is_in([*MISSING, *extra]).fill_null(False)
    if series.dtype.is_float():
        return series.is_null() | series.is_nan().fill_null(False)
    return series.is_null()


def read_numbers(series: pl.Series, column: Column, first_row: int = 0) -> pl.Series:
    """Read a column of numbers; null where missing.

    Parameters
    ----------
    series : polars.Series
    column : Column
    first_row : int
        The number of the first row in the whole table, from 0; for messages.

    Returns
    -------
    polars.Series of Float64
        Finite numbers and nulls.

    Raises
    ------
    ColumnError
        Where a cell is not a finite number.

    Examples
    --------
    >>> read_numbers(pl.Series(["1.5", "NA"]), Column("mass", "number")).to_list()
    [1.5, None]
    """
    series = as_text(series)
    dtype = series.dtype
    if dtype == pl.String:
        values, bad = parse_numbers(
            series,
            column.decimal,
            thousands=column.thousands,
            missing=(*MISSING, *column.missing),
        )
        if bad.any():
            raise _refusal(series, bad, column, first_row, "is not a number")
    elif isinstance(dtype, pl.Duration):
        values = series.dt.total_microseconds().cast(pl.Float64) / 1e6
    elif dtype.is_numeric() or dtype in (pl.Boolean, pl.Null):
        values = series if dtype == pl.Float64 else series.cast(pl.Float64)
        values = values.fill_nan(None) if dtype.is_float() else values
    else:
        raise ColumnError(f'column "{column.name}" must hold numbers, got {dtype} values')
    if np.isinf(values.to_numpy()).any():
        infinite = values.is_infinite().fill_null(False)
        why = "is infinite, and a network needs finite numbers"
        raise _refusal(series, infinite, column, first_row, why)
    return values


def read_texts(series: pl.Series, column: Column) -> pl.Series:
    """Read a column of categories as text; null where missing.

    Whole numbers are written without a point, so that 1 and 1.0 are one category.

    Examples
    --------
    >>> read_texts(pl.Series([1.0, 2.5, None]), Column("code", "category")).to_list()
    ['1', '2.5', None]
    """
    series = as_text(series)
    dtype = series.dtype
    if dtype == pl.String:
        return series.set(is_missing(series, column.missing), None)
    if dtype.is_float():
        whole = series.cast(pl.Int64, strict=False)
        is_whole = (whole.cast(pl.Float64) == series.cast(pl.Float64)).fill_null(False)
        texts = series.fill_nan(None).cast(pl.String)
        return whole.cast(pl.String).zip_with(is_whole, texts)
    if dtype.is_nested() or dtype in (pl.Binary, pl.Object):
        raise ColumnError(f'column "{column.name}" must hold categories, got {dtype} values')
    return series.cast(pl.String)


def read_booleans(series: pl.Series, column: Column) -> tuple[pl.Series, pl.Series]:
    """Read a column of yes and no.

    Returns
    -------
    values : polars.Series of Boolean
        Null where missing, or neither yes nor no.
    unknown : polars.Series of Boolean
        Where a cell is neither yes nor no, nor missing.

    Examples
    --------
    >>> values, unknown = read_booleans(pl.Series(["Yes", "no", "maybe"]), Column("a", "boolean"))
    >>> values.to_list(), unknown.to_list()
    ([True, False, None], [False, False, True])
    """
    texts = series if series.dtype == pl.Boolean else read_texts(series, column)
    if texts.dtype == pl.Boolean:
        return texts, texts.is_null() & False
    words = texts.str.to_lowercase()
    yes = words.is_in(list(TRUE_WORDS))
    known = yes | words.is_in(list(FALSE_WORDS))
    unknown = ~known.fill_null(True)
    return yes.set(unknown, None), unknown


def read_cells(series: pl.Series, column: Column, first_row: int = 0) -> pl.Series:
    """Read a column by its kind: Float64, String, Boolean or Datetime, null where missing.

    Columns that are no inputs, and the time, weight and group columns, come back as they are.
    """
    if column.kind == "number":
        return read_numbers(series, column, first_row)
    if column.kind == "date":
        series = as_text(series)
        return read_dates(series, column, is_missing(series, column.missing), first_row)
    if column.kind == "boolean":
        return read_booleans(series, column)[0]
    if column.kind in ("category", "series", "text"):
        return read_texts(series, column)
    return series


def typed_frame(frame: pl.DataFrame, columns: Sequence[Column]) -> pl.DataFrame:
    """Return the table with numbers and dates parsed, which makes later reading quick.

    Parameters
    ----------
    frame : polars.DataFrame
    columns : sequence of Column
        What `descend.data.columns.infer_columns` returned.

    Returns
    -------
    polars.DataFrame
        A new table, with the same columns. Texts stay as they are.

    Raises
    ------
    ColumnError
        Where a cell is not what its column is.

    Examples
    --------
    >>> typed_frame(pl.DataFrame({"a": ["1", ""]}), [Column("a", "number")])["a"].to_list()
    [1.0, None]
    """
    there = set(frame.columns)  # asked of the frame, names and types cost time for every column
    typed = [
        read_cells(frame[column.name], column).alias(column.name)
        for column in columns
        if column.kind in ("number", "date")
        and column.name in there
        and not frame[column.name].dtype.is_numeric()
    ]
    return frame.with_columns(typed)


def _refusal(
    series: pl.Series, bad: pl.Series, column: Column, first_row: int, why: str
) -> ColumnError:
    row = int(bad.arg_max() or 0)
    count = int(bad.sum())
    others = f" ({count:,} such cells)" if count > 1 else ""
    return ColumnError(
        f'column "{column.name}", row {first_row + row + 1}: "{series[row]}" {why}{others}. '
        "Correct the cell, leave it empty (missing), or drop the column."
    )
