"""Checks of the examples before training: what would make a score or a network worthless."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl

from descend.data.cells import read_cells, read_texts
from descend.data.columns import Column, input_columns, listed
from descend.data.fingerprints import combine_hashes, row_hashes
from descend.data.identifiers import named_identifier
from descend.data.leaks import find_leaks
from descend.data.target_kinds import ClassTarget, NumberTarget, Target
from descend.data.targets import labelled_rows

__all__ = ["Finding", "check_examples"]

_UNBALANCED = 20
_TINY = 5
_ENOUGH_ROWS = 20
_FAR = 1e5
"""Interquartile ranges from the median beyond which a target is thought to be a slip."""


@dataclass(frozen=True)
class Finding:
    """One thing that was found.

    Parameters
    ----------
    severity : {"note", "warning", "error"}
        A note informs; a warning doubts the result; an error forbids training.
    message : str
    """

    severity: str
    message: str


def check_examples(
    frame: pl.DataFrame,
    columns: Sequence[Column],
    targets: Sequence[Target],
    *,
    hashes: np.ndarray | None = None,
) -> tuple[Finding, ...]:
    """Check a table of examples before training.

    Parameters
    ----------
    frame : polars.DataFrame
    columns : sequence of Column
        What `descend.data.columns.infer_columns` returned.
    targets : sequence of ClassTarget or NumberTarget
    hashes : uint64 array, optional
        What `descend.data.fingerprints.row_hashes` returned for the table, where it is at hand.

    Returns
    -------
    tuple of Finding
        The first is one line of everything that was found in order, where something was.

    Examples
    --------
    >>> frame = pl.DataFrame({"a": [i * i for i in range(10)], "b": ["x", "y"] * 5})
    >>> columns = (Column("a", "number"), Column("b", "target"))
    >>> check_examples(frame, columns, [ClassTarget("b", ("x", "y"), (5, 5))])[0].message
    'no duplicate rows across splits · no column gives the target away · classes fairly balanced'
    """
    inputs = input_columns(columns)
    rows = labelled_rows(frame, targets)
    findings = _left_out(columns)
    if len(rows) < len(frame):
        lost = len(frame) - len(rows)
        names = listed([target.name for target in targets])
        many = "1 row has" if lost == 1 else f"{lost:,} rows have"
        findings.append(Finding("note", f"{many} no value of {names}: left out"))
    good: list[str] = []
    if not len(rows) or not inputs:
        return tuple(findings)
    if hashes is None:
        hashes = row_hashes(frame, columns)
    repeated = _repeated(frame, targets, rows, hashes[rows])
    findings += repeated
    if not repeated:
        good.append("no duplicate rows across splits")
    leaks = _leaks(frame, inputs, targets, rows)
    findings += leaks
    if not leaks:
        good.append("no column gives the target away")
    timed = any(column.kind == "time" for column in columns)
    balanced = True
    for target in targets:
        if isinstance(target, ClassTarget):
            uneven = _class_sizes(target)
            findings += uneven
            balanced &= not uneven
        else:
            findings += _far_numbers(frame, target, rows)
        if not timed:
            findings += _sorted_labels(frame, target, rows)
    if balanced and any(isinstance(target, ClassTarget) for target in targets):
        good.append("classes fairly balanced")
    if not timed:
        findings += _dates_in_order(frame, inputs)
    if not any(column.kind == "group" for column in columns):
        findings += _repeated_ids(frame, inputs)
    findings += _equal_columns(frame, inputs)
    summary = [Finding("note", " · ".join(good))] if good else []
    return tuple(summary + findings)


def _far_numbers(frame: pl.DataFrame, target: NumberTarget, rows: np.ndarray) -> list[Finding]:
    """Find targets so far from all others that every score would be about them alone."""
    values = target.numbers(frame, rows)
    lower, middle, upper = np.quantile(values, (0.25, 0.5, 0.75))
    with np.errstate(over="ignore"):
        far = np.flatnonzero(np.abs(values - middle) > _FAR * (upper - lower))
    if not len(far) or upper == lower:
        return []
    first = f"{target.name}: {values[far[0]]:.6g} in row {rows[far[0]] + 1:,}"
    more = f" (and {len(far) - 1:,} more)" if len(far) > 1 else ""
    message = (
        f"{first}{more} is over {_FAR:,.0f} times the usual spread away from the others: the "
        "network and its scores would be about such rows alone. Correct or drop them"
    )
    return [Finding("warning", message)]


def _equal_columns(frame: pl.DataFrame, inputs: Sequence[Column]) -> list[Finding]:
    """Find columns whose cells are those of an earlier column: they add nothing."""
    firsts: dict[int, str] = {}
    copies: dict[str, list[str]] = {}
    for column in inputs:
        series = frame[column.name]
        if series.dtype.is_nested():
            continue
        first = firsts.setdefault(int(series.hash().sum() or 0), column.name)
        if first != column.name and series.equals(frame[first], null_equal=True):
            copies.setdefault(first, []).append(column.name)
    return [
        Finding("note", f"{listed(names)}: equal to {first} in every row")
        for first, names in copies.items()
    ]


def _left_out(columns: Sequence[Column]) -> list[Finding]:
    """Say which columns are no inputs, though nobody asked."""
    return [
        Finding("note", f"{column.name}: {column.note}; left out")
        for column in columns
        if column.kind in ("constant", "identifier")
    ]


def _repeated(
    frame: pl.DataFrame, targets: Sequence[Target], rows: np.ndarray, hashes: np.ndarray
) -> list[Finding]:
    """Find rows with equal inputs, and with equal inputs but other targets."""
    _, unit, sizes = np.unique(hashes, return_inverse=True, return_counts=True)
    if len(sizes) == len(rows):
        return []
    full = hashes
    for target in targets:
        if isinstance(target, NumberTarget):
            full = combine_hashes(full, target.numbers(frame, rows))
        else:
            full = combine_hashes(full, target.encode(frame, rows))
    different, first = np.unique(full, return_index=True)
    copies = len(rows) - len(different)
    kinds = np.bincount(unit[first], minlength=len(sizes))
    conflicts = int(sizes[kinds > 1].sum())
    findings = []
    if copies:
        many = "1 row is a copy" if copies == 1 else f"{copies:,} rows are copies"
        findings.append(Finding("note", f"{many} of another: copies stay in one part of the split"))
    if conflicts:
        severity = "warning" if conflicts > 0.01 * len(rows) else "note"
        findings.append(
            Finding(
                severity,
                f"{conflicts:,} rows have inputs equal to another row's but another target: "
                "no network can get all of them right",
            )
        )
    return findings


def _leaks(
    frame: pl.DataFrame, inputs: tuple[Column, ...], targets: Sequence[Target], rows: np.ndarray
) -> list[Finding]:
    findings = []
    for target in targets:
        for name, how in find_leaks(frame, inputs, target, rows).items():
            findings.append(
                Finding(
                    "warning",
                    f"{name} {how}: it may give {target.name} away. If it is not known when you "
                    f"predict, drop it (--drop {name})",
                )
            )
    return findings


def _class_sizes(target: ClassTarget) -> list[Finding]:
    """Find classes too small to learn or to test, and uneven ones."""
    findings = []
    single = [str(c) for c, n in zip(target.classes, target.counts, strict=True) if n == 1]
    tiny = [str(c) for c, n in zip(target.classes, target.counts, strict=True) if 1 < n < _TINY]
    if single:
        many = "has a single row" if len(single) == 1 else "have a single row each"
        findings.append(
            Finding(
                "warning", f"{target.name}: {listed(single, 5)} {many}: trained on, never tested"
            )
        )
    if tiny:
        many = "has" if len(tiny) == 1 else "have"
        findings.append(
            Finding(
                "warning",
                f"{target.name}: {listed(tiny, 5)} {many} fewer than {_TINY} rows: "
                "hardly learned, and its score is mostly chance",
            )
        )
    present = [n for n in target.counts if n]
    if not findings and max(present) > _UNBALANCED * min(present):
        most = str(target.classes[int(np.argmax(target.counts))])
        share = 100 * max(present) / sum(present)
        findings.append(
            Finding(
                "note",
                f'{target.name}: "{most}" is {share:.3g} % of the rows; '
                "--class-weight balanced makes every class count the same",
            )
        )
    return findings


def _sorted_labels(frame: pl.DataFrame, target: Target, rows: np.ndarray) -> list[Finding]:
    """Find a file that is sorted by its target."""
    if len(rows) < _ENOUGH_ROWS:
        return []
    if isinstance(target, ClassTarget):
        codes = target.encode(frame, rows)
        in_order = np.count_nonzero(np.diff(codes)) == len(np.unique(codes)) - 1
    else:
        steps = np.diff(target.numbers(frame, rows))
        in_order = bool((steps >= 0).all() or (steps <= 0).all())
    if not in_order:
        return []
    return [Finding("note", f"the rows are sorted by {target.name}: the split draws at random")]


def _dates_in_order(frame: pl.DataFrame, inputs: tuple[Column, ...]) -> list[Finding]:
    """Find a file whose rows follow one another in time."""
    for column in inputs:
        if column.kind != "date" or column.pattern.startswith("%H"):
            continue
        times = read_cells(frame[column.name], column).drop_nulls()
        if len(times) >= _ENOUGH_ROWS and times.is_sorted() and times.n_unique() >= 10:
            return [
                Finding(
                    "note",
                    f"the rows follow one another in time ({column.name}): to test on the newest, "
                    f"as when predicting the future, use --time {column.name}",
                )
            ]
    return []


def _repeated_ids(frame: pl.DataFrame, inputs: tuple[Column, ...]) -> list[Finding]:
    """Find identifiers of persons or things with several rows each."""
    findings = []
    for column in inputs:
        if column.kind not in ("category", "number") or not named_identifier(column.name):
            continue
        values = read_texts(frame[column.name], column).drop_nulls()
        different = values.n_unique()
        if len(values) >= _ENOUGH_ROWS and 2 < different < 0.9 * len(values):
            findings.append(
                Finding(
                    "warning",
                    f"{column.name} names {different:,} things with several rows each: to test on "
                    f"new ones, use --group {column.name}",
                )
            )
    return findings
