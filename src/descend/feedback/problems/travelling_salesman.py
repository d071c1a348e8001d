"""The travelling salesman: the shortest tour through all cities."""

from __future__ import annotations

from typing import Any

import numpy as np

from descend.errors import DataError
from descend.feedback.arguments import LARGEST, check_largest, float_array, real, state_of
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
from descend.feedback.problems.tours import improve, kick, length

__all__ = ["TravellingSalesman"]

KICKS = 30


class TravellingSalesman(Problem):
    """City c at position p is x_cp; city 0 stands at position 0, so (n − 1)² variables.

    A (rows and columns one-hot)² + Σ d_cc' x_cp x_c'p+1.

    Parameters
    ----------
    distances : array (n, n)
        Non-negative, finite; may be asymmetric. The diagonal is ignored.
    penalty : float or None
        A; ``None``: the largest distance.

    Raises
    ------
    DataError
        If distances are no square matrix of at least 2 cities, or one is negative or not finite.

    References
    ----------
    Lucas (2014), Ising formulations of many NP problems.
    """

    permutes = True

    def __init__(self, distances: Any, penalty: float | None = None) -> None:
        d = float_array(distances, "distances must be an array of numbers")
        if d.ndim != 2 or d.shape[0] != d.shape[1]:
            raise DataError(f"distances must be a square matrix, got shape {d.shape}")
        np.fill_diagonal(d, 0.0)
        if len(d) < 2:
            raise DataError(f"a tour needs at least 2 cities, got {len(d)}")
        if not np.isfinite(d).all() or (d < 0).any():
            i, j = np.argwhere(~np.isfinite(d) | (d < 0))[0]
            raise DataError(f"distance {i + 1} to {j + 1} is {d[i, j]}; it must be finite and >= 0")
        check_largest(d, "distances", LARGEST)
        self.distances, self.cities = d, len(d)
        given = float(d.max() or 1.0) if penalty is None else penalty
        self.penalty = real(given, "penalty", above=0, at_most=LARGEST)

    def encode(self) -> Ising:
        """Return the energy; for a tour it is its length."""
        n = self.cities - 1
        check_memory(2 * n**3, f"the couplings of a tour of {self.cities} cities")
        d, inner = self.distances, self.distances[1:, 1:]
        terms = Quadratic(n * n)
        add_permutation(terms, n, self.penalty)
        number = np.arange(n * n).reshape(n, n)
        terms.linear[number[:, 0]] += d[0, 1:]
        terms.linear[number[:, -1]] += d[1:, 0]
        terms.add_product(inner, np.eye(n, k=1))
        return terms.ising()

    def groups(self) -> list[list[int]]:
        """Return the positions of each city."""
        return permutation_groups(self.cities - 1)

    def decode(self, spins: np.ndarray) -> Answer:
        """Return the tour as city numbers from 0; the cost of a broken one is infinite."""
        places, broken = read_permutation(spins, self.cities - 1, "city", "position")
        if broken:
            return Answer(places, float("inf"), broken)
        return self.judge(np.concatenate([[0], 1 + np.argsort(places)]))

    def judge(self, tour: np.ndarray) -> Answer:
        """Return a tour, all cities in their order, with its length."""
        tour = whole_permutation(tour, "tour", self.cities)
        return Answer(tour, length(tour, self.distances))

    def repair(self, spins: np.ndarray, amplitudes: np.ndarray) -> Answer:
        """Assign cities to positions by their amplitudes, then 2-opt, moves of segments and kicks.

        After each of a few kicks (`tours.kick`) the best tour is improved again.
        """
        spins, amplitudes = state_of(spins, amplitudes, (self.cities - 1) ** 2)
        scores = amplitudes + 0.5 * spins
        places = nearest_permutation(scores, self.cities - 1)
        best = improve(np.concatenate([[0], 1 + np.argsort(places)]), self.distances)
        draw = np.random.default_rng(int(best @ np.arange(self.cities)))
        for _ in range(KICKS if self.cities >= 8 else 0):
            other = improve(kick(best, draw), self.distances)
            if length(other, self.distances) < length(best, self.distances):
                best = other
        return self.judge(best)
