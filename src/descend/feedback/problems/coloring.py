"""Graph colouring: give neighbours different colours."""

from __future__ import annotations

from typing import Any

import numpy as np

from descend.errors import DataError
from descend.feedback.arguments import (
    LARGEST,
    edge_ends,
    real,
    sign_row,
    state_of,
    whole,
    whole_array,
)
from descend.feedback.ising import Ising, check_memory
from descend.feedback.problems.problem import Answer, Problem, Report, solve
from descend.feedback.problems.quadratic import Quadratic

__all__ = ["Coloring", "fewest_colors", "greedy_colors"]


class Coloring(Problem):
    """A (Σ_c x_vc − 1)² for every node, plus one for every edge with equal colours.

    Parameters
    ----------
    nodes : int
    first, second : int arrays (edges,)
        Ends, counted from 0; edges given twice count once.
    colors : int
        How many colours may be used.
    penalty : float or None
        A; ``None``: 1, which makes leaving a node uncoloured cost as much as one conflict, so
        that the greedy descent always prefers a coloured node.

    Raises
    ------
    DataError
        If there are no nodes or no colours, or an edge names a node that is not there or joins a
        node to itself.
    """

    def __init__(
        self, nodes: int, first: Any, second: Any, colors: int, penalty: float | None = None
    ) -> None:
        nodes = whole(nodes, "the number of nodes", 1, error=DataError)
        colors = whole(colors, "colors", 1, error=DataError)
        check_memory(nodes * colors, f"{colors:,} colours for each of {nodes:,} nodes")
        ends = np.column_stack(edge_ends(nodes, first, second, "node"))
        loops = ends[:, 0] == ends[:, 1]
        if loops.any():
            node = int(ends[loops][0, 0]) + 1
            raise DataError(f"node {node} has an edge to itself, so no colouring exists")
        self.nodes, self.colors = nodes, colors
        self.edges = np.unique(np.sort(ends, axis=1), axis=0)
        self.penalty = (
            1.0 if penalty is None else real(penalty, "penalty", above=0, at_most=LARGEST)
        )
        self.neighbours = [np.zeros(0, np.int64)] * nodes
        both = np.concatenate([self.edges, self.edges[:, ::-1]])
        for node, rows in _split(both):
            self.neighbours[node] = rows

    def encode(self) -> Ising:
        """Return the energy; its minimum is 0 when a colouring exists."""
        terms = Quadratic(self.nodes * self.colors)
        terms.add_one_hot(self.groups(), self.penalty)
        shades = np.arange(self.colors)
        first, second = (self.edges[:, k, None] * self.colors + shades for k in (0, 1))
        terms.add_pairs(first, second, 1.0)
        return terms.ising()

    def groups(self) -> list[list[int]]:
        """Return the colours of each node."""
        return np.arange(self.nodes * self.colors).reshape(self.nodes, self.colors).tolist()

    def decode(self, spins: np.ndarray) -> Answer:
        """Return the colour of each node; the cost is the number of conflicts."""
        spins = sign_row(spins, "spins", self.nodes * self.colors)
        ones = spins.reshape(self.nodes, self.colors) > 0
        counts = ones.sum(axis=1)
        broken = [f"node {v + 1} has {counts[v]} colours" for v in np.flatnonzero(counts != 1)]
        answer = self.judge(np.where(counts > 0, ones.argmax(axis=1), -1))
        # A node without a colour counts as two conflicts: any colour would be an improvement.
        cost = answer.cost + 2.0 * len(broken)
        return Answer(answer.value, cost, (*broken, *answer.violations))

    def judge(self, colors: np.ndarray) -> Answer:
        """Judge a colour for each node, −1 for none."""
        colors = whole_array(colors, "colors", (self.nodes,))
        if colors.min() < -1 or colors.max() >= self.colors:
            raise DataError(
                f"colors are numbered 0 to {self.colors - 1} (-1 for none), got "
                f"{colors.min()} to {colors.max()}"
            )
        same = colors[self.edges[:, 0]] == colors[self.edges[:, 1]]
        same &= colors[self.edges[:, 0]] >= 0
        broken = tuple(f"nodes {u + 1} and {v + 1} share a colour" for u, v in self.edges[same])
        return Answer(colors, float(same.sum()), broken)

    def perfect(self, answer: Answer) -> bool:
        """No conflict can be fewer than none."""
        return answer.feasible

    def repair(self, spins: np.ndarray, amplitudes: np.ndarray) -> Answer:
        """Take each node's strongest colour, then recolour nodes in conflict, with a tabu list.

        References
        ----------
        Hertz and de Werra (1987), Using tabu search techniques for graph coloring.
        """
        spins, amplitudes = state_of(spins, amplitudes, self.nodes * self.colors)
        scores = (amplitudes + 0.5 * spins).reshape(self.nodes, self.colors)
        colors = scores.argmax(axis=1)
        best = colors.copy()
        conflicts = np.zeros((self.nodes, self.colors))
        for v in range(self.nodes):
            np.add.at(conflicts[v], colors[self.neighbours[v]], 1)
        until = np.zeros((self.nodes, self.colors))
        everyone = np.arange(self.nodes)
        fewest = now = int(conflicts[everyone, colors].sum()) // 2
        for turn in range(20 * self.nodes):
            if fewest == 0:
                break
            own = conflicts[everyone, colors]
            change = conflicts - own[:, None]
            free = (own[:, None] > 0) & ((until <= turn) | (now + change < fewest))
            free[everyone, colors] = False
            if not free.any():
                continue
            v, c = divmod(int(np.where(free, change, np.inf).argmin()), self.colors)
            old, now = colors[v], now + int(change[v, c])
            until[v, old] = turn + 7 + 0.6 * np.count_nonzero(own)
            conflicts[self.neighbours[v], old] -= 1
            conflicts[self.neighbours[v], c] += 1
            colors[v] = c
            if now < fewest:
                fewest, best = now, colors.copy()
        return self.judge(best)


def fewest_colors(
    nodes: int, first: Any, second: Any, *, start: int | None = None, **search: Any
) -> tuple[int, Report | None]:
    """Lower the number of colours, from a greedy colouring's, until none is found.

    ``start`` is the first number tried, where it is lower than a greedy colouring's. Returns the
    fewest colours found and their report (``None`` where the greedy colouring was never beaten).
    That a smaller number was not found is no proof that none exists.
    """
    colors = greedy_colors(nodes, first, second)
    trial = colors - 1 if start is None else min(whole(start, "start", 1), colors - 1)
    found = None
    while trial >= 1:
        report = solve(Coloring(nodes, first, second, trial), **search)
        if not report.repaired.feasible:
            break
        # Fewer may be used than were allowed, and not the first of them.
        colors, found = len(set(report.repaired.value.tolist())), report
        trial = colors - 1
    return colors, found


def greedy_colors(nodes: int, first: Any, second: Any) -> int:
    """Return how many colours are used when nodes, by falling degree, take the first free one.

    References
    ----------
    Welsh and Powell (1967).

    Examples
    --------
    >>> greedy_colors(3, [0, 1], [1, 2])
    2
    """
    problem = Coloring(nodes, first, second, 1)
    colors = np.full(nodes, -1)
    for v in sorted(range(nodes), key=lambda v: -len(problem.neighbours[v])):
        taken = set(colors[problem.neighbours[v]].tolist())
        colors[v] = next(c for c in range(nodes) if c not in taken)
    return int(colors.max()) + 1


def _split(pairs: np.ndarray) -> list[tuple[int, np.ndarray]]:
    if not len(pairs):
        return []
    pairs = pairs[np.argsort(pairs[:, 0], kind="stable")]
    nodes, starts = np.unique(pairs[:, 0], return_index=True)
    return list(zip(nodes.tolist(), np.split(pairs[:, 1], starts[1:]), strict=True))
