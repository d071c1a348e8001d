"""Rows of equal shape that stay in a file: read when they are needed, never held.

Reading goes through ``pread`` into fresh arrays, not through a memory map: the pages of a map count
as memory of the process, so that a pass over a large file would look like a leak, and be one where
memory is limited.
"""

from __future__ import annotations

import os
import tempfile
import threading
import weakref
from pathlib import Path
from types import TracebackType
from typing import Any

import numpy as np

from descend.errors import DataError, OutputError

__all__ = ["Rows", "RowsWriter"]

BLOCK = 2**20
"""Bytes that are read in one go where many of the rows in them are wanted."""

GAP = 2**13
"""Where a row is wanted every so many bytes on average, or more often, whole blocks are read: it
takes as long to copy 8 kB from the system's memory as to ask for one more piece of a file."""


class Rows:
    """An array (rows, ...) in a file, row after row without gaps, in the machine's byte order.

    May stand where training and prediction take an array of inputs or targets; they then read the
    rows piece by piece. Several threads may read at once.

    Parameters
    ----------
    path : path
    dtype : NumPy type
    row_shape : tuple of int
        Of one row.
    offset : int
        Bytes before the first row.
    count : int, optional
        Number of rows; by default as many as the file holds.

    Attributes
    ----------
    shape : tuple of int
    dtype : numpy.dtype

    Raises
    ------
    DataError
        If the file cannot be opened, or is shorter than its rows; when reading, also if it has
        shrunk since.

    Examples
    --------
    >>> with RowsWriter(np.int32, (2,)) as writer:
    ...     writer.append(np.arange(8).reshape(4, 2))
    ...     rows = writer.rows()
    >>> rows.shape, rows[np.array([2, 0])].tolist(), rows[3:].tolist()
    ((4, 2), [[4, 5], [0, 1]], [[6, 7]])
    """

    def __init__(
        self,
        path: str | os.PathLike[str],
        dtype: Any,
        row_shape: tuple[int, ...],
        *,
        offset: int = 0,
        count: int | None = None,
    ) -> None:
        self.path = Path(path)
        try:
            handle = os.open(path, os.O_RDONLY | getattr(os, "O_BINARY", 0))
        except OSError as error:
            raise DataError(f"{path} cannot be read: {error.strerror}") from None
        self._open(handle, dtype, row_shape, offset, count)

    def _open(
        self, handle: int, dtype: Any, row_shape: tuple[int, ...], offset: int, count: int | None
    ) -> None:
        self._handle, self._lock = handle, threading.Lock()
        weakref.finalize(self, os.close, handle)
        self.dtype = np.dtype(dtype)
        self._offset = offset
        self._row_bytes = self.dtype.itemsize * int(np.prod(row_shape, dtype=np.int64))
        size = os.fstat(handle).st_size
        # Rows without a number in them take no room, so the file cannot tell how many there are.
        whole = (size - offset) // self._row_bytes if self._row_bytes else count or 0
        count = whole if count is None else count
        self.shape = (count, *row_shape)
        if whole < count or offset > size:
            raise DataError(
                f"{self.path} has {size:,} bytes, too few for {count:,} rows of "
                f"{self._row_bytes:,} bytes after the first {offset:,}"
            )

    @property
    def ndim(self) -> int:
        """Number of axes, that of the rows included."""
        return len(self.shape)

    @property
    def nbytes(self) -> int:
        """Bytes of all rows together."""
        return self.shape[0] * self._row_bytes

    def __len__(self) -> int:
        return self.shape[0]

    def __repr__(self) -> str:
        return f"Rows({str(self.path)!r}, {self.dtype}, shape={self.shape})"

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> np.ndarray:
        """Read everything: for small files and for tests."""
        del copy
        return self[:].astype(dtype or self.dtype, copy=False)

    def __getitem__(self, chosen: slice | np.ndarray) -> np.ndarray:
        """Read a slice of the rows, or those with the numbers of an integer array.

        Raises
        ------
        IndexError
            If a number is not that of a row.
        """
        if isinstance(chosen, slice):
            first, last, step = chosen.indices(len(self))
            if step != 1:
                return self[np.arange(first, last, step)]
            return self._pieces(np.array([first]), np.array([max(0, last - first)]))
        chosen = np.asarray(chosen, np.int64)
        if chosen.size and (chosen.min() < 0 or chosen.max() >= len(self)):
            raise IndexError(f"row {chosen.max()} of {len(self)} rows, from 0")
        if len(chosen) > 1 and 0 < _span(chosen) * self._row_bytes <= GAP * len(chosen):
            return self._picked(chosen)
        # Neighbours are read in one go.
        breaks = np.flatnonzero(np.diff(chosen) != 1) + 1
        edges = np.concatenate([[0], breaks, [len(chosen)]])
        return self._pieces(chosen[edges[:-1]] if len(chosen) else edges[:1], np.diff(edges))

    def _pieces(self, starts: np.ndarray, lengths: np.ndarray) -> np.ndarray:
        """Read so many rows from each of some rows on."""
        out = np.empty((int(lengths.sum()), *self.shape[1:]), self.dtype)
        if out.nbytes:
            view = out.data.cast("B")
            self._read(view, starts * self._row_bytes + self._offset, lengths * self._row_bytes)
        return out

    def _picked(self, chosen: np.ndarray) -> np.ndarray:
        """Read the blocks of the file from the first row to the last, and pick rows from each."""
        out = np.empty((len(chosen), *self.shape[1:]), self.dtype)
        order = np.argsort(chosen, kind="stable")
        wanted, many = chosen[order], max(1, BLOCK // self._row_bytes)
        begin = 0
        while begin < len(wanted):
            first = wanted[begin]
            end = int(np.searchsorted(wanted, first + many))
            block = self._pieces(wanted[begin : begin + 1], wanted[end - 1 : end] - first + 1)
            out[order[begin:end]] = block[wanted[begin:end] - first]
            begin = end
        return out

    def _read(self, view: memoryview, offsets: np.ndarray, sizes: np.ndarray) -> None:
        """Fill the view with pieces of the file, one after another."""
        handle, position = self._handle, 0
        for offset, size in zip(offsets.tolist(), sizes.tolist(), strict=True):
            end = position + size
            while position < end:
                part = view[position:end]
                if hasattr(os, "preadv"):
                    got = os.preadv(handle, [part], offset)
                else:  # Windows
                    with self._lock:
                        os.lseek(handle, offset, os.SEEK_SET)
                        read = os.read(handle, len(part))
                    got = len(read)
                    part[:got] = read
                if not got:
                    raise DataError(f"{self.path} has become shorter while it was being read")
                position, offset = position + got, offset + got


def _span(chosen: np.ndarray) -> int:
    return int(chosen.max()) - int(chosen.min()) + 1


class RowsWriter:
    """Writes `Rows` piece by piece.

    Parameters
    ----------
    dtype : NumPy type
    row_shape : tuple of int
        Of one row.
    path : path, optional
        By default a temporary file that has no name (where the system allows that) and vanishes
        with the last `Rows` that reads it, however the process ends.
    folder : path, optional
        Where the temporary file is; by default the system's place for them (``TMPDIR``).

    Raises
    ------
    OutputError
        If the file cannot be made or written, as when the disk is full.
    """

    def __init__(
        self,
        dtype: Any,
        row_shape: tuple[int, ...],
        path: str | os.PathLike[str] | None = None,
        folder: str | os.PathLike[str] | None = None,
    ) -> None:
        self.dtype, self.row_shape = np.dtype(dtype), tuple(row_shape)
        self.count = 0
        self._where = Path(path or folder or tempfile.gettempdir())
        try:
            if path is None:
                self._file: Any = tempfile.TemporaryFile(dir=folder, buffering=0)  # noqa: SIM115
            else:
                self._file = open(path, "w+b", buffering=0)  # noqa: SIM115
        except OSError as error:
            raise self._failed(error) from None

    def _failed(self, error: OSError) -> OutputError:
        return OutputError(
            f"rows cannot be written to {self._where}: {error.strerror}. Free some space, or let "
            "TMPDIR name a folder that has it"
        )

    def append(self, rows: Any) -> None:
        """Write more rows, an array (rows, ...) of the writer's type and shape."""
        rows = np.ascontiguousarray(rows, self.dtype)
        if rows.shape[1:] != self.row_shape:
            raise DataError(f"rows of shape {self.row_shape} are expected, got {rows.shape[1:]}")
        view = rows.reshape(-1).data.cast("B") if rows.size else memoryview(b"")
        try:
            while len(view):
                view = view[self._file.write(view) :]
        except OSError as error:
            raise self._failed(error) from None
        self.count += len(rows)

    def rows(self) -> Rows:
        """Return the rows written so far; they stay readable after the writer is closed."""
        rows = Rows.__new__(Rows)
        rows.path = self._where
        rows._open(os.dup(self._file.fileno()), self.dtype, self.row_shape, 0, self.count)
        return rows

    def close(self) -> None:
        """Close the file."""
        self._file.close()

    def __enter__(self) -> RowsWriter:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()
