"""Activations: every export against PyTorch, finite everywhere, the same when compiled."""

from functools import cache
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from descend import activations

REFERENCE = dict(np.load(Path(__file__).parent / "reference" / "activations.npz"))
SURROGATES = {"threshold"}


def test_every_export_has_reference_numbers():
    known = {key.split(".")[0] for key in REFERENCE} - {"x", "upstream"}
    assert set(activations.__all__) - SURROGATES == known
    assert sorted(activations.__all__) == activations.__all__


@cache
def compiled(name):
    """Return the function (x, upstream) -> value, slope times upstream."""

    def both(x, upstream):
        value, pull = jax.vjp(getattr(activations, name), x)
        return value, pull(upstream)[0]

    return jax.jit(both)


@pytest.mark.parametrize("name", sorted(set(activations.__all__) - SURROGATES))
def test_values_and_slopes_are_those_of_pytorch(name):
    with jax.enable_x64(True):
        value, slope = compiled(name)(REFERENCE["x"], REFERENCE["upstream"])
    np.testing.assert_allclose(value, REFERENCE[f"{name}.value"], rtol=1e-12, atol=1e-15)
    # PyTorch itself rounds the slope 1/6 of hard_sigmoid to float32.
    np.testing.assert_allclose(slope, REFERENCE[f"{name}.slope"], rtol=5e-8, atol=1e-14)


EXTREMES = np.float32([[-3e38, -1e30, -1e4, -100, -1e-30], [0, 1e-30, 100, 1e4, 3e38]])


@pytest.mark.parametrize("name", activations.__all__)
def test_finite_with_finite_slopes_at_extremes(name):
    for leaf in compiled(name)(EXTREMES, np.full_like(EXTREMES, 0.1)):
        assert np.all(np.isfinite(leaf))


@pytest.mark.parametrize("name", activations.__all__)
def test_shape_dtype_and_compiled_equal_eager(name):
    x = np.float32(REFERENCE["x"])
    y = getattr(activations, name)(jnp.asarray(x))
    assert (y.shape, y.dtype) == (x.shape, x.dtype)
    np.testing.assert_allclose(compiled(name)(x, x)[0], y, rtol=1e-6, atol=1e-7)
    assert getattr(activations, name).__doc__


def test_threshold_is_a_step_with_the_slope_of_softsign():
    x = jnp.array([-3.0, -0.1, 0.0, 0.1, 3.0])
    np.testing.assert_array_equal(activations.threshold(x), [0, 0, 1, 1, 1])
    slope = jax.vmap(jax.grad(activations.threshold))(x)
    np.testing.assert_allclose(slope, jax.vmap(jax.grad(activations.softsign))(x), rtol=1e-6)
    np.testing.assert_allclose(slope, 1 / (1 + np.abs(x)) ** 2, rtol=1e-6)


def test_relu_has_slope_0_at_0():
    assert jax.grad(activations.relu)(0.0) == 0
