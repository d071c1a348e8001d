"""Maximum pooling has a gradient of its own: it must be that of the plain maximum."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from descend.layers import MaxPooling

SHAPES = [
    (MaxPooling(2), (2, 7, 6, 3)),
    (MaxPooling((3, 2)), (2, 6, 5, 2)),
    (MaxPooling(5), (2, 10, 11, 2)),  # 25 elements: reduced, not compared one by one
    (MaxPooling(3), (2, 9, 2)),
    (MaxPooling(300), (1, 600, 2)),  # more places than a byte holds
    (MaxPooling(3, 2, "same"), (2, 7, 6, 3)),
]


def pooled(layer, x):
    return layer.apply({}, {}, x, key=None, train=True)[0]


@pytest.mark.parametrize(("layer", "shape"), SHAPES, ids=repr)
def test_each_slope_goes_to_the_first_largest_of_its_window(layer, shape):
    draws = np.random.default_rng(0)
    x = draws.integers(0, 4, shape).astype(np.float32)  # so few values that many are equal
    size = layer.window if isinstance(layer.window, tuple) else (layer.window,) * (len(shape) - 2)
    y, back = jax.vjp(lambda x: pooled(layer, x), x)
    slopes = draws.integers(1, 9, y.shape).astype(np.float32)
    stride = size if layer.stride is None else (layer.stride,) * len(size)
    shift = [(k - 1) // 2 if layer.padding == "same" else 0 for k in size]
    expected = np.zeros_like(x)
    for index in np.ndindex(*y.shape):
        b, *places, channel = index
        starts = [p * s - q for p, s, q in zip(places, stride, shift, strict=True)]
        window = (b, *(slice(max(a, 0), a + k) for a, k in zip(starts, size, strict=True)), channel)
        assert y[index] == x[window].max()
        first = np.unravel_index(x[window].argmax(), x[window].shape)
        expected[window][first] += slopes[index]
    np.testing.assert_array_equal(back(slopes)[0], expected)


@pytest.mark.parametrize("layer", [MaxPooling(2), MaxPooling(5), MaxPooling(3, 2)], ids=repr)
def test_nan_stays_and_batches_can_be_mapped(layer):
    x = np.random.default_rng(0).normal(size=(3, 2, 10, 10, 2)).astype(np.float32)
    slope = jax.grad(lambda x: jnp.sum(pooled(layer, x) ** 2))
    np.testing.assert_allclose(jax.vmap(slope)(x)[1], slope(x[1]), rtol=1e-6)
    for place in ((0, 0), (1, 1)):
        broken = x[0].copy()
        broken[0, *place, 0] = np.nan
        assert np.isnan(pooled(layer, broken)[0, 0, 0, 0])
