"""L-BFGS finds the minima that linear algebra finds, in few steps."""

from __future__ import annotations

import jax
import numpy as np
import optax
import pytest

from descend.errors import UsageError
from descend.layers import Dense, Sequential
from descend.losses import CategoricalCrossEntropy, SquaredError
from descend.optimizers import LBFGS
from descend.schedules import Constant
from descend.training import Descent, Examples, Run

R = np.random.default_rng(0)


def trained(network, loss, examples, epochs: int, **more) -> Run:
    descent = Descent(LBFGS(), Constant(), batch_size=None, epochs=epochs, patience=None)
    run = Run(network, loss, descent, examples, **more)
    for _ in run.epochs():
        pass
    return run


def test_least_squares() -> None:
    x = (R.normal(size=(60, 5)) * [1, 3, 10, 0.3, 1]).astype(np.float32)
    y = (x @ R.normal(size=(5, 1)) + 0.1 * R.normal(size=(60, 1))).astype(np.float32)
    run = trained(Dense(1), SquaredError(), Examples(x, y), 60)
    exact = np.linalg.lstsq(np.hstack([x, np.ones((60, 1))]), y, rcond=None)[0]
    np.testing.assert_allclose(run.params["weight"], exact[:-1], atol=2e-4)
    np.testing.assert_allclose(run.params["bias"], exact[-1], atol=2e-4)


def test_is_the_rule_of_optax() -> None:
    x = R.normal(size=(40, 3)).astype(np.float32)
    y = R.integers(0, 3, 40).astype(np.int32)
    network, loss = Sequential((Dense(4, "tanh"), Dense(3))), CategoricalCrossEntropy()
    search = optax.scale_by_zoom_linesearch(20, initial_guess_strategy="one")
    one = trained(network, loss, Examples(x, y), 12)
    other = trained(network, loss, Examples(x, y), 12, optimizer=optax.lbfgs(linesearch=search))
    for a, b in zip(*(jax.tree.leaves(r.params) for r in (one, other)), strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-4, atol=1e-5)
    losses = [record.loss for record in one.history]
    assert losses == sorted(losses, reverse=True)


def test_needs_the_loss() -> None:
    rule, p = LBFGS().transformation(), np.zeros(2, np.float32)
    with pytest.raises(UsageError, match="value_fn="):
        rule.update(p, rule.init(p), p, learning_rate=0.1)
