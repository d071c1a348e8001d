"""Feedback layers: where they rest, what they report, and that they learn real data."""

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

from descend.errors import SpecError
from descend.fixed_point import UnsettledWarning
from descend.layers import ContinuousTime, Equilibrium, HopfieldLookup, HopfieldPooling


def start(layer, shape, batch=4, seed=0):
    params, state, _ = layer.init(jax.random.key(seed), shape)
    x = jax.random.normal(jax.random.key(seed + 1), (batch, *shape))
    return params, state, x


@pytest.mark.parametrize("monotone", [False, True])
def test_the_output_is_at_rest(monotone):
    layer = Equilibrium(20, "relu", monotone, tolerance=1e-6, max_steps=200)
    params, state, x = start(layer, (5,))
    z, after = layer.apply(params, state, x, key=None, train=True)
    drive = x @ params["input"]["weight"] + params["bias"]
    weight = layer._feedback(params, jnp.float32)
    np.testing.assert_allclose(z, jax.nn.relu(z @ weight + drive), atol=1e-4)
    assert 0 < float(after["residual"]) < 1e-5
    assert 1 < float(after["steps"]) <= 200


def test_strong_monotone_feedback_still_rests_at_one_point():
    layer = Equilibrium(15, "relu", True, feedback_scale=3.0, tolerance=1e-5, max_steps=2000)
    params, state, x = start(layer, (5,))
    weight = np.asarray(layer._feedback(params, jnp.float32))
    gap = np.eye(15) - (weight + weight.T) / 2
    assert np.linalg.eigvalsh(gap)[0] >= layer.margin - 1e-4
    z, _ = layer.apply(params, state, x, key=None, train=False)
    drive = x @ params["input"]["weight"] + params["bias"]
    np.testing.assert_allclose(z, jax.nn.relu(z @ weight + drive), atol=0.05)


@pytest.mark.parametrize("units", [1, 8, 100])
def test_strong_feedback_is_held_to_a_contraction(units):
    layer = Equilibrium(units, feedback_scale=5.0, contraction=0.9)
    params, state, x = start(layer, (3,))
    norm = np.linalg.norm(layer._feedback(params, jnp.float32), 2)
    assert 0.9 / units ** (1 / 32) - 1e-5 <= norm <= 0.9 + 1e-5
    _, after = layer.apply(params, state, x, key=None, train=True)
    assert float(after["residual"]) <= layer.tolerance
    weak = {**params, "feedback": {"weight": 0.01 * params["feedback"]["weight"]}}
    np.testing.assert_array_equal(layer._feedback(weak, jnp.float32), weak["feedback"]["weight"])
    nothing = jax.tree.map(jnp.zeros_like, params)
    slope = jax.grad(lambda p: layer._feedback(p, jnp.float32).sum())(nothing)
    assert np.isfinite(slope["feedback"]["weight"]).all()


def test_without_rest_there_is_a_warning():
    layer = Equilibrium(8, "identity", feedback_scale=5.0, max_steps=10, contraction=None)
    params, state, x = start(layer, (3,))
    with pytest.warns(UnsettledWarning, match="monotone"):
        jax.block_until_ready(layer.apply(params, state, x, key=None, train=False))


def test_the_jacobian_penalty_weakens_the_feedback():
    layer = Equilibrium(8, jacobian_penalty=1.0)
    params, state, x = start(layer, (3,))

    def nothing(params):
        y, _ = layer.apply(params, state, x, key=jax.random.key(3), train=True)
        return 0.0 * y.sum()

    step = jax.grad(nothing)(params)["feedback"]["weight"]
    weight = params["feedback"]["weight"]
    assert float(jnp.vdot(step, weight)) > 0
    with pytest.raises(SpecError, match="random key"):
        layer.apply(params, state, x, key=None, train=True)
    with pytest.raises(SpecError, match="relu"):
        Equilibrium(3, "tanh", True)


def test_an_equilibrium_network_learns_exclusive_or():
    layer = Equilibrium(8)
    params, state, _ = start(layer, (2,))
    x = jnp.array([[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]])
    target = jnp.array([-1.0, 1.0, 1.0, -1.0])
    params = {"layer": params, "out": 0.3 * jnp.ones(8)}
    optimizer = optax.adam(0.03)

    def loss(params):
        z, _ = layer.apply(params["layer"], state, x, key=None, train=False)
        return jnp.mean((z @ params["out"] - target) ** 2)

    @jax.jit
    def train(params):
        def step(carry, _):
            params, memory = carry
            value, slope = jax.value_and_grad(loss)(params)
            change, memory = optimizer.update(slope, memory)
            return (optax.apply_updates(params, change), memory), value

        return jax.lax.scan(step, (params, optimizer.init(params)), None, 300)[1]

    assert float(train(params)[-1]) < 0.01


@pytest.mark.parametrize("method", ["euler", "midpoint", "adaptive"])
def test_continuous_time_follows_its_equation(method):
    layer = ContinuousTime(3, method=method, substeps=200 if method == "euler" else 40)
    params, state, x = start(layer, (4, 2))
    got, _ = layer.apply(params, state, x, key=None, train=False)
    exact, _ = ContinuousTime(3, method="midpoint", substeps=400).apply(
        params, state, x, key=None, train=False
    )
    np.testing.assert_allclose(got, exact, atol=3e-3)


def test_continuous_time_decays_without_input():
    layer = ContinuousTime(2, "tanh", "midpoint", 50, time_constant=2.0)
    params, state, _ = start(layer, (3, 1))
    params["feedback"]["weight"] = jnp.zeros((2, 2))
    params["input"]["weight"] = jnp.ones((1, 2))
    x = jnp.array([[[1.0], [0.0], [0.0]]])
    y, _ = layer.apply(params, state, x, key=None, train=False)
    np.testing.assert_allclose(y, (1 - np.exp(-0.5)) * np.exp(-1.0), rtol=1e-3)


def test_pooling_ignores_the_order_and_lookup_recalls():
    pooling = HopfieldPooling(4, steps=3)
    params, state, x = start(pooling, (6, 3))
    y, _ = pooling.apply(params, state, x, key=None, train=False)
    z, _ = pooling.apply(params, state, x[:, ::-1], key=None, train=False)
    np.testing.assert_allclose(y, z, atol=1e-6)
    lookup = HopfieldLookup(2, memories=3, key_units=4, beta=200.0)
    params, state, _ = start(lookup, (4,))
    params["query"]["weight"] = jnp.eye(4)
    y, _ = lookup.apply(params, state, params["key"]["weight"] * 3, key=None, train=False)
    np.testing.assert_allclose(y, params["value"]["weight"], atol=0.05)


@pytest.mark.parametrize(
    ("layer", "shape"),
    [
        (Equilibrium(3), (2, 2)),
        (ContinuousTime(3), (4,)),
        (HopfieldPooling(3), (4,)),
        (HopfieldLookup(3), ()),
    ],
)
def test_wrong_shapes_are_refused(layer, shape):
    with pytest.raises(SpecError, match=type(layer).__name__):
        layer.init(jax.random.key(0), shape)
