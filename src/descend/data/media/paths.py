"""Paths in cells: where the pictures and sounds of a table are."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

import polars as pl

from descend.data.cells import is_missing
from descend.data.columns import Column
from descend.data.media.pictures import PICTURE_SUFFIXES
from descend.data.media.sounds import SOUND_SUFFIXES

__all__ = ["PATH_KINDS", "located", "media_kind", "path_kinds"]

PATH_KINDS = ("image", "sound")
"""Kinds of column whose text cells are paths of files."""

_LOOKED_FOR = 20
"""So many files of a column are looked for, to tell paths from texts that look like them."""


def media_kind(name: str) -> str | None:
    """Return "image" or "sound" by the ending of a file's name, None for any other file."""
    suffix = os.path.splitext(name)[1].lower()
    if suffix in PICTURE_SUFFIXES:
        return "image"
    return "sound" if suffix in SOUND_SUFFIXES else None


def path_kinds(frame: pl.DataFrame, base: Path | None) -> dict[str, str]:
    """Return the columns whose cells are paths of pictures or of sounds, by their kind.

    Every cell ends as the files of one kind do, and of some cells spread over the column at least
    half name a file that is there.

    Parameters
    ----------
    frame : polars.DataFrame
    base : Path or None
        The folder from which relative paths start; None is the current one.
    """
    start, kinds = base or Path.cwd(), {}
    for name in (name for name, dtype in frame.schema.items() if _is_text(dtype)):
        cells = frame[name].drop_nulls().cast(pl.String)
        cells = cells.filter(~is_missing(cells))
        kind = media_kind(cells[0].strip()) if len(cells) else None
        if kind is None:
            continue
        suffixes = PICTURE_SUFFIXES if kind == "image" else SOUND_SUFFIXES
        endings = cells.str.strip_chars().str.to_lowercase().str.extract(r"(\.[^.]*)$").unique()
        if endings.null_count() or not suffixes.issuperset(endings):
            continue
        looked_for = cells.gather_every(max(1, len(cells) // _LOOKED_FOR)).head(_LOOKED_FOR)
        there = sum((start / cell.strip()).is_file() for cell in looked_for)
        if 2 * there >= len(looked_for):
            kinds[name] = kind
    return kinds


def located(frame: pl.DataFrame, columns: Sequence[Column], base: Path | None) -> pl.DataFrame:
    """Return the table with the relative paths in its cells made absolute.

    Parameters
    ----------
    frame : polars.DataFrame
    columns : sequence of Column
        Only the text cells of columns of `PATH_KINDS` are paths.
    base : Path or None
        The folder from which they start; None is the current one.

    Examples
    --------
    >>> frame = pl.DataFrame({"photo": ["cats/a.png", "/b.png", None]})
    >>> located(frame, [Column("photo", "image")], Path("/data"))["photo"].to_list()
    ['/data/cats/a.png', '/b.png', None]
    """
    start = base or Path.cwd()
    absolute = [
        frame[column.name]
        .cast(pl.String)
        .str.strip_chars()
        .map_elements(lambda cell: str(start / cell), return_dtype=pl.String)
        for column in columns
        if column.kind in PATH_KINDS
        and column.name in frame.columns
        and _is_text(frame.schema[column.name])
    ]
    return frame.with_columns(absolute)


def _is_text(dtype: pl.DataType) -> bool:
    """Whether the cells of a type are texts; where few come again and again, it is another."""
    return isinstance(dtype, pl.String | pl.Enum | pl.Categorical)
