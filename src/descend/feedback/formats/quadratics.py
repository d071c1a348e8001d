"""Quadratic functions of binary variables: Beasley's sparse format and dimod's own files."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np

from descend.errors import DataError, MissingExtraError, TableError
from descend.feedback.formats.lines import Lines, path_of, read_bytes
from descend.feedback.problems.quadratic import Quadratic

__all__ = ["read_beasley", "read_dimod"]


def read_beasley(path: str | Path) -> Quadratic:
    """Read ``n terms``, then ``i j q`` a line: xᵀQx with Q symmetric, each pair given once.

    An entry off the diagonal stands for Q_ij and Q_ji, so it counts twice. The published optima
    of these files (bqp, gka) are of −Q or Q to be minimised as read here.

    Raises
    ------
    TableError
        For a wrong header, index or number, a pair given twice, or a cut file.
    """
    lines = Lines(path, ("#",))
    head = lines.lines[0]
    if len(head.words) != 2:
        lines.fail(head, f'expected "variables terms", two integers, got {head.text!r}')
    n = lines.integer(head, head.words[0], "the number of variables", 1)
    count = lines.integer(head, head.words[1], "the number of terms", 0)
    rows = lines.lines[1:]
    if len(rows) != count:
        lines.fail(lines.last, f"the header announces {count} terms, the file holds {len(rows)}")
    seen: dict[tuple[int, int], int] = {}
    try:
        terms = Quadratic(n)
    except DataError as error:
        lines.fail(head, str(error))
    first, second, weights = [], [], []
    for line in rows:
        if len(line.words) != 3:
            lines.fail(line, f'expected "i j q", got {line.text!r}')
        i, j = (lines.integer(line, word, "a variable", 1, n) for word in line.words[:2])
        pair = (min(i, j), max(i, j))
        if pair in seen:
            lines.fail(line, f"the pair {i} {j} was already given in line {seen[pair]}")
        seen[pair] = line.number
        first.append(i - 1)
        second.append(j - 1)
        weights.append(lines.number(line, line.words[2], "q") * (1.0 if i == j else 2.0))
    terms.add_pairs(np.array(first, int), np.array(second, int), np.array(weights))
    return terms


def read_dimod(path: str | Path) -> Any:
    """Read a binary quadratic model as dimod wrote it: ``bqm.to_file()`` or its JSON form.

    Raises
    ------
    MissingExtraError
        Without dimod.
    TableError
        If dimod cannot read the file.
    """
    try:
        import dimod
    except ImportError as error:
        raise MissingExtraError(
            'files of dimod need dimod. Install it with: pip install "descend[optimize]"'
        ) from error
    raw = read_bytes(path_of(path))
    try:
        if raw.lstrip().startswith(b"{"):
            return dimod.BinaryQuadraticModel.from_serializable(json.loads(raw))
        return dimod.BinaryQuadraticModel.from_file(raw)
    except Exception as error:
        raise TableError(
            f"{path}: not a binary quadratic model that dimod {dimod.__version__} can read: {error}"
        ) from None
