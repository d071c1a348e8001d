"""From a table of times and values to series at equal steps."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl

from descend.data.cells import read_cells, read_texts
from descend.data.columns import Column
from descend.data.forecasting.clock import Clock, fit_clock
from descend.errors import ColumnError, DataError

__all__ = ["Track", "filled", "read_tracks"]


@dataclass(frozen=True, eq=False)
class Track:
    """One series at equal steps, from its first known value to its last.

    Attributes
    ----------
    name : str
        Its cell of the column that tells several series apart; empty where there is one series.
    first : int
        The step of its first value, by the clock.
    values : float array (steps,)
        Not a number where a value is missing.
    others : polars.DataFrame
        The further columns, null where a step is missing.
    """

    name: str
    first: int
    values: np.ndarray
    others: pl.DataFrame

    @property
    def end(self) -> int:
        """The step after its last value."""
        return self.first + len(self.values)


def read_tracks(
    frame: pl.DataFrame,
    *,
    target: Column,
    time: Column | None = None,
    group: str | None = None,
    others: Sequence[Column] = (),
    clock: Clock | None = None,
) -> tuple[tuple[Track, ...], Clock, tuple[str, ...]]:
    """Read the series of a table.

    Parameters
    ----------
    frame : polars.DataFrame
        Rows in any order of time.
    target : Column
        What is measured; missing values are left as gaps.
    time : Column, optional
        Of kind date or number; without it rows are steps.
    group : str, optional
        The column that tells several series apart.
    others : sequence of Column
        Further columns to keep.
    clock : Clock, optional
        As fitted before; found from the times by default.

    Returns
    -------
    tracks : tuple of Track
        In the order in which they first occur.
    clock : Clock
    notes : tuple of str
        What was out of the ordinary: rows put in order, steps that are missing.

    Raises
    ------
    ColumnError
        Where a time is missing, twice in one series, or between steps; names the row.
    DataError
        Where no value is known.
    """
    notes: list[str] = []
    names = _names(frame, group)
    codes = names.rank("dense").cast(pl.Int64).to_numpy() - 1
    times = _times(frame, time, codes)
    order = np.lexsort((times, codes))
    if time is not None and _unordered(times, codes):
        notes.append("rows put in order of time")
    order, doubles = _without_doubles(frame, order, times, codes, time, group)
    if doubles:
        notes.append(f"{_count(doubles, 'row')} equal to another of the same time: left out")
    times, codes = times[order], codes[order]
    starts = np.append(True, codes[1:] != codes[:-1])
    if clock is None:
        clock = Clock("row", 1.0, 1.0) if time is None else fit_clock(times, starts, time)
    # Messages name rows of the file, so positions are found in its order.
    positions = np.empty(len(frame), np.int64)
    whole = np.full(len(frame), times[0])
    whole[order] = times
    positions = clock.positions(whole)[order]
    values = read_cells(frame[target.name], target).to_numpy()[order].astype(float)
    kept = [frame[column.name].gather(order) for column in others]
    tracks, missing = [], 0
    for part in np.split(np.arange(len(order)), np.flatnonzero(starts)[1:]):
        name = "" if group is None else str(names[int(order[part[0]])])
        track = _track(name, positions[part], values[part], [one.gather(part) for one in kept])
        if track is not None:
            tracks.append((int(order[part].min()), track))
            missing += int(np.isnan(track.values).sum())
    if not tracks:
        raise DataError(f'column "{target.name}" has no value in any row')
    found = tuple(track for _, track in sorted(tracks, key=lambda pair: pair[0]))
    steps = sum(len(track.values) for track in found)
    if 2 * missing > steps:
        raise ColumnError(
            f"of {_count(steps, 'step')} of {clock.describe()} from first to last, {missing:,} "
            "have no value: the times are irregular. Put the numbers at equal steps first, as "
            "means of an hour or a day"
        )
    if missing:
        notes.append(
            f"{_count(missing, 'step')} of {steps:,} without a value: the last known one stands in"
        )
    return found, clock, tuple(notes)


def filled(values: np.ndarray) -> np.ndarray:
    """Return values where each missing one is the last known before it; the first is known.

    Nothing is taken from later steps: at the time of a forecast they are not known either.

    Examples
    --------
    >>> filled(np.array([1.0, np.nan, 3.0])).tolist()
    [1.0, 1.0, 3.0]
    """
    places = np.where(np.isnan(values), 0, np.arange(len(values)))
    return values[np.maximum.accumulate(places)]


def _names(frame: pl.DataFrame, group: str | None) -> pl.Series:
    """Return the name of the series of each row."""
    if group is None:
        return pl.Series("series", [""] * len(frame))
    names = read_texts(frame[group], Column(group, "category"))
    if names.is_null().any():
        row = int(names.is_null().arg_max() or 0)
        raise ColumnError(
            f'group "{group}", row {row + 1:,} is empty: each row must say of which series it is'
        )
    return names


def _times(frame: pl.DataFrame, time: Column | None, codes: np.ndarray) -> np.ndarray:
    """Return the time of each row; without a column of times its place in its series, from 1."""
    if time is None:
        places = np.empty(len(codes))
        for code in np.unique(codes):
            rows = np.flatnonzero(codes == code)
            places[rows] = np.arange(1, len(rows) + 1)
        return places
    cells = read_cells(frame[time.name], time)
    if cells.is_null().any():
        row = int(cells.is_null().arg_max() or 0)
        raise ColumnError(
            f'time "{time.name}", row {row + 1:,} is empty: each row needs the time of its value'
        )
    numbers = cells.cast(pl.Int64) if time.kind == "date" else cells
    return numbers.cast(pl.Float64).to_numpy()


def _unordered(times: np.ndarray, codes: np.ndarray) -> bool:
    """Whether the rows of some series do not come in order of time."""
    order = np.argsort(codes, kind="stable")
    same = codes[order][1:] == codes[order][:-1]
    return bool((np.diff(times[order])[same] < 0).any())


def _without_doubles(
    frame: pl.DataFrame,
    order: np.ndarray,
    times: np.ndarray,
    codes: np.ndarray,
    time: Column | None,
    group: str | None,
) -> tuple[np.ndarray, int]:
    """Return the order without rows that repeat another whole row, and how many they are."""
    same = (np.diff(times[order]) == 0) & (codes[order][1:] == codes[order][:-1])
    if not same.any():
        return order, 0
    before, after = order[:-1][same], order[1:][same]
    equal = np.ones(len(before), bool)
    for name in frame.columns:
        pair = frame[name].gather(before).eq_missing(frame[name].gather(after))
        equal &= pair.to_numpy()
    if not equal.all():
        place = int(np.argmin(equal))
        rows = sorted((int(before[place]) + 1, int(after[place]) + 1))
        name = "" if time is None else time.name
        cell = "" if time is None else f' "{frame[time.name][int(before[place])]}"'
        mend = (
            "Keep one row a time; several series in one file are told apart by --group COLUMN"
            if group is None
            else "Each series needs one row a time"
        )
        raise ColumnError(
            f'time "{name}": rows {rows[0]:,} and {rows[1]:,} are of the same time{cell} and '
            f"differ ({_count(int((~equal).sum()), 'such pair')}). {mend}"
        )
    return order[np.append(True, ~same)], int(same.sum())


def _track(
    name: str, positions: np.ndarray, values: np.ndarray, others: Sequence[pl.Series]
) -> Track | None:
    """Return one series at equal steps; None where no value is known."""
    known = np.flatnonzero(~np.isnan(values))
    if not len(known):
        return None
    inside = slice(int(known[0]), int(known[-1]) + 1)
    first = int(positions[known[0]])
    positions = positions[inside] - first
    length = int(positions[-1]) + 1
    if length > 20 * len(positions) + 1000:
        raise ColumnError(
            f"from the first to the last time there are {length:,} steps and only "
            f"{len(positions):,} values: the times are irregular. Put the numbers at equal steps "
            "first"
        )
    spread = np.full(length, np.nan)
    spread[positions] = values[inside]
    rows = np.full(length, -1)
    rows[positions] = np.arange(len(positions)) + inside.start
    gaps, places = pl.Series(rows < 0), np.maximum(rows, 0)
    taken = pl.DataFrame([column.gather(places).set(gaps, None) for column in others])
    return Track(name, first, spread, taken)


def _count(things: int, noun: str) -> str:
    return f"{things:,} {noun}" if things == 1 else f"{things:,} {noun}s"
