"""How a forecast is fitted: which past it looks at, found on the training part alone."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import polars as pl

from descend.data.columns import Column, infer_columns, listed
from descend.data.forecasting.clock import Clock
from descend.data.forecasting.forecast import MOST_AHEAD, Forecast, Windows
from descend.data.forecasting.seasons import find_seasons, grows, swings_with_level
from descend.data.forecasting.tracks import Track, filled, read_tracks
from descend.data.inference import infer_column
from descend.data.table import Table
from descend.errors import ColumnError, DataError, UsageError
from descend.spec import plain

__all__ = ["PART", "fit_forecast", "training_windows"]

PART = "part"
"""The column of the table that says which origins train, validate and test."""

FEWEST = 8
"""Origins to train on, at least."""

_LAGS = 24
_FEW_LAGS = 3
"""Where there are few steps and a season: each column more is a weight more that few rows fit."""
_FEW_STEPS = 200
_OTHER_KINDS = ("number", "boolean", "category")


def fit_forecast(
    table: Table,
    *,
    horizon: int,
    target: str | None = None,
    time: str | None = None,
    group: str | None = None,
    drop: Sequence[str] = (),
    kinds: dict[str, str] | None = None,
    test_fraction: float = 0.2,
    validation_fraction: float | None = None,
) -> tuple[Forecast, tuple[Track, ...], tuple[str, ...]]:
    """Find out what a table of series holds, and how to forecast it.

    Seasons, logarithms, scales and references are found on the steps before those that validate
    and test.

    Parameters
    ----------
    table : Table
    horizon : int
        Steps ahead.
    target, time, group : str, optional
        Columns; without a target the only column of numbers, without a time the only column of
        dates, and where there is none, rows count as steps.
    drop : sequence of str
        Columns to leave out.
    kinds : dict of column to kind, optional
    test_fraction, validation_fraction : float
        Shares of the steps.

    Returns
    -------
    forecast : Forecast
    tracks : tuple of Track
    notes : tuple of str

    Raises
    ------
    UsageError
        For a horizon that is no number of steps, and where the target is not plain.
    DataError
        Where the series is too short; says how far it can be forecast.
    """
    horizon = plain(horizon)
    if type(horizon) is not int or not 1 <= horizon <= MOST_AHEAD:
        raise UsageError(f"forecast is a number of steps ahead, 1 to {MOST_AHEAD}, got {horizon!r}")
    frame = table.frame.drop([name for name in drop if name in table.frame.columns])
    roles = [name for name in (target, time, group, *drop) if name is not None]
    infer_columns(
        table.frame.head(1), targets=[] if target is None else [target], time=time, group=group,
        drop=drop, source=table.source,
    )  # fmt: skip
    found = _columns(frame, roles, table, kinds or {})
    when = _time_column(frame, found, time, target, table)
    what = _target_column(frame, found, target, [time, group, *drop], table)
    others = tuple(
        column
        for column in found
        if column.kind in _OTHER_KINDS
        and column.name not in (what.name, group, None if when is None else when.name)
    )
    tracks, clock, notes = read_tracks(frame, target=what, time=when, group=group, others=others)
    if when is None:
        notes = ("no column of times: rows count as steps", *notes)
    shares = (test_fraction, validation_fraction)
    forecast = _fitted(tracks, clock, what, others, group, horizon, shares)
    return forecast, tracks, notes


def _fitted(
    tracks: Sequence[Track],
    clock: Clock,
    what: Column,
    others: tuple[Column, ...],
    group: str | None,
    horizon: int,
    shares: tuple[float, float | None],
) -> Forecast:
    """Return the forecast of a horizon, fitted on the steps before those that validate and test."""
    borders = _borders(tracks, horizon, *shares)
    parts = [filled(t.values)[: max(0, borders[0] - t.first)] for t in tracks]
    parts = [part for part in parts if len(part) > 2] or [filled(t.values) for t in tracks]
    length = max(len(part) for part in parts)
    seasons = find_seasons(parts, clock.seasons())
    season = seasons[0] if seasons else None
    log = swings_with_level(parts, season)
    learned = [np.log(part) if log else part for part in parts]
    spare = max(2, (length - horizon) // 4)
    few = season is not None and length < _FEW_STEPS
    lags = _LAGS if season is None or season > _LAGS else max(season, 12)
    names = tuple(t.name for t in tracks) if group is not None and len(tracks) > 1 else ()
    known = np.concatenate(parts)
    return Forecast(
        target=what,
        clock=clock,
        horizon=horizon,
        lags=max(1, min(_FEW_LAGS if few else lags, spare)),
        seasonal_lags=_seasonal_lags(season),
        windows=tuple(w for w in (48, 128, 365) if w <= spare and season is None),
        seasons=seasons,
        circles=tuple(_circle(s, clock) for s in seasons if s in clock.seasons()),
        log=log,
        level=not grows(learned),
        seasonal=_seasonal(learned, horizon, season),
        group=group,
        names=names,
        scales=tuple(_scale(t, borders[0], log) for t in tracks) if names else (1.0,),
        others=others,
        low=float(known.min()),
        high=float(known.max()),
    )


def training_windows(
    forecast: Forecast,
    tracks: Sequence[Track],
    table: Table,
    notes: Sequence[str],
    *,
    test_fraction: float,
    validation_fraction: float | None,
) -> Windows:
    """Return the table to learn from, with a column `PART`.

    The newest steps test, those before them validate. Origins from which a step is forecast that
    lies in a later part are left out: no training row has seen a value that tests.

    Raises
    ------
    DataError
        Where too few origins train; says how far the series can be forecast.
    """
    shares = (test_fraction, validation_fraction)
    if max(len(track.values) for track in tracks) < forecast.history + forecast.horizon:
        raise _too_short(forecast, tracks, [0, 0, 0], table.source, shares)
    windows = forecast.windows_of(tracks, table.source)
    part = _parts(windows.origins, tracks, forecast.horizon, shares)
    if not _enough(part, shares):
        counts = [int((part == which).sum()) for which in range(3)]
        raise _too_short(forecast, tracks, counts, table.source, shares)
    rows = np.flatnonzero(part >= 0)
    words = pl.Series(PART, ["train", "validation", "test"]).gather(part[rows])
    windows = windows.taken(rows)
    frame = windows.table.frame.with_columns(words.alias(PART))
    return replace(
        windows,
        table=replace(windows.table, frame=frame),
        notes=(*table.notes, *notes),
        shape=table.frame.shape,
    )


def _parts(
    origins: np.ndarray, tracks: Sequence[Track], horizon: int, shares: tuple[float, float | None]
) -> np.ndarray:
    """Return for each origin 0 to train, 1 to validate, 2 to test, -1 where it spans parts."""
    borders = _borders(tracks, horizon, *shares)
    first, last = origins + 1, origins + horizon
    part = np.full(len(first), -1)
    part[last < borders[0]] = 0
    part[(first >= borders[0]) & (last < borders[1])] = 1
    part[first >= borders[1]] = 2
    return part


def _enough(part: np.ndarray, shares: tuple[float, float | None]) -> bool:
    """Whether the parts that are wanted have origins."""
    test_fraction, validation_fraction = shares
    counts = [int((part == which).sum()) for which in range(3)]
    fewest = (FEWEST, validation_fraction != 0, test_fraction > 0)
    return all(count >= least for count, least in zip(counts, fewest, strict=True))


def _longest(
    forecast: Forecast, tracks: Sequence[Track], shares: tuple[float, float | None]
) -> int:
    """Return the farthest horizon below that of a forecast which the series supports, or 0."""
    start = min(track.first for track in tracks)
    for horizon in range(forecast.horizon - 1, 0, -1):
        if _borders(tracks, horizon, *shares)[0] <= start + horizon:
            continue  # no origin can train
        fitted = _fitted(
            tracks, forecast.clock, forecast.target, forecast.others, forecast.group, horizon,
            shares,
        )  # fmt: skip
        if max(len(track.values) for track in tracks) < fitted.history + horizon:
            continue
        try:
            windows = fitted.windows_of(tracks, "")
        except DataError:
            continue
        if _enough(_parts(windows.origins, tracks, horizon, shares), shares):
            return horizon
    return 0


def _too_short(
    forecast: Forecast,
    tracks: Sequence[Track],
    counts: Sequence[int],
    source: str,
    shares: tuple[float, float | None],
) -> DataError:
    steps = max(len(track.values) for track in tracks)
    most = _longest(forecast, tracks, shares)
    ahead = "1 step" if forecast.horizon == 1 else f"{forecast.horizon} steps"
    mend = (
        f"ask for --forecast {most}, the farthest that it supports"
        if most
        else "collect more of it"
    )
    return DataError(
        f"{source} does not support forecasts {ahead} ahead: of {steps:,} steps, {counts[0]} are "
        f"left to train on, {counts[1]} to validate and {counts[2]} to test, each with its past of "
        f"{forecast.history} steps and {ahead} after it. At least {FEWEST}, 1 and 1 are needed: "
        f"{mend}, or set less aside (--test-fraction, --validation)"
    )


def _borders(
    tracks: Sequence[Track], horizon: int, test_fraction: float, validation_fraction: float | None
) -> tuple[int, int]:
    """Return the steps at which validation and test begin."""
    first = min(track.first for track in tracks)
    end = max(track.end for track in tracks)
    test = max(round((end - first) * test_fraction), horizon) if test_fraction else 0
    share = 0.2 if validation_fraction is None else validation_fraction
    left = end - first - test
    # Ten validation origins are the fewest that give intervals of 90 %.
    least = horizon + 9 if left > 4 * (horizon + 9) else horizon
    held = max(round(left * share), least) if share else 0
    return end - test - held, end - test


def _seasonal(parts: Sequence[np.ndarray], horizon: int, season: int | None) -> tuple[bool, ...]:
    """Return for each step whether the season before is a better guess than the last value."""
    if season is None:
        return (False,) * horizon
    better = []
    for h in range(1, horizon + 1):
        back = season * (-(-h // season))
        long_enough = [part for part in parts if len(part) > back]
        if not long_enough:
            better.append(False)
            continue
        naive = np.concatenate([(part[h:] - part[:-h])[back - h :] for part in long_enough])
        seasonal = np.concatenate([part[back:] - part[:-back] for part in long_enough])
        better.append(bool(np.var(seasonal) < np.var(naive)))  # a mean change is soon learned
    return tuple(better)


def _seasonal_lags(season: int | None) -> int:
    """Return how many changes over a season are columns: a whole season, if it is short.

    The season before is the reference of the steps ahead, and they say how far it was itself out of
    the ordinary.
    """
    if season is None:
        return 0
    return min(season, 12) if season <= _LAGS else _FEW_LAGS


def _circle(season: int, clock: object) -> float:
    """Return the exact length of a season of the calendar, in steps."""
    from descend.data.forecasting.clock import DAY, Clock

    if isinstance(clock, Clock) and clock.unit == "second":
        year = 365.25 * DAY / clock.stride
        if round(year) == season:
            return year
    return float(season)


def _scale(track: Track, border: int, log: bool) -> float:
    """Return what the values of one of several series are divided by."""
    if log:
        return 1.0
    part = filled(track.values)[: max(2, border - track.first)]
    return float(part.std()) or 1.0


def _columns(
    frame: pl.DataFrame, roles: Sequence[str], table: Table, kinds: dict[str, str]
) -> tuple[Column, ...]:
    """Return what the columns without a role are."""
    names = [name for name in frame.columns if name not in roles]
    return tuple(
        infer_column(
            frame[name], decimal=table.decimal, kind=kinds.get(name, table.kinds.get(name))
        )
        for name in names
    )


def _time_column(
    frame: pl.DataFrame,
    found: Sequence[Column],
    time: str | None,
    target: str | None,
    table: Table,
) -> Column | None:
    """Return the column of times."""
    if time is not None:
        column = infer_column(frame[time], decimal=table.decimal, identifiers=False)
        if column.kind not in ("date", "number"):
            first = next((str(cell) for cell in frame[time].to_list() if cell is not None), "")
            raise ColumnError(
                f'time "{time}" must hold dates or numbers, got for instance "{first}". Write '
                "2011-03-01 or 2011-03; without --time rows count as steps"
            )
        return column
    dates = [column for column in found if column.kind == "date"]
    if len(dates) > 1:
        raise UsageError(
            f"which column is the time? Name it with --time: {listed([c.name for c in dates])}"
        )
    return dates[0] if dates else None


def _target_column(
    frame: pl.DataFrame,
    found: Sequence[Column],
    target: str | None,
    roles: Sequence[str | None],
    table: Table,
) -> Column:
    """Return the column that is forecast."""
    if target is None:
        numbers = [column.name for column in found if column.kind == "number"]
        if len(numbers) != 1:
            known = [name for name in frame.columns if name not in roles]
            raise UsageError(
                "no target: name the column to forecast with --target. Columns: "
                + listed(known, 50)
            )
        target = numbers[0]
    column = infer_column(frame[target], decimal=table.decimal, identifiers=False)
    if column.kind == "constant":
        raise DataError(f'column "{target}" cannot be forecast: {column.note}')
    if column.kind != "number":
        raise DataError(
            f'column "{target}" cannot be forecast: forecasts are of numbers, and it is a '
            f"{column.kind}"
        )
    return column
