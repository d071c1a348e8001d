"""The contract of a loss."""

from __future__ import annotations

from abc import abstractmethod
from typing import Any, ClassVar

import jax

from descend.spec import Spec

__all__ = ["Loss"]


class Loss(Spec):
    """One number an example.

    Attributes
    ----------
    target : {"number", "class", "binary", "labels", "several"}
        What a target is: ``number``: float32 (batch, k); ``class``: int32 codes (batch,) in
        0..k-1; ``binary``: float32 0 or 1, (batch,); ``labels``: float32 0 or 1, (batch, k);
        ``several``: a tuple of these (see `Combined`).
    """

    target: ClassVar[str]

    @abstractmethod
    def width(self, k: int) -> int:
        """Return how many raw outputs the network must have.

        ``k`` counts target columns (number, labels) or classes (class); it is 2 for binary.
        """

    @abstractmethod
    def __call__(self, raw: jax.Array, target: Any) -> jax.Array:
        """Return the loss of each example, float32 (batch,), from raw outputs (batch, width)."""

    @abstractmethod
    def link(self, raw: jax.Array) -> Any:
        """Turn raw outputs (batch, width) into predictions.

        Probabilities of shape (batch, k) for class and labels, the probability of 1 of shape
        (batch,) for binary, numbers of shape (batch, width) for number.
        """
