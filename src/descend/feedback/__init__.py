"""Feedback networks: memories that settle, and optimisation by descending an energy.

`descend.feedback.sampler` (which needs the extra ``optimize``), `descend.feedback.problems` and
`descend.feedback.formats` are imported by name.
"""

from descend.feedback.ising import Ising
from descend.feedback.run import Progress
from descend.feedback.search import Result, minimize

__all__ = ["Ising", "Progress", "Result", "minimize"]
