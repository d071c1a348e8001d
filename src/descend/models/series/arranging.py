"""What becomes of a table before it is learned from: rows of a test file join it, the rows of a
series become origins, the rows of one group become one sequence."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from descend.data.forecasting.forecast import Windows
from descend.data.formats.official_tests import PART, file_of_tests, with_test_rows
from descend.data.long_tables import LongTable, fit_long_table, looks_long
from descend.data.reading import read_table
from descend.data.table import Table
from descend.errors import UsageError
from descend.models.options import Options
from descend.models.plan import Plan
from descend.models.series.forecasting import forecast_rows

__all__ = ["Arranged", "arranged"]


@dataclass(frozen=True, eq=False)
class Arranged:
    """A table whose rows are the examples.

    Attributes
    ----------
    table : Table
    options : Options
        As they suit it: columns that are used up are not named any more.
    shape : (rows, columns)
        As it was read.
    windows : Windows or None
        The origins that the rows stand for, where a series is to be continued.
    sequences : LongTable or None
        How rows were gathered, where several were one example.
    """

    table: Table
    options: Options
    shape: tuple[int, int]
    windows: Windows | None = None
    sequences: LongTable | None = None


def arranged(source: Any, options: Options, plan: Plan | None, **reading: Any) -> Arranged:
    """Read a table and arrange it as asked for, or as an earlier plan says.

    Raises
    ------
    TableError, ColumnError, DataError
        Where it cannot be read, or its rows are no steps.
    UsageError
        For options that do not go together.
    """
    table = read_table(source, compact=True, **reading)
    beside = file_of_tests(source)
    if beside is not None and _tests_by_file(options, plan):
        table = with_test_rows(table, beside)
    if options.forecast is not None or (plan is not None and plan.forecast is not None):
        if options.sequences:
            raise UsageError("--sequences does not go with --forecast: a row is a step of one kind")
        windows, options = forecast_rows(table, options, plan)
        return Arranged(windows.table, options, windows.shape, windows)
    shape = table.frame.shape
    sequences = plan.sequences if plan is not None else _sequences(table, options)
    if sequences is None:
        return Arranged(table, options, shape)
    table = sequences.gathered(table)
    options = replace(options, group=None, time=None, drop=())
    return Arranged(table, options, shape, None, sequences)


def _tests_by_file(options: Options, plan: Plan | None) -> bool:
    """Whether the rows of a test file that stands beside the table shall test."""
    if plan is not None:
        return plan.column("split") == PART
    return options.test_fraction is None and options.split is None


def _sequences(table: Table, options: Options) -> LongTable | None:
    """Return how the rows of a group are gathered, where they are steps of one example."""
    if options.sequences and (options.group is None or options.time is None or not options.target):
        raise UsageError(
            "--sequences needs --group, the column that says of which sequence a row is, --time, "
            "which orders its rows, and --target"
        )
    wanted = options.sequences
    if wanted is None:
        wanted = looks_long(table, options.group, options.time, options.target)
    if not wanted or options.group is None or options.time is None:
        return None
    return fit_long_table(
        table, group=options.group, time=options.time, targets=options.target, drop=options.drop,
        kinds=options.kinds,
    )  # fmt: skip
