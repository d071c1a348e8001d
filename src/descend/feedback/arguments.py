"""Checks of what people hand over: numbers, arrays, places of spins, states of −1 and +1.

Each returns the value in the one type that the code below works with, and refuses, with the name
of the argument, what cannot become that without a change of value.
"""

from __future__ import annotations

import math
import sys
from collections.abc import Iterable, Iterator
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax.core import Tracer

from descend.errors import DataError, UsageError, did_you_mean

__all__ = [
    "LARGEST",
    "MOST_STEPS",
    "check_callable",
    "check_largest",
    "check_shape",
    "edge_ends",
    "float_array",
    "float_rows",
    "one_of",
    "real",
    "real_array",
    "seed_of",
    "sign_row",
    "sign_rows",
    "state_of",
    "whole",
    "whole_array",
]

MOST_STEPS = 2**31 - 1
"""Steps are counted on the device in 32 bits."""

LARGEST = 1e100
"""Of what a problem is made of: products and sums of a few such numbers are still finite."""

Kind = type[UsageError] | type[DataError]


def _shown(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 80 else text[:77] + "..."


def _bounds(**bounds: Any) -> str:
    words = [f"{word.replace('_', ' ')} {bound}" for word, bound in bounds.items()]
    return " and ".join(word for word in words if not word.endswith("None"))


def _scalar(value: Any) -> int | float | None:
    """Return a number of Python, NumPy or JAX as Python's; None for anything else."""
    if isinstance(value, bool):
        return None
    if isinstance(value, int | float):
        return value
    kind = getattr(getattr(value, "dtype", None), "kind", "")
    return value.item() if kind in tuple("iuf") and getattr(value, "ndim", None) == 0 else None


def whole(
    value: Any,
    name: str,
    at_least: int | None = None,
    at_most: int | None = None,
    error: Kind = UsageError,
) -> int:
    """Return an integer within its bounds; a float is none, whatever its value.

    Examples
    --------
    >>> whole(np.int64(4), "num_reads", 1)
    4
    >>> whole(1.5, "num_reads", 1)
    Traceback (most recent call last):
        ...
    descend.errors.UsageError: num_reads must be an integer of at least 1, got 1.5
    """
    number = _scalar(value)
    if (
        not isinstance(number, int)
        or (at_least is not None and number < at_least)
        or (at_most is not None and number > at_most)
    ):
        bounds = _bounds(at_least=at_least, at_most=at_most)
        expected = "an integer" + (f" of {bounds}" if bounds else "")
        raise error(f"{name} must be {expected}, got {_shown(value)}")
    return int(number)


def real(
    value: Any,
    name: str,
    *,
    above: float | None = None,
    at_least: float | None = None,
    below: float | None = None,
    at_most: float | None = None,
    error: Kind = UsageError,
) -> float:
    """Return a finite number within its bounds.

    Examples
    --------
    >>> real(float("nan"), "timeout", above=0)
    Traceback (most recent call last):
        ...
    descend.errors.UsageError: timeout must be a finite number above 0, got nan
    """
    number = _scalar(value)
    if (
        number is None
        or abs(number) > sys.float_info.max
        or not math.isfinite(number)
        or (above is not None and not number > above)
        or (at_least is not None and not number >= at_least)
        or (below is not None and not number < below)
        or (at_most is not None and not number <= at_most)
    ):
        bounds = _bounds(above=above, at_least=at_least, below=below, at_most=at_most)
        expected = f"a finite number {bounds}".strip()
        raise error(f"{name} must be {expected}, got {_shown(value)}")
    return float(number)


def seed_of(value: Any) -> int:
    """Return a seed: an integer of at least 0, as NumPy's generators take it."""
    return whole(value, "seed", 0)


def one_of(value: Any, name: str, choices: Iterable[str]) -> str:
    """Return a word that is one of the choices; the message lists them."""
    choices = list(choices)
    if not isinstance(value, str) or value not in choices:
        hint = did_you_mean(value, choices) if isinstance(value, str) else ""
        raise UsageError(f"{name} must be one of {', '.join(choices)}, got {_shown(value)}.{hint}")
    return value


def check_callable(value: Any, name: str, takes: str) -> None:
    """Refuse what is neither None nor a function."""
    if value is not None and not callable(value):
        raise UsageError(f"{name} must be a function of {takes}, or None, got {_shown(value)}")


def real_array(
    values: Any,
    name: str,
    shape: tuple[int | None, ...] | None = None,
    *,
    infinite: bool = False,
    largest: float = math.inf,
) -> np.ndarray:
    """Return a new array of float64; refuse text, complex and ragged values, and other shapes.

    Parameters
    ----------
    values : array
    name : str
    shape : tuple or None
        None in it is any length.
    infinite : bool
        Whether infinity may stand in it; NaN never may.
    largest : float
        Bound on the size of its finite entries.

    Examples
    --------
    >>> real_array([1, np.nan], "bias", (2,))
    Traceback (most recent call last):
        ...
    descend.errors.DataError: bias must be finite; entry 1 (counted from 0) is nan
    """
    array = float_array(values, f"{name} must be an array of numbers")
    if array.size == 0 and shape is not None and len(shape) == 1:
        array = array.reshape(-1)
    check_shape(array, name, shape)
    wrong = np.isnan(array) if infinite else ~np.isfinite(array)
    if wrong.any():
        place = tuple(int(k) for k in np.argwhere(wrong)[0])
        at = ", ".join(map(str, place))
        raise DataError(
            f"{name} must be {'numbers' if infinite else 'finite'}; entry {at} (counted from 0) "
            f"is {array[place]}"
        )
    check_largest(array, name, largest)
    return array


def float_array(values: Any, expected: str) -> np.ndarray:
    """Return a new array of float64, finite or not; refuse text, complex and ragged values."""
    try:
        given = np.asarray(values)
        if given.dtype.kind not in "biufO":
            raise TypeError(f"these are of type {given.dtype}")
        return np.array(given, np.float64)
    except (TypeError, ValueError, OverflowError) as error:
        raise DataError(f"{expected}: {error}") from None


def check_largest(array: np.ndarray, name: str, largest: float) -> None:
    """Refuse finite entries beyond a bound."""
    found = float(np.abs(array).max(where=np.isfinite(array), initial=0.0))
    if found > largest:
        raise DataError(
            f"{name} must be at most {largest:g} in size, got {found:.3g}; divide all by one number"
        )


def check_shape(array: Any, name: str, shape: tuple[int | None, ...] | None) -> None:
    """Refuse an array of another shape; None is any length."""
    if shape is None:
        return
    fits = array.ndim == len(shape) and all(
        wanted in (None, got) for wanted, got in zip(shape, array.shape, strict=True)
    )
    if not fits:
        wanted = ", ".join("any" if size is None else str(size) for size in shape)
        wanted += "," * (len(shape) == 1)
        raise DataError(f"{name} must have shape ({wanted}), got {array.shape}")


def whole_array(values: Any, name: str, shape: tuple[int | None, ...] | None = None) -> np.ndarray:
    """Return a new array of int64; refuse numbers that would be cut off.

    Examples
    --------
    >>> whole_array([0.0, 1.5], "first")
    Traceback (most recent call last):
        ...
    descend.errors.DataError: first must be whole numbers; entry 1 (counted from 0) is 1.5
    """
    values = list(values) if isinstance(values, Iterator) else values
    array = real_array(values, name, shape)
    wrong = (array != np.floor(array)) | (np.abs(array) > 2.0**53)
    if np.asarray(values).dtype.kind == "b" and array.size:
        raise DataError(f"{name} must be whole numbers, got an array of true and false")
    if wrong.any():
        place = tuple(int(k) for k in np.argwhere(wrong)[0])
        raise DataError(
            f"{name} must be whole numbers; entry {', '.join(map(str, place))} (counted from 0) is "
            f"{array[place]:.16g}"
        )
    return array.astype(np.int64)


def edge_ends(size: int, first: Any, second: Any, word: str) -> tuple[np.ndarray, np.ndarray]:
    """Return the two ends of every edge between ``size`` places, each called ``word``."""
    first, second = whole_array(first, "first", (None,)), whole_array(second, "second", (None,))
    if len(first) != len(second):
        raise DataError(
            f"edges need as many first ends as second ends, got {len(first)} and {len(second)}"
        )
    for k in np.flatnonzero((np.minimum(first, second) < 0) | (np.maximum(first, second) >= size)):
        wrong = first[k] if not 0 <= first[k] < size else second[k]
        numbered = f"{word}s are numbered 0 to {size - 1}" if size else f"there are no {word}s"
        raise DataError(f"edge {k} (counted from 0) names {word} {wrong}; {numbered}")
    return first, second


def sign_rows(values: Any, what: str, units: int | None = None) -> np.ndarray:
    """Return a copy as float rows, refusing values other than −1 and +1.

    One row may come without its outer brackets.
    """
    try:
        array = np.array(values)
        array = np.atleast_2d(np.array(array, float) if array.dtype.kind in "iuf" else array)
    except ValueError as error:
        raise DataError(f"{what} must be rows of −1 and +1 of one length: {error}") from None
    if array.dtype.kind != "f":
        raise DataError(f"{what} must be rows of −1 and +1, got an array of type {array.dtype}")
    if array.ndim != 2 or np.ndim(values) == 0:
        raise DataError(f"{what} must be rows of −1 and +1, got shape {np.shape(values)}")
    wrong = np.abs(array) != 1
    if wrong.any():
        row, column = np.argwhere(wrong)[0]
        raise DataError(
            f"{what} must be rows of −1 and +1, got shape {array.shape}; row {row}, column "
            f"{column} is {array[row, column]:g}. Turn 0 and 1 into 2x − 1."
        )
    if units is not None and array.shape[1] != units:
        raise DataError(f"{what} must have {units} units, got {array.shape[1]}")
    return array


def float_rows(values: Any, what: str, units: int) -> jax.Array:
    """Return finite rows (rows, units) in single precision; one row may come without brackets.

    Values that JAX is tracing are checked by their shape alone.
    """
    if isinstance(values, Tracer):
        rows = jnp.atleast_2d(values.astype(jnp.float32))
    else:
        with np.errstate(over="ignore"):
            single = real_array(values, what).astype(np.float32)
        if not np.isfinite(single).all():
            raise DataError(f"{what} must be numbers that single precision can hold, up to 3e38")
        rows = jnp.atleast_2d(jnp.asarray(single))
    if rows.ndim != 2 or rows.shape[1] != units:
        raise DataError(f"{what} must be rows of {units} units, got shape {rows.shape}")
    return rows


def sign_row(values: Any, what: str, units: int) -> np.ndarray:
    """Return one state (units,) of −1 and +1 as floats."""
    rows = sign_rows(values, what, units)
    if len(rows) != 1:
        raise DataError(f"{what} must be one state of {units} units, got {len(rows)}")
    return rows[0]


def state_of(spins: Any, amplitudes: Any, units: int) -> tuple[np.ndarray, np.ndarray]:
    """Return the spins and amplitudes of one read, from which a repair begins."""
    return sign_row(spins, "spins", units), real_array(amplitudes, "amplitudes", (units,))
