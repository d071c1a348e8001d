"""Categories and yes-or-no columns into network inputs: one-hot, codes for an embedding, or ±1."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import polars as pl

from descend.data.cells import read_booleans, read_texts
from descend.data.columns import Column
from descend.data.fields import check_flag, check_words
from descend.data.notes import Tally
from descend.spec import Spec, check_choice, check_integer, check_spec

__all__ = ["BooleanEncoder", "CategoryEncoder", "MOST_CATEGORIES", "fit_boolean", "fit_category"]

MOST_CATEGORIES = 50_000
"""A column keeps its most frequent values up to this many; the rest share one code."""

_STYLES = ("onehot", "embedding")


@dataclass(frozen=True)
class CategoryEncoder(Spec):
    """A fitted category column.

    Codes: 0 is every value that was not learned (never seen, or too rare in the training rows),
    then one code for missing where training had gaps, then one for each value. A one-hot column
    has an input for each value, one for missing, and one for code 0 where training had rare
    values; where it had none, a new value gives zeros.

    Parameters
    ----------
    column : Column
    style : {"onehot", "embedding"}
    values : tuple of str
        The values learned, sorted.
    flag : bool
        Whether missing is a value of its own, because training had gaps.
    other : bool
        Whether training had values too rare to learn.
    gaps : int
        The number of missing cells in the training rows.
    """

    column: Column
    style: str
    values: tuple[str, ...]
    flag: bool
    other: bool
    gaps: int

    def __post_init__(self) -> None:
        check_spec(self, "column", Column)
        check_choice(self, "style", _STYLES)
        check_words(self, "values")
        check_flag(self, "flag")
        check_flag(self, "other")
        check_integer(self, "gaps", at_least=0)

    @property
    def cardinality(self) -> int:
        """The number of codes, 0 included."""
        return 1 + self.flag + len(self.values)

    @property
    def width(self) -> int:
        """How many inputs of the matrix of numbers the column becomes."""
        return 0 if self.style == "embedding" else len(self.values) + self.flag + self.other

    @property
    def feature_names(self) -> tuple[str, ...]:
        """The name of each input."""
        if self.style == "embedding":
            return ()
        name = self.column.name
        extra = [f"{name} missing"] if self.flag else []
        extra += [f"{name} other"] if self.other else []
        return (*(f"{name}={value}" for value in self.values), *extra)

    @property
    def fill_note(self) -> str:
        """What a missing cell becomes, for the report."""
        return "a value of their own" if self.flag else "taken as other (none in training)"

    @property
    def range_note(self) -> tuple[str, str]:
        """Categories have no range."""
        return "", ""

    @cached_property
    def _enum(self) -> pl.Enum:
        return pl.Enum(list(self.values))

    def codes(self, series: pl.Series) -> tuple[np.ndarray, Tally]:
        """Return the code of each row as int32, and what was met."""
        texts = read_texts(series, self.column)
        missing = texts.is_null()
        found = texts.cast(self._enum, strict=False)
        unseen = found.is_null() & ~missing
        codes = (found.to_physical().cast(pl.Int32) + (1 + self.flag)).fill_null(0).to_numpy()
        if self.flag and missing.any():
            codes = np.where(missing.to_numpy(), np.int32(1), codes)
        examples: tuple[str, ...] = ()
        count = int(unseen.sum())
        if count:
            examples = tuple(texts.filter(unseen).unique(maintain_order=True).head(3))
        return codes, Tally(missing=int(missing.sum()), unseen=count, examples=examples)

    def encode(self, series: pl.Series, out: np.ndarray, first_row: int = 0) -> Tally:
        """Write the one-hot inputs of some rows into `out`, float32 of shape (rows, width)."""
        codes, tally = self.codes(series)
        # From the code to its place among the inputs: values, then missing, then other.
        places = np.full(self.cardinality, -1)
        places[1 + self.flag :] = np.arange(len(self.values))
        if self.flag:
            places[1] = len(self.values)
        if self.other:
            places[0] = len(self.values) + self.flag
        place = places[codes]
        out[:] = 0.0
        rows = np.flatnonzero(place >= 0)
        out[rows, place[rows]] = 1.0
        return tally


@dataclass(frozen=True)
class BooleanEncoder(Spec):
    """A fitted yes-or-no column: 1 for yes, -1 for no, 0 for missing, and a flag for gaps.

    Parameters
    ----------
    column : Column
    flag : bool
        Whether a further input is 1 where the value is missing; so where training had gaps.
    gaps : int
        The number of missing cells in the training rows.
    """

    column: Column
    flag: bool
    gaps: int

    def __post_init__(self) -> None:
        check_spec(self, "column", Column)
        check_flag(self, "flag")
        check_integer(self, "gaps", at_least=0)

    @property
    def width(self) -> int:
        """How many inputs of the network the column becomes."""
        return 1 + self.flag

    @property
    def feature_names(self) -> tuple[str, ...]:
        """The name of each input."""
        name = self.column.name
        return (name, f"{name} missing") if self.flag else (name,)

    @property
    def fill_note(self) -> str:
        """What a missing cell becomes, for the report."""
        return "taken as neither yes nor no"

    @property
    def range_note(self) -> tuple[str, str]:
        """Yes and no have no range."""
        return "", ""

    def encode(self, series: pl.Series, out: np.ndarray, first_row: int = 0) -> Tally:
        """Write the inputs of some rows into `out`, float32 of shape (rows, width)."""
        values, unknown = read_booleans(series, self.column)
        missing = values.is_null() & ~unknown
        signs = values.cast(pl.Float32) * 2 - 1
        out[:, 0] = signs.fill_null(0.0).to_numpy()
        if self.flag:
            out[:, 1] = missing.to_numpy()
        count = int(unknown.sum())
        examples: tuple[str, ...] = ()
        if count:
            texts = read_texts(series, self.column).filter(unknown)
            examples = tuple(texts.unique(maintain_order=True).head(3))
        return Tally(missing=int(missing.sum()), unseen=count, examples=examples)


def fit_category(series: pl.Series, column: Column, *, onehot_limit: int = 16) -> CategoryEncoder:
    """Fit one category column on training rows.

    A value needs at least two rows to be learned; where more than `onehot_limit` values have
    that, at least one row in a thousand, though never more than five rows.

    Parameters
    ----------
    series : polars.Series
        The training rows.
    column : Column
    onehot_limit : int
        Up to so many values become one input each; more become codes for an embedding.

    Examples
    --------
    >>> hues = pl.Series(["red", "blue", "red", "blue", "green", None])
    >>> fitted = fit_category(hues, Column("hue", "category"))
    >>> fitted.feature_names
    ('hue=blue', 'hue=red', 'hue missing', 'hue other')
    """
    texts = read_texts(series, column).alias("value")
    gaps = texts.null_count()
    counts = texts.drop_nulls().value_counts()
    often = counts.filter(pl.col("count") >= 2)
    if len(often) > onehot_limit:
        least = min(max(2, len(series) // 1000), 5)
        often = often.filter(pl.col("count") >= least)
    style = "onehot" if len(often) <= onehot_limit else "embedding"
    kept = often.sort(["count", "value"], descending=[True, False]).head(MOST_CATEGORIES)
    values = tuple(sorted(kept["value"]))
    # Where no value is learned and none is missing, "other" would be the same in every row.
    other = len(values) < len(counts) and (bool(values) or gaps > 0)
    return CategoryEncoder(column, style, values, gaps > 0, other, gaps)


def fit_boolean(series: pl.Series, column: Column) -> BooleanEncoder:
    """Fit one yes-or-no column on training rows.

    Examples
    --------
    >>> fit_boolean(pl.Series(["yes", None]), Column("member", "boolean")).width
    2
    """
    values, unknown = read_booleans(series, column)
    gaps = values.null_count() - int(unknown.sum())
    return BooleanEncoder(column, gaps > 0, gaps)
