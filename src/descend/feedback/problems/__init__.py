"""Problems that feedback networks solve: one file each; ``__all__`` is the one list of them.

`descend.feedback.problems.models` takes dimod's models and needs the extra ``optimize``.
"""

from descend.feedback.problems.binary_quadratic import BinaryQuadratic
from descend.feedback.problems.coloring import Coloring, fewest_colors, greedy_colors
from descend.feedback.problems.job_shop import JobShop
from descend.feedback.problems.knapsack import Knapsack
from descend.feedback.problems.machine_assignment import MachineAssignment
from descend.feedback.problems.max_cut import MaxCut
from descend.feedback.problems.number_partition import NumberPartition
from descend.feedback.problems.problem import Answer, Problem, Report, solve
from descend.feedback.problems.quadratic_assignment import QuadraticAssignment
from descend.feedback.problems.travelling_salesman import TravellingSalesman

__all__ = [
    "Answer",
    "BinaryQuadratic",
    "Coloring",
    "JobShop",
    "Knapsack",
    "MachineAssignment",
    "MaxCut",
    "NumberPartition",
    "Problem",
    "QuadraticAssignment",
    "Report",
    "TravellingSalesman",
    "fewest_colors",
    "greedy_colors",
    "solve",
]
