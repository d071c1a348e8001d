"""The compiled programs: the penalised loss, sums over all rows, and going on from a memory."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from descend.layers import BatchNormalization, Dense, FadingDropout, Sequential
from descend.losses import SquaredError
from descend.optimizers import SGD, Momentum
from descend.schedules import Constant, Cosine
from descend.training import Descent, Examples, Run
from descend.training.passes import loss_and_gradient
from descend.training.step import Settings, program, squared_weights

NETWORK = Sequential((Dense(3, "tanh"), Dense(1)))


def rows(n: int, seed: int = 0) -> Examples:
    generator = np.random.default_rng(seed)
    x = generator.normal(size=(n, 2)).astype(np.float32)
    return Examples(x, np.sin(x[:, :1]).astype(np.float32))


@pytest.mark.parametrize("weights", [None, np.array([1, 0, 2, 0.5, 3], np.float32)])
def test_ridge_is_the_gradient_of_the_penalised_mean_by_weight(weights):
    data = rows(5)
    params, _, _ = NETWORK.init(jax.random.key(1), (2,))
    w = np.ones(5, np.float32) if weights is None else weights

    def loss(params):
        raw, _ = NETWORK.apply(params, {}, data.x, key=None, train=True)
        squares = sum(jnp.sum(p["weight"] ** 2) for p in params.values())
        return (jnp.sum(w * SquaredError()(raw, data.y)) + 0.5 * 0.7 * squares) / w.sum()

    value, gradient = jax.value_and_grad(loss)(params)
    compiled = program(NETWORK, SquaredError(), SGD(1.0), Constant(), 8, ridge=True)
    carry = compiled.start(params, {}, jax.random.key(0))
    order = np.zeros(8, np.int32)
    order[:5] = np.arange(5)
    settings = Settings(0.1, 1, 0.0, 0.0, 0.7)
    carry = compiled.run(carry, data.x, data.y, weights, order, 5, 0, 1, settings)
    stepped = jax.tree.map(lambda p, g: p - 0.1 * g, params, gradient)
    for a, b in zip(*map(jax.tree.leaves, (carry.params, stepped)), strict=True):
        np.testing.assert_allclose(a, b, rtol=2e-6, atol=1e-8)
    assert float(carry.loss_sum / carry.rows) == pytest.approx(float(value), rel=1e-6)


def test_ridge_of_a_batch_without_weight_is_harmless():
    data = rows(1)
    compiled = program(NETWORK, SquaredError(), SGD(1.0), Constant(), 1, ridge=True)
    params, _, _ = NETWORK.init(jax.random.key(1), (2,))
    carry = compiled.start(params, {}, jax.random.key(0))
    zero = np.zeros(1, np.float32)
    carry = compiled.run(
        carry, data.x, data.y, zero, np.zeros(1, np.int32), 1, 0, 1, Settings(0.1, 1, 0, 0, 0.5)
    )
    jax.tree.map(np.testing.assert_array_equal, carry.params, params)
    assert int(carry.bad_step) == 0


def test_a_program_runs_in_float64_where_that_is_enabled():
    data = rows(6)
    compiled = program(NETWORK, SquaredError(), Momentum(1.0), Constant(), 4, ridge=True)
    with jax.enable_x64(True):
        params = jax.tree.map(
            lambda a: np.asarray(a, np.float64), NETWORK.init(jax.random.key(1), (2,))[0]
        )
        carry = compiled.start(params, {}, jax.random.key(0))
        x, y = data.x.astype(float), data.y.astype(float)
        order = np.arange(8, dtype=np.int32) % 6
        carry = compiled.run(carry, x, y, None, order, 6, 0, 2, Settings(0.1, 1, 0.0, 0.0, 0.5))
    assert {leaf.dtype for leaf in jax.tree.leaves(carry.params)} == {np.dtype(np.float64)}
    assert carry.loss_sum.dtype == np.float64


def test_loss_and_gradient_sum_over_rows():
    data = rows(5)
    params, _, _ = NETWORK.init(jax.random.key(1), (2,))
    each = loss_and_gradient(NETWORK, SquaredError())
    whole, gradient = each(params, data.x, data.y, np.ones(5, np.float32))
    first, one = each(params, data.x[:2], data.y[:2], np.ones(2, np.float32))
    second, other = each(params, data.x[2:], data.y[2:], np.ones(3, np.float32))
    assert float(whole) == pytest.approx(float(first + second), rel=1e-6)
    jax.tree.map(
        lambda a, b, c: np.testing.assert_allclose(a, b + c, rtol=1e-4, atol=1e-6),
        gradient, one, other,
    )  # fmt: skip


def test_squared_weights_leave_biases_alone():
    params = {"a": {"weight": jnp.array([3.0]), "bias": jnp.array([9.0])}}
    assert float(squared_weights(params)) == 9.0
    assert float(squared_weights({"bias": jnp.array([1.0])})) == 0.0


def test_going_on_with_the_optimizers_memory_equals_one_run():
    data = rows(32)
    descent = Descent(
        Momentum(0.05), Constant(), batch_size=8, epochs=6, patience=None, shuffle=False
    )
    whole = Run(NETWORK, SquaredError(), descent, data)
    list(whole.epochs())
    first = Run(NETWORK, SquaredError(), descent.replace(epochs=3), data)
    list(first.epochs())
    second = Run(
        NETWORK, SquaredError(), descent.replace(epochs=3), data,
        params=first.params, optimizer_state=first.optimizer_state,
    )  # fmt: skip
    list(second.epochs())
    jax.tree.map(np.testing.assert_array_equal, second.params, whole.params)


def test_a_run_that_goes_on_beyond_its_plan_stays_at_the_end_of_it():
    network, data = Sequential((Dense(3), FadingDropout(0.5), Dense(1))), rows(8)
    descent = Descent(SGD(0.1), Cosine(), batch_size=4, epochs=2, patience=None)
    first = Run(network, SquaredError(), descent, data)
    list(first.epochs())
    on = Run(
        network, SquaredError(), descent, data,
        params=first.params, state=first.state, carry=first.carry(),
    )  # fmt: skip
    assert [record.learning_rate for record in on.epochs()] == [0.0, 0.0]
    assert [float(leaf) for leaf in jax.tree.leaves(on.state)] == [1.0]


def test_full_batches_of_similar_size_share_a_program():
    descent = Descent(SGD(0.1), Constant(), batch_size=None, epochs=1, patience=None)
    shared = {Run(NETWORK, SquaredError(), descent, rows(n)).batch_size for n in (50, 57, 64)}
    assert shared == {64}
    exact = Sequential((Dense(3), BatchNormalization(), Dense(1)))
    assert Run(exact, SquaredError(), descent, rows(57)).batch_size == 57


@pytest.mark.parametrize("n", [1, 3, 37])
def test_fillers_of_a_full_batch_weigh_nothing(n):
    data = rows(n)
    descent = Descent(SGD(0.1), Constant(), batch_size=None, epochs=1, patience=None)
    run = Run(NETWORK, SquaredError(), descent, data)
    before = run.params
    list(run.epochs())
    each = loss_and_gradient(NETWORK, SquaredError())
    _, gradient = each(before, data.x, data.y, np.full(n, 1 / n, np.float32))
    stepped = jax.tree.map(lambda p, g: p - 0.1 * g, before, gradient)
    jax.tree.map(
        lambda a, b: np.testing.assert_allclose(a, b, rtol=1e-5, atol=1e-7), run.params, stepped
    )
