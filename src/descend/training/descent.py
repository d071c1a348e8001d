"""How to descend: everything about a training run except the network, the loss and the rows."""

from __future__ import annotations

from dataclasses import dataclass

from descend.errors import SpecError
from descend.optimizers import Adam, Optimizer
from descend.schedules import Cosine, Schedule
from descend.spec import Spec, check_choice, check_integer, check_number, check_spec

__all__ = ["Descent"]


@dataclass(frozen=True)
class Descent(Spec):
    """The way down.

    Parameters
    ----------
    optimizer : Optimizer
        The rule, with its learning rate.
    schedule : Schedule
        Multiplier of the learning rate over the planned steps.
    batch_size : int or None
        Rows a step: 1 is stochastic descent, row by row; None is full batch.
    epochs : int
        At most so many passes over the training rows.
    patience : int or None
        Stop after so many epochs without gain on the validation rows; None never stops early.
    watch : "loss" or "score"
        What a gain is measured by on the validation rows.
    weight_decay : float
        Decoupled decay: every step also takes learning_rate * weight_decay * weight off each
        weight (never off biases, scales and shifts).
    clip_norm : float or None
        Gradients longer than this (Euclidean norm over all parameters) are shortened to it.
    shuffle : bool
        Visit the rows in a new random order each epoch. Without effect on a full batch.
    seed : int
        Determines the first weights, the order of rows and every random draw of the layers.

    Examples
    --------
    >>> Descent(batch_size=None, epochs=5).batch_size is None
    True
    """

    optimizer: Optimizer = Adam()
    schedule: Schedule = Cosine()
    batch_size: int | None = 32
    epochs: int = 100
    patience: int | None = 20
    watch: str = "loss"
    weight_decay: float = 0.0
    clip_norm: float | None = None
    shuffle: bool = True
    seed: int = 0

    def __post_init__(self) -> None:
        check_spec(self, "optimizer", Optimizer)
        check_spec(self, "schedule", Schedule)
        if self.batch_size is not None:
            check_integer(self, "batch_size", at_least=1)
        check_integer(self, "epochs", at_least=1)
        if self.patience is not None:
            check_integer(self, "patience", at_least=1)
        check_choice(self, "watch", ("loss", "score"))
        check_number(self, "weight_decay", at_least=0)
        if self.clip_norm is not None:
            check_number(self, "clip_norm", above=0)
        if not isinstance(self.shuffle, bool):
            raise SpecError(f"Descent: shuffle must be true or false, got {self.shuffle!r}")
        check_integer(self, "seed", at_least=0, at_most=2**63 - 1)
