"""Decoded pictures and sounds kept on disk, so that each is decoded once.

In the user's cache folder (``DESCEND_CACHE``, ``XDG_CACHE_HOME/descend`` or ``~/.cache/descend``)
stands one folder for each way of decoding, and in it *shards*: files that are written once, under a
name that nobody else uses, and never changed. A shard holds an 8-byte count, the 16-byte digests of
the files whose content it holds, and their rows. Rows are found by content, never by path. All of
it may be deleted at any time, also while it is used; when it has grown beyond its limit, the shards
that were not used for longest go first. Where the folder cannot be written, rows are decoded into
temporary files, which vanish with their last reader; only a folder that ``DESCEND_CACHE`` names is
insisted on.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import secrets
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from descend.data.media.contents import in_threads
from descend.data.rows import Rows, RowsWriter
from descend.errors import OutputError

__all__ = ["DecodedStore", "GatheredRows", "cache_folder"]

MOST_BYTES = 8 << 30
"""Shards beyond this are removed; ``DESCEND_CACHE_BYTES`` in the environment takes its place."""

PIECE = 64 << 20
"""Bytes of rows that are decoded before they are written."""

_DIGEST = 16

_Shard = tuple[list[bytes], Rows]
"""The digests of a shard, and its rows."""


def cache_folder() -> Path | None:
    """Return the folder of what may be thrown away; None for a user without a home."""
    own = os.environ.get("DESCEND_CACHE")
    if own:
        return Path(own)
    base = os.environ.get("XDG_CACHE_HOME")
    try:
        return (Path(base) if base else Path.home() / ".cache") / "descend"
    except RuntimeError:
        return None


class DecodedStore:
    """Rows of one shape and one way of decoding, by the content they were decoded from.

    Parameters
    ----------
    way : str
        How they are decoded: another way never finds them.
    dtype : NumPy type
    row_shape : tuple of int
    folder : Path, optional
        The cache folder.
    """

    def __init__(
        self, way: str, dtype: Any, row_shape: tuple[int, ...], folder: Path | None = None
    ) -> None:
        self.dtype, self.row_shape = np.dtype(dtype), tuple(row_shape)
        name = hashlib.blake2b(f"{way} {self.dtype} {row_shape}".encode(), digest_size=8)
        folder = folder or cache_folder()
        self.folder = None if folder is None else folder / "decoded" / name.hexdigest()
        self._row_bytes = self.dtype.itemsize * int(np.prod(row_shape, dtype=np.int64))

    def rows(
        self, digests: Sequence[bytes], decode: Callable[[int], np.ndarray]
    ) -> tuple[list[Rows], np.ndarray, np.ndarray]:
        """Find or decode the row of each digest.

        Parameters
        ----------
        digests : sequence of bytes
        decode : function (place in ``digests``) -> array

        Returns
        -------
        shards : list of Rows
        shard, row : int32 arrays
            Where the row of each digest is.

        Raises
        ------
        OutputError
            If rows can be written neither into the cache folder nor into a temporary file, or not
            into the folder that ``DESCEND_CACHE`` names.
        """
        places: dict[bytes, tuple[int, int]] = {}
        shards: list[Rows] = []
        wanted = set(digests)

        def take(found: _Shard) -> None:
            for i, digest in enumerate(found[0]):
                places.setdefault(digest, (len(shards), i))
            shards.append(found[1])

        for path in self._paths():
            opened = self._open(path)
            if opened is not None and wanted.intersection(opened[0]):
                take(opened)
                with contextlib.suppress(OSError):
                    os.utime(path)
        missing = {d: i for i, d in enumerate(digests) if d not in places}
        if missing:
            take(self._decoded(list(missing), list(missing.values()), decode))
        found = [places[digest] for digest in digests]
        shard, row = (np.array([f[i] for f in found], np.int32) for i in (0, 1))
        return shards, shard, row

    def _paths(self) -> list[Path]:
        """Return the shards that are there; none of a folder that cannot be looked into."""
        try:
            return [] if self.folder is None else sorted(self.folder.glob("*.rows"))
        except OSError:
            return []

    def _open(self, path: Path) -> _Shard | None:
        """Return the digests and rows of a shard; None for one that is damaged or gone."""
        try:
            with open(path, "rb") as file:
                count = int.from_bytes(file.read(8), "little")
                head = 8 + count * _DIGEST
                if os.fstat(file.fileno()).st_size != head + count * self._row_bytes:
                    return None
                words = file.read(count * _DIGEST)
            rows = Rows(path, self.dtype, self.row_shape, offset=head, count=count)
        except (OSError, ValueError):
            return None
        return [words[i : i + _DIGEST] for i in range(0, len(words), _DIGEST)], rows

    def _decoded(
        self, digests: list[bytes], items: list[int], decode: Callable[[int], np.ndarray]
    ) -> _Shard:
        """Decode rows into a new shard, or into a temporary file where none can be kept."""
        opened = None
        if self.folder is not None:
            try:
                opened = self._open(self._write(self.folder, digests, items, decode))
            except OSError as error:
                own = os.environ.get("DESCEND_CACHE")
                if own:
                    raise OutputError(
                        f"decoded pictures and sounds cannot be kept in {own}, the folder that "
                        f"DESCEND_CACHE names: {error.strerror or error}. Let it name a folder "
                        "that can be written, or unset it"
                    ) from None
        if opened is not None:
            return opened
        with RowsWriter(self.dtype, self.row_shape) as writer:
            for rows in self._pieces(items, decode):
                writer.append(np.stack(rows))
            return digests, writer.rows()

    def _pieces(
        self, items: list[int], decode: Callable[[int], np.ndarray]
    ) -> Iterator[list[np.ndarray]]:
        """Yield the decoded rows, so many at a time as are held in memory."""
        step = max(1, PIECE // max(1, self._row_bytes))
        for start in range(0, len(items), step):
            yield in_threads(decode, items[start : start + step])

    def _write(
        self,
        folder: Path,
        digests: list[bytes],
        items: list[int],
        decode: Callable[[int], np.ndarray],
    ) -> Path:
        """Decode rows into a new shard."""
        folder.mkdir(parents=True, exist_ok=True)
        path = folder / f"{secrets.token_hex(8)}.rows"
        part = path.with_suffix(".part")
        try:
            with open(part, "wb") as file:
                file.write(len(digests).to_bytes(8, "little") + b"".join(digests))
                for rows in self._pieces(items, decode):
                    for row in rows:
                        file.write(np.ascontiguousarray(row, self.dtype).tobytes())
            os.replace(part, path)
        finally:
            part.unlink(missing_ok=True)
        self._trim(path)
        return path

    def _trim(self, keep: Path) -> None:
        """Remove the shards that were not used for longest, until all are within the limit."""
        text = os.environ.get("DESCEND_CACHE_BYTES", "")
        most = int(text) if text.isdecimal() else MOST_BYTES
        found = []
        for path in keep.parent.parent.glob("*/*.rows"):
            with contextlib.suppress(OSError):
                facts = path.stat()
                found.append((facts.st_mtime, facts.st_size, path))
        total = sum(size for _, size, _ in found)
        for _, size, path in sorted(found):
            if total <= most:
                break
            if path != keep:
                with contextlib.suppress(OSError):  # of another user, or still read on Windows
                    path.unlink(missing_ok=True)
                    total -= size


class GatheredRows(Rows):
    """Chosen rows of several `Rows` in the order that they are wanted in, read when needed.

    Parameters
    ----------
    parts : sequence of Rows
        Of one type and row shape, at least one.
    part, row : integer arrays (rows,)
        Each row's part, and its number in that part.
    """

    def __init__(self, parts: Sequence[Rows], part: np.ndarray, row: np.ndarray) -> None:
        self._parts, self._part, self._row = list(parts), part, row
        self.dtype, self.path = parts[0].dtype, parts[0].path
        self.shape = (len(row), *parts[0].shape[1:])
        self._row_bytes = self.dtype.itemsize * int(np.prod(self.shape[1:], dtype=np.int64))

    def __getitem__(self, chosen: slice | np.ndarray) -> np.ndarray:
        """Read a slice of the rows, or those with the numbers of an integer array."""
        if not isinstance(chosen, slice):
            chosen = np.asarray(chosen, np.int64)
        part, row = self._part[chosen], self._row[chosen].astype(np.int64)
        out = np.empty((len(row), *self.shape[1:]), self.dtype)
        for i in np.unique(part):
            places = np.flatnonzero(part == i)
            places = places[np.argsort(row[places], kind="stable")]  # in the order of the file
            out[places] = self._parts[i][row[places]]
        return out
