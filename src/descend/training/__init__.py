"""Training: one compiled step, the loop around it, and judging what came out."""

from descend.training.descent import Descent
from descend.training.diagnostics import advice
from descend.training.evaluation import count_rows, linked_outputs, mean_loss, raw_outputs
from descend.training.fitting import Trained, fit
from descend.training.loop import Run
from descend.training.records import EpochRecord, Examples

__all__ = [
    "Descent",
    "EpochRecord",
    "Examples",
    "Run",
    "Trained",
    "advice",
    "count_rows",
    "fit",
    "linked_outputs",
    "mean_loss",
    "raw_outputs",
]
