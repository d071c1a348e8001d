"""Fitting a composed network to arrays, in one call."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import jax
import numpy as np
import optax

from descend.errors import UsageError
from descend.layers import Layer
from descend.losses import CategoricalCrossEntropy, Loss, SquaredError
from descend.optimizers import Optimizer
from descend.spec import plain
from descend.training.checking import as_examples, as_inputs, as_numbers, check_fits
from descend.training.descent import Descent
from descend.training.evaluation import linked_outputs, raw_outputs
from descend.training.loop import Run
from descend.training.records import EpochRecord, Examples

__all__ = ["Trained", "fit"]


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
        return raw_outputs(self.network, self.params, self.state, as_inputs(x))

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
    validation: tuple[Any, ...] | float | None = None,
    on_epoch: Callable[[EpochRecord], object] | None = None,
) -> Trained:
    """Train a network on arrays.

    Parameters
    ----------
    network : Layer
        Its output must be a vector of the loss's width; for `descend.losses.Stepwise` one at each
        step of a sequence, (time, width).
    x : array (rows, ...) or dict of arrays
        Inputs. Floating-point arrays become float32; scale them to about unit size beforehand.
        `descend.data.rows.Rows` stay in their file, as they are.
    y : array (rows,) or (rows, k), or tuple of arrays for `descend.losses.Combined`
        Integer class codes 0..k-1, or floating-point targets; (rows, time) or (rows, time, k) for
        `descend.losses.Stepwise`. Lists serve as arrays, here and for ``x``.
    loss : Loss, optional
        By default `CategoricalCrossEntropy` for integer targets and `SquaredError` for others.
    descent : Descent, optional
        The way down; ``Descent()`` by default.
    optimizer : optax.GradientTransformation, optional
        Any optax transformation, in place of ``descent.optimizer``.
    weights : array (rows,), optional
        Importance of each row.
    validation : (x, y), (x, y, weights), or a share in (0, 1), optional
        Rows that decide when to stop; a share is split off at random by the seed.
    on_epoch : function of EpochRecord, optional
        Called after each complete epoch.

    Returns
    -------
    Trained

    Raises
    ------
    DataError
        If shapes do not match, targets are not what the loss reads (as class codes beyond the
        outputs of the network), or a number is infinite or not a number.
    UsageError
        If network, loss and descent are no such specs, or the network does not fit the loss.
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
    descent = Descent() if descent is None else descent
    loss = _usual_loss(y) if loss is None else loss
    _check_specs(network, loss, descent, optimizer)
    if on_epoch is not None and not callable(on_epoch):
        raise UsageError(f"on_epoch must be a function of EpochRecord, got {on_epoch!r}")
    train = as_examples(loss, as_inputs(x), y, weights)
    held = None
    if isinstance(validation, tuple | list):
        if len(validation) not in (2, 3):
            raise UsageError(
                "validation must be (x, y), (x, y, weights) or a share of the rows; got "
                f"{len(validation)} parts"
            )
        own = as_inputs(validation[0], "validation x")
        held = as_examples(loss, own, *validation[1:], what="validation ")
    elif validation is not None:
        train, held = _split(train, validation, descent.seed)
    check_fits(network, loss, train, held)
    run = Run(network, loss, descent, train, held, optimizer=optimizer)
    for record in run.epochs():
        if on_epoch is not None and record.complete:
            on_epoch(record)
    return Trained(
        network, loss, run.params, run.state, tuple(run.history), run.best_epoch, run.ended
    )


def _usual_loss(y: Any) -> Loss:
    """Return the loss for targets of which nothing else is known: integers are classes."""
    several = isinstance(y, tuple) and any(np.ndim(part) for part in y)
    integers = not several and np.issubdtype(as_numbers(y, "y").dtype, np.integer)
    return CategoricalCrossEntropy() if integers else SquaredError()


def _check_specs(network: Any, loss: Any, descent: Any, optimizer: Any) -> None:
    """Refuse what is not of its kind, with what to write instead."""
    for name, value, kind, example in (
        ("network", network, Layer, 'Sequential((Dense(8, "relu"), Dense(2)))'),
        ("loss", loss, Loss, "SquaredError()"),
        ("descent", descent, Descent, "Descent(Adam(0.01), epochs=50)"),
    ):
        if not isinstance(value, kind):
            raise UsageError(f"{name} must be a spec such as {example}, got {value!r}")
    if isinstance(optimizer, Optimizer):
        raise UsageError(
            f"optimizer takes an optax transformation; give {type(optimizer).__name__} in the "
            f"descent: descent=Descent({type(optimizer).__name__}(...))"
        )
    if optimizer is not None and not isinstance(optimizer, optax.GradientTransformation):
        raise UsageError(f"optimizer must be an optax transformation, got {optimizer!r}")


def _split(examples: Examples, share: Any, seed: int) -> tuple[Examples, Examples]:
    share = plain(share)
    if not isinstance(share, int | float) or not 0 < share < 1:
        raise UsageError(
            f"validation must be (x, y), (x, y, weights) or a share between 0 and 1, got {share!r}"
        )
    n = examples.rows
    held = round(n * share)
    if not 0 < held < n:
        raise UsageError(f"a share of {share} of {n} rows leaves no rows on one side")
    order = np.random.Generator(np.random.Philox(key=[seed, 0])).permutation(n)

    def take(rows: np.ndarray) -> Examples:
        parts = jax.tree.map(lambda a: a[rows], (examples.x, examples.y, examples.weights))
        return Examples(*parts)

    return take(np.sort(order[held:])), take(np.sort(order[:held]))
