"""The test report of a forecast: how good it is for each step ahead, beside naive forecasts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from descend import metrics
from descend.data.fields import check_flag, check_specs
from descend.data.forecasting.forecast import Windows
from descend.errors import SpecError
from descend.models.files.plain import check_plain
from descend.models.outputs import Answer
from descend.models.trust.conformal import Residuals, interval_ends, scores_of
from descend.models.trust.rolling import rolling_reaches
from descend.spec import Spec

__all__ = ["ForecastReport", "LEVEL", "StepScores", "forecast_report", "in_own_unit"]

LEVEL = 0.9
"""The level of the intervals whose coverage is measured, and that ``descend predict`` gives."""


@dataclass(frozen=True)
class StepScores(Spec):
    """Scores of all forecasts so many steps ahead, in the unit of the series.

    Attributes
    ----------
    rmse, mae : float
    last_rmse : float
        Of taking the last known value.
    season_rmse : float or None
        Of taking the same step of the season before; None without a season.
    linear_rmse : float or None
        Of a linear model trained on the same rows.
    ranged, inside : int
        How many forecasts had an interval, as enough outcomes were known; how many of these
        intervals held.
    width : float or None
        Mean width of the intervals.
    """

    rmse: float
    mae: float
    last_rmse: float
    season_rmse: float | None
    linear_rmse: float | None
    ranged: int
    inside: int
    width: float | None

    def __post_init__(self) -> None:
        check_plain(self)
        if self.inside > self.ranged:
            raise SpecError("StepScores: more intervals hold than there are")


@dataclass(frozen=True)
class ForecastReport(Spec):
    """Scores of a forecast by rolling origin: from every test step, all steps ahead.

    Attributes
    ----------
    target : str
    rows : int
        Origins from which was forecast.
    ahead : int
        Steps ahead of each.
    rmse, mae, last_rmse, season_rmse, linear_rmse
        As in `StepScores`, over all steps ahead together.
    level : float
        Of the intervals.
    steps : tuple of StepScores
        One a step ahead.
    beats : bool
        Whether the root mean square error is below that of both naive forecasts.
    """

    target: str
    rows: int
    ahead: int
    rmse: float
    mae: float
    last_rmse: float
    season_rmse: float | None
    linear_rmse: float | None
    level: float
    steps: tuple[StepScores, ...]
    beats: bool

    def __post_init__(self) -> None:
        check_plain(self)
        check_specs(self, "steps", StepScores)
        check_flag(self, "beats")
        if len(self.steps) != self.ahead or not self.steps or not self.rows:
            raise SpecError("ForecastReport: there must be rows, and scores of each step ahead")

    @property
    def covered(self) -> float | None:
        """The share of values within their intervals, over all steps ahead."""
        ranged = sum(step.ranged for step in self.steps)
        return sum(step.inside for step in self.steps) / ranged if ranged else None


def in_own_unit(
    windows: Windows, answers: Sequence[Answer], rows: np.ndarray | None = None
) -> tuple[Answer, ...]:
    """Return answers in the unit of the series: what the network gives are changes."""
    found = []
    for step, answer in enumerate(answers):

        def own(values: np.ndarray, step: int = step) -> np.ndarray:
            return windows.own_unit(values, step, rows)

        ends = {
            name: None if value is None else own(value)
            for name, value in (("low", answer.low), ("high", answer.high))
        }
        quantiles = {level: own(values) for level, values in answer.quantiles.items()}
        prediction = own(answer.prediction)
        spread = answer.disagreement
        if spread is not None:
            spread = np.abs(own(answer.prediction + spread) - prediction)
        found.append(
            replace(answer, prediction=prediction, quantiles=quantiles, disagreement=spread, **ends)
        )
    return tuple(found)


def forecast_report(
    windows: Windows,
    rows: np.ndarray,
    answers: Sequence[Answer],
    linear: Sequence[Answer | None],
    residuals: Sequence[Residuals | None],
    changes: Sequence[np.ndarray],
) -> ForecastReport:
    """Score forecasts from some origins.

    Parameters
    ----------
    windows : Windows
    rows : int array
        Which of its origins.
    answers, linear : sequence of Answer
        Of the network and of the linear model, one a step ahead, as changes.
    residuals : sequence of Residuals or None
        Of the validation rows.
    changes : sequence of float array (rows,)
        What came, as changes, one array a step ahead.
    """
    truth, last = windows.truth[rows], windows.last[rows]
    before = windows.season_before[rows]
    seasonal = bool(windows.forecast.seasons)
    origins = windows.origins[rows]
    ranged = [
        _ranged(answer, known, change, origins, h + 1)
        for h, (answer, known, change) in enumerate(zip(answers, residuals, changes, strict=True))
    ]
    own = in_own_unit(windows, ranged, rows)
    rivals = [
        None if answer is None else windows.own_unit(answer.prediction, step, rows)
        for step, answer in enumerate(linear)
    ]
    steps = tuple(
        _step(truth[:, h], answer, last, before[:, h] if seasonal else None, rivals[h])
        for h, answer in enumerate(own)
    )

    def whole(name: str) -> float | None:
        values = [getattr(step, name) for step in steps]
        return None if None in values else float(np.sqrt(np.mean(np.square(values))))

    rmse, last_rmse, season_rmse = whole("rmse"), whole("last_rmse"), whole("season_rmse")
    naive = min(value for value in (last_rmse, season_rmse) if value is not None)
    return ForecastReport(
        windows.forecast.target.name, len(rows), len(steps), rmse or 0.0,
        float(np.mean([step.mae for step in steps])), last_rmse or 0.0, season_rmse,
        whole("linear_rmse"), LEVEL, steps, bool((rmse or 0.0) < naive),
    )  # fmt: skip


def _ranged(
    answer: Answer, known: Residuals | None, change: np.ndarray, origins: np.ndarray, step: int
) -> Answer:
    """Return an answer with intervals; not a number where too few outcomes are known by then."""
    reach = rolling_reaches(known, scores_of(answer, change), origins, step, LEVEL)
    low, high = interval_ends(answer)
    middle = (low + high) / 2
    return replace(
        answer, low=np.minimum(low - reach, middle), high=np.maximum(high + reach, middle)
    )


def _step(
    truth: np.ndarray,
    answer: Answer,
    last: np.ndarray,
    before: np.ndarray | None,
    linear: np.ndarray | None,
) -> StepScores:
    inside, ranged, width = 0, 0, None
    if answer.low is not None and answer.high is not None:
        has = ~np.isnan(answer.low)
        ranged = int(has.sum())
        inside = int(((answer.low <= truth) & (truth <= answer.high)).sum())
        width = float(np.mean((answer.high - answer.low)[has])) if ranged else None
    return StepScores(
        metrics.rmse(truth, answer.prediction),
        metrics.mae(truth, answer.prediction),
        metrics.rmse(truth, last),
        None if before is None else metrics.rmse(truth, before),
        None if linear is None else metrics.rmse(truth, linear),
        ranged,
        inside,
        width,
    )
