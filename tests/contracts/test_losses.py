"""What holds for every loss: reference numbers, gradients, stability, shapes, links."""

from functools import cache
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from descend import losses
from descend.losses import (
    AbsoluteError,
    BinaryCrossEntropy,
    CategoricalCrossEntropy,
    Combined,
    Ensemble,
    Focal,
    Hinge,
    Huber,
    MultiLabelCrossEntropy,
    Poisson,
    Quantile,
    SquaredError,
)

REFERENCE = dict(np.load(Path(__file__).parents[1] / "reference" / "losses.npz"))
# The spec that made the reference numbers, and other settings worth checking.
CASES = {
    "AbsoluteError": [AbsoluteError()],
    "BinaryCrossEntropy": [BinaryCrossEntropy(0.2), BinaryCrossEntropy()],
    "CategoricalCrossEntropy": [CategoricalCrossEntropy(0.2), CategoricalCrossEntropy()],
    "Combined": [
        Combined((Huber(), BinaryCrossEntropy(), CategoricalCrossEntropy()), (2, 1, 3)),
        Combined((Quantile((0.1, 0.6)), SquaredError()), (4, 1), (0.5, 3.0)),
    ],
    "Ensemble": [
        Ensemble(CategoricalCrossEntropy(0.2), 2),
        Ensemble(Quantile((0.1,)), 3),
        Ensemble(Combined((SquaredError(), BinaryCrossEntropy()), (1, 1)), 2),
    ],
    "Focal": [Focal(2.5), Focal(0.0), Focal(0.5)],
    "Hinge": [Hinge()],
    "Huber": [Huber(0.7)],
    "MultiLabelCrossEntropy": [MultiLabelCrossEntropy(0.2), MultiLabelCrossEntropy()],
    "Poisson": [Poisson()],
    "Quantile": [Quantile((0.1, 0.6)), Quantile((0.5,))],
    "SquaredError": [SquaredError()],
}
COMPOSED = {"Combined", "Ensemble"}  # their parts have the reference numbers
SPECS = [pytest.param(spec, id=repr(spec)[:60]) for specs in CASES.values() for spec in specs]
KS = {"number": (1, 2), "labels": (1, 3), "class": (3,), "binary": (2,)}
ROWS = 32  # of every array here, so that each loss is compiled once for each width


def targets(spec, k, rows, rng):
    """Return a random target of the kind that the loss takes."""
    if spec.target == "number":
        counts = rng.poisson(2.0, (rows, k)) * 1.0
        return counts if isinstance(spec, Poisson) else rng.normal(size=(rows, k))
    if spec.target == "labels":
        return (rng.random((rows, k)) < 0.5) * 1.0
    if spec.target == "binary":
        return (rng.random(rows) < 0.5) * 1.0
    if spec.target == "class":
        return rng.integers(0, k, rows).astype(np.int32)
    assert spec.target == "several"
    spec = getattr(spec, "loss", spec)  # of an ensemble: that of a member
    parts = zip(spec.losses, spec.widths, strict=True)
    return tuple(targets(part, part_k(part, width), rows, rng) for part, width in parts)


def float32(tree):
    """Return a tree of arrays with floats as float32."""
    return jax.tree.map(lambda a: a.astype(np.float32) if a.dtype.kind == "f" else a, tree)


def padded(tree):
    """Return a tree of arrays with rows repeated until there are ROWS of them."""
    return jax.tree.map(lambda a: np.resize(a, (ROWS, *a.shape[1:])), tree)


def part_k(loss, width):
    """Return the k that makes a loss so wide."""
    return next(k for k in range(1, 9) if (loss.target, k) != ("class", 1) and fits(loss, k, width))


def fits(loss, k, width):
    return loss.width(k) == width if loss.target != "binary" else k == 2


def settings(spec):
    """Yield (k, width) to be checked."""
    for k in KS.get(spec.target, (1,)):
        yield k, spec.width(k)


@cache
def compiled(spec):
    """Return the function (raw, target) -> values, gradient of their sum, predictions."""

    def everything(raw, target):
        values, pull = jax.vjp(lambda raw: spec(raw, target), raw)
        return values, pull(jnp.ones_like(values))[0], spec.link(raw)

    return jax.jit(everything)


def test_every_export_has_a_case():
    # Stepwise takes sequences: tests/losses/test_stepwise.py.
    assert set(losses.__all__) - {"Loss", "Stepwise"} == set(CASES)
    assert set(CASES) - COMPOSED == {key.split(".")[0] for key in REFERENCE}


@pytest.mark.parametrize("name", sorted(set(CASES) - COMPOSED))
def test_reference_values_and_gradients(name):
    spec = CASES[name][0]
    raw, target, value, gradient = (
        REFERENCE[f"{name}.{part}"] for part in ("raw", "target", "value", "gradient")
    )
    with jax.enable_x64(True):
        ours = compiled(spec)(padded(raw), padded(target))
    np.testing.assert_allclose(ours[0][: len(raw)], value, rtol=1e-10)
    np.testing.assert_allclose(ours[1][: len(raw)], gradient, rtol=1e-9, atol=1e-14)


@pytest.mark.parametrize("spec", SPECS)
def test_gradient_equals_finite_differences(spec):
    rng = np.random.default_rng(0)
    for k, width in settings(spec):
        target = targets(spec, k, 2, rng)
        # Examples do not touch one another, so that each step of each output is an example too.
        steps = 1e-6 * np.concatenate([np.zeros((1, width)), np.eye(width), -np.eye(width)])
        raw = (rng.normal(size=(2, width)) + steps[:, None]).reshape(-1, width)
        copies = [target] * len(steps)
        tiled = jax.tree.map(lambda *parts: np.concatenate(parts), *copies)
        with jax.enable_x64(True):
            values, gradient, _ = compiled(spec)(padded(raw), padded(tiled))
        ahead, behind = np.asarray(values[2 : len(raw)]).reshape(2, width, 2)
        np.testing.assert_allclose(
            gradient[:2], (ahead - behind).T / 2e-6, rtol=1e-6, atol=1e-8, err_msg=f"k={k}"
        )


@pytest.mark.parametrize("spec", SPECS)
def test_shapes_compiled_equals_eager_and_inputs_not_changed(spec):
    rng = np.random.default_rng(1)
    k, width = next(settings(spec))
    target, raw = float32(targets(spec, k, ROWS, rng)), float32(rng.normal(size=(ROWS, width)))
    before = jax.tree.map(np.copy, (target, raw))
    value = spec(raw, target)
    jax.tree.map(np.testing.assert_array_equal, (target, raw), before)
    assert (value.shape, value.dtype) == ((ROWS,), jnp.float32)
    assert jnp.all(value >= 0) or isinstance(spec, Poisson)
    np.testing.assert_allclose(compiled(spec)(raw, target)[0], value, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("spec", SPECS)
def test_examples_do_not_touch_one_another(spec):
    rng = np.random.default_rng(1)
    k, width = next(settings(spec))
    one = [float32((targets(spec, k, ROWS, rng), rng.normal(size=(ROWS, width)))) for _ in "ab"]
    mixed = jax.tree.map(lambda a, b: np.concatenate([a[:3], b[3:]]), *one)
    alone, among = (compiled(spec)(raw, target) for target, raw in (one[0], mixed))
    for a, b in zip(jax.tree.leaves(alone), jax.tree.leaves(among), strict=True):
        np.testing.assert_array_equal(a[:3], b[:3])
        assert np.any(a[3:] != b[3:])


@pytest.mark.parametrize("spec", SPECS)
def test_values_and_gradients_are_finite_at_extremes(spec):
    rng = np.random.default_rng(2)
    for k, width in settings(spec):
        for size in (0.0, 100.0, 1e4):
            target = float32(targets(spec, k, ROWS, rng))
            raw = float32(size * rng.choice([-1.0, 0.0, 1.0], (ROWS, width)))
            raw[:2], raw[2:4] = size, -size
            for leaf in jax.tree.leaves(compiled(spec)(raw, target)):
                assert np.all(np.isfinite(leaf))


@pytest.mark.parametrize("spec", SPECS)
def test_link_has_the_promised_shape_and_range(spec):
    rng = np.random.default_rng(3)
    for k, width in settings(spec):
        raw = float32(3 * rng.normal(size=(ROWS, width)))
        predictions = compiled(spec)(raw, float32(targets(spec, k, ROWS, rng)))[2]
        if spec.target == "several":
            assert isinstance(predictions, tuple)
            assert len(predictions) == len(getattr(spec, "loss", spec).losses)
            continue
        shape = {
            "number": (ROWS, width // getattr(spec, "members", 1)),
            "class": (ROWS, k),
            "labels": (ROWS, k),
            "binary": (ROWS,),
        }
        assert predictions.shape == shape[spec.target]
        if spec.target != "number":
            assert jnp.all((predictions >= 0) & (predictions <= 1))
        if spec.target == "class":
            np.testing.assert_allclose(predictions.sum(axis=1), 1, rtol=1e-5)
