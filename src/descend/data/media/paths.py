"""Paths in cells: where the pictures and sounds of a table are."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import polars as pl

from descend.data.columns import Column

__all__ = ["PATH_KINDS", "located"]

PATH_KINDS = ("image", "sound")
"""Kinds of column whose text cells are paths of files."""


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
        .str.strip_chars()
        .map_elements(lambda cell: str(start / cell), return_dtype=pl.String)
        for column in columns
        if column.kind in PATH_KINDS
        and column.name in frame.columns
        and frame.schema[column.name] == pl.String
    ]
    return frame.with_columns(absolute)
