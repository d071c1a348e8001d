"""Between targets and raw outputs: which loss learns them, and what the raw outputs say."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import jax
import numpy as np
import polars as pl

from descend.data.targets import ClassTarget, NumberTarget, Target
from descend.errors import UsageError
from descend.layers import Layer
from descend.layers.summary import output_shape, parameter_count
from descend.losses import (
    CategoricalCrossEntropy,
    Combined,
    Hinge,
    Loss,
    Poisson,
    Quantile,
    SquaredError,
)
from descend.models.names import LOSSES, choose
from descend.models.networks import MOST_WEIGHTS
from descend.training import linked_outputs

__all__ = [
    "Answer",
    "answers",
    "check_network",
    "encoded",
    "joint_loss",
    "loss_for",
    "raw_width",
    "unscaled",
]


@dataclass(frozen=True)
class Answer:
    """What a model says about one target.

    Attributes
    ----------
    target : str
    prediction : array (rows,)
        Labels as they were given, or numbers in the target's own unit.
    codes : int array (rows,)
        Class codes of the predicted labels; empty for numbers.
    probabilities : float array (rows, classes) or None
        None for numbers, and for losses whose outputs are not probabilities.
    classes : tuple
        Labels in the order of the probabilities; empty for numbers.
    """

    target: str
    prediction: np.ndarray
    codes: np.ndarray
    probabilities: np.ndarray | None
    classes: tuple[Any, ...]


def loss_for(target: Target, name: str | None) -> Loss:
    """Return the loss that learns a target: the default of its kind, or the one named.

    Raises
    ------
    UsageError
        If the named loss is for another kind of target.
    """
    classes = isinstance(target, ClassTarget)
    if name is None:
        return CategoricalCrossEntropy() if classes else SquaredError()
    loss = choose("loss", name, LOSSES)()
    fits = _fits(target)
    if not fits.get(loss.target, False):
        needs = {"class": "classes", "binary": "two classes", "number": "numbers"}
        wants = needs.get(loss.target, "several labels a row")
        has = f"{len(target.classes)} classes" if classes else "numbers"
        possible = [n for n, cls in sorted(LOSSES.items()) if fits.get(cls.target, False)]
        raise UsageError(
            f"the loss {name} is for {wants}, but {target.name} has {has}. "
            f"Losses for it: {', '.join(possible)}"
        )
    return loss


def _fits(target: Target) -> dict[str, bool]:
    """Return which kinds of loss (`descend.losses.Loss.target`) can learn a target."""
    classes = isinstance(target, ClassTarget)
    return {
        "class": classes,
        "binary": classes and len(target.classes) == 2,
        "number": not classes,
    }


def unscaled(target: Target, loss: Loss) -> Target:
    """Return the target as a loss with a link of its own scale needs it: not standardised."""
    if isinstance(loss, Poisson) and isinstance(target, NumberTarget):
        if target.low < 0:
            raise UsageError(
                f"the loss poisson is for counts, but {target.name} goes down to {target.low:g}"
            )
        return target.replace(mean=0.0, scale=1.0)
    return target


def raw_width(targets: Sequence[Target], loss: Loss) -> int:
    """Return how many raw outputs the network must have."""
    first = targets[0]
    return loss.width(len(first.classes) if isinstance(first, ClassTarget) else 1)


def joint_loss(targets: Sequence[Target], losses: Sequence[Loss]) -> Loss:
    """Return the loss of all targets together; of one target it is that target's own."""
    if len(losses) == 1:
        return losses[0]
    widths = tuple(raw_width([target], loss) for target, loss in zip(targets, losses, strict=True))
    return Combined(tuple(losses), widths)


def check_network(network: Layer, loss: Loss, targets: Sequence[Target], input_shape: Any) -> None:
    """Refuse a loss that cannot learn the targets, and a network that has not the outputs for it.

    Raises
    ------
    UsageError
        Says what the targets need.
    """
    losses = loss.losses if isinstance(loss, Combined) else (loss,)
    if len(losses) != len(targets):
        raise UsageError(f"the plan has {len(losses)} losses for {len(targets)} targets")
    for target, one in zip(targets, losses, strict=True):
        if not _fits(target).get(one.target, False):
            raise UsageError(f"the loss {type(one).__name__} cannot learn the target {target.name}")
    if isinstance(loss, Combined) and loss != joint_loss(targets, losses).replace(
        weights=loss.weights
    ):
        raise UsageError(f"the widths {loss.widths} of the losses are not those of the targets")
    params = jax.eval_shape(lambda key: network.init(key, input_shape)[0], jax.random.key(0))
    if parameter_count(params) > MOST_WEIGHTS:
        raise UsageError(
            f"the network has {parameter_count(params):,} weights, and a model file holds "
            f"{MOST_WEIGHTS:,} at most"
        )
    width, outputs = raw_width(targets, loss), output_shape(network, input_shape)
    if outputs != (width,):
        raise UsageError(
            f"these targets need a network with {width} outputs, but the plan's gives {outputs}"
        )


def encoded(targets: Sequence[Target], frame: pl.DataFrame, rows: np.ndarray) -> Any:
    """Return the targets of some rows as training reads them: an array, or a tuple of arrays."""

    def one(target: Target) -> np.ndarray:
        values = target.encode(frame, rows)
        return values[:, None] if isinstance(target, NumberTarget) else values

    each = tuple(one(target) for target in targets)
    return each[0] if len(each) == 1 else each


def answers(targets: Sequence[Target], loss: Loss, raw: np.ndarray) -> tuple[Answer, ...]:
    """Turn raw outputs (rows, width) into labels, probabilities and numbers."""
    linked = linked_outputs(loss, raw)
    if not isinstance(loss, Combined):
        return (_answer(targets[0], loss, np.asarray(linked)),)
    parts = zip(targets, loss.losses, linked, strict=True)
    return tuple(_answer(target, part, np.asarray(values)) for target, part, values in parts)


def _answer(target: Target, loss: Loss, values: np.ndarray) -> Answer:
    if isinstance(target, NumberTarget):
        column = 0
        if isinstance(loss, Quantile):  # the middle level stands for the prediction
            column = int(np.argmin([abs(level - 0.5) for level in loss.levels]))
        numbers = target.decode(values[:, column])
        return Answer(target.name, numbers, np.zeros(0, int), None, ())
    if loss.target == "binary":
        values = np.stack([1 - values, values], axis=1)
    codes = np.argmax(values, axis=1)
    probabilities = None if isinstance(loss, Hinge) else values  # its link is no probability
    return Answer(target.name, target.decode(codes), codes, probabilities, target.classes)
