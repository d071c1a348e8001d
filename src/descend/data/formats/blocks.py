"""Parts of a table on their way from a file: put together, cut into equal parts, made compact."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from descend.data.formats.lines import LineIndex
from descend.data.numbers import parse_numbers

if TYPE_CHECKING:
    import polars as pl

__all__ = ["Block", "compacted", "in_rows", "joined"]

_MOST_CATEGORIES = 0.5
_COMPACT_ROWS = 16384  # fewer make the calls outweigh the work, more take memory
_INTEGER = r"^-?(?:0|[1-9][0-9]*)$"


@dataclass(frozen=True, eq=False)
class Block:
    """Some consecutive rows of a table.

    Attributes
    ----------
    frame : polars.DataFrame
    lines : LineIndex or None
        The lines of the rows, for text files.
    skipped : int
        Rows left out since the block before because they have too few or too many cells.
    """

    frame: pl.DataFrame
    lines: LineIndex | None = None
    skipped: int = 0


def joined(blocks: Iterable[Block]) -> Block:
    """Put blocks together; there has to be one at least."""
    import polars as pl

    blocks = list(blocks)
    frame = pl.concat([block.frame for block in blocks], rechunk=False)
    parts = [(block.lines, block.frame.height) for block in blocks if block.lines is not None]
    lines = LineIndex.join(parts) if len(parts) == len(blocks) else None
    return Block(frame, lines, sum(block.skipped for block in blocks))


def in_rows(blocks: Iterable[Block], rows: int) -> Iterator[Block]:
    """Cut a table into blocks of `rows` rows; only the last has fewer.

    Examples
    --------
    >>> import polars as pl
    >>> parts = [Block(pl.DataFrame({"a": [1, 2, 3]})), Block(pl.DataFrame({"a": [4, 5]}))]
    >>> [part.frame["a"].to_list() for part in in_rows(parts, 2)]
    [[1, 2], [3, 4], [5]]
    """
    waiting: list[Block] = []
    height = 0
    for block in blocks:
        waiting.append(block)
        height += block.frame.height
        if height < rows:
            continue
        whole = joined(waiting)
        skipped = whole.skipped
        for start in range(0, height - rows + 1, rows):
            yield _cut(whole, start, start + rows, skipped)
            skipped = 0
        rest = height % rows
        waiting, height = [_cut(whole, height - rest, height, 0)] if rest else [], rest
    if waiting and (height or any(block.skipped for block in waiting)):
        yield joined(waiting)


def _cut(block: Block, start: int, stop: int, skipped: int) -> Block:
    """Return some rows of a block."""
    lines = None if block.lines is None else block.lines.slice(start, stop)
    return Block(block.frame.slice(start, stop - start), lines, skipped)


def compacted(blocks: Callable[[], Iterator[Block]], decimal: str) -> Block:
    """Put the blocks of a text table together in little memory.

    A text column becomes Float64 where each of its cells is a number or missing (Int64 where
    each is a plain whole number), and Enum where its texts come again and again. Numbers are parsed
    block by block. Where a later block shows that a column is no number after all, its cells are
    read again as text, so that nothing is lost: ``007`` stays ``007`` and ``1.50`` stays ``1.50``.

    Parameters
    ----------
    blocks : callable
        Returns the blocks from the start of the file; called a second time where needed.
    decimal : {".", ","}
        The decimal mark of the file.

    Returns
    -------
    Block
        Its frame consists of many chunks.
    """
    import polars as pl

    columns: list[_Number | _Text] = []
    heights: list[tuple[LineIndex | None, int]] = []
    skipped = 0
    failed: set[int] = set()
    for block in in_rows(blocks(), _COMPACT_ROWS):
        if not columns:
            columns = [
                _Number(decimal) if series.dtype == pl.String else _Text() for series in block.frame
            ]
        heights.append((block.lines, block.frame.height))
        skipped += block.skipped
        for place, series in enumerate(block.frame):
            if place in failed or columns[place].add(series):
                continue
            columns[place] = _Text()
            if len(heights) == 1:
                columns[place].add(series)
            else:
                failed.add(place)
    if failed:
        for block in in_rows(blocks(), _COMPACT_ROWS):
            for place in failed:
                columns[place].add(block.frame.to_series(place))
    lines = [(index, height) for index, height in heights if index is not None]
    return Block(
        pl.DataFrame([column.finish() for column in columns]),
        LineIndex.join(lines) if len(lines) == len(heights) else None,
        skipped,
    )


class _Number:
    """A column that has been numbers so far."""

    def __init__(self, decimal: str) -> None:
        self._decimal = decimal
        self._parts: list[pl.Series] = []
        self._whole = True

    def add(self, series: pl.Series) -> bool:
        """Take the cells of one more block; False where one of them is not a finite number."""
        values, bad = parse_numbers(series, self._decimal)
        if bad.any() or values.is_infinite().any():
            return False
        if self._whole:
            self._whole = bool(series.filter(values.is_not_null()).str.contains(_INTEGER).all())
        self._parts.append(values)
        return True

    def finish(self) -> pl.Series:
        """Return the whole column."""
        import polars as pl

        dtype = pl.Int64 if self._whole and any(p.count() for p in self._parts) else pl.Float64
        return _concat([part.cast(dtype) for part in self._parts])


class _Text:
    """A column of texts, or of typed cells, which are kept as they are."""

    def __init__(self) -> None:
        self._parts: list[pl.Series] = []
        self._values: pl.Series | None = None  # the different texts; None: too many to list

    def add(self, series: pl.Series) -> bool:
        """Take the cells of one more block."""
        import polars as pl

        if series.dtype == pl.String and (self._values is not None or not self._parts):
            new = series.drop_nulls().unique(maintain_order=True)
            if self._values is not None:
                new = pl.concat([self._values, new]).unique(maintain_order=True)
            rows = len(series) + sum(map(len, self._parts))
            if len(new) <= _MOST_CATEGORIES * rows:
                self._values = new
                series = series.cast(pl.Enum(new))
            elif self._values is not None:
                self._values = None
                self._parts = [part.cast(pl.String) for part in self._parts]
        self._parts.append(series)
        return True

    def finish(self) -> pl.Series:
        """Return the whole column."""
        import polars as pl

        if self._values is None:
            return _concat(self._parts)
        dtype = pl.Enum(self._values)
        return _concat([part.cast(pl.String).cast(dtype) for part in self._parts])


def _concat(parts: list[pl.Series]) -> pl.Series:
    """Put the parts of a column together without a copy."""
    import polars as pl

    return pl.concat(parts, rechunk=False)
