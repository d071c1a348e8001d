"""Finding a single column that gives the target away.

A column is reported only where it tells the target almost without error *by itself*:

- it is the target: the same labels in every row (five rows and more), or a number with a squared
  correlation above 0.999 with it, of values or of ranks (twenty rows and more);
- it is the target under other names: each class has one value of its own, and only that (twenty
  rows and more, two a class);
- it tells the target of rows that were not used to look: from one half of the rows the best guess
  for each value is learned (for a number, for the nearest value), and on the other half it is
  right for more than 99.9 % of the rows and of each class, or explains more than 99.9 % of the
  variance (200 rows and more).

A strong but honest predictor errs now and then and stays below; an identifier tells nothing of rows
that were not used to look. Where a table has one input only, it is meant to tell the target, and
just a copy is reported.
"""

from __future__ import annotations

import numpy as np
import polars as pl

from descend.data.cells import as_text, read_cells
from descend.data.columns import Column
from descend.data.hashing import mix
from descend.data.labels import label_codes
from descend.data.media.paths import PATH_KINDS
from descend.data.target_kinds import ClassTarget, Target

__all__ = ["find_leaks", "sample_rows"]

_SAMPLE = 20_000
_ENOUGH = 0.999
_FEW, _SOME, _MANY = 5, 20, 200
_ROWS_A_CLASS = 10


def sample_rows(rows: np.ndarray, size: int = _SAMPLE) -> np.ndarray:
    """Return at most `size` of the rows, drawn the same way every time, in their order.

    Examples
    --------
    >>> len(sample_rows(np.arange(100), 10))
    10
    """
    if len(rows) <= size:
        return rows
    draw = mix(np.arange(len(rows), dtype=np.uint64))
    return np.sort(rows[np.argpartition(draw, size)[:size]])


def find_leaks(
    frame: pl.DataFrame, columns: tuple[Column, ...], target: Target, rows: np.ndarray
) -> dict[str, str]:
    """Return the columns that give a target away, and how.

    Parameters
    ----------
    frame : polars.DataFrame
    columns : tuple of Column
        The input columns.
    target : ClassTarget or NumberTarget
    rows : integer array
        Rows that have a target.

    Examples
    --------
    >>> frame = pl.DataFrame({"hue": ["red", "blue"] * 5, "copy": ["red", "blue"] * 5})
    >>> hue = ClassTarget("hue", ("blue", "red"), (5, 5))
    >>> find_leaks(frame, (Column("copy", "category"),), hue, np.arange(10))
    {'copy': 'is the target itself'}
    """
    rows = sample_rows(rows)
    if len(rows) < _FEW:
        return {}
    if isinstance(target, ClassTarget):
        truth = target.encode(frame, rows)
    else:
        truth = target.numbers(frame, rows)
    found: dict[str, str] = {}
    for column in columns:
        if column.kind in PATH_KINDS or frame[column.name].dtype.is_nested():
            continue  # no value of a picture, sound or series stands for its row
        series = frame[column.name].gather(rows)
        if isinstance(target, ClassTarget):
            how = _class_leak(series, column, target, truth, len(columns) == 1)
        else:
            how = _number_leak(series, column, truth, len(columns) == 1)
        if how:
            found[column.name] = how
    return found


def _class_leak(
    series: pl.Series, column: Column, target: ClassTarget, truth: np.ndarray, only: bool
) -> str:
    copied = label_codes(as_text(series), target.classes)
    if not copied.null_count() and (copied.to_numpy() == truth).all():
        return "is the target itself"
    if only or len(truth) < _SOME:
        return ""
    values = _ordered(series, column)
    different, codes = np.unique(values, return_inverse=True)
    classes, counts = np.unique(truth, return_counts=True)
    if len(different) == len(classes) and counts.min() >= 2:
        pairs = np.unique(codes.astype(np.int64) * len(target.classes) + truth)
        if len(pairs) == len(classes):
            return "has one value for each class"
    if len(truth) < _MANY:
        return ""
    look, check = _halves(len(truth))
    guess = _best_class(codes[look], truth[look], len(different), len(target.classes))
    guessed = _nearest(guess, codes[check], different, column)
    right = guessed == truth[check]
    if right.mean() <= _ENOUGH:
        return ""
    rows = np.bincount(truth[check], minlength=len(target.classes))
    hits = np.bincount(truth[check], right, minlength=len(target.classes))
    judged = rows >= _ROWS_A_CLASS
    if judged.sum() < 2 or (hits[judged] / rows[judged]).min() <= _ENOUGH:
        return ""
    return f"alone tells the class of {100 * right.mean():.4g} % of the rows"


def _number_leak(series: pl.Series, column: Column, truth: np.ndarray, only: bool) -> str:
    values = _ordered(series, column)
    if column.kind in ("number", "date") and len(truth) >= _FEW:
        present = ~np.isnan(values)
        if present.all() and (values == truth).all():
            return "is the target itself"
        enough = present.sum() >= max(_SOME, 0.99 * len(truth))
        if enough and not only:
            x, y = values[present], truth[present]
            if max(_correlation(x, y), _correlation(_ranks(x), _ranks(y))) > _ENOUGH:
                return "rises or falls exactly with the target"
    if only or len(truth) < _MANY or truth.std() == 0:
        return ""
    different, codes = np.unique(values, return_inverse=True)
    look, check = _halves(len(truth))
    count = np.bincount(codes[look], minlength=len(different))
    total = np.bincount(codes[look], truth[look], minlength=len(different))
    with np.errstate(invalid="ignore", divide="ignore"):
        guess = total / count  # not a number where no row was looked at
    guessed = _nearest(guess, codes[check], different, column)
    if np.isnan(guessed).any():
        return ""
    y = truth[check]
    explained = 1 - np.mean((guessed - y) ** 2) / max(y.var(), 1e-300)
    if explained <= _ENOUGH:
        return ""
    return f"alone explains {100 * explained:.4g} % of the target's variance"


def _ordered(series: pl.Series, column: Column) -> np.ndarray:
    """Return cells as float64: numbers and times as they are, other values numbered."""
    values = read_cells(series, column)
    if column.kind == "date":
        values = values.cast(pl.Int64)
    elif values.dtype == pl.String:
        values = values.rank("dense")
    return values.cast(pl.Float64).fill_null(float("nan")).to_numpy()


def _halves(n: int) -> tuple[np.ndarray, np.ndarray]:
    even = (mix(np.arange(n, dtype=np.uint64)) & np.uint64(1)) == 0
    return np.flatnonzero(even), np.flatnonzero(~even)


def _best_class(codes: np.ndarray, truth: np.ndarray, values: int, classes: int) -> np.ndarray:
    """Return the most frequent class of each value; not a number where no row has the value."""
    pairs, counts = np.unique(codes.astype(np.int64) * classes + truth, return_counts=True)
    order = np.argsort(counts, kind="stable")  # the most frequent is written last
    best = np.full(values, np.nan)
    best[pairs[order] // classes] = pairs[order] % classes
    return best


def _nearest(
    guess: np.ndarray, codes: np.ndarray, different: np.ndarray, column: Column
) -> np.ndarray:
    """Return the guess for each row; of an unknown number or date, that of the nearest known."""
    if column.kind in ("number", "date"):
        known = np.flatnonzero(~np.isnan(guess) & ~np.isnan(different))
        gaps = np.flatnonzero(np.isnan(guess) & ~np.isnan(different))
        if len(known) and len(gaps):
            right = np.minimum(np.searchsorted(known, gaps), len(known) - 1)
            left = np.maximum(right - 1, 0)
            nearer = np.abs(different[known[left]] - different[gaps]) <= np.abs(
                different[known[right]] - different[gaps]
            )
            guess = guess.copy()
            guess[gaps] = guess[known[np.where(nearer, left, right)]]
    return guess[codes]


def _ranks(values: np.ndarray) -> np.ndarray:
    return pl.Series(values).rank("average").to_numpy()


def _correlation(x: np.ndarray, y: np.ndarray) -> float:
    """Return the squared correlation; 0 where one of the two does not vary."""
    x, y = x / max(np.abs(x).max(), 1e-300), y / max(np.abs(y).max(), 1e-300)
    x, y = x - x.mean(), y - y.mean()
    norm = float((x @ x) * (y @ y))
    return float((x @ y) ** 2) / norm if norm > 0 else 0.0
