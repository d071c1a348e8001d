"""An activation as a layer of its own."""

from __future__ import annotations

from dataclasses import dataclass

import jax

from descend import activations
from descend.layers.layer import Layer, Params, Shape, State, array_shape
from descend.spec import check_choice

__all__ = ["Activation"]


@dataclass(frozen=True)
class Activation(Layer):
    """y = f(x), element by element (softmax: over the last axis).

    For places where the activation does not follow its weighted sums directly, as after a
    normalisation; `Dense` and its relatives carry their own.

    Parameters
    ----------
    activation : str
        Name of f, one of ``descend.activations.__all__``.

    Raises
    ------
    SpecError
        For an unknown name.

    Examples
    --------
    >>> import jax.numpy as jnp
    >>> y, _ = Activation("relu").apply({}, {}, jnp.array([[-1.0, 2.0]]), key=None, train=False)
    >>> print(y)
    [[0. 2.]]
    """

    activation: str

    def __post_init__(self) -> None:
        check_choice(self, "activation", activations.__all__)

    def init(self, key: jax.Array, input_shape: Shape) -> tuple[Params, State, tuple[int, ...]]:
        """Return no parameters and the same shape."""
        return {}, {}, array_shape(self, input_shape)

    def apply(
        self, params: Params, state: State, x: jax.Array, *, key: jax.Array | None, train: bool
    ) -> tuple[jax.Array, State]:
        """Return f(x), same shape."""
        return getattr(activations, self.activation)(x), state

    @property
    def label(self) -> str:
        """The name of f."""
        return self.activation
