"""Reading and writing of ``name.descend``: a safetensors file that holds a whole model.

The format is specified in ``docs/format.md``. Reading trusts nothing: sizes are checked before
anything is allocated, names of classes come from a closed table, the tensors must be exactly those
that the plan implies, and nothing in a file is ever executed, imported or opened.
"""

from __future__ import annotations

import hashlib
import json
import math
import os
import stat
import struct
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from safetensors import SafetensorError
from safetensors.numpy import load as load_tensors

from descend.errors import ModelFileError, OutputError

__all__ = ["FORMAT", "VERSION", "canonical_json", "read_model_file", "strict_json", "to_bytes"]

FORMAT = "descend.model"
VERSION = 1
MAX_FILE = 2 * 1024**3
MAX_HEADER = 64 * 1024**2
MAX_TENSORS = 10_000
MAX_DEPTH = 64
DTYPES = {"float32": "F32", "int32": "I32", "uint32": "U32"}
UNSIGNED = "0" * 64

Tensors = dict[str, np.ndarray]


def to_bytes(spec: Mapping[str, Any], tensors: Tensors, form: str = FORMAT) -> bytes:
    """Return the bytes of a model file. The same model always gives the same bytes.

    Parameters
    ----------
    spec : mapping of plain JSON values
    tensors : dict of float32, int32 or uint32 arrays
    form : str
        What the file calls itself: `FORMAT` or another file of the same build.
    """
    entries: dict[str, Any] = {}
    offset = 0
    for name in sorted(tensors):
        array = tensors[name]
        end = offset + array.nbytes
        dtype = DTYPES[array.dtype.name]
        entries[name] = {
            "dtype": dtype,
            "shape": list(array.shape),
            "data_offsets": [offset, end],
        }
        offset = end
    metadata = {
        "format": form,
        "version": str(VERSION),
        "spec": canonical_json(spec),
        "sha256": UNSIGNED,
    }
    header = canonical_json({"__metadata__": metadata, **entries}).encode()
    header += b" " * (-len(header) % 8)
    if len(header) > MAX_HEADER or len(tensors) > MAX_TENSORS:
        raise OutputError(
            f"the plan and the list of tensors take {len(header):,} bytes; a model file holds "
            f"{MAX_HEADER:,} at most. Drop columns that hold very many different texts"
        )
    buffer = b"".join(
        np.ascontiguousarray(tensors[name]).astype(tensors[name].dtype.newbyteorder("<")).tobytes()
        for name in sorted(tensors)
    )
    whole = struct.pack("<Q", len(header)) + header + buffer
    return whole.replace(_signed(UNSIGNED), _signed(hashlib.sha256(whole).hexdigest()), 1)


def canonical_json(value: Any) -> str:
    """Return JSON with sorted keys, no blanks, and no NaN or infinity."""
    return json.dumps(
        value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False
    )


def _signed(digest: str) -> bytes:
    return f'"sha256":"{digest}"'.encode()


def read_model_file(
    path: str | os.PathLike[str], form: str = FORMAT
) -> tuple[dict[str, Any], Tensors]:
    """Read and check a model file, or another file of the same build.

    Returns
    -------
    spec : dict
        Plain JSON values, not yet turned into specs.
    tensors : dict of arrays

    Raises
    ------
    ModelFileError
        If the file is not a whole, unchanged model file that this version can read.
    """
    if path == "":
        raise ModelFileError(
            "the name of the model file is empty: a variable of the shell may not be set"
        )
    path = Path(path)
    data = _read(path)
    header = _header(path, data)
    metadata = header.get("__metadata__")
    if not isinstance(metadata, dict) or metadata.get("format") != form:
        raise ModelFileError(
            f"{path} is a safetensors file, but not a Descend {form.removeprefix('descend.')} "
            f'(its metadata do not say "format": "{form}")'
        )
    _check_version(path, metadata.get("version"))
    _check_digest(path, data, metadata.get("sha256"))
    if set(metadata) != {"format", "version", "sha256", "spec"}:
        raise ModelFileError(f"{path} has metadata that no model has: {sorted(metadata)}")
    for name, entry in header.items():
        if name != "__metadata__":
            _check_entry(path, name, entry)
    try:
        tensors = load_tensors(data)
    except (SafetensorError, ValueError, TypeError, KeyError) as error:
        raise ModelFileError(f"{path} is damaged: {error}") from None
    for name, array in tensors.items():
        if array.dtype.kind == "f" and not np.isfinite(array).all():
            raise ModelFileError(f"{path}: tensor {name!r} holds NaN or infinity")
    spec = metadata["spec"]
    if not isinstance(spec, str):
        raise ModelFileError(f"{path} holds no plan")
    return strict_json(spec, f"{path}, plan"), tensors


def _check_digest(path: Path, data: bytes, digest: Any) -> None:
    """Refuse a file that is not what was written."""
    place = data.find(_signed(digest), 8) if isinstance(digest, str) and len(digest) == 64 else -1
    if place < 0:
        raise ModelFileError(f"{path} has no checksum: it is damaged or was not made by Descend")
    place += len('"sha256":"')
    whole = hashlib.sha256(memoryview(data)[:place])
    whole.update(UNSIGNED.encode())
    whole.update(memoryview(data)[place + 64 :])
    if whole.hexdigest() != digest:
        raise ModelFileError(
            f"{path} is damaged: its checksum does not match its content. "
            "Copy it again from where it came, or train again"
        )


def _check_entry(path: Path, name: str, entry: Any) -> None:
    """Refuse an entry of the header that safetensors would pass over."""
    if not isinstance(entry, dict) or set(entry) != {"dtype", "shape", "data_offsets"}:
        raise ModelFileError(
            f"{path} is damaged: tensor {name!r} must have dtype, shape and data_offsets alone"
        )
    if entry["dtype"] not in DTYPES.values():
        raise ModelFileError(
            f"{path}: tensor {name!r} has the type {entry['dtype']!r}; "
            f"a model has {', '.join(DTYPES.values())}"
        )


def _read(path: Path) -> bytes:
    try:
        info = path.stat()
        if not stat.S_ISREG(info.st_mode):
            kind = "a folder" if stat.S_ISDIR(info.st_mode) else "not a regular file"
            raise ModelFileError(f"{path} is {kind}; expected a model file, name.descend")
        if info.st_size > MAX_FILE:
            raise ModelFileError(f"{path} has {info.st_size:,} bytes; models end at {MAX_FILE:,}")
        with path.open("rb") as file:
            return file.read(info.st_size + 1)  # of that size the buffer is made
    except FileNotFoundError:
        raise ModelFileError(f"there is no file {path}") from None
    except OSError as error:
        raise ModelFileError(f"{path} cannot be read: {error.strerror}") from None


def _header(path: Path, data: bytes) -> dict[str, Any]:
    size = struct.unpack("<Q", data[:8])[0] if len(data) >= 8 else 0
    if not 2 <= size <= min(MAX_HEADER, len(data) - 8) or data[8:9] != b"{":
        raise ModelFileError(f"{path} is not a Descend model: {_resembles(data)}")
    # Counted before it is parsed: each would take a hundred times its size. In the plan, which is
    # a string, quotes are escaped and do not count.
    count = data.count(b'"data_offsets"', 8, 8 + size)
    if count > MAX_TENSORS:
        raise ModelFileError(f"{path} lists {count:,} tensors, more than {MAX_TENSORS:,}")
    try:
        text = data[8 : 8 + size].decode()
    except UnicodeDecodeError as error:
        raise ModelFileError(f"{path} is damaged: its header is not UTF-8 ({error})") from None
    header = strict_json(text, f"{path}, header")
    if not isinstance(header, dict):
        raise ModelFileError(f"{path} is damaged: its header is not an object")
    return header


def _resembles(data: bytes) -> str:
    """Say what a file looks like that is not a model."""
    if not data:
        return "the file is empty"
    looks = (
        (b"\x80", "it looks like a Python pickle, which can run code when opened and is refused"),
        (b"PK\x03\x04", "it looks like a zip archive (.npz, .keras, .pt or a spreadsheet)"),
        (b"\x89HDF", "it looks like an HDF5 file (.h5)"),
        (b"PAR1", "it looks like a Parquet table"),
        (b"\x1f\x8b", "it looks like a gzip file"),
    )
    for start, sentence in looks:
        if data.startswith(start):
            return sentence
    if _is_text(data[:1000]):
        return "it looks like a table or another text. The model is named first, what it reads next"
    return "it does not begin with a safetensors header, or it is cut short"


def _is_text(start: bytes) -> bool:
    """Whether a file begins with letters and signs that people read."""
    text = start.decode("utf-8", "ignore")
    few = len(start) - len(text.encode()) < 4  # a character may be cut at the end
    return few and all(sign.isprintable() or sign.isspace() for sign in text)


def _check_version(path: Path, version: Any) -> None:
    if not isinstance(version, str) or not version.isascii() or not version.isdigit():
        raise ModelFileError(f"{path} states the format version {version!r}; expected a number")
    if len(version) > 9 or int(version) > VERSION:
        raise ModelFileError(
            f"{path} was made by a newer Descend (format {version[:9]}); this one reads up to "
            f"format {VERSION}. Upgrade with: pip install --upgrade descend"
        )
    if int(version) < 1:
        raise ModelFileError(f"{path} states the format version {version}; the first is 1")


def strict_json(text: str, where: str) -> Any:
    """Parse JSON, refusing duplicate keys, NaN, infinity and deep nesting."""

    def pairs(items: list[tuple[str, Any]]) -> dict[str, Any]:
        result = dict(items)
        if len(result) != len(items):
            raise ValueError("a key occurs twice")
        return result

    def constant(name: str) -> Any:
        raise ValueError(f"{name} is not a JSON number")

    def number(digits: str) -> float:
        value = float(digits)
        if not math.isfinite(value):
            raise ValueError(f"{digits} is too large")
        return value

    try:
        value = json.loads(
            text, object_pairs_hook=pairs, parse_constant=constant, parse_float=number
        )
        _check_depth(value)
    except (ValueError, RecursionError) as error:
        reason = "nested too deeply" if isinstance(error, RecursionError) else error
        raise ModelFileError(f"{where}: not valid JSON: {reason}") from None
    return value


def _check_depth(value: Any, depth: int = 0) -> None:
    if depth > MAX_DEPTH:
        raise RecursionError
    children = value.values() if isinstance(value, dict) else value
    if isinstance(value, dict | list):
        for child in children:
            if isinstance(child, dict | list):
                _check_depth(child, depth + 1)
