"""Reading the rows of a CSV, TSV or other delimited file block by block."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from descend.data.formats.blocks import Block
from descend.data.formats.delimited import Dialect, Scan, cells, scan_block
from descend.data.formats.detection import Layout
from descend.data.formats.encodings import TextFile
from descend.data.formats.lines import LineIndex
from descend.errors import TableError

if TYPE_CHECKING:
    import polars as pl

__all__ = ["delimited_blocks", "text_blocks"]

_SHOWN = 5
_NEVER = "\x1f"
"""A separator that no line of text has: the unit separator of ASCII."""
_MOSTLY = 0.2
"""Shares of wrong rows from which on a text is hardly a table."""


def delimited_blocks(
    parts: Iterable[bytes], layout: Layout, source: str, *, skip_bad: bool = False
) -> Iterator[Block]:
    r"""Yield the rows of a delimited file, without its header.

    Parameters
    ----------
    parts : iterable of bytes
        The text as UTF-8, in parts of any size.
    layout : Layout
        How the file is written.
    source : str
        The name of the file, for messages.
    skip_bad : bool
        Leave out rows with too few or too many cells, and count them, instead of refusing them.

    Raises
    ------
    TableError
        While iterating, for such rows (with their lines), and all that `scan_block` refuses.

    Examples
    --------
    >>> from descend.data.formats.delimited import Dialect
    >>> layout = Layout(Dialect(), True, ("a", "b"), ".", ())
    >>> [block.frame.rows() for block in delimited_blocks([b"a,b\n1", b",2\n3,4"], layout, "a.csv")]
    [[('1', '2')], [('3', '4')]]
    """
    width = len(layout.names)
    pending, line, skipped, header = b"", 1, 0, layout.header
    for part, final in _with_last(parts):
        block = pending + part
        if not block:
            continue
        scan = scan_block(block, layout.dialect, final=final, source=source, line=line)
        if scan is None:
            pending = block
            continue
        pending, first = block[scan.used :], line
        line += scan.line_count
        keep = ~scan.blank()
        if header and keep.any():
            keep[np.argmax(keep)] = False
            header = False
        scan = scan.keep(keep)
        bad = scan.fields != width
        if bad.any():
            if not skip_bad:
                raise _ragged(scan, bad, width, source, first)
            skipped += int(bad.sum())
            scan = scan.keep(~bad)
        if len(scan.ends):
            frame = cells(scan, width, layout.dialect)
            frame.columns = list(layout.names)
            yield Block(frame, LineIndex.of(scan.lines + first), skipped)
            skipped = 0
    if skipped:
        yield Block(_no_rows(layout.names), LineIndex.of([]), skipped)


def text_blocks(text: TextFile, name: str, unit: str) -> Iterator[Block]:
    """Yield the texts of a file without any cells, in a column of this name.

    Parameters
    ----------
    text : TextFile
    name : str
    unit : {"line", "file"}
        What one text is; blank lines are none.
    """
    import polars as pl

    if unit == "line":
        layout = Layout(Dialect(_NEVER, None), False, (name,), ".", ())
        yield from delimited_blocks(text.parts(), layout, text.name)
    else:
        whole = b"".join(text.parts()).decode()
        yield Block(pl.DataFrame({name: [whole]}), LineIndex.of([1]))


def _no_rows(names: tuple[str, ...]) -> pl.DataFrame:
    """Return a table of text columns without rows."""
    import polars as pl

    return pl.DataFrame(schema=dict.fromkeys(names, pl.String))


def _with_last(parts: Iterable[bytes]) -> Iterator[tuple[bytes, bool]]:
    """Pair each part with whether it is the last; the last is empty."""
    for part in parts:
        yield part, False
    yield b"", True


def _ragged(scan: Scan, bad: NDArray[np.bool_], width: int, source: str, first: int) -> TableError:
    """Say which rows have the wrong number of cells."""
    rows = np.flatnonzero(bad)
    shown = ", ".join(
        f"line {first + int(scan.lines[row])} has {int(scan.fields[row])}" for row in rows[:_SHOWN]
    )
    more = " and more follow" if len(rows) > _SHOWN else ""
    hint = ""
    if bad.all() and len(rows) > 1 and len(set(scan.fields.tolist())) == 1:
        hint = " Every row differs from the header: does it lack a name, or hold one too many?"
    if source.lower().endswith(".txt") and (width == 1 or bad.mean() > _MOSTLY):
        hint += " If it is running text, descend train --generate learns to write it on."
    return TableError(
        f"{source}: expected {width} cell{'s' * (width > 1)} in each row, as in the first, "
        f"but {shown}{more}.{hint} Correct these lines, or leave such rows out with "
        "--bad-rows skip."
    )
