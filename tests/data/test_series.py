"""Files of sequences, and sequences into arrays."""

import numpy as np
import polars as pl
import pytest

from descend.data.columns import Column
from descend.data.encoders.series import fit_series, read_series
from descend.data.formats.series_files import series_cells
from descend.data.reading import read_table
from descend.errors import ColumnError, TableError

COLUMN = Column("series", "series")
HEAD = "# about\n@problemName x\n@timeStamps false\n@classLabel true a b\n@data\n"


def cells(*texts):
    return pl.Series("series", list(texts), dtype=pl.String)


def test_ts_files_become_tables_with_their_target(tmp_path):
    path = tmp_path / "X_TRAIN.ts"
    path.write_text(HEAD + "1,2,3:4,?,6:a\n\n1:2:b\n")
    table = read_table(path)
    assert table.target == "class"
    assert table.kinds == {"series": "series"}
    assert table.frame.to_dict(as_series=False) == {
        "series": ["1,2,3:4,?,6", "1:2"], "class": ["a", "b"],
    }  # fmt: skip


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("@problemName x\n", "no line @data"),
        (HEAD + "1,2,3\n", "line 6: no class after the last colon"),
        (HEAD + "1:2:a\n1:b\n", "line 7 has 1 channels; the lines before have 2"),
        (HEAD.replace("@classLabel", "@clasLabel"), "@claslabel is not known.*classlabel"),
        (HEAD.replace("Stamps false", "Stamps true") + "(0,1):a\n", "equal steps"),
        (HEAD, "has no sequences"),
    ],
)
def test_damaged_ts_files_are_refused(tmp_path, text, message):
    (tmp_path / "x.ts").write_text(text)
    with pytest.raises(TableError, match=message):
        read_table(tmp_path / "x.ts")


def test_ucr_tsv_and_npz(tmp_path):
    (tmp_path / "X_TEST.tsv").write_text("1\t0.5\t1.5\tNaN\n2\t1\t2\t3\n")
    frame = read_table(tmp_path / "X_TEST.tsv").frame
    assert frame["series"].to_list() == ["0.5,1.5", "1,2,3"]
    x = np.arange(12.0).reshape(2, 3, 2)
    np.savez(tmp_path / "x.npz", x=x, y=np.array(["a", "b"]), length=np.array([3, 2]))
    frame = read_table(tmp_path / "x.npz").frame
    assert frame["series"].to_list() == ["0.0,2.0,4.0:1.0,3.0,5.0", "6.0,8.0:7.0,9.0"]
    assert frame["class"].to_list() == ["a", "b"]
    np.savez(tmp_path / "bad.npz", z=x, length=[3, 3])
    with pytest.raises(TableError, match=r"needs an array x of numbers.*it has z, length"):
        read_table(tmp_path / "bad.npz")
    np.savez(tmp_path / "object.npz", x=np.array([{}], object), length=[1])
    with pytest.raises(TableError, match="plain arrays of numbers"):
        read_table(tmp_path / "object.npz")


@pytest.mark.parametrize("length", [-3, 4, 1.5, float("nan"), "3"])
def test_lengths_that_cannot_be_are_refused_by_row(tmp_path, length):
    lengths = np.array([3, length])
    if isinstance(length, str):
        lengths = np.array([length, length])
    np.savez(tmp_path / "x.npz", x=np.zeros((2, 3)), length=lengths)
    row = 1 if isinstance(length, str) else 2
    with pytest.raises(TableError, match=rf"from 0 to 3,.* but in row {row} it is {length}"):
        read_table(tmp_path / "x.npz")


def test_values_lengths_gaps_and_padding():
    encoder = fit_series(cells("1,2,3,4:1,1,3,3", "5,6:0,0"), COLUMN)
    assert (encoder.steps, encoder.channels) == (4, 2)
    x, tally = encoder.arrays(cells("1,?,3:0,0,0", "", None, "7:7", "1,2,3,4,5:1,2,3,4,5"))
    assert x["length"].tolist() == [3, 0, 0, 1, 4]
    assert (tally.missing, tally.outside) == (1, 1)
    raw = x["values"] * np.array(encoder.deviations) + np.array(encoder.means)
    np.testing.assert_allclose(raw[0, :3, 0], [1, 2, 3], rtol=1e-5)  # the gap lies between
    assert not x["values"][0, 3:].any()
    assert not x["values"][1].any()


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("1,two,3", 'row 2: "two" is not a number'),
        ("1,2:3", "its channels have 2, 1 steps"),
        ("1,inf", "infinite"),
    ],
)
def test_cells_that_are_no_sequences_are_refused_by_row(text, message):
    with pytest.raises(ColumnError, match=message):
        read_series(cells("1,2,3", text), COLUMN)


def test_nothing_to_learn_from_and_other_channels():
    with pytest.raises(ColumnError, match="no sequence has two steps"):
        fit_series(cells("1", ""), COLUMN)
    encoder = fit_series(cells("1,2,3"), COLUMN)
    with pytest.raises(ColumnError, match="2 channels, but the model learned from 1"):
        encoder.arrays(cells("1,2:3,4"))
    assert series_cells(np.array([[1.0, np.nan]])) == ["1.0,?"]
