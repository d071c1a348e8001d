"""Splits: every row in one part, nothing that belongs together apart."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from descend.data.roles import row_groups, row_parts, row_times, row_weights
from descend.data.splits import MOST_VALIDATION, Split, split_rows
from descend.errors import ColumnError, DataError, UsageError


def parts(split: Split) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    return split.train, split.validation, split.test


def complete(split: Split, n: int) -> bool:
    return np.array_equal(np.sort(np.concatenate(parts(split))), np.arange(n))


def test_sizes_of_penguins():
    labels = [0] * 152 + [1] * 68 + [2] * 124
    split = split_rows(344, labels=labels)
    assert split.describe() == "test 69 · validation 55 · train 220, stratified"
    for part in parts(split):
        shares = np.bincount(np.array(labels)[part]) / len(part)
        np.testing.assert_allclose(shares, np.array([152, 68, 124]) / 344, atol=0.015)


@settings(max_examples=150, deadline=None)
@given(
    n=st.integers(1, 60),
    classes=st.integers(1, 6),
    test=st.sampled_from([0.0, 0.1, 0.2, 0.5, 0.9]),
    validation=st.sampled_from([None, 0.0, 0.2, 0.7]),
    seed=st.integers(0, 5),
    data=st.data(),
)
def test_every_row_once_and_every_class_trains(n, classes, test, validation, seed, data):
    labels = np.array(data.draw(st.lists(st.integers(0, classes), min_size=n, max_size=n)))
    options = {"test_fraction": test, "validation_fraction": validation, "seed": seed}
    split = split_rows(n, labels=labels, **options)
    assert complete(split, n)
    assert set(labels[split.train]) == set(labels)
    again = split_rows(n, labels=labels, **options)
    assert all(np.array_equal(a, b) for a, b in zip(parts(split), parts(again), strict=True))
    keys = labels.astype(np.uint64) * 3 + np.arange(n, dtype=np.uint64) % 7
    assert complete(split_rows(n, labels=labels, keys=keys, **options), n)


@settings(max_examples=60, deadline=None)
@given(n=st.integers(2, 80), groups=st.integers(2, 20), seed=st.integers(0, 3))
def test_groups_are_never_apart(n, groups, seed):
    names = np.array([f"g{i % groups}" for i in range(n)])
    split = split_rows(n, groups=names, seed=seed)
    assert complete(split, n)
    assert len(split.train)
    seen = [set(names[part]) for part in parts(split)]
    assert not seen[0] & seen[1]
    assert not seen[0] & seen[2]
    assert not seen[1] & seen[2]
    assert n < 3 or seen[2]


def test_equal_rows_are_never_apart():
    rng = np.random.default_rng(0)
    keys = rng.integers(0, 700, 1000).astype(np.uint64)
    split = split_rows(1000, keys=keys, labels=keys % 3)
    seen = [set(keys[part]) for part in parts(split)]
    assert not seen[0] & seen[2]
    assert not seen[0] & seen[1]
    assert not seen[1] & seen[2]
    assert abs(len(split.test) - 200) < 5
    assert "equal to another" in split.notes[0]


def test_a_truth_table_is_split_row_by_row():
    keys = np.arange(400, dtype=np.uint64) % 4
    split = split_rows(400, keys=keys, labels=keys % 2)
    assert set(keys[split.test]) == set(keys[split.train]) == {0, 1, 2, 3}
    assert "only 4 different rows among 400" in split.notes[0]


def test_time_trains_on_the_oldest():
    rng = np.random.default_rng(0)
    times = rng.permutation(100).astype(float)
    split = split_rows(100, times=times)
    assert times[split.train].max() < times[split.validation].min()
    assert times[split.validation].max() < times[split.test].min()
    assert split.describe() == "test 20 · validation 16 · train 64, by time"
    ties = np.repeat(np.arange(10.0), 10)
    split = split_rows(100, times=ties)
    assert [len(part) for part in parts(split)] == [60, 20, 20]
    missing = np.where(times < 30, np.nan, times)
    assert set(np.flatnonzero(np.isnan(missing))) <= set(split_rows(100, times=missing).train)


def test_time_and_groups_together():
    times = np.arange(60.0)
    groups = np.arange(60) // 5
    split = split_rows(60, times=times, groups=groups)
    assert not set(groups[split.train]) & set(groups[split.test])
    assert times[split.train].max() < times[split.test].min()


@pytest.mark.parametrize("n", range(1, 8))
def test_tiny_tables(n):
    split = split_rows(n)
    assert complete(split, n)
    assert len(split.test) == (1 if n >= 3 else 0)
    assert len(split.validation) == (1 if n >= 5 else 0)
    assert bool(split.notes) == (n < 5)


def test_single_rows_of_a_class_train():
    split = split_rows(21, labels=[0] * 10 + [1] * 10 + [2])
    assert 20 in split.train
    assert "1 class has a single row" in split.notes[0]


def test_a_seed_changes_the_split_and_the_split_stays_for_ever():
    assert not np.array_equal(split_rows(100).test, split_rows(100, seed=1).test)
    assert split_rows(20).test.tolist() == [1, 4, 5, 18]


def test_fractions():
    assert len(split_rows(100, test_fraction=0).test) == 0
    assert len(split_rows(100, validation_fraction=0).validation) == 0
    assert len(split_rows(1_000_000).validation) == MOST_VALIDATION
    assert len(split_rows(1_000_000, validation_fraction=0.1).validation) == 80_000


def test_refusals():
    with pytest.raises(UsageError, match="test fraction must be"):
        split_rows(10, test_fraction=1.0)
    with pytest.raises(UsageError, match="labels must have one value for each of 10 rows, got 3"):
        split_rows(10, labels=[1, 2, 3])
    with pytest.raises(DataError, match="empty"):
        split_rows(0)
    with pytest.raises(DataError, match="one group"):
        split_rows(10, groups=["a"] * 10)
    with pytest.raises(DataError, match="one time"):
        split_rows(10, times=[1.0] * 10)


def test_a_million_rows():
    rng = np.random.default_rng(0)
    keys, labels = rng.integers(0, 2**62, 10**6).astype(np.uint64), rng.integers(0, 9, 10**6)
    split = split_rows(10**6, labels=labels, keys=keys)
    assert complete(split, 10**6)


def test_columns_of_roles():
    frame = pl.DataFrame(
        {
            "w": ["1", "0", "2"], "bad": ["1", "-1", "1"], "gap": ["1", "", "1"], "zero": [0, 0, 0],
            "g": ["b", None, "b"], "t": ["3/1/2011", "2/1/2011", "13/1/2011"],
            "word": ["x", "y", "z"], "huge": [1.0, 2e39, 0.0], "tiny": [1e-39, 0.0, 0.0],
        }
    )  # fmt: skip
    assert row_weights(frame, "w").tolist() == [1.0, 0.0, 2.0]
    for name, message in (
        ("bad", "row 2 is negative"),
        ("gap", "row 2 is missing"),
        ("zero", "0 in"),
        ("huge", r"row 2: the largest weight is 2e\+39.* Divide all weights"),
        ("tiny", "row 1: the largest weight is 1e-39.* Divide all weights"),
    ):
        with pytest.raises(ColumnError, match=message):
            row_weights(frame, name)
    assert row_groups(frame, "g").tolist() == [0, 1, 0]
    assert np.argsort(row_times(frame, "t")).tolist() == [1, 0, 2]
    assert row_times(pl.DataFrame({"t": [1.5, 2.5, None]}), "t").tolist()[:2] == [1.5, 2.5]
    with pytest.raises(ColumnError, match='time "word" must hold dates or numbers'):
        row_times(frame, "word")


def test_parts_as_given():
    parts = np.array([0, 0, 1, 2, 0, 2])
    split = split_rows(6, parts=parts, test_fraction=0.5)
    assert split.train.tolist() == [0, 1, 4]
    assert split.validation.tolist() == [2]
    assert split.test.tolist() == [3, 5]
    assert split.describe() == "test 2 · validation 1 · train 3, as given"
    assert split.notes == ()


def test_a_part_that_is_not_given_is_drawn_from_the_training_rows():
    parts = np.array([0] * 20 + [2] * 5)
    labels = np.array([0, 1] * 10 + [0] * 5)
    split = split_rows(25, parts=parts, labels=labels, validation_fraction=0.2)
    assert split.test.tolist() == [20, 21, 22, 23, 24]
    assert len(split.validation) == 4
    assert labels[split.validation].sum() == 2
    assert set(split.train) | set(split.validation) == set(range(20))
    assert any("validation: drawn from the training rows" in note for note in split.notes)


def test_parts_must_be_one_a_row():
    with pytest.raises(UsageError, match="parts must have one value for each of 3 rows"):
        split_rows(3, parts=np.array([0, 2]))


def test_words_for_the_parts_of_rows():
    frame = pl.DataFrame({"part": ["TRAIN", "valid", "dev", "testing", ""]})
    assert row_parts(frame, "part").tolist() == [0, 1, 1, 2, 0]
    with pytest.raises(ColumnError, match='row 2 says "exam": each row needs train, validation'):
        row_parts(pl.DataFrame({"part": ["train", "exam"]}), "part")
    with pytest.raises(ColumnError, match="has no row of train"):
        row_parts(pl.DataFrame({"part": ["test", "val"]}), "part")
