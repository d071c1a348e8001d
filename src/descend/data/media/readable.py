"""Files that cannot be read: named, left out and counted before anything is learned from them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np
import polars as pl

from descend.data.columns import Column
from descend.data.media.contents import content_digest, in_threads
from descend.data.media.paths import located
from descend.data.media.pictures import PictureError, check_picture
from descend.data.media.sounds import SoundError, check_sound
from descend.data.table import Table
from descend.errors import DataError

__all__ = ["MOST_UNREADABLE", "Readability", "readable_table"]

MOST_UNREADABLE = 0.05
"""Share of the files of a column; of more, the folder as a whole is doubted."""

_MOST_SHOWN = 20
"""Files that are named, at most."""

_CHECKS: dict[str, Callable[[bytes], None]] = {"image": check_picture, "sound": check_sound}

_sound: set[tuple[str, bytes]] = set()
"""Contents that were found sound, by kind, so that a file is checked once a process."""


class Readability:
    """Which rows of the parts of a table have pictures and sounds that can be read.

    Parameters
    ----------
    columns : sequence of Column
    """

    def __init__(self, columns: Sequence[Column]) -> None:
        self.columns = [column for column in columns if column.kind in _CHECKS]
        self._files = dict.fromkeys((column.name for column in self.columns), 0)
        self._bad = dict.fromkeys(self._files, 0)
        self._shown: dict[str, list[str]] = {name: [] for name in self._files}

    def rows(self, part: Table) -> np.ndarray:
        """Return for each row of the next part whether its files can be read."""
        frame = located(part.frame, self.columns, part.base)
        keep = np.ones(len(frame), bool)
        for column in self.columns:
            if frame.schema.get(column.name) != pl.String:
                continue
            name, paths = column.name, frame[column.name].to_list()
            reasons = in_threads(lambda path, c=column.kind: _reason(path, c), paths)
            bad = [f"{path}: {why}" for path, why in zip(paths, reasons, strict=True) if why]
            self._files[name] += len(paths)
            self._bad[name] += len(bad)
            self._shown[name] += bad[: _MOST_SHOWN - len(self._shown[name])]
            keep &= np.array([not why for why in reasons], bool)
        return keep

    def readable(self, part: Table) -> Table:
        """Return the next part without the rows whose files cannot be read."""
        keep = self.rows(part)
        if keep.all():
            return part
        return replace(part, frame=part.frame.filter(pl.Series(keep)), lines=None)

    def notes(self) -> tuple[str, ...]:
        """Return what to say of the parts so far.

        Raises
        ------
        DataError
            If more than `MOST_UNREADABLE` of the files of a column cannot be read; lists them.
        """
        notes = []
        for name, bad in self._bad.items():
            if not bad:
                continue
            shown, more = self._shown[name], bad - len(self._shown[name])
            files = "1 file" if bad == 1 else f"{bad:,} files"
            if bad > MOST_UNREADABLE * self._files[name]:
                raise DataError(
                    f'column "{name}": {files} of {self._files[name]:,} cannot be read:\n  '
                    + "\n  ".join(shown)
                    + (f"\n  and {more:,} more" if more else "")
                )
            told = ", ".join(shown[:5]) + (f" and {bad - 5:,} more" if bad > 5 else "")
            notes.append(f"{files} cannot be read, left out: {told}")
        return tuple(notes)


def readable_table(table: Table, columns: Sequence[Column]) -> tuple[Table, tuple[str, ...]]:
    """Return a table without the rows whose pictures or sounds cannot be read, and notes on them.

    Parameters
    ----------
    table : Table
    columns : sequence of Column

    Raises
    ------
    DataError
        If more than `MOST_UNREADABLE` of the files of a column cannot be read; lists them.
    """
    readability = Readability(columns)
    return readability.readable(table), readability.notes()


def _reason(path: str | None, kind: str) -> str:
    """Return why a file cannot be read; empty where it can."""
    if path is None:
        return ""
    try:
        with open(path, "rb") as file:
            content = file.read()
        key = (kind, content_digest(path))
        if key not in _sound:
            _CHECKS[kind](content)
            _sound.add(key)
    except OSError as error:
        return error.strerror or str(error)
    except (PictureError, SoundError, ValueError) as error:
        return str(error)
    return ""
