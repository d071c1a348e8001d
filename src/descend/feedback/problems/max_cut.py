"""Maximum cut: split the nodes in two so that the weight between the halves is largest."""

from __future__ import annotations

from typing import Any

import numpy as np

from descend.errors import DataError
from descend.feedback.arguments import LARGEST, edge_ends, real_array, sign_row, whole
from descend.feedback.ising import Ising, check_memory
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

    Raises
    ------
    DataError
        If there are no nodes, an edge names a node that is not there, or a weight is not finite.

    Examples
    --------
    >>> from descend.feedback.problems import solve
    >>> solve(MaxCut(3, [0, 1, 2], [1, 2, 0]), seed=0, num_steps=50).raw.cost
    2.0
    """

    maximize = True

    def __init__(self, nodes: int, first: Any, second: Any, weights: Any = None) -> None:
        self.nodes = whole(nodes, "the number of nodes", 1, error=DataError)
        check_memory(self.nodes, f"the sides of {self.nodes:,} nodes")
        self.first, self.second = edge_ends(self.nodes, first, second, "node")
        given = np.ones(self.first.size) if weights is None else weights
        self.weights = real_array(given, "weights", (self.first.size,), largest=LARGEST)

    def encode(self) -> Ising:
        """Return J_ij = w_ij / 2 with the offset that makes the energy minus the cut."""
        between = self.first != self.second
        offset = -0.5 * float(self.weights[between].sum())
        ends = self.first[between], self.second[between]
        return Ising.from_edges(self.nodes, *ends, self.weights[between] / 2, offset=offset)

    def decode(self, spins: np.ndarray) -> Answer:
        """Return the side of each node, and the cut."""
        side = sign_row(spins, "spins", self.nodes) > 0
        cut = float(self.weights[side[self.first] != side[self.second]].sum())
        return Answer(side.astype(int), cut)
