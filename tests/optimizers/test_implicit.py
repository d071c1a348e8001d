"""Implicit SGD against the closed form and a root found by bisection; stability; residual."""

from __future__ import annotations

import jax
import numpy as np
import pytest

from descend.errors import UsageError
from descend.layers import Dense, Sequential
from descend.losses import BinaryCrossEntropy, CategoricalCrossEntropy, Poisson, SquaredError
from descend.optimizers import SGD, ImplicitSGD
from descend.schedules import Constant
from descend.training import Descent, Examples, Run

RATES = (1e-3, 0.1, 1.0, 100.0)


def one_epoch(network, loss, examples, params, *, rate, batch, wide=False):
    descent = Descent(
        ImplicitSGD(rate, tolerance=1e-12 if wide else 1e-7), Constant(), batch_size=batch,
        epochs=1, shuffle=False,
    )  # fmt: skip
    run = Run(network, loss, descent, examples, params=params)
    for _ in run.epochs():
        pass
    return run


def close(rate: float, wide: bool) -> float:
    """Return the allowed relative error: rounding grows with the condition, 1 + rate |x|²."""
    return 1e-9 if wide else 1e-5 if rate > 10 else 1e-6


def linear(rows: int, seed: int = 0):
    r = np.random.default_rng(seed)
    x = r.normal(size=(rows, 5))
    y = r.normal(size=(rows, 2))
    return x, y, {"weight": r.normal(size=(5, 2)), "bias": r.normal(size=2)}


def in_float32(tree):
    return jax.tree.map(lambda a: np.asarray(a, np.float32), tree)


@pytest.mark.parametrize("rate", RATES)
@pytest.mark.parametrize("batch", [1, 4])
@pytest.mark.parametrize("wide", [False, True])
def test_squared_error_is_the_closed_form(rate: float, batch: int, wide: bool) -> None:
    rows, columns = 8, 6
    x, y, params = linear(rows)
    theta = np.vstack([params["weight"], params["bias"]])
    for first in range(0, rows, batch):
        a = np.hstack([x[first : first + batch], np.ones((batch, 1))])
        # The loss of a row is the mean over 2 outputs, of a batch the mean over its rows.
        scale = 2 * rate / (2 * batch)
        left = np.eye(columns) + scale * a.T @ a
        theta = np.linalg.solve(left, theta + scale * a.T @ y[first : first + batch])
    if wide:
        with jax.enable_x64():
            run = one_epoch(
                Dense(2), SquaredError(), Examples(x, y), params, rate=rate, batch=batch, wide=True
            )
    else:
        run = one_epoch(
            Dense(2), SquaredError(), in_float32_examples(x, y), in_float32(params),
            rate=rate, batch=batch,
        )  # fmt: skip
    found = np.vstack([run.params["weight"], run.params["bias"]])
    assert np.abs(found - theta).max() / np.abs(theta).max() < close(rate, wide)


def in_float32_examples(x, y) -> Examples:
    return Examples(x.astype(np.float32), y.astype(np.float32))


def root(residual, low: float, high: float) -> float:
    """Bisect a falling function to the last bit."""
    for _ in range(200):
        middle = 0.5 * (low + high)
        low, high = (middle, high) if residual(middle) > 0 else (low, middle)
    return 0.5 * (low + high)


@pytest.mark.parametrize("rate", RATES)
@pytest.mark.parametrize("wide", [False, True])
def test_logistic_regression_is_the_root_along_x(rate: float, wide: bool) -> None:
    x, _, params = linear(6)
    params = {"weight": params["weight"][:, :1], "bias": params["bias"][:1]}
    y = np.array([0, 1, 1, 0, 1, 0], np.float64)
    theta = np.append(params["weight"][:, 0], params["bias"])
    for row, label in zip(np.hstack([x, np.ones((6, 1))]), y, strict=True):
        z, length = row @ theta, row @ row

        def residual(s: float, z=z, length=length, label=label) -> float:
            return rate * (label - 1 / (1 + np.exp(-(z + s * length)))) - s

        theta = theta + root(residual, -rate, rate) * row
    if wide:
        with jax.enable_x64():
            run = one_epoch(
                Dense(1),
                BinaryCrossEntropy(),
                Examples(x, y),
                params,
                rate=rate,
                batch=1,
                wide=True,
            )
    else:
        examples = in_float32_examples(x, y)
        run = one_epoch(
            Dense(1), BinaryCrossEntropy(), examples, in_float32(params), rate=rate, batch=1
        )
    found = np.append(run.params["weight"], run.params["bias"])
    assert np.abs(found - theta).max() / np.abs(theta).max() < close(rate, wide)


@pytest.mark.parametrize("network", [Dense(1), Sequential((Dense(1),))])
@pytest.mark.parametrize("rate", [1e-3, 1.0, 1e3])
def test_one_row_and_one_output_take_one_way(network, rate: float) -> None:
    """The same steps as by conjugate gradients, which know nothing of the line."""
    x, _, params = linear(6)
    start = {"weight": params["weight"][:, :1], "bias": params["bias"][:1]}
    start = {"0_dense": start} if isinstance(network, Sequential) else start
    for loss, y in (
        (BinaryCrossEntropy(), np.array([0, 1, 1, 0, 1, 0], np.float64)),
        (Poisson(), np.array([[0], [1], [5], [0], [2], [3]], np.float64)),
    ):
        with jax.enable_x64():
            alone = one_epoch(network, loss, Examples(x, y), start, rate=rate, batch=1, wide=True)
            batch = np.repeat(x, 2, axis=0), np.repeat(y, 2, axis=0)
            pairs = one_epoch(network, loss, Examples(*batch), start, rate=rate, batch=2, wide=True)
        for a, b in zip(jax.tree.leaves(alone.params), jax.tree.leaves(pairs.params), strict=True):
            np.testing.assert_allclose(a, b, rtol=1e-8, atol=1e-10)


def test_a_row_without_any_slope_is_no_step() -> None:
    x, y = np.zeros((3, 2), np.float32), np.zeros((3, 1), np.float32)
    start = {"weight": np.ones((2, 1), np.float32), "bias": np.zeros(1, np.float32)}
    run = one_epoch(Dense(1), SquaredError(), Examples(x, y), start, rate=10.0, batch=1)
    np.testing.assert_array_equal(run.params["weight"], start["weight"])
    np.testing.assert_array_equal(run.params["bias"], start["bias"])


def digits(n: int = 200) -> Examples:
    r = np.random.default_rng(3)
    y = r.integers(0, 3, n).astype(np.int32)
    return Examples((3 * r.normal(size=(n, 6)) + 2 * y[:, None]).astype(np.float32), y)


def last_loss(optimizer, rate: float) -> float:
    network, descent = Sequential((Dense(8, "tanh"), Dense(3))), None
    descent = Descent(
        optimizer.replace(learning_rate=rate), Constant(), batch_size=8, epochs=8, patience=None
    )
    run = Run(network, CategoricalCrossEntropy(), descent, digits())
    for _ in run.epochs():
        pass
    return run.history[-1].loss


def test_small_rates_are_those_of_sgd() -> None:
    assert last_loss(ImplicitSGD(), 1e-3) == pytest.approx(last_loss(SGD(), 1e-3), rel=0.02)


def test_a_network_stays_stable_at_a_huge_rate_and_records_its_residual() -> None:
    descent = Descent(ImplicitSGD(50.0), Constant(), batch_size=8, epochs=4, patience=None)
    network = Sequential((Dense(8, "tanh"), Dense(3)))
    run = Run(network, CategoricalCrossEntropy(), descent, digits())
    for _ in run.epochs():
        pass
    losses = [record.loss for record in run.history]
    assert np.isfinite(losses).all()
    assert 0 <= float(run.optimizer_state.residual) <= 2
    gentle = last_loss(ImplicitSGD(), 0.1)
    assert gentle < 1.0


def test_needs_the_loss() -> None:
    rule = ImplicitSGD().transformation()
    p = np.zeros(2, np.float32)
    with pytest.raises(UsageError, match="value_fn="):
        rule.update(p, rule.init(p), p, learning_rate=0.1)
