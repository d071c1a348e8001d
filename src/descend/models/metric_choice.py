"""The metric by which a person wants a model chosen."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from descend import metrics
from descend.data.targets import ClassTarget, NumberTarget, Target
from descend.errors import UsageError, did_you_mean
from descend.losses import Loss, Quantile
from descend.models.outputs import Answer, member_loss

__all__ = ["METRIC_NAMES", "check_metric", "metric_value", "named_metric"]

METRIC_NAMES = {
    "accuracy": "accuracy",
    "auc": "roc_auc",
    "balanced_accuracy": "balanced_accuracy",
    "f1": "macro_f1",
    "log_loss": "log_loss",
    "mae": "mae",
    "pinball": "pinball",
    "r2": "r2",
    "rmse": "rmse",
}
"""Names as they are typed, and as `descend.metrics` has them."""

_OF_NUMBERS = ("mae", "pinball", "r2", "rmse")


def named_metric(name: str) -> str:
    """Return the name of a metric as it is kept; dashes and case do not matter.

    Raises
    ------
    UsageError
        For an unknown name.
    """
    plain = name.lower().replace("-", "_")
    known = {plain for pair in METRIC_NAMES.items() for plain in pair}
    if plain not in known:
        raise UsageError(
            f'there is no metric "{name}".{did_you_mean(name, METRIC_NAMES)} '
            f"Metrics: {', '.join(METRIC_NAMES)}"
        )
    return next(short for short, whole in METRIC_NAMES.items() if plain in (short, whole))


def check_metric(name: str, targets: Sequence[Target], loss: Loss) -> None:
    """Refuse a metric that cannot judge these targets.

    Raises
    ------
    UsageError
        Says which metrics can.
    """
    for target in targets:
        classes = isinstance(target, ClassTarget)
        fits = [short for short in METRIC_NAMES if (short in _OF_NUMBERS) != classes]
        if name not in fits:
            what = f"{len(target.classes)} classes" if classes else "numbers"
            raise UsageError(
                f"the metric {name} cannot judge {target.name}, which has {what}. "
                f"Metrics for it: {', '.join(fits)}"
            )
    if name == "pinball" and not isinstance(member_loss(loss), Quantile):
        raise UsageError("the metric pinball judges quantiles: add --loss quantile")


def metric_value(
    name: str,
    target: Target,
    answer: Answer,
    truth: np.ndarray,
    weights: np.ndarray | None = None,
) -> float:
    """Return a metric of validation rows so that greater is better.

    Parameters
    ----------
    name : str
        A key of `METRIC_NAMES`.
    truth : array (rows,)
        Codes of classes, or numbers in the target's own unit.
    """
    if isinstance(target, NumberTarget):
        if name == "pinball":
            levels = tuple(answer.quantiles)
            found = np.stack(list(answer.quantiles.values()), axis=1)
            return -metrics.pinball(truth, found, levels=levels, weights=weights)
        prediction: np.ndarray | None = answer.prediction
    else:
        takes = metrics.METRICS[METRIC_NAMES[name]].takes
        prediction = answer.codes if takes == "classes" else answer.probabilities
    if prediction is None:
        raise UsageError(f"the metric {name} needs probabilities, which this loss does not give")
    metric = metrics.METRICS[METRIC_NAMES[name]]
    value = metric.function(truth, prediction, weights=weights)
    return value if metric.greater_is_better else -value
