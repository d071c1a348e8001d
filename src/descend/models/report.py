"""The test report: how good the predictions are on rows the network has not seen."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from descend import metrics
from descend.data.fields import check_specs
from descend.data.targets import ClassTarget, NumberTarget
from descend.errors import SpecError
from descend.models.outputs import Answer
from descend.models.plain import check_plain
from descend.spec import Spec

__all__ = ["ClassReport", "NumberReport", "Report", "class_report", "number_report"]


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

    def __post_init__(self) -> None:
        check_plain(self)
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

    def __post_init__(self) -> None:
        check_plain(self)
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
    targets : tuple of ClassReport and NumberReport
    """

    source: str
    rows: int
    seen: int
    targets: tuple[ClassReport | NumberReport, ...]

    def __post_init__(self) -> None:
        check_plain(self)
        check_specs(self, "targets", (ClassReport, NumberReport))


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
    )


def _known(values: np.ndarray) -> tuple[float | None, ...]:
    return tuple(None if np.isnan(value) else float(value) for value in values)


def number_report(
    target: NumberTarget, truth: np.ndarray, answer: Answer, linear: Answer | None
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
    )
