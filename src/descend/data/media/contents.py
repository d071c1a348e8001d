"""What is in files, in a few bytes: to tell equal files from different ones, wherever they are."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np

if TYPE_CHECKING:
    import polars as pl

__all__ = ["content_digest", "content_words", "digest_of", "in_threads"]

_Result = TypeVar("_Result")

_known: dict[tuple[str, int, int], bytes] = {}
"""Digests by path, size and time of change, so that a file is read once a process."""

_MOST_KNOWN = 1_000_000


def digest_of(content: Any) -> bytes:
    """Return 16 bytes that stand for a file's content (BLAKE2b)."""
    return hashlib.blake2b(content, digest_size=16).digest()


def content_digest(path: str) -> bytes:
    """Return `digest_of` the content of a file; files that cannot be read go by their path.

    Examples
    --------
    >>> content_digest("/there/is/no/such/file") == digest_of(b"absent /there/is/no/such/file")
    True
    """
    try:
        facts = os.stat(path)
        key = (path, facts.st_size, facts.st_mtime_ns)
        if key not in _known:
            with open(path, "rb") as file:
                digest = digest_of(file.read())
            if len(_known) >= _MOST_KNOWN:
                _known.clear()
            _known[key] = digest
        return _known[key]
    except (OSError, ValueError):
        return digest_of(b"absent " + path.encode("utf-8", "surrogateescape"))


def content_words(series: pl.Series) -> np.ndarray:
    """Return 64 bits for the content of each cell: of the file that a path names, or of an array.

    Missing cells are 0.
    """
    if series.dtype.is_nested():
        arrays = series.to_numpy()
        digests = [digest_of(np.ascontiguousarray(a)) for a in arrays]
    else:
        paths = series.to_list()
        digests = in_threads(lambda path: content_digest(path) if path else bytes(8), paths)
    return np.array([int.from_bytes(d[:8], "little") for d in digests], np.uint64)


def in_threads(work: Callable[[Any], _Result], items: Sequence[Any]) -> list[_Result]:
    """Return ``[work(item) for item in items]``, computed by as many threads as there are cores.

    For reading and decoding of files, which let other threads run.
    """
    cores = os.cpu_count() or 1
    if cores == 1 or len(items) < 8:
        return [work(item) for item in items]
    with ThreadPoolExecutor(cores) as pool:
        return list(pool.map(work, items, chunksize=max(1, len(items) // (cores * 16))))
