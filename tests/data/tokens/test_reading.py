"""Files as one running text."""

import gzip

import pytest

from descend.data.tokens.reading import read_bytes, read_running_text
from descend.errors import TableError


def test_text_with_its_encoding_line_ends_and_compression(tmp_path):
    path = tmp_path / "a.txt"
    path.write_bytes("naïve\r\nday\rend".encode("cp1252"))
    assert read_running_text(path) == (
        "naïve\nday\nend",
        "a.txt",
        ("read as cp1252", "line ends are written as \\n"),
    )
    packed = tmp_path / "b.txt.gz"
    packed.write_bytes(gzip.compress("né".encode()))
    assert read_running_text(packed)[0] == "né"
    assert read_running_text(path, "latin-1")[2][0] == "read as iso8859-1"


@pytest.mark.parametrize("content", [b"a\x00b", b"PAR1....", b"\x80\x04.", b"fine\n\xc3\xa9\n\xff"])
def test_what_is_no_text_can_still_be_read_as_bytes(tmp_path, content):
    path = tmp_path / "a.bin"
    path.write_bytes(content)
    with pytest.raises(TableError, match=r"a\.bin.*--tokens bytes"):
        read_running_text(path)
    assert read_bytes(path) == (content, "a.bin")


def test_absent_files_and_folders(tmp_path):
    (tmp_path / "text.txt").write_text("a")
    for read in (read_running_text, read_bytes):
        with pytest.raises(TableError, match=r'Did you mean "text\.txt"'):
            read(tmp_path / "texs.txt")
        with pytest.raises(TableError, match="is a folder; give the file in it"):
            read(tmp_path)
