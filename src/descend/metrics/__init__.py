"""Metrics: how good predictions are on rows that training has not seen, and how sure that is.

Each metric is a plain function ``(target, prediction, *, weights=None)`` on NumPy arrays. What it
takes is one of

- ``classes``: int codes (n,) in 0..k-1, target and prediction;
- ``probabilities``: int codes (n,) as target; probabilities (n, k), or (n,) for the probability
  of class 1, as prediction;
- ``numbers``: float (n,) or (n, columns), target and prediction (columns are averaged).

Several labels an example are rated as one long binary target: pass ``target.ravel()`` and
``probabilities.ravel()``. ``METRICS`` is the one table of metrics that give a single number; early
stopping and the command line choose from it. Means are weighted by ``weights`` (n,), each at least
0. A metric that is undefined on the rows at hand (a ROC curve of one class) returns nan.

All raise `DataError` when there are no rows, when lengths differ, or weights are negative or all 0.
"""

from descend.metrics.calibration import (
    ReliabilityBin,
    calibration_interval,
    chance_calibration_error,
    reliability,
)
from descend.metrics.classes import (
    ClassScores,
    accuracy,
    balanced_accuracy,
    confusion_matrix,
    macro_f1,
    precision_recall_f1,
)
from descend.metrics.intervals import bootstrap_interval, wilson_interval
from descend.metrics.numbers import mae, pinball, r2, rmse
from descend.metrics.probabilities import expected_calibration_error, log_loss, roc_auc
from descend.metrics.table import METRICS, Metric

__all__ = [
    "ClassScores",
    "METRICS",
    "Metric",
    "ReliabilityBin",
    "accuracy",
    "balanced_accuracy",
    "bootstrap_interval",
    "calibration_interval",
    "chance_calibration_error",
    "confusion_matrix",
    "expected_calibration_error",
    "log_loss",
    "macro_f1",
    "mae",
    "pinball",
    "precision_recall_f1",
    "r2",
    "reliability",
    "rmse",
    "roc_auc",
    "wilson_interval",
]
