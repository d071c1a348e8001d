"""Columns of sounds into network inputs: samples of one rate, decoded once."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl

from descend.data.columns import Column
from descend.data.encoders.array_encoder import ArrayEncoder
from descend.data.media.contents import content_digest, in_threads
from descend.data.media.decoded import DecodedStore, GatheredRows
from descend.data.media.sounds import SoundError, SoundSize, decode_sound, sound_size
from descend.data.notes import Tally
from descend.errors import ColumnError, SpecError
from descend.spec import check_integer

__all__ = ["SoundEncoder", "fit_sound"]

HIGHEST_RATE = 16_000
"""Sounds of a higher rate are resampled to this one: speech and most noises are in it."""

MOST_SECONDS = 10
"""Of a longer sound the middle is taken."""


@dataclass(frozen=True)
class SoundEncoder(ArrayEncoder):
    """A fitted column of sounds: paths of files.

    The input is ``{"values": int16 (rows, samples), "length": int32 (rows,)}``.

    Parameters
    ----------
    column : Column
    rate : int
        Samples a second.
    samples : int
        Of the longest sound that is taken whole.
    longest : float
        Seconds of the longest training sound, for the report.
    """

    column: Column
    rate: int
    samples: int
    longest: float = 0.0

    def __post_init__(self) -> None:
        if not isinstance(self.column, Column):
            raise SpecError(f"SoundEncoder: column must be a column, got {self.column!r}")
        check_integer(self, "rate", at_least=100, at_most=1_000_000)
        check_integer(self, "samples", at_least=1, at_most=100_000_000)

    @property
    def input_shape(self) -> dict[str, tuple[int, ...]]:
        """Samples, and one length."""
        return {"values": (self.samples,), "length": ()}

    def arrays(self, series: pl.Series, first_row: int = 0) -> tuple[Any, Tally]:
        """Return the samples and lengths; missing sounds are silence."""
        if series.dtype != pl.String:
            raise ColumnError(
                f'column "{self.column.name}" must hold paths of sounds, got {series.dtype} values'
            )
        paths = series.to_list()

        def decode(place: int) -> np.ndarray:
            # The length goes with the samples into one row of the cache: 4 bytes at its end.
            row = np.zeros(self.samples + 2, np.int16)
            path, length = paths[place], 1
            if path is not None:
                try:
                    with open(path, "rb") as file:
                        row[:-2], length = decode_sound(file.read(), self.rate, self.samples)
                except (OSError, SoundError) as error:
                    reason = error.strerror if isinstance(error, OSError) else error
                    raise ColumnError(
                        f'column "{self.column.name}", row {first_row + place + 1}: {path} cannot '
                        f"be read: {reason}"
                    ) from None
            row[-2:] = np.array([length], np.int32).view(np.int16)
            return row

        store = DecodedStore(f"sound {self.rate} 1", np.int16, (self.samples + 2,))
        digests = in_threads(lambda path: content_digest(path or "silence"), paths)
        rows = GatheredRows(*store.rows(digests, decode))[:]
        length = np.ascontiguousarray(rows[:, -2:]).view(np.int32)[:, 0]
        inputs = {"values": np.ascontiguousarray(rows[:, :-2]), "length": length}
        return inputs, Tally(missing=series.null_count())

    def describe(self) -> str:
        """Return rate and length."""
        taken = self.samples / self.rate
        whole = f"the middle {taken:g} s" if self.longest > taken + 0.01 else f"up to {taken:.3g} s"
        return f"{self.column.name}: sounds, {whole}, {self.rate:,} samples a second"

    @property
    def fill_note(self) -> str:
        """What stands in for a missing sound."""
        return "silence"


def fit_sound(series: pl.Series, column: Column) -> SoundEncoder:
    """Choose rate and length by the training cells: the commonest rate, 99 of 100 sounds whole.

    Raises
    ------
    ColumnError
        If no file is a sound.
    """
    paths = [] if series.dtype != pl.String else series.drop_nulls().to_list()
    sizes = [size for size in in_threads(_size_of, paths) if size is not None]
    if not sizes:
        _why(paths, column)
    rate = min(HIGHEST_RATE, Counter(size.rate for size in sizes).most_common(1)[0][0])
    seconds = np.array([size.frames / size.rate for size in sizes])
    # A few sounds much longer than all others would make every batch as long as they are.
    longest, usual = float(seconds.max()), float(np.quantile(seconds, 0.99))
    samples = max(1, round(min(longest, 1.1 * usual, MOST_SECONDS) * rate))
    return SoundEncoder(column, rate, samples, round(longest, 3))


def _why(paths: list[str], column: Column) -> None:
    """Say why no file of a column is a sound."""
    if not paths:
        raise ColumnError(f'column "{column.name}" has no sound')
    try:
        sound_size(paths[0])
    except (OSError, SoundError) as error:
        raise ColumnError(f'column "{column.name}": {paths[0]}: {error}') from None
    raise ColumnError(f'column "{column.name}": none of {len(paths):,} files is a sound')


def _size_of(path: str) -> SoundSize | None:
    try:
        return sound_size(path)
    except (OSError, SoundError):
        return None
