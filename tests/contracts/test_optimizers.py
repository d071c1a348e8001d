"""What holds for every optimizer, besides its trajectory."""

from functools import cache

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

from descend import optimizers
from descend.errors import UsageError

NAMES = [name for name in optimizers.__all__ if name != "Optimizer"]


def spec_of(name):
    return getattr(optimizers, name)()


@cache
def compiled(spec):
    return jax.jit(spec.transformation().update)


def tree(seed, scale=1.0):
    r = np.random.default_rng(seed)
    return {
        "0_dense": {
            "weight": jnp.asarray(scale * r.normal(size=(3, 4)), jnp.float32),
            "bias": jnp.asarray(scale * r.normal(size=4), jnp.float32),
        },
        "scale": jnp.asarray(scale * r.normal(size=()), jnp.float32),
    }


@pytest.mark.parametrize("name", NAMES)
def test_compiled_equals_eager_and_nothing_given_is_changed(name):
    rule, params = spec_of(name).transformation(), tree(0)
    gradient = tree(1)
    before = jax.tree.map(np.array, (params, gradient))
    state = rule.init(params)
    by_hand, eager = rule.update(gradient, state, params, learning_rate=0.1)
    by_machine, after = compiled(spec_of(name))(gradient, state, params, learning_rate=0.1)
    for a, b in zip(
        jax.tree.leaves((by_hand, eager)), jax.tree.leaves((by_machine, after)), strict=True
    ):
        np.testing.assert_allclose(a, b, rtol=1e-4, atol=1e-6)
    jax.tree.map(np.testing.assert_array_equal, (params, gradient), before)
    kinds = [jax.tree.map(lambda a: (a.shape, a.dtype), s) for s in (eager, state)]
    assert kinds[0] == kinds[1]


@pytest.mark.parametrize("name", NAMES)
def test_descends_a_valley(name):
    """Two hundred steps on a stretched bowl leave less than a hundredth of the cost."""
    spec = spec_of(name)
    rule, params = spec.transformation(), tree(0)
    stretch = jax.tree.map(lambda p: 1 + jnp.arange(p.size).reshape(p.shape) / 4, params)

    def cost(params):
        return sum(jax.tree.leaves(jax.tree.map(lambda s, p: jnp.sum(s * p**2), stretch, params)))

    rate = {"AdaDelta": 20.0, "AdaGrad": 0.5, "RAdam": 0.15, "Adafactor": 0.1}.get(name, 0.05)

    def step(carry, t):
        params, state = carry
        falling = rate * (1 - t / 200)
        updates, state = rule.update(jax.grad(cost)(params), state, params, learning_rate=falling)
        return (optax.apply_updates(params, updates), state), None

    carry = (params, rule.init(params))
    (after, state), _ = jax.jit(lambda c: jax.lax.scan(step, c, jnp.arange(200.0)))(carry)
    assert cost(spec.evaluation_params(state, after)) < 0.01 * cost(params)


@pytest.mark.parametrize("name", NAMES)
def test_finite_for_gradients_of_any_size(name):
    rule, params, step = spec_of(name).transformation(), tree(0), compiled(spec_of(name))
    for scale in (0.0, 1e-20, 1e-8, 1e8, 1e15):
        state, own = rule.init(params), params
        for _ in range(3):
            updates, state = step(tree(1, scale), state, own, learning_rate=0.01)
            own = jax.tree.map(lambda p, u: np.asarray(p) + np.asarray(u), own, updates)
        for leaf in jax.tree.leaves((own, state)):
            assert np.all(np.isfinite(leaf)), scale


@pytest.mark.parametrize("name", NAMES)
def test_a_rate_of_0_moves_nothing_and_the_first_step_goes_downhill(name):
    spec = spec_of(name)
    params = jax.tree.map(np.ones_like, tree(0))
    gradient = jax.tree.map(lambda p: np.float32(0.1) * np.ones_like(p), params)
    state, step = spec.transformation().init(params), compiled(spec)
    still, _ = step(gradient, state, params, learning_rate=0.0)
    assert all(np.all(leaf == 0) for leaf in jax.tree.leaves(still))
    moved, after = step(gradient, state, params, learning_rate=0.01)
    if name != "Muon":  # which rescales directions, and so may leave one out
        assert all(np.all(leaf < 0) for leaf in jax.tree.leaves(moved))
    shapes = [jax.tree.map(jnp.shape, t) for t in (spec.evaluation_params(after, params), params)]
    assert shapes[0] == shapes[1]


@pytest.mark.parametrize("name", NAMES)
def test_weight_decay_is_for_weights_only(name):
    spec = spec_of(name)
    if not hasattr(spec, "weight_decay"):
        pytest.skip("no weight decay of its own")
    params = {name: np.ones((2, 2), np.float32) for name in ("weight", "bias", "scale")}
    nothing = jax.tree.map(np.zeros_like, params)
    spec = spec.replace(weight_decay=0.5)
    state = spec.transformation().init(params)
    step, _ = compiled(spec)(nothing, state, params, learning_rate=0.1)
    if name != "Muon":  # which tells leaves apart by their axes
        np.testing.assert_array_equal(step["bias"], 0)
        np.testing.assert_array_equal(step["scale"], 0)
    assert np.all(step["weight"] < 0)
    if name != "LAMB":  # which makes every step as long as the weights
        np.testing.assert_allclose(step["weight"], -0.05, rtol=1e-5)


def test_a_missing_learning_rate_says_so():
    rule, params = optimizers.SGD().transformation(), tree(0)
    with pytest.raises(UsageError, match="learning_rate="):
        rule.update(params, rule.init(params), params)


def test_the_count_of_steps_stops_instead_of_wrapping():
    rule, params = optimizers.Adam().transformation(), tree(0)
    state = rule.init(params)._replace(step=jnp.asarray(2**31 - 1, jnp.int32))
    updates, state = rule.update(params, state, params, learning_rate=0.1)
    assert int(state.step) == 2**31 - 1
    assert all(np.all(np.isfinite(leaf)) for leaf in jax.tree.leaves(updates))
