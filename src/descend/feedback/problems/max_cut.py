"""Maximum cut: split the nodes in two so that the weight between the halves is largest."""

from __future__ import annotations

from typing import Any

import numpy as np

from descend.errors import DataError
from descend.feedback.ising import Ising
from descend.feedback.problems.problem import Answer, Problem

__all__ = ["MaxCut"]


class MaxCut(Problem):
    """cut(s) = Σ_{edges} w (1 − s_i s_j) / 2, with J = w / 2: every state is feasible.

    Parameters
    ----------
    nodes : int
    first, second : int arrays (edges,)
        Ends of the edges, counted from 0. Repeated edges add up; loops are never cut.
    weights : array (edges,) or None
        ``None``: all 1.

    Examples
    --------
    >>> from descend.feedback.problems import solve
    >>> solve(MaxCut(3, [0, 1, 2], [1, 2, 0]), seed=0, num_steps=50).raw.cost
    2.0
    """

    maximize = True

    def __init__(self, nodes: int, first: Any, second: Any, weights: Any = None) -> None:
        self.nodes = nodes
        self.first, self.second = np.asarray(first, np.int64), np.asarray(second, np.int64)
        self.weights = np.ones(self.first.size) if weights is None else np.asarray(weights, float)
        if nodes < 1:
            raise DataError("a graph needs at least one node")

    def encode(self) -> Ising:
        """Return J_ij = w_ij / 2 with the offset that makes the energy minus the cut."""
        between = self.first != self.second
        offset = -0.5 * float(self.weights[between].sum())
        ends = self.first[between], self.second[between]
        return Ising.from_edges(self.nodes, *ends, self.weights[between] / 2, offset=offset)

    def decode(self, spins: np.ndarray) -> Answer:
        """Return the side of each node, and the cut."""
        side = np.asarray(spins) > 0
        cut = float(self.weights[side[self.first] != side[self.second]].sum())
        return Answer(side.astype(int), cut)
