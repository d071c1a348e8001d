"""Initialisers: how the first weights are drawn.

Each is a frozen spec, called with a key, a shape and the two fans. For a dense weight of shape
(inputs, units), ``fan_in`` is the number of inputs and ``fan_out`` the number of units.
"""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import dataclass

import jax
import jax.numpy as jnp

from descend.spec import Spec, check_choice

__all__ = ["Glorot", "Initializer", "Zeros"]


class Initializer(Spec):
    """Draws a tensor of starting values."""

    @abstractmethod
    def __call__(
        self, key: jax.Array, shape: tuple[int, ...], fan_in: int, fan_out: int
    ) -> jax.Array:
        """Return a float32 array of the given shape."""


@dataclass(frozen=True)
class Zeros(Initializer):
    """All zeros; the usual start of biases."""

    def __call__(
        self, key: jax.Array, shape: tuple[int, ...], fan_in: int, fan_out: int
    ) -> jax.Array:
        """Return zeros."""
        return jnp.zeros(shape, jnp.float32)


@dataclass(frozen=True)
class Glorot(Initializer):
    """Glorot (Xavier): variance 2 / (fan_in + fan_out).

    Parameters
    ----------
    distribution : "uniform" or "normal"
        Uniform on ±sqrt(6 / (fan_in + fan_out)), or normal with that variance.

    References
    ----------
    Glorot and Bengio (2010), Understanding the difficulty of training deep feedforward networks.
    """

    distribution: str = "uniform"

    def __post_init__(self) -> None:
        check_choice(self, "distribution", ("uniform", "normal"))

    def __call__(
        self, key: jax.Array, shape: tuple[int, ...], fan_in: int, fan_out: int
    ) -> jax.Array:
        """Draw the array."""
        variance = 2.0 / (fan_in + fan_out)
        if self.distribution == "normal":
            return jax.random.normal(key, shape, jnp.float32) * variance**0.5
        limit = (3.0 * variance) ** 0.5
        return jax.random.uniform(key, shape, jnp.float32, -limit, limit)
