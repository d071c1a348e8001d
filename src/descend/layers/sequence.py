"""Sequences of different lengths in one batch: what is real, and what is only padding.

A batch of sequences is an array (batch, time, channels), all of it real, or a dict

    {"values": array (batch, time, channels), "length": int32 array (batch,)}

whose positions at or beyond ``length`` are padding. Tokens are the same with int32 ``values``
(batch, time). Layers that keep time return an array or such a dict, as they were given; layers that
pool time return an array. Padding changes neither outputs nor gradients, whatever stands in it:
a layer replaces it by 0 with `masked` before it uses it, and lets nothing of it into a sum.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import jax
import jax.numpy as jnp

from descend.errors import SpecError
from descend.layers.layer import Layer, Shape

__all__ = [
    "like_shape",
    "masked",
    "parts",
    "real",
    "rejoined",
    "sequence_shape",
    "shares",
    "token_steps",
]


def sequence_shape(layer: Layer, input_shape: Shape) -> tuple[int, int]:
    """Return (time, channels) of a sequence's shape, or say what the layer expected.

    Examples
    --------
    >>> from descend.layers import Dense
    >>> sequence_shape(Dense(1), {"values": (20, 3), "length": ()})
    (20, 3)
    """
    shape = _values_shape(input_shape)
    if shape is None or len(shape) != 2:
        raise SpecError(
            f"{type(layer).__name__} takes sequences, input shape (time, channels) or "
            f'{{"values": (time, channels), "length": ()}}, but got {input_shape}'
        )
    return shape[0], shape[1]


def token_steps(layer: Layer, input_shape: Shape) -> int:
    """Return how many tokens a shape of token sequences has room for, or say what was expected."""
    shape = _values_shape(input_shape)
    if shape is None or len(shape) != 1:
        raise SpecError(
            f"{type(layer).__name__} takes sequences of token codes, input shape (time,) or "
            f'{{"values": (time,), "length": ()}}, but got {input_shape}'
        )
    return shape[0]


def _values_shape(shape: Shape) -> tuple[int, ...] | None:
    if isinstance(shape, Mapping):
        return tuple(shape["values"]) if {"values", "length"} <= set(shape) else None
    return shape


def like_shape(input_shape: Shape, values: tuple[int, ...]) -> Any:
    """Return the shape of new values of the same sequences, in the form of the input's shape."""
    return {"values": values, "length": ()} if isinstance(input_shape, Mapping) else values


def parts(x: Any) -> tuple[jax.Array, jax.Array | None]:
    """Return the values, and the lengths where there are any."""
    if isinstance(x, Mapping):
        return x["values"], x["length"]
    return x, None


def rejoined(x: Any, values: jax.Array) -> Any:
    """Return new values of the same sequences, in the form of x, their padding 0."""
    if not isinstance(x, Mapping):
        return values
    return {"values": masked(values, x["length"]), "length": x["length"]}


def real(values: jax.Array, length: jax.Array | None) -> jax.Array:
    """Return which positions are real, boolean (batch, time)."""
    batch, time = values.shape[:2]
    if length is None:
        return jnp.ones((batch, time), bool)
    return jnp.arange(time) < length[:, None]


def masked(values: jax.Array, length: jax.Array | None) -> jax.Array:
    """Return the values with 0 in place of padding; nothing flows back into padding.

    Examples
    --------
    >>> masked(jnp.ones((2, 3, 1)), jnp.array([1, 3]))[..., 0].tolist()
    [[1.0, 0.0, 0.0], [1.0, 1.0, 1.0]]
    """
    if length is None:
        return values
    keep = real(values, length).reshape(*values.shape[:2], *(1,) * (values.ndim - 2))
    return jnp.where(keep, values, jnp.zeros((), values.dtype))


def shares(scores: jax.Array, keep: jax.Array) -> jax.Array:
    """Return the softmax over the last axis among what is kept, 0 elsewhere; all 0 for nothing."""
    lowest = jnp.finfo(scores.dtype).min
    return jnp.where(keep, jax.nn.softmax(jnp.where(keep, scores, lowest), axis=-1), 0)
