"""The encoders of every kind of input column, and how one is fitted."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeAlias

from descend.data.columns import Column
from descend.data.encoders.array_encoder import ArrayEncoder
from descend.data.encoders.category import (
    BooleanEncoder,
    CategoryEncoder,
    fit_boolean,
    fit_category,
)
from descend.data.encoders.date import DateEncoder, fit_date
from descend.data.encoders.image import fit_image
from descend.data.encoders.number import NumberEncoder, fit_number
from descend.data.encoders.series import fit_series
from descend.data.encoders.sound import fit_sound
from descend.data.encoders.text import fit_text
from descend.errors import ColumnError

if TYPE_CHECKING:
    import polars as pl

__all__ = ["ENCODERS", "Encoder", "MatrixEncoder", "embedded", "fit_encoder"]

MatrixEncoder: TypeAlias = NumberEncoder | CategoryEncoder | BooleanEncoder | DateEncoder
"""Encoders that write into the matrix of numbers, or give one code to be embedded."""

Encoder: TypeAlias = MatrixEncoder | ArrayEncoder
ENCODERS = (NumberEncoder, CategoryEncoder, BooleanEncoder, DateEncoder, ArrayEncoder)

_ARRAY_FITS: dict[str, Callable[[Any, Column], ArrayEncoder]] = {
    "image": fit_image,
    "sound": fit_sound,
    "series": fit_series,
    "text": fit_text,
}
"""The fit of each kind of column that is an input of its own: (cells, column) -> encoder."""


def embedded(encoder: Encoder) -> bool:
    """Return whether a column is one code a row, for which the network learns an embedding."""
    return isinstance(encoder, CategoryEncoder) and encoder.style == "embedding"


def fit_encoder(series: pl.Series, column: Column, scale: str, onehot_limit: int) -> Encoder:
    """Fit the encoder of one column on its training cells.

    Parameters
    ----------
    series : polars.Series
    column : Column
    scale : {"standard", "minmax", "robust", "none"}
        How numbers are scaled.
    onehot_limit : int
        Categories with more values than this are embedded.
    """
    if column.kind == "number":
        return fit_number(series, column, scale)
    if column.kind == "boolean":
        return fit_boolean(series, column)
    if column.kind == "date":
        return fit_date(series, column)
    if column.kind == "category":
        return fit_category(series, column, onehot_limit=onehot_limit)
    if column.kind in _ARRAY_FITS:
        return _ARRAY_FITS[column.kind](series, column)
    raise ColumnError(f'column "{column.name}" is of kind {column.kind}, which is not read yet')
