"""Feedback networks: memories that settle, and optimisation by descending an energy.

`descend.feedback.sampler` (which needs the extra ``optimize``), `descend.feedback.problems` and
`descend.feedback.formats` are imported by name.
"""

from descend.feedback.continuous import ContinuousHopfield, HopfieldTank
from descend.feedback.dense_memory import DenseMemory, PolynomialMemory
from descend.feedback.hopfield import Hopfield
from descend.feedback.ising import Ising
from descend.feedback.run import Progress
from descend.feedback.search import Result, minimize

__all__ = [
    "ContinuousHopfield",
    "DenseMemory",
    "Hopfield",
    "HopfieldTank",
    "Ising",
    "PolynomialMemory",
    "Progress",
    "Result",
    "minimize",
]
