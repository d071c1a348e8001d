"""Reading text line by line, so that every complaint names its file and line."""

from __future__ import annotations

import math
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple, NoReturn

import numpy as np

from descend.errors import TableError, UsageError

__all__ = ["Line", "Lines", "Numbers", "path_of", "read_bytes"]


LARGEST = 2**53  # what float64 holds without dropping digits


class Line(NamedTuple):
    """One line: its number from 1, its text without surrounding blanks, and its words."""

    number: int
    text: str
    words: list[str]


class Lines:
    """The lines of a text file that are not empty and not comments.

    Parameters
    ----------
    path : str or Path
    comments : tuple of str
        A line that starts with one of these is skipped.
    """

    def __init__(self, path: str | Path, comments: tuple[str, ...] = ()) -> None:
        self.path = path_of(path)
        try:
            text = read_bytes(self.path).decode("utf-8-sig", errors="strict")
        except UnicodeDecodeError as error:
            raise TableError(f"{path}: not a text file: {error}") from None
        rows = text.splitlines()
        self.last = len(rows)
        self.lines = [
            Line(k, row.strip(), row.split())
            for k, row in enumerate(rows, 1)
            if row.strip() and not row.lstrip().startswith(comments or "\0")
        ]
        if not self.lines:
            raise TableError(f"{path}: the file is empty")

    def __iter__(self) -> Iterator[Line]:
        return iter(self.lines)

    def fail(self, line: Line | int, message: str) -> NoReturn:
        """Raise an error that names the file and the line."""
        number = line if isinstance(line, int) else line.number
        raise TableError(f"{self.path}, line {number}: {message}")

    def integer(
        self, line: Line, word: str, what: str, low: int | None = None, high: int | None = None
    ) -> int:
        """Return a word as an integer inside bounds."""
        try:
            value = int(_plain(word))
        except ValueError:
            self.fail(line, f"{what} must be an integer, got {_short(word)}")
        if abs(value) > LARGEST:
            self.fail(line, f"{what} must be at most {LARGEST:,}, got {_short(word)}")
        if (low is not None and value < low) or (high is not None and value > high):
            bounds = f"{low} to {high}" if high is not None else f"at least {low}"
            self.fail(line, f"{what} must be {bounds}, got {value}")
        return value

    def number(self, line: Line, word: str, what: str) -> float:
        """Return a word as a finite number."""
        try:
            value = float(_plain(word))
        except ValueError:
            self.fail(line, f"{what} must be a number, got {_short(word)}")
        if not math.isfinite(value):
            self.fail(line, f"{what} must be finite, got {_short(word)}")
        return value


def path_of(path: Any) -> Path:
    """Return a path, refusing what names no file."""
    if not isinstance(path, str | os.PathLike) or "\0" in os.fspath(path):
        raise UsageError(f"expected the path of a file, got {path!r}")
    return Path(path)


def read_bytes(path: Path) -> bytes:
    """Return what is in a file."""
    try:
        return path.read_bytes()
    except OSError as error:
        raise TableError(f"{path}: cannot be read: {error.strerror}") from None


def _plain(word: str) -> str:
    """Return a word as it is; Python would read 1_0 as 10."""
    if "_" in word:
        raise ValueError
    return word


def _short(word: str) -> str:
    return repr(word if len(word) <= 40 else word[:37] + "...")


class Numbers:
    """The words of a file as one stream of numbers, across lines."""

    def __init__(self, lines: Lines, first: int = 0, last: int | None = None) -> None:
        self.lines = lines
        chosen = lines.lines[first:last]
        self._words = [(line, word) for line in chosen for word in line.words]
        self._at = 0

    def take(self, count: int, what: str) -> np.ndarray:
        """Return the next ``count`` numbers."""
        chosen = self._words[self._at : self._at + count]
        if len(chosen) < count:
            end = self._words[-1][0].number if self._words else self.lines.last
            self.lines.fail(
                end, f"the file ends after {len(chosen)} of {count} numbers of {what}; is it cut?"
            )
        self._at += count
        return np.array([self.lines.number(line, word, what) for line, word in chosen])

    def finish(self, what: str) -> None:
        """Refuse anything that is left."""
        if self._at < len(self._words):
            line, word = self._words[self._at]
            self.lines.fail(line, f"unexpected {word!r} after the end of {what}")
