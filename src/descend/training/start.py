"""Where a run starts: the first weights, fitted to the training rows where they depend on them."""

from __future__ import annotations

from typing import Any

import jax
import numpy as np

from descend.layers import Layer
from descend.training.records import Examples

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
    shape = jax.tree.map(lambda a: tuple(a.shape[1:]), train.x)
    params, state, _ = network.init(key, shape)
    if not network.adapts:
        return params, state
    rows = np.arange(train.rows)
    if train.rows > ENOUGH:
        rows = np.sort(np.random.default_rng(0).choice(train.rows, ENOUGH, replace=False))
    some = jax.tree.map(lambda a: a[rows], train.x)
    return network.adapt(jax.random.fold_in(key, 1), params, state, some)[:2]
