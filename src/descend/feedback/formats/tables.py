"""QAPLIB, job-shop files and square matrices as comma-separated values."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from descend.feedback.formats.lines import Lines, Numbers

__all__ = ["read_job_shop", "read_matrix", "read_qaplib"]


def read_qaplib(path: str | Path) -> tuple[np.ndarray, np.ndarray]:
    """Read n, then two matrices of n × n numbers; lines may break anywhere.

    Raises
    ------
    TableError
        If n is not a positive integer, or the file holds fewer or more than 2 n² numbers.
    """
    lines = Lines(path)
    head = lines.lines[0]
    if len(head.words) != 1:
        lines.fail(head, f"expected the size alone, got {head.text!r}")
    n = lines.integer(head, head.words[0], "the size", 1)
    numbers = Numbers(lines, 1)
    first = numbers.take(n * n, "the first matrix").reshape(n, n)
    second = numbers.take(n * n, "the second matrix").reshape(n, n)
    numbers.finish("the second matrix")
    return first, second


def read_job_shop(path: str | Path) -> tuple[np.ndarray, np.ndarray]:
    """Read ``jobs machines``, then a line a job: pairs of machine (from 0) and duration.

    Returns
    -------
    machines, durations : int arrays (jobs, operations)

    Raises
    ------
    TableError
        For a wrong header, a line with too few or too many pairs, or numbers out of range.
    """
    lines = Lines(path, ("#", "+"))
    head = lines.lines[0]
    if len(head.words) != 2:
        lines.fail(head, f'expected "jobs machines", two integers, got {head.text!r}')
    jobs = lines.integer(head, head.words[0], "the number of jobs", 1)
    count = lines.integer(head, head.words[1], "the number of machines", 1)
    rows = lines.lines[1:]
    if len(rows) != jobs:
        lines.fail(lines.last, f"the header announces {jobs} jobs, the file holds {len(rows)}")
    for line in rows:
        if len(line.words) != 2 * count:
            lines.fail(
                line, f"expected {count} pairs of machine and duration, got {len(line.words)} words"
            )
    machines, durations = np.zeros((jobs, count), int), np.zeros((jobs, count), int)
    for j, line in enumerate(rows):
        for k in range(count):
            machine, duration = line.words[2 * k : 2 * k + 2]
            machines[j, k] = lines.integer(line, machine, "a machine", 0, count - 1)
            durations[j, k] = lines.integer(line, duration, "a duration", 1)
    return machines, durations


def read_matrix(path: str | Path) -> np.ndarray:
    """Read a square symmetric matrix: numbers separated by commas, semicolons or blanks.

    Raises
    ------
    TableError
        If rows differ in length, the matrix is not square or not symmetric, or an entry is not a
        finite number; the message names the line.
    """
    lines = Lines(path, ("#",))
    rows = []
    for line in lines:
        words = line.text.replace(",", " ").replace(";", " ").split()
        if rows and len(words) != len(rows[0]):
            lines.fail(
                line, f"expected {len(rows[0])} numbers as in the first row, got {len(words)}"
            )
        rows.append([lines.number(line, word, f"column {k}") for k, word in enumerate(words, 1)])
    matrix = np.array(rows)
    if matrix.shape[0] != matrix.shape[1]:
        lines.fail(
            lines.last,
            f"expected as many rows as columns, got {matrix.shape[0]} rows of "
            f"{matrix.shape[1]} numbers",
        )
    wrong = np.argwhere(np.abs(matrix - matrix.T) > 1e-9 * np.abs(matrix).max(initial=0.0))
    if wrong.size:
        i, j = wrong[0]
        line = lines.lines[max(i, j)]
        lines.fail(
            line,
            f"the matrix is not symmetric: row {i + 1}, column {j + 1} holds {matrix[i, j]:g} but "
            f"row {j + 1}, column {i + 1} holds {matrix[j, i]:g}",
        )
    return matrix
