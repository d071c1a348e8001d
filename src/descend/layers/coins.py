"""Many random coins at once, from a hash of their places."""

from __future__ import annotations

import math
from typing import Any

import jax
import jax.numpy as jnp

__all__ = ["coins"]


def coins(key: jax.Array, probability: Any, shape: tuple[int, ...]) -> jax.Array:
    """Return booleans that are true with a probability, each for itself, (shape).

    Coin i is true where h(i) < 2²⁴ p, with h the hash below of 24 bits, whose two seeds the key
    gives. A hash is a dozen operations on an element and nothing else, so the compiler makes it
    part of the loop that uses the coins; `jax.random.bernoulli` takes some 100 operations, and
    memory for its bits. It is meant for what a network drops in training: two keys give other
    coins, but nothing that needs more than that should be drawn with it.

    Parameters
    ----------
    key : jax.Array
        A random key.
    probability : float or float array ()
    shape : tuple of int

    References
    ----------
    Wellons (2018), Prospecting for hash functions; multipliers and shifts from its list of the best
    of two rounds.

    Examples
    --------
    >>> float(jnp.mean(coins(jax.random.key(0), 0.25, (1000, 1000)))).__round__(3)
    0.25
    """
    first, second = jax.random.bits(key, (2,), jnp.uint32)
    place = jax.lax.iota(jnp.uint32, math.prod(shape)).reshape(shape)
    h = place * jnp.uint32(0x9E3779B9) + first
    h = (h ^ (h >> 16)) * jnp.uint32(0x21F0AAAD) ^ second
    h = (h ^ (h >> 15)) * jnp.uint32(0xD35A2D97)
    h = h ^ (h >> 15)
    # The upper 24 bits: int32 compares faster than uint32, and no p between 0 and 1 overflows.
    return (h >> 8).astype(jnp.int32) < jnp.round(probability * 2.0**24).astype(jnp.int32)
