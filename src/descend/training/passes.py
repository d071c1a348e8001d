"""The compiled passes: what a network gives for some rows, and what comes of it.

`step` compiles what trains a network; `attribution`, `running_text`, `brute_force` and
`diagnostics` what looks at it. A pass is made once for each network or loss, and compiled once for
each shape of its arrays.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import Any

import jax
import jax.numpy as jnp

from descend.layers import Layer
from descend.losses import Loss

__all__ = ["forward", "forward_both", "link_of", "loss_and_gradient", "losses_of"]


@lru_cache(maxsize=256)
def forward(network: Layer) -> Callable[[Any, Any, Any], jax.Array]:
    """Return the compiled inference pass of a network: (params, state, x) -> raw outputs."""

    @jax.jit
    def apply(params: Any, state: Any, x: Any) -> jax.Array:
        return network.apply(params, state, x, key=None, train=False)[0]

    return apply


@lru_cache(maxsize=256)
def forward_both(network: Layer, part: Layer) -> Callable[[Any, Any, Any], Any]:
    """Return the compiled inference pass of a network and of a part of it, from one set of numbers.

    The compiler computes once what they have in common: the part costs nothing.
    """

    @jax.jit
    def apply(params: Any, state: Any, x: Any) -> tuple[jax.Array, jax.Array]:
        whole = network.apply(params, state, x, key=None, train=False)[0]
        return whole, part.apply(params, state, x, key=None, train=False)[0]

    return apply


@lru_cache(maxsize=256)
def losses_of(loss: Loss) -> Callable[[Any, Any], jax.Array]:
    """Return the compiled loss of each row: (raw outputs, targets) -> (rows,)."""
    return jax.jit(loss)


@lru_cache(maxsize=256)
def link_of(loss: Loss) -> Callable[[jax.Array], Any]:
    """Return the compiled link of a loss: raw outputs -> predictions."""
    return jax.jit(loss.link)


@lru_cache(maxsize=256)
def loss_and_gradient(network: Layer, loss: Loss) -> Callable[..., tuple[jax.Array, Any]]:
    """Return the compiled (params, x, y, weights) -> (sum of weights * losses, its gradient).

    For rules that look at all rows before each step, and choose its length themselves.
    """

    def total(params: Any, x: Any, y: Any, weights: jax.Array) -> jax.Array:
        raw, _ = network.apply(params, {}, x, key=None, train=False)
        return jnp.sum(weights * loss(raw, y))

    return jax.jit(jax.value_and_grad(total))
