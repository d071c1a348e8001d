"""Between targets and raw outputs: which loss learns them, and what the raw outputs say."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
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
    Ensemble,
    Hinge,
    Loss,
    Poisson,
    Quantile,
    SquaredError,
)
from descend.losses.weights import balanced_example_weights
from descend.models.files.names import LOSSES, choose
from descend.models.networks.tables import MOST_WEIGHTS
from descend.models.trust.calibration import Temperature, tempered
from descend.models.trust.decision import Decision
from descend.training import linked_outputs

__all__ = [
    "Answer",
    "answers",
    "check_network",
    "class_weighted",
    "encoded",
    "joint_loss",
    "loss_for",
    "member_loss",
    "raw_width",
    "target_losses",
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
    quantiles : dict of level to float array (rows,)
        In the target's own unit, levels increasing; empty unless the loss is `Quantile`.
    disagreement : float array (rows,) or None
        How far the members of an ensemble are apart: the standard deviation over them of the
        predicted number, or of the probability of the predicted class. None for one network.
    low, high : float array (rows,) or None
        The ends of intervals, in the target's own unit, where they were asked for.
    """

    target: str
    prediction: np.ndarray
    codes: np.ndarray
    probabilities: np.ndarray | None
    classes: tuple[Any, ...]
    quantiles: dict[float, np.ndarray] = field(default_factory=dict)
    disagreement: np.ndarray | None = None
    low: np.ndarray | None = None
    high: np.ndarray | None = None

    def likeliest(self, count: int, suffix: str = "") -> dict[str, np.ndarray]:
        """Return columns ``top_1``, ``probability_1``, ``top_2``, ...: the likeliest classes.

        Raises
        ------
        UsageError
            If there are no probabilities.
        """
        if self.probabilities is None:
            raise UsageError(f"{self.target} has no class probabilities to take the highest of")
        order = np.argsort(-self.probabilities, axis=1, kind="stable")[:, :count]
        chosen = np.take_along_axis(self.probabilities, order, axis=1)
        labels = np.array(self.classes)[order]
        columns: dict[str, np.ndarray] = {}
        for place in range(order.shape[1]):
            columns[f"top_{place + 1}{suffix}"] = labels[:, place]
            columns[f"probability_{place + 1}{suffix}"] = chosen[:, place]
        return columns


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
    if isinstance(loss, Ensemble):
        return loss.members * raw_width(targets, loss.loss)
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
    one_member, losses = member_loss(loss), target_losses(loss)
    if len(losses) != len(targets):
        raise UsageError(f"the plan has {len(losses)} losses for {len(targets)} targets")
    for target, one in zip(targets, losses, strict=True):
        if not _fits(target).get(one.target, False):
            raise UsageError(f"the loss {type(one).__name__} cannot learn the target {target.name}")
    if isinstance(one_member, Combined) and one_member != joint_loss(targets, losses).replace(
        weights=one_member.weights
    ):
        widths = one_member.widths
        raise UsageError(f"the widths {widths} of the losses are not those of the targets")
    params = jax.eval_shape(lambda: network.init(jax.random.key(0), input_shape)[0])
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


def class_weighted(
    weights: np.ndarray | None, class_weight: str | None, target: Target, y: Any
) -> np.ndarray | None:
    """Return the weights of rows, times those of their classes where classes are to weigh alike.

    Parameters
    ----------
    weights : float32 array (rows,) or None
    class_weight : {"balanced", None}
    target : Target
        Its counts are those of the training rows.
    y : array (rows,)
        As `encoded` gives it.
    """
    if class_weight is None or not isinstance(target, ClassTarget):
        return weights
    balance = balanced_example_weights(y, target.counts)
    return balance if weights is None else weights * balance


def encoded(targets: Sequence[Target], frame: pl.DataFrame, rows: np.ndarray) -> Any:
    """Return the targets of some rows as training reads them: an array, or a tuple of arrays."""

    def one(target: Target) -> np.ndarray:
        values = target.encode(frame, rows)
        return values[:, None] if isinstance(target, NumberTarget) else values

    each = tuple(one(target) for target in targets)
    return each[0] if len(each) == 1 else each


def member_loss(loss: Loss) -> Loss:
    """Return the loss of one member of an ensemble; any other loss is returned as it is."""
    return loss.loss if isinstance(loss, Ensemble) else loss


def target_losses(loss: Loss) -> tuple[Loss, ...]:
    """Return the loss of each target, of one member of an ensemble."""
    inner = member_loss(loss)
    return inner.losses if isinstance(inner, Combined) else (inner,)


def answers(
    targets: Sequence[Target],
    loss: Loss,
    raw: np.ndarray,
    temperatures: tuple[Temperature | None, ...] = (),
    decisions: tuple[Decision | None, ...] = (),
) -> tuple[Answer, ...]:
    """Turn raw outputs (rows, width) into labels, probabilities and numbers.

    Parameters
    ----------
    targets, loss
    raw : float32 array (rows, width)
    temperatures : tuple
        One a target, or empty; see `descend.models.trust.calibration`.
    decisions : tuple
        One a target, or empty; see `descend.models.trust.decision`.
    """
    raw = tempered(loss, raw, temperatures)
    inner, losses = member_loss(loss), target_losses(loss)
    linked = _parts(inner, linked_outputs(loss, raw))
    chosen = decisions or (None,) * len(targets)
    found = [
        _answer(target, part, values, decision)
        for target, part, values, decision in zip(targets, losses, linked, chosen, strict=True)
    ]
    if isinstance(loss, Ensemble):
        apart = linked_outputs(inner, raw.reshape(len(raw) * loss.members, -1))
        found = [
            replace(answer, disagreement=_disagreement(target, part, answer, values, loss.members))
            for target, part, answer, values in zip(
                targets, losses, found, _parts(inner, apart), strict=True
            )
        ]
    return tuple(found)


def _parts(loss: Loss, linked: Any) -> list[np.ndarray]:
    """Return what the link made, one array a target."""
    parts = linked if isinstance(loss, Combined) else (linked,)
    return [np.asarray(part) for part in parts]


def _disagreement(
    target: Target, loss: Loss, answer: Answer, values: np.ndarray, members: int
) -> np.ndarray:
    """Return the standard deviation over members of what was predicted."""
    rows = len(answer.prediction)
    if isinstance(target, NumberTarget):
        each = values[:, _column(loss)].reshape(rows, members).astype(np.float64)
        return each.std(axis=1) * target.scale
    if loss.target == "binary":
        return values.reshape(rows, members).astype(np.float64).std(axis=1)
    each = values.reshape(rows, members, -1)[np.arange(rows), :, answer.codes]
    return each.astype(np.float64).std(axis=1)


def _column(loss: Loss) -> int:
    """Return which output stands for the prediction: of quantiles, the middle level."""
    if not isinstance(loss, Quantile):
        return 0
    return int(np.argmin([abs(level - 0.5) for level in loss.levels]))


def _answer(
    target: Target, loss: Loss, values: np.ndarray, decision: Decision | None = None
) -> Answer:
    if isinstance(target, NumberTarget):
        levels = loss.levels if isinstance(loss, Quantile) else ()
        return Answer(
            target.name,
            target.decode(values[:, _column(loss)]),
            np.zeros(0, int),
            None,
            (),
            {level: target.decode(values[:, i]) for i, level in enumerate(levels)},
        )
    if loss.target == "binary":
        values = np.stack([1 - values, values], axis=1)
    codes = np.argmax(values, axis=1) if decision is None else decision.codes(values)
    probabilities = None if isinstance(loss, Hinge) else values  # its link is no probability
    return Answer(target.name, target.decode(codes), codes, probabilities, target.classes)
