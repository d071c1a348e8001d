"""Local search on tours: 2-opt, moves of short segments, and kicks."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

import numpy as np

__all__ = ["improve", "kick", "length"]

LONGEST_SEGMENT = 3

Move: TypeAlias = tuple[float, Callable[[], np.ndarray]]
"""How much shorter the tour becomes, and the order of its places then."""


def length(tour: np.ndarray, d: np.ndarray) -> float:
    """Return the length of a closed tour through distances d (n, n)."""
    return float(d[tour, np.roll(tour, -1)].sum())


def improve(tour: np.ndarray, d: np.ndarray) -> np.ndarray:
    """Make the best 2-opt move, or move of up to three neighbours, while one shortens the tour.

    Parameters
    ----------
    tour : int array (n,)
    d : array (n, n)
        May be asymmetric; then no stretch is turned round.

    Returns
    -------
    tour : int array (n,)
        Starting with city 0.

    References
    ----------
    Croes (1958), A method for solving traveling-salesman problems (2-opt). Or (1976), the moves.

    Examples
    --------
    >>> x = np.array([0, 1, 2, 3, 3, 2, 1, 0]); y = np.array([0, 0, 0, 0, 1, 1, 1, 1])
    >>> d = np.hypot(x[:, None] - x, y[:, None] - y)
    >>> length(improve(np.array([0, 5, 2, 7, 4, 1, 6, 3]), d), d)
    8.0
    """
    n = len(tour)
    if n < 4:
        return tour
    least = 1e-9 * max(length(tour, d), 1.0)
    symmetric = bool(np.allclose(d, d.T))
    sizes = range(1, min(LONGEST_SEGMENT, n - 3) + 1)
    for _ in range(20 * n):
        near = d[np.ix_(tour, tour)]
        moves = [
            _best_segment(near, size, way) for size in sizes for way in (1, -1)[: 1 + symmetric]
        ]
        if symmetric:
            moves.append(_best_turn(near))
        gain, order = max(moves, key=lambda move: move[0])
        if gain <= least:
            break
        tour = tour[order()]
    return np.roll(tour, -int(np.flatnonzero(tour == 0)[0]))


def kick(tour: np.ndarray, draw: np.random.Generator) -> np.ndarray:
    """Exchange two neighbouring stretches at random: the double bridge, which no 2-opt undoes.

    References
    ----------
    Martin, Otto and Felten (1991), Large-step Markov chains for the traveling salesman problem.
    """
    a, b, c = np.sort(draw.choice(np.arange(1, len(tour)), 3, replace=False))
    return np.concatenate([tour[:a], tour[b:c], tour[a:b], tour[c:]])


def _best_turn(near: np.ndarray) -> Move:
    """Return the gain of the best 2-opt move, and how to order the tour then."""
    n = len(near)
    links = np.append(np.diagonal(near, 1), near[-1, 0])
    after = np.roll(near, (-1, -1), (0, 1))
    gains = links[:, None] + links - near - after
    gains[np.tril_indices(n)] = -np.inf
    i, j = divmod(int(gains.argmax()), n)

    def order() -> np.ndarray:
        places = np.arange(n)
        places[i + 1 : j + 1] = places[i + 1 : j + 1][::-1]
        return places

    return float(gains[i, j]), order


def _best_segment(near: np.ndarray, size: int, way: int) -> Move:
    """Return the gain of moving the best segment of so many cities, turned round for way -1."""
    n = len(near)
    place = np.arange(n)
    last, before, beyond = (place + size - 1) % n, (place - 1) % n, (place + size) % n
    links = near[place, (place + 1) % n]
    freed = near[before, place] + near[last, beyond] - near[before, beyond]
    front, back = (place, last) if way == 1 else (last, place)
    # [i, k]: the segment that starts at i goes between k and k + 1.
    gains = freed[:, None] - near[:, front].T - near[back][:, (place + 1) % n] + links
    # Not between cities of the segment itself, nor where it is now.
    for shift in range(-1, size):
        gains[place, (place + shift) % n] = -np.inf
    i, k = divmod(int(gains.argmax()), n)

    def order() -> np.ndarray:
        rest = (i + size + np.arange(n - size)) % n
        cut = int(np.flatnonzero(rest == k)[0]) + 1
        segment = (i + np.arange(size)) % n
        return np.concatenate([rest[:cut], segment[::way], rest[cut:]])

    return float(gains[i, k]), order
