"""Tables that are streamed from disk give the same examples, weights and scores as in memory."""

from __future__ import annotations

from pathlib import Path

import jax
import numpy as np
import polars as pl
import pytest

from descend.data.rows import Rows
from descend.errors import ColumnError, DataError, UsageError
from descend.models import Options, TableTraining
from descend.models.tables import examples, streaming
from descend.models.tables.examples import TableExamples
from descend.models.tables.streaming import is_large, stream_examples

from ...data.pictures import folder_of_classes

PENGUINS = Path(__file__).parents[3] / "examples" / "penguins.csv"


def mixed(path: Path, rows: int = 900) -> Path:
    """Write a table with gaps, categories, a date, duplicates, and rows without a target."""
    r = np.random.default_rng(0)
    a = r.normal(size=rows)
    frame = pl.DataFrame({
        "a": [None if v < 0.03 else x for v, x in zip(r.random(rows), a, strict=True)],
        "id": [f"{i:05d}" for i in range(rows)],
        "city": r.choice(["Rome", "Oslo", "Bonn, west", "007"], rows),
        "code": r.integers(0, 40, rows),
        "day": [f"2024-{1 + i % 12:02d}-{1 + i % 28:02d}" for i in range(rows)],
        "w": r.uniform(0.5, 2, rows).round(3),
        "y": np.where(r.random(rows) < 0.02, "", np.where(a > 0, "high", "low")),
    })  # fmt: skip
    pl.concat([frame, frame[:30]]).write_csv(path)
    return path


@pytest.fixture
def small_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(streaming, "BLOCK", 64)


def same(a, b) -> None:
    assert jax.tree.structure(a) == jax.tree.structure(b)
    for one, other in zip(jax.tree.leaves(a), jax.tree.leaves(b), strict=True):
        np.testing.assert_array_equal(np.asarray(one), np.asarray(other))


@pytest.mark.parametrize("ending", [".csv", ".parquet"])
def test_same_examples(tmp_path: Path, small_blocks: None, ending: str) -> None:
    path = mixed(tmp_path / "mixed.csv")
    if ending == ".parquet":
        path = path.with_suffix(ending)
        pl.read_csv(path.with_suffix(".csv")).write_parquet(path)
    options = Options.of(target="y", weight="w")
    one = TableExamples.read(path, options, None)
    other = stream_examples(path, options, None)
    for name in ("columns", "found", "targets", "shape", "unlabelled", "digest", "findings"):
        assert getattr(one, name) == getattr(other, name), name
    assert one.preprocessing == other.preprocessing
    same([one.split.train, one.split.test], [other.split.train, other.split.test])
    same(one.fingerprints, other.fingerprints)
    for part in ("train", "validation", "test"):
        assert all(isinstance(leaf, Rows) for leaf in jax.tree.leaves(other.inputs[part]))
        same(one.inputs[part], other.inputs[part])


def test_same_weights_and_report(small_blocks: None) -> None:
    models = []
    for stream in (False, True):
        training = TableTraining(PENGUINS, Options.of(target="species", stream=stream, epochs=4))
        for _ in training.epochs():
            pass
        models.append(training.finish())
    one, other = models
    same(one.params, other.params)
    same(one.linear_params, other.linear_params)
    assert one.report == other.report


def test_a_sample_speaks_for_a_larger_table(
    tmp_path: Path, small_blocks: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(streaming, "SAMPLE", 200)
    path = mixed(tmp_path / "mixed.csv")
    found = stream_examples(path, Options.of(target="y", weight="w"), None)
    assert any("spread over the file" in note for note in found.notes)
    whole = TableExamples.read(path, Options.of(target="y", weight="w"), None)
    sizes = [[len(getattr(e.split, part)) for part in examples.PARTS] for e in (found, whole)]
    assert sum(sizes[0]) == sum(sizes[1])
    numbers = found.inputs["train"]
    numbers = np.asarray(numbers["numbers"] if isinstance(numbers, dict) else numbers)
    assert len(numbers) == sizes[0][0]
    assert abs(float(numbers[:, 0].mean())) < 0.2  # standardised by other rows, but alike


@pytest.mark.parametrize("ending", [".csv", ".parquet"])
@pytest.mark.parametrize("how", ["grown", "another", "cut"])
def test_a_file_that_changes_is_an_error(
    tmp_path: Path, small_blocks: None, monkeypatch: pytest.MonkeyPatch, ending: str, how: str
) -> None:
    path = mixed(tmp_path / "mixed.csv")
    if ending == ".parquet":
        path = path.with_suffix(ending)
        pl.read_csv(path.with_suffix(".csv")).write_parquet(path, row_group_size=100)
    content = path.read_bytes()
    real = streaming.stream_table

    def changing(*given, **more):
        for i, part in enumerate(real(*given, **more)):
            yield part
            if i == 3 and how == "grown":
                path.write_bytes(content + content[-60:])
            elif i == 3 and how == "another":
                path.write_bytes(content[::-1])
            elif i == 3:
                path.write_bytes(content[:100])

    monkeypatch.setattr(streaming, "stream_table", changing)
    with pytest.raises(DataError, match="changed while it was being read"):
        stream_examples(path, Options.of(target="y"), None)


def test_a_cell_that_no_sampled_row_announced(
    tmp_path: Path, small_blocks: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(streaming, "SAMPLE", 100)
    path = tmp_path / "odd.csv"
    cells = [f"{i / 7:.3f},{'ab'[i % 2]}" for i in range(1000)]
    cells[777] = "many,a"
    path.write_text("x,y\n" + "\n".join(cells) + "\n")
    with pytest.raises(ColumnError, match="many"):
        stream_examples(path, Options.of(target="y"), None)


def pictures(path: Path, unreadable: int) -> Path:
    """Write a table of 60 pictures, each named twice, and of files that are none."""
    folder_of_classes(path, count=30)
    cells = [
        f"{name}/bild {i} é.png,{name},{i % 7}" for name in ("dark", "light") for i in range(30)
    ] * 2
    for i in range(unreadable):
        (path / f"bad{i}.png").write_text("no picture")
        cells.insert(40 * i + 10, f"bad{i}.png,dark,1")
    (path / "table.csv").write_text("photo,y,n\n" + "\n".join(cells) + "\n")
    return path / "table.csv"


def test_unreadable_pictures_are_left_out_as_in_memory(tmp_path: Path, small_blocks: None) -> None:
    path, options = pictures(tmp_path, 2), Options.of(target="y")
    one = TableExamples.read(path, options, None)
    other = stream_examples(path, options, None)
    assert one.shape == (120, 3)
    assert sum("2 files cannot be read, left out: " in note for note in one.notes) == 1
    names = ("notes", "columns", "found", "targets", "shape", "digest", "findings", "preprocessing")
    for name in names:
        assert getattr(one, name) == getattr(other, name), name
    for part in examples.PARTS:
        same(getattr(one.split, part), getattr(other.split, part))
        same(one.inputs[part], other.inputs[part])
        rows = getattr(one.split, part)
        same(one.known[rows]["y"].to_numpy(), other.known[rows]["y"].to_numpy())


def test_too_many_unreadable_pictures_stop_as_in_memory(tmp_path: Path, small_blocks: None) -> None:
    path, options = pictures(tmp_path, 7), Options.of(target="y")
    with pytest.raises(DataError, match="7 files of 127 cannot be read") as memory:
        TableExamples.read(path, options, None)
    with pytest.raises(DataError) as stream:
        stream_examples(path, options, None)
    assert str(memory.value) == str(stream.value)


def test_a_table_of_codes_alone(tmp_path: Path, small_blocks: None) -> None:
    r = np.random.default_rng(0)
    codes = r.integers(0, 30, 300)
    pl.DataFrame({
        "a": [f"v{code}" for code in codes], "y": np.where(codes % 2, "odd", "even"),
    }).write_csv(tmp_path / "codes.csv")  # fmt: skip
    options = Options.of(target="y")
    one = TableExamples.read(tmp_path / "codes.csv", options, None)
    other = stream_examples(tmp_path / "codes.csv", options, None)
    same(one.inputs, other.inputs)


@pytest.mark.parametrize("source", ["-", pl.DataFrame({"x": [1], "y": [2]})])
def test_what_is_no_file_cannot_be_streamed(source: object) -> None:
    with pytest.raises(UsageError, match="needs a file"):
        stream_examples(source, Options.of(target="y"), None)


def test_what_is_large(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(streaming, "LARGE_TEXT", 1000)
    assert is_large(PENGUINS)
    assert not is_large("-")
    assert not is_large(tmp_path)
    assert not is_large({"a": [1]})
