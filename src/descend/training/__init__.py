"""Training: one compiled step, the loop around it, and judging what came out."""

from descend.training.brute_force import brute_force, search_cost
from descend.training.descent import Descent
from descend.training.diagnostics import advice
from descend.training.evaluation import (
    count_rows,
    linked_outputs,
    mean_loss,
    raw_and_inner_outputs,
    raw_outputs,
)
from descend.training.fitting import Trained, fit
from descend.training.loop import Run
from descend.training.optax_transformation import OptaxTransformation
from descend.training.range_test import range_test, suggested_rate
from descend.training.rate_picture import rate_picture
from descend.training.records import EpochRecord, Examples

__all__ = [
    "Descent",
    "EpochRecord",
    "Examples",
    "OptaxTransformation",
    "Run",
    "Trained",
    "advice",
    "brute_force",
    "count_rows",
    "fit",
    "linked_outputs",
    "mean_loss",
    "range_test",
    "rate_picture",
    "raw_and_inner_outputs",
    "raw_outputs",
    "search_cost",
    "suggested_rate",
]
