"""Files of test rows that stand beside the rows to train on: ``X_TEST.ts`` and ``X_TRAIN.ts``."""

from __future__ import annotations

import os
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

from descend.data.formats.series_files import is_series_file, read_series_file
from descend.data.table import Table
from descend.errors import TableError

__all__ = ["PART", "file_of_tests", "with_test_rows"]

PART = "part"
"""The column that says which rows came from which file."""

_TRAIN = re.compile(r"train(?=\.[^.]+$)", re.IGNORECASE)


def file_of_tests(source: Any) -> Path | None:
    """Return the file of test sequences beside a file of sequences to train on, if there is one.

    Examples
    --------
    >>> file_of_tests("nowhere/GunPoint_TRAIN.ts") is None
    True
    """
    if not isinstance(source, str | os.PathLike):
        return None
    path = Path(source).expanduser()
    match = _TRAIN.search(path.name)
    if match is None or not path.name[: match.start()].endswith("_"):
        return None
    word = "TEST" if match[0].isupper() else "Test" if match[0].istitle() else "test"
    beside = path.with_name(path.name[: match.start()] + word + path.name[match.end() :])
    return beside if is_series_file(path) and is_series_file(beside) else None


def with_test_rows(table: Table, beside: Path) -> Table:
    """Return the rows of a table and those of its test file, told apart by a column `PART`.

    Raises
    ------
    TableError
        Where the two files have other columns.
    """
    import polars as pl

    other = read_series_file(beside)
    if other.frame.columns != table.frame.columns:
        raise TableError(
            f"{beside.name} has the columns {', '.join(other.frame.columns)}, and {table.source} "
            f"has {', '.join(table.frame.columns)}: they should be alike. With --test-fraction 0.2 "
            f"only {table.source} is read"
        )
    parts = [
        part.frame.with_columns(pl.lit(word).alias(PART))
        for part, word in ((table, "train"), (other, "test"))
    ]
    note = (
        f"test rows: the {len(other.frame):,} of {beside.name}, which stands beside it "
        "(--test-fraction sets rows of this file aside instead)"
    )
    return replace(
        table, frame=pl.concat(parts), notes=(*table.notes, note),
        kinds={**table.kinds, PART: "split"},
    )  # fmt: skip
