"""Models: plans, trained models and their files, and training on each kind of input."""

from descend.models.card import ModelCard
from descend.models.files.provenance import Provenance
from descend.models.language.card import LanguageCard
from descend.models.language.model import LanguageModel
from descend.models.language.options import LanguageOptions
from descend.models.language.plan import LanguagePlan
from descend.models.language.report import LanguageReport
from descend.models.language.training import LanguageTraining
from descend.models.loading import load, load_table_model
from descend.models.model import Model
from descend.models.options import Options
from descend.models.plan import Plan
from descend.models.predictions import Predictions
from descend.models.report import ClassReport, Coverage, NumberReport, Reliability, Report
from descend.models.series.report import ForecastReport, StepScores
from descend.models.tables.training import TableTraining
from descend.models.training import train
from descend.models.trust.calibration import Temperature
from descend.models.trust.decision import Decision

__all__ = [
    "ClassReport",
    "Coverage",
    "Decision",
    "ForecastReport",
    "LanguageCard",
    "LanguageModel",
    "LanguageOptions",
    "LanguagePlan",
    "LanguageReport",
    "LanguageTraining",
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
    "load_table_model",
    "train",
]
