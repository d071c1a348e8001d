"""From a table as it came to examples: columns, targets, split, and encoded parts."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl

from descend.data.cells import typed_frame
from descend.data.checks import Finding, check_examples
from descend.data.columns import Column, infer_columns, listed
from descend.data.fingerprints import data_digest, fingerprint, row_hashes
from descend.data.forecasting.forecast import Windows
from descend.data.form import Form
from descend.data.long_tables import LongTable
from descend.data.media.paths import located, path_kinds
from descend.data.media.readable import readable_table
from descend.data.preprocessing import Inputs, Preprocessing, fit_preprocessing
from descend.data.reading import read_table
from descend.data.roles import row_groups, row_parts, row_times, row_weights
from descend.data.splits import Split, split_rows
from descend.data.table import Table
from descend.data.targets import ClassTarget, Target, fit_target, infer_target, labelled_rows
from descend.data.wanted import wanted_by
from descend.errors import DataError, UsageError
from descend.losses import Loss
from descend.models.networks.branches import default_validation
from descend.models.options import Options
from descend.models.outputs import class_weighted, encoded, target_losses, unscaled
from descend.models.plan import Plan
from descend.models.series.arranging import arranged
from descend.training import Examples

__all__ = ["Asked", "FEWEST", "MOST_LABELS", "PARTS", "TableExamples", "split_of", "too_few"]

PARTS = ("train", "validation", "test")

FEWEST = 4
"""Rows with a known target below which nothing can be set aside."""

MOST_LABELS = 100
"""Different labels of texts, at most, for their column to be taken as the target unasked."""


@dataclass(frozen=True, eq=False)
class TableExamples:
    """What a table holds for training, before any network is chosen.

    Attributes
    ----------
    source : str
    notes : tuple of str
        What was detected when reading.
    shape : (rows, columns)
        As read, without the rows whose files cannot be read.
    unlabelled : int
        Rows left out because a target is missing.
    columns : tuple of Column
    found : tuple of Target
        As all rows show them.
    targets : tuple of Target
        Fitted on the training rows.
    split : Split
    findings : tuple of Finding
    preprocessing : Preprocessing
        Fitted on the training rows.
    fingerprints : uint32 array
        Of the training rows.
    digest : str
    inputs : dict of str to Inputs
        The encoded rows of each part: "train", "validation" and "test".
    known : polars.DataFrame
        The columns of targets and weights, all rows with a known target.
    validation_share : float or None
        Of the rows that do not test; None is the usual share.
    windows : Windows or None
        The origins that the rows stand for, where a series is to be continued.
    sequences : LongTable or None
        How rows were gathered, where several were one example.
    form : Form or None
        How they were written, where that is known.
    """

    source: str
    notes: tuple[str, ...]
    shape: tuple[int, int]
    unlabelled: int
    columns: tuple[Column, ...]
    found: tuple[Target, ...]
    targets: tuple[Target, ...]
    split: Split
    findings: tuple[Finding, ...]
    preprocessing: Preprocessing
    fingerprints: np.ndarray
    digest: str
    inputs: dict[str, Inputs]
    known: pl.DataFrame
    validation_share: float | None = None
    windows: Windows | None = None
    sequences: LongTable | None = None
    form: Form | None = None

    @classmethod
    def read(
        cls, source: Any, options: Options, plan: Plan | None, **reading: Any
    ) -> TableExamples:
        """Read a table and prepare it, as asked for or as an earlier plan says.

        Raises
        ------
        TableError, ColumnError, TargetError, DataError
            If the table cannot be read, or cannot be learned from.
        """
        found_rows = arranged(source, options, plan, **reading)
        table, options, windows = found_rows.table, found_rows.options, found_rows.windows
        asked = Asked.of(table, table.frame, options, plan)
        columns, names = asked.columns, asked.names
        rows_found = len(table.frame)
        table, unreadable = readable_table(table, columns)
        count, width = found_rows.shape
        if found_rows.sequences is None:  # else a row of the table is several of the file
            count -= rows_found - len(table.frame)
        name_of_source = table.source
        notes = (*(table if windows is None else windows).notes, *unreadable)
        # From here on numbers and dates are typed, and the text they were read from is let go.
        frame = typed_frame(located(table.frame, columns, table.base), columns)
        decimal, form = table.decimal, table.form
        del table
        if len(frame) < FEWEST:
            raise too_few(name_of_source, len(frame), "")
        found = [
            infer_target(frame, name, task, decimal=decimal, source=name_of_source)
            for name, task in zip(names, asked.tasks, strict=True)
        ]
        rows = labelled_rows(frame, found)
        if len(rows) < FEWEST:
            raise too_few(name_of_source, len(rows), " with a known target")
        unlabelled = len(frame) - len(rows)
        if unlabelled:
            frame = frame[rows]
        hashes = row_hashes(frame, columns)
        split = split_of(frame, columns, found, hashes, asked)
        preprocessing = fit_preprocessing(frame, columns, scale=asked.scale, rows=split.train)
        kept = [column.name for column in columns if column.kind in ("target", "weight")]
        return cls(
            source=name_of_source,
            notes=notes,
            shape=(count, width),
            unlabelled=unlabelled,
            columns=columns,
            found=tuple(found),
            targets=tuple(fit_target(target, frame, split.train) for target in found),
            split=split,
            findings=check_examples(frame, columns, found, hashes=hashes),
            preprocessing=preprocessing,
            fingerprints=fingerprint(hashes[split.train]),
            digest=data_digest(hashes),
            inputs={
                part: preprocessing.transform(frame, getattr(split, part))[0] for part in PARTS
            },
            known=frame.select(kept),
            validation_share=asked.held,
            windows=windows,
            sequences=found_rows.sequences,
            form=form,
        )

    def part(self, name: str, loss: Loss, class_weight: str | None) -> Examples:
        """Return the examples of "train", "validation" or "test"."""
        rows = getattr(self.split, name)
        return self._examples(self.inputs[name], self.known, rows, loss, class_weight)

    def part_of_file(
        self, path: Any, loss: Loss, class_weight: str | None, **reading: Any
    ) -> Examples:
        """Encode every labelled row of another file with the same columns."""
        wanted = wanted_by(self.preprocessing, self.targets, self.form, None, self.sequences)
        table = read_table(path, compact=True, wanted=wanted, **reading)
        table = table if self.sequences is None else self.sequences.gathered(table)
        table, _ = readable_table(table, self.columns)
        frame = located(table.frame, self.columns, table.base)
        rows = labelled_rows(frame, self.targets)
        if not len(rows):
            raise DataError(f"{path} has no row with every target known, so nothing to validate by")
        inputs, _ = self.preprocessing.transform(frame, rows)
        return self._examples(inputs, frame, rows, loss, class_weight)

    def _examples(
        self,
        inputs: Inputs,
        frame: pl.DataFrame,
        rows: np.ndarray,
        loss: Loss,
        class_weight: str | None,
    ) -> Examples:
        targets = self.scaled_targets(loss)
        y = encoded(targets, frame, rows)
        weights = _role(row_weights, frame, self.columns, "weight")
        weights = None if weights is None else weights[rows].astype(np.float32)
        return Examples(inputs, y, class_weighted(weights, class_weight, targets[0], y))

    def scaled_targets(self, loss: Loss) -> tuple[Target, ...]:
        """Return the targets in the scale that their losses read."""
        pairs = zip(self.targets, target_losses(loss), strict=True)
        return tuple(unscaled(target, one) for target, one in pairs)


@dataclass(frozen=True)
class Asked:
    """What was asked for, or what an earlier plan says.

    Attributes
    ----------
    columns : tuple of Column
    names : tuple of str
        Targets.
    tasks : sequence of str or None
    test, held : float, float or None
        Shares to test and to validate.
    seed : int
    scale : str
    """

    columns: tuple[Column, ...]
    names: tuple[str, ...]
    tasks: Sequence[str | None]
    test: float
    held: float | None
    seed: int
    scale: str

    @classmethod
    def of(cls, table: Table, frame: pl.DataFrame, options: Options, plan: Plan | None) -> Asked:
        """Return what to do with a table, whose columns these rows of it show."""
        if plan is not None:
            return cls(
                plan.columns, plan.targets, plan.tasks, plan.test_fraction,
                plan.validation_fraction, plan.descent.seed, plan.scale,
            )  # fmt: skip
        names = options.target
        if not names:
            suggested = table.target or _label_of_texts(frame)
            names = (suggested,) if suggested else ()
        columns, held = _columns(table, frame, options, names), options.validation_share
        classes = [table.kinds.get(name) == "category" for name in names]
        tasks = [options.task or ("classification" if one else None) for one in classes]
        return cls(
            columns, tuple(names), tasks, options.test_share,
            default_validation(columns) if held is None else held, options.seed,
            "none" if options.network == "realmlp" else options.scale,
        )  # fmt: skip


def split_of(
    frame: pl.DataFrame,
    columns: Sequence[Column],
    found: Sequence[Target],
    hashes: np.ndarray,
    asked: Asked,
) -> Split:
    """Return which labelled rows train, validate and test."""
    labels = found[0].encode(frame) if isinstance(found[0], ClassTarget) else None
    return split_rows(
        len(frame), test_fraction=asked.test, validation_fraction=asked.held, seed=asked.seed,
        labels=labels, groups=_role(lambda f, n, _: row_groups(f, n), frame, columns, "group"),
        times=_role(row_times, frame, columns, "time"), keys=hashes,
        parts=_role(lambda f, n, _: row_parts(f, n), frame, columns, "split"),
    )  # fmt: skip


def too_few(source: str, rows: int, which: str) -> DataError:
    return DataError(
        f"{source} has {rows} {'row' if rows == 1 else 'rows'}{which}; training needs at least "
        f"{FEWEST}, so that some can be set aside to test"
    )


def _label_of_texts(frame: pl.DataFrame) -> str | None:
    """Return the column of labels where a table is nothing but texts and their labels."""
    if frame.width != 2 or any(dtype.is_nested() for dtype in frame.dtypes):
        return None
    kinds = {column.name: column.kind for column in infer_columns(frame)}
    labels = [name for name, kind in kinds.items() if kind in ("boolean", "category")]
    if len(labels) != 1 or "text" not in kinds.values():
        return None
    return labels[0] if frame[labels[0]].n_unique() <= MOST_LABELS else None


def _columns(
    table: Table, frame: pl.DataFrame, options: Options, targets: Sequence[str]
) -> tuple[Column, ...]:
    if not targets:
        raise UsageError(
            "no target: name the column to predict with --target. Columns: "
            + listed(frame.columns, 50)
        )
    steering = (*targets, *options.drop, options.weight, options.group, options.time, options.split)
    known = path_kinds(frame, table.base) | dict(table.kinds)
    known = {name: kind for name, kind in known.items() if name not in steering}
    return infer_columns(
        frame, targets=targets, drop=options.drop, weight=options.weight,
        group=options.group, time=options.time, split=options.split, decimal=table.decimal,
        kinds=known | dict(options.kinds), source=table.source,
    )  # fmt: skip


def _role(
    read: Callable[[pl.DataFrame, str, str], np.ndarray],
    frame: pl.DataFrame,
    columns: Sequence[Column],
    kind: str,
) -> np.ndarray | None:
    """Read the column of a kind, if there is one."""
    for column in columns:
        if column.kind == kind:
            return read(frame, column.name, column.decimal)
    return None
