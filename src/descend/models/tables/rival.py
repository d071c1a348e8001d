"""Training the linear rival: the model without hidden layers that a network has to beat."""

from __future__ import annotations

import math
from typing import Any

import jax

from descend.layers import Sequential
from descend.layers.layer import place_key
from descend.layers.summary import output_shape
from descend.losses import Loss
from descend.optimizers import Adam
from descend.training import Descent, Examples, Run, count_rows, raw_outputs
from descend.training.evaluation import numbers_a_row

__all__ = ["train_rival"]

MANY = 1 << 20
"""Input numbers of all rows: of fewer, spectra at each step cost less than another program does."""


def train_rival(
    network: Sequential, loss: Loss, train: Examples, validation: Examples, seed: int
) -> Any:
    """Return the weights of the linear rival: convex, so that any good way down will do.

    What its inputs become before the first weight, as the mean spectra of sounds, is computed once
    and not at each step, where that is fewer numbers than the inputs are, and those are many.
    """
    rows = count_rows(train.x)
    descent = Descent(
        Adam(0.02),
        batch_size=max(32, min(1024, rows // 32)),
        epochs=max(3, min(100, 3_000_000 // rows)),
        patience=10,
        seed=seed,
    )
    fixed, last = _fixed(network, train.x), network.layers[-1]
    if fixed is None:
        return _trained(network, loss, descent, train, validation)
    found = (
        Examples(raw_outputs(fixed, {}, {}, some.x), some.y, some.weights) if some.rows else some
        for some in (train, validation)
    )
    (weights,) = _trained(Sequential((last,)), loss, descent, *found).values()
    return {place_key(len(fixed.layers), last): weights}


def _fixed(network: Sequential, x: Any) -> Sequential | None:
    """Return the layers before the last, where to compute them once pays for one more program.

    They must have nothing to learn and give fewer numbers than they are given, which must be many.
    """
    given = numbers_a_row(x)
    if len(network.layers) == 1 or count_rows(x) * given < MANY:
        return None
    fixed = Sequential(network.layers[:-1])
    shape = jax.tree.map(lambda a: tuple(a.shape[1:]), x)
    learned = jax.eval_shape(lambda key: fixed.init(key, shape)[:2], jax.random.key(0))
    condenses = math.prod(output_shape(fixed, shape)) < given
    return fixed if condenses and not jax.tree.leaves(learned) else None


def _trained(
    network: Sequential, loss: Loss, descent: Descent, train: Examples, validation: Examples
) -> Any:
    run = Run(network, loss, descent, train, validation)
    for _ in run.epochs():
        pass
    return run.params
