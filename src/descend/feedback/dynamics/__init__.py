"""Dynamics that descend an energy; ``ALGORITHMS`` is the one list of them."""

from descend.feedback.dynamics.amplitude_control import AmplitudeControl
from descend.feedback.dynamics.bifurcation import Ballistic, Discrete, GeneralizedBifurcation
from descend.feedback.dynamics.mean_field import MeanField, Potts
from descend.feedback.dynamics.rule import Rule
from descend.feedback.dynamics.soft_assignment import SoftAssignment

__all__ = [
    "ALGORITHMS",
    "AmplitudeControl",
    "Ballistic",
    "Discrete",
    "GeneralizedBifurcation",
    "MeanField",
    "Potts",
    "Rule",
    "SoftAssignment",
]

ALGORITHMS: dict[str, Rule] = {
    "bsb": Ballistic(),
    "dsb": Discrete(),
    "gsb": GeneralizedBifurcation(),
    "cac": AmplitudeControl(),
    "nmfa": MeanField(),
    "potts": Potts(),
    "softassign": SoftAssignment(),
}
