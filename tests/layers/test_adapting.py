"""Layers that fit themselves to training rows, and members against each of them alone."""

import jax
import jax.numpy as jnp
import numpy as np

from descend.layers import Dense, Members, PiecewiseLinear, RobustScaling, Sequential, TangentDense

KEY = jax.random.key(0)
X = np.random.default_rng(0).normal(3, 5, (500, 2)).astype(np.float32)


def test_robust_scaling_is_that_of_numpy():
    layer = RobustScaling()
    rows = np.concatenate([X, (np.arange(500) == 0)[:, None], np.ones((500, 1))], axis=1)
    _, state, y = layer.adapt(KEY, {}, layer.init(KEY, (4,))[1], jnp.asarray(rows, jnp.float32))
    lower, middle, upper = np.quantile(rows, [0.25, 0.5, 0.75], axis=0)
    width = upper - lower
    width[2] = 0.5  # the quartiles are equal: half of maximum - minimum
    z = (rows[:, :3] - middle[:3]) / width[:3]
    np.testing.assert_allclose(y[:, :3], z / np.sqrt(1 + (z / 3) ** 2), rtol=1e-4, atol=1e-5)
    np.testing.assert_array_equal(y[:, 3], 0)
    assert np.abs(y).max() <= 3
    assert state["factor"][3] == 0
    far = layer.apply({}, state, jnp.full((1, 4), -1e30), key=None, train=False)[0]
    np.testing.assert_allclose(far, [[-3, -3, -3, 0]], rtol=1e-6)


def test_piecewise_linear_is_interpolation():
    layer = PiecewiseLinear((1,), 4)
    _, state, y = layer.adapt(KEY, {}, layer.init(KEY, (2,))[1], jnp.asarray(X))
    edges = np.asarray(state["edges"][0])
    np.testing.assert_allclose(edges, np.quantile(X[:, 1], np.linspace(0, 1, 5)), rtol=1e-5)
    total = np.interp(X[:, 1], edges, np.arange(5))
    np.testing.assert_allclose(y[:, 1:5].sum(axis=1), total, atol=1e-4)


def test_tangent_start_has_unit_spread_and_borders_among_the_rows():
    layer = Sequential((TangentDense(64), TangentDense(3)))
    params, state, _ = layer.init(KEY, (2,))
    params, state, y = layer.adapt(KEY, params, state, jnp.asarray(X))
    np.testing.assert_allclose(y.std(axis=0), 1, rtol=1e-3)
    again, _ = layer.apply(params, state, jnp.asarray(X), key=None, train=False)
    np.testing.assert_allclose(y, again, rtol=1e-4, atol=1e-5)
    assert np.all((y.min(axis=0) < 0) & (y.max(axis=0) > 0))


def test_members_are_their_inner_layers_one_by_one():
    inner = Sequential((Dense(5, "tanh"), Dense(2)))
    layer = Members(inner, 3)
    params, _, _ = layer.init(KEY, (2,))
    y, _ = layer.apply(params, {}, X, key=None, train=False)
    for i in range(3):
        own = jax.tree.map(lambda leaf, i=i: leaf[i], params["inner"])
        alone, _ = inner.apply(own, {}, X, key=None, train=False)
        np.testing.assert_allclose(y[:, 2 * i : 2 * i + 2], alone, rtol=1e-5, atol=1e-6)
