r"""The structure of delimited text: where each record and each cell ends.

A block of bytes is scanned with NumPy. What separates cells and records outside quotes is found
exactly and checked, and Polars then only cuts the block at those places; it never interprets a
quote. The rules:

- A cell is quoted when its first character, blanks aside, is the quote. Within it a doubled quote
  stands for one quote, and separators and line ends are text.
- A quote further on in an unquoted cell is text: ``5" pipe`` is a cell of seven characters.
- After the closing quote only blanks may follow up to the separator; anything else is refused, for
  it nearly always means that a quote was left open further up.
- LF, CRLF and CR each end a record, also mixed in one file, and the last record needs none.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from descend.data.formats.lines import count_lines
from descend.errors import TableError

if TYPE_CHECKING:
    import polars as pl

__all__ = ["BLANKS", "Dialect", "MOST_COLUMNS", "Scan", "cells", "scan_block"]

BLANKS = " \t\r\n\u00a0"
"""The characters stripped from both ends of a cell."""

MOST_COLUMNS = 100_000
_LONGEST_CELL = 10_000_000
_LONGEST_RECORD = 64_000_000
_TAB, _LF, _CR, _SPACE = 9, 10, 13, 32


@dataclass(frozen=True)
class Dialect:
    """The separator between cells and the quote around them (``None``: quotes are text)."""

    separator: str = ","
    quote: str | None = '"'


@dataclass(frozen=True, eq=False)
class Scan:
    """The complete records at the start of a block.

    Attributes
    ----------
    data : uint8 array
        The records, with `separator` and `newline` only where they part cells and records.
    separator, newline : str
        One ASCII character each.
    ends : int64 array
        The place in `data` of the newline of each record.
    fields : int64 array
        The number of cells of each record.
    lines : int64 array
        The line, counted from 0 within the block, at which each record starts.
    used : int
        The length of these records in the block before anything was rewritten.
    line_count : int
        How many lines they take.
    quoted : bool
        Whether quotes are still to be taken off.
    """

    data: NDArray[np.uint8]
    separator: str
    newline: str
    ends: NDArray[np.int64]
    fields: NDArray[np.int64]
    lines: NDArray[np.int64]
    used: int
    line_count: int
    quoted: bool

    @property
    def starts(self) -> NDArray[np.int64]:
        """The place in `data` of the first character of each record."""
        return np.concatenate(([0], self.ends[:-1] + 1))

    def blank(self) -> NDArray[np.bool_]:
        """Return which records are blank lines."""
        starts = self.starts
        first = self.data[starts]
        maybe = (self.fields == 1) & ((starts == self.ends) | (first == _SPACE) | (first == _TAB))
        for row in np.flatnonzero(maybe & (starts != self.ends)):
            maybe[row] = not self.data[starts[row] : self.ends[row]].tobytes().strip(b" \t")
        return maybe

    def keep(self, mask: NDArray[np.bool_]) -> Scan:
        """Return only the records where `mask` is true."""
        if mask.all():
            return self
        lengths = np.diff(self.ends, prepend=-1)
        return Scan(
            self.data[np.repeat(mask, lengths)], self.separator, self.newline,
            np.cumsum(lengths[mask]) - 1, self.fields[mask], self.lines[mask],
            self.used, self.line_count, self.quoted,
        )  # fmt: skip


def scan_block(
    block: bytes, dialect: Dialect, *, final: bool, source: str, line: int = 1
) -> Scan | None:
    r"""Find the complete records at the start of a block of UTF-8 text.

    Parameters
    ----------
    block : bytes
    dialect : Dialect
    final : bool
        Whether the file ends here.
    source : str
        The name of the file, for messages.
    line : int
        The line at which the block starts, counted from 1.

    Returns
    -------
    Scan or None
        None where the block does not hold one complete record.

    Raises
    ------
    TableError
        For a quote that is never closed, text behind a closing quote, a record or cell that is
        absurdly long.

    Examples
    --------
    >>> scan = scan_block(b'a,"b\nb"\r\nc,d\ne', Dialect(), final=False, source="a.csv")
    >>> scan.fields.tolist(), scan.lines.tolist(), scan.used
    ([2, 2], [0, 2], 13)
    """
    if final and block and not block.endswith((b"\n", b"\r")):
        block += b"\n"
    quote = dialect.quote
    quoted = quote is not None and quote.encode() in block
    if quote is not None and quoted:
        scan = _scan_quoted(block, dialect.separator, quote, final, source, line)
    else:
        scan = _scan_plain(block, dialect.separator, final)
    _check_lengths(block, scan, dialect.separator, quoted, source, line)
    return scan


def cells(scan: Scan, width: int, dialect: Dialect) -> pl.DataFrame:
    r"""Return the cells of records of `width` cells each as text; empty cells are null.

    Examples
    --------
    >>> scan = scan_block(b'a,"b ""c"" d"\n,e\n', Dialect(), final=True, source="a.csv")
    >>> cells(scan, 2, Dialect()).rows()
    [('a', 'b "c" d'), (None, 'e')]
    """
    import polars as pl

    text = scan.data.tobytes()
    frame = pl.read_csv(
        text, has_header=False, separator=scan.separator, eol_char=scan.newline, quote_char=None,
        infer_schema=False,
    )  # fmt: skip
    if frame.shape != (len(scan.ends), width):
        raise TableError(
            f"expected {len(scan.ends)} rows of {width} cells, but the parser made "
            f"{frame.height} of {frame.width}: this is a bug, please report it with the file"
        )
    if scan.quoted and dialect.quote is not None:
        frame = _without_quotes(frame, dialect.quote)
    blanks = (b" ", b"\t", b"\xc2\xa0")
    if scan.quoted or any(b in text for b in blanks if b != scan.separator.encode()):
        stripped = pl.all().str.strip_chars(BLANKS)
        frame = frame.select(pl.when(stripped != "").then(stripped))
    return frame


def _without_quotes(frame: pl.DataFrame, quote: str) -> pl.DataFrame:
    """Take the quotes off quoted cells, which are those that start with one."""
    import polars as pl

    bare = []
    for series in frame:
        text = series.str.strip_chars(" \t")
        quoted = text.str.starts_with(quote)
        if quoted.any():
            inner = text.str.strip_prefix(quote).str.strip_suffix(quote)
            inner = inner.str.replace_all(quote * 2, quote, literal=True)
            series = inner.zip_with(quoted.fill_null(False), series)
        bare.append(series)
    return pl.DataFrame(bare)


def _scan_plain(block: bytes, separator: str, final: bool) -> Scan | None:
    """Scan a block in which no quote has a meaning: every separator and line end counts."""
    # A CR at the very end may be the first half of a CRLF.
    end = len(block) if final or not block.endswith(b"\r") else len(block) - 1
    used = max(block.rfind(b"\n", 0, end), block.rfind(b"\r", 0, end)) + 1
    if not used:
        return None
    block = block[:used]
    if b"\r" in block:
        block = block.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
    data = np.frombuffer(block, np.uint8)
    ends = np.flatnonzero(data == _LF)
    fields = _count_fields(np.flatnonzero(data == ord(separator)), ends)
    lines = np.arange(len(ends))
    return Scan(data, separator, "\n", ends, fields, lines, used, len(ends), False)


def _scan_quoted(
    block: bytes, separator: str, quote: str, final: bool, source: str, line: int
) -> Scan | None:
    """Scan a block that holds quotes."""
    data = np.frombuffer(block, np.uint8)
    toggles = _find_toggles(data, ord(separator), ord(quote))
    marks = np.zeros(len(data), np.uint8)
    marks[toggles] = 1
    outside = np.bitwise_xor.accumulate(marks) == 0
    feed = data == _LF
    carriage = data == _CR
    before_feed = np.append(feed[1:], not final)  # a last CR may be half of a CRLF
    newline = feed | (carriage & ~before_feed)
    ends = np.flatnonzero(newline & outside)
    used = int(ends[-1]) + 1 if len(ends) else 0
    if len(toggles) % 2 and (final or len(block) - int(toggles[-1]) > _LONGEST_CELL):
        # Text behind an earlier closing quote is then the likelier fault: it is told first.
        _check_closings(data, toggles, ord(separator), source, line)
        opened = line + count_lines(block[: toggles[-1]])
        bound = "the end of the file" if final else f"{_LONGEST_CELL // 10**6} MB"
        raise TableError(
            f"{source}, line {opened}: a quote opens here and is not closed up to {bound}. "
            f"Close it, double it if it is text ({quote * 2}), or read quotes as text "
            "(--quote none)."
        )
    if not used:
        return None
    _check_closings(data[:used], toggles, ord(separator), source, line)
    parts = np.flatnonzero((data[:used] == ord(separator)) & outside[:used])
    all_newlines = np.flatnonzero(newline[:used])
    starts = np.concatenate(([0], ends[:-1] + 1))
    marks_at = _free_characters(block, separator, source)
    copy = data[:used].copy()
    copy[(carriage & before_feed & outside)[:used]] = _SPACE
    copy[parts] = marks_at[0]
    copy[ends] = marks_at[1]
    return Scan(
        copy, chr(marks_at[0]), chr(marks_at[1]), ends, _count_fields(parts, ends),
        np.searchsorted(all_newlines, starts), used, len(all_newlines), True,
    )  # fmt: skip


def _find_toggles(data: NDArray[np.uint8], separator: int, quote: int) -> NDArray[np.int64]:
    """Return the places of the quotes that open or close a quoted cell, in turn."""
    places = np.flatnonzero(data == quote)
    before = _skip_blanks(data, places - 1, -1, separator)
    at_start = (before < 0) | np.isin(data[before], (separator, _LF, _CR))
    follows = np.diff(places, prepend=-2) == 1
    # Every second quote, from the first, has to open a cell or be the second of a doubled one.
    if (at_start | follows)[::2].all():
        return places
    toggles, inside, index = [], False, 0
    place, opens, doubled = places.tolist(), at_start.tolist(), np.append(follows[1:], False)
    while index < len(place):
        if inside and doubled[index]:
            index += 1
        elif inside or opens[index]:
            toggles.append(place[index])
            inside = not inside
        index += 1
    return np.array(toggles, dtype=np.int64)


def _skip_blanks(
    data: NDArray[np.uint8], places: NDArray[np.int64], step: int, separator: int
) -> NDArray[np.int64]:
    """Move each place on by `step` while it is at a blank."""
    places = places.copy()
    moving = np.arange(len(places))
    while len(moving):
        at = places[moving]
        inside = (at >= 0) & (at < len(data))
        here = data[np.where(inside, at, 0)]
        blank = inside & ((here == _SPACE) | (here == _TAB)) & (here != separator)
        moving = moving[blank]
        places[moving] += step
    return places


def _check_closings(
    data: NDArray[np.uint8], toggles: NDArray[np.int64], separator: int, source: str, line: int
) -> None:
    """Refuse text between a closing quote and the next separator."""
    toggles = toggles[: np.searchsorted(toggles, len(data))]
    closing = toggles[1::2]
    following = np.append(toggles[2::2], -1)[: len(closing)]
    after = _skip_blanks(data, closing + 1, 1, separator)
    fine = np.isin(data[np.minimum(after, len(data) - 1)], (separator, _LF, _CR))
    wrong = np.flatnonzero(~fine & (following != closing + 1))
    if not len(wrong):
        return
    at = int(closing[wrong[0]])
    opened = int(toggles[2 * wrong[0]])
    text = data.tobytes()
    shown = text[at : at + 20].decode(errors="replace").splitlines()[0]
    began = line + count_lines(text[:opened])
    raise TableError(
        f"{source}, line {line + count_lines(text[:at])}: text follows a closing quote ({shown}); "
        f"the quote opened on line {began}. Close it there, double quotes within a cell, or read "
        "quotes as text (--quote none)."
    )


def _free_characters(block: bytes, separator: str, source: str) -> tuple[int, int]:
    """Return two control characters that the block does not hold."""
    usual = (ord(separator), _TAB, _LF, _CR)
    free = [code for code in range(31, 0, -1) if code not in usual and bytes([code]) not in block]
    if len(free) < 2:
        raise TableError(f"{source} holds every control character: it is not a text table")
    return free[0], free[1]


def _count_fields(parts: NDArray[np.int64], ends: NDArray[np.int64]) -> NDArray[np.int64]:
    """Count the cells of each record."""
    width = len(parts) // len(ends) if len(ends) else 0
    if width and len(parts) == width * len(ends):
        grid = parts.reshape(len(ends), width)
        if (grid[1:, 0] > ends[:-1]).all() and (grid[:, -1] < ends).all():
            return np.full(len(ends), width + 1)
    return np.diff(np.searchsorted(parts, ends), prepend=0) + 1


def _check_lengths(
    block: bytes, scan: Scan | None, separator: str, quoted: bool, source: str, line: int
) -> None:
    """Refuse records and cells that are absurdly long, before memory grows."""
    if scan is None:
        width, length = (1 if quoted else block.count(separator.encode()) + 1), len(block)
    else:
        width, length = int(scan.fields.max()), 0
        lengths = np.diff(scan.ends, prepend=-1)
        if lengths.max() > _LONGEST_CELL:
            marks = np.flatnonzero(scan.data == ord(scan.separator))
            bounds = np.sort(np.concatenate((marks, scan.ends)))
            gaps = np.diff(bounds, prepend=-1)
            longest = int(gaps.argmax())
            if gaps[longest] > _LONGEST_CELL:
                row = int(np.searchsorted(scan.ends, bounds[longest]))
                raise TableError(
                    f"{source}, line {line + int(scan.lines[row])}: a cell of "
                    f"{int(gaps[longest]):,} bytes; the longest allowed has "
                    f"{_LONGEST_CELL:,}. Is this a table?"
                )
    if width > MOST_COLUMNS:
        row = 0 if scan is None else int(scan.lines[int(scan.fields.argmax())])
        raise TableError(
            f"{source}, line {line + row}: more than {MOST_COLUMNS:,} columns. If rows and columns "
            "are swapped, transpose the table; otherwise keep the columns that matter."
        )
    if length > _LONGEST_RECORD:
        raise TableError(
            f"{source}, line {line}: a line of more than {_LONGEST_RECORD // 10**6} MB without an "
            "end. Is this a text table?"
        )
