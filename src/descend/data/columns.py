"""What each column of a table is: a number, a category, a date, an identifier, the target ...

`infer_columns` looks at every cell once and says, for each column, what the network will see of it
and why, in a phrase for the report. How the kind of one column is found is in `inference`; how its
cells are then read is in `cells`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from descend.data.fields import check_text, check_words
from descend.errors import ColumnError, DataError, TargetError, did_you_mean
from descend.spec import Spec, SpecError, check_choice

if TYPE_CHECKING:
    import polars as pl

__all__ = ["Column", "INPUT_KINDS", "KINDS", "infer_columns", "input_columns", "listed"]

INPUT_KINDS = ("boolean", "category", "date", "image", "number", "series", "sound", "text")
"""The kinds that the network sees."""

KINDS = (
    *INPUT_KINDS,
    "constant",
    "dropped",
    "group",
    "identifier",
    "split",
    "target",
    "time",
    "weight",
)
"""Every kind that a column may be."""

_STEERING = {
    "weight": "the weight of each row",
    "group": "rows of one group stay together",
    "time": "orders the rows in time",
    "split": "says which rows train, validate and test",
}
"""Columns that are no inputs but steer training, and what they do."""

_MARKED = r"%Y{0}%m{0}%d|%d{0}%m{0}%[Yy]|%m{0}%d{0}%[Yy]|%y{0}%m{0}%d|%d{0}%[bB]{0}%Y"
_DATE = "|".join([_MARKED.format(re.escape(mark)) for mark in "-/. "] + ["%[bB] %d, %Y"])
_CLOCK = r"%H:%M(?::%S%\.f)?"
_PATTERN = re.compile(
    rf"(?:%Y[-/]%m|(?:{_DATE})(?:[T ](?:{_CLOCK}|%I:%M(?::%S%\.f)? ?%p)(?: ?%z)?)?|{_CLOCK})?"
)


@dataclass(frozen=True)
class Column(Spec):
    """One column of a table: its name, its kind, and how its cells are written.

    Parameters
    ----------
    name : str
    holds : one of `KINDS`
        Its kind, read as ``column.kind`` (a stored spec keeps its own name under ``kind``).
        The columns that a row is grouped by, weighted by, ordered in time by or put into a part
        by (``group``, ``weight``, ``time``, ``split``) are not inputs, nor are ``constant``,
        ``identifier`` and ``dropped`` ones.
    note : str
        A plain phrase for the report: why it is of this kind.
    decimal : {".", ","}
        The decimal mark of a number.
    thousands : {None, ",", "."}
        The mark between the thousands of a number.
    pattern : str
        How a date is written, in the letters of ``strftime``; empty for ISO and typed dates.
    missing : tuple of str
        Spellings of a missing value that only this column has.

    Examples
    --------
    >>> Column("age", "number").kind
    'number'
    """

    name: str
    holds: str
    note: str = ""
    decimal: str = "."
    thousands: str | None = None
    pattern: str = ""
    missing: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        check_text(self, "name")
        check_choice(self, "holds", KINDS)
        check_text(self, "note")
        check_choice(self, "decimal", (".", ","))
        check_choice(self, "thousands", (None, ".", ","))
        if self.thousands == self.decimal:
            raise SpecError(f"Column: thousands and decimal are both {self.decimal!r}")
        check_text(self, "pattern")
        if not _PATTERN.fullmatch(self.pattern):
            raise SpecError(f"Column: {self.pattern!r} is not a known way to write dates")
        check_words(self, "missing")

    @property
    def kind(self) -> str:
        """What the column is: one of `KINDS`."""
        return self.holds


def input_columns(columns: Sequence[Column]) -> tuple[Column, ...]:
    """Return the columns that the network sees.

    Examples
    --------
    >>> input_columns((Column("age", "number"), Column("row", "identifier")))
    (Column(name='age', holds='number', ...),)
    """
    return tuple(column for column in columns if column.kind in INPUT_KINDS)


def infer_columns(
    frame: pl.DataFrame,
    *,
    targets: Sequence[str] = (),
    drop: Sequence[str] = (),
    weight: str | None = None,
    group: str | None = None,
    time: str | None = None,
    split: str | None = None,
    decimal: str = ".",
    kinds: Mapping[str, str] | None = None,
    source: str = "the table",
) -> tuple[Column, ...]:
    """Say what each column of a table is.

    Parameters
    ----------
    frame : polars.DataFrame
        Text cells (from text files) or typed ones; missing cells are null.
    targets, drop : sequence of str
        Columns to predict, and columns to leave out.
    weight, group, time, split : str, optional
        Columns that weigh the rows, keep rows together in a split, order them in time, or say
        whether a row trains, validates or tests. They are not inputs.
    decimal : {".", ","}
        The decimal mark of the file.
    kinds : mapping of name to kind, optional
        What a column is, whatever it looks like.
    source : str
        The name of the file, for messages.

    Returns
    -------
    tuple of Column
        One a column, in the order of the table.

    Raises
    ------
    ColumnError, TargetError
        For a name that the table lacks, or that is given two roles.

    Examples
    --------
    >>> import polars as pl
    >>> frame = pl.DataFrame({"size": ["1", "2.5", "4"], "hue": ["red", "blue", "red"]})
    >>> [(column.name, column.kind) for column in infer_columns(frame, targets=["hue"])]
    [('size', 'number'), ('hue', 'target')]
    """
    from descend.data.inference import infer_column

    steering = {"weight": weight, "group": group, "time": time, "split": split}
    roles = _roles(frame.columns, targets, drop, steering, source)
    wanted = dict(kinds or {})
    _check_known(wanted, frame.columns, source, ColumnError)
    for name, kind in wanted.items():
        if kind not in KINDS:
            raise ColumnError(
                f'column "{name}" cannot be of kind "{kind}".{did_you_mean(kind, KINDS)} '
                f"Kinds: {', '.join(KINDS)}"
            )
    columns = [
        Column(name, *roles[name], decimal=decimal)
        if name in roles
        else infer_column(frame[name], decimal=decimal, kind=wanted.get(name))
        for name in frame.columns
    ]
    if not input_columns(columns):
        columns = [_revived(column, frame[column.name], wanted) for column in columns]
    return tuple(columns)


def _revived(column: Column, series: pl.Series, wanted: Mapping[str, str]) -> Column:
    """Make an identifier of numbers an input again, where the table has no other input."""
    from descend.data.inference import infer_column

    if column.kind != "identifier" or column.name in wanted:
        return column
    number = infer_column(series, decimal=column.decimal, identifiers=False)
    if number.kind != "number":
        return column
    return number.replace(note="number; looks like a row identifier, but is the only input")


def _roles(
    names: Sequence[str],
    targets: Sequence[str],
    drop: Sequence[str],
    steering: Mapping[str, str | None],
    source: str,
) -> dict[str, tuple[str, str]]:
    """Return the kind and note of every column that was given a role."""
    _check_known(targets, names, source, TargetError)
    twice = next((name for name in targets if targets.count(name) > 1), None)
    if twice is not None:
        raise TargetError(
            f'the target "{twice}" is named {targets.count(twice)} times: name each column to '
            "predict once"
        )
    _check_known(drop, names, source, ColumnError)
    given = [(name, "dropped", "dropped as asked") for name in drop]
    given += [(name, "target", "to be predicted") for name in targets]
    for kind, name in steering.items():
        if name is not None:
            _check_known([name], names, source, ColumnError)
            given.append((name, kind, _STEERING[kind]))
    roles: dict[str, tuple[str, str]] = {}
    for name, kind, note in given:
        if name in roles and roles[name][0] != kind:
            raise ColumnError(
                f'column "{name}" cannot be both {roles[name][0]} and {kind}: '
                "give it one role, or copy the column"
            )
        roles[name] = (kind, note)
    return roles


def _check_known(
    wanted: Sequence[str] | Mapping[str, str],
    names: Sequence[str],
    source: str,
    error: type[DataError],
) -> None:
    for name in wanted:
        if name not in names:
            raise error(
                f'{source} has no column "{name}".{did_you_mean(name, names)} '
                f"Columns: {listed(names)}"
            )


def listed(names: Sequence[str], limit: int = 30) -> str:
    """Return names joined by commas, at most `limit` of them.

    Examples
    --------
    >>> listed(["a", "b", "c"], 2)
    'a, b and 1 more'
    """
    text = ", ".join(names[:limit])
    return text if len(names) <= limit else f"{text} and {len(names) - limit:,} more"
