"""Paths in cells, and columns that are inputs of their own."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from descend.data.columns import Column
from descend.data.encoders import fitting as encoders
from descend.data.encoders.array_encoder import ArrayEncoder
from descend.data.media.paths import located, path_kinds
from descend.data.notes import Tally
from descend.data.preprocessing import fit_preprocessing


def test_relative_paths_start_from_the_table():
    frame = pl.DataFrame({"photo": [" a b/ü.png", "/x.png", None], "name": ["a", "b", "c"]})
    columns = [Column("photo", "image"), Column("name", "category")]
    found = located(frame, columns, Path("/data"))
    assert found["photo"].to_list() == ["/data/a b/ü.png", "/x.png", None]
    assert found["name"].to_list() == ["a", "b", "c"]
    assert located(frame, columns, None)["photo"][0] == str(Path.cwd() / "a b/ü.png")


def test_paths_that_are_absent_or_pixels_are_left_alone():
    pixels = pl.DataFrame({"photo": [[1, 2], [3, 4]]})
    assert located(pixels, [Column("photo", "image")], None).equals(pixels)
    assert located(pixels, [Column("other", "image")], None).equals(pixels)


def test_columns_of_paths_are_found_by_endings_and_by_the_files_that_are_there(tmp_path):
    for name in ("a.png", "b.JPG", "c.wav"):
        (tmp_path / name).touch()
    frame = pl.DataFrame({
        "photo": [" a.png", "b.JPG", None], "sound": ["c.wav", "NA", "gone.wav"],
        "label": ["x.png", "y.png", "z.png"], "both": ["a.png", "c.wav", "a.png"],
        "text": ["a", "b", "c"], "size": [1, 2, 3],
    })  # fmt: skip
    assert path_kinds(frame, tmp_path) == {"photo": "image", "sound": "sound"}
    assert path_kinds(frame, tmp_path / "elsewhere") == {}
    assert path_kinds(frame[:0], tmp_path) == {}
    again = frame.select(pl.col("photo").cast(pl.Enum([" a.png", "b.JPG"])))
    assert path_kinds(again, tmp_path) == {"photo": "image"}
    found = located(again, [Column("photo", "image")], tmp_path)
    assert found["photo"].to_list() == [str(tmp_path / "a.png"), str(tmp_path / "b.JPG"), None]


@dataclass(frozen=True)
class Lengths(ArrayEncoder):
    """Two numbers for each text: letters and blanks."""

    column: Column

    @property
    def input_shape(self):
        return (2,)

    def arrays(self, series, first_row=0):
        letters = series.str.len_chars().fill_null(0).to_numpy()
        blanks = series.str.count_matches(" ").fill_null(0).to_numpy()
        array = np.stack([letters, blanks], axis=1).astype(np.float32)
        return array, Tally(missing=series.null_count())

    def describe(self):
        return f"{self.column.name}: lengths"


@pytest.fixture
def _lengths(monkeypatch):
    monkeypatch.setitem(encoders._ARRAY_FITS, "image", lambda series, column: Lengths(column))


@pytest.mark.usefixtures("_lengths")
def test_a_column_may_be_an_input_of_its_own():
    frame = pl.DataFrame({"size": [1.0, 3.0, 5.0], "says": ["a b", None, "abc"]})
    columns = (Column("size", "number"), Column("says", "image"))
    fitted = fit_preprocessing(frame, columns)
    assert fitted.input_shape == {"numbers": (1,), "image says": (2,)}
    assert fitted.feature_names == ("size",)
    assert "says: lengths" in fitted.describe()
    inputs, notes = fitted.transform(frame, np.array([2, 1]))
    assert list(inputs) == ["numbers", "image says"]
    assert inputs["image says"].tolist() == [[3, 0], [0, 0]]
    assert notes.missing == {"says": 1}


@pytest.mark.usefixtures("_lengths")
def test_a_column_may_be_the_only_input():
    frame = pl.DataFrame({"says": ["a b", "c"]})
    fitted = fit_preprocessing(frame, (Column("says", "image"),))
    assert fitted.input_shape == {"image says": (2,)}
    inputs, _ = fitted.transform(frame)
    assert list(inputs) == ["image says"]
