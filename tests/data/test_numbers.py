"""The grammar of numbers, against a second description of it in plain Python."""

from __future__ import annotations

import re

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from descend.data.numbers import MISSING, parse_numbers, refuse_infinite, thousands_mark
from descend.errors import TableError


def parse(*cells: str | None, decimal: str = ".", thousands: str | None = None):
    values, bad = parse_numbers(
        pl.Series("a", cells, dtype=pl.String), decimal, thousands=thousands
    )
    assert values.dtype == pl.Float64
    assert bad.dtype == pl.Boolean
    assert values.name == "a"
    assert bad.null_count() == 0
    return values.to_list(), bad.to_list()


@pytest.mark.parametrize(
    ("cell", "number"),
    [("0", 0.0), ("-0", 0.0), ("+5", 5.0), ("12", 12.0), ("1.5", 1.5), (".5", 0.5), ("5.", 5.0),
     ("1e3", 1000.0), ("1E-3", 0.001), ("-1.5e+2", -150.0), ("05.30", 5.3), ("00.5", 0.5),
     ("9007199254740991", 2.0**53 - 1), ("1e-400", 0.0), ("1e15", 1e15),
     ("12345678901234567890.0", 12345678901234567890.0)],
)  # fmt: skip
def test_numbers(cell: str, number: float) -> None:
    assert parse(cell) == ([number], [False])


@pytest.mark.parametrize(
    "cell",
    ["007", "-007", "1_000", "0x10", "１２", "١٢", "1e", "e5", ".", "+", "--5", "+-5", "1,5",
     "1 000", "1,000", "1:30", "2011-01-02", "12345678901234567890", "9007199254740993",
     "-9007199254740993",
     "true", "1d5", "1.2.3", "5%", "infinite", "nano", "1\n", "½"],
)  # fmt: skip
def test_text(cell: str) -> None:
    assert parse(cell) == ([None], [True])


@pytest.mark.parametrize("cell", [*MISSING, None, "  NA "])
def test_missing(cell: str | None) -> None:
    assert parse(cell) == ([None], [False])


def test_own_spellings_of_missing() -> None:
    values, bad = parse_numbers(pl.Series(["1", "unknown", "NA"]), missing=("unknown",))
    assert values.to_list() == [1.0, None, None]
    assert bad.to_list() == [False, False, True]


def test_no_cells() -> None:
    assert parse() == ([], [])


_NUMBER = re.compile(r"[+-]?(0|[1-9][0-9]*|[0-9]+\.[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?", re.ASCII)


@settings(deadline=None)
@given(st.lists(st.text("0123456789.,eE+-_ in\u0661", max_size=8)))
def test_any_text_against_python(cells: list[str]) -> None:
    values, bad = parse(*cells)
    for cell, value, wrong in zip(cells, values, bad, strict=True):
        digits = re.fullmatch(r"[+-]?[0-9]+", cell, re.ASCII) is not None
        if cell.strip() in MISSING:
            assert (value, wrong) == (None, False)
        elif _NUMBER.fullmatch(cell) and not (digits and abs(int(cell)) >= 2**53):
            assert (value, wrong) == (float(cell), False)
        elif cell.lower().lstrip("+-") in ("inf", "infinity"):
            assert value in (float("inf"), float("-inf"))
        else:
            assert (value, wrong) == (None, True)


@settings(deadline=None)
@given(st.lists(st.floats(allow_nan=False, allow_infinity=False)))
def test_every_float_comes_back(numbers: list[float]) -> None:
    spelled = [repr(number) for number in numbers]
    assert parse(*spelled)[0] == numbers
    with_comma = [cell.replace(".", ",") for cell in spelled]
    assert parse(*with_comma, decimal=",")[0] == numbers


def test_decimal_comma() -> None:
    cells = ("1,5", "3", "1.5", "1,", ",5", "1,2,3", "inf")
    values, bad = parse(*cells, decimal=",")
    assert values == [1.5, 3.0, None, 1.0, 0.5, None, float("inf")]
    assert bad == [False, False, True, False, False, True, False]


def test_thousands() -> None:
    cells = ("1,234", "12", "1,234,567.5", "-1,000", "12,34", "0,123", "1234", ",123", "1,2345")
    values, bad = parse(*cells, thousands=",")
    assert values == [1234.0, 12.0, 1234567.5, -1000.0, None, None, 1234.0, None, None]
    assert bad == [False, False, False, False, True, True, False, True, True]
    assert parse("1.234,5", "2.000.000", decimal=",", thousands=".")[0] == [1234.5, 2000000.0]


@pytest.mark.parametrize(
    ("cells", "decimal", "mark"),
    [
        (["1,234", "12", "NA"], ".", ","),
        (["1.234", "12,5"], ",", "."),
        (["1,234", "1234"], ".", None),
        (["1,234", "12,34"], ".", None),
        (["1,234", "many"], ".", None),
        (["1234", "12"], ".", None),
        ([], ".", None),
    ],
)
def test_thousands_mark(cells: list[str], decimal: str, mark: str | None) -> None:
    assert thousands_mark(pl.Series(cells, dtype=pl.String), decimal) == mark


@pytest.mark.parametrize(("decimal", "thousands"), [("x", None), (".", "."), (".", "'")])
def test_unknown_marks(decimal: str, thousands: str | None) -> None:
    with pytest.raises(ValueError, match="decimal"):
        parse("1", decimal=decimal, thousands=thousands)


@pytest.mark.parametrize("cell", ["inf", "-Infinity", "1e999", "-1e999", "1" + "0" * 400 + ".0"])
def test_infinite_numbers_are_refused_with_their_line(cell: str) -> None:
    text = pl.Series("mass", ["1.5", None, cell])
    values, bad = parse_numbers(text)
    assert not bad.any()
    expected = r'^a\.csv, line 12, column "mass": ".*" is infinite.*leave it empty'
    with pytest.raises(TableError, match=expected):
        refuse_infinite(values, text, source="a.csv", line_of=lambda row: row + 10)
    refuse_infinite(values.head(2), text.head(2), source="a.csv")
