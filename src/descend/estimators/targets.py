"""Between scikit-learn's y and what a loss reads: classes, labels and numbers, one or several."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from descend.data.columns import Column
from descend.data.targets import ClassTarget, NumberTarget, Target
from descend.errors import TargetError
from descend.losses import Combined, Loss
from descend.models.outputs import joint_loss, loss_for, unscaled
from descend.training import linked_outputs

__all__ = [
    "class_targets",
    "codes_of",
    "decision_of",
    "encode_classes",
    "encode_numbers",
    "free_names",
    "number_targets",
    "numbers_of",
    "parts",
    "probabilities_of",
    "target_loss",
]

_FAR = 1e4


def class_targets(
    names: Sequence[str], classes: Sequence[np.ndarray], codes: Sequence[np.ndarray]
) -> tuple[ClassTarget, ...]:
    """Return one target of classes for each output."""
    targets = []
    for name, labels, column in zip(names, classes, codes, strict=True):
        if len(labels) < 2:
            raise TargetError(
                f"a classifier needs at least 2 classes, but y holds one class: {labels.tolist()}. "
                "Give rows of another class too, or list all classes in partial_fit"
            )
        counts = np.bincount(column, minlength=len(labels))
        targets.append(
            ClassTarget(name, tuple(labels.tolist()), tuple(int(count) for count in counts))
        )
    return tuple(targets)


def encode_classes(column: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """Return the code of each label as int32.

    Raises
    ------
    TargetError
        For a label that is none of the classes.

    Examples
    --------
    >>> encode_classes(np.array(["b", "a"]), np.array(["a", "b"]))
    array([1, 0], dtype=int32)
    """
    codes = np.searchsorted(labels, column)
    codes = np.minimum(codes, len(labels) - 1)
    unknown = labels[codes] != column
    if np.any(unknown):
        raise TargetError(
            f"y has the label {column[unknown][0]!r}, which is none of the classes learned: "
            f"{labels.tolist()}. Name every class at the first call of partial_fit"
        )
    return codes.astype(np.int32)


def number_targets(names: Sequence[str], y: np.ndarray) -> tuple[NumberTarget, ...]:
    """Return one standardised number for each column of y (rows, outputs)."""
    targets = []
    for name, column in zip(names, y.T, strict=True):
        mean, deviation = float(column.mean()), float(column.std())
        scale = deviation if deviation > 1e-12 * max(abs(mean), 1e-300) else 1.0
        targets.append(
            NumberTarget(
                Column(name, "number"), mean, scale, float(column.min()), float(column.max()),
                len(column), bool((column == np.floor(column)).all()),
            )
        )  # fmt: skip
    return tuple(targets)


def encode_numbers(targets: Sequence[NumberTarget], y: np.ndarray) -> Any:
    """Return y (rows, outputs) as the loss reads it: standardised, one array or a tuple of them."""
    columns = tuple(
        ((column - target.mean) / target.scale).astype(np.float32)[:, None]
        for target, column in zip(targets, y.T, strict=True)
    )
    return columns[0] if len(columns) == 1 else columns


def target_loss(
    targets: Sequence[Target], loss: str | Loss | None
) -> tuple[tuple[Target, ...], Loss]:
    """Return the loss of all targets together, and the targets in the scale that it reads.

    Raises
    ------
    UsageError, TargetError
        If the loss is for another kind of target.
    """
    each = []
    for target in targets:
        if isinstance(loss, Loss):
            fits = ("class", "binary") if isinstance(target, ClassTarget) else ("number",)
            if loss.target not in fits:
                raise TargetError(
                    f"{type(loss).__name__} learns targets of kind {loss.target}, but these are "
                    f"of kind {' or '.join(fits)}"
                )
            each.append(loss)
        else:
            each.append(loss_for(target, loss))
    scaled = tuple(unscaled(target, one) for target, one in zip(targets, each, strict=True))
    return scaled, joint_loss(targets, each)


def parts(loss: Loss, raw: np.ndarray) -> list[tuple[Loss, np.ndarray]]:
    """Return each target's loss with its own raw outputs (rows, width)."""
    if not isinstance(loss, Combined):
        return [(loss, raw)]
    pieces = np.split(raw, np.cumsum(loss.widths)[:-1], axis=1)
    return list(zip(loss.losses, pieces, strict=True))


def decision_of(raw: np.ndarray) -> np.ndarray:
    """Return how strongly each row speaks for each class; of two, for the second: (rows,)."""
    if raw.shape[1] == 1:
        return raw[:, 0]
    return raw[:, 1] - raw[:, 0] if raw.shape[1] == 2 else raw


def codes_of(raw: np.ndarray) -> np.ndarray:
    """Return the code of the most probable class of each row."""
    decision = decision_of(raw)
    return (decision > 0).astype(np.int32) if decision.ndim == 1 else decision.argmax(axis=1)


def probabilities_of(loss: Loss, raw: np.ndarray) -> np.ndarray:
    """Return the probability of each class, (rows, classes)."""
    linked: np.ndarray = linked_outputs(loss, raw)
    return np.stack([1 - linked, linked], axis=1) if linked.ndim == 1 else linked


def numbers_of(target: NumberTarget, linked: np.ndarray) -> np.ndarray:
    """Return linked outputs in the unit of the target.

    They are float32, as the network computes; float64 where the target lies so far from 0,
    against its spread, that float32 would round it away.
    """
    numbers = target.decode(linked)
    precise = abs(target.mean) > _FAR * target.scale or target.scale > 1e30
    return numbers if precise else numbers.astype(np.float32)


def free_names(estimator: Any, names: list[str] | None, outputs: int) -> list[str]:
    """Return a name for each output that no input column has."""
    inputs = set(getattr(estimator, "feature_names_in_", ()))
    if names is not None and len(names) == outputs and not inputs & set(names):
        return names
    base = next(word for word in ("target", "output", "y", "_y_") if word not in inputs)
    return [base] if outputs == 1 else [f"{base}_{place + 1}" for place in range(outputs)]
