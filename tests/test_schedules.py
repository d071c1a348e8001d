"""Schedules: the curves of PyTorch's schedulers, under jit and outside."""

from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from descend import schedules
from descend.schedules import (
    Constant,
    Cosine,
    CosineLog,
    Exponential,
    FlatCosine,
    OneCycle,
    Step,
    WarmupCosine,
)

REFERENCE = dict(np.load(Path(__file__).parent / "reference" / "schedules.npz"))
CASES = {
    "Constant": Constant(),
    "Cosine": Cosine(final=0.1),
    "CosineLog": CosineLog(4),
    "Exponential": Exponential(final=0.01),
    "FlatCosine": FlatCosine(),
    "OneCycle": OneCycle(warmup=5.5 / 20),
    "Step": Step((0.5, 0.75), 0.1),
    "WarmupCosine": WarmupCosine(warmup=0.25, initial=0.01, final=0.2),
}
PROGRESS = np.arange(21) / 20


def test_every_export_has_a_case():
    assert set(schedules.__all__) - {"Schedule"} == set(CASES)
    assert set(REFERENCE) == set(CASES) - {"Constant", "CosineLog", "FlatCosine"}


@pytest.mark.parametrize("name", REFERENCE)
def test_curve_of_pytorch(name):
    curve = CASES[name](jnp.asarray(PROGRESS, jnp.float32))
    np.testing.assert_allclose(curve, REFERENCE[name], rtol=2e-5, atol=1e-6)


@pytest.mark.parametrize("name", CASES)
def test_scalars_under_jit_equal_arrays(name):
    spec = CASES[name]
    curve = spec(jnp.asarray(PROGRESS, jnp.float32))
    assert (curve.shape, curve.dtype) == ((21,), jnp.float32)
    assert jnp.all(curve >= 0)
    assert jnp.all(curve <= 1 + 1e-6)
    one_by_one = [jax.jit(spec)(jnp.float32(p)) for p in PROGRESS]
    assert one_by_one[0].shape == ()
    np.testing.assert_allclose(one_by_one, curve, rtol=1e-5, atol=1e-7)


def test_ends():
    for spec, first, last in (
        (Constant(), 1, 1),
        (Cosine(0.2), 1, 0.2),
        (Exponential(0.3), 1, 0.3),
        (OneCycle(0.3, 0.04, 0.01), 0.04, 0.01),
        (Step(), 1, 0.01),
        (WarmupCosine(0.1, 0.02, 0.3), 0.02, 0.3),
    ):
        ends = [float(spec(jnp.float32(p))) for p in (0, 1)]
        np.testing.assert_allclose(ends, [first, last], rtol=1e-5)


def test_cycles_of_doubling_length():
    # pytabkit's own formula, in float64: zeros at 0, 1/15, 3/15, 7/15 and 1.
    p = PROGRESS
    theirs = 0.5 * (1 - np.cos(2 * np.pi * np.log2(1 + 15 * p)))
    np.testing.assert_allclose(CosineLog(4)(jnp.asarray(p, jnp.float32)), theirs, atol=2e-5)
    zeros = jnp.array([0, 1 / 15, 3 / 15, 7 / 15, 1], jnp.float32)
    np.testing.assert_allclose(CosineLog(4)(zeros), 0, atol=1e-5)


def test_flat_and_then_a_cosine():
    p = np.array([0.0, 0.25, 0.5, 0.625, 0.75, 1.0])
    theirs = np.where(p < 0.5, 1, 0.5 * (1 + np.cos(np.pi * (2 * p - 1))))
    np.testing.assert_allclose(FlatCosine()(jnp.asarray(p, jnp.float32)), theirs, atol=1e-6)
