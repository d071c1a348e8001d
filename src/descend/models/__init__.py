"""Models: plans, trained models and their files, and training on each kind of input."""

from descend.models.card import ModelCard
from descend.models.forecast_report import ForecastReport, StepScores
from descend.models.model import Model, load
from descend.models.options import Options
from descend.models.plan import Plan
from descend.models.predictions import Predictions
from descend.models.provenance import Provenance
from descend.models.report import ClassReport, Coverage, NumberReport, Reliability, Report
from descend.models.table_training import TableTraining, train
from descend.models.trust.calibration import Temperature

__all__ = [
    "ClassReport",
    "Coverage",
    "ForecastReport",
    "Model",
    "ModelCard",
    "NumberReport",
    "Options",
    "Plan",
    "Predictions",
    "Provenance",
    "Reliability",
    "Report",
    "StepScores",
    "TableTraining",
    "Temperature",
    "load",
    "train",
]
