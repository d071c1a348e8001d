"""Reading a whole file as one running text, or as bytes."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from descend.data.formats.encodings import utf8_chunks
from descend.data.formats.sources import open_source
from descend.errors import TableError

__all__ = ["read_bytes", "read_running_text"]

_ANY = "Trained with --tokens bytes, a network that writes reads any file"


def read_running_text(
    path: str | os.PathLike[str], encoding: str | None = None
) -> tuple[str, str, tuple[str, ...]]:
    """Return the text of a file (``-`` is standard input), its name, and notes about it.

    The encoding is found where it is not given, gzip is undone, and line ends become ``\\n``.

    Raises
    ------
    TableError
        For a file that is absent, a folder, or no text.
    UsageError
        For an encoding that Python does not know.
    """
    try:
        source = open_source(path)
        if source.kind != "text":
            raise TableError(f"{source.name} is a file of kind {source.kind}, not a text")
        found, parts = utf8_chunks(source.chunks(), source.name, encoding)
        text = b"".join(parts).decode()
    except TableError as error:
        if not _is_file(path):
            raise
        raise TableError(f"{str(error).removesuffix('.')}. {_ANY}") from None
    notes = [] if found in ("utf-8", "utf-8-sig") else [f"read as {found}"]
    if "\r" in text:
        text = text.replace("\r\n", "\n").replace("\r", "\n")
        notes.append("line ends are written as \\n")
    return text, source.name, tuple(notes)


def read_bytes(path: str | os.PathLike[str]) -> tuple[bytes, str]:
    """Return the bytes of any file (``-`` is standard input) as they are, and its name.

    Raises
    ------
    TableError
        For a file that is absent or cannot be read.
    """
    if path == "-":
        return sys.stdin.buffer.read(), "standard input"
    if not _is_file(path):
        open_source(path)  # says what is wrong with it
    try:
        return Path(path).expanduser().read_bytes(), Path(path).name
    except OSError as error:
        raise TableError(f"{path} cannot be read: {error.strerror or error}") from error


def _is_file(path: str | os.PathLike[str]) -> bool:
    return path == "-" or (os.path.exists(path) and not os.path.isdir(path))
