"""Activations: element-wise functions of a layer's weighted sums."""

from __future__ import annotations

import jax
import jax.numpy as jnp

__all__ = ["identity", "relu", "sigmoid", "softmax", "tanh"]


def identity(x: jax.Array) -> jax.Array:
    """f(x) = x."""
    return x


def relu(x: jax.Array) -> jax.Array:
    """f(x) = max(x, 0); the derivative at 0 is taken as 0."""
    return jax.nn.relu(x)


def sigmoid(x: jax.Array) -> jax.Array:
    """f(x) = 1 / (1 + exp(-x))."""
    return jax.nn.sigmoid(x)


def tanh(x: jax.Array) -> jax.Array:
    """f(x) = (exp(x) - exp(-x)) / (exp(x) + exp(-x))."""
    return jnp.tanh(x)


def softmax(x: jax.Array) -> jax.Array:
    """f(x)_i = exp(x_i) / sum_j exp(x_j), over the last axis."""
    return jax.nn.softmax(x, axis=-1)
