"""Models: plans, trained models and their files, and training on each kind of input."""

from descend.models.model import Model, ModelCard, Predictions, load
from descend.models.options import Options
from descend.models.plan import Plan
from descend.models.provenance import Provenance
from descend.models.report import ClassReport, NumberReport, Report
from descend.models.table_training import TableTraining, train

__all__ = [
    "ClassReport",
    "Model",
    "ModelCard",
    "NumberReport",
    "Options",
    "Plan",
    "Predictions",
    "Provenance",
    "Report",
    "TableTraining",
    "load",
    "train",
]
