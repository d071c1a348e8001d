"""What is found out about a delimited file: separator, quotes, header, decimal mark."""

from __future__ import annotations

from pathlib import Path

import pytest

from descend.data.form import Form, Wanted
from descend.data.reading import read_table
from descend.data.table import Table
from descend.errors import TableError, UsageError


@pytest.fixture
def read(tmp_path: Path):
    def read(text: str, name: str = "a.csv", **options: object) -> Table:
        path = tmp_path / name
        path.write_text(text, newline="")
        return read_table(path, **options)  # type: ignore[arg-type]

    return read


@pytest.mark.parametrize(
    ("text", "shape", "note"),
    [
        ("a;b;c\n1,5;2;x\n2,5;3;y\n", (2, 3), 'separator ";"'),
        ("a\tb\nx, y\t1\nz\t2\n", (2, 2), "separator tab"),
        ("a|b|c\n1|2|3\n", (1, 3), 'separator "|"'),
        ("1,5;2,5\n1,25;2,5\n", (2, 2), 'separator ";"'),
        ('a;b\n"x;y";1\n', (1, 2), 'separator ";"'),
    ],
)
def test_separators(read, text: str, shape: tuple[int, int], note: str) -> None:
    table = read(text)
    assert table.frame.shape == shape
    assert table.notes[0] == note


@pytest.mark.parametrize(
    ("text", "shape"),
    [
        ("a,b\n1,x;y\n2,p;q\n", (2, 2)),
        ('a,b\n1,"x;y|z"\n2,"p;q|r"\n', (2, 2)),
        ("a\n1\n2\n", (2, 1)),
        ("genre,n\nAction|Comedy,1\nDrama|Comedy,2\n", (2, 2)),
    ],
)
def test_what_is_no_separator(read, text: str, shape: tuple[int, int]) -> None:
    table = read(text)
    assert table.frame.shape == shape
    assert table.notes == ()


def test_one_column_of_text_with_commas_is_not_guessed_at(read) -> None:
    text = "comment\nhello, you\nbye, you\n"
    with pytest.raises(TableError, match=r"expected 1 cell in each row.* Every row differs"):
        read(text)
    assert read(text, delimiter="tab").frame.rows() == [("hello, you",), ("bye, you",)]


def test_running_text_is_shown_the_way_to_networks_that_write(tmp_path) -> None:
    (tmp_path / "play.txt").write_text("First Citizen:\nBefore we proceed, hear me, speak.\n")
    with pytest.raises(TableError, match=r"expected 1 cell in each row.*train --generate"):
        read_table(tmp_path / "play.txt")


def test_a_given_separator(read) -> None:
    assert read("a b\n1 2\n", delimiter="space").frame.rows() == [("1", "2")]
    assert read("a:b\n1:2\n", delimiter=":").frame.rows() == [("1", "2")]
    assert read("a\tb\n1,2\t3\n", delimiter="tab").frame.rows() == [("1,2", "3")]
    for wrong in ("ab", "é", "\n", "x", '"', ""):
        with pytest.raises(UsageError, match="one ASCII character"):
            read("a,b\n1,2\n", delimiter=wrong)


def test_quotes(read) -> None:
    single = read("a,b\n'x, y',1\n'z',2\n")
    assert single.frame.rows() == [("x, y", "1"), ("z", "2")]
    assert single.notes == ("quote '",)
    assert read("a,b\nit's,1\n'tis,2\n").frame.rows() == [("it's", "1"), ("'tis", "2")]
    assert read('a,b\n"x,1\n', quote="none").frame.rows() == [('"x', "1")]
    with pytest.raises(UsageError, match="the quote must be"):
        read("a,b\n1,2\n", quote="%%")


def test_tab_separated_text_without_quoting(read) -> None:
    text = 'kind\ttext\nham\t"Hello" he said\nspam\t"open\nham\tfine\n'
    table = read(text, "a.tsv")
    assert table.frame.rows()[:2] == [("ham", '"Hello" he said'), ("spam", '"open')]
    assert table.notes == ("separator tab", "quotes read as text")
    with pytest.raises(TableError, match="line 2: text follows a closing quote"):
        read(text, "a.tsv", quote='"')


@pytest.mark.parametrize(
    ("text", "header"),
    [
        ("a,b\n1,2\n", True),
        ("a,b\nx,y\nz,w\n", True),
        ("1,2\n3,4\n", False),
        ("1.5,x\n2.5,y\n", False),
        ("1.5,x\nNA,y\n2,z\n", False),
        ("?,x\n1,y\n", True),
        ("0,1,2\n5,6,7\n5,6,8\n", True),
        (",0,1,2\n0,5,6,7\n1,5,6,7\n", True),
        ("country,2019,2020,2021\nItaly,1,2,3\n", True),
        ("x,2019\n1,2\n", True),
        ("2011-01-01,x\n2011-01-02,y\n", False),
        ("date,x\n2011-01-02,y\n", True),
        ("ham,hello\nspam,win\nham,bye\nham,so\n", False),
        ("a,b\nx,y\na,b\nz,w\na,b\n", True),
        ("id,name\na,b\n", True),
        ("5.1,3.5,setosa\n", False),
        ("1,5;2,5\n3,5;4,5\n", False),
    ],
)
def test_headers(read, text: str, header: bool) -> None:
    if header and text.count("\n") == 1:
        with pytest.raises(TableError, match="no rows"):
            read(text)
        return
    table = read(text)
    assert table.frame.height == text.count("\n") - header
    assert ("no header: columns named column_1 and so on" in table.notes) is not header


def test_a_header_as_told(read) -> None:
    assert read("1,2\n3,4\n", header=True).frame.columns == ["1", "2"]
    assert read("a,b\n3,4\n", header=False).frame.height == 2


def test_names(read) -> None:
    assert read(' a ,"b ""c"", d"\n1,2\n').frame.columns == ["a", 'b "c", d']
    table = read("a,,c\n1,2,3\n")
    assert table.frame.columns == ["a", "column_2", "c"]
    assert table.notes == ("column 2 has no name: named column_2",)
    table = read(",,c\n1,2,3\n")
    assert table.notes == ("2 columns have no name: named column_1 and so on",)


def test_names_that_occur_twice(read) -> None:
    expected = r'a.csv: 2 columns are named "a" \(columns 1, 3\)\. .*--no-header'
    with pytest.raises(TableError, match=expected):
        read("a,b,a\n1,2,3\n")
    with pytest.raises(TableError, match="and 1 other names"):
        read("a,b,a,b\n1,2,3,4\n")


@pytest.mark.parametrize(
    ("text", "decimal"),
    [
        ("a;b\n1,5;2\n2,5;3\n", ","),
        ('a,b\n"1,5",2\n"2,5",3\n', ","),
        ("a;b\n1.234,5;x\n", ","),
        ("a;b\n1,234;x\n", ","),
        ('a,b\n"1,234",2\n"2,345",3\n', "."),
        ("a;b\n1,5;x\nyes;y\n", "."),
        ("a;b\n1,5;2.5\n", "."),
        ("a;b\n1;2\n", "."),
        ("a;b\n1,5;NA\nNA;x\n", ","),
    ],
)
def test_decimal_marks(read, text: str, decimal: str) -> None:
    table = read(text)
    assert table.decimal == decimal
    assert ("decimal comma" in table.notes) == (decimal == ",")


def test_a_decimal_mark_as_told(read) -> None:
    assert read("a;b\n1,5;2\n", decimal=".").decimal == "."
    with pytest.raises(UsageError, match="decimal must be"):
        read("a,b\n1,2\n", decimal=";")


def test_real_files(shared_data: Path) -> None:
    tables = shared_data / "tables"
    for name in ("adult-train.csv", "adult-test.csv", "winequality-white.csv"):
        assert read_table(tables / name).notes == ("no header: columns named column_1 and so on",)
    for name in ("penguins.csv", "titanic.csv", "california.csv", "electricity.csv"):
        assert read_table(tables / name).notes == ()
    letter = read_table(tables / "letter.tsv.gz")
    assert letter.frame.shape == (20000, 17)
    assert letter.notes == ("separator tab",)
    messages = read_table(shared_data / "text" / "sms-spam" / "SMSSpamCollection")
    assert messages.frame.shape == (5574, 2)


def test_the_columns_that_a_model_needs_tell_the_header_and_the_separator(read) -> None:
    table = read("2,x\nred,y\n", wanted=Wanted(("column_1",), form=Form(",", header=False)))
    assert table.frame.rows() == [("2", "x"), ("red", "y")]
    assert read("red,y\n", wanted=Wanted(("column_2",))).frame.rows() == [("red", "y")]
    assert read("1,2\n3,4\n", wanted=Wanted(("2",))).frame.columns == ["1", "2"]
    table = read("a;b,c\nd;e,f\n", wanted=Wanted(("column_2",), form=Form(",", header=False)))
    assert table.frame.rows() == [("a;b", "c"), ("d;e", "f")]
