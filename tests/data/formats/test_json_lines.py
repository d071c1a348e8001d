"""JSON lines."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest

from descend.data.reading import read_table, stream_table
from descend.data.table import Table
from descend.errors import TableError


@pytest.fixture
def read(tmp_path: Path):
    def read(text: str, name: str = "a.jsonl") -> Table:
        (tmp_path / name).write_text(text)
        return read_table(tmp_path / name)

    return read


def test_values_stay_as_they_are_spelled(read) -> None:
    table = read(
        '{"a": 1.50, "b": "007", "c": true}\n\n'
        '{"c": false, "d": null, "a": 12345678901234567890}\r\n'
        '{"a": NaN, "b": " x ", "d": ""}'
    )
    assert table.frame.rows() == [
        ("1.50", "007", "true", None),
        ("12345678901234567890", None, "false", None),
        ("NaN", "x", None, None),
    ]
    assert set(table.frame.dtypes) == {pl.String}
    assert [table.line_of(row) for row in range(3)] == [1, 3, 4]
    assert table.notes == ("format JSON lines",)


def test_a_key_that_comes_late_is_in_every_part(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    path.write_text('{"a": 1}\n' * 9000 + '{"b": 2}\n')
    parts = list(stream_table(path, rows=4000))
    assert {tuple(part.frame.columns) for part in parts} == {("a", "b")}
    assert [part.frame.height for part in parts] == [4000, 4000, 1001]
    assert parts[2].frame.row(1000) == (None, "2")
    assert parts[2].line_of(1000) == 9001


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('{"a": 1}\n{"a": \n', "line 2: expected one JSON object on each line"),
        ('{"a": 1}\n[1]\n', "line 2: expected a JSON object such as .* got a list"),
        ('{"a": 1}\n{"a": [1]}\n', 'line 2, key "a": .* it is a list'),
        ('{"a": {"b": 1}}\n', 'line 1, key "a": .* it is an object'),
        ('[{"a": 1}]\n', "is one JSON list; expected JSON lines"),
        ("{}\n", "neither columns nor rows|columns"),
        ('{"a": ' + "[" * 100_000 + "\n", "line 1: expected one JSON object"),
    ],
)
def test_what_is_refused(read, text: str, message: str) -> None:
    with pytest.raises(TableError, match=f"^a.jsonl.*({message})"):
        read(text)


def test_halves_of_surrogate_pairs_become_one_mark(read) -> None:
    frame = read('{"a": "cut \\ud83d", "b\\udc00": "\\ud83d\\ude00 whole"}\n').frame
    assert frame.rows() == [("cut \ufffd", "😀 whole")]
    assert frame.columns == ["a", "b\ufffd"]
