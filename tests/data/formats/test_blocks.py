"""Parts of tables: lines, equal cuts, and compact columns that lose nothing."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from descend.data.formats import blocks
from descend.data.formats.blocks import Block, compacted, in_rows, joined
from descend.data.formats.lines import LineIndex, count_lines
from descend.data.inference import infer_column
from descend.data.numbers import parse_numbers
from descend.data.reading import read_table


@given(st.lists(st.integers(1, 5), max_size=20), st.data())
def test_line_index(steps: list[int], data: st.DataObject) -> None:
    lines = [sum(steps[: end + 1]) for end in range(len(steps))]
    index = LineIndex.of(lines)
    assert [index.line_of(row) for row in range(len(lines))] == lines
    start = data.draw(st.integers(0, len(lines)))
    stop = data.draw(st.integers(start, len(lines)))
    part = index.slice(start, stop)
    assert [part.line_of(row) for row in range(stop - start)] == lines[start:stop]
    cuts = [(index.slice(0, start), start), (part, stop - start)]
    whole = LineIndex.join(cuts)
    assert [whole.line_of(row) for row in range(stop)] == lines[:stop]
    assert len(whole.rows) == len(LineIndex.of(lines[:stop]).rows)


@pytest.mark.parametrize(("text", "lines"), [(b"", 0), (b"a\n\r\n\rb", 3), (b"\n\r", 2)])
def test_count_lines(text: bytes, lines: int) -> None:
    assert count_lines(text) == lines


@given(st.lists(st.integers(0, 7), min_size=1, max_size=8), st.integers(1, 5))
def test_equal_cuts(heights: list[int], rows: int) -> None:
    total = sum(heights)
    numbers = iter(range(total))
    parts = [
        Block(pl.DataFrame({"a": [next(numbers) for _ in range(height)]}, schema={"a": pl.Int64}),
              None, height)
        for height in heights
    ]  # fmt: skip
    cut = list(in_rows(parts, rows))
    assert sum(block.skipped for block in cut) == total
    full = [block for block in cut if block.frame.height]
    assert [block.frame.height for block in full[:-1]] == [rows] * (len(full) - 1)
    assert [x for block in cut for x in block.frame["a"]] == list(range(total))


def source(frame: pl.DataFrame, rows: int):
    passes = []

    def read() -> Iterator[Block]:
        passes.append(1)
        for start in range(0, frame.height, rows):
            yield Block(frame.slice(start, rows), LineIndex.of(range(start + 2, start + rows + 2)))

    return read, passes


CELL = st.sampled_from(["1", "2", "1.50", "007", "x", "NA", None, "1e3", "inf", "-5", "5."])


@settings(deadline=None)
@given(st.lists(st.tuples(CELL, CELL, CELL), min_size=1, max_size=12), st.integers(1, 5))
def test_compact_columns_lose_nothing(rows: list[tuple[str | None, ...]], size: int) -> None:
    frame = pl.DataFrame(rows, schema=dict.fromkeys("abc", pl.String), orient="row")
    read, _ = source(frame, size)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(blocks, "_COMPACT_ROWS", size)
        compact = compacted(read, ".").frame
    for text, made in zip(frame, compact, strict=True):
        values, bad = parse_numbers(text)
        if bad.any() or values.is_infinite().any():
            assert made.dtype in (pl.String, pl.Enum)
            assert made.cast(pl.String).equals(text)
        else:
            assert made.cast(pl.Float64).equals(values, check_dtypes=False)
            whole = text.filter(values.is_not_null()).str.contains(r"^-?[0-9]+$")
            assert (made.dtype == pl.Int64) == bool(len(whole) and whole.all())


def test_a_column_that_turns_out_to_be_text_is_read_again() -> None:
    frame = pl.DataFrame({"a": ["1"] * 8 + ["007"], "b": [str(n) for n in range(9)]})
    read, passes = source(frame, 4)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(blocks, "_COMPACT_ROWS", 4)
        block = compacted(read, ".")
    assert len(passes) == 2
    assert block.frame["a"].cast(pl.String).equals(frame["a"])
    assert block.frame["b"].dtype == pl.Int64
    assert block.lines is not None
    assert block.lines.line_of(8) == 10


def test_one_pass_is_enough_for_plain_columns() -> None:
    frame = pl.DataFrame({"a": ["1", "2.5"] * 5, "b": ["x", "y"] * 5, "c": list("abcdefghij")})
    read, passes = source(frame, 3)
    made = compacted(read, ".").frame
    assert len(passes) == 1
    assert made.dtypes == [pl.Float64, pl.Enum(["x", "y"]), pl.String]


def test_many_different_texts_stay_text() -> None:
    frame = pl.DataFrame({"a": ["x"] * 10 + [f"id{n}" for n in range(90)]})
    read, _ = source(frame, 10)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(blocks, "_COMPACT_ROWS", 10)
        made = compacted(read, ".").frame
    assert made.equals(frame)
    assert made.schema == frame.schema


def test_joined_keeps_lines() -> None:
    read, _ = source(pl.DataFrame({"a": list("abcdefg")}), 3)
    block = joined(read())
    assert block.lines is not None
    assert len(block.lines.rows) == 1


def test_compact_real_files_are_taken_for_the_same(shared_data: Path) -> None:
    for name in ("penguins.csv", "titanic.csv", "telco_churn.csv", "california.csv"):
        path = shared_data / "tables" / name
        text, compact = read_table(path), read_table(path, compact=True)
        assert compact.line_of(300) == text.line_of(300)
        for column in text.frame.columns:
            kinds = {infer_column(table.frame[column]).kind for table in (text, compact)}
            assert len(kinds) == 1, (name, column, kinds)
