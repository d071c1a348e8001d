"""Activations as layers of their own: fixed, and with a share that each unit learns."""

from __future__ import annotations

from dataclasses import dataclass

import jax
import jax.numpy as jnp

from descend import activations
from descend.layers.layer import Layer, Params, Shape, State, array_shape
from descend.spec import check_choice

__all__ = ["Activation", "ParametricActivation"]


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


@dataclass(frozen=True)
class ParametricActivation(Layer):
    """y = x + (f(x) - x) mix, element by element: between the identity (mix 0) and f (mix 1).

    Parameters
    ----------
    activation : str
        Name of f, one of ``descend.activations.__all__``; not softmax.

    References
    ----------
    Holzmüller, Grinsztajn and Steinwart (2024), Better by default: strong pre-tuned MLPs and
    boosted trees on tabular data.

    Examples
    --------
    >>> layer = ParametricActivation("relu")
    >>> params, _, _ = layer.init(jax.random.key(0), (2,))
    >>> y, _ = layer.apply(params, {}, jnp.array([[-1.0, 2.0]]), key=None, train=False)
    >>> print(params["mix"], y)
    [1. 1.] [[0. 2.]]
    """

    activation: str

    def __post_init__(self) -> None:
        check_choice(self, "activation", [n for n in activations.__all__ if n != "softmax"])

    def init(self, key: jax.Array, input_shape: Shape) -> tuple[Params, State, tuple[int, ...]]:
        """Return mixes of 1, one for each element of an example."""
        shape = array_shape(self, input_shape)
        return {"mix": jnp.ones(shape, jnp.float32)}, {}, shape

    def apply(
        self, params: Params, state: State, x: jax.Array, *, key: jax.Array | None, train: bool
    ) -> tuple[jax.Array, State]:
        """Return y, same shape."""
        return x + (getattr(activations, self.activation)(x) - x) * params["mix"], state

    @property
    def label(self) -> str:
        """The name of f."""
        return f"parametric {self.activation}"
