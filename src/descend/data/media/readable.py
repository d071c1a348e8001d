"""Files that cannot be read: named, left out and counted before anything is learned from them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np
import polars as pl

from descend.data.columns import Column, listed
from descend.data.media.contents import content_digest, in_threads
from descend.data.media.paths import located
from descend.data.media.pictures import PictureError, check_picture
from descend.data.media.sounds import SoundError, check_sound
from descend.data.table import Table
from descend.errors import DataError

__all__ = ["MOST_UNREADABLE", "readable_table"]

MOST_UNREADABLE = 0.05
"""Share of the files of a column; of more, the folder as a whole is doubted."""

_CHECKS: dict[str, Callable[[bytes], None]] = {"image": check_picture, "sound": check_sound}

_sound: set[tuple[str, bytes]] = set()
"""Contents that were found sound, by kind, so that a file is checked once a process."""


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
    frame = located(table.frame, columns, table.base)
    keep = np.ones(len(frame), bool)
    notes: list[str] = []
    for column in columns:
        if column.kind not in _CHECKS or frame.schema.get(column.name) != pl.String:
            continue
        paths = frame[column.name].to_list()
        reasons = in_threads(lambda path, c=column.kind: _reason(path, c), paths)
        bad = [(path, why) for path, why in zip(paths, reasons, strict=True) if why]
        if not bad:
            continue
        shown = [f"{path}: {why}" for path, why in bad]
        files = "1 file" if len(bad) == 1 else f"{len(bad):,} files"
        if len(bad) > MOST_UNREADABLE * len(paths):
            raise DataError(
                f'column "{column.name}": {files} of {len(paths):,} cannot be read:\n  '
                + "\n  ".join(shown[:20])
                + (f"\n  and {len(shown) - 20:,} more" if len(shown) > 20 else "")
            )
        notes.append(f"{files} cannot be read, left out: {listed(shown, 5)}")
        keep &= np.array([not why for why in reasons])
    if keep.all():
        return table, ()
    return replace(table, frame=table.frame.filter(pl.Series(keep)), lines=None), tuple(notes)


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
