"""Losses of numbers: the constant that each is least at, and stability."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from descend.losses import AbsoluteError, Huber, Poisson, Quantile, SquaredError


def best_constant(loss, values):
    """Return the prediction, over a fine grid of raw outputs, that minimises the mean loss."""
    grid = jnp.linspace(-3, 12, 15001)
    means = jax.vmap(
        lambda raw: jnp.mean(loss(jnp.full((len(values), 1), raw), jnp.asarray(values)[:, None]))
    )(grid)
    return float(loss.link(grid[jnp.argmin(means)][None, None])[0, 0])


VALUES = np.array([0.0, 1.0, 1.0, 2.0, 10.0], np.float32)


@pytest.mark.parametrize(
    ("loss", "expected"),
    [
        (SquaredError(), VALUES.mean()),
        (AbsoluteError(), np.median(VALUES)),
        (Quantile((0.7,)), 2.0),
        (Quantile((0.1,)), 0.0),
        (Poisson(), VALUES.mean()),
        (Huber(1e-3), np.median(VALUES)),
        (Huber(1e3), VALUES.mean()),
    ],
    ids=repr,
)
def test_best_constant(loss, expected):
    assert best_constant(loss, VALUES) == pytest.approx(expected, abs=3e-3)


@pytest.mark.parametrize("loss", [SquaredError(), AbsoluteError(), Huber()], ids=repr)
def test_a_perfect_prediction_has_no_slope(loss):
    raw = jnp.ones((2, 3))
    np.testing.assert_array_equal(
        jax.grad(lambda raw: jnp.sum(loss(raw, jnp.ones((2, 3)))))(raw), 0
    )


def test_quantile_layout_is_column_by_column():
    loss = Quantile((0.1, 0.9))
    raw = jnp.array([[0.0, 1.0, 10.0, 11.0]])
    assert loss.width(2) == 4
    # Far above both levels of the second column only: 0.1 and 0.9 of each distance.
    value = loss(raw, jnp.array([[0.5, 20.0]]))[0]
    expected = 0.1 * 0.5 + 0.1 * 0.5 + 0.1 * 10 + 0.9 * 9
    assert float(value) == pytest.approx(expected)


def test_quantile_link_sorts_within_each_column():
    crossed = jnp.array([[3.0, 1.0, 2.0, 7.0, 9.0, 8.0]])
    linked = Quantile((0.1, 0.5, 0.9)).link(crossed)
    np.testing.assert_array_equal(linked, [[1, 2, 3, 7, 8, 9]])


def test_poisson_slope_is_rate_less_target_even_beyond_its_cap():
    raw, target = jnp.array([[-3.0], [2.0], [39.0], [45.0], [1e4]]), jnp.full((5, 1), 2.0)
    slope = jax.grad(lambda raw: jnp.sum(Poisson()(raw, target)))(raw)
    np.testing.assert_allclose(slope, Poisson().link(raw) - target, rtol=1e-6)


def test_huber_is_continuous_where_the_line_takes_over():
    loss, target = Huber(0.5), jnp.zeros((2, 1))
    near = loss(jnp.array([[0.5 - 1e-4], [0.5 + 1e-4]]), target)
    assert float(near[1] - near[0]) == pytest.approx(0.5 * 2e-4, rel=1e-3)
