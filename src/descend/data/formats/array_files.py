"""Files of arrays: idx (as MNIST comes), NumPy's .npz and .npy, as tables of pictures or numbers.

An idx or .npy file of pictures (rows, height, width) or (rows, height, width, channels) becomes a
column ``image``; labels beside it (``train-labels-idx1-ubyte.gz`` beside
``train-images-idx3-ubyte.gz``) become a column ``class``. A folder of such files is read whole,
what is called test or t10k as its test rows. An .npz file gives one column an array; arrays named
x_train, y_train, x_test, y_test or the like become parts of one table. Pickled objects in
NumPy's files are never opened.
"""

from __future__ import annotations

import gzip
import os
import re
import zipfile
import zlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from descend.data.table import Table
from descend.errors import TableError

__all__ = ["is_array_file", "is_idx_folder", "named_arrays", "read_arrays", "read_idx_folder"]

_IDX_NAME = re.compile(r"[-.](idx\d-ubyte|idx)$")
_IDX_TYPES = {8: "u1", 9: "i1", 11: ">i2", 12: ">i4", 13: ">f4", 14: ">f8"}
_INPUTS = {"x", "image", "images", "data", "inputs", "pictures"}
_TARGETS = {"y", "label", "labels", "class", "classes", "target", "targets"}
_PARTS = {"train": "train", "training": "train", "test": "test", "t10k": "test"}
_PARTS |= {"val": "validation", "valid": "validation", "validation": "validation"}
_MOST_BYTES = 8 << 30
_MAGIC = {".npy": b"\x93NUMPY", ".npz": (b"PK\x03\x04", b"PK\x05\x06")}


def is_array_file(path: Path) -> bool:
    """Return whether a file's name is one of this module's: ``.npy``, ``.npz``, ``-idx3-ubyte``."""
    name = _unpacked(path.name)
    return name.endswith((".npy", ".npz")) or bool(_IDX_NAME.search(name))


def is_idx_folder(path: Path) -> bool:
    """Return whether a folder holds idx files and nothing else, as MNIST comes."""
    if not path.is_dir() or not os.access(path, os.R_OK):
        return False
    names = [name for name in os.listdir(path) if not name.startswith(".")]
    return bool(names) and all(_IDX_NAME.search(_unpacked(name)) for name in names)


def read_idx_folder(path: Path) -> Table:
    """Read a folder of idx files: pictures and labels, in parts where the names say so.

    Raises
    ------
    TableError
        If a file is damaged, or they do not belong to one table.
    """
    files = sorted(file for file in path.iterdir() if not file.name.startswith("."))
    by_name = {_IDX_NAME.sub("", _unpacked(file.name)): file for file in files}
    arrays = {}
    for name, file in by_name.items():
        with _damage_told(file):
            arrays[name] = _idx_array(file)
    return _named_arrays(arrays, path)


def _unpacked(name: str) -> str:
    """Return the name of a file as it is before it is packed, in small letters."""
    return name.lower().removesuffix(".gz")


def read_arrays(path: Path) -> Table:
    """Read a file of arrays as a table.

    Raises
    ------
    TableError
        If it is damaged, holds pickled objects, or arrays that are no columns of one table.
    """
    name = _unpacked(path.name)
    if name.endswith(".npz"):
        return _named_arrays(named_arrays(path), path)
    with _damage_told(path):
        return _one_array(_loaded(path), path) if name.endswith(".npy") else _idx(path)


def named_arrays(path: Path) -> dict[str, np.ndarray]:
    """Return the arrays of an .npz file by their names.

    Raises
    ------
    TableError
        If it is damaged, no .npz file, or holds pickled objects.
    """
    with _damage_told(path), _loaded(path) as file:
        return {key: file[key] for key in file.files}


def _loaded(path: Path) -> Any:
    """Open an .npy or .npz file; NumPy takes whatever else it meets for a pickle."""
    kind = Path(_unpacked(path.name)).suffix
    with open(path, "rb") as file:
        head = file.read(6)
    if not head.startswith(_MAGIC[kind]):
        writer = "numpy.savez" if kind == ".npz" else "numpy.save"
        raise ValueError(f"it does not begin as {kind} files do, which {writer} writes")
    return np.load(path, allow_pickle=False)


@contextmanager
def _damage_told(path: Path) -> Iterator[None]:
    """Say in one line which file cannot be read as arrays, and why."""
    try:
        yield
    except (OSError, EOFError, zlib.error, zipfile.BadZipFile, ValueError, MemoryError) as error:
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        mend = "copy or download it again"
        if "pickle" in reason:  # NumPy's words advise to open them all the same
            reason = "it holds Python objects"
            mend = "pickled objects are never opened: save plain arrays of numbers or texts"
        raise TableError(f"{path.name} cannot be read as arrays ({reason}); {mend}") from None


def _idx(path: Path) -> Table:
    """Read an idx file, and the labels that belong to it."""
    pictures = _idx_array(path)
    if pictures.ndim < 2:
        raise TableError(
            f"{path.name} holds {pictures.ndim}-dimensional labels, no pictures; give the file of "
            "pictures, and labels beside it are found"
        )
    labels = path.with_name(re.sub("idx[34]", "idx1", path.name.replace("images", "labels")))
    columns: dict[str, Any] = {"image": pictures}
    notes: tuple[str, ...] = ()
    if labels != path and labels.is_file():
        columns["class"] = _idx_array(labels)
        notes = (f"labels from {labels.name}",)
    return _table(columns, path, notes)


def _idx_array(path: Path) -> np.ndarray:
    opened = gzip.open if path.suffix.lower() == ".gz" else open
    with opened(path, "rb") as file:
        head = file.read(4)
        if (
            len(head) < 4
            or head[:2] != b"\0\0"
            or head[2] not in _IDX_TYPES
            or not 1 <= head[3] <= 4
        ):
            raise TableError(f"{path.name} is no idx file: its first bytes are {head.hex(' ')}")
        dtype = np.dtype(_IDX_TYPES[head[2]])
        shape = tuple(int(n) for n in np.frombuffer(file.read(4 * head[3]), ">u4"))
        size = int(np.prod(shape, dtype=np.float64)) * dtype.itemsize
        if size > _MOST_BYTES:
            raise TableError(f"{path.name} claims {shape}, which is more than is read at once")
        content = file.read(size + 1)
    if len(content) != size or len(shape) != head[3]:
        raise TableError(
            f"{path.name} says that it holds {' x '.join(map(str, shape))} numbers, {size:,} "
            f"bytes, but {'more' if len(content) > size else f'only {len(content):,}'} follow"
        )
    return np.frombuffer(content, dtype).reshape(shape).astype(dtype.newbyteorder("="), copy=False)


def _one_array(array: np.ndarray, path: Path) -> Table:
    if array.ndim == 2:
        return _table({f"column_{i + 1}": array[:, i] for i in range(array.shape[1])}, path)
    if array.ndim in (3, 4):
        return _table({"image": array}, path)
    raise TableError(
        f"{path.name} holds an array of shape {array.shape}; pictures are (rows, height, width) or "
        "(rows, height, width, channels), tables (rows, columns)"
    )


def _named_arrays(arrays: Mapping[str, np.ndarray], path: Path) -> Table:
    """Put named arrays side by side; x_train and x_test one below the other."""
    groups: dict[str, dict[str, np.ndarray]] = {}
    for key, array in arrays.items():
        words = re.split(r"[_\-./ ]+", key.lower())
        part = next((_PARTS[word] for word in words if word in _PARTS), "")
        rest = "_".join(word for word in words if word not in _PARTS) or key
        groups.setdefault(part, {})[_column_name(rest, array)] = array
    if not groups:
        raise TableError(f"{path.name} holds no array")
    names = {tuple(sorted(columns)) for columns in groups.values()}
    if len(names) > 1:
        shown = "; ".join(f"{part or 'all'}: {', '.join(own)}" for part, own in groups.items())
        raise TableError(f"{path.name}: its parts have different arrays ({shown})")
    tables = [_columns(columns, path) for columns in groups.values()]
    if len(tables) == 1:
        frame = tables[0]
    else:
        parts = [
            pl.Series("split", [part] * len(t)) for part, t in zip(groups, tables, strict=True)
        ]
        frame = pl.concat(
            [t.with_columns(part) for t, part in zip(tables, parts, strict=True)], how="vertical"
        )
    return _as_table(frame, path, ())


def _column_name(word: str, array: np.ndarray) -> str:
    if word in _TARGETS and array.ndim <= 2:
        return "class"
    return "image" if word in _INPUTS and array.ndim > 2 else word


def _columns(columns: Mapping[str, np.ndarray], path: Path) -> pl.DataFrame:
    series = []
    lengths = {key: len(array) if array.ndim else 0 for key, array in columns.items()}
    if len(set(lengths.values())) > 1:
        shown = ", ".join(f"{key} {n:,}" for key, n in lengths.items())
        raise TableError(f"{path.name}: the arrays have different numbers of rows: {shown}")
    for key, array in columns.items():
        if array.ndim == 2 and array.shape[1] == 1:
            array = array[:, 0]
        if array.ndim == 2:
            series += [pl.Series(f"{key}_{i + 1}", array[:, i]) for i in range(array.shape[1])]
        elif array.ndim in (1, 3, 4):
            native = array.astype(array.dtype.newbyteorder("="), copy=False)
            series.append(pl.Series(key, np.ascontiguousarray(native)))
        else:
            raise TableError(f"{path.name}: {key} has shape {array.shape}, which is no column")
    return pl.DataFrame(series)


def _table(columns: Mapping[str, Any], path: Path, notes: tuple[str, ...] = ()) -> Table:
    return _as_table(_columns(columns, path), path, notes)


def _as_table(frame: pl.DataFrame, path: Path, notes: tuple[str, ...]) -> Table:
    if not len(frame):
        raise TableError(f"{path.name} holds no rows of examples")
    images = [name for name, dtype in frame.schema.items() if isinstance(dtype, pl.Array)]
    kinds = dict.fromkeys(images, "image")
    if "split" in frame.columns:
        kinds["split"] = "split"
    target = "class" if "class" in frame.columns else None
    return Table(frame, path.name, notes, kinds=kinds, target=target)
