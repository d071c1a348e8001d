"""Where a table comes from: a file or standard input, its format found by content first."""

from __future__ import annotations

import contextlib
import gzip
import io
import os
import stat
import sys
import tempfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, BinaryIO

from descend.errors import TableError, did_you_mean

__all__ = ["CHUNK", "Source", "open_source", "spooled"]

CHUNK = 1 << 20
"""Bytes read at a time: as quick as larger ones, and they need less memory."""

_SPOOL = 64 << 20
_HEAD = 512
_GZIP = b"\x1f\x8b"
_BINARY = ((b"PAR1", "parquet"), (b"ARROW1", "arrow"), (b"\xff\xff\xff\xff", "arrow stream"))
_REFUSED = (
    (b"PK\x03\x04", "a zip archive or an Excel workbook", "save the sheet as CSV, or unzip it"),
    (b"\xd0\xcf\x11\xe0", "an old Excel workbook", "save the sheet as CSV"),
    (b"\x93NUMPY", "a NumPy array", "read it in Python with numpy.load and give the array"),
    (b"\x89HDF", "an HDF5 file", "export the table as CSV or Parquet"),
    (b"SQLite format 3", "a SQLite database", "export the table as CSV"),
    (b"BZh", "compressed with bzip2", "decompress it, or compress with gzip instead"),
    (b"\xfd7zXZ", "compressed with xz", "decompress it, or compress with gzip instead"),
    (b"\x28\xb5\x2f\xfd", "compressed with zstd", "decompress it, or compress with gzip instead"),
    (b"%PDF", "a PDF document", "export the table as CSV"),
    (b"\x89PNG", "an image", "give a table"),
    (b"\xff\xd8\xff", "an image", "give a table"),
)
_PICKLES = tuple(b"\x80" + bytes([version]) for version in range(2, 6))


@dataclass(frozen=True)
class Source:
    """A file or standard input, ready to be read.

    Attributes
    ----------
    name : str
        For messages.
    extension : str
        In lower case, without ``.gz``; empty for standard input.
    kind : {"text", "parquet", "arrow", "arrow stream"}
        What its first bytes say.
    path : Path or None
        None for standard input.
    stream : BinaryIO or None
        Standard input, at its start; it can be read again only once `spooled`.
    again : bool
        Whether `chunks` may be called more than once.
    head : bytes
        Its first bytes as they are, compressed or not.
    """

    name: str
    extension: str
    kind: str
    path: Path | None
    stream: BinaryIO | None = None
    again: bool = True
    head: bytes = b""

    @property
    def compressed(self) -> bool:
        """Whether it is gzipped."""
        return self.head.startswith(_GZIP)

    def chunks(self, size: int | None = None) -> Iterator[bytes]:
        """Yield the content in parts of `size` bytes (`CHUNK` where not given), decompressed.

        Raises
        ------
        TableError
            While iterating, where the file cannot be read or its compression is damaged.
        """
        try:
            with contextlib.ExitStack() as stack:
                stream: BinaryIO | gzip.GzipFile
                if self.path is not None:
                    stream = stack.enter_context(open(self.path, "rb"))
                elif self.stream is not None:
                    stream = self.stream
                    if self.again:
                        stream.seek(0)
                else:
                    return
                if self.compressed:
                    opened = gzip.GzipFile(fileobj=stream)
                    stream = stack.enter_context(contextlib.closing(opened))
                while chunk := stream.read(size or CHUNK):
                    yield chunk
        except (EOFError, zlib.error, gzip.BadGzipFile) as error:
            raise TableError(
                f"{self.name} is compressed, but damaged or cut short ({error}). "
                "Copy or download it again."
            ) from error
        except OSError as error:
            raise TableError(f"{self.name} cannot be read: {error.strerror or error}") from error


def open_source(source: str | os.PathLike[str]) -> Source:
    """Look at a path, or at standard input for ``"-"``, and say what it holds.

    Raises
    ------
    TableError
        For a path that is absent (with the nearest name), a folder, or a file that is plainly no
        table: an archive, a pickle, a picture, a model.
    """
    if source == "-":
        stream = _Input(getattr(sys.stdin, "buffer", sys.stdin), owned=False)
        return _one_pass("standard input", "", stream)
    path = Path(source).expanduser()
    _check_path(path)
    suffixes = [suffix.lower() for suffix in path.suffixes if suffix.lower() != ".gz"]
    extension = suffixes[-1] if suffixes else ""
    try:
        stream = open(path, "rb")  # noqa: SIM115
    except OSError as error:
        raise TableError(f"{path} cannot be read: {error.strerror or error}") from error
    if not stat.S_ISREG(os.fstat(stream.fileno()).st_mode):
        # A pipe such as <(zcat a.gz).
        return _one_pass(path.name, extension, _Input(stream, owned=True))
    with stream:
        head = stream.read(_HEAD)
    found = Source(path.name, extension, "text", path, head=head)
    content = next(found.chunks(_HEAD), b"") if found.compressed else head
    return replace(found, kind=_kind(content, path.name))


def _one_pass(name: str, extension: str, stream: _Input) -> Source:
    """Return a source that can be read only once."""
    buffered = io.BufferedReader(stream)
    head = buffered.peek(_HEAD)[:_HEAD]
    return Source(name, extension, _kind(head, name), None, buffered, again=False, head=head)


def spooled(source: Source) -> Source:
    """Return a source that can be read again: what came by a pipe is kept, on disk when large."""
    if source.again:
        return source
    kept = tempfile.SpooledTemporaryFile(max_size=_SPOOL)  # noqa: SIM115
    for chunk in source.chunks():
        kept.write(chunk)
    kept.seek(0)
    stream = io.BufferedReader(_Input(kept, owned=True))
    return replace(source, stream=stream, again=True, head=b"")


class _Input(io.RawIOBase):
    """The raw part of a buffered stream, over any object with ``read``.

    What it owns it closes, which happens at the latest when the last reference to it goes.
    """

    def __init__(self, stream: Any, *, owned: bool) -> None:
        self._stream = stream
        self._owned = owned

    def close(self) -> None:
        if self._owned:
            self._stream.close()
        super().close()

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return self._stream.seekable()

    def seek(self, offset: int, whence: int = 0) -> int:
        return self._stream.seek(offset, whence)

    def readinto(self, buffer: Any) -> int:
        data = self._stream.read(len(buffer))
        buffer[: len(data)] = data
        return len(data)


def _check_path(path: Path) -> None:
    """Refuse a path that is absent or a folder."""
    try:
        if path.is_dir():
            raise TableError(f"{path} is a folder; give the file in it that is to be read")
        if path.exists():
            return
        folder = path.parent
        if not folder.is_dir():
            raise TableError(f"{path} does not exist: there is no folder {folder}")
        near = did_you_mean(path.name, (item.name for item in folder.iterdir() if item.is_file()))
    except OSError as error:
        raise TableError(f"{path} cannot be read: {error.strerror or error}") from error
    raise TableError(f"{path} does not exist.{near}")


def _kind(head: bytes, name: str) -> str:
    """Say what the first bytes of a file mean; refuse what is no table."""
    for magic, kind in _BINARY:
        if head.startswith(magic):
            return kind
    for magic, what, mend in _REFUSED:
        if head.startswith(magic):
            raise TableError(f"{name} is {what}, not a table: {mend}.")
    if head.startswith(_PICKLES):
        raise TableError(
            f"{name} is a pickle, which can run code when read: it is not opened. Save the table "
            "as CSV or Parquet."
        )
    if len(head) > 9 and head[8:9] == b"{" and int.from_bytes(head[:8], "little") < 1 << 30:
        raise TableError(f"{name} is a model file, not a table. Give the examples here.")
    return "text"
