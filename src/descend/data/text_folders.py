"""Reading folders of texts: a file for each class, or a folder for each class."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import polars as pl

from descend.data.form import Form, Wanted
from descend.data.formats.encodings import open_text
from descend.data.formats.sources import open_source
from descend.data.table import Table
from descend.errors import TableError

__all__ = ["is_text_folder", "read_text_folder"]

_PARTS = {"train": "train", "training": "train", "test": "test"}
_PARTS |= {"val": "validation", "valid": "validation", "validation": "validation"}


def _visible(folder: Path) -> list[Path]:
    return sorted(entry for entry in folder.iterdir() if not entry.name.startswith("."))


def _texts(entry: Path) -> list[Path]:
    if entry.is_file():
        return [entry]
    return [p for p in sorted(entry.rglob("*.txt")) if not p.name.startswith(".")]


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


def read_text_folder(path: Path, wanted: Wanted | None = None) -> Table:
    """Read a folder of texts as a table with columns ``text`` and ``class``.

    ``spam.txt`` beside ``ham.txt``: each line is a text of the class that the file is named after.
    ``spam/`` beside ``ham/``: each file in them, also in folders in them, is one text. With folders
    ``train`` and ``test`` (or ``validation``) around them, a column ``split`` says which is which.

    Parameters
    ----------
    path : Path
    wanted : Wanted, optional
        What a model needs: then lines or files are texts as they were in its training, wherever
        they lie, and where no file or folder is named after a class, a column ``file`` stands in
        the place of ``class``.

    Raises
    ------
    TableError
        Without ``wanted``, where files and folders lie side by side, or there is only one class.
    """
    entries = _visible(path)
    parts = {p: _PARTS[p.name.lower()] for p in entries if p.is_dir() and p.name.lower() in _PARTS}
    if "train" in parts.values() and len(set(parts.values())) > 1 and len(parts) == len(entries):
        groups = parts
    else:
        groups = {path: ""}
    known = None if wanted is None or wanted.form is None else wanted.form.texts
    rows: list[tuple[str, str, str, str]] = []
    unit = "file"
    for folder, part in groups.items():
        unit = known or _unit(folder, loose=wanted is not None)
        for text, label, file in _rows(folder, unit):
            rows.append((text, label, str(file.relative_to(path)), part))
    texts, classes, files, splits = (list(column) for column in zip(*rows, strict=True))
    if wanted is None and len(set(classes)) < 2:
        raise TableError(
            f"{path} has texts of one class only, {classes[0]}: put each class into a file or a "
            "folder of its own, named after it"
        )
    told = wanted is None or not set(classes).isdisjoint(wanted.classes)
    name = "text" if wanted is None or wanted.text is None else wanted.text
    columns, kinds = {"class": classes} if told else {"file": files}, {name: "text"}
    if any(splits):
        columns["split"], kinds["split"] = splits, "split"
    columns = {name: texts} | {key: cells for key, cells in columns.items() if key != name}
    frame = pl.DataFrame(columns, schema=dict.fromkeys(columns, pl.String))
    return Table(
        frame, str(path), ("folder of texts",), target="class" if told else None, kinds=kinds,
        form=Form(texts=unit),
    )  # fmt: skip


def _unit(folder: Path, *, loose: bool = False) -> str:
    """Return what one text is in a folder: a line of its files, or a file of its folders."""
    entries = _visible(folder)
    files = [entry for entry in entries if entry.is_file()]
    if files and len(files) != len(entries) and not loose:
        raise TableError(
            f"{folder} holds folders of classes and also files beside them, such as "
            f"{files[0].name}: move each into the folder of its class"
        )
    return "line" if files else "file"


def _rows(folder: Path, unit: str) -> Iterator[tuple[str, str, Path]]:
    """Yield (text, class, file) of every text in a folder."""
    for entry in _visible(folder):
        for file in _texts(entry):
            content = _content(file)
            lines = [line.strip() for line in content.splitlines()]
            for text in filter(None, lines) if unit == "line" else [content]:
                yield text, entry.name if entry.is_dir() else entry.stem, file


def _content(file: Path) -> str:
    """Return the text of a file; an empty one is an empty text."""
    if not file.stat().st_size:
        return ""
    return b"".join(open_text(open_source(file), None).parts()).decode()
