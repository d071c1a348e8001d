"""What a network is fitted to, checked before training: inputs, targets and weights of rows."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from descend.data.rows import Rows
from descend.errors import DataError, UsageError
from descend.layers import Layer
from descend.layers.summary import output_shape
from descend.losses import Combined, Ensemble, Loss, Poisson, Stepwise
from descend.losses.weights import of_mean_one
from descend.training.evaluation import count_rows
from descend.training.records import Examples

__all__ = ["as_examples", "as_inputs", "as_numbers", "check_fits"]

CHECKED = 65_536
"""Rows that are checked at a time, so that a file need not be in memory."""

_LARGEST_INTEGER = 2**31 - 1


def as_numbers(value: Any, name: str) -> np.ndarray:
    """Return an array, or lists of numbers, as an array; refuse what holds anything else.

    Raises
    ------
    DataError
        The message calls the value by its ``name``.
    """
    try:
        array = np.asarray(value)
    except ValueError:
        message = f"{name} must be an array with rows of equal length, but they differ"
        raise DataError(message) from None
    if array.dtype == object:
        with suppress(TypeError, ValueError):
            array = array.astype(np.float64)
    if array.ndim == 0:
        raise DataError(f"{name} must be an array with a row an example, got {value!r}")
    if array.dtype.kind not in "biuf" and not jnp.issubdtype(array.dtype, np.floating):
        first = f', as "{array.flat[0]}"' if array.size else ""
        raise DataError(
            f"{name} must be numbers, got {array.dtype}{first}: turn names into codes 0, 1, 2, ... "
            "(np.unique(names, return_inverse=True)[1]), or let descend.train read the table"
        )
    return array


def as_inputs(x: Any, name: str = "x") -> Any:
    """Return inputs as arrays: those of floating point as float32, the rest as they are.

    Parameters
    ----------
    x : array, lists of numbers, `descend.data.rows.Rows`, or dict of these
    name : str
        What messages call it.

    Raises
    ------
    DataError
        Where it holds anything but numbers.
    """
    if isinstance(x, Rows):
        return x
    if isinstance(x, Mapping):
        if not x:
            raise DataError(f"{name} is an empty dict: there are no inputs")
        return {key: as_inputs(part, f'{name}["{key}"]') for key, part in x.items()}
    array = as_numbers(x, name)
    if jnp.issubdtype(array.dtype, np.floating):
        return _float32(array)
    if array.dtype.itemsize > 4 and array.size and np.abs(array).max() > _LARGEST_INTEGER:
        raise DataError(
            f"{name} has integers beyond {_LARGEST_INTEGER:,}, which a network cannot read: give "
            "floating-point numbers, scaled to about unit size"
        )
    return array


def as_examples(loss: Loss, x: Any, y: Any, weights: Any = None, what: str = "") -> Examples:
    """Return rows as a network learns from them; refuse what does not match or is no number.

    Parameters
    ----------
    loss : Loss
    x : array or dict of arrays
        As `as_inputs` returns them.
    y : array (rows,) or (rows, k), or a tuple of one for each part of a `Combined`
    weights : array (rows,), optional
    what : str
        Stands before x, y and weights in messages, as in "validation ".

    Raises
    ------
    DataError
    """
    rows = count_rows(x)
    if not rows:
        raise DataError(f"{what}x has no rows: at least one is needed")
    for array in jax.tree.leaves(x):
        _check_rows(array, rows, f"{what}x")
    targets = _targets(loss, y, rows, f"{what}y")
    if weights is not None:
        weights = np.asarray(weights)
        numbers = weights.dtype.kind in "biuf" and weights.shape == (rows,)
        if not numbers or not np.isfinite(weights).all() or weights.min() < 0:
            raise DataError(f"{what}weights must be {rows} finite numbers, none negative")
        if not weights.any():
            raise DataError(f"{what}weights are all zero, so there is nothing to learn from")
        weights = of_mean_one(weights)
    return Examples(x, targets, weights)


def check_fits(network: Layer, loss: Loss, train: Examples, held: Examples | None = None) -> None:
    """Refuse a network whose output does not fit the loss, and rows that do not fit the network.

    Parameters
    ----------
    network : Layer
    loss : Loss
    train : Examples
    held : Examples, optional
        Validation rows; they must be of the kind of the training rows.

    Raises
    ------
    UsageError
        If the network's output is no vector, or not of the width that the loss needs.
    DataError
        If class codes are beyond the outputs, or the validation rows of other shapes.
    """
    outputs, targets = output_shape(network, _shapes(train.x)), train.y
    if isinstance(loss, Stepwise):
        outputs, targets, loss = _width_of_steps(outputs, train.y), _all_steps(train.y), loss.loss
    if len(outputs) != 1:
        raise UsageError(
            f"the network must give one vector a row; it gives shape {outputs}. End it with "
            "Flatten() or Dense(...)"
        )
    members, one = _members(loss)
    width, rest = divmod(outputs[0], members)
    if rest:
        raise UsageError(
            f"{outputs[0]} outputs of the network cannot be shared by {members} members"
        )
    gives = "the network gives each member" if members > 1 else "the network gives"
    parts: list[tuple[Loss, int, str]] = [(one, width, "")]
    if isinstance(one, Combined):
        if sum(one.widths) != width:
            raise UsageError(
                f"Combined needs {sum(one.widths)} outputs, the sum of its widths {one.widths}, "
                f"but {gives} {width}"
            )
        parts = [
            (*pair, f"[{i}]") for i, pair in enumerate(zip(one.losses, one.widths, strict=True))
        ]
        gives = "its width is"
    for (part, own, place), y in zip(parts, _parts(targets), strict=True):
        _check_width(part, y, own, f"y{place}", gives)
        _check_codes(part, y, own, f"y{place}")
    if held is None:
        return
    for name in ("x", "y"):
        known, given = (_shapes(getattr(examples, name)) for examples in (train, held))
        if known != given:
            raise DataError(
                f"validation {name} must have rows of the shape of those of {name}, "
                f"{_shown(known)}; got {_shown(given)}"
            )
    for (part, own, place), y in zip(parts, _parts(held.y), strict=True):
        _check_codes(part, y, own, f"validation y{place}")


def _width_of_steps(outputs: Any, y: np.ndarray) -> tuple[int, ...]:
    """Return the shape of the output at one step; refuse what is no vector at each step of y."""
    if isinstance(outputs, dict):
        raise UsageError(
            "Stepwise counts every step as real, so it takes sequences of one length: give x as "
            "an array (rows, time, channels)"
        )
    if len(outputs) != 2 or outputs[0] != y.shape[1]:
        raise UsageError(
            f"Stepwise needs a vector at each of the {y.shape[1]} steps of y, but the network "
            f"gives shape {outputs} a row. Recurrent(..., return_sequences=True) followed by "
            "EachStep(Dense(...)) gives one at each step of x"
        )
    return outputs[1:]


def _all_steps(y: np.ndarray) -> np.ndarray:
    """Return the targets of all steps of all rows, one below the other."""
    return y.reshape(-1, *y.shape[2:])


def _members(loss: Loss) -> tuple[int, Loss]:
    """Return how many members a loss has, and the loss of one."""
    return (loss.members, loss.loss) if isinstance(loss, Ensemble) else (1, loss)


def _parts(y: Any) -> tuple[Any, ...]:
    return y if isinstance(y, tuple) else (y,)


def _check_codes(loss: Loss, y: np.ndarray, width: int, name: str) -> None:
    if loss.target == "class" and y.max() >= width:
        raise DataError(
            f"{name} has the class code {y.max()}, but the network's {width} outputs are for "
            f"the codes 0 to {width - 1}"
        )


def _check_width(loss: Loss, y: np.ndarray, width: int, name: str, gives: str) -> None:
    k = {"class": width, "binary": 2}.get(loss.target) or y.shape[1]
    if loss.target == "class" and width < 2:
        raise UsageError(
            f"{type(loss).__name__} needs an output for each class of {name}, at least 2, but "
            f"{gives} {width}"
        )
    if loss.width(k) != width:
        raise UsageError(
            f"{type(loss).__name__} needs {loss.width(k)} outputs for {name}, but {gives} {width}"
        )


def _shapes(tree: Any) -> Any:
    return jax.tree.map(lambda array: tuple(array.shape[1:]), tree)


def _shown(shapes: Any) -> str:
    if isinstance(shapes, dict):
        return ", ".join(f'"{name}" {_shown(shape)}' for name, shape in sorted(shapes.items()))
    return str(shapes)


def _float32(array: np.ndarray) -> np.ndarray:
    with np.errstate(over="ignore"):  # what is too large becomes infinite, and is refused as that
        return array.astype(np.float32)


def _check_rows(array: Any, rows: int, name: str) -> None:
    if array.ndim == 0 or len(array) != rows:
        raise DataError(
            f"{name} must have {rows} rows, as x has; got an array of shape {array.shape}"
        )
    for first in range(0, rows, CHECKED):
        piece = array[first : first + CHECKED]
        if np.issubdtype(piece.dtype, np.floating) and not np.isfinite(piece).all():
            row = first + int(np.argwhere(~np.isfinite(piece))[0][0])
            raise DataError(
                f"{name} must be finite numbers, but row {row} has NaN or infinity, or a number "
                "beyond float32 (3.4e38)"
            )


def _targets(loss: Loss, y: Any, rows: int, name: str) -> Any:
    """Return targets in the type that a loss reads, or say what it reads."""
    _, one = _members(loss)
    if isinstance(one, Combined):
        count = len(one.losses)
        if not isinstance(y, tuple | list) or len(y) != count:
            got = f"{len(y)}" if isinstance(y, tuple | list) else f"a {type(y).__name__}"
            raise DataError(
                f"{name} must be a tuple of {count} targets, one for each loss of Combined; "
                f"got {got}"
            )
        return tuple(
            _targets(part, own, rows, f"{name}[{i}]")
            for i, (part, own) in enumerate(zip(one.losses, y, strict=True))
        )
    if isinstance(one, Stepwise):
        y = as_numbers(y, name)
        _check_rows(y, rows, name)
        if y.ndim < 2 or not y.shape[1] or isinstance(one.loss, Combined):
            raise DataError(
                f"Stepwise({type(one.loss).__name__}()) takes one array with a target at each "
                f"step, (rows, time) or (rows, time, k); {name} is {y.shape}"
            )
        steps = _targets(one.loss, _all_steps(y), rows * y.shape[1], name)
        return steps.reshape(*y.shape[:2], *steps.shape[1:])
    if isinstance(y, tuple) and len(y) != rows and any(np.ndim(part) for part in y):
        raise DataError(
            f"{name} is a tuple of {len(y)} arrays: several targets need a loss of several parts, "
            "as Combined((SquaredError(), BinaryCrossEntropy()), widths=(1, 1))"
        )
    y = as_numbers(y, name)
    takes = f"{type(one).__name__} takes"
    if one.target == "class":
        _check_rows(y, rows, name)
        smallest = y.min() if y.size else None
        if y.dtype.kind not in "biu" or y.ndim != 1 or y.min() < 0 or y.max() > _LARGEST_INTEGER:
            steps = f". A target at each step is for Stepwise({type(one).__name__}())"
            raise DataError(
                f"{takes} class codes 0, 1, 2, ... as integers of shape (rows,); {name} is "
                f"{y.dtype} of shape {y.shape}, smallest {smallest}{steps if y.ndim == 2 else ''}"
            )
        return y.astype(np.int32)
    y = _float32(y)
    _check_rows(y, rows, name)
    if one.target == "binary":
        if y.ndim != 1 or not np.isin(y, (0, 1)).all():
            raise DataError(f"{takes} targets 0 or 1 of shape (rows,); {name} has {_outside(y)}")
        return y
    y = y[:, None] if y.ndim == 1 else y
    if y.ndim != 2 or not y.shape[1]:
        raise DataError(f"{takes} targets of shape (rows,) or (rows, k); {name} is {y.shape}")
    if one.target == "labels" and not np.isin(y, (0, 1)).all():
        raise DataError(f"{takes} targets 0 or 1, one a label; {name} has {_outside(y)}")
    if isinstance(one, Poisson) and y.min() < 0:
        raise DataError(f"{takes} counts, none negative; {name} goes down to {y.min():g}")
    return y


def _outside(y: np.ndarray) -> str:
    """Return what of targets that should be 0 or 1 is not."""
    wrong = y[~np.isin(y, (0, 1))]
    return f"{wrong[0]:g}" if wrong.size else f"shape {y.shape}"
