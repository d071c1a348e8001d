"""Layers that fit themselves to training rows, and members against each of them alone."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax.flatten_util import ravel_pytree

from descend import layers
from descend.layers import (
    Dense,
    EachStep,
    Flatten,
    Members,
    MirrorAverage,
    Parallel,
    PiecewiseLinear,
    Residual,
    RobustScaling,
    Sequential,
    TangentDense,
)

KEY = jax.random.key(0)
X = np.random.default_rng(0).normal(3, 5, (500, 2)).astype(np.float32)

INNER = TangentDense(3)
CONTAINERS = {
    "EachStep": (EachStep(INNER), (2, 2)),
    "Members": (Members(INNER, 2), (2,)),
    "MirrorAverage": (MirrorAverage(Sequential((Flatten(), INNER))), (2, 2, 1)),
    "Parallel": (Parallel((INNER, Dense(1))), (2,)),
    "Residual": (Residual(Sequential((RobustScaling(), INNER))), (2,)),
    "Sequential": (Sequential((Dense(4, "tanh"), INNER)), (2,)),
}


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


def test_constant_inputs_leave_the_weights_of_a_tangent_start_as_they_are():
    layer = TangentDense(64)
    params, _, _ = layer.init(KEY, (7,))
    fitted, _, y = layer.adapt(KEY, params, {}, jnp.full((333, 7), 0.1))
    np.testing.assert_array_equal(fitted["weight"], params["weight"])
    np.testing.assert_allclose(y, 0, atol=1e-5)


@pytest.mark.parametrize("layer", [TangentDense(3), RobustScaling(), PiecewiseLinear((1,), 3)])
def test_what_is_fitted_stays_float32_where_jax_computes_in_float64(layer):
    with jax.enable_x64(True):
        params, state, _ = layer.init(KEY, (2,))
        fitted = layer.adapt(KEY, params, state, jnp.asarray(X))
        assert all(leaf.dtype == jnp.float32 for leaf in jax.tree.leaves(fitted))


def test_members_are_their_inner_layers_one_by_one():
    inner = Sequential((Dense(5, "tanh"), Dense(2)))
    layer = Members(inner, 3)
    params, _, _ = layer.init(KEY, (2,))
    y, _ = layer.apply(params, {}, X, key=None, train=False)
    for i in range(3):
        own = jax.tree.map(lambda leaf, i=i: leaf[i], params["inner"])
        alone, _ = inner.apply(own, {}, X, key=None, train=False)
        np.testing.assert_allclose(y[:, 2 * i : 2 * i + 2], alone, rtol=1e-5, atol=1e-6)


def test_every_layer_made_of_layers_is_among_the_containers():
    made_of_layers = {
        name
        for name in layers.__all__
        if {"inner", "layers"} & set(getattr(layers, name).__annotations__)
    }
    assert made_of_layers == set(CONTAINERS)


@pytest.mark.parametrize("name", CONTAINERS)
def test_containers_adapt_what_is_inside_them(name):
    layer, shape = CONTAINERS[name]
    x = jnp.asarray(np.resize(X, (5, *shape)))
    params, state, _ = layer.init(KEY, shape)
    assert layer.adapts
    fitted, after, y = layer.adapt(KEY, params, state, x)
    assert jax.tree.structure((fitted, after)) == jax.tree.structure((params, state))
    assert np.any(ravel_pytree(fitted)[0] != ravel_pytree(params)[0])
    again, _ = layer.apply(fitted, after, x, key=None, train=False)
    np.testing.assert_allclose(y, again, rtol=1e-5, atol=1e-6)


def test_containers_of_layers_that_do_not_adapt_do_not_either():
    plain = Dense(3)
    for layer in (EachStep(plain), MirrorAverage(plain), Residual(plain), Sequential((plain,))):
        assert not layer.adapts


def test_residual_hands_on_what_its_inner_layer_was_fitted_to():
    layer = Sequential((Residual(Sequential((RobustScaling(), Dense(3)))),))
    assert layer.adapts
    params, state, _ = layer.init(KEY, (2,))
    _, state, _ = layer.adapt(KEY, params, state, jnp.asarray(X))
    center = state["0_residual"]["inner"]["0_robust_scaling"]["center"]
    np.testing.assert_allclose(center, np.median(X, axis=0), rtol=1e-5)


def test_each_step_adapts_to_real_steps_alone():
    values = X[:60].reshape(15, 4, 2).copy()
    length = np.arange(15, dtype=np.int32) % 3 + 1
    real = np.arange(4) < length[:, None]
    padded = np.where(real[..., None], values, np.nan)
    layer, shape = EachStep(INNER), {"values": (4, 2), "length": ()}
    params, state, _ = layer.init(KEY, shape)
    x = {"values": jnp.asarray(padded), "length": jnp.asarray(length)}
    fitted, _, y = jax.jit(layer.adapt)(KEY, params, state, x)
    np.testing.assert_allclose(y["values"][real].std(axis=0), 1, rtol=1e-5)
    assert np.all(np.isfinite(fitted["inner"]["bias"]))
