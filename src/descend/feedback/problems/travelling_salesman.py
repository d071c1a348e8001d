"""The travelling salesman: the shortest tour through all cities."""

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

__all__ = ["TravellingSalesman"]

KICKS = 8


class TravellingSalesman(Problem):
    """City c at position p is x_cp; city 0 stands at position 0, so (n − 1)² variables.

    A (rows and columns one-hot)² + Σ d_cc' x_cp x_c'p+1.

    Parameters
    ----------
    distances : array (n, n)
        Non-negative, finite; may be asymmetric. The diagonal is ignored.
    penalty : float or None
        A; ``None``: the largest distance.

    References
    ----------
    Lucas (2014), Ising formulations of many NP problems.
    """

    def __init__(self, distances: Any, penalty: float | None = None) -> None:
        d = np.array(distances, float)
        if d.ndim != 2 or d.shape[0] != d.shape[1]:
            raise DataError(f"distances must be a square matrix, got shape {d.shape}")
        np.fill_diagonal(d, 0.0)
        if len(d) < 2:
            raise DataError(f"a tour needs at least 2 cities, got {len(d)}")
        if not np.isfinite(d).all() or (d < 0).any():
            i, j = np.argwhere(~np.isfinite(d) | (d < 0))[0]
            raise DataError(f"distance {i + 1} to {j + 1} is {d[i, j]}; it must be finite and >= 0")
        self.distances, self.cities = d, len(d)
        self.penalty = float(d.max() or 1.0) if penalty is None else penalty

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
        a, b = np.nonzero(~np.eye(n, dtype=bool))
        for p in range(n - 1):
            terms.add_pairs(number[a, p], number[b, p + 1], inner[a, b])
        return terms.ising()

    def groups(self) -> list[list[int]]:
        """Return the positions of each city."""
        return permutation_groups(self.cities - 1)

    def decode(self, spins: np.ndarray) -> Answer:
        """Return the tour as city numbers from 0; the cost of a broken one is infinite."""
        places, broken = read_permutation(np.asarray(spins), self.cities - 1, "city", "position")
        if broken:
            return Answer(places, float("inf"), broken)
        return self.judge(np.concatenate([[0], 1 + np.argsort(places)]))

    def judge(self, tour: np.ndarray) -> Answer:
        """Return a tour with its length."""
        return Answer(tour, float(self.distances[tour, np.roll(tour, -1)].sum()))

    def repair(self, spins: np.ndarray, amplitudes: np.ndarray) -> Answer:
        """Assign cities to positions by their amplitudes, then 2-opt, moves of segments and kicks.

        Each of a few kicks exchanges two neighbouring stretches of the best tour at random (the
        double bridge, which no 2-opt move undoes) and improves again.

        References
        ----------
        Martin, Otto and Felten (1991), Large-step Markov chains for the TSP (the kick).
        """
        scores = amplitudes + 0.5 * np.asarray(spins)
        places = nearest_permutation(scores, self.cities - 1)
        tour = np.concatenate([[0], 1 + np.argsort(places)])
        best = self.judge(_improve(tour, self.distances))
        draw = np.random.default_rng(int(tour @ np.arange(self.cities)))
        for _ in range(KICKS if self.cities >= 8 else 0):
            a, b, c = np.sort(draw.choice(np.arange(1, self.cities), 3, replace=False))
            t = best.value
            kicked = np.concatenate([t[:a], t[b:c], t[a:b], t[c:]])
            answer = self.judge(_improve(kicked, self.distances))
            best = answer if answer.cost < best.cost else best
        return best


def _improve(tour: np.ndarray, d: np.ndarray) -> np.ndarray:
    """Reverse or move segments while that shortens the tour (2-opt and or-opt).

    References
    ----------
    Croes (1958); Or (1976).
    """
    n = len(tour)
    if n < 4:
        return tour
    length = d[tour, np.roll(tour, -1)].sum()
    symmetric = bool(np.allclose(d, d.T))
    for _ in range(20 * n):
        best_gain, best = 1e-9 * max(length, 1.0), None
        if symmetric:
            after = np.roll(tour, -1)
            links = d[tour, after]
            gains = links[:, None] + links - d[np.ix_(tour, tour)] - d[np.ix_(after, after)]
            gains[np.tril_indices(n)] = -np.inf
            i, j = np.unravel_index(int(gains.argmax()), gains.shape)
            if gains[i, j] > best_gain:
                best_gain = gains[i, j]
                best = np.concatenate([tour[: i + 1], tour[i + 1 : j + 1][::-1], tour[j + 1 :]])
        for size in (1, 2, 3):
            gain, moved = _best_move(tour, d, size, symmetric)
            if gain > best_gain:
                best_gain, best = gain, moved
        if best is None:
            break
        tour = best
        length -= best_gain
    start = int(np.flatnonzero(tour == 0)[0])
    return np.roll(tour, -start)


def _best_move(tour: np.ndarray, d: np.ndarray, size: int, both_ways: bool) -> tuple:
    n = len(tour)
    best_gain, best = 0.0, tour
    if n < size + 3:
        return best_gain, best
    for i in range(n):
        turned = np.roll(tour, -i)
        segment, rest = turned[:size], turned[size:]
        a, b = segment[0], segment[-1]
        freed = d[rest[-1], a] + d[b, rest[0]] - d[rest[-1], rest[0]]
        left, right = rest[:-1], rest[1:]
        for first, last, way in ((a, b, 1), (b, a, -1)):
            costs = d[left, first] + d[last, right] - d[left, right]
            k = int(costs.argmin())
            if freed - costs[k] > best_gain:
                best_gain = freed - costs[k]
                best = np.concatenate([rest[: k + 1], segment[::way], rest[k + 1 :]])
            if not both_ways or size == 1:
                break
    return best_gain, best
