"""Output tables: what is written is read back, in every format, and never half of it."""

from __future__ import annotations

import gzip
import io
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import polars as pl
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from descend.data.reading import read_table
from descend.data.writing import OUTPUT_FORMATS, check_destination, write_table
from descend.errors import OutputError, TableError, UsageError

FRAME = pl.DataFrame(
    {"a": [1, None, 3], "text": ["x,y", 'q"\n', None], "probability": [0.5, 1e-7, None]}
)
ENDINGS = [*OUTPUT_FORMATS, ".csv.gz", ".tsv.gz", ".jsonl.gz", ".CSV"]


def parts() -> Iterator[pl.DataFrame]:
    yield FRAME.head(1)
    yield FRAME.slice(1, 0)
    yield FRAME.tail(2)


@pytest.mark.parametrize("ending", ENDINGS)
def test_what_is_written_is_read_back(tmp_path: Path, ending: str) -> None:
    path = tmp_path / f"out{ending}"
    path.write_text("old")
    write_table(parts(), path)
    typed = ending in (".arrow", ".feather", ".ipc", ".parquet")
    expected = FRAME.with_columns(pl.col("text").str.strip_chars())
    got = read_table(path).frame
    assert (
        got.with_columns(pl.col("text").str.strip_chars()) if typed else got.cast(FRAME.schema)
    ).equals(expected)  # type: ignore[arg-type]
    assert os.listdir(tmp_path) == [path.name]
    if ending.endswith(".gz"):
        first = path.read_bytes()
        write_table(parts(), path)
        assert path.read_bytes() == first
        assert gzip.decompress(first).count(b"\n") >= 3


def test_only_a_header(tmp_path: Path) -> None:
    for ending in (".csv", ".parquet", ".arrow"):
        write_table([FRAME.clear()], tmp_path / f"a{ending}")
        with pytest.raises(TableError, match="but no rows"):
            read_table(tmp_path / f"a{ending}")
    assert (tmp_path / "a.csv").read_text() == "a,text,probability\n"


ANY_TEXT = st.text(st.characters(exclude_categories=("Cs",), exclude_characters="\0"))


@settings(deadline=None)
@given(
    st.lists(st.none() | ANY_TEXT, min_size=1, max_size=6),
    st.sampled_from([".csv", ".tsv"]),
    st.booleans(),
)
@example([" "], ".csv", True)
@example([None, " "], ".csv", True)
def test_any_text_is_read_back(
    tmp_path_factory: pytest.TempPathFactory, cells: list[str | None], ending: str, alone: bool
) -> None:
    path = tmp_path_factory.getbasetemp() / f"any{ending}"
    frame = pl.DataFrame({"a": cells} if alone else {"a": cells, "b": ["1"] * len(cells)})
    write_table([frame], path)
    got = read_table(path, delimiter="tab" if ending == ".tsv" else ",", header=True).frame
    blanks = " \t\r\n\u00a0"
    assert got["a"].to_list() == [(cell or "").strip(blanks) or None for cell in cells]


def test_standard_output(capfdbinary: pytest.CaptureFixture[bytes]) -> None:
    for destination in ("-", None):
        write_table(parts(), destination)
        text = capfdbinary.readouterr().out
        assert text == b'a,text,probability\n1,"x,y",0.5\n,"q""\n",1e-7\n3,,\n'


def test_standard_output_without_bytes(monkeypatch: pytest.MonkeyPatch) -> None:
    out = io.StringIO()
    monkeypatch.setattr(sys, "stdout", out)
    write_table([pl.DataFrame({"a": ["é"]})], "-")
    assert out.getvalue() == "a\né\n"


_PIPE = """
import sys, polars as pl
from descend.data.writing import write_table
from descend.errors import OutputError
try:
    write_table((pl.DataFrame({"a": [n] * 65536}) for n in range(1000)), "-")
except (BrokenPipeError, OutputError) as error:
    sys.stderr.write(type(error).__name__ + ": " + str(error))
    import os
    os._exit(3)
"""


def test_a_closed_pipe() -> None:
    process = subprocess.Popen(
        [sys.executable, "-c", _PIPE], stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    assert process.stdout is not None
    assert process.stderr is not None
    assert process.stdout.readline() == b"a\n"
    process.stdout.close()
    told = process.stderr.read()
    process.stderr.close()
    assert process.wait() == 3
    assert told.startswith(b"BrokenPipeError")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="this system has no /dev/full")
def test_a_full_disk(tmp_path: Path) -> None:
    with open("/dev/full", "wb") as full:
        done = subprocess.run(
            [sys.executable, "-c", _PIPE], stdout=full, stderr=subprocess.PIPE, check=False
        )
    assert done.returncode == 3
    assert done.stderr.startswith(b"OutputError: cannot write to standard output: No space left")
    with pytest.raises(OutputError, match="cannot write /dev/full: No space left"):
        write_table([FRAME], "/dev/full")


class Broken(Exception):
    pass


@pytest.mark.parametrize("ending", [".csv", ".csv.gz", ".parquet", ".arrow", ".jsonl"])
@pytest.mark.parametrize("error", [Broken("no"), OSError(5, "input"), TableError("line 5")])
def test_an_error_of_the_frames_is_itself_and_the_old_file_stands(
    tmp_path: Path, ending: str, error: Exception
) -> None:
    path = tmp_path / f"a{ending}"
    path.write_bytes(b"old")

    def frames() -> Iterator[pl.DataFrame]:
        yield FRAME
        raise error

    with pytest.raises(type(error)) as caught:
        write_table(frames(), path)
    assert caught.value is error
    assert path.read_bytes() == b"old"
    assert os.listdir(tmp_path) == [path.name]


@pytest.mark.parametrize("ending", [".csv", ".parquet"])
def test_no_such_folder(tmp_path: Path, ending: str) -> None:
    with pytest.raises(OutputError, match="Create the folder"):
        write_table([FRAME], tmp_path / "no" / f"a{ending}")


def test_cells_that_a_format_cannot_hold(tmp_path: Path) -> None:
    with pytest.raises(OutputError, match=r"cannot write .*a.csv as .csv: .*nested"):
        write_table([pl.DataFrame({"a": [[1]], "b": [1]})], tmp_path / "a.csv")
    assert os.listdir(tmp_path) == []


def test_parts_that_differ(tmp_path: Path) -> None:
    path = tmp_path / "a.parquet"
    write_table([FRAME, FRAME.select("text", "probability", pl.col("a").cast(pl.Int32))], path)
    assert read_table(path).frame.equals(pl.concat([FRAME, FRAME]))
    with pytest.raises(OutputError, match="cannot write"):
        write_table([FRAME, FRAME.drop("a")], path)
    with pytest.raises(ValueError, match="at least one frame"):
        write_table([], path)


@pytest.mark.parametrize("name", ["a.xlsx", "a", "a.parquet.gz", "a.gz", "a.cvs"])
def test_unknown_formats(tmp_path: Path, name: str) -> None:
    with pytest.raises(UsageError, match="cannot tell the format of"):
        check_destination(tmp_path / name)
    if name == "a.cvs":
        with pytest.raises(UsageError, match=r'Did you mean "\.csv"'):
            write_table([FRAME], name)
