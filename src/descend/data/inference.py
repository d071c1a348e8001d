"""How the kind of one column is found from its cells.

The rules, in order; the first that fits decides:

1. no value at all, or one value and no gap: ``constant``;
2. all numbers (or all but a few cells that spell "missing" in a way of their own): ``number``,
   unless it is a row ``identifier`` (see `identifiers`);
3. two words for yes and no: ``boolean``;
4. all dates in one common way: ``date``;
5. text, different in every row: ``identifier``, or ``text`` where it has three words and more;
6. many different long texts: ``text``; everything else: ``category``.
"""

from __future__ import annotations

import polars as pl

from descend.data.cells import FALSE_WORDS, TRUE_WORDS, as_text, is_missing
from descend.data.columns import Column
from descend.data.dates import find_pattern
from descend.data.identifiers import number_identifier, text_identifier
from descend.data.numbers import parse_numbers, thousands_mark
from descend.errors import ColumnError

__all__ = ["infer_column", "infer_number"]

_SAMPLE = 1000
_MISSPELT_SHARE = 0.05
_MISSPELT_KINDS = 3


def infer_column(
    series: pl.Series, *, decimal: str = ".", kind: str | None = None, identifiers: bool = True
) -> Column:
    """Say what one column is.

    Parameters
    ----------
    series : polars.Series
        Its cells, as text or typed; missing cells are null.
    decimal : {".", ","}
        The decimal mark of the file.
    kind : str, optional
        What the column is, whatever it looks like.
    identifiers : bool
        Whether the column may be a row identifier.

    Returns
    -------
    Column

    Raises
    ------
    ColumnError
        Where the cells are lists, binary data or the like, or cannot be of the given kind.

    Examples
    --------
    >>> infer_column(pl.Series("mass", ["1.5", "NA", "3"])).kind
    'number'
    """
    name = series.name
    if kind is not None and kind not in ("number", "date"):
        return Column(name, kind, f"{kind}, as asked", decimal=decimal)
    if series.dtype.is_nested() or series.dtype in (pl.Binary, pl.Object):
        raise ColumnError(
            f'column "{name}" holds {series.dtype} values; a cell must be a number, a text, '
            "a date or true/false. Drop the column, or unpack it first."
        )
    text = as_text(series)
    missing = is_missing(text)
    present = text.filter(~missing)
    gaps = len(text) - len(present)
    if kind is not None:
        return _forced(present, name, decimal, kind)
    if not len(present):
        return Column(name, "constant", "no value in any row")
    if _one_value(present):
        if not gaps:
            return Column(name, "constant", f'the same value in every row, "{present[0]}"')
        return Column(name, "category", "one value or missing", decimal=decimal)
    if present.dtype == pl.String:
        column = _infer_text(present, name, decimal, len(text))
    else:
        column = _infer_typed(present, name, decimal)
    if column.kind == "number" and identifiers:
        why = number_identifier(text, name, len(series))
        if why is not None:
            return Column(name, "identifier", why)
    return column


def _one_value(present: pl.Series) -> bool:
    first = present[0]
    return bool((present == first).all())


def _infer_typed(present: pl.Series, name: str, decimal: str) -> Column:
    """Say what a column of typed cells is; of numbers, how the texts were that they were read from.

    The next file has such texts again.
    """
    dtype = present.dtype
    if dtype == pl.Boolean:
        return Column(name, "boolean", "true or false")
    if dtype.is_temporal() and not isinstance(dtype, pl.Duration):
        note = "time of day" if dtype == pl.Time else "date"
        return Column(name, "date", note, pattern="%H:%M:%S%.f" if dtype == pl.Time else "")
    note = "time span in seconds" if dtype.is_temporal() else "number"
    return Column(name, "number", note, decimal=decimal)


def _infer_text(present: pl.Series, name: str, decimal: str, rows: int) -> Column:
    """Say what a column of texts is."""
    column = infer_number(present, name, decimal)
    if column is not None:
        return column
    values = present.unique(maintain_order=True)
    words = set(values.head(3).str.to_lowercase())
    if len(values.head(5).str.to_lowercase().unique()) == 2 and _yes_and_no(values):
        return Column(name, "boolean", "/".join(sorted(words, key=TRUE_WORDS.__contains__)[::-1]))
    found = find_pattern(values)
    if found is not None:
        pattern, note = found
        return Column(name, "date", note, pattern=pattern)
    unique = len(values) == len(present)
    lengths = values.str.len_chars().mean()
    length = float(lengths) if isinstance(lengths, int | float) else 0.0
    spaces = (values.str.count_matches(r"\s+") + 1).mean()
    word_count = float(spaces) if isinstance(spaces, int | float) else 0.0
    often_new = len(values) >= max(0.5 * len(present), 10)
    if (often_new and word_count >= 3 and length >= 15) or (length >= 100 and len(values) > 20):
        note = f"free text: {len(values):,} different texts of about {length:.0f} characters"
        return Column(name, "text", note)
    if unique and len(present) == rows:
        why = text_identifier(name, rows)
        if why is not None:
            return Column(name, "identifier", why)
    return Column(name, "category", f"category, {len(values):,} values", decimal=decimal)


def _yes_and_no(values: pl.Series) -> bool:
    """Whether the values are one pair of words for yes and no."""
    words = set(values.str.to_lowercase())
    return any({yes, no} == words for yes, no in zip(TRUE_WORDS, FALSE_WORDS, strict=True))


def infer_number(present: pl.Series, name: str, decimal: str) -> Column | None:
    """Return a number column, or None where the texts are not numbers.

    Parameters
    ----------
    present : polars.Series of String
        The cells that are not missing, without blanks around them; at least one.
    name : str
    decimal : {".", ","}
        The decimal mark of the file; the other one is tried as well.

    Raises
    ------
    ColumnError
        Where all but a few cells are numbers with fractions, and those few do not just spell
        "missing" in their own way: such a column is surely meant to be a number.

    Examples
    --------
    >>> infer_number(pl.Series(["1,5", "2"]), "mass", ".").decimal
    ','
    """
    other = "," if decimal == "." else "."
    head = present.head(_SAMPLE)
    for mark in (decimal, other):
        thousands = thousands_mark(head, mark)
        _, bad = parse_numbers(head, mark, thousands=thousands)
        if 2 * int(bad.sum()) > len(head):
            continue
        if thousands is not None:
            thousands = thousands_mark(present, mark)
        values, bad = parse_numbers(present, mark, thousands=thousands)
        odd: tuple[str, ...] = ()
        if bad.any():
            known = values.drop_nulls()
            if int(bad.sum()) > _MISSPELT_SHARE * len(present) or known.n_unique() < 10:
                continue
            spellings = present.filter(bad).unique(maintain_order=True)
            digits = bool(spellings.str.contains("[0-9]").any())
            if digits and (known.floor() == known).all():
                continue  # codes, such as 1017 beside 1017B
            if digits or len(spellings) > _MISSPELT_KINDS:
                raise ColumnError(
                    f'column "{name}" is a number in {len(known):,} cells, but not in '
                    f'{int(bad.sum()):,}, the first "{spellings[0]}". Correct them, leave them '
                    "empty (missing), or drop the column."
                )
            odd = tuple(sorted(spellings))
        note = "number"
        if mark != decimal:
            note += f", decimal mark {mark!r}"
        if thousands is not None:
            note += f", thousands marked by {thousands!r}"
        if odd:
            note += ", missing where " + " or ".join(f'"{word}"' for word in odd)
        return Column(name, "number", note, mark, thousands, missing=odd)
    return None


def _forced(present: pl.Series, name: str, decimal: str, kind: str) -> Column:
    """Return a column of the kind asked for; for numbers and dates, with how it is written."""
    if kind == "number":
        found = None
        if present.dtype == pl.String and len(present):
            found = infer_number(present, name, decimal)
        return found or Column(name, "number", "number, as asked", decimal=decimal)
    if present.dtype != pl.String or not len(present):
        return Column(name, "date", "date, as asked")
    pattern = find_pattern(present)
    if pattern is None:
        raise ColumnError(
            f'column "{name}" cannot be read as dates, for instance "{present[0]}"; '
            "write 2011-03-01 or 2011-03-01 14:30"
        )
    return Column(name, "date", pattern[1], pattern=pattern[0])
