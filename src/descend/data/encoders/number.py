"""Numbers into network inputs: scaled, far values bent in, gaps filled and flagged."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl

from descend.data.cells import read_numbers
from descend.data.columns import Column
from descend.data.fields import check_finite, check_flag
from descend.data.notes import Tally
from descend.spec import Spec, SpecError, check_choice, check_integer, check_number, check_spec

__all__ = ["NumberEncoder", "SCALES", "bend", "fit_number", "plain"]

SCALES = ("standard", "minmax", "robust", "none")
"""The ways to scale numbers."""

BEND = 5.0
_LARGEST = float(np.finfo(np.float32).max)
_NORMAL = 1.349
_FAR_TAIL = 30.0


def bend(scaled: np.ndarray) -> np.ndarray:
    """Leave values up to 5 alone and pull farther ones in by a logarithm.

    ``z`` where ``|z| <= 5``, else ``sign(z) * (5 + log(1 + |z| - 5))``: the slope is continuous
    and the order of values is kept, yet even 1e308 becomes less than 715. So one far value
    neither overflows float32 nor drives the descent.

    Examples
    --------
    >>> bend(np.array([-1.0, 5.0, 6.0, 1e30])).round(3).tolist()
    [-1.0, 5.0, 5.693, 74.078]
    """
    size = np.abs(scaled)
    if size.size == 0 or size.max() <= BEND:
        return scaled
    far = size > BEND
    bent = scaled.copy()
    bent[far] = np.sign(scaled[far]) * (BEND + np.log1p(size[far] - BEND))
    return bent


def plain(value: float) -> str:
    """Return a number as a person would write it, with up to six digits.

    Examples
    --------
    >>> plain(28.0), plain(0.123456789), plain(1234567.0)
    ('28', '0.123457', '1,234,567')
    """
    if value == int(value) and abs(value) < 1e15:
        return f"{int(value):,}"
    return f"{value:,.6g}"


@dataclass(frozen=True)
class NumberEncoder(Spec):
    """A fitted number column: ``bend((x - center) / spread)``, and a flag for gaps.

    Parameters
    ----------
    column : Column
    scale : one of `SCALES`
        What the user asked for. With ``none`` numbers pass unbent, only kept within float32.
    center, spread : float
        In the unit of the column.
    fill : float
        Stands in for a missing number: the median of the training rows.
    low, high : float
        The range of the training rows.
    flag : bool
        Whether a further input is 1 where the number is missing; so where training had gaps.
    gaps : int
        The number of missing cells in the training rows.
    """

    column: Column
    scale: str
    center: float
    spread: float
    fill: float
    low: float
    high: float
    flag: bool
    gaps: int

    def __post_init__(self) -> None:
        check_spec(self, "column", Column)
        check_choice(self, "scale", SCALES)
        check_finite(self, "center", "spread", "fill", "low", "high")
        check_number(self, "spread", above=0.0)
        check_flag(self, "flag")
        check_integer(self, "gaps", at_least=0)
        if self.low > self.high:
            raise SpecError(f"NumberEncoder: low {self.low!r} is above high {self.high!r}")

    @property
    def width(self) -> int:
        """How many inputs of the network the column becomes."""
        return 1 + self.flag

    @property
    def feature_names(self) -> tuple[str, ...]:
        """The name of each input."""
        name = self.column.name
        return (name, f"{name} missing") if self.flag else (name,)

    @property
    def fill_note(self) -> str:
        """What stands in for a missing number, for the report."""
        how = "and flagged" if self.flag else "(none was missing in training)"
        return f"filled with {plain(self.fill)} {how}"

    @property
    def range_note(self) -> tuple[str, str]:
        """The training range, for the report."""
        return plain(self.low), plain(self.high)

    def encode(self, series: pl.Series, out: np.ndarray, first_row: int = 0) -> Tally:
        """Write the inputs of some rows into `out`, float32 of shape (rows, width)."""
        values = read_numbers(series, self.column, first_row)
        missing = values.is_null().to_numpy()
        numbers = values.fill_null(self.fill).to_numpy()
        if self.scale == "none":
            out[:, 0] = np.clip(numbers, -_LARGEST, _LARGEST)
        else:
            with np.errstate(over="ignore"):
                scaled = (numbers - self.center) / self.spread
            out[:, 0] = bend(np.clip(scaled, -1e300, 1e300))
        if self.flag:
            out[:, 1] = missing
        outside = (numbers < self.low) | (numbers > self.high)
        return Tally(missing=int(missing.sum()), outside=int((outside & ~missing).sum()))


def fit_number(series: pl.Series, column: Column, scale: str) -> NumberEncoder:
    """Fit one number column on training rows.

    ``standard`` is the mean and population standard deviation, in float64. Where a few far values
    make the deviation over 30 times what the middle half of the rows suggests
    (quartile range / 1.349), everything else would be squashed to one point; then the median and
    that quartile width are used, as ``robust`` does. ``robust`` falls back to the deviation where
    the middle half is one value.

    Parameters
    ----------
    series : polars.Series
        The training rows.
    column : Column
    scale : one of `SCALES`

    Examples
    --------
    >>> fitted = fit_number(pl.Series([1.0, 2.0, 3.0, None]), Column("mass", "number"), "standard")
    >>> fitted.center, round(fitted.spread, 4), fitted.flag
    (2.0, 0.8165, True)
    """
    values = read_numbers(series, column)
    gaps = values.null_count()
    numbers = values.drop_nulls().to_numpy()
    if not len(numbers):
        return NumberEncoder(column, scale, 0.0, 1.0, 0.0, 0.0, 0.0, True, gaps)
    low, high = float(numbers.min()), float(numbers.max())
    # Work on numbers of about 1, so that squares of 1e200 do not overflow.
    unit = max(abs(low), abs(high), 1e-300)
    part = numbers / unit
    lower, middle, upper = (float(q) for q in np.quantile(part, (0.25, 0.5, 0.75)))
    mean, deviation = float(part.mean()), float(part.std())
    quartile = upper - lower
    center, spread = 0.0, 1.0 / unit
    if scale == "standard":
        center, spread = mean, deviation
        if quartile > 0 and deviation > _FAR_TAIL * quartile / _NORMAL:
            center, spread = middle, quartile / _NORMAL
    elif scale == "minmax":
        center, spread = low / unit, high / unit - low / unit
    elif scale == "robust":
        center, spread = middle, quartile or deviation
    # A spread that is only rounding noise would turn one value into far ones.
    noise = 1e-14 * abs(center)
    width = spread * unit if spread > noise else 1.0
    width = min(max(width, 1e-300), 1e308)
    return NumberEncoder(
        column, scale, center * unit, width, middle * unit, low, high, gaps > 0, gaps
    )
