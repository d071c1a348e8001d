"""A table of examples as it was read."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from descend.data.form import Form
from descend.data.formats.lines import LineIndex

if TYPE_CHECKING:
    import polars as pl

__all__ = ["Table"]


@dataclass(frozen=True, eq=False)
class Table:
    """A table, or some consecutive rows of one, and how it was read.

    Attributes
    ----------
    frame : polars.DataFrame
        From text formats every column is ``String``, with the blanks around cells stripped, and
        null only where a cell is empty (unless read with ``compact``). Typed formats keep types.
    source : str
        The name of the file, ``"standard input"`` or the kind of object, for messages.
    notes : tuple of str
        What was detected and is out of the ordinary, such as ``separator ";"``.
    decimal : {".", ","}
        The decimal mark of a text file.
    lines : LineIndex or None
        The lines of the rows in a text file.
    skipped : int
        Rows left out because they have too few or too many cells (``bad_rows="skip"``).
    target : str or None
        The column to predict where nobody names one: the class of a folder of classes.
    kinds : mapping of column name to kind
        What columns are, where the reader knows: the paths of a folder of pictures.
    base : Path or None
        The folder from which relative paths in cells start.
    form : Form or None
        How a text table or a folder of texts is written, so that later ones are read alike.
    """

    frame: pl.DataFrame
    source: str
    notes: tuple[str, ...] = ()
    decimal: str = "."
    lines: LineIndex | None = None
    skipped: int = 0
    target: str | None = None
    kinds: Mapping[str, str] = field(default_factory=dict)
    base: Path | None = None
    form: Form | None = None

    def line_of(self, row: int) -> int | None:
        """Return the line of the file at which a row starts, or None where there are no lines.

        Rows are counted from 0 within this table, lines from 1 within the file.
        """
        return None if self.lines is None else self.lines.line_of(row)
