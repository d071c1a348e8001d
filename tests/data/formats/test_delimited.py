"""The structure of delimited text: exact against Python's csv, whole and in blocks of any size."""

from __future__ import annotations

import csv
import io
import re
from pathlib import Path

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from descend.data.formats import delimited
from descend.data.formats.delimited import BLANKS, MOST_COLUMNS, Dialect, scan_block
from descend.data.formats.delimited_file import delimited_blocks
from descend.data.formats.detection import Layout
from descend.data.reading import read_table
from descend.errors import TableError


def rows_of(
    text: bytes, width: int, dialect: Dialect | None = None, size: int = 1 << 20, **options: bool
) -> tuple[list[tuple[str | None, ...]], list[int]]:
    """Read text without header in parts of `size` bytes: the rows and their lines."""
    names = tuple(f"c{place}" for place in range(width))
    layout = Layout(dialect or Dialect(), False, names, ".", ())
    parts = [text[start : start + size] for start in range(0, len(text), size)]
    rows: list[tuple[str | None, ...]] = []
    lines: list[int] = []
    for block in delimited_blocks(parts, layout, "a.csv", **options):
        assert block.lines is not None
        rows += block.frame.rows()
        lines += [block.lines.line_of(row) for row in range(block.frame.height)]
    return rows, lines


CELLS = st.text(
    st.one_of(
        st.sampled_from(list("\",;\t\n\r |'ab1é漢\u00a0\x1e\x1f\x01")),
        st.characters(exclude_categories=("Cs",), exclude_characters="\0"),
    ),
    max_size=6,
)


@st.composite
def tables(draw: st.DrawFn) -> list[list[str]]:
    width = draw(st.integers(1, 4))
    return draw(st.lists(st.lists(CELLS, min_size=width, max_size=width), min_size=1, max_size=8))


@settings(deadline=None)
@given(
    table=tables(),
    separator=st.sampled_from(",;\t|"),
    newline=st.sampled_from(["\n", "\r\n", "\r"]),
    everything=st.booleans(),
    size=st.integers(1, 12),
    last=st.booleans(),
)
def test_what_csv_writes_is_read_back(
    table: list[list[str]], separator: str, newline: str, everything: bool, size: int, last: bool
) -> None:
    text, lines, line = "", [], 1
    for row in table:
        # csv leaves a CR bare where lines end in LF, an LF where in CR, and a lone blank cell.
        bare = any(re.search("[\r\n]", cell) or not cell.strip(BLANKS) for cell in row)
        all_of_it = everything or bare
        file = io.StringIO(newline="")
        quoting = csv.QUOTE_ALL if all_of_it else csv.QUOTE_MINIMAL
        csv.writer(file, delimiter=separator, lineterminator=newline, quoting=quoting).writerow(row)
        lines.append(line)
        text += file.getvalue()
        line += len(re.findall("\r\n|\r|\n", file.getvalue()))
    text = text if last else text.removesuffix(newline)
    expected = [tuple(cell.strip(BLANKS) or None for cell in row) for row in table]
    dialect = Dialect(separator)
    assert rows_of(text.encode(), len(table[0]), dialect) == (expected, lines)
    assert rows_of(text.encode(), len(table[0]), dialect, size) == (expected, lines)


@settings(deadline=None)
@given(st.text('",\n\r ab', max_size=30), st.integers(1, 8))
def test_the_size_of_blocks_changes_nothing(text: str, size: int) -> None:
    def outcome(size: int) -> object:
        try:
            return rows_of(text.encode(), 2, size=size, skip_bad=True)
        except TableError as error:
            return str(error)

    assert outcome(size) == outcome(1 << 20)


@pytest.mark.parametrize(
    ("text", "rows"),
    [
        (b'5" pipe,1\n6" pipe,2\n', [('5" pipe', "1"), ('6" pipe', "2")]),
        (b'say "hi",1\na,2\n', [('say "hi"', "1"), ("a", "2")]),
        (b'a"b,"c,d"\n', [('a"b', "c,d")]),
        (b'"x ""y""",""\n', [('x "y"', None)]),
        (b'""""," "\n', [('"', None)]),
        (b' "a, b" , "c"\t\n', [("a, b", "c")]),
        (b"a,b\r\nc,d\re,f\n", [("a", "b"), ("c", "d"), ("e", "f")]),
        (b"\n\na,b\n  \n\t\nc,d\n\n", [("a", "b"), ("c", "d")]),
        (b",\n,x\n", [(None, None), (None, "x")]),
        (b'"a\r\nb",c', [("a\r\nb", "c")]),
        (b"\xc2\xa0a\xc2\xa0,b", [("a", "b")]),
        (b"'a,b\n", [("'a", "b")]),
    ],
)
def test_cells(text: bytes, rows: list[tuple[str | None, ...]]) -> None:
    assert rows_of(text, 2)[0] == rows
    assert rows_of(text, 2, size=1)[0] == rows


def test_many_quotes_within_cells_are_quick_and_exact() -> None:
    text = b'1 1/2" pipe,"a ""b"", c"\n' * 20_000
    rows, _ = rows_of(text, 2)
    assert rows == [('1 1/2" pipe', 'a "b", c')] * 20_000


def test_quotes_read_as_text() -> None:
    assert rows_of(b'"a,b"\n"c,d\n', 2, Dialect(quote=None))[0] == [('"a', 'b"'), ('"c', "d")]


def test_a_quote_of_ones_own() -> None:
    assert rows_of(b"'a,b','it''s'\n", 2, Dialect(quote="'"))[0] == [("a,b", "it's")]


def test_lines_are_those_of_the_file() -> None:
    text = b'a,b\n\n"c\nc\r\nc",d\r\n\r\ne,f\n"g\n",h\ni,j'
    assert rows_of(text, 2)[1] == [1, 3, 7, 8, 10]
    assert rows_of(text, 2, size=3)[1] == [1, 3, 7, 8, 10]


def test_ragged_rows_are_named_with_their_lines() -> None:
    text = b"a,b\n1,2\n3\n\n4,5,6\n7\n8\n9\n10\n11,12\n"
    expected = (
        "^a.csv: expected 2 cells in each row, as in the first, but line 3 has 1, line 5 has 3, "
        "line 6 has 1, line 7 has 1, line 8 has 1 and more follow. .*--bad-rows skip"
    )
    with pytest.raises(TableError, match=expected):
        rows_of(text, 2)
    rows, lines = rows_of(text, 2, skip_bad=True)
    assert rows == [("a", "b"), ("1", "2"), ("11", "12")]
    assert lines == [1, 2, 10]


def test_skipped_rows_are_counted(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("a,b\n1,2\n3\n4,5,6\n7,8\n")
    table = read_table(path, bad_rows="skip")
    assert table.frame.rows() == [("1", "2"), ("7", "8")]
    assert table.skipped == 2
    assert table.notes == ("2 rows with too few or too many cells left out",)


@pytest.mark.parametrize("size", [1, 1 << 20])
def test_an_open_quote_is_named_where_it_opens(size: int) -> None:
    with pytest.raises(TableError, match=r"^a.csv, line 3: a quote opens here and is not closed"):
        rows_of(b'a,b\n1,2\n3,"4\n5,6\n7,8\n', 2, size=size)


@pytest.mark.parametrize("size", [1, 1 << 20])
def test_text_behind_a_closing_quote_is_refused(size: int) -> None:
    expected = (
        r'^a.csv, line 4: text follows a closing quote \("x"?.*\); the quote opened on line 3'
    )
    with pytest.raises(TableError, match=expected):
        rows_of(b'a,b\n1,2\n3,"4\n"x","y"\n', 2, size=size)


def test_an_open_quote_stops_long_before_the_end_of_a_large_file() -> None:
    with pytest.raises(TableError, match=r"line 2: a quote opens here and is not closed up to 10"):
        rows_of(b'a,b\n1,"2\n' + b"3,4\n" * 4_000_000, 2)


def test_too_many_columns_are_refused() -> None:
    wide = b",".join([b"1"] * (MOST_COLUMNS + 1))
    for text in (wide, wide + b"\n" + wide + b"\n"):
        with pytest.raises(TableError, match=r"line 1: more than 100,000 columns.*transpose"):
            rows_of(text, 2, size=1 << 16)


def test_an_endless_line_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(delimited, "_LONGEST_RECORD", 1_000_000)
    with pytest.raises(TableError, match="line 1: a line of more than 1 MB"):
        rows_of(b"x" * 1_100_000, 1)


def test_a_long_cell_is_fine_and_an_absurd_one_is_not() -> None:
    assert rows_of(b"a,b\n" + b"x" * 200_000 + b",c\n", 2)[0][1] == ("x" * 200_000, "c")
    with pytest.raises(TableError, match=r"line 2: a cell of 11,000,00\d bytes"):
        rows_of(b"a,b\n" + b"x" * 11_000_000 + b",c\n", 2)


def test_no_control_character_is_left() -> None:
    text = bytes(code for code in range(1, 32) if code not in (9, 10, 13)) + b',"a"\n'
    with pytest.raises(TableError, match="every control character"):
        rows_of(text, 2)


def test_a_block_without_a_complete_record() -> None:
    assert scan_block(b'a,"b\n', Dialect(), final=False, source="a.csv") is None
    assert scan_block(b"a,b\r", Dialect(), final=False, source="a.csv") is None


def test_real_files_equal_python_csv(shared_data: Path) -> None:
    for name in ("titanic.csv", "telco_churn.csv", "adult-test.csv"):
        path = shared_data / "tables" / name
        with path.open(newline="") as file:
            rows = [row for row in csv.reader(file, skipinitialspace=True) if row]
        table = read_table(path)
        skipped = 0 if name.startswith("adult") else 1
        expected = [tuple(cell.strip() or None for cell in row) for row in rows[skipped:]]
        assert table.frame.rows() == expected
        assert set(table.frame.dtypes) == {pl.String}
