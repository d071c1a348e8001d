"""The fitted turning of a table's columns into the arrays that a network reads.

Everything is fitted on training rows only, is a spec of plain values, and goes into the model file;
prediction then does exactly what training did. A table is turned in pieces of `PIECE` rows, written
straight into the result, so that memory stays near the size of the result.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
import polars as pl

from descend.data.cells import as_text, is_missing
from descend.data.columns import Column, input_columns, listed
from descend.data.encoders.array_encoder import ArrayEncoder
from descend.data.encoders.category import BooleanEncoder, CategoryEncoder
from descend.data.encoders.date import DateEncoder
from descend.data.encoders.fitting import ENCODERS, Encoder, MatrixEncoder, embedded, fit_encoder
from descend.data.encoders.number import SCALES, NumberEncoder
from descend.data.fields import check_specs
from descend.data.notes import Notes, Tally
from descend.errors import ColumnError, UsageError, did_you_mean
from descend.spec import Spec, SpecError, check_choice, check_integer

__all__ = ["Inputs", "MOST_INPUTS", "PIECE", "Preprocessing", "fit_preprocessing"]

PIECE = 65_536
"""How many rows are turned at a time."""

MOST_INPUTS = 10_000_000
"""No model has more inputs: a file that says so is damaged or hostile."""

Inputs: TypeAlias = np.ndarray | dict[str, Any]
"""One matrix of numbers, or a dict of arrays; see `Preprocessing.transform`."""

_SCALED = {
    "standard": "standardised",
    "minmax": "scaled to 0 to 1",
    "robust": "scaled by median and quartiles",
    "none": "as they are",
}


@dataclass(frozen=True)
class Preprocessing(Spec):
    """Fitted columns, ready to turn tables into arrays. Made by `fit_preprocessing`.

    Parameters
    ----------
    columns : tuple of Column
        Every column of the training table, inputs or not.
    encoders : tuple of encoder specs
        One for each input column, in the order of the table.
    scale : {"standard", "minmax", "robust", "none"}
        How numbers are scaled.
    gap_rows : int
        How many training rows had a gap in a number or date.

    Examples
    --------
    >>> import polars as pl
    >>> from descend.data.columns import infer_columns
    >>> frame = pl.DataFrame({"mass": ["1", "3"] * 2, "sex": ["f", "m"] * 2})
    >>> fitted = fit_preprocessing(frame, infer_columns(frame))
    >>> fitted.feature_names
    ('mass', 'sex=f', 'sex=m')
    >>> inputs, notes = fitted.transform(frame.head(1))
    >>> inputs
    array([[-1.,  1.,  0.]], dtype=float32)
    """

    columns: tuple[Column, ...]
    encoders: tuple[Encoder, ...]
    scale: str = "standard"
    gap_rows: int = 0

    def __post_init__(self) -> None:
        check_specs(self, "columns", Column)
        check_specs(self, "encoders", ENCODERS)
        check_choice(self, "scale", SCALES)
        check_integer(self, "gap_rows", at_least=0)
        names = [column.name for column in self.columns]
        if len(set(names)) != len(names):
            raise SpecError("Preprocessing: two columns have one name")
        known = {column.name: column for column in self.columns}
        for encoder in self.encoders:
            if known.get(encoder.column.name) != encoder.column:
                raise SpecError(
                    f"Preprocessing: the encoder of {encoder.column.name!r} does not belong to "
                    "one of the columns"
                )
        if len({encoder.column.name for encoder in self.encoders}) != len(self.encoders):
            raise SpecError("Preprocessing: two encoders for one column")
        if self._width + len(self._embedded) > MOST_INPUTS:
            raise SpecError(f"Preprocessing: more than {MOST_INPUTS:,} inputs")

    @property
    def _embedded(self) -> tuple[CategoryEncoder, ...]:
        return tuple(
            encoder
            for encoder in self.encoders
            if isinstance(encoder, CategoryEncoder) and embedded(encoder)
        )

    @property
    def array_encoders(self) -> tuple[ArrayEncoder, ...]:
        """The encoders of the columns that are inputs of their own: pictures, texts, series."""
        return tuple(e for e in self.encoders if isinstance(e, ArrayEncoder))

    @property
    def _matrix(self) -> tuple[MatrixEncoder, ...]:
        """The encoders that write into the matrix of numbers, or give codes."""
        return tuple(e for e in self.encoders if not isinstance(e, ArrayEncoder))

    @property
    def number_places(self) -> tuple[int, ...]:
        """Where the numbers stand among the columns of the matrix.

        Flags of gaps, parts of dates, yes-or-no and one-hot columns are left out.
        """
        starts = np.cumsum([0, *(encoder.width for encoder in self._matrix)])
        pairs = zip(starts, self._matrix, strict=False)
        return tuple(int(start) for start, e in pairs if isinstance(e, NumberEncoder))

    @property
    def _width(self) -> int:
        return sum(encoder.width for encoder in self._matrix)

    @property
    def input_names(self) -> tuple[str, ...]:
        """The columns that a table must have."""
        return tuple(encoder.column.name for encoder in self.encoders)

    @property
    def input_shape(self) -> Any:
        """The shape of one row of inputs: a tuple, or a dict of them as `transform` returns."""
        own = self.array_encoders
        if not self._embedded and not own:
            return (self._width,)
        shape: dict[str, Any] = {}
        if self._width or self._embedded:
            shape["numbers"] = (self._width,)
        if self._embedded:
            shape["codes"] = (len(self._embedded),)
        return shape | {encoder.input_name: encoder.input_shape for encoder in own}

    @property
    def embedding_sizes(self) -> tuple[int, ...]:
        """The number of codes of each embedded column, code 0 included."""
        return tuple(encoder.cardinality for encoder in self._embedded)

    @property
    def embedding_names(self) -> tuple[str, ...]:
        """The name of each embedded column."""
        return tuple(encoder.column.name for encoder in self._embedded)

    @property
    def feature_names(self) -> tuple[str, ...]:
        """The name of each column of the matrix of numbers."""
        return tuple(name for encoder in self._matrix for name in encoder.feature_names)

    @property
    def feature_sources(self) -> tuple[str, ...]:
        """The column of the table from which each column of the matrix comes."""
        return tuple(encoder.column.name for encoder in self._matrix for _ in encoder.feature_names)

    def transform(
        self, frame: pl.DataFrame, rows: np.ndarray | None = None, *, first_row: int = 0
    ) -> tuple[Inputs, Notes]:
        """Turn a table into the inputs of a network.

        Parameters
        ----------
        frame : polars.DataFrame
            Any order of columns; more columns than needed are ignored with a note.
        rows : integer array, optional
            Only these rows, in this order.
        first_row : int
            The number of the first row in a longer table, from 0; for messages.

        Returns
        -------
        inputs : float32 array of shape (rows, width), or dict
            Where columns are embedded or inputs of their own, a dict of ``numbers``, float32 of
            shape (rows, width), ``codes``, int32 of shape (rows, embedded columns), and what each
            of `array_encoders` makes of its column, by its ``input_name``; only what there is.
        notes : Notes
            Gaps filled, values never learned, values beyond the training range, columns ignored.

        Raises
        ------
        ColumnError
            Where a column is missing, or a cell is not what its column was in training.
        """
        self._check_names(frame.columns)
        count = len(frame) if rows is None else len(rows)
        numbers = np.empty((count, self._width), np.float32)
        codes = np.empty((count, len(self._embedded)), np.int32)
        tallies: dict[str, Tally] = {}

        def cells(encoder: Encoder, start: int, stop: int) -> pl.Series:
            series = frame[encoder.column.name]
            if rows is None:
                return series.slice(start, stop - start)
            return series.gather(rows[start:stop])

        def met_in(encoder: Encoder, tally: Tally) -> None:
            name = encoder.column.name
            if tally != Tally():
                tallies[name] = tallies[name].combined(tally) if name in tallies else tally

        for start in range(0, count, PIECE):
            stop = min(start + PIECE, count)
            place = code_place = 0
            for encoder in self._matrix:
                series = cells(encoder, start, stop)
                if isinstance(encoder, CategoryEncoder) and embedded(encoder):
                    codes[start:stop, code_place], tally = encoder.codes(series)
                    code_place += 1
                else:
                    part = numbers[start:stop, place : place + encoder.width]
                    tally = encoder.encode(series, part, first_row + start)
                    place += encoder.width
                met_in(encoder, tally)
        own: dict[str, Any] = {}
        for encoder in self.array_encoders:
            own[encoder.input_name], tally = encoder.arrays(cells(encoder, 0, count), first_row)
            met_in(encoder, tally)
        met = [encoder for encoder in self.encoders if encoder.column.name in tallies]
        known = {column.name for column in self.columns}
        notes = Notes(
            count,
            {encoder.column.name: tallies[encoder.column.name] for encoder in met},
            {encoder.column.name: encoder.fill_note for encoder in met},
            {encoder.column.name: encoder.range_note for encoder in met},
            tuple(name for name in frame.columns if name not in known),
        )
        shape = self.input_shape
        if isinstance(shape, tuple):
            return numbers, notes
        inputs = {"numbers": numbers, "codes": codes} | own
        return {name: inputs[name] for name in shape}, notes

    def describe(self) -> tuple[str, ...]:
        """Return lines for the report: what each input column becomes."""
        lines = []
        numbers = [e for e in self.encoders if isinstance(e, NumberEncoder)]
        dates = [e for e in self.encoders if isinstance(e, DateEncoder)]
        if numbers:
            flagged = any(encoder.flag for encoder in numbers)
            gaps = f" ({_rows(self.gap_rows)} with gaps: filled and flagged)" if flagged else ""
            count = "1 number" if len(numbers) == 1 else f"{len(numbers)} numbers"
            lines.append(f"{count}, {_SCALED[self.scale]}{gaps}")
        booleans = [e for e in self.encoders if isinstance(e, BooleanEncoder)]
        if booleans:
            gaps = _gaps(booleans, "flagged")
            lines.append(f"{_names(booleans)}: yes or no, as 1 or -1{gaps}")
        categories = [e for e in self.encoders if isinstance(e, CategoryEncoder)]
        onehot = [e for e in categories if e.style == "onehot" and e.width]
        if onehot:
            word = "category" if len(onehot) == 1 else "categories"
            gaps = _gaps(onehot, "a value of their own")
            lines.append(f"{_names(onehot)}: {word}, one-hot{gaps}")
        for encoder in self._embedded:
            rare = ", rare values together" if encoder.other else ""
            gaps = _gaps([encoder], "a value of their own")
            values = f"{len(encoder.values):,} values{rare}"
            lines.append(f"{encoder.column.name}: category, {values}, learned embedding{gaps}")
        lines += [encoder.describe() for encoder in self.array_encoders]
        for encoder in dates:
            parts = ", ".join(encoder.parts) or "nothing varies"
            lines.append(f"{encoder.column.name}: date, into {parts}{_gaps([encoder], 'flagged')}")
        empty = [e for e in categories if e.style == "onehot" and not e.width]
        lines += [
            f"{encoder.column.name}: category, no value occurs twice: nothing to learn from"
            for encoder in empty
        ]
        return tuple(lines)

    def _check_names(self, names: Sequence[str]) -> None:
        """Refuse a table that lacks a column."""
        present = set(names)
        lacking = [name for name in self.input_names if name not in present]
        if not lacking:
            return
        spare = [name for name in names if name not in set(self.input_names)]
        if len(lacking) == 1:
            what = f'a column "{lacking[0]}" is needed, and the table has none.'
        else:
            what = f"{len(lacking)} needed columns are not in the table: {listed(lacking)}."
        hint = did_you_mean(lacking[0], spare)
        raise ColumnError(f"{what}{hint} Columns: {listed(list(names))}")


def fit_preprocessing(
    frame: pl.DataFrame,
    columns: Sequence[Column],
    *,
    scale: str = "standard",
    rows: np.ndarray | None = None,
    onehot_limit: int = 16,
) -> Preprocessing:
    """Fit the preprocessing of a table on its training rows.

    Parameters
    ----------
    frame : polars.DataFrame
    columns : sequence of Column
        What `descend.data.columns.infer_columns` returned.
    scale : {"standard", "minmax", "robust", "none"}
        How numbers are scaled. ``standard``: mean 0 and population standard deviation 1.
        ``minmax``: 0 to 1. ``robust``: median 0 and quartile range 1.
    rows : integer array, optional
        The training rows; all by default.
    onehot_limit : int
        Categories with more values than this are embedded.

    Returns
    -------
    Preprocessing

    Raises
    ------
    ColumnError
        For cells of another kind than their column, and tables with nothing to learn from.
    UsageError
        For an unknown scale.
    """
    if scale not in SCALES:
        raise UsageError(
            f'scale cannot be "{scale}".{did_you_mean(scale, SCALES)} One of: {", ".join(SCALES)}'
        )
    chosen = input_columns(columns)
    if not chosen:
        kinds = ", ".join(f"{column.name} ({column.kind})" for column in columns)
        raise ColumnError(f"no column is left to learn from: {kinds or 'the table has no column'}")
    encoders = []
    gap_rows: np.ndarray | None = None
    for column in chosen:
        series = frame[column.name]
        if rows is not None:
            series = series.gather(rows)
        encoder = fit_encoder(series, column, scale, onehot_limit)
        encoders.append(encoder)
        if isinstance(encoder, NumberEncoder | DateEncoder) and encoder.gaps:
            gaps = _gap_rows(series, encoder)
            gap_rows = gaps if gap_rows is None else gap_rows | gaps
    if not any(
        isinstance(encoder, ArrayEncoder) or encoder.width or embedded(encoder)
        for encoder in encoders
    ):
        raise ColumnError(
            "no column is left to learn from: in the training rows nothing varies, or no value "
            f"occurs twice, in {listed([column.name for column in chosen])}"
        )
    return Preprocessing(
        tuple(columns), tuple(encoders), scale, 0 if gap_rows is None else int(gap_rows.sum())
    )


def _gap_rows(series: pl.Series, encoder: NumberEncoder | DateEncoder) -> np.ndarray:
    return is_missing(as_text(series), encoder.column.missing).to_numpy()


def _names(encoders: Sequence[Encoder]) -> str:
    return listed([encoder.column.name for encoder in encoders], 12)


def _gaps(encoders: Sequence[MatrixEncoder], how: str) -> str:
    count = sum(encoder.gaps for encoder in encoders)
    return f" ({count:,} missing: {how})" if count else ""


def _rows(count: int) -> str:
    return "1 row" if count == 1 else f"{count:,} rows"
