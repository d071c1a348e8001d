"""Reading tables: one door for files of every format, standard input and Python objects.

Text formats (CSV and its kin, JSON lines, ARFF) give every cell as text, as it stands in the file;
what it means is decided later and in one place, by `descend.data.columns`. Typed formats (Parquet,
Arrow) and objects keep their types. The format is found from the content first, and from the
extension only where that says nothing.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from descend.data.declared import declared_kinds
from descend.data.form import Form, Wanted
from descend.data.formats.arff import arff_blocks, arff_header, looks_like_arff
from descend.data.formats.array_files import (
    is_array_file,
    is_idx_folder,
    read_arrays,
    read_idx_folder,
)
from descend.data.formats.blocks import Block, compacted, in_rows, joined
from descend.data.formats.delimited_file import delimited_blocks, text_blocks
from descend.data.formats.detection import detect_layout
from descend.data.formats.encodings import TextFile, open_text
from descend.data.formats.folders import read_folder, read_media_file
from descend.data.formats.json_lines import json_blocks, json_names, looks_like_json
from descend.data.formats.lines import LineIndex
from descend.data.formats.objects import frame_of
from descend.data.formats.series_files import is_series_file, read_series_file
from descend.data.formats.sources import Source, open_source, spooled
from descend.data.media.paths import media_kind
from descend.data.table import Table
from descend.data.text_folders import is_text_folder, read_text_folder
from descend.errors import TableError, UsageError, did_you_mean
from descend.spec import plain

__all__ = ["read_table", "stream_table"]

_BAD_ROWS = ("error", "skip")


@dataclass(frozen=True)
class _Options:
    """How a text file is to be read, where the caller knows."""

    delimiter: str | None
    quote: str | None
    encoding: str | None
    header: bool | None
    decimal: str | None
    bad_rows: str
    wanted: Wanted | None = None

    def __post_init__(self) -> None:
        if self.bad_rows not in _BAD_ROWS:
            near = did_you_mean(str(self.bad_rows), _BAD_ROWS)
            raise UsageError(f'bad_rows must be "error" or "skip", got {self.bad_rows!r}.{near}')
        if self.decimal not in (None, ".", ","):
            raise UsageError(f'decimal must be "." or ",", got {self.decimal!r}')


@dataclass(frozen=True, eq=False)
class _Opened:
    """A table about to be read: an empty one with its notes, and the blocks it consists of."""

    start: Table
    blocks: Callable[[], Iterator[Block]]
    text: bool = False

    def table(self, block: Block) -> Table:
        return replace(self.start, frame=block.frame, lines=block.lines, skipped=block.skipped)


def read_table(
    source: Any,
    *,
    delimiter: str | None = None,
    quote: str | None = None,
    encoding: str | None = None,
    header: bool | None = None,
    decimal: str | None = None,
    bad_rows: str = "error",
    compact: bool = False,
    wanted: Wanted | None = None,
) -> Table:
    """Read a whole table.

    Parameters
    ----------
    source : path, "-" or object
        A file: CSV, TSV or text with another separator, JSON lines, ARFF, each also gzipped,
        Parquet, Arrow (Feather). ``"-"``: the same from standard input. An object: a polars
        DataFrame or LazyFrame, pandas DataFrame, pyarrow Table, NumPy array of two dimensions
        (columns named ``column_1`` ...), dict of lists or list of dicts.
    delimiter : str, optional
        The separator, one character or ``"tab"``. Found from the file where not given, like all
        that follow; they concern delimited files only.
    quote : str, optional
        The quote, or ``"none"`` where quotes are text.
    encoding : str, optional
        Of any text format: an encoding that Python knows.
    header : bool, optional
        Whether the first row holds the names of the columns.
    decimal : {".", ","}, optional
        The decimal mark; it is only passed on, as `Table.decimal`.
    bad_rows : {"error", "skip"}
        What to do with rows that have too few or too many cells.
    compact : bool
        For large text files: columns that are numbers in every row become ``Float64`` or
        ``Int64`` while reading, and texts that come again and again ``Enum``; see
        `descend.data.formats.blocks.compacted`. What `descend.data.columns` finds stays the same.
    wanted : Wanted, optional
        What a model needs, of a file to predict or to test: it decides where the file leaves open
        whether it has a header, which separator it has, or what one text is.

    Returns
    -------
    Table

    Raises
    ------
    TableError
        Where the file is absent, no table, damaged, empty, or has no rows; names the line.
    UsageError
        For an option that does not exist.

    Examples
    --------
    >>> table = read_table({"size": [1.5, 2.0], "hue": ["red", "blue"]})
    >>> table.frame.shape, table.source
    ((2, 2), 'dict')
    """
    options = _Options(delimiter, quote, encoding, header, decimal, bad_rows, wanted)
    opened = _open(source, options, None, again=compact)
    if compact and opened.text:
        block = compacted(lambda: _with_rows(opened), opened.start.decimal)
    else:
        block = joined(_with_rows(opened))
    table = opened.table(block)
    if not table.skipped:
        return table
    rows = "1 row" if table.skipped == 1 else f"{table.skipped:,} rows"
    note = f"{rows} with too few or too many cells left out"
    return replace(table, notes=(*table.notes, note))


def stream_table(
    source: Any,
    *,
    rows: int = 65536,
    delimiter: str | None = None,
    quote: str | None = None,
    encoding: str | None = None,
    header: bool | None = None,
    decimal: str | None = None,
    bad_rows: str = "error",
    wanted: Wanted | None = None,
) -> Iterator[Table]:
    """Read a table part by part, in memory that does not grow with the file.

    Parameters
    ----------
    source, delimiter, quote, encoding, header, decimal, bad_rows, wanted
        As in `read_table`, and the cells are the same. JSON lines, Parquet and Arrow from standard
        input are kept (on disk where large) before they are read.
    rows : int
        The rows of each part; the last may have fewer.

    Returns
    -------
    iterator of Table
        All with the same columns. The file is opened, and its layout found, before this returns.

    Raises
    ------
    TableError, UsageError
        As `read_table`, some of them only while iterating.

    Examples
    --------
    >>> [table.frame.height for table in stream_table({"a": [1, 2, 3]}, rows=2)]
    [2, 1]
    """
    rows = plain(rows)
    if not isinstance(rows, int) or rows < 1:
        raise UsageError(f"rows must be 1 or more, got {rows!r}")
    options = _Options(delimiter, quote, encoding, header, decimal, bad_rows, wanted)
    opened = _open(source, options, rows, again=False)
    return (opened.table(block) for block in in_rows(_with_rows(opened), rows))


def _with_rows(opened: _Opened) -> Iterator[Block]:
    """Yield the blocks; refuse a table that turns out to have no rows."""
    height = 0
    for block in opened.blocks():
        height += block.frame.height
        yield block
    if not height:
        raise _no_rows(opened.start)


def _no_rows(start: Table) -> TableError:
    """Say that a table has columns but no rows."""
    names = ", ".join(start.frame.columns[:8])
    if not names:
        return TableError(f"{start.source} has neither columns nor rows")
    mend = "" if start.lines is None else " If its first line is no header, say --no-header."
    return TableError(f"{start.source} has columns ({names}) but no rows of examples.{mend}")


def _open(source: Any, options: _Options, rows: int | None, *, again: bool) -> _Opened:
    """Find out what a source is."""
    if not isinstance(source, str | os.PathLike):
        frame, kind = frame_of(source)
        return _opened(Table(frame, kind, kinds=declared_kinds(frame)))
    opened = _open_file(source, options, rows, again=again)
    base = None if source == "-" else Path(source).expanduser().resolve().parent
    return opened if opened.start.base else replace(opened, start=replace(opened.start, base=base))


_READERS: tuple[tuple[Callable[[Path], bool], Callable[[Path], Table]], ...] = (
    (is_series_file, read_series_file),
    (is_idx_folder, read_idx_folder),
    (Path.is_dir, read_folder),
    (lambda path: media_kind(path.name) is not None and path.is_file(), read_media_file),
    (lambda path: is_array_file(path) and path.is_file(), read_arrays),
)
"""Readers of folders and of files that are no tables of text: (whether it is one, its reader)."""


def _open_file(
    source: str | os.PathLike[str], options: _Options, rows: int | None, *, again: bool
) -> _Opened:
    """Find out what a path or standard input is."""
    if source == "":
        raise TableError("the name of the file is empty: a variable of the shell may not be set")
    path = Path(source).expanduser()
    if is_text_folder(path):
        return _opened(read_text_folder(path, options.wanted))
    for reads, read in _READERS:
        if reads(path):
            return _opened(read(path))
    found = open_source(source)
    if found.kind != "text":
        return _open_typed(found, rows)
    # The keys of JSON lines are gathered from the whole file first, so it is read twice.
    if again or found.head.lstrip().startswith(b"{") or found.compressed:
        found = spooled(found)
    return _open_text(found, options)


def _open_typed(source: Source, rows: int | None) -> _Opened:
    """Open Parquet or Arrow; with `rows`, to be read in parts."""
    import polars as pl

    readers = {"parquet": pl.scan_parquet, "arrow": pl.scan_ipc, "arrow stream": pl.read_ipc_stream}
    content = source.path or b"".join(source.chunks())
    # A panic of the reader (a file cut short while it is read) is told as any other damage.
    damage = (pl.exceptions.PolarsError, pl.exceptions.PanicException, OSError)
    try:
        opened = readers[source.kind](content)
        frame = opened.lazy()
        if rows is None or not isinstance(opened, pl.LazyFrame):
            whole = frame.collect()
            return _opened(Table(whole, source.name, kinds=declared_kinds(whole)))
        height = int(frame.select(pl.len()).collect().item())
        empty = frame.head(0).collect()
        start = Table(empty, source.name, kinds=declared_kinds(empty))
    except damage as error:
        raise _damaged(source, error) from error

    def blocks() -> Iterator[Block]:
        for first in range(0, height, rows):
            try:
                yield Block(frame.slice(first, rows).collect())
            except damage as error:
                raise _damaged(source, error) from error

    return _Opened(start, blocks)


def _damaged(source: Source, error: Exception) -> TableError:
    """Say that a typed file cannot be read."""
    reason = str(error).splitlines()[0] if str(error) else type(error).__name__
    return TableError(
        f"{source.name} starts like a file of kind {source.kind}, but is damaged or cut short "
        f"({reason}). Copy or export it again."
    )


def _opened(table: Table) -> _Opened:
    """Return a table that is in memory already."""
    start = replace(table, frame=table.frame.clear())
    return _Opened(start, lambda: iter((Block(table.frame),)))


def _open_text(source: Source, options: _Options) -> _Opened:
    """Find out which text format a source is."""
    wanted = options.wanted
    expected = Wanted(()) if wanted is None else wanted
    text = open_text(source, options.encoding, expected.content(source.extension))
    if looks_like_arff(text.head, text.extension):
        attributes = arff_header((text.head,), text.name)
        names = tuple(attribute.name for attribute in attributes)
        return _text_table(
            text, names, ("format ARFF",), ".",
            lambda: arff_blocks(text.parts(), attributes, text.name),
        )  # fmt: skip
    if looks_like_json(text.head, text.extension):
        names = json_names(text.parts(), text.name)
        return _text_table(
            text, names, ("format JSON lines",), ".",
            lambda: json_blocks(text.parts(), names, text.name),
        )  # fmt: skip
    free = options.delimiter is options.quote is options.header is None
    unit = wanted.unit(text.head, text.extension) if wanted is not None and free else None
    if wanted is not None and wanted.text is not None and unit is not None:
        name = wanted.text
        return _text_table(
            text, (name,), (f"each {unit} one text",), ".", lambda: text_blocks(text, name, unit)
        )
    layout = detect_layout(
        text, delimiter=options.delimiter, quote=options.quote, header=options.header,
        decimal=options.decimal, wanted=wanted,
    )  # fmt: skip
    opened = _text_table(
        text, layout.names, layout.notes, layout.decimal,
        lambda: delimited_blocks(
            text.parts(), layout, text.name, skip_bad=options.bad_rows == "skip"
        ),
    )  # fmt: skip
    form = Form(layout.dialect.separator if len(layout.names) > 1 else None, layout.header)
    return replace(opened, start=replace(opened.start, form=form))


def _text_table(
    text: TextFile,
    names: tuple[str, ...],
    notes: tuple[str, ...],
    decimal: str,
    blocks: Callable[[], Iterator[Block]],
) -> _Opened:
    """Return a text file that is about to be read."""
    import polars as pl

    empty = pl.DataFrame(schema=dict.fromkeys(names, pl.String))
    start = Table(empty, text.name, notes, decimal, LineIndex.of([]))
    return _Opened(start, blocks, text=True)
