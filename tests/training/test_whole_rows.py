"""Rows of weights filled with zeros while single rows are learned: the same numbers without."""

from __future__ import annotations

import jax
import numpy as np
import pytest

from descend.layers import Dense, Sequential
from descend.losses import CategoricalCrossEntropy
from descend.optimizers import SGD, AdaGrad, Adam, Lion, Momentum, Optimizer
from descend.schedules import Constant
from descend.training import Descent, Examples, Run
from descend.training import step as module
from descend.training.whole_rows import can_fill


def trained(rule: Optimizer) -> Run:
    module.program.cache_clear()
    x = np.random.default_rng(0).normal(size=(40, 6)).astype(np.float32)
    examples = Examples(x, (x[:, 0] > 0).astype(np.int32))
    network = Sequential((Dense(30, "sigmoid"), Dense(2)))
    descent = Descent(rule, Constant(), batch_size=1, epochs=2, patience=None)
    run = Run(network, CategoricalCrossEntropy(), descent, examples)
    for _ in run.epochs():
        pass
    return run


@pytest.mark.parametrize("rule", [SGD(0.1), Momentum(0.1), AdaGrad(0.1), Adam(0.01)], ids=repr)
def test_fillers_change_nothing(rule: Optimizer, monkeypatch: pytest.MonkeyPatch) -> None:
    filled, widths = trained(rule), []

    def plain(tree):
        widths.append(tree[0]["0_dense"]["weight"].shape[1])
        return tree

    monkeypatch.setattr(module, "filled_rows", plain)
    wanted = trained(rule)
    module.program.cache_clear()
    assert widths == [30]  # without the patch they would have been filled
    for got, want in zip(
        jax.tree.leaves(filled.params), jax.tree.leaves(wanted.params), strict=True
    ):
        np.testing.assert_allclose(got, want, rtol=1e-4, atol=1e-5)


def test_where_they_would_not_stay_zero_there_are_none() -> None:
    network = Sequential((Dense(30), Dense(2)))
    assert can_fill(network, SGD(0.1))
    assert not can_fill(network, Lion(0.1))
    assert not can_fill(Dense(30), SGD(0.1))
