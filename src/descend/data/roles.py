"""Columns that are no inputs but steer training: weights, groups, times and parts of rows."""

from __future__ import annotations

from typing import Any

import numpy as np
import polars as pl

from descend.data.cells import as_text, is_missing, read_cells, read_numbers, read_texts
from descend.data.columns import Column
from descend.data.inference import infer_column
from descend.errors import ColumnError

__all__ = ["PART_WORDS", "row_groups", "row_parts", "row_times", "row_weights"]

PART_WORDS = {
    "train": 0, "training": 0,
    "validation": 1, "valid": 1, "val": 1, "dev": 1,
    "test": 2, "testing": 2,
}  # fmt: skip
"""What the cells of a column that splits the rows may say, in any case; empty is train."""


HEAVIEST = 1e30
"""The largest weight of a row is at most this, and at least its inverse: sums stay in float32."""


def row_weights(frame: pl.DataFrame, name: str, decimal: str = ".") -> np.ndarray:
    """Return the weight of each row as float64.

    Raises
    ------
    ColumnError
        Where a weight is missing, negative or not a number, all are zero, or the largest is too
        large or too small for float32 (see `HEAVIEST`).

    Examples
    --------
    >>> row_weights(pl.DataFrame({"w": ["1", "0.5"]}), "w").tolist()
    [1.0, 0.5]
    """
    values = read_numbers(frame[name], Column(name, "weight", decimal=decimal))
    for bad, what in ((values.is_null(), "is missing"), (values < 0, "is negative")):
        if bad.any():
            row = int(bad.arg_max() or 0)
            raise ColumnError(
                f'weight "{name}", row {row + 1} {what}: each row needs a weight of 0 or more'
            )
    if not (values > 0).any():
        raise ColumnError(f'weight "{name}" is 0 in every row: some row must count')
    largest: Any = values.max()
    if not 1 / HEAVIEST <= largest <= HEAVIEST:
        row = int(values.arg_max() or 0)
        raise ColumnError(
            f'weight "{name}", row {row + 1}: the largest weight is {largest:g}, beyond what a '
            f"network computes with ({1 / HEAVIEST:g} to {HEAVIEST:g}). Divide all weights by the "
            "same number: only their ratios count"
        )
    return values.to_numpy()


def row_groups(frame: pl.DataFrame, name: str) -> np.ndarray:
    """Return the group of each row as int64; a row without a value is a group of its own.

    Examples
    --------
    >>> row_groups(pl.DataFrame({"g": ["b", None, "a", "b", None]}), "g").tolist()
    [1, 2, 0, 1, 3]
    """
    texts = read_texts(frame[name], Column(name, "group"))
    ranks = texts.rank("dense").cast(pl.Int64) - 1
    missing = ranks.is_null().to_numpy()
    groups = ranks.fill_null(0).to_numpy().copy()
    groups[missing] = (int(groups.max(initial=-1)) + 1) + np.arange(int(missing.sum()))
    return groups


def row_times(frame: pl.DataFrame, name: str, decimal: str = ".") -> np.ndarray:
    """Return the time of each row as float64: microseconds of dates, or numbers as they are.

    Not a number where the time is missing.

    Raises
    ------
    ColumnError
        Where the column holds neither dates nor numbers.

    Examples
    --------
    >>> row_times(pl.DataFrame({"t": ["1970-01-02", "1970-01-01"]}), "t").tolist()
    [86400000000.0, 0.0]
    """
    series = frame[name]
    column = infer_column(series, decimal=decimal, identifiers=False)
    if column.kind == "constant":
        raise ColumnError(f'time "{name}": {column.note}, so it puts no row before another')
    if column.kind not in ("date", "number"):
        text = as_text(series)
        first = text.filter(~is_missing(text))[0]
        raise ColumnError(f'time "{name}" must hold dates or numbers, got for instance "{first}"')
    values = read_cells(series, column)
    numbers = values.cast(pl.Int64) if column.kind == "date" else values
    return numbers.cast(pl.Float64).fill_null(float("nan")).to_numpy()


def row_parts(frame: pl.DataFrame, name: str) -> np.ndarray:
    """Return the part that each row is put into, as int8: 0 train, 1 validation, 2 test.

    Raises
    ------
    ColumnError
        Where a cell is none of `PART_WORDS`, or no row trains.

    Examples
    --------
    >>> row_parts(pl.DataFrame({"part": ["train", "Test", None, "val"]}), "part").tolist()
    [0, 2, 0, 1]
    """
    words = read_texts(frame[name], Column(name, "split")).fill_null("train").str.to_lowercase()
    unknown = ~words.is_in(list(PART_WORDS))
    if unknown.any():
        row = int(unknown.arg_max() or 0)
        raise ColumnError(
            f'split "{name}", row {row + 1} says "{words[row]}": each row needs train, validation '
            "or test"
        )
    parts = words.replace_strict(PART_WORDS, return_dtype=pl.Int8).to_numpy()
    if parts.all():
        raise ColumnError(f'split "{name}" has no row of train: nothing is left to learn from')
    return parts
