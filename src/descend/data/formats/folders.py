"""Folders of pictures or sounds as tables: a column ``path``, and a column ``class``.

A folder in which each sub-folder holds the files of one class; or folders ``train``, ``val`` (or
``valid``, ``validation``) and ``test`` of such folders, which then split the rows; or a folder of
files only, to be predicted.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path

import polars as pl

from descend.data.columns import listed
from descend.data.media.paths import media_kind
from descend.data.media.pictures import PICTURE_SUFFIXES
from descend.data.media.sounds import SOUND_SUFFIXES
from descend.data.table import Table
from descend.errors import TableError

__all__ = ["read_folder", "read_media_file"]

_PARTS = {"train": "train", "training": "train", "test": "test", "testing": "test"}
_PARTS |= {"val": "validation", "valid": "validation", "validation": "validation"}


def read_media_file(path: Path) -> Table:
    """Return the table of one picture or sound: one row, a column ``path``."""
    kind = media_kind(path.name)
    frame = pl.DataFrame({"path": [path.name]})
    return Table(frame, path.name, kinds={"path": kind or "image"}, base=path.parent)


def read_folder(path: Path) -> Table:
    """Read a folder of pictures or sounds.

    Files are taken in the order of their names, hidden ones left out; sub-folders of a class's
    folder belong to that class.

    Returns
    -------
    Table
        Columns ``path``, relative to the folder; ``class``, where there are folders of classes;
        ``split``, where there are folders ``train`` and ``test`` or ``val``.

    Raises
    ------
    TableError
        If the folder cannot be read, holds no picture and no sound, holds both, or files lie beside
        the folders of classes.
    """
    try:
        folders, files = _entries(path)
    except OSError as error:
        raise TableError(f"{path} cannot be read: {error.strerror}") from None
    parts = {name: _PARTS[name.lower()] for name in folders if name.lower() in _PARTS}
    split = "train" in parts.values() and len(set(parts.values())) > 1
    rows: list[tuple[str, str, str]] = []
    if split:
        others = [name for name in folders if name not in parts]
        if others:
            raise TableError(
                f"{path} has the folders {listed(list(parts))} and also {listed(others)}: keep all "
                "rows in the first ones, or all classes side by side"
            )
        for name, part in parts.items():
            own, _ = _entries(path / name)
            rows += [(*row, part) for row in _classes(path, name, own)]
    else:
        rows = [(*row, "") for row in _classes(path, "", folders)]
    loose = [name for name in files if media_kind(name)]
    if rows and loose:
        raise TableError(
            f"{path} has folders of classes and also {len(loose):,} files beside them, such as "
            f"{loose[0]}: move each into the folder of its class"
        )
    rows = rows or [(name, "", "") for name in loose]
    return _table(path, rows, folders, files)


def _entries(path: Path) -> tuple[list[str], list[str]]:
    """Return the names of the folders and of the files in a folder, hidden ones left out."""
    folders, files = [], []
    with os.scandir(path) as entries:
        for entry in sorted(entries, key=lambda entry: entry.name):
            if entry.name.startswith(".") or entry.name == "__MACOSX":
                continue
            (folders if entry.is_dir() else files).append(entry.name)
    return folders, files


def _classes(path: Path, part: str, folders: Sequence[str]) -> Iterator[tuple[str, str]]:
    """Yield (path relative to the folder, class) of every file in the folders of classes."""
    for name in folders:
        for where, inner, files in os.walk(path / part / name):
            inner[:] = sorted(n for n in inner if not n.startswith("."))
            relative = os.path.relpath(where, path)
            yield from (
                (os.path.join(relative, file), name)
                for file in sorted(files)
                if media_kind(file) and not file.startswith(".")
            )


def _table(
    path: Path, rows: list[tuple[str, str, str]], folders: Sequence[str], files: Sequence[str]
) -> Table:
    kinds = Counter(media_kind(row[0]) for row in rows)
    if not rows:
        inside = f" Folders in it: {listed(list(folders))}." if folders else ""
        if files:
            inside += f" Files in it: {listed(list(files), 5)}; a table has to be named itself."
        raise TableError(
            f"{path} holds no picture ({', '.join(sorted(PICTURE_SUFFIXES))}), no sound "
            f"({', '.join(sorted(SOUND_SUFFIXES))}) and not texts alone (.txt).{inside}"
        )
    if len(kinds) > 1:
        raise TableError(
            f"{path} holds {kinds['image']:,} pictures and {kinds['sound']:,} sounds: a network "
            "learns from one kind; put them into folders of their own"
        )
    paths, classes, parts = (list(column) for column in zip(*rows, strict=True))
    columns, roles = {"path": paths}, {"path": str(next(iter(kinds)))}
    target = None
    if any(classes):
        columns["class"], target = classes, "class"
    if any(parts):
        columns["split"], roles["split"] = parts, "split"
    empty = [name for name in folders if not any(parts) and any(classes) and name not in classes]
    notes = [f"folders that hold none, left out: {listed(empty)}"] if empty else []
    if any(parts):
        counts = Counter(parts)
        notes.append("split by folders: " + ", ".join(f"{n} {c:,}" for n, c in counts.items()))
    return Table(
        pl.DataFrame(columns),
        str(path),
        tuple(notes),
        target=target,
        kinds=roles,
        base=path.resolve(),
    )
