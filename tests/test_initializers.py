"""Initialisers: the moments they promise, and the same array from the same key."""

import jax
import numpy as np
import pytest

from descend import initializers
from descend.errors import SpecError
from descend.initializers import ConstantValue, Glorot, He, LeCun, Orthogonal, Zeros

FAN_IN, FAN_OUT = 200, 300
SHAPE = (FAN_IN, FAN_OUT)
GLOROT, HE, LECUN = 2 / (FAN_IN + FAN_OUT), 2 / FAN_IN, 1 / FAN_IN
# Spec, variance, largest value possible.
CASES = [
    (initializers.SmallUniform(0.05), 0.05**2 / 3, 0.05),
    (initializers.SmallNormal(0.01), 1e-4, np.inf),
    (Glorot(), GLOROT, np.sqrt(3 * GLOROT)),
    (Glorot("normal"), GLOROT, np.inf),
    (He(), HE, np.sqrt(3 * HE)),
    (He("normal"), HE, np.inf),
    (LeCun(), LECUN, np.sqrt(3 * LECUN)),
    (LeCun("normal"), LECUN, np.inf),
    (Orthogonal(2.0), 4 / FAN_OUT, np.inf),
    (Zeros(), 0.0, 0.0),
]


def test_every_export_has_a_case():
    assert set(initializers.__all__) - {"Initializer", "ConstantValue"} == {
        type(spec).__name__ for spec, _, _ in CASES
    }


@pytest.mark.parametrize(("spec", "variance", "limit"), CASES, ids=lambda v: repr(v)[:22])
def test_moments(spec, variance, limit):
    w = np.asarray(spec(jax.random.key(0), SHAPE, FAN_IN, FAN_OUT))
    assert (w.shape, w.dtype) == (SHAPE, np.float32)
    count = w.size
    # Five standard errors of the mean; the variance of 60,000 values is known to about 1 %.
    assert abs(w.mean()) <= 5 * np.sqrt(variance / count)
    np.testing.assert_allclose(w.var(), variance, rtol=0.03)
    assert np.abs(w).max() <= limit * (1 + 1e-6)
    if 0 < limit < np.inf:
        assert np.abs(w).max() > 0.999 * limit


@pytest.mark.parametrize(("spec", "variance", "limit"), CASES, ids=lambda v: repr(v)[:22])
def test_same_key_same_array_and_another_key_another(spec, variance, limit):
    draw = [np.asarray(spec(jax.random.key(seed), SHAPE, *SHAPE)) for seed in (0, 0, 1)]
    np.testing.assert_array_equal(draw[0], draw[1])
    assert np.any(draw[0] != draw[2]) == (variance > 0)


def test_constant_value():
    w = ConstantValue(0.25)(jax.random.key(0), (2, 3), 2, 3)
    np.testing.assert_array_equal(w, np.full((2, 3), 0.25, np.float32))


@pytest.mark.parametrize("shape", [(7, 4), (4, 7), (5, 5), (2, 3, 4), (2, 2, 9)])
def test_orthogonal_rows_or_columns(shape):
    w = np.asarray(Orthogonal(3.0)(jax.random.key(0), shape, 1, 1)).reshape(-1, shape[-1])
    rows, columns = w.shape
    gram = w.T @ w if rows >= columns else w @ w.T
    np.testing.assert_allclose(gram, 9 * np.eye(min(w.shape)), atol=1e-5)


def test_orthogonal_is_uniform_over_rotations_and_reflections():
    draw = jax.jit(lambda key: Orthogonal()(key, (5, 5), 5, 5))
    corner = np.array([draw(jax.random.key(seed))[0, 0] for seed in range(400)])
    assert abs(corner.mean()) < 5 * np.sqrt(1 / 5 / 400)
    np.testing.assert_allclose(np.mean(corner**2), 1 / 5, atol=0.06)


def test_orthogonal_refuses_vectors():
    with pytest.raises(SpecError, match="fewer than two axes"):
        Orthogonal()(jax.random.key(0), (3,), 3, 3)
