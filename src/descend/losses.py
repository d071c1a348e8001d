"""Losses: what training descends, each with the link that turns raw outputs into predictions.

A loss maps the network's raw outputs (batch, width) and the targets to one number an example.
Weighting, averaging and masking are done once, by training. The link of a loss is the function
that turns raw outputs into what a person reads: probabilities, a rate, a number.
"""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import dataclass
from typing import ClassVar

import jax
import jax.numpy as jnp

from descend.errors import SpecError
from descend.spec import Spec, check_number

__all__ = ["CategoricalCrossEntropy", "Loss", "SquaredError"]


class Loss(Spec):
    """One number an example.

    Attributes
    ----------
    target : {"number", "class", "binary", "labels"}
        What a target is: ``number``: float32 (batch, k); ``class``: int32 codes (batch,) in
        0..k-1; ``binary``: float32 0 or 1, (batch,); ``labels``: float32 0 or 1, (batch, k).
    """

    target: ClassVar[str]

    @abstractmethod
    def width(self, k: int) -> int:
        """Return how many raw outputs the network must have.

        ``k`` counts target columns (number, labels) or classes (class); it is 2 for binary.
        """

    @abstractmethod
    def __call__(self, raw: jax.Array, target: jax.Array) -> jax.Array:
        """Return the loss of each example, float32 (batch,), from raw outputs (batch, width)."""

    @abstractmethod
    def link(self, raw: jax.Array) -> jax.Array:
        """Turn raw outputs (batch, width) into predictions.

        Probabilities of shape (batch, k) for class and labels, the probability of 1 of shape
        (batch,) for binary, numbers of shape (batch, width) for number.
        """


@dataclass(frozen=True)
class SquaredError(Loss):
    """l = 1/2 sum_j (raw_j - target_j)^2, link identity.

    The factor 1/2 makes the slope at an output equal to its error. The sum over outputs (not the
    mean) keeps each output's gradient independent of how many outputs there are.
    """

    target: ClassVar[str] = "number"

    def width(self, k: int) -> int:
        """One raw output a target column."""
        return k

    def __call__(self, raw: jax.Array, target: jax.Array) -> jax.Array:
        """Return the loss of each example."""
        return 0.5 * jnp.sum(jnp.square(raw - target), axis=-1)

    def link(self, raw: jax.Array) -> jax.Array:
        """Identity."""
        return raw


@dataclass(frozen=True)
class CategoricalCrossEntropy(Loss):
    """l = -sum_c q_c log softmax(raw)_c, link softmax.

    q is 1 for the true class, or with smoothing s: (1 - s) for it plus s / k for every class.

    Parameters
    ----------
    label_smoothing : float
        s, in [0, 1).
    """

    label_smoothing: float = 0.0
    target: ClassVar[str] = "class"

    def __post_init__(self) -> None:
        check_number(self, "label_smoothing", at_least=0, below=1)

    def width(self, k: int) -> int:
        """One raw output a class."""
        if k < 2:
            raise SpecError(f"CategoricalCrossEntropy needs at least 2 classes, got {k}")
        return k

    def __call__(self, raw: jax.Array, target: jax.Array) -> jax.Array:
        """Return the loss of each example."""
        log_p = jax.nn.log_softmax(raw, axis=-1)
        hit = jnp.take_along_axis(log_p, target[:, None], axis=-1)[:, 0]
        s = self.label_smoothing
        return -((1 - s) * hit + s * jnp.mean(log_p, axis=-1)) if s else -hit

    def link(self, raw: jax.Array) -> jax.Array:
        """Softmax."""
        return jax.nn.softmax(raw, axis=-1)
