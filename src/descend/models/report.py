"""The test report: how good the predictions are on rows the network has not seen."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from descend import metrics
from descend.data.fields import check_specs
from descend.data.targets import ClassTarget, NumberTarget
from descend.errors import SpecError
from descend.models.files.plain import check_plain
from descend.models.outputs import Answer
from descend.models.series.report import ForecastReport
from descend.models.trust.conformal import LEVELS, Residuals
from descend.spec import Spec

__all__ = [
    "ClassReport",
    "Coverage",
    "NumberReport",
    "Reliability",
    "Report",
    "class_report",
    "number_report",
]

FEWEST = 20
"""Rows of a group below which nothing is said of it."""


@dataclass(frozen=True)
class Reliability(Spec):
    """Test rows to whose predicted class a probability above ``low`` and up to ``high`` was given.

    Attributes
    ----------
    low, high : float
    rows, right : int
        How many rows there are, and how many of them are of the predicted class.
    confidence : float
        The mean probability given; 0 where there are no rows.
    share_low, share_high : float
        95 % Wilson interval of the share that is right.
    """

    low: float
    high: float
    rows: int
    right: int
    confidence: float
    share_low: float
    share_high: float

    def __post_init__(self) -> None:
        check_plain(self)
        if self.right > self.rows:
            raise SpecError("Reliability: more rows are right than there are")

    @property
    def enough(self) -> bool:
        """Whether there are rows enough to say anything."""
        return self.rows >= FEWEST

    @property
    def given(self) -> str:
        """The probabilities of the group, in words."""
        return f"{100 * self.low:.0f} to {100 * self.high:.0f} %"

    def describe(self) -> str:
        """Return one sentence for the report.

        Examples
        --------
        >>> Reliability(0.9, 0.95, 212, 195, 0.93, 0.876, 0.95).describe()
        'of 212 rows given 90 to 95 %, 92 % were right (95 %: 88 to 95)'
        >>> Reliability(0.5, 0.6, 7, 4, 0.55, 0.25, 0.84).describe()
        'of 7 rows given 50 to 60 %: not enough rows to say'
        """
        if not self.enough:
            rows = "1 row" if self.rows == 1 else f"{self.rows:,} rows"
            return f"of {rows} given {self.given}: not enough rows to say"
        share, low, high = (
            100 * v for v in (self.right / self.rows, self.share_low, self.share_high)
        )
        return (
            f"of {self.rows:,} rows given {self.given}, {share:.0f} % were right "
            f"(95 %: {low:.0f} to {high:.0f})"
        )


@dataclass(frozen=True)
class Coverage(Spec):
    """How many test targets lie within the intervals of one level.

    Attributes
    ----------
    level : float
        What was promised.
    rows, inside : int
    share_low, share_high : float
        95 % Wilson interval of the share inside.
    width : float
        Mean width of the intervals, in the unit of the target.
    """

    level: float
    rows: int
    inside: int
    share_low: float
    share_high: float
    width: float

    def __post_init__(self) -> None:
        check_plain(self)
        if not 0 < self.rows >= self.inside:
            raise SpecError("Coverage: there must be rows, and no more of them inside")


@dataclass(frozen=True)
class ClassReport(Spec):
    """Scores of one target of classes.

    Attributes
    ----------
    target : str
    rows : int
        Test rows with a label.
    accuracy, accuracy_low, accuracy_high : float
        Share of rows predicted right, with its 95 % Wilson interval.
    balanced_accuracy : float
    log_loss, calibration_error : float or None
        None for losses whose outputs are not probabilities.
    auc : float or None
        Area under the ROC curve; None unless there are two classes and both occur.
    majority_class : str
        The most frequent class among the training rows, and the accuracy of always naming it.
    majority_accuracy : float
    linear_accuracy : float or None
        Accuracy of a linear model trained on the same rows.
    classes : tuple of str
    confusion : tuple of tuples of int
        Row: true class, column: predicted class.
    precision, recall, f1 : tuple of float or None
        Of each class; None where the rows have none of it.
    reliability : tuple of Reliability
        Rows grouped by the probability of their predicted class; empty where there are none.
    calibration_low, calibration_high : float or None
        95 % bootstrap interval of the calibration error.
    calibration_chance : float or None
        What the calibration error of perfect probabilities would stay below on 95 of 100 sets of
        as many rows.
    """

    target: str
    rows: int
    accuracy: float
    accuracy_low: float
    accuracy_high: float
    balanced_accuracy: float
    log_loss: float | None
    calibration_error: float | None
    auc: float | None
    majority_class: str
    majority_accuracy: float
    linear_accuracy: float | None
    classes: tuple[str, ...]
    confusion: tuple[tuple[int, ...], ...]
    precision: tuple[float | None, ...]
    recall: tuple[float | None, ...]
    f1: tuple[float | None, ...]
    reliability: tuple[Reliability, ...] = ()
    calibration_low: float | None = None
    calibration_high: float | None = None
    calibration_chance: float | None = None

    def __post_init__(self) -> None:
        check_plain(self)
        check_specs(self, "reliability", Reliability)
        k = len(self.classes)
        parts = (self.confusion, *self.confusion, self.precision, self.recall, self.f1)
        if k < 2 or any(len(part) != k for part in parts):
            raise SpecError(f"ClassReport: the parts must have one entry for each of {k} classes")


@dataclass(frozen=True)
class NumberReport(Spec):
    """Scores of one target of numbers, in the target's own unit.

    Attributes
    ----------
    target : str
    rows : int
    r2, r2_low, r2_high : float or None
        Share of the variance explained, with its 95 % bootstrap interval; None where the test
        targets do not vary.
    rmse, mae : float
    mean_rmse, mean_mae : float
        Of always predicting the training mean.
    linear_rmse, linear_r2 : float or None
        Of a linear model trained on the same rows.
    residuals : tuple of float
        The 5, 25, 50, 75 and 95 % quantiles of target minus prediction.
    coverage : tuple of Coverage
        How many of these rows lie within intervals of some levels; empty where there are none.
    """

    target: str
    rows: int
    r2: float | None
    r2_low: float | None
    r2_high: float | None
    rmse: float
    mae: float
    mean_rmse: float
    mean_mae: float
    linear_rmse: float | None
    linear_r2: float | None
    residuals: tuple[float, ...]
    coverage: tuple[Coverage, ...] = ()

    def __post_init__(self) -> None:
        check_plain(self)
        check_specs(self, "coverage", Coverage)
        if len(self.residuals) != 5:
            raise SpecError("NumberReport: residuals must be 5 quantiles")


@dataclass(frozen=True)
class Report(Spec):
    """Scores of a model on one set of rows.

    Attributes
    ----------
    source : str
        Where the rows came from.
    rows : int
    seen : int
        How many of the rows the network was trained on.
    targets : tuple of ClassReport and NumberReport, or one ForecastReport
    """

    source: str
    rows: int
    seen: int
    targets: tuple[ClassReport | NumberReport | ForecastReport, ...]

    def __post_init__(self) -> None:
        check_plain(self)
        check_specs(self, "targets", (ClassReport, NumberReport, ForecastReport))


def class_report(
    target: ClassTarget,
    truth: np.ndarray,
    answer: Answer,
    linear: Answer | None,
) -> ClassReport:
    """Score one target of classes.

    Parameters
    ----------
    target : ClassTarget
        With the counts of the training rows.
    truth : int array (rows,)
        Codes of the true classes.
    answer, linear : Answer
        Of the network, and of the linear model.
    """
    k = len(target.classes)
    codes = answer.codes
    right = int((codes == truth).sum())
    low, high = metrics.wilson_interval(right, len(truth))
    scores = metrics.precision_recall_f1(truth, codes, k=k)
    probabilities = answer.probabilities
    majority = int(np.argmax(target.counts))
    both = k == 2 and len(np.unique(truth)) == 2
    sure: tuple[float | None, ...] = (None, None, None)
    if probabilities is not None:
        sure = _calibration(truth, probabilities)
    return ClassReport(
        target=target.name,
        rows=len(truth),
        accuracy=right / len(truth),
        accuracy_low=low,
        accuracy_high=high,
        balanced_accuracy=metrics.balanced_accuracy(truth, codes),
        log_loss=None if probabilities is None else metrics.log_loss(truth, probabilities),
        calibration_error=(
            None
            if probabilities is None
            else metrics.expected_calibration_error(truth, probabilities)
        ),
        auc=metrics.roc_auc(truth, probabilities) if both and probabilities is not None else None,
        majority_class=str(target.classes[majority]),
        majority_accuracy=float(np.mean(truth == majority)),
        linear_accuracy=None if linear is None else float(np.mean(linear.codes == truth)),
        classes=tuple(str(label) for label in target.classes),
        confusion=tuple(
            tuple(int(n) for n in row) for row in metrics.confusion_matrix(truth, codes, k=k)
        ),
        precision=_known(scores.precision),
        recall=_known(scores.recall),
        f1=_known(scores.f1),
        reliability=()
        if probabilities is None
        else tuple(Reliability(*group) for group in metrics.reliability(truth, probabilities)),
        calibration_low=sure[0],
        calibration_high=sure[1],
        calibration_chance=sure[2],
    )


def _calibration(truth: np.ndarray, probabilities: np.ndarray) -> tuple[float, float, float]:
    """Return the interval of the calibration error, and what chance alone would give."""
    samples = 50 if len(truth) > 20_000 else 200
    interval = metrics.calibration_interval(truth, probabilities, samples=samples)
    return (*interval, metrics.chance_calibration_error(probabilities, samples=samples))


def _known(values: np.ndarray) -> tuple[float | None, ...]:
    return tuple(None if np.isnan(value) else float(value) for value in values)


def number_report(
    target: NumberTarget,
    truth: np.ndarray,
    answer: Answer,
    linear: Answer | None,
    residuals: Residuals | None = None,
) -> NumberReport:
    """Score one target of numbers.

    Parameters
    ----------
    target : NumberTarget
        Its mean is that of the training rows.
    truth : float array (rows,)
        In the target's own unit.
    answer, linear : Answer
        Of the network, and of the linear model.
    residuals : Residuals, optional
        Of the validation rows, for intervals.
    """
    predicted = answer.prediction
    mean = np.full(len(truth), target.mean)
    varies = len(truth) > 1 and float(np.ptp(truth)) > 0
    interval = (
        metrics.bootstrap_interval(
            metrics.r2, truth, predicted, seed=0, samples=200 if len(truth) > 20_000 else 1000
        )
        if varies
        else None
    )
    quantiles = np.quantile(truth - predicted, (0.05, 0.25, 0.5, 0.75, 0.95))
    return NumberReport(
        target=target.name,
        rows=len(truth),
        r2=metrics.r2(truth, predicted) if varies else None,
        r2_low=None if interval is None else interval[0],
        r2_high=None if interval is None else interval[1],
        rmse=metrics.rmse(truth, predicted),
        mae=metrics.mae(truth, predicted),
        mean_rmse=metrics.rmse(truth, mean),
        mean_mae=metrics.mae(truth, mean),
        linear_rmse=None if linear is None else metrics.rmse(truth, linear.prediction),
        linear_r2=metrics.r2(truth, linear.prediction) if linear is not None and varies else None,
        residuals=tuple(float(v) for v in quantiles),
        coverage=() if residuals is None else _coverage(truth, answer, residuals),
    )


def _coverage(truth: np.ndarray, answer: Answer, residuals: Residuals) -> tuple[Coverage, ...]:
    """Count the targets within the intervals of each level that the residuals know."""
    found = []
    for level in LEVELS:
        if residuals.knows(level):
            low, high = residuals.interval(answer, level)
            inside = int(((low <= truth) & (truth <= high)).sum())
            ends = metrics.wilson_interval(inside, len(truth))
            found.append(Coverage(level, len(truth), inside, *ends, float(np.mean(high - low))))
    return tuple(found)
