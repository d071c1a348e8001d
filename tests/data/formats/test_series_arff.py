"""Sequences in ARFF files, and test files that stand beside those to train on."""

import pytest

from descend.data.formats.official_tests import file_of_tests as file_beside
from descend.data.formats.official_tests import with_test_rows
from descend.data.reading import read_table
from descend.errors import TableError

ONE = "@relation x\n@attribute a1 numeric\n@attribute a2 numeric\n@attribute target {1,2}\n@data\n"
MANY = (
    "@relation x\n@attribute s relational\n  @attribute t0 numeric\n  @attribute t1 numeric\n"
    "@end s\n@attribute class {up,'far down'}\n@data\n"
)


def test_numbers_and_a_class_are_sequences_where_the_name_says_so(tmp_path):
    (tmp_path / "X_TRAIN.arff").write_text(ONE + "0.5,1.5,1\n% no row\n2,?,2\n")
    table = read_table(tmp_path / "X_TRAIN.arff")
    assert table.frame.to_dict(as_series=False) == {"series": ["0.5,1.5", "2"], "class": ["1", "2"]}
    assert table.kinds == {"series": "series"}
    (tmp_path / "robots.arff").write_text(ONE + "0.5,1.5,1\n")
    assert read_table(tmp_path / "robots.arff").frame.columns == ["a1", "a2", "target"]


def test_relational_attributes_are_channels(tmp_path):
    (tmp_path / "robots.arff").write_text(
        MANY + "'1.0,2.0\\n3.0,4.0',up\n'5.0,?\\n?,?','far down'\n"
    )
    frame = read_table(tmp_path / "robots.arff").frame
    assert frame["series"].to_list() == ["1.0,2.0:3.0,4.0", "5.0:?"]
    assert frame["class"].to_list() == ["up", "far down"]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (MANY + "'1,2\\n3',up\n", "line 8: the channels have 1, 2 steps"),
        (MANY + "'1,2',up,up\n", "line 8: expected a sequence and its class, got 3"),
        (MANY, "has no sequences"),
    ],
)
def test_damaged_ones_are_refused(tmp_path, text, message):
    (tmp_path / "x.arff").write_text(text)
    with pytest.raises(TableError, match=message):
        read_table(tmp_path / "x.arff")


def test_a_test_file_beside_is_found_and_joined(tmp_path):
    train, test = tmp_path / "X_TRAIN.arff", tmp_path / "X_TEST.arff"
    train.write_text(ONE + "1,2,1\n3,4,2\n")
    assert file_beside(train) is None
    test.write_text(ONE + "5,6,2\n")
    assert file_beside(str(train)) == test
    assert file_beside(test) is None
    table = with_test_rows(read_table(train), test)
    assert table.frame["part"].to_list() == ["train", "train", "test"]
    assert table.kinds["part"] == "split"
    assert "the 1 of X_TEST.arff" in table.notes[-1]
