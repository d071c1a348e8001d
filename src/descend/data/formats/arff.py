"""Reading ARFF, the attribute-relation file format of Weka (Witten and Frank, 1999).

Supported: attributes that are numeric, real, integer, nominal, string or date; quoted names and
values with backslash escapes; ``?`` for missing; lines of comment that start with ``%``. Cells come
as text like those of any text file, after their declared kind has been checked. Sparse rows
(``{1 5, 3 7}``) are refused; files with relational attributes are sequences, see `series_arff`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from descend.data.formats.blocks import Block
from descend.data.formats.detection import unique_names
from descend.data.formats.lines import LineIndex
from descend.data.numbers import parse_numbers
from descend.errors import TableError

if TYPE_CHECKING:
    import polars as pl

__all__ = [
    "Attribute",
    "arff_blocks",
    "arff_header",
    "arff_lines",
    "arff_values",
    "looks_like_arff",
]

_ROWS = 8192
_START = re.compile(rb"\s*(?:%[^\r\n]*\s*)*@relation\b", re.IGNORECASE)
_ATTRIBUTE = re.compile(
    r"""@attribute\s+('(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*"|[^\s'"{]+)\s*(.+)""", re.IGNORECASE
)
_ESCAPES = {"n": "\n", "t": "\t", "r": "\r"}


@dataclass(frozen=True)
class Attribute:
    """A column: its name, its kind, and the values of a nominal one."""

    name: str
    kind: str
    values: tuple[str, ...] = ()


def looks_like_arff(head: bytes, extension: str) -> bool:
    """Whether a text is ARFF: comments, then ``@relation``.

    Examples
    --------
    >>> looks_like_arff(b"% robots\\n@RELATION arm", ".txt")
    True
    """
    return extension == ".arff" or _START.match(head) is not None


def arff_header(parts: Iterable[bytes], source: str) -> tuple[Attribute, ...]:
    """Read the attributes, up to ``@data``.

    Examples
    --------
    >>> arff_header([b"@relation a\\n@attribute 'x y' real\\n@attribute c {b}\\n@data"], "a.arff")
    (Attribute(name='x y', kind='number', ...), Attribute(name='c', kind='nominal', ...))
    """
    found: list[Attribute] = []
    for line, text in arff_lines(parts):
        word = text.split(None, 1)[0].lower()
        if word == "@data":
            if not found:
                raise TableError(f"{source}, line {line}: @data comes before any @attribute")
            unique_names([attribute.name for attribute in found], source)
            return tuple(found)
        if word == "@attribute":
            found.append(_attribute(text, source, line))
        elif word != "@relation":
            raise TableError(
                f"{source}, line {line}: expected @relation, @attribute or @data, got {word!r}"
            )
    raise TableError(f"{source}: expected @data after the attributes, but the file ends")


def arff_blocks(
    parts: Iterable[bytes], attributes: tuple[Attribute, ...], source: str
) -> Iterator[Block]:
    """Yield the rows that follow ``@data``.

    Raises
    ------
    TableError
        While iterating, for a row with too few or too many values, a sparse row, and a value that
        is not of its declared kind.
    """
    import polars as pl

    names = [attribute.name for attribute in attributes]
    rows: list[list[str | None]] = []
    lines: list[int] = []
    started = False

    def block() -> Block:
        frame = pl.DataFrame(rows, schema=dict.fromkeys(names, pl.String), orient="row")
        for attribute in attributes:
            _check(frame[attribute.name], attribute, lines, source)
        return Block(frame, LineIndex.of(lines))

    for line, text in arff_lines(parts):
        if not started:
            started = text.lower().startswith("@data")
            continue
        rows.append(_row(text, len(names), source, line))
        lines.append(line)
        if len(rows) == _ROWS:
            yield block()
            rows, lines = [], []
    if rows:
        yield block()


def arff_lines(parts: Iterable[bytes]) -> Iterator[tuple[int, str]]:
    """Yield the lines that are neither blank nor a comment, with their numbers."""
    line, pending = 0, b""
    for part in _ended(parts):
        *complete, pending = (pending + part).split(b"\n")
        for raw in complete:
            line += 1
            text = raw.decode().strip()
            if text and not text.startswith("%"):
                yield line, text


def _ended(parts: Iterable[bytes]) -> Iterator[bytes]:
    """Yield the parts and a line end, so that the last line is complete."""
    yield from parts
    yield b"\n"


def _attribute(text: str, source: str, line: int) -> Attribute:
    """Read one declaration."""
    match = _ATTRIBUTE.fullmatch(text)
    if match is None:
        raise TableError(f"{source}, line {line}: expected @attribute NAME KIND, got {text[:60]!r}")
    name, kind = _unquoted(match[1]), match[2].strip()
    if kind.startswith("{"):
        if not kind.endswith("}"):
            raise TableError(f"{source}, line {line}: the list of values has no closing }}")
        values = tuple(value or "" for value in arff_values(kind[1:-1], source, line))
        return Attribute(name, "nominal", values)
    word = kind.split(None, 1)[0].lower()
    known = {"numeric": "number", "real": "number", "integer": "number",
             "string": "text", "date": "date"}  # fmt: skip
    if word not in known:
        raise TableError(
            f'{source}, line {line}, attribute "{name}": expected numeric, real, integer, string, '
            f"date or {{values}}, got {kind[:40]!r}"
        )
    return Attribute(name, known[word])


def _row(text: str, width: int, source: str, line: int) -> list[str | None]:
    """Read one row of values."""
    if text.startswith("{"):
        raise TableError(
            f"{source}, line {line}: sparse rows are not supported. In Weka, the filter "
            "SparseToNonSparse writes them in full."
        )
    values = arff_values(text, source, line)
    if len(values) != width:
        raise TableError(
            f"{source}, line {line}: expected {width} values, one for each attribute, "
            f"got {len(values)}"
        )
    return values


def arff_values(text: str, source: str, line: int) -> list[str | None]:
    """Split values at commas outside quotes; ``?`` and nothing are missing."""
    if "'" not in text and '"' not in text and "\\" not in text:
        plain = [value.strip() for value in text.split(",")]
        return [None if value in ("", "?") else value for value in plain]
    values: list[str | None] = []
    start, quote, place = 0, "", 0
    while place < len(text):
        char = text[place]
        if char == "\\":
            place += 1
        elif quote:
            quote = "" if char == quote else quote
        elif char in "'\"" and not text[start:place].strip():
            quote = char
        elif char == ",":
            values.append(_value(text[start:place]))
            start = place + 1
        place += 1
    if quote:
        raise TableError(f"{source}, line {line}: a quote opens and is not closed on its line")
    values.append(_value(text[start:]))
    return values


def _value(text: str) -> str | None:
    """Return one value without its quotes; None where it is missing."""
    text = text.strip()
    return None if text == "?" else _unquoted(text).strip() or None


def _unquoted(text: str) -> str:
    """Take quotes and escapes off a name or value."""
    if len(text) > 1 and text[0] in "'\"" and text[-1] == text[0]:
        text = text[1:-1]
    return re.sub(r"\\(.)", lambda match: _ESCAPES.get(match[1], match[1]), text)


def _check(series: pl.Series, attribute: Attribute, lines: list[int], source: str) -> None:
    """Refuse a value that is not of the declared kind."""
    if attribute.kind == "number":
        bad, expected = parse_numbers(series)[1], "a number"
    elif attribute.kind == "nominal":
        bad = (~series.is_in(list(attribute.values))).fill_null(False)
        expected = "one of " + ", ".join(attribute.values[:10])
    else:
        return
    if bad.any():
        row = int(bad.arg_true()[0])
        raise TableError(
            f'{source}, line {lines[row]}, attribute "{attribute.name}": expected {expected}, '
            f"got {series[row]!r}"
        )
