"""The one table of metrics that give a single number."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from descend.metrics.classes import accuracy, balanced_accuracy, macro_f1
from descend.metrics.numbers import mae, r2, rmse
from descend.metrics.probabilities import expected_calibration_error, log_loss, roc_auc

__all__ = ["METRICS", "Metric"]


@dataclass(frozen=True)
class Metric:
    """A line of `METRICS`.

    Parameters
    ----------
    function : callable (target, prediction, *, weights=None) -> float
    takes : "classes", "probabilities" or "numbers"
    greater_is_better : bool
    """

    function: Callable[..., float]
    takes: str
    greater_is_better: bool


METRICS: dict[str, Metric] = {
    "accuracy": Metric(accuracy, "classes", True),
    "balanced_accuracy": Metric(balanced_accuracy, "classes", True),
    "macro_f1": Metric(macro_f1, "classes", True),
    "log_loss": Metric(log_loss, "probabilities", False),
    "roc_auc": Metric(roc_auc, "probabilities", True),
    "expected_calibration_error": Metric(expected_calibration_error, "probabilities", False),
    "rmse": Metric(rmse, "numbers", False),
    "mae": Metric(mae, "numbers", False),
    "r2": Metric(r2, "numbers", True),
}
