"""Which line of a file holds which row of a table, kept in a few numbers."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

__all__ = ["LineIndex", "count_lines"]


def count_lines(text: bytes) -> int:
    r"""Count the line ends of a text: LF, CR and CRLF each count once.

    Examples
    --------
    >>> count_lines(b"a\nb\r\nc\rd")
    3
    """
    carriages = text.count(b"\r")
    return text.count(b"\n") + (carriages - text.count(b"\r\n") if carriages else 0)


@dataclass(frozen=True, eq=False)
class LineIndex:
    """The line, counted from 1, at which each row starts.

    Only the rows whose line is not the one after that of the row before are kept, so that the
    index of a plain file is a single pair of numbers.

    Parameters
    ----------
    rows, lines : numpy.ndarray of int64
        From row ``rows[i]`` on (the first is 0), row ``r`` starts at line
        ``lines[i] + r - rows[i]``.

    Examples
    --------
    >>> index = LineIndex.of([2, 3, 6, 7])
    >>> index.line_of(2), index.rows.tolist()
    (6, [0, 2])
    """

    rows: NDArray[np.int64]
    lines: NDArray[np.int64]

    @classmethod
    def of(cls, lines: ArrayLike) -> LineIndex:
        """Return the index of rows that start at the given lines."""
        array = np.asarray(lines, dtype=np.int64)
        first = np.flatnonzero(np.diff(array, prepend=array[:1] - 2) != 1)
        return cls(first, array[first])

    def line_of(self, row: int) -> int:
        """Return the line of a row, counted from 0."""
        at = int(np.searchsorted(self.rows, row, side="right")) - 1
        return int(self.lines[at]) + row - int(self.rows[at])

    def slice(self, start: int, stop: int) -> LineIndex:
        """Return the index of rows `start` to `stop`, which is not included."""
        if start >= stop:
            return LineIndex.of([])
        inside = (self.rows > start) & (self.rows < stop)
        return LineIndex(
            np.concatenate(([0], self.rows[inside] - start)),
            np.concatenate(([self.line_of(start)], self.lines[inside])),
        )

    @classmethod
    def join(cls, parts: Iterable[tuple[LineIndex, int]]) -> LineIndex:
        """Return one index of several parts of a table, each with its number of rows."""
        before, rows, lines = 0, [], []
        for part, height in parts:
            rows.append(part.rows + before)
            lines.append(part.lines)
            before += height
        if not rows:
            return cls.of([])
        joined, line = np.concatenate(rows), np.concatenate(lines)
        # A part that goes on where the one before ended needs no entry of its own.
        goes_on = np.zeros(len(joined), dtype=bool)
        goes_on[1:] = np.diff(line) == np.diff(joined)
        return cls(joined[~goes_on], line[~goes_on])
