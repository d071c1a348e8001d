"""Fully connected layers whose weights stay of size 1: the neural tangent parametrisation."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import jax
import jax.numpy as jnp

from descend.layers.layer import Layer, Params, Shape, State, vector_length
from descend.spec import check_integer

__all__ = ["TangentDense"]

ROWS_OF_A_BIAS = 5
"""Training rows, a convex combination of which a unit's border starts at."""

ROUNDING = 1e-6
"""Deviations below this share of the largest output are taken for rounding."""


@dataclass(frozen=True)
class TangentDense(Layer):
    """y = x W / sqrt(inputs) + b.

    The factor 1 / sqrt(inputs) stands in the forward pass and not in the first weights, which are
    standard normal: one learning rate then suits layers of any width.

    `adapt` makes the first outputs of every unit vary by 1 over the training rows, as W is divided
    by their deviation, and starts b at minus a random convex combination of the unit's outputs for
    five random rows (weights exponential, normalised): the borders of all units then lie among the
    rows ("std" and "he+5" of RealMLP).

    Parameters
    ----------
    units : int

    References
    ----------
    Jacot, Gabriel and Hongler (2018), Neural tangent kernel; Steinwart (2019), A sober look at
    neural network initializations, for the biases; Holzmüller, Grinsztajn and Steinwart (2024).

    Examples
    --------
    >>> layer = TangentDense(3)
    >>> params, _, _ = layer.init(jax.random.key(0), (4,))
    >>> x = 10 * jax.random.normal(jax.random.key(1), (100, 4))
    >>> params, _, y = layer.adapt(jax.random.key(2), params, {}, x)
    >>> print(y.std(axis=0).round(3))
    [1. 1. 1.]
    """

    units: int

    def __post_init__(self) -> None:
        check_integer(self, "units", at_least=1)

    def init(self, key: jax.Array, input_shape: Shape) -> tuple[Params, State, tuple[int, ...]]:
        """Draw W, and start b at 0."""
        inputs = vector_length(self, input_shape)
        weight = jax.random.normal(key, (inputs, self.units), jnp.float32)
        return {"weight": weight, "bias": jnp.zeros(self.units, jnp.float32)}, {}, (self.units,)

    def apply(
        self, params: Params, state: State, x: jax.Array, *, key: jax.Array | None, train: bool
    ) -> tuple[jax.Array, State]:
        """Return y, (batch, units)."""
        weight = params["weight"]
        return (x @ weight) * weight.shape[0] ** -0.5 + params["bias"], state

    def adapt(
        self, key: jax.Array, params: Params, state: State, x: Any
    ) -> tuple[Params, State, Any]:
        """Scale W and draw b."""
        weight = params["weight"]
        y = (x @ weight) * weight.shape[0] ** -0.5
        spread = jnp.std(y, axis=0)
        # Where the inputs are constant, so is y but for rounding, which is no spread to divide by.
        divisor = jnp.where(spread > ROUNDING * jnp.max(jnp.abs(y), axis=0), spread, 1)
        weight, y = weight / divisor, y / divisor
        row_key, share_key = jax.random.split(key)
        chosen = jax.random.randint(row_key, (ROWS_OF_A_BIAS, self.units), 0, len(x))
        shares = jax.random.exponential(share_key, chosen.shape, y.dtype)
        shares = shares / jnp.sum(shares, axis=0)
        bias = -jnp.sum(jnp.take_along_axis(y, chosen, axis=0) * shares, axis=0)
        return {"weight": weight, "bias": bias}, state, y + bias

    @property
    def adapts(self) -> bool:
        """It does."""
        return True

    @property
    def label(self) -> str:
        """The number of units."""
        return f"{self.units}"
