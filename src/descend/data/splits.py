"""Splitting rows into training, validation and test parts, so that a test is honest.

Rows that belong together stay together: rows of one group, and equal rows (by their hashes).
Otherwise classes keep their shares in every part, or, with times, the oldest rows train and the
newest test. The parts are a pure function of the arguments, on every machine and version.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl

from descend.data.hashing import mix
from descend.errors import DataError, UsageError

__all__ = ["MOST_VALIDATION", "Split", "split_rows"]

MOST_VALIDATION = 20_000
"""Without a wish, no more rows than this go to validation: they suffice to see 0.5 %."""

_FEW_UNITS = 20


@dataclass(frozen=True, eq=False)
class Split:
    """The rows of each part, ascending, as int64; no row is in two.

    Parameters
    ----------
    train, validation, test : integer arrays
    how : str
        ``stratified``, ``at random``, ``by group``, ``by time`` or ``as given``.
    notes : tuple of str
        What a reader should know.
    """

    train: np.ndarray
    validation: np.ndarray
    test: np.ndarray
    how: str = "at random"
    notes: tuple[str, ...] = ()

    def describe(self) -> str:
        """Return the sizes as one phrase.

        Examples
        --------
        >>> split_rows(344).describe()
        'test 69 · validation 55 · train 220, at random'
        """
        return (
            f"test {len(self.test):,} · validation {len(self.validation):,} · "
            f"train {len(self.train):,}, {self.how}"
        )


def split_rows(
    n: int,
    *,
    test_fraction: float = 0.2,
    validation_fraction: float | None = None,
    seed: int = 0,
    labels: Any = None,
    groups: Any = None,
    times: Any = None,
    keys: Any = None,
    parts: Any = None,
) -> Split:
    """Split rows 0 to n - 1 into training, validation and test parts.

    Parameters
    ----------
    n : int
        How many rows; 1 or more.
    test_fraction : float
        The share of rows to test; 0 for none. From 3 rows on at least one row tests.
    validation_fraction : float, optional
        The share of the remaining rows to validate; by default a fifth, and at most
        `MOST_VALIDATION` rows. From 5 rows on at least one row validates.
    seed : int
        Another seed, another split.
    labels : array of n, optional
        Classes: each keeps its share in every part. Each class has a row in training.
    groups : array of n, optional
        Rows with one value stay in one part. Takes the place of `labels` and `keys`.
    times : float array of n, optional
        Numbers that grow with time: the oldest rows train, the newest test. Rows of one time stay
        together. With `groups`, a group is as old as its newest row. Rows without a time train.
    keys : uint64 array of n, optional
        Hashes of rows: equal rows stay in one part, in that of their first row's class. Where
        there are fewer than 20 different rows, each repeated five times and more on average, no
        part could stand for the others; then rows are split one by one, with a note.
    parts : int array of n, optional
        The part of each row, decided beforehand: 0 train, 1 validation, 2 test. Where no row
        validates, or none tests, that part is drawn from the training rows as above.

    Returns
    -------
    Split

    Raises
    ------
    UsageError
        For fractions outside 0 to 1, or arrays of another length.
    DataError
        Where all rows are one group, or of one time.

    Examples
    --------
    >>> split = split_rows(10, labels=[0, 1] * 5)
    >>> len(split.train), len(split.validation), len(split.test)
    (6, 2, 2)
    """
    arrays = {"labels": labels, "groups": groups, "times": times, "keys": keys}
    _check(n, test_fraction, validation_fraction, arrays | {"parts": parts})
    if parts is not None:
        return _as_given(np.asarray(parts), test_fraction, validation_fraction, seed, arrays)
    test_size = round(n * test_fraction)
    test_size = max(test_size, 1) if test_fraction > 0 and n >= 3 else test_size if n >= 3 else 0
    test_size = min(test_size, n - 1)
    rest = n - test_size
    if validation_fraction is None:
        validation_size = min(round(rest * 0.2), MOST_VALIDATION)
    else:
        validation_size = round(rest * validation_fraction)
    wanted = validation_fraction is None or validation_fraction > 0
    validation_size = min(max(validation_size, 1), rest - 1) if wanted and n >= 5 else 0
    notes: list[str] = []
    if wanted and not validation_size:
        notes.append(f"{_rows(n)}: too few for a validation part")
    if test_fraction > 0 and not test_size:
        notes.append(f"{_rows(n)}: too few for a test part")
    if times is not None:
        how = "by time"
        part = _by_time(np.asarray(times, np.float64), groups, test_size, validation_size)
    else:
        units, strata, how = _units(n, labels, groups, keys, notes)
        part = _at_random(units, strata, test_size, validation_size, seed)
    return Split(
        np.flatnonzero(part == 0), np.flatnonzero(part == 1), np.flatnonzero(part == 2),
        how, tuple(notes),
    )  # fmt: skip


def _as_given(
    parts: np.ndarray,
    test_fraction: float,
    validation_fraction: float | None,
    seed: int,
    arrays: dict[str, Any],
) -> Split:
    """Split by parts decided beforehand, and draw from the training rows the part that lacks."""
    held = {part: np.flatnonzero(parts == part) for part in (0, 1, 2)}
    rows = held[0]
    drawn = split_rows(
        len(rows),
        test_fraction=0.0 if len(held[2]) else test_fraction,
        validation_fraction=0.0 if len(held[1]) else validation_fraction,
        seed=seed,
        **{name: None if a is None else np.asarray(a)[rows] for name, a in arrays.items()},
    )
    notes = list(drawn.notes)
    lacking = [("validation", held[1], drawn.validation), ("test", held[2], drawn.test)]
    told = [name for name, given, found in lacking if not len(given) and len(found)]
    if told:
        notes.append(f"no row is given for {' and '.join(told)}: drawn from the training rows")
    return Split(
        rows[drawn.train],
        held[1] if len(held[1]) else rows[drawn.validation],
        held[2] if len(held[2]) else rows[drawn.test],
        "as given",
        tuple(notes),
    )


def _check(
    n: int, test_fraction: float, validation_fraction: float | None, arrays: dict[str, Any]
) -> None:
    if n < 1:
        raise DataError("no row to split: the table is empty")
    for name, fraction in (("test", test_fraction), ("validation", validation_fraction)):
        if fraction is not None and not 0 <= fraction < 1:
            raise UsageError(f"the {name} fraction must be at least 0 and below 1, got {fraction}")
    for name, array in arrays.items():
        if array is not None and len(array) != n:
            raise UsageError(f"{name} must have one value for each of {n} rows, got {len(array)}")


def _units(
    n: int, labels: Any, groups: Any, keys: Any, notes: list[str]
) -> tuple[np.ndarray, np.ndarray, str]:
    """Return the unit of each row (rows of one unit stay together), and its stratum."""
    alone, one = np.arange(n, dtype=_small(n)), np.zeros(n, np.int8)
    if groups is not None:
        units = _codes(groups)
        if n > 1 and not units.any():
            raise DataError("all rows are in one group: no other group is left to test with")
        return units, one, "by group"
    strata = one if labels is None else _codes(labels).astype(_small(n))
    how = "at random" if labels is None else "stratified"
    if labels is not None:
        single = int((np.bincount(strata) == 1).sum())
        if single:
            classes = "1 class has" if single == 1 else f"{single:,} classes have"
            notes.append(f"{classes} a single row: it trains, and is not tested")
    if keys is None or not _any_equal(keys):
        return alone, strata, how
    units = _codes(keys)
    different = int(units.max()) + 1
    if different < _FEW_UNITS and n >= 5 * different:
        notes.append(
            f"only {different} different rows among {n:,}: equal rows are in every part, so the "
            "test shows what was remembered"
        )
        return alone, strata, how
    notes.append(f"{n - different:,} of {_rows(n)} equal to another: equal rows stay in one part")
    return units, strata, how


def _any_equal(keys: Any) -> bool:
    """Return whether a key occurs twice; one sort, which is all that most tables need."""
    ordered = np.sort(keys)
    return bool((ordered[1:] == ordered[:-1]).any())


def _at_random(
    units: np.ndarray, strata: np.ndarray, test_size: int, validation_size: int, seed: int
) -> np.ndarray:
    """Return the part of each row: 0 train, 1 validation, 2 test.

    Units and strata are numbered 0, 1, 2 ... without a hole.
    """
    if int(units.max()) + 1 == len(units):
        first, sizes = np.arange(len(units), dtype=_small(len(units))), np.ones(len(units), np.int8)
    else:
        _, first, sizes = np.unique(units, return_index=True, return_counts=True)
    # A unit is where its first row is: its class, and its place in the draw.
    unit_strata = strata[first]
    draw = mix(mix(np.uint64(seed % 2**64)) ^ first.astype(np.uint64))
    if int(unit_strata.max()) < 2**16:  # one sort by both, which is twice as quick
        draw >>= np.uint64(16)
        draw |= unit_strata.astype(np.uint64) << np.uint64(48)
        order = np.argsort(draw, kind="stable")
    else:
        order = np.lexsort((draw, unit_strata))
    del draw, first
    order, count = order.astype(_small(len(units))), len(sizes)
    part = np.zeros(count, np.int8)
    # The last unit of each class always trains.
    ordered = unit_strata[order]
    last = np.append(ordered[1:] != ordered[:-1], True)
    free = np.ones(count, bool)
    free[order[last]] = False
    for which, size in ((2, test_size), (1, validation_size)):
        if not size:
            continue
        left = order[part[order] == 0]
        taken = _take(left, unit_strata, sizes, free, size)
        if not len(taken) and free[left].any() and (which == 2 or free[left].sum() > 1):
            # Units larger than the part: take the one that exceeds it least.
            allowed = left[free[left]]
            taken = allowed[[int(np.argmin(sizes[allowed]))]]
        part[taken] = which
    return part[units]


def _take(
    order: np.ndarray, strata: np.ndarray, sizes: np.ndarray, free: np.ndarray, size: int
) -> np.ndarray:
    """Return units of about `size` rows in all, each stratum with its share.

    Parameters
    ----------
    order : integer array
        Units to choose from, sorted by stratum and then by draw.
    strata, sizes, free : arrays
        Of each unit: its stratum, its number of rows, and whether it may be taken.
    size : int
    """
    new = np.append(True, strata[order][1:] != strata[order][:-1])
    start, place = np.flatnonzero(new), (np.cumsum(new) - 1).astype(_small(len(new)))
    rows = sizes[order]
    held = np.bincount(place, rows)
    room = np.bincount(place, rows * free[order])
    # Whole quotas by largest remainder, so that they add up to `size`.
    ideal = held * (size / rows.sum())
    quota = np.minimum(np.floor(ideal), room)
    short = int(size - quota.sum())
    may = np.flatnonzero(quota + 1 <= room)
    by_rest = may[np.argsort(-(ideal - quota)[may], kind="stable")]
    quota[by_rest[:short]] += 1
    before = np.cumsum(rows, dtype=np.int64)
    before -= rows
    before -= before[start][place]
    fits = before + rows / 2 <= quota[place]
    return order[fits & free[order]]


def _by_time(times: np.ndarray, groups: Any, test_size: int, validation_size: int) -> np.ndarray:
    """Return the part of each row: 0 train, 1 validation, 2 test; the newest rows test."""
    times = np.where(np.isfinite(times), times, -np.inf)
    if groups is not None:
        units = _codes(groups)
        newest = np.full(int(units.max()) + 1, -np.inf)
        np.maximum.at(newest, units, times)
        times = newest[units]
    moments, counts = np.unique(times, return_counts=True)
    if len(moments) == 1 and len(times) > 1:
        raise DataError("all rows are of one time: there is no newer row to test with")
    # A cut lies between two moments: `upto[i]` rows are older than moment i + 1.
    upto = np.cumsum(counts)[:-1]
    part = np.zeros(len(times), np.int8)
    end = len(moments)
    for which, size in ((2, test_size), (1, validation_size)):
        cuts = upto[: end - 1]
        if not size or not len(cuts):
            continue
        rows = upto[end - 1] if end <= len(upto) else len(times)
        cut = int(np.argmin(np.abs(cuts - (rows - size))))
        part[(times > moments[cut]) & (part == 0)] = which
        end = cut + 1
    return part


def _small(n: int) -> type:
    """Return the smallest type that numbers so many rows: large tables should fit in memory."""
    return np.int32 if n < 2**31 else np.int64


def _codes(values: Any) -> np.ndarray:
    """Return 0, 1, 2 ... for the different values, in their order."""
    array = np.asarray(values)
    if array.dtype.kind in "biuf":
        if array.dtype.kind in "bi" and array.min() >= 0 and array.max() < 2 * len(array):
            present = np.bincount(array) > 0  # small integers need no sort
            return (np.cumsum(present) - 1)[array.astype(np.int64)]
        return np.unique(array, return_inverse=True)[1]
    series = values if isinstance(values, pl.Series) else pl.Series(array.tolist())
    ranks = series.cast(pl.String).fill_null("").rank("dense")
    return ranks.to_numpy().astype(np.int64) - 1


def _rows(n: int) -> str:
    return "1 row" if n == 1 else f"{n:,} rows"
