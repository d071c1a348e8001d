r"""What counts as a number in a text file: one strict grammar for training and for prediction.

::

    number   = [sign] (integer | decimal) [("e" | "E") [sign] digits]
    integer  = "0" | digit from 1 to 9, digits
    decimal  = digits mark [digits] | mark digits
    sign     = "+" | "-"           mark = "." or ","           digits = ASCII 0 to 9

So ``007``, ``1_000``, ``0x10``, ``１２`` and a time such as ``1:30`` are text, and so is an integer
too long for a float to hold exactly (beyond 2**53: an identifier, not a measurement). ``inf`` and
``1e999`` are numbers that are not finite; nothing can be standardised with them, so
`refuse_infinite` turns them into an error once a column is known to be numeric.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import TYPE_CHECKING

from descend.errors import TableError

if TYPE_CHECKING:
    import polars as pl

__all__ = ["MISSING", "parse_numbers", "refuse_infinite", "thousands_mark"]

MISSING: tuple[str, ...] = (
    "", "?", "-", "--", "NA", "N/A", "n/a", "#N/A", "<NA>", "NaN", "nan", "NAN", "-nan",
    "null", "Null", "NULL", "None",
)  # fmt: skip
"""Spellings of a missing value, compared with the whole cell after its blanks are stripped."""

_NUMBER = r"^[+-]?(?:0|[1-9][0-9]*|[0-9]+\.[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?$"
_INFINITE = r"^[+-]?(?i:inf|infinity)$"
_DIGITS_ONLY = r"^[+-]?[0-9]+$"
_EXACT = 2.0**53
_GROUPS = {",": r"[1-9][0-9]{0,2}(?:,[0-9]{3})+", ".": r"[1-9][0-9]{0,2}(?:\.[0-9]{3})+"}


def parse_numbers(
    series: pl.Series,
    decimal: str = ".",
    *,
    thousands: str | None = None,
    missing: Collection[str] = MISSING,
) -> tuple[pl.Series, pl.Series]:
    """Read a column of text as numbers.

    Parameters
    ----------
    series : polars.Series
        Text cells; null is a missing cell.
    decimal : {".", ","}
        The decimal mark.
    thousands : {None, ",", "."}
        The mark between groups of three digits, as `thousands_mark` found it in the training
        rows. ``None``: a cell with such marks is not a number.
    missing : collection of str
        Spellings of a missing value.

    Returns
    -------
    values : polars.Series of Float64
        The numbers; null where the cell is missing or not a number. ``inf`` and numbers too large
        for a float are infinite here: see `refuse_infinite`.
    not_a_number : polars.Series of Boolean
        True where a cell is neither missing nor a number; never null.

    Examples
    --------
    >>> import polars as pl
    >>> values, bad = parse_numbers(pl.Series(["1.5", "NA", "007", "-2e3", None]))
    >>> values.to_list(), bad.to_list()
    ([1.5, None, None, -2000.0, None], [False, False, True, False, False])
    >>> parse_numbers(pl.Series(["1.234,5"]), ",", thousands=".")[0].to_list()
    [1234.5]
    """
    import polars as pl

    _check_marks(decimal, thousands)
    text = series.cast(pl.String)
    plain = text
    if thousands is not None:
        grouped = text.str.contains(_grouped_pattern(decimal, thousands))
        plain = _choose(grouped, text.str.replace_all(thousands, "", literal=True), text)
    if decimal == ",":
        # A point is then no part of any number: make it a character that the grammar refuses.
        plain = plain.str.replace_all(".", "_", literal=True).str.replace_all(
            ",", ".", literal=True
        )
    fits = plain.str.contains(_NUMBER)
    if not fits.all():
        fits = fits | plain.str.contains(_INFINITE)
        plain = _choose(fits, plain, None)
    values = plain.cast(pl.Float64, strict=False)
    large = values.is_finite() & (values.abs() >= _EXACT)
    if large.any():
        values = _choose(large & plain.str.contains(_DIGITS_ONLY), None, values)
    wrong = values.is_null() & text.is_not_null()
    if wrong.any():
        blank = text.str.strip_chars() if len(text) else text
        wrong = wrong & ~blank.is_in(list(missing))
    return values, wrong.fill_null(False)


def thousands_mark(
    series: pl.Series, decimal: str = ".", *, missing: Collection[str] = MISSING
) -> str | None:
    """Return the mark between thousands when a whole column uses it consistently.

    Consistent means: every number of four digits or more before the decimal mark is written in
    groups of three, at least one is, and nothing else but missing values and numbers occurs.

    Parameters
    ----------
    series : polars.Series
        Text cells of the training rows.
    decimal : {".", ","}
        The decimal mark; the other of the two is the candidate.
    missing : collection of str
        Spellings of a missing value.

    Returns
    -------
    str or None
        ``","`` or ``"."``, or ``None`` where the column is not written so.

    Examples
    --------
    >>> import polars as pl
    >>> thousands_mark(pl.Series(["1,234", "12", "1,000,000.5"]))
    ','
    >>> thousands_mark(pl.Series(["1,234", "1234"])) is None
    True
    """
    mark = "," if decimal == "." else "."
    _check_marks(decimal, mark)
    text = series.drop_nulls()
    grouped = text.str.contains(_grouped_pattern(decimal, mark))
    if not grouped.any():
        return None
    rest = text.filter(~grouped)
    _, wrong = parse_numbers(rest, decimal, missing=missing)
    return None if wrong.any() or rest.str.contains(r"^[+-]?[0-9]{4}").any() else mark


def refuse_infinite(
    values: pl.Series,
    text: pl.Series,
    *,
    source: str,
    line_of: Callable[[int], int | None] | None = None,
) -> None:
    """Raise where a numeric column holds an infinite number.

    Parameters
    ----------
    values, text : polars.Series
        What `parse_numbers` returned, and the cells that it read.
    source : str
        The name of the file, for the message.
    line_of : callable, optional
        From the index of a row to its line in the file (`Table.line_of`).

    Raises
    ------
    TableError
        Names the file, line, column and cell.

    Examples
    --------
    >>> import polars as pl
    >>> text = pl.Series("mass", ["1.5", "1e999"])
    >>> refuse_infinite(parse_numbers(text)[0], text, source="a.csv")
    Traceback (most recent call last):
        ...
    descend.errors.TableError: a.csv, row 2, column "mass": "1e999" is infinite...
    """
    infinite = values.is_infinite().fill_null(False)
    if not infinite.any():
        return
    row = int(infinite.arg_true()[0])
    line = line_of(row) if line_of is not None else None
    where = f"row {row + 1}" if line is None else f"line {line}"
    raise TableError(
        f'{source}, {where}, column "{values.name}": "{text[row]}" is infinite, and a network '
        f"needs finite numbers. Correct the cell, leave it empty (missing), or drop the column."
    )


def _check_marks(decimal: str, thousands: str | None) -> None:
    """Refuse marks that the grammar does not know."""
    if decimal not in (".", ",") or thousands not in (None, ".", ",") or thousands == decimal:
        raise ValueError(
            f'expected decimal "." or "," and thousands None or the other of the two, '
            f"got {decimal!r} and {thousands!r}"
        )


def _grouped_pattern(decimal: str, thousands: str) -> str:
    """Return the pattern of one number written with a mark between its thousands."""
    tail = r"\.[0-9]*" if decimal == "." else ",[0-9]*"
    return rf"^[+-]?{_GROUPS[thousands]}(?:{tail})?$"


def _choose(mask: pl.Series, yes: pl.Series | None, no: pl.Series | None) -> pl.Series:
    """Take `yes` where `mask` is true and `no` elsewhere; ``None`` stands for null."""
    import polars as pl

    name = next(s.name for s in (yes, no) if s is not None)
    chosen = pl.when(mask).then(pl.lit(yes)).otherwise(pl.lit(no))
    return pl.select(chosen.alias(name)).to_series()
