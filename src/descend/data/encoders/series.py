"""Sequences of numbers into what networks read: values and length."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from descend.data.columns import Column
from descend.data.encoders.array_encoder import ArrayEncoder
from descend.data.notes import Tally
from descend.errors import ColumnError, SpecError
from descend.spec import check_integer, check_spec

if TYPE_CHECKING:
    import polars as pl

__all__ = ["MOST_STEPS", "SeriesEncoder", "fit_series", "read_series"]

MOST_STEPS = 4096
"""Steps of a sequence that a network reads at most."""


@dataclass(frozen=True)
class SeriesEncoder(ArrayEncoder):
    """A fitted column of sequences.

    The input is a dict: ``values`` (steps, channels), standardised, 0 beyond the end; ``length``.
    Numbers missing inside a sequence lie on the line between their neighbours.

    Parameters
    ----------
    column : Column
    steps : int
        Of the longest training sequence; what is longer is cut there.
    means, deviations : tuple of float
        Of each channel, over all steps of all training sequences.
    dilations : tuple of int
        Distances at which a window of nine steps still fits.
    spreads : tuple of float
        For each, the standard deviation inside such windows, averaged over the training sequences,
        in units of the channels' own.
    """

    column: Column
    steps: int
    means: tuple[float, ...]
    deviations: tuple[float, ...]
    dilations: tuple[int, ...]
    spreads: tuple[float, ...]

    def __post_init__(self) -> None:
        check_spec(self, "column", Column)
        check_integer(self, "steps", at_least=1, at_most=MOST_STEPS)
        for name in ("means", "deviations", "spreads"):
            values = getattr(self, name)
            if not isinstance(values, tuple) or not all(
                type(v) is float and np.isfinite(v) for v in values
            ):
                raise SpecError(f"SeriesEncoder: {name} must be finite numbers, got {values!r}")
        if len(self.means) != len(self.deviations) or not self.means:
            raise SpecError("SeriesEncoder: means and deviations must be one each a channel")
        if not isinstance(self.dilations, tuple) or len(self.dilations) != len(self.spreads):
            raise SpecError("SeriesEncoder: spreads must be one for each dilation")

    @property
    def channels(self) -> int:
        """Numbers at each step."""
        return len(self.means)

    @property
    def input_shape(self) -> dict[str, Any]:
        """Values and length."""
        return {"values": (self.steps, self.channels), "length": ()}

    def arrays(self, series: pl.Series, first_row: int = 0) -> tuple[Any, Tally]:
        """Return values and lengths; a missing cell is a sequence of length 0."""
        values = np.zeros((len(series), self.steps, self.channels), np.float32)
        length = np.zeros(len(series), np.int32)
        gaps = cut = 0
        for row, read in enumerate(read_series(series, self.column, first_row)):
            if read.shape[1] != self.channels and read.size:
                raise ColumnError(
                    f'column "{self.column.name}", row {first_row + row + 1:,}: {read.shape[1]} '
                    f"channels, but the model learned from {self.channels}"
                )
            filled, missing = _filled(read)
            gaps += missing
            cut += len(filled) > self.steps
            stop = min(len(filled), self.steps)
            if stop:
                scaled = (filled[:stop] - self.means) / self.deviations
                values[row, :stop] = np.clip(scaled, -1e6, 1e6)
            length[row] = stop
        return {"values": values, "length": length}, Tally(missing=gaps, outside=cut)

    def describe(self) -> str:
        """Return what the sequences become."""
        channels = "1 channel" if self.channels == 1 else f"{self.channels} channels"
        return (
            f"{self.column.name}: sequences of up to {self.steps} steps, {channels}, standardised"
        )

    @property
    def fill_note(self) -> str:
        """What stands in for a missing number."""
        return "filled on the line between their neighbours"

    @property
    def range_note(self) -> tuple[str, str]:
        """The lengths that the model can read."""
        return "0 steps", f"{self.steps:,} steps, where longer sequences are cut"


def read_series(series: pl.Series, column: Column, first_row: int = 0) -> list[np.ndarray]:
    """Return each cell as float64 (steps, channels), not a number where it is missing.

    Raises
    ------
    ColumnError
        Where a cell is no sequence, or its channels differ in length; names the row.
    """
    read = []
    for row, cell in enumerate(series.to_list()):
        where = f'column "{column.name}", row {first_row + row + 1:,}'
        if cell is None or cell == "":
            read.append(np.empty((0, 1)))
            continue
        if not isinstance(cell, str):
            cell = ",".join("?" if v is None else str(v) for v in np.atleast_1d(cell).tolist())
        channels = []
        for text in cell.split(":"):
            words = text.split(",") if text.strip() else []
            try:
                channels.append([_number(word) for word in words])
            except ValueError as error:
                raise ColumnError(f"{where}: {error} is not a number") from None
        if len({len(channel) for channel in channels}) > 1:
            raise ColumnError(
                f"{where}: its channels have {', '.join(str(len(c)) for c in channels)} steps; "
                "they must have as many"
            )
        array = np.array(channels, float).T
        if np.isinf(array).any():
            raise ColumnError(f"{where}: a number is infinite, and a network needs finite numbers")
        read.append(array)
    return read


def _number(word: str) -> float:
    word = word.strip()
    if word in ("?", "", "NaN", "nan", "NA"):
        return float("nan")
    try:
        return float(word)
    except ValueError:
        raise ValueError(f'"{word[:40]}"') from None


def _filled(sequence: np.ndarray) -> tuple[np.ndarray, int]:
    """Return a sequence with its gaps on lines between neighbours, and how many there were."""
    gaps = np.isnan(sequence)
    count = int(gaps.sum())
    if not count:
        return sequence, 0
    filled = sequence.copy()
    steps = np.arange(len(sequence))
    for channel in range(sequence.shape[1]):
        gap = gaps[:, channel]
        if gap.all():
            filled[:, channel] = 0.0
        elif gap.any():
            filled[gap, channel] = np.interp(steps[gap], steps[~gap], sequence[~gap, channel])
    return filled, count


def fit_series(series: pl.Series, column: Column) -> SeriesEncoder:
    """Fit the encoder of a column of sequences on its training cells.

    Raises
    ------
    ColumnError
        Where no sequence has two steps, or the numbers of channels differ.
    """
    read = [s for s in read_series(series, column) if len(s)]
    longest = max((len(s) for s in read), default=0)
    if longest < 2:
        raise ColumnError(
            f'column "{column.name}": no sequence has two steps, so there is nothing to learn from'
        )
    widths = {s.shape[1] for s in read}
    if len(widths) > 1:
        raise ColumnError(
            f'column "{column.name}": sequences have {", ".join(map(str, sorted(widths)))} '
            "channels; they must have as many"
        )
    filled = [_filled(s)[0][:MOST_STEPS] for s in read]
    together = np.concatenate(filled)
    means, deviations = together.mean(0), together.std(0)
    deviations = np.where(deviations > 1e-12 * (1 + abs(means)), deviations, 1.0)
    scaled = [(s - means) / deviations for s in filled]
    usual = int(np.median([len(s) for s in scaled]))
    dilations = [1]
    while dilations[-1] * 2 * 8 < usual and len(dilations) < 8:
        dilations.append(dilations[-1] * 2)
    spreads = [_spread(scaled, dilation) for dilation in dilations]
    return SeriesEncoder(
        column,
        min(longest, MOST_STEPS),
        tuple(means.tolist()),
        tuple(deviations.tolist()),
        tuple(dilations),
        tuple(spreads),
    )


def _spread(sequences: list[np.ndarray], dilation: int) -> float:
    """Return the standard deviation inside windows of nine steps at a distance."""
    variances = []
    for sequence in sequences:
        reach = min(8 * dilation, len(sequence) - 1)
        windows = np.lib.stride_tricks.sliding_window_view(sequence, reach + 1, axis=0)
        variances.append(windows[..., ::dilation].var(-1).mean())
    return max(float(np.sqrt(np.mean(variances))), 1e-3)
