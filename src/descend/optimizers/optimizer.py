"""The contract of an optimizer."""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import dataclass

import jax
import optax

from descend.spec import Spec, check_number

__all__ = ["Optimizer", "descend_by"]


@dataclass(frozen=True)
class Optimizer(Spec):
    """A rule that turns gradients into steps.

    The learning rate is not built into the transformation: training passes its current value
    (after the schedule) at every step, as the extra argument ``learning_rate`` of ``update``.
    One compiled program therefore serves every rate.
    """

    learning_rate: float

    def __post_init__(self) -> None:
        check_number(self, "learning_rate", above=0)

    @abstractmethod
    def transformation(self) -> optax.GradientTransformationExtraArgs:
        """Return the rule; its ``update`` takes ``learning_rate`` as an extra argument."""


def descend_by() -> optax.GradientTransformationExtraArgs:
    """Return the last link of a chain: multiply by minus the current learning rate."""

    def update(updates, state, params=None, *, learning_rate, **extra):  # noqa: ANN
        del params, extra
        return jax.tree.map(lambda u: -learning_rate * u, updates), state

    return optax.GradientTransformationExtraArgs(lambda params: optax.EmptyState(), update)
