"""Reading JSON lines: one object a line, its keys the columns."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from typing import Any

from descend.data.formats.blocks import Block
from descend.data.formats.delimited import BLANKS, MOST_COLUMNS
from descend.data.formats.lines import LineIndex
from descend.errors import TableError

__all__ = ["json_blocks", "json_names", "looks_like_json"]

_ROWS = 8192


def looks_like_json(head: bytes, extension: str) -> bool:
    """Whether a text is JSON lines, from its first line and the file's extension.

    Examples
    --------
    >>> looks_like_json(b'{"a": 1}', ".txt"), looks_like_json(b"a,b", ".csv")
    (True, False)
    """
    first = head.lstrip()[:1]
    if extension in (".jsonl", ".ndjson", ".json"):
        return True
    if first != b"{":
        return False
    try:
        json.loads(head.lstrip().splitlines()[0])
    except ValueError:
        return False
    return True


def json_names(parts: Iterable[bytes], source: str) -> tuple[str, ...]:
    """Return every key that occurs, in the order of first use; this reads the whole file.

    Examples
    --------
    >>> json_names([b'{"a": 1, "b": 2}\\n{"c": 3, "a": 4}'], "a.jsonl")
    ('a', 'b', 'c')
    """
    names: dict[str, None] = {}
    for line, record in _records(parts, source):
        names.update(dict.fromkeys(record))
        if len(names) > MOST_COLUMNS:
            raise TableError(f"{source}, line {line}: more than {MOST_COLUMNS:,} different keys")
    return tuple(names)


def json_blocks(parts: Iterable[bytes], names: tuple[str, ...], source: str) -> Iterator[Block]:
    """Yield the rows of a JSON lines file as text: numbers exactly as they are spelled.

    Raises
    ------
    TableError
        While iterating, for a line that is not a JSON object, and for a value that is an object
        or a list.

    Examples
    --------
    >>> blocks = json_blocks([b'{"a": 1.50, "b": null}\\n{"a": true}'], ("a", "b"), "a.jsonl")
    >>> [block.frame.rows() for block in blocks]
    [[('1.50', None), ('true', None)]]
    """
    import polars as pl

    rows: list[dict[str, Any]] = []
    lines: list[int] = []
    schema = dict.fromkeys(names, pl.String)

    def block() -> Block:
        columns = {name: [_cell(row.get(name)) for row in rows] for name in names}
        return Block(pl.DataFrame(columns, schema=schema), LineIndex.of(lines))

    for line, record in _records(parts, source):
        for name, value in record.items():
            if isinstance(value, dict | list):
                kind = "an object" if isinstance(value, dict) else "a list"
                raise TableError(
                    f'{source}, line {line}, key "{name}": expected a number, text, true, false '
                    f"or null, but it is {kind}. Give each of its values a key of its own."
                )
        rows.append(record)
        lines.append(line)
        if len(rows) == _ROWS:
            yield block()
            rows, lines = [], []
    if rows:
        yield block()


def _cell(value: Any) -> str | None:
    """Return a value as a cell of text."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return (value.strip(BLANKS) or None) if isinstance(value, str) else None


def _records(parts: Iterable[bytes], source: str) -> Iterator[tuple[int, dict[str, Any]]]:
    """Yield each object with its line."""
    line, pending = 0, b""
    for part in _and_an_end(parts):
        *complete, pending = (pending + part).split(b"\n")
        for text in complete:
            line += 1
            if not text.strip():
                continue
            if line == 1 and text.lstrip().startswith(b"["):
                raise TableError(
                    f"{source} is one JSON list; expected JSON lines, one object a line. Convert "
                    "it, for instance with: jq -c '.[]'"
                )
            try:
                record = json.loads(text, parse_float=str, parse_int=str, parse_constant=str)
            except (ValueError, RecursionError) as error:
                raise TableError(
                    f"{source}, line {line}: expected one JSON object on each line ({error})"
                ) from None
            if not isinstance(record, dict):
                raise TableError(
                    f'{source}, line {line}: expected a JSON object such as {{"a": 1}}, '
                    f"got a {type(record).__name__}"
                )
            if b"\\u" in text:
                record = {_whole(name): _whole(value) for name, value in record.items()}
            yield line, record


def _whole(value: Any) -> Any:
    """Return a text with U+FFFD for each half of a surrogate pair that an escape left alone.

    Texts cut in the middle of an emoji have such halves, which are no characters.

    Examples
    --------
    >>> _whole("good " + chr(0xD83D)) == "good " + chr(0xFFFD)
    True
    """
    if not isinstance(value, str):
        return value
    return value.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def _and_an_end(parts: Iterable[bytes]) -> Iterator[bytes]:
    """Yield the parts and a line end, so that the last line is complete."""
    yield from parts
    yield b"\n"
