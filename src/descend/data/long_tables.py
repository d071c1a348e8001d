"""Long tables: a row a step, and the rows of one group one sequence.

A table of measurements, with a column that says of whom and one that says when, becomes a table
with a row for each group: what is the same in all its rows stays a column, and what changes becomes
a channel of a sequence, a column of kind series. So the rest of the system needs to know of none of
it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np
import polars as pl

from descend.data.cells import as_text, is_missing, read_booleans, read_cells, read_texts
from descend.data.columns import Column, infer_columns
from descend.data.fields import check_flag, check_specs, check_text, check_words
from descend.data.inference import infer_column
from descend.data.table import Table
from descend.errors import ColumnError, DataError, SpecError
from descend.spec import Spec, check_spec

__all__ = ["LongTable", "STEPS", "fit_long_table", "looks_long"]

STEPS = "steps"
"""The column of sequences."""

MOST_VALUES = 16
"""Different values of a category that become channels of their own."""

_UNEVEN = 0.01
"""Shares of the usual gap by which gaps may differ and still be even."""


@dataclass(frozen=True)
class LongTable(Spec):
    """How the rows of a group become one row.

    Parameters
    ----------
    group : str
    time : Column
        Of kind date or number; orders the rows of a group.
    numbers : tuple of Column
        Channels that are numbers, or yes or no.
    categories : tuple of Column
        Columns each of whose values is a channel: 1 where it is, else 0.
    values : tuple of tuple of str
        Those values, one tuple a category.
    static : tuple of str
        Columns that are the same in all rows of a group, the targets among them.
    gaps : bool
        Whether the time since the step before is a channel, because steps are not even.
    """

    group: str
    time: Column
    numbers: tuple[Column, ...]
    categories: tuple[Column, ...]
    values: tuple[tuple[str, ...], ...]
    static: tuple[str, ...]
    gaps: bool

    def __post_init__(self) -> None:
        check_text(self, "group")
        check_spec(self, "time", Column)
        check_specs(self, "numbers", Column)
        check_specs(self, "categories", Column)
        check_words(self, "static")
        check_flag(self, "gaps")
        if not isinstance(self.values, tuple) or len(self.values) != len(self.categories):
            raise SpecError("LongTable: values must be one tuple for each category")
        for words in self.values:
            if not isinstance(words, tuple) or not all(isinstance(w, str) for w in words):
                raise SpecError("LongTable: the values of a category must be texts")

    @property
    def channels(self) -> tuple[str, ...]:
        """The name of each channel."""
        pairs = zip(self.categories, self.values, strict=True)
        named = [f"{column.name}={word}" for column, words in pairs for word in words]
        since = [f"{self.time.name} since the step before"] if self.gaps else []
        return (*(column.name for column in self.numbers), *named, *since)

    def is_gathered(self, table: Table) -> bool:
        """Return whether the rows of a table are gathered already."""
        return STEPS in table.frame.columns and self.time.name not in table.frame.columns

    def gathered(self, table: Table) -> Table:
        """Return a table with a row for each group, in the order in which they first occur.

        Raises
        ------
        ColumnError
            Where a column is missing, a time or a group is empty; names the row.
        """
        frame = table.frame
        needed = [self.group, *(c.name for c in (self.time, *self.numbers, *self.categories))]
        for name in needed:
            if name not in frame.columns:
                raise ColumnError(
                    f'a column "{name}" is needed for the steps of each {self.group}, and '
                    f"{table.source} has none. Columns: {', '.join(frame.columns[:30])}"
                )
        order, starts, times, tied = _ordered(frame, self.group, self.time)
        channels = [_numbers(frame[column.name], column) for column in self.numbers]
        for column, words in zip(self.categories, self.values, strict=True):
            texts = read_texts(frame[column.name], column)
            channels += [texts.eq(word).cast(pl.Float64) for word in words]
        columns = [_cells(channel.to_numpy()[order]) for channel in channels]
        if self.gaps:
            since = np.diff(times, prepend=times[0])
            since[starts] = 0.0
            columns.append(_cells(since / (1e6 if self.time.kind == "date" else 1.0)))
        bounds = [*starts.tolist(), len(order)]
        sequences = [
            ":".join(",".join(column[first:last]) for column in columns)
            for first, last in pairwise(bounds)
        ]
        rows = np.minimum.reduceat(order, starts)
        place = np.argsort(rows, kind="stable")
        first_rows = rows[place]
        kept = [self.group, *(name for name in self.static if name in frame.columns)]
        made = pl.DataFrame([frame[name].gather(first_rows) for name in kept]).with_columns(
            pl.Series(STEPS, [sequences[i] for i in place])
        )
        notes = (
            f"{len(frame):,} rows are the steps of {len(rows):,} sequences, one a {self.group}, in "
            f"order of {self.time.name}: {', '.join(self.channels[:8])}"
            + (" ..." if len(self.channels) > 8 else ""),
        )
        if self.gaps:
            notes += ("steps are not even, so the time since the step before is a channel",)
        if tied:
            notes += (f"{tied:,} rows of the same time as the one before: kept in their order",)
        kinds = {k: v for k, v in table.kinds.items() if k in made.columns}
        return replace(
            table, frame=made, notes=(*table.notes, *notes), lines=None,
            kinds={**kinds, STEPS: "series", self.group: "identifier"},
        )  # fmt: skip


def looks_long(table: Table, group: str | None, time: str | None, targets: Sequence[str]) -> bool:
    """Return whether each group is one example: it has several rows, all of one target.

    Examples
    --------
    >>> frame = pl.DataFrame({"who": list("aabb"), "day": [1, 2, 1, 2], "ill": list("ynyy")})
    >>> looks_long(Table(frame, "visits"), "who", "day", ["ill"])
    False
    """
    frame = table.frame
    names = [name for name in (group, time, *targets) if name is not None]
    if group is None or time is None or not targets or not set(names) <= set(frame.columns):
        return False
    counts = frame.group_by(group).agg(
        pl.len(), *(pl.col(name).n_unique().alias(f"t{i}") for i, name in enumerate(targets))
    )
    alone = all(bool((counts[f"t{i}"] == 1).all()) for i in range(len(targets)))
    return alone and len(counts) > 1 and len(frame) >= 2 * len(counts)


def fit_long_table(
    table: Table,
    *,
    group: str,
    time: str,
    targets: Sequence[str],
    drop: Sequence[str] = (),
    kinds: Mapping[str, str] | None = None,
) -> LongTable:
    """Find out what the columns of a long table become.

    Raises
    ------
    DataError
        Where nothing changes within the groups.
    ColumnError
        Where the times are neither dates nor numbers.
    """
    frame = table.frame
    infer_columns(frame.head(1), targets=targets, group=group, time=time, drop=drop,
                  source=table.source)  # fmt: skip
    when = infer_column(frame[time], decimal=table.decimal, identifiers=False)
    if when.kind not in ("date", "number"):
        raise ColumnError(f'time "{time}" must hold dates or numbers: {when.note}')
    given = dict(table.kinds) | dict(kinds or {})
    others = [n for n in frame.columns if n not in (group, time, *targets, *drop)]
    spread = frame.group_by(group).agg(pl.col(n).n_unique() for n in others)
    numbers, categories, values, static = [], [], [], []
    for name in others:
        if bool((spread[name] == 1).all()):
            static.append(name)
            continue
        column = infer_column(
            frame[name], decimal=table.decimal, kind=given.get(name), identifiers=False
        )
        if column.kind in ("number", "boolean"):
            numbers.append(column)
        elif column.kind == "category":
            words = read_texts(frame[name], column).drop_nulls().unique().sort().to_list()
            if len(words) <= MOST_VALUES:
                categories.append(column)
                values.append(tuple(words))
    if not numbers and not categories:
        raise DataError(
            f"no number or category changes within a {group}, so there is no sequence to learn "
            "from. --no-sequences takes every row as an example of its own"
        )
    _, starts, times, _ = _ordered(frame, group, when)
    steps = np.delete(np.diff(times), starts[1:] - 1)
    usual = float(np.median(steps)) if len(steps) else 0.0
    uneven = bool((np.abs(steps - usual) > _UNEVEN * abs(usual)).any())
    return LongTable(
        group, when, tuple(numbers), tuple(categories), tuple(values), (*static, *targets), uneven
    )


def _ordered(
    frame: pl.DataFrame, group: str, time: Column
) -> tuple[np.ndarray, np.ndarray, np.ndarray, int]:
    """Return the rows group by group in order of time, where groups start, times, and ties."""
    names = read_texts(frame[group], Column(group, "category"))
    cells = read_cells(frame[time.name], time)
    for name, role, missing in ((group, "group", names), (time.name, "time", cells)):
        if missing.is_null().any():
            row = int(missing.is_null().arg_max() or 0)
            raise ColumnError(f'{role} "{name}", row {row + 1:,} is empty: each step needs one')
    codes = names.rank("dense").to_numpy()
    moments = (cells.cast(pl.Int64) if time.kind == "date" else cells).cast(pl.Float64).to_numpy()
    order = np.lexsort((moments, codes))
    codes, moments = codes[order], moments[order]
    starts = np.flatnonzero(np.append(True, codes[1:] != codes[:-1]))
    same = (np.diff(moments) == 0) & (codes[1:] == codes[:-1])
    return order, starts, moments, int(same.sum())


def _numbers(series: pl.Series, column: Column) -> pl.Series:
    """Return the numbers of a channel; yes is 1 and no is 0."""
    if column.kind == "boolean":
        texts = as_text(series)
        values, _ = read_booleans(texts.set(is_missing(texts), None), column)
        return values.cast(pl.Float64)
    return read_cells(series, column)


def _cells(values: np.ndarray) -> list[str]:
    """Return numbers as a sequence writes them."""
    return ["?" if value != value else repr(value) for value in values.astype(float).tolist()]
