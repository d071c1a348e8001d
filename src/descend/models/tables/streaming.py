"""From a table larger than memory to examples: passes over the file, and encoded rows on disk.

Pass 1 draws a sample of rows, evenly spread over the file, that shows what the columns are. Pass 2
finds the rows whose files can be read, and collects what the split needs of them: fingerprints,
targets, and the columns that steer training. Then the preprocessing is fitted on those rows of the
sample that are in the training part, and pass 3 encodes every row once, into temporary files that
training reads from. A table of at most `SAMPLE` rows is its own sample, and gives the same
examples, to the bit, as in memory.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import jax
import numpy as np
import polars as pl

from descend.data.cells import typed_frame
from descend.data.checks import check_examples
from descend.data.columns import Column
from descend.data.fingerprints import data_digest, fingerprint, row_hashes
from descend.data.formats.blocks import Block, compacted
from descend.data.media.paths import located
from descend.data.media.readable import Readability
from descend.data.preprocessing import Inputs, Preprocessing, fit_preprocessing
from descend.data.reading import stream_table
from descend.data.rows import RowsWriter
from descend.data.table import Table
from descend.data.targets import fit_target, infer_target, labelled_rows
from descend.errors import DataError, TableError, UsageError
from descend.models.options import Options
from descend.models.plan import Plan
from descend.models.tables.examples import (
    FEWEST,
    PARTS,
    Asked,
    TableExamples,
    split_of,
    too_few,
)

__all__ = ["LARGE_PARQUET", "LARGE_TEXT", "is_large", "stream_examples"]

SAMPLE = 250_000
"""Rows at most that statistics are computed from."""

BLOCK = 32_768
"""Rows that are in memory as text at a time."""

LARGE_TEXT, LARGE_PARQUET = 1_000_000_000, 200_000_000
"""Bytes from which on a file is streamed unless asked otherwise."""

ROLES = ("target", "weight", "group", "time", "split")
"""Kinds of the columns that are kept in memory for all rows."""


def is_large(source: Any) -> bool:
    """Return whether a table is a file so large that it is better streamed."""
    if not isinstance(source, str | os.PathLike) or not Path(source).is_file():
        return False
    limit = LARGE_PARQUET if Path(source).suffix in (".parquet", ".gz") else LARGE_TEXT
    return Path(source).stat().st_size >= limit


def stream_examples(
    source: Any, options: Options, plan: Plan | None, **reading: Any
) -> TableExamples:
    """Read a table part by part and prepare it; `TableExamples.read` is for those that fit.

    Raises
    ------
    DataError
        Also if the file changes between the passes or while one goes on.
    UsageError
        If the source is not a file.
    """
    if not isinstance(source, str | os.PathLike) or source == "-":
        what = "standard input" if isinstance(source, str) else type(source).__name__
        raise UsageError(
            f"streaming reads a table several times, so it needs a file, not {what}: save it "
            "first, or leave out --stream"
        )
    file = _Unchanging(source, reading)
    sample, positions, start = _sample(file)
    decimal = start.decimal
    asked = Asked.of(start, sample, options, plan)
    columns, names = asked.columns, asked.names
    kept = [column for column in columns if column.kind in ROLES]
    readability = Readability(columns)
    readable, hashes, known = _collected(file, readability, columns, kept, decimal)
    unreadable, rows = readability.notes(), len(readable)
    if rows < FEWEST:
        raise too_few(start.source, rows, "")
    found = [
        infer_target(known, name, task, decimal=decimal, source=start.source)
        for name, task in zip(names, asked.tasks, strict=True)
    ]
    labelled = labelled_rows(known, found)
    if len(labelled) < FEWEST:
        raise too_few(start.source, len(labelled), " with a known target")
    if len(labelled) < rows:
        hashes, known = hashes[labelled], known[labelled]
    split = split_of(known, columns, found, hashes, asked)
    labelled = readable[labelled]  # rows of the file from here on
    sample, places = _labelled_sample(sample, positions, labelled, columns, start)
    where = np.full(len(labelled), -1, np.int32)
    where[places] = np.arange(len(places))
    train = where[split.train]
    preprocessing = fit_preprocessing(sample, columns, scale=asked.scale, rows=train[train >= 0])
    findings = check_examples(sample, columns, found, hashes=hashes[places])
    whole = len(places) == len(labelled)
    notes = (*start.notes, *unreadable)
    if not whole:
        notes += (f"statistics of the inputs from {len(places):,} rows spread over the file",)
    return TableExamples(
        source=start.source,
        notes=notes,
        shape=(rows, start.frame.width),
        unlabelled=rows - len(labelled),
        columns=columns,
        found=tuple(found),
        targets=tuple(fit_target(target, known, split.train) for target in found),
        split=split,
        findings=findings,
        preprocessing=preprocessing,
        fingerprints=fingerprint(hashes[split.train]),
        digest=data_digest(hashes),
        inputs=_encoded(file, columns, preprocessing, labelled, split),
        known=known.select([c.name for c in columns if c.kind in ("target", "weight")]),
        form=start.form,
    )


class _Unchanging:
    """A file that is read several times, and must be the same each time."""

    def __init__(self, source: Any, reading: dict[str, Any]) -> None:
        self.source, self.reading = source, reading
        self.rows = -1
        self.mark = self._mark()

    def _mark(self) -> tuple[int, ...]:
        try:
            facts = os.stat(self.source)
        except OSError as error:
            raise DataError(f"{self.source} cannot be read: {error.strerror}") from None
        return facts.st_size, facts.st_mtime_ns, facts.st_ino

    def parts(self) -> Iterator[tuple[int, Table]]:
        """Yield (number of the first row, part) over the whole file."""
        first, parts = 0, stream_table(self.source, rows=BLOCK, **self.reading)
        while True:
            try:
                part = next(parts, None)
            except TableError as error:
                if self._mark() == self.mark:
                    raise
                raise self._changed() from error
            if self._mark() != self.mark:
                raise self._changed()
            if part is None:
                break
            yield first, part
            first += part.frame.height
        if self.rows not in (-1, first):
            raise self._changed()
        self.rows = first

    def _changed(self) -> DataError:
        return DataError(
            f"{self.source} changed while it was being read, so that rows could be mixed up: train "
            "again when nothing writes to it, or on a copy"
        )


def _sample(file: _Unchanging) -> tuple[pl.DataFrame, np.ndarray, Table]:
    """Return every k-th row (the least k that `SAMPLE` allows), their numbers, and a first part."""
    step, start = 1, None
    held: list[tuple[np.ndarray, pl.DataFrame]] = []
    count = 0
    for first, part in file.parts():
        start = part if start is None else start
        rows = np.arange(first, first + part.frame.height)
        chosen = rows[rows % step == 0]
        held.append((chosen, part.frame[chosen - first]))
        count += len(chosen)
        while count > SAMPLE:
            step *= 2
            held = [(r[r % step == 0], f.filter(pl.Series(r % step == 0))) for r, f in held]
            count = sum(len(r) for r, _ in held)
    if start is None:
        raise DataError(f"{file.source} has no rows")
    frame = _compact([f for _, f in held], start.decimal)
    return frame, np.concatenate([r for r, _ in held]), start


def _compact(frames: Sequence[pl.DataFrame], decimal: str) -> pl.DataFrame:
    """Put parts together as `read_table` does: with numbers where all cells are numbers."""
    return compacted(lambda: iter([Block(frame) for frame in frames]), decimal).frame


def _collected(
    file: _Unchanging,
    readability: Readability,
    columns: Sequence[Column],
    kept: Sequence[Column],
    decimal: str,
) -> tuple[np.ndarray, np.ndarray, pl.DataFrame]:
    """Return the rows that can be read, the fingerprint of each, and what is needed of each."""
    rows, hashes, frames = [], [], []
    names = [column.name for column in kept]
    for first, part in file.parts():
        keep = readability.rows(part)
        rows.append(first + np.flatnonzero(keep))
        read = part.frame.filter(pl.Series(keep))
        frame = located(read, columns, part.base)
        hashes.append(row_hashes(typed_frame(frame, columns), columns))
        frames.append(read.select(names))
    found = np.concatenate(rows), np.concatenate(hashes)
    return *found, typed_frame(_compact(frames, decimal), kept)


def _labelled_sample(
    sample: pl.DataFrame,
    positions: np.ndarray,
    labelled: np.ndarray,
    columns: Sequence[Column],
    start: Table,
) -> tuple[pl.DataFrame, np.ndarray]:
    """Return the rows of the sample with known targets, and their places among all such rows."""
    places = np.searchsorted(labelled, positions)
    there = places < len(labelled)
    there[there] = labelled[places[there]] == positions[there]
    frame = typed_frame(located(sample, columns, start.base), columns)
    return frame.filter(pl.Series(there)), places[there]


def _encoded(
    file: _Unchanging,
    columns: Sequence[Column],
    preprocessing: Preprocessing,
    labelled: np.ndarray,
    split: Any,
) -> dict[str, Inputs]:
    """Encode every row of each part into a file of its own."""
    part_of = np.full(file.rows, -1, np.int8)
    for i, name in enumerate(PARTS):
        rows = getattr(split, name)
        if len(rows) > 1 and not (np.diff(rows) > 0).all():
            raise DataError("the rows of a part are not in the order of the file")
        part_of[labelled[rows]] = i
    writers: dict[str, Any] = {}
    for first, part in file.parts():
        frame = typed_frame(located(part.frame, columns, part.base), columns)
        where = part_of[first : first + frame.height]
        for i, name in enumerate(PARTS):
            rows = np.flatnonzero(where == i)
            if len(rows) or name not in writers:
                inputs = preprocessing.transform(frame, rows, first_row=first)[0]
                _append(writers, name, jax.tree.map(np.asarray, inputs))
    found = {name: jax.tree.map(lambda w: w.rows(), tree) for name, tree in writers.items()}
    for writer in jax.tree.leaves(writers):
        writer.close()
    return found


def _append(writers: dict[str, Any], name: str, inputs: Any) -> None:
    if name not in writers:
        writers[name] = jax.tree.map(lambda a: RowsWriter(a.dtype, a.shape[1:]), inputs)
    jax.tree.map(lambda writer, a: writer.append(a), writers[name], inputs)
