"""Rows in a file: the same numbers as the array they were written from, and honest errors."""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from descend.data import rows as module
from descend.data.rows import Rows, RowsWriter
from descend.errors import DataError, OutputError

ARRAY = np.random.default_rng(0).normal(size=(100, 3, 2)).astype(np.float32)


@pytest.fixture
def rows() -> Rows:
    with RowsWriter(np.float32, (3, 2)) as writer:
        writer.append(ARRAY[:40])
        writer.append(ARRAY[40:40])
        writer.append(ARRAY[40:])
        return writer.rows()


@pytest.mark.parametrize(
    "chosen",
    [
        slice(None), slice(10, 20), slice(90, 200), slice(5, 5), slice(50, 10), slice(1, 90, 7),
        np.arange(100)[::-1], np.array([3, 4, 5, 99, 0, 0, 1]), np.array([], int),
        np.random.default_rng(1).permutation(100).astype(np.int32),
    ],
)  # fmt: skip
def test_reads_what_an_array_gives(rows: Rows, chosen: slice | np.ndarray) -> None:
    np.testing.assert_array_equal(rows[chosen], ARRAY[chosen])
    assert rows[chosen].dtype == np.float32


@pytest.mark.parametrize("gap", [0, 2**20])
def test_blocks_and_pieces_give_the_same(
    rows: Rows, gap: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "GAP", gap)
    monkeypatch.setattr(module, "BLOCK", 7 * 24)
    for seed in range(20):
        chosen = np.random.default_rng(seed).integers(0, 100, 30)
        np.testing.assert_array_equal(rows[chosen], ARRAY[chosen])


def test_looks_like_an_array(rows: Rows) -> None:
    assert (rows.shape, rows.ndim, len(rows), rows.nbytes) == ((100, 3, 2), 3, 100, 2400)
    np.testing.assert_array_equal(np.asarray(rows), ARRAY)
    assert "float32" in repr(rows)


def test_threads_read_at_once(rows: Rows) -> None:
    orders = [np.random.default_rng(i).permutation(100) for i in range(40)]
    with ThreadPoolExecutor(8) as pool:
        for order, got in zip(orders, pool.map(rows.__getitem__, orders), strict=True):
            np.testing.assert_array_equal(got, ARRAY[order])


@pytest.mark.parametrize("wrong", [[100], [-1], [3, 1000]])
def test_refuses_rows_that_are_not_there(rows: Rows, wrong: list[int]) -> None:
    with pytest.raises(IndexError, match="100 rows"):
        rows[np.array(wrong)]


def test_a_named_file_with_a_head(tmp_path: Path) -> None:
    path = tmp_path / "numbers.bin"
    path.write_bytes(b"head" + np.arange(6, dtype=np.int16).tobytes())
    rows = Rows(path, np.int16, (2,), offset=4)
    np.testing.assert_array_equal(rows[:], [[0, 1], [2, 3], [4, 5]])
    with pytest.raises(DataError, match="too few for 4 rows"):
        Rows(path, np.int16, (2,), offset=4, count=4)
    with pytest.raises(DataError, match="cannot be read"):
        Rows(tmp_path / "nothing", np.int16, ())


def test_rows_without_a_number_in_them() -> None:
    with RowsWriter(np.float32, (0,)) as writer:
        writer.append(np.zeros((1000, 0)))
        rows = writer.rows()
    assert rows.shape == (1000, 0)
    assert rows[:].shape == (1000, 0)
    assert rows[np.array([5, 1, 7])].shape == (3, 0)
    with pytest.raises(IndexError, match="1000 rows"):
        rows[np.array([1000])]


def test_a_file_that_shrinks_is_an_error(tmp_path: Path) -> None:
    with RowsWriter(np.float32, (4,), tmp_path / "rows.bin") as writer:
        writer.append(np.zeros((1000, 4)))
        rows = writer.rows()
    os.truncate(tmp_path / "rows.bin", 1600)
    with pytest.raises(DataError, match="shorter"):
        rows[np.array([5, 500])]


def test_writing_says_what_is_wrong(tmp_path: Path) -> None:
    with pytest.raises(OutputError, match="TMPDIR"):
        RowsWriter(np.float32, (), folder=tmp_path / "nowhere")
    with RowsWriter(np.float32, (2,)) as writer, pytest.raises(DataError, match=r"\(2,\)"):
        writer.append(np.zeros((3, 4)))


def test_a_temporary_file_leaves_nothing_behind(tmp_path: Path) -> None:
    with RowsWriter(np.float32, (2,), folder=tmp_path) as writer:
        writer.append(np.ones((3, 2)))
        rows = writer.rows()
    assert rows[:].sum() == 6
    del rows
    assert not list(tmp_path.iterdir())
