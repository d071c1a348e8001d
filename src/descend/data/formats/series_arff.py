"""Sequences in ARFF files of the UCR and UEA archives: a number a step, or a relational attribute.

With one channel every step is a numeric attribute and the class is the last one; such a file is a
table like any other, and is read as sequences where it is named ``_TRAIN`` or ``_TEST``. With
several channels the sequence is one relational attribute, a quoted cell with a line a channel.
"""

from __future__ import annotations

import re
from pathlib import Path

from descend.data.formats.arff import arff_header, arff_lines, arff_values
from descend.data.formats.encodings import TextFile
from descend.errors import TableError

__all__ = ["arff_sequences", "is_series_arff"]

_RELATIONAL = re.compile(rb"@attribute\s+\S+\s+relational\b", re.IGNORECASE)
_HEAD = 1 << 16


def is_series_arff(path: Path) -> bool:
    """Return whether an ARFF file holds sequences."""
    try:
        with path.open("rb") as file:
            head = file.read(_HEAD)
    except OSError:
        return False
    if _RELATIONAL.search(head):
        return True
    if not path.stem.upper().endswith(("_TRAIN", "_TEST")):
        return False
    try:
        attributes = arff_header((head, b"\n@data\n"), path.name)
    except (TableError, UnicodeDecodeError):
        return False
    return len(attributes) > 2 and all(one.kind == "number" for one in attributes[:-1])


def arff_sequences(text: TextFile) -> tuple[list[str], list[str], str]:
    """Read the sequences of an ARFF file.

    Returns
    -------
    cells, targets : list of str
        Sequences as ``.ts`` files write them; steps missing at the end of all channels are no
        steps.
    kind : {"class", "value"}
        What the targets are.

    Raises
    ------
    TableError
        For a row without a class, and channels of different lengths; names the line.
    """
    cells: list[str] = []
    targets: list[str] = []
    relational = started = False
    kind, width = "class", 0
    for line, row in arff_lines(text.parts()):
        if not started:
            word = row.lower()
            relational |= _RELATIONAL.match(row.encode()) is not None
            started = word.startswith("@data")
            if word.startswith("@attribute"):
                kind = "class" if row.rstrip().endswith("}") else "value"
                width += 1
            continue
        values = arff_values(row, text.name, line)
        if len(values) != (2 if relational else width):
            expected = "a sequence and its class" if relational else f"{width} values"
            raise TableError(f"{text.name}, line {line}: expected {expected}, got {len(values)}")
        *steps, target = values
        channels = [[word or "?" for word in steps]]
        if relational:
            channels = [
                [word.strip() or "?" for word in channel.split(",")]
                for channel in (steps[0] or "").split("\n")
                if channel.strip()
            ]
        cells.append(_cell(channels, text.name, line))
        targets.append("" if target is None else target)
    return cells, targets, kind


def _cell(channels: list[list[str]], source: str, line: int) -> str:
    """Return a sequence as one cell, without the steps that only fill it up."""
    lengths = {len(channel) for channel in channels}
    if len(lengths) > 1:
        raise TableError(
            f"{source}, line {line}: the channels have {', '.join(map(str, sorted(lengths)))} "
            "steps; they must have as many"
        )
    stop = max(lengths, default=0)
    while stop and all(channel[stop - 1] in ("?", "NaN", "nan") for channel in channels):
        stop -= 1
    return ":".join(",".join(channel[:stop]) for channel in channels)
