"""ARFF files."""

from __future__ import annotations

from pathlib import Path

import pytest

from descend.data.reading import read_table, stream_table
from descend.data.table import Table
from descend.errors import TableError

FULL = r"""% a comment
@RELATION 'two words'

@attribute size NUMERIC
@attribute 'the name' {red, 'light blue', "it's", don\'t}
@Attribute note string
@attribute day date "yyyy-MM-dd"
@attribute	count	integer
@DATA
% another
1.50, red, 'a, b', 2011-01-02, 1
?, 'light blue', "say \"hi\"", ?, 2
3,"it's",'?',2011-01-03,?

-1e3,'don\'t','it\'s\nso',  , 007.
"""


@pytest.fixture
def read(tmp_path: Path):
    def read(text: str) -> Table:
        (tmp_path / "a.arff").write_text(text)
        return read_table(tmp_path / "a.arff")

    return read


def test_every_kind_of_attribute(read, tmp_path: Path) -> None:
    table = read(FULL)
    assert table.frame.columns == ["size", "the name", "note", "day", "count"]
    assert table.frame.rows() == [
        ("1.50", "red", "a, b", "2011-01-02", "1"),
        (None, "light blue", 'say "hi"', None, "2"),
        ("3", "it's", "?", "2011-01-03", None),
        ("-1e3", "don't", "it's\nso", None, "007."),
    ]
    assert [table.line_of(row) for row in range(4)] == [11, 12, 13, 15]
    assert table.notes == ("format ARFF",)
    (tmp_path / "b.txt").write_text(FULL)
    assert read_table(tmp_path / "b.txt").frame.equals(table.frame)
    parts = list(stream_table(tmp_path / "b.txt", rows=3))
    assert [part.frame.height for part in parts] == [3, 1]
    assert parts[1].line_of(0) == 15


HEAD = "@relation a\n@attribute x real\n@attribute c {p, q}\n@data\n"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (HEAD + "{0 1, 1 p}\n", "line 5: sparse rows are not supported"),
        (HEAD + "1\n", "line 5: expected 2 values, one for each attribute, got 1"),
        (HEAD + "1,p\n2,p,3\n", "line 6: expected 2 values, one for each attribute, got 3"),
        (HEAD + "1,r\n", 'line 5, attribute "c": expected one of p, q, got .r.'),
        (HEAD + "1,p\nx,p\n", 'line 6, attribute "x": expected a number, got .x.'),
        (HEAD + "1,'p\n", "line 5: a quote opens and is not closed"),
        (HEAD, "has columns .x, c. but no rows"),
        ("@relation a\n@attribute x real\n", "expected @data after the attributes"),
        ("@relation a\n@data\n1\n", "line 2: @data comes before any @attribute"),
        ("@relation a\n@attribute x\n@data\n1\n", "line 2: expected @attribute NAME KIND"),
        ("@relation a\n@attribute x complex\n@data\n1\n", 'attribute "x": expected numeric, real'),
        ("@relation a\n@attribute x matrix\n@data\n1\n", "expected numeric, real"),
        ("@relation a\n@attribute x {a, b\n@data\na\n", "line 2: the list of values has no clos"),
        ("@relation a\n@inputs x\n@data\na\n", "line 2: expected @relation, @attribute or @data"),
        ("@relation a\n@attribute x real\n@attribute x real\n@data\n", '2 columns are named "x"'),
    ],
)
def test_what_is_refused(read, text: str, message: str) -> None:
    with pytest.raises(TableError, match=f"^a.arff.*{message}"):
        read(text)


def test_a_real_file(shared_data: Path) -> None:
    table = read_table(shared_data / "tables" / "kin8nm.arff")
    assert table.frame.shape == (8192, 9)
    assert table.frame.columns[0] == "theta1"
    assert table.frame.null_count().sum_horizontal().item() == 0
