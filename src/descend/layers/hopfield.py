"""Trainable Hopfield layers: pool a set by learned queries, or look inputs up in a memory."""

from __future__ import annotations

from dataclasses import dataclass

import jax
import jax.numpy as jnp

from descend.errors import SpecError
from descend.initializers import Glorot, Initializer
from descend.layers.layer import Layer, Params, Shape, State
from descend.layers.product import product
from descend.spec import check_integer, check_number, check_spec

__all__ = ["HopfieldLookup", "HopfieldPooling"]


def _settle(query: jax.Array, keys: jax.Array, beta: float, steps: int) -> jax.Array:
    """Return softmax weights on the keys after ``steps`` updates ξ ← softmax(β ξ Kᵀ) K."""
    weights = jax.nn.softmax(beta * query @ jnp.swapaxes(keys, -1, -2), axis=-1)
    for _ in range(steps - 1):
        query = weights @ keys
        weights = jax.nn.softmax(beta * query @ jnp.swapaxes(keys, -1, -2), axis=-1)
    return weights


@dataclass(frozen=True)
class HopfieldPooling(Layer):
    """y = softmax(β ξ Kᵀ) V with K = x W_k, V = x W_v: learned queries ξ recall from a set.

    The inputs are a set or sequence (items, channels) and act as the stored patterns.

    Parameters
    ----------
    units : int
        Length of keys and values.
    queries : int
        Learned queries; the output is (units,) for one, (queries, units) for more.
    steps : int
        Updates of the query before reading out; 1 is attention pooling.
    beta : float or None
        ``None``: 1/√units.
    weight_initializer : Initializer

    References
    ----------
    Ramsauer et al. (2020), Hopfield networks is all you need (without its layer normalisation).
    """

    units: int
    queries: int = 1
    steps: int = 1
    beta: float | None = None
    weight_initializer: Initializer = Glorot()

    def __post_init__(self) -> None:
        for name in ("units", "queries", "steps"):
            check_integer(self, name, at_least=1)
        if self.beta is not None:
            check_number(self, "beta", above=0)
        check_spec(self, "weight_initializer", Initializer)

    def init(self, key: jax.Array, input_shape: Shape) -> tuple[Params, State, tuple[int, ...]]:
        """Draw queries, W_k and W_v."""
        if not isinstance(input_shape, tuple) or len(input_shape) != 2:
            raise SpecError(
                f"HopfieldPooling takes sets, input shape (items, channels), got {input_shape}"
            )
        fans = (input_shape[1], self.units)
        shapes = {"query": (self.queries, self.units), "key": fans, "value": fans}
        keys = jax.random.split(key, 3)
        params = {
            name: {"weight": self.weight_initializer(k, shape, *shape)}
            for k, (name, shape) in zip(keys, shapes.items(), strict=True)
        }
        return params, {}, (self.units,) if self.queries == 1 else shapes["query"]

    def apply(
        self, params: Params, state: State, x: jax.Array, *, key: jax.Array | None, train: bool
    ) -> tuple[jax.Array, State]:
        """Return what the queries recall."""
        keys, values = (product(x, params[name]["weight"]) for name in ("key", "value"))
        query = jnp.broadcast_to(params["query"]["weight"], (x.shape[0], self.queries, self.units))
        beta = self.units**-0.5 if self.beta is None else self.beta
        y = _settle(query, keys, beta, self.steps) @ values
        return (y[:, 0] if self.queries == 1 else y), state


@dataclass(frozen=True)
class HopfieldLookup(Layer):
    """y = softmax(β (x W_q) Kᵀ) V: inputs are looked up in learned memories (K, V).

    Acts on the last axis, like `Dense`.

    Parameters
    ----------
    units : int
        Length of the output.
    memories : int
        Learned patterns.
    key_units : int or None
        Length of queries and keys; ``None``: ``units``.
    steps : int
        Updates of the query before reading out.
    beta : float or None
        ``None``: 1/√key_units.
    weight_initializer : Initializer

    References
    ----------
    Ramsauer et al. (2020), as for `HopfieldPooling`.
    """

    units: int
    memories: int = 64
    key_units: int | None = None
    steps: int = 1
    beta: float | None = None
    weight_initializer: Initializer = Glorot()

    def __post_init__(self) -> None:
        for name in ("units", "memories", "steps"):
            check_integer(self, name, at_least=1)
        if self.key_units is not None:
            check_integer(self, "key_units", at_least=1)
        if self.beta is not None:
            check_number(self, "beta", above=0)
        check_spec(self, "weight_initializer", Initializer)

    def init(self, key: jax.Array, input_shape: Shape) -> tuple[Params, State, tuple[int, ...]]:
        """Draw W_q, keys and values."""
        if not isinstance(input_shape, tuple) or not input_shape:
            raise SpecError(f"HopfieldLookup takes arrays, input shape (..., n), got {input_shape}")
        width = self.units if self.key_units is None else self.key_units
        shapes = {
            "query": (input_shape[-1], width),
            "key": (self.memories, width),
            "value": (self.memories, self.units),
        }
        keys = jax.random.split(key, 3)
        params = {
            name: {"weight": self.weight_initializer(k, shape, *shape)}
            for k, (name, shape) in zip(keys, shapes.items(), strict=True)
        }
        return params, {}, (*input_shape[:-1], self.units)

    def apply(
        self, params: Params, state: State, x: jax.Array, *, key: jax.Array | None, train: bool
    ) -> tuple[jax.Array, State]:
        """Return what the inputs recall, (batch, ..., units)."""
        query, keys = x @ params["query"]["weight"], params["key"]["weight"]
        beta = keys.shape[1] ** -0.5 if self.beta is None else self.beta
        return _settle(query, keys, beta, self.steps) @ params["value"]["weight"], state
