"""Folders of texts."""

import pytest

from descend.data.form import Form, Wanted
from descend.data.reading import read_table
from descend.errors import TableError


def test_a_file_a_class_and_a_line_a_text(tmp_path):
    (tmp_path / "ham.txt").write_text("see you soon\n\nthanks\n")
    (tmp_path / "spam.txt").write_text("free prize")
    table = read_table(tmp_path)
    assert table.target == "class"
    assert table.kinds == {"text": "text"}
    assert table.frame.rows() == [
        ("see you soon", "ham"), ("thanks", "ham"), ("free prize", "spam"),
    ]  # fmt: skip


def test_a_folder_a_class_and_a_file_a_text_in_parts(tmp_path):
    for part, name, text in (
        ("train", "up/1.txt", "good"), ("train", "down/in/2.txt", "bad\nworse"),
        ("test", "up/3.txt", "fine"),
    ):  # fmt: skip
        file = tmp_path / part / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
    (tmp_path / "train" / "up" / "0.txt").touch()
    frame = read_table(tmp_path).frame
    assert frame.columns == ["text", "class", "split"]
    assert sorted(frame.rows()) == [
        ("", "up", "train"), ("bad\nworse", "down", "train"),
        ("fine", "up", "test"), ("good", "up", "train"),
    ]  # fmt: skip


def test_one_class_and_mixtures_are_refused(tmp_path):
    (tmp_path / "ham.txt").write_text("see you soon\n")
    with pytest.raises(TableError, match="texts of one class only, ham"):
        read_table(tmp_path)
    (tmp_path / "spam").mkdir()
    (tmp_path / "spam" / "1.txt").write_text("free")
    with pytest.raises(TableError, match=r"files beside them, such as ham\.txt"):
        read_table(tmp_path)


@pytest.mark.parametrize("unit", ["line", "file"])
def test_a_folder_to_predict_is_read_as_the_model_learned(tmp_path, unit):
    wanted = Wanted(("review",), "review", ("up", "down"), Form(texts=unit))
    (tmp_path / "1.txt").write_text("good\nfine\n")
    (tmp_path / "more").mkdir()
    (tmp_path / "more" / "2.txt").write_text("bad")
    frame = read_table(tmp_path, wanted=wanted).frame
    first = ["good", "fine"] if unit == "line" else ["good\nfine\n"]
    assert frame.to_dict(as_series=False) == {
        "review": [*first, "bad"], "file": [*["1.txt"] * len(first), "more/2.txt"],
    }  # fmt: skip
    (tmp_path / "more").rename(tmp_path / "down")
    assert read_table(tmp_path, wanted=wanted).frame["class"].to_list()[-1] == "down"
