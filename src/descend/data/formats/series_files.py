"""Reading files of sequences: ``.ts``, ``.tsv``, ``.arff`` of the UCR and UEA archives, ``.npz``.

Each gives a table with a column ``series``, one sequence a cell, written as ``.ts`` files write it:
numbers with commas between steps, colons between channels, ``?`` for what is missing. With it comes
the column ``class`` (or ``value``, where the targets are numbers), where the file has one.
"""

from __future__ import annotations

import zipfile
from pathlib import Path

import numpy as np
import polars as pl

from descend.data.formats.array_files import named_arrays
from descend.data.formats.encodings import open_text
from descend.data.formats.series_arff import arff_sequences, is_series_arff
from descend.data.formats.sources import open_source
from descend.data.table import Table
from descend.errors import TableError, did_you_mean

__all__ = ["is_series_file", "read_series_file", "series_cells"]

_FIELDS = (
    "problemname", "timestamps", "missing", "univariate", "dimensions", "dimension", "equallength",
    "serieslength", "classlabel", "targetlabel",
)  # fmt: skip


def is_series_file(path: Path) -> bool:
    """Return whether a path is read here.

    ``.ts``; a ``.tsv`` or ``.arff`` of the UCR archive, named so; an ``.arff`` with a relational
    attribute; an ``.npz`` with an array ``length``.
    """
    suffix = path.suffix.lower()
    if not path.is_file():
        return False
    if suffix == ".npz" and zipfile.is_zipfile(path):
        with zipfile.ZipFile(path) as file:
            return "length.npy" in file.namelist()
    if suffix == ".arff":
        return is_series_arff(path)
    ucr = suffix == ".tsv" and path.stem.upper().endswith(("_TRAIN", "_TEST"))
    return suffix == ".ts" or ucr


def read_series_file(path: Path) -> Table:
    """Read a file of sequences.

    Raises
    ------
    TableError
        Where the file is damaged or is none of these formats; names the line.
    """
    suffix = path.suffix.lower()
    if suffix == ".npz":
        return _npz(path)
    text = open_text(open_source(path), None)
    if suffix == ".arff":
        cells, targets, kind = arff_sequences(text)
        return _table(cells, targets, path.name, "format ARFF, of sequences", kind)
    lines = b"".join(text.parts()).decode().splitlines()
    return _ts(lines, path.name) if suffix == ".ts" else _tsv(lines, path.name)


def _table(cells: list[str], targets: list[str] | None, name: str, note: str, kind: str) -> Table:
    if not cells:
        raise TableError(f"{name} has no sequences")
    columns = {"series": cells} | ({kind: targets} if targets is not None else {})
    frame = pl.DataFrame(columns, schema=dict.fromkeys(columns, pl.String))
    target = None if targets is None else kind
    return Table(frame, name, (note,), target=target, kinds={"series": "series"})


def _ts(lines: list[str], name: str) -> Table:
    head: dict[str, list[str]] = {}
    start = 0
    for start, line in enumerate(lines, 1):
        words = line.strip().split()
        if not words or words[0].startswith("#"):
            continue
        key = words[0].lower().lstrip("@")
        if not words[0].startswith("@"):
            raise TableError(f"{name}, line {start}: a line of data stands before @data")
        if key == "data":
            break
        if key not in _FIELDS:
            raise TableError(
                f"{name}, line {start}: @{key} is not known in .ts files."
                f"{did_you_mean(key, _FIELDS)}"
            )
        head[key] = words[1:]
    else:
        raise TableError(f"{name} is no .ts file: it has no line @data")
    if head.get("timestamps", ["false"])[0].lower() == "true":
        raise TableError(
            f"{name} has a time for every number (@timeStamps true), and sequences are read at "
            "equal steps: put the numbers at equal steps first, and write @timeStamps false"
        )
    kind = "value" if _says(head, "targetlabel") else "class"
    labelled = _says(head, "classlabel") or _says(head, "targetlabel")
    cells, targets, channels = [], [], None
    for number, line in enumerate(lines[start:], start + 1):
        if not line.strip():
            continue
        parts = line.strip().split(":")
        if labelled and len(parts) < 2:
            raise TableError(f"{name}, line {number}: no {kind} after the last colon")
        if labelled:
            targets.append(parts.pop().strip())
        if channels not in (None, len(parts)):
            raise TableError(
                f"{name}, line {number} has {len(parts)} channels; the lines before have {channels}"
            )
        channels = len(parts)
        cells.append(":".join(parts))
    return _table(cells, targets if labelled else None, name, "format .ts", kind)


def _says(head: dict[str, list[str]], key: str) -> bool:
    return head.get(key, ["false"])[0].lower() == "true"


def _tsv(lines: list[str], name: str) -> Table:
    cells, targets = [], []
    for number, line in enumerate(lines, 1):
        first, tab, rest = line.strip().partition("\t")
        if line.strip() and not tab:
            raise TableError(f"{name}, line {number}: no numbers after the class")
        if line.strip():
            targets.append(first)
            # Shorter sequences are filled up at their ends.
            numbers = rest.split("\t")
            while numbers and numbers[-1].lower() in ("nan", "?", ""):
                numbers.pop()
            cells.append(",".join(numbers))
    return _table(cells, targets, name, "format UCR .tsv: the class, then the series", "class")


def _npz(path: Path) -> Table:
    arrays = named_arrays(path)
    x = arrays.get("x", arrays.get("X"))
    if x is None or x.ndim not in (2, 3) or not np.issubdtype(x.dtype, np.number):
        raise TableError(
            f"{path.name} needs an array x of numbers, (sequences, steps) or (sequences, steps, "
            f"channels); it has {', '.join(arrays) or 'nothing'}"
        )
    length = arrays.get("length")
    y = arrays.get("y", arrays.get("Y"))
    for key, array in (("length", length), ("y", y)):
        if array is not None and array.shape != (len(x),):
            raise TableError(
                f"{path.name}: {key} must have one entry for each of {len(x)} sequences"
            )
    if length is not None:
        _check_lengths(length, x.shape[1], path.name)
    numbers = y is not None and np.issubdtype(y.dtype, np.floating)
    targets = None if y is None else [str(value) for value in y.tolist()]
    cells = series_cells(x, length)
    return _table(cells, targets, path.name, "format .npz", "value" if numbers else "class")


def _check_lengths(length: np.ndarray, steps: int, name: str) -> None:
    """Refuse lengths that are no whole numbers of the steps that there are."""
    whole = length.dtype.kind in "iuf"
    wrong = ~((length >= 0) & (length <= steps) & (length % 1 == 0)) if whole else [True]
    if np.any(wrong):
        row = int(np.argmax(wrong))
        raise TableError(
            f"{name}: length says how many steps each sequence has, a whole number from 0 to "
            f"{steps:,}, as x has {steps:,} steps, but in row {row + 1:,} it is {length[row]}"
        )


def series_cells(x: np.ndarray, length: np.ndarray | None = None) -> list[str]:
    """Return an array (sequences, steps) or (sequences, steps, channels) as cells.

    Examples
    --------
    >>> series_cells(np.array([[1.0, np.nan, 2.5]]))
    ['1.0,?,2.5']
    """
    x = x[..., None] if x.ndim == 2 else x
    cells = []
    for row, sequence in enumerate(x):
        stop = len(sequence) if length is None else int(length[row])
        cells.append(
            ":".join(
                ",".join("?" if value != value else repr(value) for value in channel)
                for channel in sequence[:stop].T.tolist()
            )
        )
    return cells
