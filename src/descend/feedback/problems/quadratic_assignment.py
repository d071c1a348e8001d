"""Quadratic assignment: place facilities so that heavy flows run over short distances."""

from __future__ import annotations

from typing import Any

import numpy as np

from descend.errors import DataError
from descend.feedback.ising import Ising, check_memory
from descend.feedback.problems.permutation import (
    add_permutation,
    nearest_permutation,
    permutation_groups,
    read_permutation,
)
from descend.feedback.problems.problem import Answer, Problem
from descend.feedback.problems.quadratic import Quadratic

__all__ = ["QuadraticAssignment"]


class QuadraticAssignment(Problem):
    """Minimise Σ_ij flow_ij distance_p(i)p(j) over permutations p.

    Parameters
    ----------
    flow, distance : arrays (n, n)
        As the two matrices of a QAPLIB file; exchanging them gives the inverse permutation.
    penalty : float or None
        A of the one-hot rows and columns; ``None``: the mean cost of a pair of facilities, times
        the number of facilities: of the size of what one facility can gain.

    References
    ----------
    Koopmans and Beckmann (1957), Assignment problems and the location of economic activities.
    """

    def __init__(self, flow: Any, distance: Any, penalty: float | None = None) -> None:
        self.flow, self.distance = np.array(flow, float), np.array(distance, float)
        shape = self.flow.shape
        if len(shape) != 2 or shape[0] != shape[1] or self.distance.shape != shape:
            raise DataError(
                "flow and distance must be square matrices of one size, got "
                f"{shape} and {self.distance.shape}"
            )
        if not shape[0]:
            raise DataError("there are no facilities to place")
        if not (np.isfinite(self.flow).all() and np.isfinite(self.distance).all()):
            raise DataError("flows and distances must be finite")
        self.size = shape[0]
        typical = np.abs(self.flow).mean() * np.abs(self.distance).mean() * 2 * self.size
        self.penalty = float(typical or 1.0) if penalty is None else penalty

    def encode(self) -> Ising:
        """Return the energy; for a permutation it is its cost."""
        n = self.size
        check_memory(n**4, f"the couplings of {n} facilities")
        terms = Quadratic(n * n)
        add_permutation(terms, n, self.penalty)
        costs = np.kron(self.flow, self.distance)
        rows, columns = np.nonzero(costs)
        terms.add_pairs(rows, columns, costs[rows, columns])
        return terms.ising()

    def groups(self) -> list[list[int]]:
        """Return the places of each facility."""
        return permutation_groups(self.size)

    def decode(self, spins: np.ndarray) -> Answer:
        """Return the place of each facility; the cost of a broken assignment is infinite."""
        places, broken = read_permutation(np.asarray(spins), self.size, "facility", "place")
        return Answer(places, float("inf"), broken) if broken else self.judge(places)

    def judge(self, places: np.ndarray) -> Answer:
        """Return an assignment with its cost."""
        return Answer(places, float((self.flow * self.distance[np.ix_(places, places)]).sum()))

    def repair(self, spins: np.ndarray, amplitudes: np.ndarray) -> Answer:
        """Assign by amplitudes, then exchange pairs of places while that lowers the cost."""
        places = nearest_permutation(amplitudes + 0.5 * np.asarray(spins), self.size)
        best = self.judge(places)
        for _ in range(10 * self.size):
            changes = self._swap_changes(places)
            i, j = np.unravel_index(int(changes.argmin()), changes.shape)
            if changes[i, j] >= -1e-9 * max(abs(best.cost), 1.0):
                break
            places = places.copy()
            places[[i, j]] = places[[j, i]]
            best = self.judge(places)
        return best

    def _swap_changes(self, places: np.ndarray) -> np.ndarray:
        """Return the change of cost for exchanging the places of every two facilities."""
        f, d, n = self.flow, self.distance[np.ix_(places, places)], self.size
        changes = np.zeros((n, n))
        for i in range(n):
            for j in range(i + 1, n):
                others = np.ones(n, bool)
                others[[i, j]] = False
                rows = (f[i] - f[j]) * (d[j] - d[i])
                columns = (f[:, i] - f[:, j]) * (d[:, j] - d[:, i])
                changes[i, j] = (rows + columns)[others].sum()
                changes[i, j] += (f[i, i] - f[j, j]) * (d[j, j] - d[i, i])
                changes[i, j] += (f[i, j] - f[j, i]) * (d[j, i] - d[i, j])
        return changes
