"""Graphs: Gset (rudy) with weights, and DIMACS colouring files."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import numpy as np

from descend.feedback.formats.lines import Line, Lines

__all__ = ["Graph", "read_dimacs", "read_gset"]


class Graph(NamedTuple):
    """Nodes and weighted edges, ends counted from 0."""

    nodes: int
    first: np.ndarray
    second: np.ndarray
    weights: np.ndarray


def read_gset(path: str | Path) -> Graph:
    """Read ``nodes edges``, then ``i j weight`` a line (rudy's format; weight 1 if left out).

    Raises
    ------
    TableError
        For a header, node number or weight that is wrong, a loop, an edge given twice, or a
        number of edges other than announced; the message names the line.
    """
    lines = Lines(path, ("#",))
    head = lines.lines[0]
    if len(head.words) != 2:
        lines.fail(head, f'expected "nodes edges", two integers, got {head.text!r}')
    nodes = lines.integer(head, head.words[0], "the number of nodes", 1)
    edges = lines.integer(head, head.words[1], "the number of edges", 0)
    return _edges(lines, lines.lines[1:], nodes, edges, once=True)


def read_dimacs(path: str | Path) -> Graph:
    """Read a DIMACS ``.col`` file: ``c`` comments, ``p edge nodes edges``, ``e i j``.

    Edges that are given twice (as some of the files do) are kept once.

    Raises
    ------
    TableError
        As for `read_gset`.
    """
    lines = Lines(path)
    nodes = edges = None
    rows = []
    for line in lines:
        kind = line.words[0]
        if kind == "p":
            if nodes is not None:
                lines.fail(line, "a second problem line")
            if len(line.words) != 4 or line.words[1] not in ("edge", "edges", "col"):
                lines.fail(line, f'expected "p edge nodes edges", got {line.text!r}')
            nodes = lines.integer(line, line.words[2], "the number of nodes", 1)
            edges = lines.integer(line, line.words[3], "the number of edges", 0)
        elif kind == "e":
            if nodes is None:
                lines.fail(line, 'an edge before the problem line "p edge nodes edges"')
            rows.append(line._replace(words=line.words[1:]))
        elif kind not in ("c", "n"):
            lines.fail(line, f"expected a line that starts with c, p, n or e, got {line.text!r}")
    if nodes is None or edges is None:
        lines.fail(lines.last, 'there is no problem line "p edge nodes edges"')
    graph = _edges(lines, rows, nodes, edges, once=False)
    pairs = np.unique(np.sort(np.column_stack([graph.first, graph.second]), axis=1), axis=0)
    return Graph(nodes, pairs[:, 0], pairs[:, 1], np.ones(len(pairs)))


def _edges(lines: Lines, rows: list[Line], nodes: int, edges: int, once: bool) -> Graph:
    first, second, weights = [], [], []
    seen: dict[tuple[int, int], int] = {}
    for line in rows:
        if len(line.words) not in (2, 3):
            lines.fail(line, f'expected "i j" or "i j weight", got {line.text!r}')
        i, j = (lines.integer(line, word, "a node", 1, nodes) for word in line.words[:2])
        if i == j:
            lines.fail(line, f"node {i} has an edge to itself; remove the line")
        weight = lines.number(line, line.words[2], "the weight") if len(line.words) == 3 else 1.0
        pair = (min(i, j), max(i, j))
        if once and pair in seen:
            lines.fail(line, f"edge {i} {j} was already given in line {seen[pair]}")
        seen[pair] = line.number
        first.append(i - 1)
        second.append(j - 1)
        weights.append(weight)
    if len(first) != edges:
        lines.fail(lines.last, f"the header announces {edges} edges, the file holds {len(first)}")
    return Graph(nodes, np.array(first, int), np.array(second, int), np.array(weights, float))
