"""Weights in rows as long as the processor likes them, while single rows are learned.

Row by row most of the time goes into one row of the weights after another, and the end of a row
that is no whole vector is worked on number by number: rows of 30 take twice as long as rows of 32
(docs/decisions/0003). The fillers are zeros and stay so: `Dense` leaves out what they give, so
their slopes are 0, and the rules allowed here move each entry by itself.
"""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import optax

from descend.layers import Dense, Layer, Sequential
from descend.optimizers import Optimizer
from descend.optimizers.in_place import in_place

__all__ = ["can_fill", "filled_rows", "unfilled_rows"]

LANES = 4
"""Numbers of float32 in the shorter vectors of processors (SSE, NEON), which end longer rows."""


def can_fill(network: Layer, optimizer: Optimizer | optax.GradientTransformation) -> bool:
    """Return whether the network leaves fillers out, and the rule leaves them zero."""
    return (
        isinstance(network, Sequential)
        and all(type(layer) is Dense for layer in network.layers)
        and isinstance(optimizer, Optimizer)
        and in_place(optimizer, np.zeros(0, bool)) is not None
    )


def filled_rows(tree: Any) -> Any:
    """Return a tree whose matrices at or below a key ``weight`` have zeros at the end of each row.

    Not where that would make them longer by a tenth or more.

    Examples
    --------
    >>> filled_rows({"weight": jnp.ones((2, 30)), "bias": jnp.ones(30)})["weight"].shape
    (2, 32)
    """

    def leaf(path: tuple[Any, ...], array: jax.Array) -> jax.Array:
        if all(getattr(key, "key", None) != "weight" for key in path) or array.ndim != 2:
            return array
        more = -array.shape[-1] % LANES
        return jnp.pad(array, ((0, 0), (0, more))) if 10 * more < array.shape[-1] else array

    return jax.tree_util.tree_map_with_path(leaf, tree)


def unfilled_rows(tree: Any, like: Any) -> Any:
    """Return a tree without the fillers, as long as the leaves of another one."""
    return jax.tree.map(lambda a, b: jax.lax.slice(a, (0,) * a.ndim, b.shape), tree, like)
