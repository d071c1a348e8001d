"""Continuing a series: from a table of times to the rows that a network learns from, and back."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

from descend.data.forecasting.fitting import PART, fit_forecast, training_windows
from descend.data.forecasting.forecast import Windows
from descend.data.forecasting.tracks import Track
from descend.data.reading import read_table
from descend.data.table import Table
from descend.errors import UsageError
from descend.models.options import Options
from descend.models.plan import Plan
from descend.models.predictions import Predictions

if TYPE_CHECKING:
    from descend.models.model import Model

__all__ = ["Continuation", "continued", "forecast_rows"]


def forecast_rows(table: Table, options: Options, plan: Plan | None) -> tuple[Windows, Options]:
    """Return the rows to learn from, and the options that suit them.

    Parameters
    ----------
    table : Table
        Of times and values.
    options : Options
        With ``forecast``, the steps ahead.
    plan : Plan, optional
        Repeats an earlier run.

    Raises
    ------
    UsageError
        For options that mean nothing here.
    DataError
        Where the series is too short; says how far it can be forecast.
    """
    if plan is not None and plan.forecast is not None:
        test, held = plan.test_fraction, plan.validation_fraction
        tracks, notes = plan.forecast.read(table)
        forecast = plan.forecast
    else:
        _check(options)
        test, held = options.test_share, options.validation_share
        forecast, tracks, notes = fit_forecast(
            table, horizon=1 if options.forecast is None else options.forecast,
            target=options.target[0] if options.target else None,
            time=options.time, group=options.group, drop=options.drop, kinds=dict(options.kinds),
            test_fraction=test, validation_fraction=held,
        )  # fmt: skip
    windows = training_windows(
        forecast, tracks, table, notes, test_fraction=test, validation_fraction=held
    )
    return windows, replace(
        options, target=forecast.target_names, time=None, group=None, split=PART, drop=(), kinds={}
    )


def _check(options: Options) -> None:
    """Refuse options that mean nothing for a series."""
    if len(options.target) > 1:
        raise UsageError(
            f"a forecast continues one column, and --target names {len(options.target)}: the "
            "others are inputs anyway"
        )
    for name in ("weight", "split", "class_weight", "validation_file", "stream"):
        if getattr(options, name):
            option = "validation FILE" if name == "validation_file" else name.replace("_", "-")
            raise UsageError(
                f"--{option} does not go with --forecast: the newest steps test, those before them "
                "validate"
            )
    if options.task not in (None, "regression"):
        raise UsageError(f"a forecast is of numbers, and the task {options.task} was asked for")


@dataclass(frozen=True, eq=False)
class Continuation:
    """How series go on.

    Attributes
    ----------
    frame : polars.DataFrame
        The column of the group, where there are several series, that of the time, ``forecast``,
        and ``lower`` and ``upper`` where the model has intervals.
    notes : tuple of str
        What a reader should know.
    """

    frame: pl.DataFrame
    notes: tuple[str, ...]


def continued(
    model: Model, examples: Any, *, interval: float | None = None, steps: int | None = None
) -> Continuation:
    """Continue the series of a table after their last known values.

    Parameters
    ----------
    model : Model
        Trained with ``forecast``.
    examples : as for `Model.predictions`
        With as many steps of the past as the model looks at.
    interval : float, optional
        The level of the intervals; 0.9 by default, where the model has any.
    steps : int, optional
        So many steps ahead, at most those that the model was trained for.

    Raises
    ------
    UsageError
        Where the model is of no series, or more steps are asked for.
    DataError
        Where a series is too short.
    """
    forecast = model.plan.forecast
    if forecast is None:
        raise UsageError("this model continues no series: train one with --forecast 12")
    if steps is not None and not 1 <= steps <= forecast.horizon:
        raise UsageError(
            f"this model forecasts 1 to {forecast.horizon} steps ahead, and {steps} were asked "
            f"for: train one with --forecast {max(steps, 1)}"
        )
    level = interval
    if interval is None:
        known = [residuals for residuals in model.trust.residuals if residuals is not None]
        level = 0.9 if known and all(r.knows(0.9) for r in known) else None
    wanted = model.card.wanted
    table = examples if isinstance(examples, Table) else read_table(examples, wanted=wanted)
    tracks, notes = forecast.read(table)
    windows = forecast.windows_of(tracks, table.source, latest=True)
    found = model.predictions(windows, interval=level)
    count = steps or forecast.horizon
    answers = found.answers[:count]
    rows = len(windows.origins)
    after = windows.origins[:, None] + np.arange(1, count + 1)
    columns: dict[str, Any] = {}
    if forecast.group is not None:
        columns[forecast.group] = np.repeat([tracks[i].name for i in windows.series], count)
    times = forecast.clock.times(after.ravel())
    columns[times.name] = times
    said = {"forecast": "prediction", "lower": "low", "upper": "high"}
    for name, part in said.items():
        values = [getattr(answer, part) for answer in answers]
        if values[0] is not None:
            columns[name] = np.stack(values, axis=1).reshape(rows * count)
    for quantile in answers[0].quantiles:
        each = [answer.quantiles[quantile] for answer in answers]
        columns[f"quantile_{quantile:g}"] = np.stack(each, axis=1).ravel()
    frame = pl.DataFrame({name: pl.Series(name, values) for name, values in columns.items()})
    return Continuation(
        frame, (*notes, *_warnings(frame["forecast"].to_numpy(), windows, tracks, found))
    )


def _warnings(
    values: np.ndarray, windows: Windows, tracks: Sequence[Track], found: Predictions
) -> Sequence[str]:
    """Say where forecasts leave what was seen in training."""
    forecast = windows.forecast
    low = min(forecast.low, *(float(np.nanmin(track.values)) for track in tracks))
    high = max(forecast.high, *(float(np.nanmax(track.values)) for track in tracks))
    beyond = int(((values > high) | (values < low)).sum())
    told = []
    if beyond:
        told.append(
            f"{beyond:,} of {len(values):,} forecasts lie outside everything known so far "
            f"({low:g} to {high:g})"
        )
    if found.unlike is not None and found.unlike.any():
        told.append(
            f"{int(found.unlike.sum()):,} of {len(found.unlike):,} series end in a way unlike the "
            "training part: trust their forecasts less"
        )
    short = [track.name for i, track in enumerate(tracks) if i not in set(windows.series.tolist())]
    if short:
        told.append(
            f"left out, as fewer than {forecast.history} steps are known: {', '.join(short[:5])}"
            + (" ..." * (len(short) > 5))
        )
    if forecast.names:
        new = [track.name for track in tracks if track.name not in forecast.names]
        if new:
            told.append(f"never met in training: {', '.join(new[:5])}" + (" ..." * (len(new) > 5)))
    return told
