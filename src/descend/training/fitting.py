"""Fitting a composed network to arrays, in one call."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import jax
import numpy as np
import optax

from descend.data.rows import Rows
from descend.errors import DataError, UsageError
from descend.layers import Layer
from descend.layers.summary import output_shape
from descend.losses import CategoricalCrossEntropy, Loss, SquaredError
from descend.training.descent import Descent
from descend.training.evaluation import count_rows, linked_outputs, raw_outputs
from descend.training.loop import Run
from descend.training.records import EpochRecord, Examples

__all__ = ["Trained", "fit"]

CHECKED = 65_536
"""Rows that are checked at a time, so that a file need not be in memory."""


@dataclass(frozen=True)
class Trained:
    """A network with the weights that training found.

    Attributes
    ----------
    network : Layer
    loss : Loss
    params, state : dict of NumPy arrays
    history : tuple of EpochRecord
    best_epoch : int
        The epoch the weights come from.
    ended : str
        "epochs", "patience" or "stopped".
    """

    network: Layer
    loss: Loss
    params: Any
    state: Any
    history: tuple[EpochRecord, ...]
    best_epoch: int
    ended: str

    def raw(self, x: Any) -> np.ndarray:
        """Return the raw outputs, float32 (rows, width)."""
        return raw_outputs(self.network, self.params, self.state, _as_float32(x))

    def predict(self, x: Any) -> Any:
        """Return what the loss's link makes of the raw outputs: probabilities or numbers."""
        return linked_outputs(self.loss, self.raw(x))


def fit(
    network: Layer,
    x: Any,
    y: Any,
    *,
    loss: Loss | None = None,
    descent: Descent | None = None,
    optimizer: optax.GradientTransformation | None = None,
    weights: Any = None,
    validation: tuple[Any, Any] | float | None = None,
    on_epoch: Callable[[EpochRecord], object] | None = None,
) -> Trained:
    """Train a network on arrays.

    Parameters
    ----------
    network : Layer
        Its output must be a vector of the loss's width.
    x : array (rows, ...) or dict of arrays
        Inputs. Floating-point arrays become float32; scale them to about unit size beforehand.
        `descend.data.rows.Rows` stay in their file, as they are.
    y : array (rows,) or (rows, k), or tuple of arrays for `descend.losses.Combined`
        Integer class codes 0..k-1, or floating-point targets.
    loss : Loss, optional
        By default `CategoricalCrossEntropy` for integer targets and `SquaredError` for others.
    descent : Descent, optional
        The way down; ``Descent()`` by default.
    optimizer : optax.GradientTransformation, optional
        Any optax transformation, in place of ``descent.optimizer``.
    weights : array (rows,), optional
        Importance of each row.
    validation : (x, y), or a share in (0, 1), optional
        Rows that decide when to stop; a share is split off at random by the seed.
    on_epoch : function of EpochRecord, optional
        Called after each complete epoch.

    Returns
    -------
    Trained

    Raises
    ------
    DataError
        If shapes do not match, or a number is infinite or not a number.
    DivergedError
        If the loss became infinite or not a number.

    Examples
    --------
    >>> from descend.layers import Dense, Sequential
    >>> from descend.optimizers import Adam
    >>> x = np.array([[0, 0], [0, 1], [1, 0], [1, 1]], np.float32)
    >>> network = Sequential((Dense(8, "tanh"), Dense(2)))
    >>> trained = fit(network, x, x[:, 0].astype(int) ^ x[:, 1].astype(int),
    ...               descent=Descent(Adam(0.05), batch_size=None, epochs=200))
    >>> trained.predict(x).argmax(axis=1)
    array([0, 1, 1, 0])
    """
    descent = descent or Descent()
    x, y = _as_float32(x), jax.tree.map(np.asarray, y)
    if loss is None:
        integers = not isinstance(y, tuple) and np.issubdtype(y.dtype, np.integer)
        loss = CategoricalCrossEntropy() if integers else SquaredError()
    train = _checked(loss, x, y, weights)
    held = None
    if isinstance(validation, tuple):
        held = _checked(loss, _as_float32(validation[0]), jax.tree.map(np.asarray, validation[1]))
    elif validation is not None:
        train, held = _split(train, validation, descent.seed)
    _check_output(network, loss, train)
    run = Run(network, loss, descent, train, held, optimizer=optimizer)
    for record in run.epochs():
        if on_epoch is not None and record.complete:
            on_epoch(record)
    return Trained(
        network, loss, run.params, run.state, tuple(run.history), run.best_epoch, run.ended
    )


def _as_float32(x: Any) -> Any:
    def one(a: Any) -> Any:
        if isinstance(a, Rows):
            return a
        a = np.asarray(a)
        return a.astype(np.float32) if np.issubdtype(a.dtype, np.floating) else a

    return jax.tree.map(one, x, is_leaf=lambda a: isinstance(a, list))


def _checked(loss: Loss, x: Any, y: Any, weights: Any = None) -> Examples:
    """Refuse rows that do not match or numbers that are not finite, and fix the target's type."""
    rows = count_rows(x)
    for name, arrays in (("x", x), ("y", y)):
        for array in jax.tree.leaves(arrays):
            if array.ndim == 0 or len(array) != rows:
                raise DataError(
                    f"{name} must have {rows} rows, as x has; got an array of shape {array.shape}"
                )
            for first in range(0, rows, CHECKED):
                piece = array[first : first + CHECKED]
                if np.issubdtype(piece.dtype, np.floating) and not np.isfinite(piece).all():
                    row = first + int(np.argwhere(~np.isfinite(piece))[0][0])
                    raise DataError(
                        f"{name} must be finite numbers, but row {row} has NaN or infinity"
                    )
    if weights is not None:
        weights = np.asarray(weights, np.float32)
        if weights.shape != (rows,) or not np.isfinite(weights).all() or weights.min() < 0:
            raise DataError(f"weights must be {rows} finite numbers, none negative")
        if not weights.any():
            raise DataError("weights are all zero, so there is nothing to learn from")
    return Examples(x, _as_targets(loss, y), weights)


def _as_targets(loss: Loss, y: Any) -> Any:
    if isinstance(y, tuple):
        parts: Any = loss
        return tuple(_as_targets(part, a) for part, a in zip(parts.losses, y, strict=True))
    if loss.target == "class":
        if not np.issubdtype(y.dtype, np.integer) or y.ndim != 1 or y.min() < 0:
            raise DataError(
                f"{type(loss).__name__} takes class codes 0, 1, 2, ... as integers of shape "
                f"(rows,); got {y.dtype} of shape {y.shape}, smallest {y.min()}"
            )
        return y.astype(np.int32)
    y = y.astype(np.float32)
    if loss.target == "binary":
        if y.ndim != 1 or not np.isin(y, (0, 1)).all():
            raise DataError(f"{type(loss).__name__} takes targets 0 or 1 of shape (rows,)")
        return y
    return y[:, None] if y.ndim == 1 else y


def _split(examples: Examples, share: float, seed: int) -> tuple[Examples, Examples]:
    if not 0 < share < 1:
        raise UsageError(f"validation must be (x, y) or a share between 0 and 1, got {share!r}")
    n = examples.rows
    held = round(n * share)
    if not 0 < held < n:
        raise UsageError(f"a share of {share} of {n} rows leaves no rows on one side")
    order = np.random.Generator(np.random.Philox(key=[seed, 0])).permutation(n)

    def take(rows: np.ndarray) -> Examples:
        parts = jax.tree.map(lambda a: a[rows], (examples.x, examples.y, examples.weights))
        return Examples(*parts)

    return take(np.sort(order[held:])), take(np.sort(order[:held]))


def _check_output(network: Layer, loss: Loss, train: Examples) -> None:
    """Refuse a network whose output does not fit the loss, and class codes beyond its outputs."""
    outputs = output_shape(network, jax.tree.map(lambda a: tuple(a.shape[1:]), train.x))
    if len(outputs) != 1:
        raise UsageError(
            f"the network must give one vector a row; it gives shape {outputs}. End it with "
            "Flatten() or Dense(...)"
        )
    if isinstance(train.y, tuple):
        return
    k = {"class": outputs[0], "binary": 2}.get(loss.target) or train.y.shape[1]
    if loss.width(k) != outputs[0]:
        raise UsageError(
            f"{type(loss).__name__} needs {loss.width(k)} outputs for these targets, "
            f"but the network gives {outputs[0]}"
        )
    if loss.target == "class" and train.y.max() >= outputs[0]:
        raise DataError(
            f"y has the class code {train.y.max()}, but the network's {outputs[0]} outputs are for "
            f"the codes 0 to {outputs[0] - 1}"
        )
