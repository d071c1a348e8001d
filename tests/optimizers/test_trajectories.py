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
    GroupAdam,
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
    "GroupAdam": (
        GroupAdam(0.02, decay=0.1, factors=(("bias", 0.5),)),
        optax.multi_transform(
            {True: optax.adamw(0.02, weight_decay=0.1), False: optax.adam(0.01)}, is_weight
        ),
    ),
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


def loss(params, x, y):
    first, second = params["0_dense"], params["1_dense"]
    hidden = jnp.tanh(x @ first["weight"] + first["bias"])
    error = hidden @ second["weight"] + second["bias"] - y
    return 0.5 * jnp.mean(jnp.sum(error**2, axis=1))


def ours(spec, factor):
    """Return (init, update) of a spec; ``factor`` of the step multiplies the rate."""
    rule = spec.transformation()

    def update(gradient, state, params, t):
        rate = spec.learning_rate * factor(t)
        return rule.update(gradient, state, params, learning_rate=rate)

    return rule.init, update


@cache
def trajectories(dtype):
    """Return for each name the parameters after the marked steps, and the state after the last.

    All run side by side in one compiled loop, as in training: a memory whose type or shape changes
    on the way is an error here too.
    """
    rules = {}
    for name, spec in CASES.items():
        constant = name == "AveragedSGD"
        rules[name] = ours(spec, lambda t, c=constant: 1.0 if c else 1 - 0.5 * t / 50)
    for name, (spec, rule) in OPTAX.items():
        rules[name] = ours(spec, lambda t: 1.0)
        other = rule.init, lambda g, state, params, t, rule=rule: rule.update(g, state, params)
        rules[f"{name} of optax"] = other
    x, y = (jnp.asarray(REFERENCE[name], dtype) for name in "xy")

    def step(carry, t):
        rows = (4 * t + jnp.arange(4)) % 12
        after = {}
        for name, (params, state) in carry.items():
            gradient = jax.grad(loss)(params, x[rows], y[rows])
            updates, state = rules[name][1](gradient, state, params, t.astype(dtype))
            after[name] = optax.apply_updates(params, updates), state
        return after, {name: params for name, (params, _) in after.items()}

    begin = {name: (start(dtype), init(start(dtype))) for name, (init, _) in rules.items()}
    last, passed = jax.jit(lambda carry: jax.lax.scan(step, carry, jnp.arange(50)))(begin)
    marks = {
        name: np.array(
            [flat(jax.tree.map(lambda p, t=t: np.asarray(p)[t - 1], own)) for t in MARKS]
        )
        for name, own in passed.items()
    }
    return marks, last


def relative_error(value, expected):
    return np.linalg.norm(value - expected) / np.linalg.norm(expected)


def test_every_export_has_reference_numbers():
    named = {type(spec).__name__ for spec in CASES.values()} | set(OPTAX)
    elsewhere = {"ImplicitSGD", "LBFGS"}  # test_implicit.py, test_quasi_newton.py
    assert set(optimizers.__all__) - {"Optimizer"} == named | elsewhere
    made = {key.split(".")[0] for key in REFERENCE if key.endswith(".float32")}
    assert made == set(CASES)


@pytest.mark.parametrize("name", CASES)
@pytest.mark.parametrize(("dtype", "tolerance"), [("float32", 1e-5), ("float64", 1e-10)])
def test_fifty_steps_are_those_of_the_reference(name, dtype, tolerance):
    with jax.enable_x64(dtype == "float64"):
        passed, last = trajectories(dtype)
        marks, (params, state) = passed[name], last[name]
        average = flat(CASES[name].evaluation_params(state, params))
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
    with jax.enable_x64(True):
        marks, _ = trajectories("float64")
    assert relative_error(marks[name], marks[f"{name} of optax"]) < 1e-10
    assert relative_error(marks[name], marks["SGD"]) > 1e-3
