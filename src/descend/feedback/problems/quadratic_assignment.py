"""Quadratic assignment: place facilities so that heavy flows run over short distances."""

from __future__ import annotations

from typing import Any

import numpy as np

from descend.errors import DataError
from descend.feedback.arguments import LARGEST, real, real_array, state_of
from descend.feedback.ising import Ising, check_memory
from descend.feedback.problems.permutation import (
    add_permutation,
    nearest_permutation,
    permutation_groups,
    read_permutation,
    whole_permutation,
)
from descend.feedback.problems.problem import Answer, Problem
from descend.feedback.problems.quadratic import Quadratic

__all__ = ["QuadraticAssignment"]

TABU_TURNS = 300


class QuadraticAssignment(Problem):
    """Minimise Σ_ij flow_ij distance_p(i)p(j) over permutations p.

    Parameters
    ----------
    flow, distance : arrays (n, n)
        As the two matrices of a QAPLIB file; exchanging them gives the inverse permutation.
    penalty : float or None
        A of the one-hot rows and columns; ``None``: the mean cost of a pair of facilities, times
        the number of facilities: of the size of what one facility can gain.

    Raises
    ------
    DataError
        If the matrices are not square, of one size, finite and not empty.

    References
    ----------
    Koopmans and Beckmann (1957), Assignment problems and the location of economic activities.
    """

    permutes = True

    def __init__(self, flow: Any, distance: Any, penalty: float | None = None) -> None:
        self.flow = real_array(flow, "flow", largest=LARGEST)
        self.distance = real_array(distance, "distance", largest=LARGEST)
        shape = self.flow.shape
        if len(shape) != 2 or shape[0] != shape[1] or self.distance.shape != shape:
            raise DataError(
                "flow and distance must be square matrices of one size, got "
                f"{shape} and {self.distance.shape}"
            )
        if not shape[0]:
            raise DataError("there are no facilities to place")
        self.size = shape[0]
        typical = np.abs(self.flow).mean() * np.abs(self.distance).mean() * 2 * self.size
        given = float(typical or 1.0) if penalty is None else penalty
        self.penalty = real(given, "penalty", above=0, at_most=LARGEST**2)

    def encode(self) -> Ising:
        """Return the energy; for a permutation it is its cost."""
        n = self.size
        check_memory(n**4, f"the couplings of {n} facilities")
        terms = Quadratic(n * n)
        add_permutation(terms, n, self.penalty)
        terms.add_product(self.flow, self.distance)
        return terms.ising()

    def groups(self) -> list[list[int]]:
        """Return the places of each facility."""
        return permutation_groups(self.size)

    def decode(self, spins: np.ndarray) -> Answer:
        """Return the place of each facility; the cost of a broken assignment is infinite."""
        places, broken = read_permutation(spins, self.size, "facility", "place")
        return Answer(places, float("inf"), broken) if broken else self.judge(places)

    def judge(self, places: np.ndarray) -> Answer:
        """Return an assignment, the place of each facility, with its cost."""
        places = whole_permutation(places, "places", self.size)
        return Answer(places, float((self.flow * self.distance[np.ix_(places, places)]).sum()))

    def repair(self, spins: np.ndarray, amplitudes: np.ndarray) -> Answer:
        """Assign by amplitudes, then exchange pairs of places in a short tabu search.

        References
        ----------
        Taillard (1991), Robust taboo search for the quadratic assignment problem.
        """
        n = self.size
        spins, amplitudes = state_of(spins, amplitudes, n * n)
        places = nearest_permutation(amplitudes + 0.5 * spins, n)
        cost = self.judge(places).cost
        best, lowest = places, cost
        until = np.zeros((n, n), int)  # [facility, place]: when it may return there
        rows, columns = np.triu_indices(n, 1)
        if not rows.size:
            return self.judge(places)
        for turn in range(1, TABU_TURNS):
            changes = self._swap_changes(places)[rows, columns]
            tabu = (until[rows, places[columns]] > turn) & (until[columns, places[rows]] > turn)
            allowed = ~tabu | (cost + changes < lowest - 1e-9 * abs(lowest))
            k = int(np.where(allowed, changes, np.inf).argmin())
            i, j = rows[k], columns[k]
            until[i, places[i]] = until[j, places[j]] = turn + n
            places = places.copy()
            places[[i, j]] = places[[j, i]]
            cost += changes[k]
            if cost < lowest - 1e-9 * abs(lowest):
                best, lowest = places, cost
        return self.judge(best)

    def _swap_changes(self, places: np.ndarray) -> np.ndarray:
        """Return the change of cost for exchanging the places of every two facilities."""
        f, d = self.flow, self.distance[np.ix_(places, places)]
        changes = np.zeros(f.shape)
        for flow, distance in ((f, d), (f.T, d.T)):
            # Σ_k (f_ik − f_jk)(d_jk − d_ik), then without k = i and k = j.
            inner = flow @ distance.T
            own = np.diagonal(inner)
            changes += inner + inner.T - own[:, None] - own
            loop, ring = np.diagonal(flow)[:, None], np.diagonal(distance)[:, None]
            changes -= (loop - flow.T) * (distance.T - ring)
            changes -= (flow - loop.T) * (ring.T - distance)
        loop, ring = np.diagonal(f), np.diagonal(d)
        changes += (loop[:, None] - loop) * (ring - ring[:, None])
        return changes + (f - f.T) * (d.T - d)
