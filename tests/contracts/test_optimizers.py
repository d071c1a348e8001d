"""What holds for every optimizer, besides its trajectory.

All optimizers are compiled side by side into one program, which takes dicts by name.
"""

from functools import cache

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

from descend import optimizers
from descend.errors import UsageError

NAMES = [name for name in optimizers.__all__ if name != "Optimizer"]
SPECS = {name: getattr(optimizers, name)() for name in NAMES}
RULES = {name: spec.transformation() for name, spec in SPECS.items()}
DECAYING = [name for name in NAMES if hasattr(SPECS[name], "weight_decay")]


def tree(seed, scale=1.0):
    r = np.random.default_rng(seed)
    return {
        "0_dense": {
            "weight": np.float32(scale * r.normal(size=(3, 4))),
            "bias": np.float32(scale * r.normal(size=4)),
        },
        "scale": np.float32(scale * r.normal(size=())),
    }


def starting_states(params):
    return {name: rule.init(params) for name, rule in RULES.items()}


def linear_loss(gradient):
    """Return what the rules that look again need: a loss that has this gradient everywhere."""

    def loss(params):
        return sum(jax.tree.leaves(jax.tree.map(lambda g, p: jnp.sum(g * p), gradient, params)))

    return loss


def update(name, gradient, state, params, rate):
    again = {}
    if SPECS[name].looks_again:
        loss = linear_loss(gradient)
        again = {"value": loss(params), "value_fn": loss}
    return RULES[name].update(gradient, state, params, learning_rate=rate, **again)


@jax.jit
def step_all(gradient, states, params, rate):
    """Return {name: (updates, state)} and {name: new params}."""
    results = {name: update(name, gradient, states[name], params[name], rate) for name in states}
    return results, {
        name: optax.apply_updates(params[name], updates) for name, (updates, _) in results.items()
    }


@cache
def after_steps(scale, rate, steps):
    """Return the results of the last of some steps with one gradient, and the new params."""
    params = {name: tree(0) for name in NAMES}
    states = starting_states(tree(0))
    results = {}
    for _ in range(steps):
        results, params = step_all(tree(1, scale), states, params, rate)
        states = {name: state for name, (_, state) in results.items()}
    return results, params


@pytest.mark.parametrize("name", NAMES)
def test_compiled_equals_eager_and_nothing_given_is_changed(name):
    params, gradient = tree(0), tree(1)
    state = RULES[name].init(params)
    by_hand, after = update(name, gradient, state, params, 0.1)
    by_machine = after_steps(1.0, 0.1, 1)[0][name]
    for a, b in zip(jax.tree.leaves((by_hand, after)), jax.tree.leaves(by_machine), strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-4, atol=1e-6)
    jax.tree.map(np.testing.assert_array_equal, (params, gradient), (tree(0), tree(1)))
    kinds = [jax.tree.map(lambda a: (a.shape, a.dtype), s) for s in (after, state)]
    assert kinds[0] == kinds[1]


@cache
def costs_in_a_valley():
    """Return the cost at the start, and for each name that after 200 steps on a stretched bowl."""
    stretch = jax.tree.map(lambda p: 1 + np.arange(p.size).reshape(p.shape) / 4, tree(0))
    rates = {"AdaDelta": 20.0, "AdaGrad": 0.5, "RAdam": 0.15, "Adafactor": 0.1, "LBFGS": 1.0}

    def cost(params):
        return sum(jax.tree.leaves(jax.tree.map(lambda s, p: jnp.sum(s * p**2), stretch, params)))

    def step(carry, t):
        after = {}
        for name, (params, state) in carry.items():
            rate = rates.get(name, 0.05) * (1 - t / 200)
            value, gradient = jax.value_and_grad(cost)(params)
            again = {"value": value, "value_fn": cost} if SPECS[name].looks_again else {}
            updates, state = RULES[name].update(
                gradient, state, params, learning_rate=rate, **again
            )
            after[name] = optax.apply_updates(params, updates), state
        return after, None

    start = jax.tree.map(jnp.asarray, tree(0))
    begin = {name: (start, state) for name, state in starting_states(start).items()}
    last, _ = jax.jit(lambda carry: jax.lax.scan(step, carry, jnp.arange(200.0)))(begin)
    return cost(start), {
        name: cost(SPECS[name].evaluation_params(state, params))
        for name, (params, state) in last.items()
    }


@pytest.mark.parametrize("name", NAMES)
def test_descends_a_valley(name):
    before, after = costs_in_a_valley()
    assert after[name] < 0.01 * before


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("scale", [0.0, 1e-20, 1e-8, 1e8, 1e15])
def test_finite_for_gradients_of_any_size(name, scale):
    results, params = after_steps(scale, 0.01, 3)
    for leaf in jax.tree.leaves((results[name], params[name])):
        assert np.all(np.isfinite(leaf))


@pytest.mark.parametrize("name", NAMES)
def test_a_rate_of_0_moves_nothing_and_the_first_step_goes_downhill(name):
    still, _ = after_steps(1.0, 0.0, 1)
    assert all(np.all(leaf == 0) for leaf in jax.tree.leaves(still[name][0]))
    moved, after = after_steps(1.0, 0.01, 1)
    slopes = jax.tree.map(lambda u, g: np.sum(u * g), moved[name][0], tree(1))
    # AveragedSGD and Muon also pull weights to 0, which may point uphill, but is little.
    assert all(slope < 0 for slope in jax.tree.leaves(slopes))
    predicting = SPECS[name].evaluation_params(moved[name][1], after[name])
    assert jax.tree.map(np.shape, predicting) == jax.tree.map(np.shape, tree(0))


@pytest.mark.parametrize("name", DECAYING)
def test_weight_decay_is_for_weights_only(name):
    params = {leaf: np.ones((2, 2), np.float32) for leaf in ("weight", "bias", "scale")}
    nothing = jax.tree.map(np.zeros_like, params)
    rule = SPECS[name].replace(weight_decay=0.5).transformation()
    step, _ = rule.update(nothing, rule.init(params), params, learning_rate=0.1)
    if name != "Muon":  # which tells leaves apart by their axes
        np.testing.assert_array_equal(step["bias"], 0)
        np.testing.assert_array_equal(step["scale"], 0)
    assert np.all(step["weight"] < 0)
    if name != "LAMB":  # which makes every step as long as the weights
        np.testing.assert_allclose(step["weight"], -0.05, rtol=1e-5)


def test_a_missing_learning_rate_says_so():
    with pytest.raises(UsageError, match="learning_rate="):
        RULES["SGD"].update(tree(0), RULES["SGD"].init(tree(0)), tree(0))


def test_the_count_of_steps_stops_instead_of_wrapping():
    states = {
        name: state._replace(step=jnp.asarray(2**31 - 1, jnp.int32))
        for name, state in starting_states(tree(0)).items()
        if name != "LBFGS"  # which counts modulo its memory
    }
    results, _ = step_all(tree(1), states, {name: tree(0) for name in NAMES}, 0.1)
    for updates, state in results.values():
        assert int(state.step) == 2**31 - 1
        assert all(np.all(np.isfinite(leaf)) for leaf in jax.tree.leaves(updates))
