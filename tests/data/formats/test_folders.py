"""Folders as tables, and files in them that cannot be read."""

import os
from dataclasses import replace

import numpy as np
import pytest

from descend.data.columns import Column
from descend.data.media.readable import Readability, readable_table
from descend.data.reading import read_table
from descend.errors import DataError, TableError

from ..pictures import encoded, folder_of_classes

COLUMNS = (Column("path", "image"), Column("class", "target"))


def touch(path, *names):
    for name in names:
        (path / name).parent.mkdir(parents=True, exist_ok=True)
        (path / name).write_bytes(b"")


def test_sub_folders_are_classes(tmp_path):
    touch(tmp_path, "b/2.png", "a/deep/er/1.JPG", ".hidden/3.png", "a/notes.txt", "a/.x.png")
    (tmp_path / "empty").mkdir()
    table = read_table(tmp_path)
    assert table.frame.rows() == [(os.path.join("a", "deep", "er", "1.JPG"), "a"), ("b/2.png", "b")]
    assert (table.target, table.kinds, table.base) == ("class", {"path": "image"}, tmp_path)
    assert table.notes == ("folders that hold none, left out: empty",)


def test_train_and_test_folders_split_the_rows(tmp_path):
    touch(tmp_path, "train/a/1.png", "train/b/2.png", "valid/a/3.png", "test/b/4.png")
    table = read_table(tmp_path)
    assert table.frame["split"].to_list() == ["test", "train", "train", "validation"]
    assert table.kinds == {"path": "image", "split": "split"}


def test_files_only_are_there_to_be_predicted(tmp_path):
    touch(tmp_path, "2.png", "1.png", "read me.txt")
    table = read_table(tmp_path)
    assert table.frame.to_dict(as_series=False) == {"path": ["1.png", "2.png"]}
    assert table.target is None
    one = read_table(tmp_path / "1.png")
    assert one.frame.rows() == [("1.png",)]
    assert one.base == tmp_path


@pytest.mark.parametrize(
    ("names", "message"),
    [
        ([], "holds no picture"),
        (["a/1.txt"], "texts of one class only, a"),
        (["a/1.xyz"], "holds no picture.*Folders in it: a"),
        (["a.csv", "b.txt"], "not texts alone.*Files in it: a.csv, b.txt; a table"),
        (["a/1.png", "b/1.wav"], "1 pictures and 1 sounds"),
        (["a/1.png", "2.png"], "1 files beside them, such as 2.png"),
        (["train/a/1.png", "test/a/1.png", "more/a/1.png"], "and also more"),
    ],
)
def test_other_folders_are_refused(tmp_path, names, message):
    touch(tmp_path, *names)
    with pytest.raises(TableError, match=message):
        read_table(tmp_path)


def test_unreadable_files_are_named_left_out_and_counted(tmp_path):
    folder_of_classes(tmp_path, count=12)
    (tmp_path / "dark" / "text.png").write_text("no picture")
    table, notes = readable_table(read_table(tmp_path), COLUMNS)
    assert len(table.frame) == 24
    assert notes[0].startswith("1 file cannot be read, left out: ")
    assert "text.png: it is no picture" in notes[0]


def test_too_many_unreadable_files_stop_with_a_list(tmp_path):
    folder_of_classes(tmp_path, count=12)
    (tmp_path / "dark" / "cut.png").write_bytes(
        encoded(np.random.default_rng(0).integers(0, 256, (30, 30), np.uint8))[:-400]
    )
    (tmp_path / "dark" / "gone.png").symlink_to(tmp_path / "nowhere.png")
    with pytest.raises(DataError, match="2 files of 26 cannot be read") as caught:
        readable_table(read_table(tmp_path), COLUMNS)
    assert "cut.png: it is damaged or cut short" in str(caught.value)
    assert "gone.png: No such file" in str(caught.value)


def test_the_share_of_unreadable_files_is_that_of_all_parts(tmp_path):
    folder_of_classes(tmp_path, count=12)
    (tmp_path / "light" / "z.png").write_text("no picture")
    table = read_table(tmp_path)
    parts = [replace(table, frame=table.frame[:22]), replace(table, frame=table.frame[22:])]
    readability = Readability(COLUMNS)
    found = [(readability.readable(part), readability.notes()) for part in parts]
    assert [len(part.frame) for part, _ in found] == [22, 2]
    assert found[0][1] == ()
    assert found[1][1] == readable_table(table, COLUMNS)[1]
    with pytest.raises(DataError, match="1 file of 3 cannot be read"):
        readable_table(parts[1], COLUMNS)
