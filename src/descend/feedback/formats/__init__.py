"""Readers of the files that optimisation problems come in; every error names file and line."""

from descend.feedback.formats.graphs import Graph, read_dimacs, read_gset
from descend.feedback.formats.quadratics import read_beasley, read_dimod
from descend.feedback.formats.tables import read_job_shop, read_matrix, read_qaplib
from descend.feedback.formats.tsplib import Cities, read_tsplib

__all__ = [
    "Cities",
    "Graph",
    "read_beasley",
    "read_dimacs",
    "read_dimod",
    "read_gset",
    "read_job_shop",
    "read_matrix",
    "read_qaplib",
    "read_tsplib",
]
