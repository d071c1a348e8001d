"""What a search is asked for, checked: algorithm, reads, first states and groups."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np

from descend.errors import DataError, UsageError, did_you_mean
from descend.feedback.arguments import whole_array
from descend.feedback.dynamics import ALGORITHMS

__all__ = ["check_algorithm", "check_room", "checked_states", "group_rows"]

MOST_STATES = 1 << 29  # reads times spins: 2 GB of single precision, of which a run takes several


def check_algorithm(algorithm: Any, groups: np.ndarray | None, size: int) -> None:
    """Refuse an algorithm that does not exist, and one whose groups are missing or unfit."""
    names = ["auto", *ALGORITHMS]
    if not isinstance(algorithm, str) or algorithm not in names:
        raise UsageError(
            f"unknown algorithm {algorithm!r}; choose one of {', '.join(names)}."
            f"{did_you_mean(str(algorithm), names)}"
        )
    if algorithm in ("potts", "softassign") and groups is None:
        raise UsageError(f'algorithm "{algorithm}" needs groups: which spins are one-hot together')
    if algorithm == "softassign" and groups is not None and not _is_square(groups, size):
        raise UsageError(
            'algorithm "softassign" needs as many groups as each has members, and every spin in '
            "one of them: rows and columns of a permutation"
        )
    if groups is not None:
        spins, counts = np.unique(groups[groups >= 0], return_counts=True)
        for spin, count in zip(spins[counts > 1], counts[counts > 1], strict=True):
            named = np.flatnonzero((groups == spin).any(axis=1)).tolist()
            raise UsageError(
                f"spin {spin} is named {count} times, in the groups {named} (counted from "
                "0); a spin belongs to one group, and once"
            )


def _is_square(groups: np.ndarray, size: int) -> bool:
    rows, columns = groups.shape
    return rows == columns and np.array_equal(np.sort(groups, axis=None), np.arange(size))


def check_room(reads: int, size: int) -> None:
    """Refuse more reads of so many spins than memory holds."""
    if reads * size > MOST_STATES:
        raise UsageError(
            f"num_reads of {reads:,} for {size:,} spins are more numbers than the limit of "
            f"{MOST_STATES:,}; ask for at most {max(1, MOST_STATES // size):,} reads"
        )


def checked_states(states: Any, n: int, reads: int) -> np.ndarray | None:
    """Return the first states (k, n) of the first k reads, as int8."""
    if states is None:
        return None
    try:
        array = np.asarray(states)
    except ValueError as error:
        raise DataError(f"initial_states must have shape (k, {n}): {error}") from None
    if array.ndim != 2 or array.shape[1] != n:
        raise DataError(f"initial_states must have shape (k, {n}), got {array.shape}")
    if array.dtype.kind not in "iuf" or not np.isin(array, (-1, 1)).all():
        raise DataError("initial_states must hold only -1 and +1")
    if len(array) > reads:
        raise DataError(f"{len(array)} initial states for {reads} reads; raise num_reads")
    return array.astype(np.int8)


def group_rows(groups: Any, n: int) -> np.ndarray | None:
    """Return groups of spins as rows of one length, padded with −1; None where there are none."""
    if groups is None:
        return None
    if isinstance(groups, str) or not isinstance(groups, Iterable):
        raise UsageError(f"groups must be lists of spins, one list a group, got {groups!r}")
    try:
        rows = [whole_array(group, f"group {k}", (None,)) for k, group in enumerate(groups)]
    except (DataError, TypeError) as error:
        raise UsageError(f"groups must be lists of spins, one list a group: {error}") from None
    array = np.full((len(rows), max(map(len, rows), default=1)), -1, np.int32)
    for k, row in enumerate(rows):
        if not (row >= 0).any() or row.min() < -1 or row.max() >= n:
            raise UsageError(
                f"group {k} (counted from 0) must hold spins, numbered 0 to {n - 1} (-1 pads), got "
                f"{row.tolist()}"
            )
        array[k, : len(row)] = row
    return array if rows else None
