"""Training the linear rival: the model without hidden layers that a network has to beat."""

from __future__ import annotations

import math
from typing import Any

import jax

from descend.layers import Sequential
from descend.layers.layer import word
from descend.layers.summary import output_shape
from descend.losses import Loss
from descend.optimizers import Adam
from descend.training import Descent, Examples, Run, count_rows, raw_outputs

__all__ = ["train_rival"]


def train_rival(
    network: Sequential, loss: Loss, train: Examples, validation: Examples, seed: int
) -> Any:
    """Return the weights of the linear rival: convex, so that any good way down will do.

    What its inputs become before the first weight, as the mean spectra of sounds, is computed once
    and not at each step, where that is fewer numbers than the inputs are.
    """
    rows = count_rows(train.x)
    descent = Descent(
        Adam(0.02),
        batch_size=max(32, min(1024, rows // 32)),
        epochs=max(3, min(100, 3_000_000 // rows)),
        patience=10,
        seed=seed,
    )
    *before, last = network.layers
    fixed = Sequential(tuple(before)) if before and _condenses(tuple(before), train.x) else None
    if fixed is None:
        return _trained(network, loss, descent, train, validation)
    found = (
        Examples(raw_outputs(fixed, {}, {}, some.x), some.y, some.weights) if some.rows else some
        for some in (train, validation)
    )
    (weights,) = _trained(Sequential((last,)), loss, descent, *found).values()
    return {f"{len(before)}_{word(last)}": weights}


def _condenses(layers: tuple[Any, ...], x: Any) -> bool:
    """Whether layers have nothing to learn, and give fewer numbers than they are given."""
    fixed = Sequential(layers)
    shape = jax.tree.map(lambda a: tuple(a.shape[1:]), x)
    learned = jax.eval_shape(lambda key: fixed.init(key, shape)[:2], jax.random.key(0))
    given = sum(math.prod(a.shape[1:]) for a in jax.tree.leaves(x))
    return not jax.tree.leaves(learned) and math.prod(output_shape(fixed, shape)) < given


def _trained(
    network: Sequential, loss: Loss, descent: Descent, train: Examples, validation: Examples
) -> Any:
    run = Run(network, loss, descent, train, validation)
    for _ in run.epochs():
        pass
    return run.params
