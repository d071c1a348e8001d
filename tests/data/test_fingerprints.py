"""Fingerprints: the same row from every format, another row another hash."""

from __future__ import annotations

import datetime

import numpy as np
import polars as pl
import pytest

from descend.data.columns import Column, infer_columns
from descend.data.fingerprints import (
    combine_hashes,
    count_seen,
    data_digest,
    fingerprint,
    row_hashes,
)
from descend.errors import ColumnError

COLUMNS = (
    Column("a", "number"),
    Column("b", "category"),
    Column("c", "boolean"),
    Column("d", "date"),
    Column("e", "dropped"),
)
TEXT = pl.DataFrame(
    {
        "a": ["1", "0.1", "-0", "NA"],
        "b": [" red", "blü", "", "x" * 200],
        "c": ["yes", "No", "", "TRUE"],
        "d": ["2011-01-01", "2011-01-01 10:30", "", "1960-05-05"],
        "e": ["1", "2", "3", "4"],
    }
)
TYPED = pl.DataFrame(
    {
        "d": [
            datetime.datetime(2011, 1, 1), datetime.datetime(2011, 1, 1, 10, 30), None,
            datetime.datetime(1960, 5, 5),
        ],
        "c": [True, False, None, True],
        "a": pl.Series([1, 0.1, 0.0, None], dtype=pl.Float32),
        "b": pl.Series(["red", "blü", None, "x" * 200], dtype=pl.Categorical),
    }
)  # fmt: skip


def test_the_same_from_text_and_typed_in_any_order():
    np.testing.assert_array_equal(row_hashes(TEXT, COLUMNS), row_hashes(TYPED, COLUMNS))
    np.testing.assert_array_equal(row_hashes(TEXT, COLUMNS[::-1]), row_hashes(TEXT, COLUMNS))


def test_hashes_never_change():
    # Models stored years ago must recognise their rows.
    assert [f"{word:016x}" for word in row_hashes(TEXT, COLUMNS).tolist()] == [
        "92f89e92d6ef7391",
        "ec91151e4ef327f3",
        "8599012502878ae1",
        "3f4043131f1e9d99",
    ]
    assert (
        data_digest(row_hashes(TEXT, COLUMNS))
        == "2ea31de47677de3af8ce0238e8ae7b53b6a726f9f29fea260c34484a49806fb8"
    )


def test_every_cell_and_its_column_count():
    whole = row_hashes(TEXT, COLUMNS)
    for name, other in (("a", "7"), ("b", "7"), ("c", "no"), ("d", "2020-01-01")):
        changed = row_hashes(TEXT.with_columns(pl.lit(other).alias(name)), COLUMNS)
        assert (changed != whole).sum() >= 3
    swapped = pl.DataFrame({"a": ["1", "2"], "b": ["2", "1"]})
    hashes = row_hashes(swapped, (Column("a", "number"), Column("b", "number")))
    assert hashes[0] != hashes[1]


def test_hashes_do_not_depend_on_the_piece():
    rng = np.random.default_rng(0)
    frame = pl.DataFrame(
        {
            "x": rng.normal(size=200_000),
            "w": np.char.add("w" * 9, rng.integers(0, 99, 200_000).astype(str)),
        }
    )
    columns = infer_columns(frame)
    hashes = row_hashes(frame, columns)
    np.testing.assert_array_equal(
        row_hashes(frame[131_000:131_100], columns), hashes[131_000:131_100]
    )
    assert len(np.unique(hashes)) == 200_000


def test_texts_that_padding_would_make_equal():
    words = ["a", "a\0", "", "a" * 8, "a" * 9, "a" * 16, "a" * 64, "a" * 65, "b" * 65]
    hashes = row_hashes(pl.DataFrame({"w": words}), (Column("w", "category"),))
    assert len(np.unique(hashes)) == len(words)


def test_recognising_training_rows():
    rng = np.random.default_rng(0)
    frame = pl.DataFrame({"x": rng.normal(size=3000)})
    hashes = row_hashes(frame, infer_columns(frame))
    stored = fingerprint(hashes[:1000])
    assert stored.dtype == np.uint32
    assert (np.diff(stored.astype(np.int64)) > 0).all()
    assert count_seen(stored, hashes[:1000]) == 1000
    assert count_seen(stored, hashes[500:1500]) == 500
    assert count_seen(stored, hashes[1000:]) == 0
    assert count_seen(stored[:0], hashes) == 0
    assert count_seen(stored, hashes[:0]) == 0


def test_targets_count_when_combined():
    hashes = np.zeros(3, np.uint64)
    combined = combine_hashes(hashes, np.array([0, 1, 1], np.int32))
    assert combined[1] == combined[2] != combined[0]


def test_a_missing_column_is_named():
    with pytest.raises(ColumnError, match='"b" is needed'):
        row_hashes(TEXT.drop("b"), COLUMNS)
