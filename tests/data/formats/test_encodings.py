"""Encodings found, byte order marks gone, broken bytes named."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from descend.data.formats.encodings import detect_encoding, utf8_chunks
from descend.data.reading import read_table
from descend.errors import TableError, UsageError

TEXT = "name,größe\nJosé,1\n漢字,2\n"


def decoded(text: bytes, size: int, encoding: str | None = None) -> str:
    parts = [text[start : start + size] for start in range(0, len(text), size)]
    return b"".join(utf8_chunks(parts, "a.csv", encoding)[1]).decode()


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-32"])
@pytest.mark.parametrize("size", [5, 1000])
def test_marks_and_utf8_are_found(encoding: str, size: int) -> None:
    assert decoded(TEXT.encode(encoding), size) == TEXT


@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be", "gb18030", "utf-8", "utf_8"])
def test_named_encodings(encoding: str) -> None:
    assert decoded(TEXT.encode(encoding), 3, encoding) == TEXT


def test_a_mark_is_gone_under_a_named_encoding_too(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes(TEXT.encode("utf-8-sig"))
    assert read_table(path, encoding="utf-8").frame.columns == ["name", "größe"]


def test_western_text_is_noted(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes("name,price\nJosé,5\nZoë,7 €\n".encode("cp1252"))
    table = read_table(path)
    assert table.frame.rows() == [("José", "5"), ("Zoë", "7 €")]
    assert table.notes == ("encoding cp1252",)
    assert detect_encoding(b"a\x81\xe9b") == "latin-1"


@pytest.mark.parametrize("size", [4, 1000])
def test_text_broken_later_is_not_guessed_at(size: int) -> None:
    text = "a,b\nJosé,1\n".encode() + b"x\r\nJos\xe9,2\n"
    expected = r"^a.csv, line 4, byte 19: 0xe9 is not valid UTF-8 \(.*\)\. .*--encoding latin-1"
    with pytest.raises(TableError, match=expected):
        decoded(text, size, None if size == 1000 else "utf-8")


def test_a_cut_character_at_the_end() -> None:
    with pytest.raises(TableError, match=r"line 2, byte 6: 0xc3 is not valid UTF-8"):
        decoded(b"a\nbcd\xc3", 2, "utf-8")


def test_bytes_that_a_named_encoding_lacks() -> None:
    expected = r"^a.csv, line 2, byte 5: 0x81 is not valid CP1252 .*--encoding utf-8"
    with pytest.raises(TableError, match=expected):
        decoded(b"a\nbc\x81", 2, "cp1252")


@pytest.mark.parametrize("size", [2, 1000])
def test_nul_is_named_by_line(size: int) -> None:
    with pytest.raises(TableError, match=r"^a.csv, line 3: a NUL character"):
        decoded(b"a,b\r\n1,2 and more text\r\n3\0,4 and more text\r\n", size)


def test_utf16_without_a_mark_is_suspected() -> None:
    with pytest.raises(TableError, match=r"UTF-16 without a byte order mark.*utf-16-le"):
        decoded("a,b\n1,2\n".encode("utf-16-le"), 100)


def test_an_unknown_encoding() -> None:
    with pytest.raises(UsageError, match=r'unknown encoding "latin-7x".* Did you mean "latin-1"'):
        utf8_chunks([], "a.csv", "latin-7x")
    with pytest.raises(UsageError, match='unknown encoding "hex"'):
        utf8_chunks([], "a.csv", "hex")


@settings(deadline=None)
@given(st.text(), st.integers(1, 5), st.sampled_from(["utf-8", "utf-16", "utf-8-sig"]))
def test_any_text_in_parts_of_any_size(text: str, size: int, encoding: str) -> None:
    text = text.replace("\0", "").lstrip("\ufeff")
    assert decoded(text.encode(encoding), size, encoding) == text


@pytest.mark.parametrize(
    ("name", "expected"),
    [("a.csv", "a header"), ("a.jsonl", "a JSON object"), ("a.ts", "sequences"), ("a", "a header")],
)
def test_what_an_empty_file_should_hold(tmp_path, name, expected):
    (tmp_path / name).touch()
    with pytest.raises(TableError, match=f"^{name} is empty: expected {expected}"):
        read_table(tmp_path / name)
