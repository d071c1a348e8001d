"""From a file to a problem: which format it is, and what is to be optimised."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from descend.errors import DataError, TableError, UsageError, did_you_mean
from descend.feedback.arguments import whole
from descend.feedback.formats import (
    Graph,
    read_beasley,
    read_dimacs,
    read_dimod,
    read_gset,
    read_job_shop,
    read_matrix,
    read_qaplib,
    read_tsplib,
)
from descend.feedback.formats.lines import path_of, read_bytes
from descend.feedback.ising import Ising
from descend.feedback.problems import (
    BinaryQuadratic,
    Coloring,
    JobShop,
    MaxCut,
    Problem,
    QuadraticAssignment,
    TravellingSalesman,
    greedy_colors,
)

__all__ = ["KINDS", "Loaded", "guess_kind", "load_problem"]

KINDS = {
    "max-cut": "Gset or rudy: nodes, edges, then i j weight",
    "tsp": "TSPLIB",
    "qap": "QAPLIB",
    "coloring": "DIMACS .col",
    "qubo": "Beasley or gka: variables, terms, then i j q",
    "job-shop": "jobs, machines, then machine and duration pairs",
    "bqm": "a dimod binary quadratic model, as a file or JSON",
    "matrix": "a symmetric matrix as CSV, minimised as xQx over 0 and 1",
    "matrix-ising": "a symmetric matrix as CSV: couplings J of spins, E = sum over pairs",
    "matrix-cut": "a symmetric matrix as CSV: edge weights to cut",
    "matrix-tsp": "a matrix as CSV: distances between cities",
}

ENDINGS = {
    ".tsp": "tsp",
    ".dat": "qap",
    ".col": "coloring",
    ".csv": "matrix",
    ".sparse": "qubo",
    ".qubo": "qubo",
    ".bqm": "bqm",
    ".json": "bqm",
    ".rud": "max-cut",
    ".mc": "max-cut",
    ".jsp": "job-shop",
}


@dataclass(frozen=True)
class Loaded:
    """A problem from a file.

    Attributes
    ----------
    kind : str
        One of ``KINDS``.
    problem : Problem
    describe : str
        One line for people.
    objective : str
        What the cost is called.
    drawing : Any
        What a picture needs: a `Graph`, coordinates, or None.
    """

    kind: str
    problem: Problem
    describe: str
    objective: str
    drawing: Any = None


def guess_kind(path: str | Path) -> str:
    """Return the kind by the ending, or by the shape of the first lines."""
    path = path_of(path)
    if path.suffix.lower() in ENDINGS:
        return ENDINGS[path.suffix.lower()]
    head = read_bytes(path)[:4096]
    if head.startswith(b"DIMOD") or head.lstrip().startswith(b"{"):
        return "bqm"
    rows = [line.split() for line in head.decode("utf-8", "replace").splitlines()]
    rows = [row for row in rows if row and row[0][0] not in "#+"]
    if len(rows) > 1 and len(rows[0]) == 2:
        return "max-cut" if len(rows[1]) in (2, 3) else "job-shop"
    raise UsageError(
        f"{path}: the format cannot be told from the name or the first lines. Give --kind: "
        + ", ".join(KINDS)
    )


def load_problem(path: str | Path, kind: str | None = None, *, colors: int | None = None) -> Loaded:
    """Read a file as a problem.

    Parameters
    ----------
    path : str or Path
    kind : str or None
        One of ``KINDS``; ``None``: by `guess_kind`.
    colors : int or None
        For colourings alone; ``None``: as many as a greedy colouring needs.

    Raises
    ------
    UsageError
        For an unknown kind, or colours for a problem that has none.
    TableError
        If the file is malformed; the message names the line.
    """
    kind = guess_kind(path) if kind is None else kind
    if not isinstance(kind, str) or kind not in KINDS:
        raise UsageError(
            f"unknown kind {kind!r}; choose one of {', '.join(KINDS)}."
            f"{did_you_mean(str(kind), KINDS)}"
        )
    if colors is not None:
        colors = whole(colors, "colors", 1)
        if kind != "coloring":
            raise UsageError(f"{path}: colors are for colourings; this is a problem of kind {kind}")
    try:
        return _load(path, kind, colors)
    except TableError:
        raise
    except DataError as error:
        raise TableError(f"{path}: {error}") from None


def _load(path: str | Path, kind: str, colors: int | None) -> Loaded:
    if kind == "tsp":
        cities = read_tsplib(path)
        problem = TravellingSalesman(cities.distances)
        return Loaded(kind, problem, f"{problem.cities} cities", "length", cities.coordinates)
    if kind == "qap":
        problem = QuadraticAssignment(*read_qaplib(path))
        return Loaded(kind, problem, f"{problem.size} facilities", "cost")
    if kind == "job-shop":
        problem = JobShop(*read_job_shop(path))
        words = f"{problem.jobs} jobs of {problem.length} operations"
        return Loaded(kind, problem, words, "end")
    if kind == "coloring":
        return _coloring(read_dimacs(path), colors)
    if kind == "max-cut":
        return _cut(kind, read_gset(path))
    if kind == "qubo":
        energy = read_beasley(path).ising()
        return Loaded(kind, BinaryQuadratic(energy), f"{energy.size} variables", "energy")
    if kind == "bqm":
        from descend.feedback.sampler import ising_of

        model = read_dimod(path)
        energy, labels = ising_of(model)
        problem = BinaryQuadratic(energy, model.vartype.name == "BINARY", labels)
        return Loaded(kind, problem, f"{energy.size} variables", "energy")
    return _matrix(kind, path)


def _coloring(graph: Graph, colors: int | None) -> Loaded:
    if colors is None:
        colors = greedy_colors(graph.nodes, graph.first, graph.second)
    problem = Coloring(graph.nodes, graph.first, graph.second, colors)
    words = f"{graph.nodes} nodes, {len(graph.first):,} edges, {colors} colours"
    return Loaded("coloring", problem, words, "conflicts", graph)


def _cut(kind: str, graph: Graph) -> Loaded:
    problem = MaxCut(*graph)
    alone = graph.nodes - np.unique(np.concatenate([graph.first, graph.second])).size
    words = f"{graph.nodes:,} nodes, {len(graph.first):,} edges"
    words += f" ({alone} nodes without an edge)" if alone else ""
    return Loaded(kind, problem, words, "cut", graph)


def _matrix(kind: str, path: str | Path) -> Loaded:
    matrix = read_matrix(path)
    n = len(matrix)
    if kind == "matrix-tsp":
        return Loaded(kind, TravellingSalesman(matrix), f"{n} cities", "length")
    if kind == "matrix-cut":
        first, second = np.nonzero(np.triu(matrix, 1))
        return _cut(kind, Graph(n, first, second, matrix[first, second]))
    if kind == "matrix-ising":
        energy = Ising(np.zeros(n), matrix)
        return Loaded(kind, BinaryQuadratic(energy, binary=False), f"{n} spins", "energy")
    energy = Ising.from_qubo(matrix)
    return Loaded(kind, BinaryQuadratic(energy), f"{n} variables", "energy")
