"""Reading the cells of a target column, where a cell is a label rather than an input."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import polars as pl

from descend.data.cells import as_text, is_missing, read_booleans, read_numbers, read_texts
from descend.data.columns import Column
from descend.data.numbers import MISSING, parse_numbers
from descend.errors import ColumnError, TargetError, did_you_mean

__all__ = [
    "NO_LABEL",
    "label_cells",
    "label_codes",
    "label_numbers",
    "missing_labels",
    "refuse_missing",
]

NO_LABEL = tuple(word for word in MISSING if word not in ("None", "-", "--"))
"""Spellings of a missing label. "None" and "-" spell a missing input, but are labels in their own
right: no finding, and the minus of a pair of signs."""


def label_cells(frame: pl.DataFrame, name: str, rows: np.ndarray | None = None) -> pl.Series:
    """Return the cells of a target, without blanks around text.

    Raises
    ------
    TargetError
        Where the table has no such column.

    Examples
    --------
    >>> label_cells(pl.DataFrame({"hue": [" red"]}), "hue").to_list()
    ['red']
    """
    if name not in frame.columns:
        raise TargetError(
            f'the table has no target column "{name}".{did_you_mean(name, frame.columns)}'
        )
    series = frame[name]
    return as_text(series if rows is None else series.gather(rows))


def missing_labels(series: pl.Series, column: Column | None = None) -> pl.Series:
    """Return where labels are missing; of numbers, where a column of numbers is given.

    Examples
    --------
    >>> missing_labels(pl.Series(["red", "None", ""])).to_list()
    [False, False, True]
    """
    if column is not None:
        return is_missing(series, column.missing)
    if series.dtype == pl.String:
        return series.is_null() | series.is_in(list(NO_LABEL)).fill_null(False)
    return is_missing(series)


def refuse_missing(missing: pl.Series, name: str, rows: np.ndarray | None) -> None:
    """Raise where a label is missing.

    Raises
    ------
    TargetError
        Names the first row without a label.

    Examples
    --------
    >>> refuse_missing(pl.Series([False, True]), "hue", None)
    Traceback (most recent call last):
        ...
    descend.errors.TargetError: target "hue", row 2: the label is missing (1 row has none)
    """
    if missing.any():
        place = int(missing.arg_max() or 0)
        row = place if rows is None else int(rows[place])
        count = int(missing.sum())
        many = "1 row has none" if count == 1 else f"{count:,} rows have none"
        raise TargetError(f'target "{name}", row {row + 1}: the label is missing ({many})')


def label_numbers(series: pl.Series, column: Column, rows: np.ndarray | None) -> np.ndarray:
    """Return numbers as float64.

    Raises
    ------
    TargetError
        Where a number is missing, or a cell is not a finite number.

    Examples
    --------
    >>> label_numbers(pl.Series(["1", "2.5"]), Column("price", "number"), None).tolist()
    [1.0, 2.5]
    """
    refuse_missing(missing_labels(series, column), column.name, rows)
    try:
        return read_numbers(series, column).to_numpy()
    except ColumnError as error:
        message = str(error).replace("column", "target", 1)
        if rows is not None:  # the row counted among those chosen says nothing to the reader
            message = message.replace(", row", ", chosen row", 1)
        raise TargetError(message) from None


def label_codes(series: pl.Series, classes: Sequence[str | int | float | bool]) -> pl.Series:
    """Return the place of each label among the classes as Int32; null where it is none of them.

    Examples
    --------
    >>> label_codes(pl.Series(["red", "green"]), ("blue", "red")).to_list()
    [1, None]
    """
    kind = type(classes[0])
    if kind is str:
        texts = read_texts(series, Column(series.name, "category")) if _typed(series) else series
        if series.dtype == pl.Boolean:  # the words of a boolean column, as the classes spell them
            words = {word.lower(): word for word in map(str, classes)}
            texts = texts.replace({word: words.get(word, word) for word in ("true", "false")})
        codes = texts.cast(pl.Enum([str(label) for label in classes]), strict=False)
        return codes.to_physical().cast(pl.Int32)
    if kind is bool:
        values, _ = read_booleans(series, Column(series.name, "boolean"))
        numbers = values.cast(pl.Float64)
    elif series.dtype == pl.String:
        numbers, _ = parse_numbers(series, missing=())
    else:
        numbers = series.cast(pl.Float64, strict=False)
    known = np.array([float(label) for label in classes])
    order = np.argsort(known)
    values = numbers.fill_null(float("nan")).to_numpy()
    place = np.minimum(np.searchsorted(known[order], values), len(known) - 1)
    found = known[order][place] == values
    codes = pl.Series(series.name, order[place].astype(np.int32))
    return codes.set(pl.Series(~found), None)


def _typed(series: pl.Series) -> bool:
    return series.dtype != pl.String
