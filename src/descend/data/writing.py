"""Writing tables: the format by extension, row by row as they come, whole or not at all."""

from __future__ import annotations

import contextlib
import gzip
import os
import secrets
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

from descend.data.files import write_atomically
from descend.errors import OutputError, UsageError, did_you_mean

if TYPE_CHECKING:
    import polars as pl

__all__ = ["OUTPUT_FORMATS", "check_destination", "json_lines", "write_table"]

OUTPUT_FORMATS = (".arrow", ".csv", ".feather", ".ipc", ".jsonl", ".ndjson", ".parquet", ".tsv")
"""Extensions that say how a table is written; the text formats also with ``.gz`` behind."""

_TEXT = (".csv", ".jsonl", ".ndjson", ".tsv")
_ROWS = 65536
_JSON_NUMBER = r"^-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?$"


def check_destination(destination: str | os.PathLike[str] | None) -> str:
    """Return the format of a destination: an extension of `OUTPUT_FORMATS`.

    Meant to be called before hours of work, so that a slip in a name costs nothing.

    Raises
    ------
    UsageError
        For an extension that says nothing.

    Examples
    --------
    >>> check_destination("out.csv.gz"), check_destination("-")
    ('.csv', '.csv')
    """
    if destination is None or os.fspath(destination) == "-":
        return ".csv"
    path = Path(destination)
    zipped = path.suffix.lower() == ".gz"
    extension = (Path(path.stem) if zipped else path).suffix.lower()
    if extension in (_TEXT if zipped else OUTPUT_FORMATS):
        return extension
    if not extension and path.exists() and not path.is_file() and not path.is_dir():
        return ".csv"  # a device or pipe
    near = did_you_mean(extension, OUTPUT_FORMATS) if extension else ""
    also = " with .gz only behind a text format" if zipped else ""
    raise UsageError(
        f'cannot tell the format of "{path.name}" from its extension{also}.{near} '
        f"Known: {', '.join(OUTPUT_FORMATS)}"
    )


def write_table(
    frames: Iterable[pl.DataFrame],
    destination: str | os.PathLike[str] | None,
    numbers: Iterable[str] = (),
) -> None:
    """Write a table that comes in parts, in memory that does not grow with it.

    Parameters
    ----------
    frames : iterable of polars.DataFrame
        At least one; all with the same columns.
    destination : path, "-" or None
        The extension says the format, see `OUTPUT_FORMATS`. ``"-"`` and None: CSV to standard
        output. Missing cells are empty in CSV and ``null`` in JSON lines.
    numbers : iterable of str
        See `json_lines`.

    Raises
    ------
    UsageError
        For an unknown extension, before anything is read.
    OutputError
        Where the file cannot be written. It is whole or, on any error, as it was before; errors
        raised by `frames` pass through.
    BrokenPipeError
        Where standard output is closed by its reader.

    Examples
    --------
    >>> import polars as pl
    >>> write_table([pl.DataFrame({"a": [1]}), pl.DataFrame({"a": [None]})], "-")
    a
    1
    ""
    """
    extension = check_destination(destination)
    parts = _Parts(frames)
    try:
        if destination is None or os.fspath(destination) == "-":
            _to_standard_output(_text(parts, extension, numbers))
        elif extension in _TEXT:
            zipped = Path(destination).suffix.lower() == ".gz"
            write_atomically(
                destination, lambda file: _write_text(parts, file, extension, zipped, numbers)
            )
        else:
            write_atomically(destination, lambda file: _write_typed(parts, file, extension))
    except _Refused as refused:
        raise refused.error from refused.error.__cause__
    except _polars_errors() as error:
        reason = str(error).splitlines()[0]
        raise OutputError(f"cannot write {destination or '-'} as {extension}: {reason}") from error


class _Refused(Exception):
    """Carries an error of the frames past the handling of errors in writing."""

    def __init__(self, error: Exception) -> None:
        super().__init__(str(error))
        self.error = error


class _Parts:
    """The frames to write, in small parts, all like the first; errors of theirs are `_Refused`."""

    def __init__(self, frames: Iterable[pl.DataFrame]) -> None:
        self._frames = iter(frames)
        self._first: pl.DataFrame | None = None
        self.refused: _Refused | None = None

    def first(self) -> pl.DataFrame:
        """Return the first frame, which says what the columns are."""
        if self._first is None:
            self._first = self._next()
        if self._first is None:
            raise ValueError("expected at least one frame to write, got none")
        return self._first

    def __iter__(self) -> Iterator[pl.DataFrame]:
        frame: pl.DataFrame | None = self.first()
        schema = self.first().schema
        while frame is not None:
            if frame.schema != schema:
                frame = frame.select(schema.names()).cast(schema)
            for start in range(0, max(frame.height, 1), _ROWS):
                yield frame.slice(start, _ROWS)
            frame = self._next()

    def _next(self) -> pl.DataFrame | None:
        try:
            return next(self._frames, None)
        except Exception as error:
            self.refused = _Refused(error)
            raise self.refused from error


def _polars_errors() -> type[Exception]:
    """Return the base of the errors of polars, which is imported only where it is used."""
    from polars.exceptions import PolarsError

    return PolarsError


def json_lines(frame: pl.DataFrame, numbers: Iterable[str] = ()) -> str:
    """Return the rows as JSON, one object a line.

    Parameters
    ----------
    frame : polars.DataFrame
    numbers : iterable of str
        Columns whose texts, where they are exactly JSON numbers, are written as these. Names that
        the frame does not have, or that are no text in it, may be among them.

    Examples
    --------
    >>> import polars as pl
    >>> print(json_lines(pl.DataFrame({"a": ["1.50", "007"], "b": ["1", "2"]}), ["a"]))
    {"a":1.50,"b":"1"}
    {"a":"007","b":"2"}
    """
    import polars as pl

    texts = [name for name in dict.fromkeys(numbers) if frame.schema.get(name) == pl.String]
    if not texts:
        return frame.write_ndjson()
    mark = secrets.token_hex(8)  # in no other cell
    cells = pl.col(texts)
    exact = cells.str.contains(_JSON_NUMBER)
    marked = pl.when(exact).then(mark + cells + mark).otherwise(cells)
    lines = frame.with_columns(marked.name.keep()).write_ndjson()
    return lines.replace(f'"{mark}', "").replace(f'{mark}"', "")


def _text(
    frames: Iterable[pl.DataFrame], extension: str, numbers: Iterable[str]
) -> Iterator[bytes]:
    """Yield the text of each part."""
    import polars as pl

    for number, frame in enumerate(frames):
        if extension in (".jsonl", ".ndjson"):
            yield json_lines(frame, numbers).encode()
            continue
        style = None
        if frame.width == 1:  # a blank line would be no row at all: write "" or " " instead
            frame = frame.select(pl.all().cast(pl.String).fill_null(""))
            if frame.to_series().str.contains(r"^\s+$").any():
                style = "always"
        separator = "\t" if extension == ".tsv" else ","
        text = frame.write_csv(include_header=number == 0, separator=separator, quote_style=style)
        yield text.encode()


def _write_text(
    parts: _Parts, file: BinaryIO, extension: str, zipped: bool, numbers: Iterable[str]
) -> None:
    """Write the parts as text; compressed files hold no name or time, so that they are the same."""
    with contextlib.ExitStack() as stack:
        out: Any = file
        if zipped:
            out = stack.enter_context(gzip.GzipFile("", "wb", 6, file, mtime=0))
        for text in _text(parts, extension, numbers):
            out.write(text)


def _write_typed(parts: _Parts, file: BinaryIO, extension: str) -> None:
    """Write the parts as Parquet or Arrow, without holding them all."""
    from polars.io.plugins import register_io_source

    schema = parts.first().schema
    lazy = register_io_source(lambda *_: iter(parts), schema=schema)
    try:
        if extension == ".parquet":
            lazy.sink_parquet(file.name)
        else:
            lazy.sink_ipc(file.name)
    except Exception:
        if parts.refused is not None:  # polars may have wrapped it
            raise parts.refused from parts.refused.error
        raise


def _to_standard_output(parts: Iterable[bytes]) -> None:
    """Write text to standard output, each part at once so that a reader can go on."""
    buffer = getattr(sys.stdout, "buffer", None)
    try:
        for text in parts:
            if buffer is None:
                sys.stdout.write(text.decode())
            else:
                buffer.write(text)
            sys.stdout.flush()
    except BrokenPipeError:
        raise
    except OSError as error:
        raise OutputError(
            f"cannot write to standard output: {error.strerror or error}. The rest is not written."
        ) from error
