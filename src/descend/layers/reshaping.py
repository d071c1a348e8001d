"""Layers that only change the shape of each example."""

from __future__ import annotations

import math
from dataclasses import dataclass

import jax

from descend.errors import SpecError
from descend.layers.layer import Layer, Params, Shape, State, array_shape

__all__ = ["Flatten", "Reshape"]


@dataclass(frozen=True)
class Flatten(Layer):
    """Turn each example into a vector, last axis fastest.

    Examples
    --------
    >>> Flatten().init(jax.random.key(0), (28, 28, 1))
    ({}, {}, (784,))
    """

    def init(self, key: jax.Array, input_shape: Shape) -> tuple[Params, State, tuple[int, ...]]:
        """Return no parameters and the number of elements."""
        return {}, {}, (math.prod(array_shape(self, input_shape)),)

    def apply(
        self, params: Params, state: State, x: jax.Array, *, key: jax.Array | None, train: bool
    ) -> tuple[jax.Array, State]:
        """Return x as (batch, elements)."""
        return x.reshape(x.shape[0], math.prod(x.shape[1:])), state


@dataclass(frozen=True)
class Reshape(Layer):
    """Give each example another shape with as many elements, last axis fastest.

    Parameters
    ----------
    shape : tuple of int
        Each at least 1; without the batch axis.

    Raises
    ------
    SpecError
        If the shape is not such a tuple, or the input has another number of elements.

    Examples
    --------
    >>> Reshape((28, 28, 1)).init(jax.random.key(0), (784,))
    ({}, {}, (28, 28, 1))
    """

    shape: tuple[int, ...]

    def __post_init__(self) -> None:
        if (
            not isinstance(self.shape, tuple)
            or not self.shape
            or not all(type(n) is int and n >= 1 for n in self.shape)
        ):
            raise SpecError(
                f"Reshape: shape must be a tuple of integers, each at least 1, got {self.shape!r}"
            )

    def init(self, key: jax.Array, input_shape: Shape) -> tuple[Params, State, tuple[int, ...]]:
        """Return no parameters and the new shape."""
        given = array_shape(self, input_shape)
        if math.prod(given) != math.prod(self.shape):
            raise SpecError(
                f"Reshape: {given} has {math.prod(given)} elements an example, "
                f"but {self.shape} has {math.prod(self.shape)}"
            )
        return {}, {}, self.shape

    def apply(
        self, params: Params, state: State, x: jax.Array, *, key: jax.Array | None, train: bool
    ) -> tuple[jax.Array, State]:
        """Return x as (batch, *shape)."""
        return x.reshape(x.shape[0], *self.shape), state

    @property
    def label(self) -> str:
        """The new shape, as ``28x28x1``."""
        return "x".join(map(str, self.shape))
