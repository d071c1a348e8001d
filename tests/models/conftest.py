"""Small models, and the writing of model files by hand."""

from __future__ import annotations

import hashlib
import json
import struct
from typing import Any

import numpy as np
import polars as pl
import pytest

import descend
from descend.models import Model
from descend.models.files.modelfile import read_model_file


def signed(header: dict[str, Any] | str, buffer: bytes) -> bytes:
    """Return the bytes of a model file as docs/format.md says, without Descend's own writer."""
    zeros = "0" * 64
    if isinstance(header, dict):
        metadata = header.get("__metadata__")
        if isinstance(metadata, dict) and "sha256" in metadata:
            metadata["sha256"] = zeros
        header = json.dumps(header, separators=(",", ":"), ensure_ascii=False)
    text = header.encode("utf-8", "surrogatepass")
    text += b" " * (-len(text) % 8)
    whole = struct.pack("<Q", len(text)) + text + buffer
    digest = hashlib.sha256(whole).hexdigest()
    return whole.replace(f'"sha256":"{zeros}"'.encode(), f'"sha256":"{digest}"'.encode(), 1)


def parts(data: bytes) -> tuple[dict[str, Any], bytes]:
    """Take a model file apart: its header and its buffer."""
    length = struct.unpack("<Q", data[:8])[0]
    return json.loads(data[8 : 8 + length]), data[8 + length :]


@pytest.fixture(scope="session")
def by_hand():
    """The two functions above."""
    return signed, parts


@pytest.fixture(scope="session")
def examples() -> pl.DataFrame:
    """Numbers with gaps, a category, a yes-or-no, a date, many categories, and two targets."""
    draw = np.random.default_rng(0)
    rows = 120
    size = draw.normal(size=rows)
    towns = [f"town {i}" for i in range(20)]
    return pl.DataFrame(
        {
            "size": [None if i % 17 == 0 else float(v) for i, v in enumerate(size)],
            "hue": draw.choice(["red", "green", "blue"], rows),
            "old": draw.choice([True, False], rows),
            "day": pl.date_range(pl.date(2024, 1, 1), pl.date(2024, 4, 29), eager=True),
            "town": [towns[i % 20] for i in range(rows)],
            "kind": ["big" if v > 0 else "small" for v in size],
            "price": 3 * size + 10,
        }
    )


@pytest.fixture(scope="session")
def model(examples: pl.DataFrame) -> Model:
    """A model of a class and a number, with an embedding, trained for an epoch."""
    return descend.train(examples, ["kind", "price"], epochs=1, layers=(4,), dropout=0.0)


@pytest.fixture(scope="session")
def model_file(model: Model, tmp_path_factory: pytest.TempPathFactory):
    """The file of `model`."""
    path = tmp_path_factory.mktemp("model") / "model.descend"
    model.save(path)
    return path


@pytest.fixture(scope="session")
def spec(model_file) -> dict[str, Any]:
    """The plan in the file of `model`, as plain JSON."""
    return read_model_file(model_file)[0]
