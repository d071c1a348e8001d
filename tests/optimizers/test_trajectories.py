"""Fifty steps on a small network against PyTorch, the authors' schedule-free, and optax."""

from functools import cache
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

from descend import optimizers
from descend.optimizers import (
    LAMB,
    SGD,
    AdaDelta,
    Adafactor,
    AdaGrad,
    Adam,
    AdaMax,
    AdamW,
    AMSGrad,
    AveragedSGD,
    Lion,
    Momentum,
    Muon,
    NAdam,
    Nesterov,
    RAdam,
    RMSProp,
    ScheduleFreeAdamW,
    ScheduleFreeSGD,
)

REFERENCE = dict(np.load(Path(__file__).parents[1] / "reference" / "optimizers.npz"))
MARKS = (1, 2, 10, 50)
# Names in the reference file; what made it is tests/reference/optimizers.py.
CASES = {
    "AMSGrad": AMSGrad(0.02),
    "AdaDelta": AdaDelta(1.0),
    "AdaGrad": AdaGrad(0.05),
    "AdaMax": AdaMax(0.02),
    "Adafactor": Adafactor(0.05),
    "Adam": Adam(0.02),
    "AdamW": AdamW(0.02, weight_decay=0.1),
    "AveragedSGD": AveragedSGD(0.1, decay=0.01, power=0.75, start=10),
    "Momentum": Momentum(0.05),
    "Momentum dampened": Momentum(0.1, momentum=0.8, dampening=0.3),
    "Muon": Muon(0.02, scale="original"),
    "Muon match_rms_adamw": Muon(0.02),
    "NAdam": NAdam(0.02),
    "Nesterov": Nesterov(0.05),
    "RAdam": RAdam(0.02),
    "RMSProp": RMSProp(0.01),
    "RMSProp centered": RMSProp(0.01, centered=True, momentum=0.5),
    "SGD": SGD(0.1),
    "ScheduleFreeAdamW": ScheduleFreeAdamW(0.02, weight_decay=0.1),
    "ScheduleFreeSGD": ScheduleFreeSGD(0.5, weight_decay=0.1),
}


def is_weight(params):
    return jax.tree_util.tree_map_with_path(lambda path, _: path[-1].key == "weight", params)


# PyTorch has neither of these; optax's own chains are the second opinion.
OPTAX = {
    "LAMB": (
        LAMB(0.02, weight_decay=0.1),
        optax.lamb(0.02, weight_decay=0.1, eps=1e-6, mask=is_weight),
    ),
    "Lion": (
        Lion(0.02, weight_decay=0.1),
        optax.lion(0.02, weight_decay=0.1, b2=0.99, mask=is_weight),
    ),
}


def start(dtype):
    parts = {k.removeprefix("start."): v for k, v in REFERENCE.items() if k.startswith("start.")}
    params = {}
    for name, value in parts.items():
        layer, leaf = name.split(".")
        params.setdefault(layer, {})[leaf] = jnp.asarray(value, dtype)
    return params


def flat(params):
    """Return params as one vector, in the order of the reference file."""
    order = [params[layer][leaf] for layer in ("0_dense", "1_dense") for leaf in ("weight", "bias")]
    return np.concatenate([np.asarray(leaf).ravel() for leaf in order])


@cache
def gradients():
    def loss(params, x, y):
        first, second = params["0_dense"], params["1_dense"]
        hidden = jnp.tanh(x @ first["weight"] + first["bias"])
        error = hidden @ second["weight"] + second["bias"] - y
        return 0.5 * jnp.mean(jnp.sum(error**2, axis=1))

    return jax.grad(loss)


def trajectory(update, state, dtype, falling=True):
    """Return the parameters after the marked steps, and what is left at the end.

    All steps run in one compiled loop, as in training, so that a memory whose type or shape
    changes on the way is an error here too.
    """
    x, y = (jnp.asarray(REFERENCE[name], dtype) for name in "xy")

    def step(carry, t):
        params, state = carry
        rows = (4 * t + jnp.arange(4)) % 12
        gradient = gradients()(params, x[rows], y[rows])
        rate = 1 - 0.5 * t.astype(dtype) / 50 if falling else jnp.ones((), dtype)
        updates, state = update(gradient, state, params, rate)
        params = optax.apply_updates(params, updates)
        return (params, state), params

    run = jax.jit(lambda carry: jax.lax.scan(step, carry, jnp.arange(50)))
    (params, state), passed = run((start(dtype), state))
    passed = jax.tree.map(np.asarray, passed)
    marks = [flat(jax.tree.map(lambda p, t=t: p[t - 1], passed)) for t in MARKS]
    return np.array(marks), params, state


def ours(spec, dtype, falling=True):
    rule = spec.transformation()

    def update(gradient, state, params, factor):
        return rule.update(gradient, state, params, learning_rate=spec.learning_rate * factor)

    return trajectory(update, rule.init(start(dtype)), dtype, falling)


def relative_error(value, expected):
    return np.linalg.norm(value - expected) / np.linalg.norm(expected)


def test_every_export_has_reference_numbers():
    named = {type(spec).__name__ for spec in CASES.values()} | set(OPTAX)
    assert set(optimizers.__all__) - {"Optimizer"} == named
    made = {key.split(".")[0] for key in REFERENCE if key.endswith(".float32")}
    assert made == set(CASES)


@pytest.mark.parametrize("name", CASES)
@pytest.mark.parametrize(("dtype", "tolerance"), [("float32", 1e-5), ("float64", 1e-10)])
def test_fifty_steps_are_those_of_the_reference(name, dtype, tolerance):
    spec, falling = CASES[name], name != "AveragedSGD"
    with jax.enable_x64(dtype == "float64"):
        marks, params, state = ours(spec, jnp.dtype(dtype), falling)
        average = flat(spec.evaluation_params(state, params))
    expected = REFERENCE[f"{name}.{dtype}"]
    first = flat(start(jnp.float32))
    for mark, value, goal in zip(MARKS, marks, expected, strict=True):
        assert relative_error(value, goal) < tolerance, f"after step {mark}"
        # A wrong rule must not hide behind parameters that hardly moved.
        assert np.linalg.norm(goal - first) > 100 * tolerance * np.linalg.norm(goal)
    if f"{name}.{dtype}.average" in REFERENCE:
        assert relative_error(average, REFERENCE[f"{name}.{dtype}.average"]) < tolerance
        assert relative_error(average, marks[-1]) > 100 * tolerance
    else:
        np.testing.assert_array_equal(average, marks[-1])


@pytest.mark.parametrize("name", OPTAX)
def test_fifty_steps_are_those_of_optax(name):
    spec, rule = OPTAX[name]
    with jax.enable_x64(True):
        marks, *_ = ours(spec, jnp.dtype("float64"), falling=False)
        expected, *_ = trajectory(
            lambda g, state, params, _: rule.update(g, state, params),
            rule.init(start(jnp.float64)),
            jnp.dtype("float64"),
        )
    assert relative_error(marks, expected) < 1e-10
