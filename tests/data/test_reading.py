"""The one door: every format, whole and in parts, and what is refused at it."""

from __future__ import annotations

import gzip
import io
import os
import pickle
import sys
import threading
import zipfile
from collections.abc import Callable
from pathlib import Path

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from descend.data.formats import sources
from descend.data.reading import read_table, stream_table
from descend.data.table import Table
from descend.errors import TableError, UsageError

FRAME = pl.DataFrame({"a": [1, 2, None], "b": ["x", None, "é"], "c": [0.5, 1.5, 2.5]})
TEXT = FRAME.select(pl.all().cast(pl.String))

WRITERS: dict[str, Callable[[Path], object]] = {
    "t.csv": lambda path: FRAME.write_csv(path),
    "t.tsv": lambda path: FRAME.write_csv(path, separator="\t"),
    "t.txt": lambda path: FRAME.write_csv(path, separator=";"),
    "t": lambda path: FRAME.write_csv(path),
    "t.csv.gz": lambda path: path.write_bytes(gzip.compress(FRAME.write_csv().encode())),
    "gz.csv": lambda path: path.write_bytes(gzip.compress(FRAME.write_csv().encode())),
    "t.jsonl": lambda path: FRAME.write_ndjson(path),
    "json.txt": lambda path: FRAME.write_ndjson(path),
    "t.jsonl.gz": lambda path: path.write_bytes(gzip.compress(FRAME.write_ndjson().encode())),
    "t.parquet": lambda path: FRAME.write_parquet(path),
    "parquet.csv": lambda path: FRAME.write_parquet(path),
    "t.arrow": lambda path: FRAME.write_ipc(path),
    "t.feather": lambda path: FRAME.write_ipc(path),
    "stream.arrow": lambda path: FRAME.write_ipc_stream(path),
}


HEADS = [
    b"PAR1", b"ARROW1", b"\x1f\x8b\x08", b"\xff\xff\xff\xff",
    b"@relation a\n@attribute x real\n@data\n", b'{"a": 1}\n', b"\xff\xfe",
    b"\xef\xbb\xbf", b"a,b\n1,2\n", b'a\tb\n"1"\t2\n',
]  # fmt: skip


def put_together(tables: list[Table]) -> pl.DataFrame:
    return pl.concat([table.frame for table in tables])


def give(content: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(content)))


@pytest.mark.parametrize("name", WRITERS)
def test_formats(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / name
    WRITERS[name](path)
    typed = name in ("t.parquet", "parquet.csv", "t.arrow", "t.feather", "stream.arrow")
    expected = FRAME if typed else TEXT
    table = read_table(path)
    assert table.frame.equals(expected)
    assert table.frame.schema == expected.schema
    assert table.source == name
    parts = list(stream_table(path, rows=2))
    assert [part.frame.height for part in parts] == [2, 1]
    assert put_together(parts).equals(expected)
    lines = [part.line_of(row) for part in parts for row in range(part.frame.height)]
    assert lines == [table.line_of(row) for row in range(3)]
    assert lines[0] == (None if typed else 1 if "json" in name else 2)
    for read in (
        lambda: read_table("-").frame,
        lambda: put_together(list(stream_table("-", rows=2))),
        lambda: read_table("-", compact=True).frame.cast(expected.schema),
    ):
        give(path.read_bytes(), monkeypatch)
        assert read().equals(expected)


def test_standard_input_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    give(b"a,b\n1,2\n", monkeypatch)
    assert read_table("-").source == "standard input"
    give(b"", monkeypatch)
    with pytest.raises(TableError, match=r"^standard input is empty"):
        read_table("-")


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="this system has no named pipes")
def test_a_named_pipe(tmp_path: Path) -> None:
    path = tmp_path / "pipe.csv"
    os.mkfifo(path)
    writer = threading.Thread(target=path.write_bytes, args=(b"a,b\n1,2\n",))
    writer.start()
    table = read_table(path)
    writer.join()
    assert table.frame.rows() == [("1", "2")]


def test_reading_is_lazy_and_bounded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "a.csv"
    path.write_text("a,b\n" + "1,2\n" * 600_000 + "3\n")
    tables = stream_table(path, rows=1000)
    first = next(tables)
    assert first.frame.height == 1000
    assert first.line_of(0) == 2
    assert next(tables).line_of(0) == 1002
    with pytest.raises(TableError, match="line 600002 has 1"):
        list(tables)


@settings(deadline=None, max_examples=50)
@given(
    st.lists(st.tuples(st.sampled_from(["1", "x y", 'a"b', "", "é\n"]), st.sampled_from("12")),
             min_size=1, max_size=12),
    st.integers(1, 5), st.integers(1, 9),
)  # fmt: skip
def test_whole_and_in_parts_are_the_same(
    tmp_path_factory: pytest.TempPathFactory, rows: list[tuple[str, str]], size: int, chunk: int
) -> None:
    path = tmp_path_factory.getbasetemp() / "parts.csv"
    pl.DataFrame(rows, schema=["a", "b"], orient="row").write_csv(path)
    whole = read_table(path)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sources, "CHUNK", chunk)
        parts = list(stream_table(path, rows=size))
    assert put_together(parts).equals(whole.frame)
    assert [part.frame.height for part in parts[:-1]] == [size] * (len(parts) - 1)
    lines = [part.line_of(row) for part in parts for row in range(part.frame.height)]
    assert lines == [whole.line_of(row) for row in range(len(rows))]


@settings(deadline=None)
@given(
    st.one_of(
        st.binary(max_size=60),
        st.text("\"',;\t\n\r a1.é\0{}[]:%@?", max_size=60).map(str.encode),
        st.builds(lambda head, rest: head + rest, st.sampled_from(HEADS), st.binary(max_size=40)),
    )
)
def test_any_bytes_give_a_table_or_a_clear_refusal(
    tmp_path_factory: pytest.TempPathFactory, content: bytes
) -> None:
    path = tmp_path_factory.getbasetemp() / "any.dat"
    path.write_bytes(content)

    def outcome(read: Callable[[], pl.DataFrame]) -> pl.DataFrame | str:
        try:
            return read()
        except TableError as error:
            return str(error)

    whole = outcome(lambda: read_table(path).frame)
    parts = outcome(lambda: put_together(list(stream_table(path, rows=2))))
    if isinstance(whole, str) or isinstance(parts, str):
        assert whole == parts
        assert "any.dat" in str(whole)
    else:
        assert parts.equals(whole)


def test_a_file_that_is_absent(tmp_path: Path) -> None:
    (tmp_path / "penguins.csv").touch()
    with pytest.raises(TableError, match=r'does not exist. Did you mean "penguins.csv"'):
        read_table(tmp_path / "pengiuns.csv")
    with pytest.raises(TableError, match="there is no folder"):
        read_table(tmp_path / "no" / "a.csv")
    with pytest.raises(TableError, match="holds no picture"):
        read_table(tmp_path)


@pytest.mark.parametrize("content", [b"", b"\n\n", b"\xef\xbb\xbf", b"  \r\n"])
def test_empty_files(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes(content)
    for read in (read_table, stream_table):
        with pytest.raises(TableError, match=r"^a.csv is empty"):
            read(path)


@pytest.mark.parametrize("content", [b"a,b", b"a,b\n", b"a,b\n\n", b"\xef\xbb\xbfa,b\r\n"])
def test_a_header_only(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes(content)
    expected = r"^a.csv has columns \(a, b\) but no rows of examples.*--no-header"
    for read in (read_table, lambda path: list(stream_table(path)), lambda path: compact(path)):
        with pytest.raises(TableError, match=expected):
            read(path)


def compact(path: Path) -> Table:
    return read_table(path, compact=True)


def test_one_row(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("a,b\n1,x")
    assert read_table(path).frame.rows() == [("1", "x")]


def zipped(path: Path) -> None:
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("a.csv", "a,b\n1,2\n")


@pytest.mark.parametrize(
    ("write", "message"),
    [
        (zipped, "zip archive or an Excel workbook.*save the sheet as CSV"),
        (lambda path: path.write_bytes(pickle.dumps([1, 2])), "a pickle, which can run code"),
        (lambda path: path.write_bytes(b"\x93NUMPY\x01\x00"), "a NumPy array"),
        (lambda path: path.write_bytes(b"\x89PNG\r\n\x1a\n"), "an image"),
        (lambda path: path.write_bytes(b"BZh91AY"), "bzip2, not a table: decompress"),
        (lambda path: path.write_bytes((40).to_bytes(8, "little") + b'{"a":{}}'), "a model file"),
    ],
)
def test_what_is_no_table(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, write: Callable[[Path], object], message: str
) -> None:
    path = tmp_path / "a.csv"
    write(path)
    with pytest.raises(TableError, match=f"^a.csv is .*{message}"):
        read_table(path)
    give(path.read_bytes(), monkeypatch)
    with pytest.raises(TableError, match=f"^standard input is .*{message}"):
        read_table("-")


def test_a_cut_or_damaged_gzip(tmp_path: Path) -> None:
    content = gzip.compress(b"a,b\n" + os.urandom(5000).hex().encode() + b",2\n")
    path = tmp_path / "a.csv.gz"
    damaged = bytearray(content)
    damaged[3000] ^= 255
    for wrong in (content[:-2000], content[:-4], bytes(damaged)):
        path.write_bytes(wrong)
        with pytest.raises(TableError, match=r"^a.csv.gz is compressed, but damaged or cut short"):
            read_table(path)


@pytest.mark.parametrize("name", ["t.parquet", "t.arrow", "stream.arrow"])
def test_a_damaged_typed_file(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    WRITERS[name](path)
    path.write_bytes(path.read_bytes()[:-12] if name != "stream.arrow" else path.read_bytes()[:60])
    for read in (read_table, lambda path: list(stream_table(path))):
        with pytest.raises(TableError, match=f"^{name} starts like a file of kind .* damaged"):
            read(path)


def test_unreadable_files(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("a\n1\n")
    path.chmod(0)
    if os.access(path, os.R_OK):
        pytest.skip("this user may read everything")
    with pytest.raises(TableError, match="cannot be read: Permission denied"):
        read_table(path)


def test_options_that_do_not_exist(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="bad_rows must be"):
        read_table(tmp_path, bad_rows="drop")
    for rows in (0, -1, 1.5):
        with pytest.raises(UsageError, match="rows must be 1 or more"):
            stream_table({"a": [1]}, rows=rows)  # type: ignore[arg-type]


def test_a_typed_file_without_rows(tmp_path: Path) -> None:
    path = tmp_path / "a.parquet"
    FRAME.clear().write_parquet(path)
    for read in (read_table, lambda path: list(stream_table(path))):
        with pytest.raises(TableError, match=r"^a.parquet has columns \(a, b, c\) but no rows"):
            read(path)
