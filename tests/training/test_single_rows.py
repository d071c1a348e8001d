"""Rows learned in NumPy: the same numbers as the compiled program."""

from __future__ import annotations

import copy
import math
import pickle
from typing import Any

import jax
import numpy as np
import pytest

from descend import optimizers
from descend.layers import Dense, Dropout, Sequential
from descend.losses import CategoricalCrossEntropy, Focal, Loss, SquaredError
from descend.optimizers import Optimizer
from descend.training.compiled_rows import CompiledRows
from descend.training.single_rows import SingleRows

RULES = {
    "SGD": optimizers.SGD(0.1),
    "Momentum": optimizers.Momentum(0.02, dampening=0.3),
    "Nesterov": optimizers.Nesterov(0.02),
    "AdaGrad": optimizers.AdaGrad(0.05, initial=0.1),
    "Adam": optimizers.Adam(0.01),
    "AdamW": optimizers.AdamW(0.01, weight_decay=0.3),
}


def rows(count: int = 60, inputs: int = 5) -> tuple[np.ndarray, np.ndarray]:
    x = np.random.default_rng(0).normal(size=(count, inputs)).astype(np.float32)
    return x, (x[:, 0] * x[:, 1] > 0).astype(np.int32)


def made(
    way: type, rule: Optimizer, loss: Loss, activation: str, inputs: int = 5, outputs: int = 3
) -> Any:
    network = Sequential((Dense(6, activation), Dense(4, "tanh"), Dense(outputs)))
    params, _, _ = network.init(jax.random.key(1), (inputs,))
    return way(network, loss, rule, params)


def compare(rule: Optimizer, loss: Loss, activation: str) -> None:
    plain, compiled = (made(way, rule, loss, activation) for way in (SingleRows, CompiledRows))
    x, y = rows()
    targets = y if isinstance(loss, CategoricalCrossEntropy) else x[:, :3] ** 2
    for row, target in zip(x, targets, strict=True):
        value, wanted = plain.learn(row, target), compiled.learn(row, target)
        assert value == pytest.approx(wanted, rel=2e-5, abs=1e-6)
    for row in x[:5]:
        np.testing.assert_allclose(plain.raw(row), compiled.raw(row), rtol=2e-5, atol=1e-6)
    assert plain.step == compiled.step == len(x)


@pytest.mark.parametrize("rule", RULES.values(), ids=RULES)
def test_every_rule_gives_the_numbers_of_the_compiled_program(rule: Optimizer) -> None:
    compare(rule, CategoricalCrossEntropy(), "relu")


@pytest.mark.parametrize("activation", ["identity", "relu", "sigmoid", "tanh"])
def test_every_activation_does(activation: str) -> None:
    compare(optimizers.SGD(0.1), SquaredError(), activation)


def test_more_than_ten_layers_stand_in_their_order() -> None:
    network = Sequential((*(Dense(5, "tanh") for _ in range(11)), Dense(3)))
    # A compiled program returns its parameters sorted by text: 10_dense before 2_dense.
    params = jax.jit(lambda key: network.init(key, (5,))[0])(jax.random.key(0))
    model = SingleRows(network, SquaredError(), optimizers.SGD(0.1), params)
    x, _ = rows(1)
    wanted, _ = network.apply(params, {}, x, key=None, train=False)
    np.testing.assert_allclose(model.raw(x[0]), wanted[0], rtol=1e-4, atol=1e-6)


def test_what_it_can() -> None:
    network, loss, rule = Sequential((Dense(3, "tanh"),)), SquaredError(), optimizers.Adam()
    assert SingleRows.can(network, loss, rule)
    assert not SingleRows.can(Dense(3), loss, rule)
    assert not SingleRows.can(Sequential((Dense(3, "gelu"),)), loss, rule)
    assert not SingleRows.can(Sequential((Dense(3), Dropout(0.1))), loss, rule)
    assert not SingleRows.can(Sequential((Dense(3, use_bias=False),)), loss, rule)
    assert not SingleRows.can(network, Focal(), rule)
    assert not SingleRows.can(network, loss, optimizers.Lion())


@pytest.mark.parametrize("way", [SingleRows, CompiledRows])
@pytest.mark.parametrize("again", [copy.deepcopy, lambda m: pickle.loads(pickle.dumps(m))])
def test_copies_go_on_to_the_same_bits_and_by_themselves(way: type, again) -> None:
    model = made(way, optimizers.Adam(0.01), CategoricalCrossEntropy(), "relu")
    x, y = rows()
    for row, target in zip(x[:30], y[:30], strict=True):
        model.learn(row, target)
    other = again(model)
    before = other.raw(x[0])
    for row, target in zip(x[30:], y[30:], strict=True):
        model.learn(row, target)
    np.testing.assert_array_equal(other.raw(x[0]), before)
    for row, target in zip(x[30:], y[30:], strict=True):
        other.learn(row, target)
    np.testing.assert_array_equal(other.raw(x[0]), model.raw(x[0]))


@pytest.mark.parametrize("way", [SingleRows, CompiledRows])
def test_growing_keeps_what_is_learned(way: type) -> None:
    rule, loss = optimizers.Adam(0.01), CategoricalCrossEntropy()
    small = made(way, rule, loss, "relu", outputs=2)
    large = made(way, rule, loss, "relu", inputs=8, outputs=4)
    x, y = rows()
    for row, target in zip(x, y, strict=True):
        small.learn(row, target)
    large.take_over(small)
    assert large.step == len(x)
    wider = np.concatenate([x[0], np.zeros(3, np.float32)])
    np.testing.assert_allclose(large.raw(wider)[:2], small.raw(x[0]), rtol=1e-5)
    assert large.learn(wider, 3) > 0


@pytest.mark.parametrize("way", [SingleRows, CompiledRows])
def test_a_loss_that_is_not_finite_is_no_step(way: type) -> None:
    model = made(way, optimizers.SGD(0.1), SquaredError(), "relu")
    x, _ = rows()
    huge = np.full(3, 1e30, np.float32)
    assert not math.isfinite(model.learn(x[0], huge))
    assert model.step == 0


def test_inputs_are_left_alone() -> None:
    model = made(SingleRows, optimizers.SGD(0.1), SquaredError(), "relu")
    x, _ = rows()
    row, target = x[0].copy(), x[1, :3].copy()
    model.learn(row, target)
    model.raw(row)
    np.testing.assert_array_equal(row, x[0])
    np.testing.assert_array_equal(target, x[1, :3])
