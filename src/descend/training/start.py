"""Where a run starts: the first weights, fitted to the training rows where they depend on them."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import Any

import jax

from descend.layers import Layer
from descend.surroundings import in_haste
from descend.training.records import Examples, drawn_inputs

__all__ = ["first_weights"]

ENOUGH = 20_000
"""Training rows that first weights are fitted to, at most."""


def first_weights(network: Layer, key: jax.Array, train: Examples) -> tuple[Any, Any]:
    """Return the params and the state of a network before its first step.

    Parameters
    ----------
    network : Layer
    key : jax.Array
    train : Examples
        Looked at only by networks with layers that adapt, see `descend.layers.Layer.adapt`.
    """
    shapes = jax.tree.map(lambda a: tuple(a.shape[1:]), train.x)
    leaves, structure = jax.tree.flatten(shapes, is_leaf=lambda s: isinstance(s, tuple))
    start = _start(network, tuple(leaves), structure)
    if not network.adapts:
        return start(key, None)
    return start(key, drawn_inputs(train, ENOUGH))


@lru_cache(maxsize=256)
def _start(network: Layer, shapes: tuple[Any, ...], structure: Any) -> Callable[..., Any]:
    """Return the compiled (key, rows) -> (params, state).

    One program for all layers: drawn and fitted operation by operation, the first weights of the
    default network for tables compile a hundred programs. It runs once, so it is made in haste.
    """

    def start(key: jax.Array, rows: Any) -> tuple[Any, Any]:
        params, state, _ = network.init(key, jax.tree.unflatten(structure, shapes))
        if rows is None:
            return params, state
        return network.adapt(jax.random.fold_in(key, 1), params, state, rows)[:2]

    return jax.jit(start, compiler_options=in_haste())
