"""Reading folders of texts: a file for each class, or a folder for each class."""

from __future__ import annotations

from pathlib import Path

import polars as pl

from descend.data.formats.encodings import open_text
from descend.data.formats.sources import open_source
from descend.data.table import Table
from descend.errors import TableError

__all__ = ["is_text_folder", "read_text_folder"]

_PARTS = {"train": "train", "training": "train", "test": "test"}
_PARTS |= {"val": "validation", "valid": "validation", "validation": "validation"}


def _visible(folder: Path) -> list[Path]:
    return sorted(entry for entry in folder.iterdir() if not entry.name.startswith("."))


def _texts(folder: Path) -> list[Path]:
    return [p for p in sorted(folder.rglob("*.txt")) if not p.name.startswith(".")]


def is_text_folder(path: Path) -> bool:
    """Return whether a path is a folder that holds nothing but .txt files, itself or in folders."""
    if not path.is_dir():
        return False
    files = (p for p in path.rglob("*") if p.is_file() and not p.name.startswith("."))
    found = False
    for file in files:
        if file.suffix.lower() != ".txt":
            return False
        found = True
    return found


def read_text_folder(path: Path) -> Table:
    """Read a folder of texts as a table with columns ``text`` and ``class``.

    ``spam.txt`` beside ``ham.txt``: each line is a text of the class that the file is named after.
    ``spam/`` beside ``ham/``: each file in them, also in folders in them, is one text. With folders
    ``train`` and ``test`` (or ``validation``) around them, a column ``split`` says which is which.

    Raises
    ------
    TableError
        Where files and folders lie side by side, or there is only one class.
    """
    entries = _visible(path)
    parts = {p: _PARTS[p.name.lower()] for p in entries if p.is_dir() and p.name.lower() in _PARTS}
    rows: list[tuple[str, str, str]] = []
    if "train" in parts.values() and len(set(parts.values())) > 1 and len(parts) == len(entries):
        for folder, part in parts.items():
            rows += [(*row, part) for row in _rows(folder)]
    else:
        rows = [(*row, "") for row in _rows(path)]
    texts, classes, splits = (list(column) for column in zip(*rows, strict=True))
    if len(set(classes)) < 2:
        raise TableError(
            f"{path} has texts of one class only, {classes[0]}: put each class into a file or a "
            "folder of its own, named after it"
        )
    columns, kinds = {"text": texts, "class": classes}, {"text": "text"}
    if any(splits):
        columns["split"], kinds["split"] = splits, "split"
    frame = pl.DataFrame(columns, schema=dict.fromkeys(columns, pl.String))
    return Table(frame, str(path), ("folder of texts",), target="class", kinds=kinds)


def _rows(folder: Path) -> list[tuple[str, str]]:
    """Return (text, class) of every text in a folder."""
    entries = _visible(folder)
    files = [entry for entry in entries if entry.is_file()]
    if files and len(files) != len(entries):
        raise TableError(
            f"{folder} holds folders of classes and also files beside them, such as "
            f"{files[0].name}: move each into the folder of its class"
        )
    if files:
        return [
            (line.strip(), file.stem)
            for file in files
            for line in _content(file).splitlines()
            if line.strip()
        ]
    return [(_content(file), entry.name) for entry in entries for file in _texts(entry)]


def _content(file: Path) -> str:
    """Return the text of a file; an empty one is an empty text."""
    if not file.stat().st_size:
        return ""
    return b"".join(open_text(open_source(file), None).parts()).decode()
