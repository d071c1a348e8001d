"""A forecast as a table: a row for each moment, its columns the past, its targets what followed.

So a series is learned, checked, tested and kept like any other table. A row stands at an *origin*,
the last step that is known. Its targets are the next steps, as changes from a *reference*: the same
step of the season before where that was the better guess in training, else the value at the origin.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import polars as pl

from descend.data.columns import Column
from descend.data.fields import check_finite, check_flag, check_specs, check_words
from descend.data.forecasting.clock import Clock
from descend.data.forecasting.tracks import Track, filled, read_tracks
from descend.data.table import Table
from descend.errors import ColumnError, DataError, SpecError
from descend.spec import Spec, check_integer, check_spec

__all__ = ["Forecast", "MOST_AHEAD", "MOST_LAGS", "Windows"]

MOST_AHEAD = 366
"""Steps ahead at most."""

MOST_LAGS = 1000
"""Steps back that are columns of their own, at most."""

_MOST_SEASON = 100_000


@dataclass(frozen=True)
class Forecast(Spec):
    """How a series becomes a table of its past, and predictions become its future.

    With f the logarithm where ``log``, else division by the series' own scale, and t the origin,
    the columns are ``f(y_t)`` where ``level``; ``f(y_t) - f(y_{t-k})`` for k to ``lags``; the means
    of longer windows in the same way; with a season s, ``f(y_{t-k}) - f(y_{t-k-s})`` for k below
    ``seasonal_lags``; the place in the seasons of the calendar as circles; the further columns at
    the origin. The targets are ``f(y_{t+h}) - f(reference)`` for h = 1 to ``horizon``.

    Parameters
    ----------
    target : Column
    clock : Clock
    horizon : int
        Steps ahead.
    lags, seasonal_lags : int
    windows : tuple of int
        Lengths of the windows whose means are columns.
    seasons : tuple of int
        Found in the training part, in steps; the first is that of the references.
    circles : tuple of float
        Seasons of the calendar, in steps, whose phase is a column.
    log, level : bool
    seasonal : tuple of bool
        For each step ahead, whether the reference is that of the season before.
    group : str or None
        The column that tells several series apart.
    names : tuple of str
        The series of the training part, where there are several.
    scales : tuple of float
        Their scales; one where there is a single series.
    others : tuple of Column
        Further columns, known up to the origin.
    low, high : float
        The range of the training part.
    """

    target: Column
    clock: Clock
    horizon: int
    lags: int
    seasonal_lags: int
    windows: tuple[int, ...]
    seasons: tuple[int, ...]
    circles: tuple[float, ...]
    log: bool
    level: bool
    seasonal: tuple[bool, ...]
    group: str | None
    names: tuple[str, ...]
    scales: tuple[float, ...]
    others: tuple[Column, ...]
    low: float
    high: float

    def __post_init__(self) -> None:
        check_spec(self, "target", Column)
        check_spec(self, "clock", Clock)
        check_integer(self, "horizon", at_least=1, at_most=MOST_AHEAD)
        check_integer(self, "lags", at_least=1, at_most=MOST_LAGS)
        check_integer(self, "seasonal_lags", at_least=0, at_most=MOST_LAGS)
        check_flag(self, "log")
        check_flag(self, "level")
        for name in ("windows", "seasons"):
            value = getattr(self, name)
            if not isinstance(value, tuple) or not all(
                type(v) is int and 2 <= v <= _MOST_SEASON for v in value
            ):
                raise SpecError(f"Forecast: {name} must be numbers of steps, got {value!r}")
        for name in ("circles", "scales"):
            value = getattr(self, name)
            if not isinstance(value, tuple) or not all(
                type(v) is float and 1e-300 < v < 1e300 for v in value
            ):
                raise SpecError(f"Forecast: {name} must be numbers above 0, got {value!r}")
        if not isinstance(self.seasonal, tuple) or len(self.seasonal) != self.horizon:
            raise SpecError("Forecast: seasonal must be one for each step ahead")
        if not self.seasons and (any(self.seasonal) or self.seasonal_lags):
            raise SpecError("Forecast: seasonal columns need a season")
        if self.group is not None and not isinstance(self.group, str):
            raise SpecError("Forecast: group must be the name of a column")
        check_words(self, "names")
        if len(self.scales) != max(1, len(self.names)):
            raise SpecError("Forecast: scales must be one for each series")
        check_specs(self, "others", Column)
        check_finite(self, "low", "high")

    @property
    def history(self) -> int:
        """Steps that must be known, the origin among them."""
        back = max(self.lags, *self.windows, 0)
        if self.seasons:
            season = self.seasons[0]
            back = max(back, season + self.seasonal_lags - 1, season - 1)
        return back + 1

    @property
    def target_names(self) -> tuple[str, ...]:
        """The columns to be predicted: ``passengers +1`` and so on."""
        return tuple(f"{self.target.name} +{h}" for h in range(1, self.horizon + 1))

    def describe(self) -> tuple[str, ...]:
        """Return what is forecast and how, in lines for the report."""
        steps = "1 step" if self.horizon == 1 else f"{self.horizon} steps"
        series = f", {len(self.names):,} series by {self.group}" if self.names else ""
        lines = [f"{self.target.name}, {steps} of {self.clock.describe()} ahead{series}"]
        found = " and ".join(f"{season:,}" for season in self.seasons)
        lines.append(
            (f"season of {found} steps" if found else "no season found")
            + (", swings grow with the level: logarithms are learned" if self.log else "")
            + ("" if self.level else "; the series has a trend: only changes are learned")
        )
        return tuple(lines)

    def read(self, table: Table) -> tuple[tuple[Track, ...], tuple[str, ...]]:
        """Read the series of another table with the same columns.

        Raises
        ------
        ColumnError, DataError
            Where a column is missing, or times are not on the clock.
        """
        needed = [c.name for c in (self.target, self.clock.time, *self.others) if c is not None]
        needed += [] if self.group is None else [self.group]
        for name in needed:
            if name not in table.frame.columns:
                raise ColumnError(
                    f'a column "{name}" is needed to continue the series, and {table.source} has '
                    f"none. Columns: {', '.join(table.frame.columns[:30])}"
                )
        tracks, _, notes = read_tracks(
            table.frame, target=self.target, time=self.clock.time, group=self.group,
            others=self.others, clock=self.clock,
        )  # fmt: skip
        return tracks, notes

    def learned(self, track: Track) -> tuple[np.ndarray, float]:
        """Return ``f(y)`` of every step, gaps filled, and the scale of the series.

        Raises
        ------
        ColumnError
            Where logarithms are learned and a value is not above 0.
        """
        values = filled(track.values)
        if self.log:
            if values.min() <= 0:
                time = self.clock.times(np.array([track.first + int(values.argmin())]))[0]
                raise ColumnError(
                    f'column "{self.target.name}" is {values.min():g} at {time}; in training every '
                    "value was above 0 and logarithms were learned. Correct the value, or train "
                    "again with such values"
                )
            return np.log(values), 1.0
        scale = self.scales[0] if not self.names else None
        if track.name in self.names:
            scale = self.scales[self.names.index(track.name)]
        if scale is None:
            scale = float(values.std()) or 1.0
        return values / scale, scale

    def windows_of(self, tracks: Sequence[Track], source: str, *, latest: bool = False) -> Windows:
        """Return a row for each origin whose past, and whose next steps, are known.

        Parameters
        ----------
        tracks : sequence of Track
        source : str
            For messages.
        latest : bool
            Only the last step of each series, whatever follows; series that are too short are left
            out.

        Raises
        ------
        DataError
            Where no series is long enough; says how long it must be.
        """
        ahead = 0 if latest else self.horizon
        pieces, lacking = [], []
        for number, track in enumerate(tracks):
            n = len(track.values)
            origins = np.array([n - 1]) if latest else np.arange(self.history - 1, n - ahead)
            if n < self.history or not len(origins):
                lacking.append(track)
                continue
            known = ~np.isnan(track.values)
            if not latest:
                origins = origins[known[origins]]
                after = np.lib.stride_tricks.sliding_window_view(known, self.horizon)
                origins = origins[after[origins + 1].all(axis=1)]
            pieces.append(self._rows(number, track, origins, latest))
        pieces = [piece for piece in pieces if len(piece.origins)]
        if not pieces:
            raise DataError(f"{source}: {self._lacking(lacking or tracks, ahead)}")
        frame = pl.concat([piece.table.frame for piece in pieces])
        kinds = dict.fromkeys(frame.columns, "number")
        kinds |= {c.name: c.kind for c in self.others} if self.others else {}
        kinds |= {self.group: "category"} if self.names and self.group else {}
        marks = (column.decimal for column in self.others if column.kind == "number")
        table = Table(frame, source, decimal=next(marks, "."), kinds=kinds)

        def whole(name: str) -> np.ndarray:
            return np.concatenate([getattr(piece, name) for piece in pieces])

        return Windows(
            self, table, whole("series"), whole("origins"), whole("last"), whole("season_before"),
            whole("truth"), whole("scale"),
        )  # fmt: skip

    def _lacking(self, tracks: Sequence[Track], ahead: int) -> str:
        """Return why none of some series has a row, by the one with the fewest steps."""
        short = min(tracks, key=lambda track: len(track.values))
        steps, needed = len(short.values), self.history + ahead
        named = f'the series "{short.name}"' if short.name else "the series"
        if steps < needed:
            parts = f"{self.history:,} of the past" + (
                f" and {ahead} to compare with" * (ahead > 0)
            )
            return f"{named} has {steps:,} steps, and {needed:,} are needed: {parts}"
        gaps = np.flatnonzero(np.isnan(np.concatenate([[np.nan], short.values, [np.nan]])))
        return (
            f"{named} has at most {np.diff(gaps).max() - 1:,} known steps in a row, and "
            f"{ahead + 1:,} are needed, one to start from and {ahead:,} to compare with: fill the "
            "gaps, or ask for a smaller --forecast"
        )

    def _rows(self, number: int, track: Track, origins: np.ndarray, latest: bool) -> Windows:
        """Return the rows of one series at some of its steps."""
        learned, scale = self.learned(track)
        name, now = self.target.name, learned[origins]
        columns: dict[str, np.ndarray | pl.Series] = {}
        if self.level:
            columns[f"{name} now"] = now
        for k in range(1, self.lags + 1):
            columns[f"{name} since {k} back"] = now - learned[origins - k]
        sums = np.append(0.0, np.cumsum(learned))
        for width in self.windows:
            mean = (sums[origins + 1] - sums[origins + 1 - width]) / width
            columns[f"{name} over mean of {width}"] = now - mean
        for k in range(self.seasonal_lags):
            back = origins - k
            change = learned[back] - learned[back - self.seasons[0]]
            columns[f"{name} over season before, {k} back"] = change
        steps = track.first + origins
        for circle in self.circles:
            for turn in (1, 2):
                angle = 2 * np.pi * turn * steps / circle
                columns[f"season of {circle:g}, sine {turn}"] = np.sin(angle)
                columns[f"season of {circle:g}, cosine {turn}"] = np.cos(angle)
        for column in self.others:
            columns[column.name] = track.others[column.name].gather(origins)
        if self.names and self.group is not None:
            columns[self.group] = pl.Series([track.name] * len(origins))
        ahead = np.arange(1, self.horizon + 1)
        after = origins[:, None] + ahead
        reference, before = np.repeat(now[:, None], self.horizon, 1), None
        if self.seasons:
            season = self.seasons[0]
            before = learned[after - season * (-(-ahead // season))]
            reference = np.where(self.seasonal, before, reference)
        truth = np.full(after.shape, np.nan)
        if not latest:
            truth = track.values[after]
            for h, column in enumerate(self.target_names):
                columns[column] = learned[after[:, h]] - reference[:, h]
        back = np.full(after.shape, np.nan) if before is None else self._own(before, scale)
        frame = pl.DataFrame({key: pl.Series(key, value) for key, value in columns.items()})
        return Windows(
            self, Table(frame, ""), np.full(len(origins), number), steps, self._own(now, scale),
            back, truth, np.full(len(origins), scale),
        )  # fmt: skip

    def _own(self, learned: np.ndarray, scale: float) -> np.ndarray:
        """Return values in the unit of the series."""
        return np.exp(learned) if self.log else learned * scale


@dataclass(frozen=True, eq=False)
class Windows:
    """A table of origins, and what is known of each in the unit of the series.

    Attributes
    ----------
    forecast : Forecast
    table : Table
        A row for each origin.
    series : int array (rows,)
        The place of its series.
    origins : int array (rows,)
        Its step, by the clock.
    last : float array (rows,)
        The value at the origin.
    season_before : float array (rows, horizon)
        The same steps one season before; not a number without a season.
    truth : float array (rows, horizon)
        What followed; not a number where that is not known.
    scale : float array (rows,)
    notes : tuple of str
        What was out of the ordinary.
    shape : (rows, columns)
        Of the table that was read.
    """

    forecast: Forecast
    table: Table
    series: np.ndarray
    origins: np.ndarray
    last: np.ndarray
    season_before: np.ndarray
    truth: np.ndarray
    scale: np.ndarray
    notes: tuple[str, ...] = ()
    shape: tuple[int, int] = field(default=(0, 0))

    def taken(self, rows: np.ndarray) -> Windows:
        """Return some of the rows."""
        table = replace(self.table, frame=self.table.frame[rows])
        names = ("series", "origins", "last", "season_before", "truth", "scale")
        return replace(self, table=table, **{name: getattr(self, name)[rows] for name in names})

    def own_unit(
        self, changes: np.ndarray, step: int, rows: np.ndarray | None = None
    ) -> np.ndarray:
        """Return forecasts in the unit of the series, from changes as the network gives them.

        Parameters
        ----------
        changes : float array (rows,)
        step : int
            Ahead, from 0.
        rows : int array, optional
            Of these rows.
        """
        chosen = slice(None) if rows is None else rows
        seasonal = self.forecast.seasonal[step]
        reference = self.season_before[chosen, step] if seasonal else self.last[chosen]
        if self.forecast.log:
            return reference * np.exp(np.clip(changes, -50, 50))
        return reference + changes * self.scale[chosen]
