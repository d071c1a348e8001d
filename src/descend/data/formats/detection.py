"""How a delimited text file is written: separator, quotes, header, decimal mark."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from descend.data.form import Form, Wanted
from descend.data.formats.delimited import Dialect, Scan, cells, scan_block
from descend.data.formats.encodings import TextFile
from descend.data.numbers import MISSING, parse_numbers
from descend.errors import TableError, UsageError

if TYPE_CHECKING:
    import polars as pl

__all__ = ["Layout", "check_separator", "detect_layout", "unique_names"]

_SEPARATORS = ("\t", ";", "|", ",")  # a consistent comma may still be a decimal mark: it comes last
_NAMES = {"tab": "\t", "\\t": "\t", "comma": ",", "semicolon": ";", "pipe": "|", "space": " "}
_SAMPLE_BYTES = 256 << 10
_SAMPLE_ROWS = 1000
_SAMPLE_COLUMNS = 300
_CONSISTENT = 0.9
_REPEATED = 0.01
_SINGLE = re.compile(rb"(?:^|[\r\n,;|\t])[ \t]*'")
_DATE = r"^[0-9]{4}-[0-9]{2}-[0-9]{2}"
_COMMA_NUMBER = r"^[+-]?[0-9.]*,[0-9]+(?:[eE][+-]?[0-9]+)?$"
_COMMA_THOUSANDS = r"^[+-]?[1-9][0-9]{0,2}(?:,[0-9]{3})+$"


@dataclass(frozen=True)
class Layout:
    """How a delimited file is written.

    Attributes
    ----------
    dialect : Dialect
    header : bool
        Whether the first record holds the names.
    names : tuple of str
        The columns.
    decimal : {".", ","}
    notes : tuple of str
        What is out of the ordinary, for the report.
    """

    dialect: Dialect
    header: bool
    names: tuple[str, ...]
    decimal: str
    notes: tuple[str, ...]


def check_separator(delimiter: str) -> str:
    r"""Return the separator that an option names.

    Examples
    --------
    >>> check_separator("tab"), check_separator(";")
    ('\t', ';')
    """
    mark = _NAMES.get(delimiter.lower(), delimiter)
    if len(mark) != 1 or not mark.isascii() or mark in '\r\n\0"' or mark.isalnum():
        raise UsageError(
            f"the delimiter must be one ASCII character such as , ; | or tab, got {delimiter!r}"
        )
    return mark


def unique_names(names: list[str | None], source: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Check the names of columns, and give those without a name one.

    Returns
    -------
    names : tuple of str
    notes : tuple of str

    Raises
    ------
    TableError
        Where a name occurs twice, with the positions.

    Examples
    --------
    >>> unique_names(["a", None], "a.csv")
    (('a', 'column_2'), ('column 2 has no name: named column_2',))
    """
    full = tuple(name or f"column_{place}" for place, name in enumerate(names, start=1))
    counts = Counter(full)
    twice = [name for name in counts if counts[name] > 1]
    if twice:
        places = [str(place) for place, name in enumerate(full, start=1) if name == twice[0]]
        more = f", and {len(twice) - 1} other names" if len(twice) > 1 else ""
        raise TableError(
            f'{source}: {len(places)} columns are named "{twice[0]}" (columns '
            f"{', '.join(places[:5])}){more}. Rename them in the file; if its first row is not a "
            "header, say --no-header."
        )
    empty = [str(place) for place, name in enumerate(names, start=1) if not name]
    if not empty:
        return full, ()
    if len(empty) == 1:
        return full, (f"column {empty[0]} has no name: named column_{empty[0]}",)
    return full, (f"{len(empty)} columns have no name: named column_{empty[0]} and so on",)


def detect_layout(
    text: TextFile,
    *,
    delimiter: str | None = None,
    quote: str | None = None,
    header: bool | None = None,
    decimal: str | None = None,
    wanted: Wanted | None = None,
) -> Layout:
    """Find how a delimited file is written from its first rows.

    Parameters
    ----------
    text : TextFile
    delimiter, quote, header, decimal : optional
        What is known already; see `descend.data.reading.read_table`.
    wanted : Wanted, optional
        What a model needs: its columns tell whether there is a header, where they can, and the
        separator of its examples is tried first.

    Returns
    -------
    Layout

    Raises
    ------
    TableError
        For a quote left open, too many columns, or a name that occurs twice.
    """
    dialect = _find_dialect(text, delimiter, quote, None if wanted is None else wanted.form)
    scan = _sample(text, dialect)
    rows = np.flatnonzero(~scan.blank())
    width = int(scan.fields[rows[0]])
    mask = np.zeros(len(scan.ends), dtype=bool)
    mask[rows[scan.fields[rows] == width][:_SAMPLE_ROWS]] = True
    sample = cells(scan.keep(mask), width, dialect)
    if header is None and wanted is not None:
        header = wanted.names_columns(sample.row(0))
    found = _find_header(sample) if header is None else header
    first: list[str | None] = list(sample.row(0)) if found else [None] * width
    names, notes = unique_names(first, text.name)
    body = sample.slice(int(found))
    mark = decimal or _find_decimal(body, dialect.separator)
    return Layout(dialect, found, names, mark, _notes(text, dialect, found, mark, notes))


def _notes(
    text: TextFile, dialect: Dialect, header: bool, decimal: str, named: tuple[str, ...]
) -> tuple[str, ...]:
    """Say what is out of the ordinary."""
    notes = []
    if dialect.separator != ",":
        shown = {"\t": "tab", " ": "space"}.get(dialect.separator, f'"{dialect.separator}"')
        notes.append(f"separator {shown}")
    if dialect.quote is None:
        notes.append("quotes read as text")
    elif dialect.quote != '"':
        notes.append(f"quote {dialect.quote}")
    if text.encoding != "utf-8":
        notes.append(f"encoding {text.encoding}")
    if decimal == ",":
        notes.append("decimal comma")
    if not header:
        return (*notes, "no header: columns named column_1 and so on")
    return (*notes, *named)


def _sample(text: TextFile, dialect: Dialect) -> Scan:
    """Scan the beginning of the file."""
    short = text.head[:_SAMPLE_BYTES]
    for head in (short, text.head):
        final = text.final and len(head) == len(text.head)
        scan = scan_block(head, dialect, final=final, source=text.name)
        if scan is not None and (final or not scan.blank().all()):
            break
    else:
        raise TableError(
            f"{text.name}: the first line does not end within {len(text.head):,} bytes. "
            "Is this a text table?"
        )
    return scan


def _find_dialect(
    text: TextFile, delimiter: str | None, quote: str | None, form: Form | None
) -> Dialect:
    """Find the separator that parts the rows into equally many cells, and the quote."""
    candidates = _SEPARATORS if delimiter is None else (check_separator(delimiter),)
    if delimiter is None and form is not None and form.separator is not None:
        candidates = tuple(dict.fromkeys((form.separator, *candidates)))
    if quote is not None and quote != "none" and (len(quote) != 1 or quote not in "\"'`"):
        raise UsageError(f"the quote must be \", ', ` or none, got {quote!r}")
    if quote is None:
        quotes = _likely_quotes(text.head[:_SAMPLE_BYTES])
    else:
        quotes = (None,) if quote == "none" else (quote,)
    found: list[tuple[float, Dialect, TableError | None]] = []
    for separator in candidates:
        dialect, scan, fault = _scan_with(text, separator, quotes)
        if scan is None:
            found.append((0.0, dialect, fault))
            continue
        fields = scan.fields[~scan.blank()]
        share = float((fields == fields[0]).mean()) if fields[0] > 1 else 0.0
        found.append((share, dialect, fault))
    best = next((item for item in found if item[0] >= _CONSISTENT), None)
    if best is None:
        best = max(reversed(found), key=lambda item: item[0])
    _, dialect, fault = best
    # Tab-separated text is often written without any quoting; a comma file never should be.
    if fault is not None and (quote is not None or dialect.separator not in ("\t", "|")):
        raise fault
    return dialect


def _scan_with(
    text: TextFile, separator: str, quotes: Sequence[str | None]
) -> tuple[Dialect, Scan | None, TableError | None]:
    """Scan the beginning with the first quote that is used rightly, or else without any."""
    fault = None
    for quote in (*quotes, None):
        dialect = Dialect(separator, quote)
        try:
            return dialect, _sample(text, dialect), fault if quote is None else None
        except TableError as error:
            fault = fault or error
    return Dialect(separator, None), None, fault


def _likely_quotes(head: bytes) -> tuple[str, ...]:
    """Return the quotes to try: the single one only where there is no double one."""
    return ('"',) if b'"' in head or not _SINGLE.search(head) else ("'", '"')


def _find_header(sample: pl.DataFrame) -> bool:
    """Say whether the first row names the columns.

    It does unless it looks like the rows below: a number (or date) stands above numbers (dates),
    or a word that comes again and again further down its column. A word above numbers is always
    a name; so are the numbers 0, 1, 2 ... or 2019, 2020, 2021 ... in a row.
    """
    import polars as pl

    sample = sample[:, :_SAMPLE_COLUMNS]
    first = [cell for cell in sample.row(0) if cell is not None]
    numbers = [cell for cell in first if _is_number(pl.Series([cell], dtype=pl.String))]
    if len(numbers) > 2 and all(cell.isdigit() for cell in numbers):
        values = [int(cell) for cell in numbers]
        if values == list(range(values[0], values[0] + len(values))):
            return True
    if sample.height == 1:
        return not numbers
    named, unnamed, repeated = False, False, 0
    for series in sample:
        cell, below = series[0], series.slice(1).drop_nulls()
        below = below.filter(~below.is_in(list(MISSING)))
        if cell is None or cell in MISSING or not len(below):
            continue
        alone = pl.Series([cell], dtype=pl.String)
        for looks in (_is_number, _is_date):
            if looks(below):
                unnamed, named = unnamed or looks(alone), named or not looks(alone)
        count = int((below == cell).sum())
        repeated += count >= 2 and count >= _REPEATED * len(below)
    if repeated == sample.width > 1:  # a header that comes again: several files joined
        repeated = 0
    return named or not (unnamed or repeated)


def _is_number(series: pl.Series) -> bool:
    """Whether every cell is a number, with either decimal mark."""
    return any(not parse_numbers(series, mark)[1].any() for mark in (".", ","))


def _is_date(series: pl.Series) -> bool:
    """Whether every cell starts with a date such as 2011-03-01."""
    return bool(series.str.contains(_DATE).all())


def _find_decimal(body: pl.DataFrame, separator: str) -> str:
    """Return the comma where it is the decimal mark of whole columns and the point of none."""
    commas, ambiguous = False, True
    for series in body[:, :_SAMPLE_COLUMNS]:
        text = series.drop_nulls()
        with_comma = text.filter(text.str.contains(_COMMA_NUMBER))
        if len(with_comma) and not parse_numbers(text, ",", thousands=".")[1].any():
            commas = True
            ambiguous = ambiguous and bool(with_comma.str.contains(_COMMA_THOUSANDS).all())
        elif text.str.contains(r"^[+-]?[0-9]*\.[0-9]+$").any() and _is_number(text):
            return "."
    # 1,234 alone could be either: the comma is a decimal mark where ; parts the cells.
    return "," if commas and (not ambiguous or separator == ";") else "."
