"""Changes of pictures: what they do in training, and that they do nothing otherwise."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from descend.errors import SpecError
from descend.layers import (
    Cutout,
    Dense,
    Flatten,
    MirrorAverage,
    PixelScaling,
    RandomColour,
    RandomFlip,
    RandomWarp,
    Sequential,
)

KEY = jax.random.key(0)


def changed(layer, x, key=KEY):
    return np.asarray(layer.apply({}, {}, x, key=key, train=True)[0])


@pytest.mark.parametrize(
    "layer", [Cutout(), RandomColour(), RandomFlip(), RandomWarp(), RandomWarp(0.1, 0.1, 20)]
)
def test_nothing_is_changed_outside_training(layer):
    x = jax.random.normal(KEY, (4, 6, 5, 3))
    y, _ = layer.apply({}, {}, x, key=None, train=False)
    assert y is x
    assert layer.draws
    assert np.any(changed(layer, x) != x)
    with pytest.raises(SpecError, match="needs a key"):
        layer.apply({}, {}, x, key=None, train=True)
    with pytest.raises(SpecError, match="takes pictures"):
        layer.init(KEY, (6, 5))


def test_flip_mirrors_about_half_of_the_pictures():
    x = jax.random.normal(KEY, (400, 2, 3, 1))
    y = changed(RandomFlip(), x)
    mirrored = np.all(y == x[:, :, ::-1], axis=(1, 2, 3))
    kept = np.all(y == x, axis=(1, 2, 3))
    assert np.all(mirrored ^ kept)
    assert 150 < mirrored.sum() < 250


@pytest.mark.parametrize("layer", [RandomWarp(0.0), RandomWarp(0.0, rotate=1e-12)])
def test_a_warp_of_nothing_keeps_every_pixel(layer):
    x = jax.random.normal(KEY, (3, 5, 4, 2))
    np.testing.assert_allclose(changed(layer, x), x, rtol=1e-6, atol=1e-6)


def test_both_ways_of_warping_agree():
    x = jax.random.normal(KEY, (20, 9, 7, 2))
    by_products = changed(RandomWarp(0.3, 0.5), x)
    by_picking = changed(RandomWarp(0.3, 0.5, 1e-12), x)
    np.testing.assert_allclose(by_products, by_picking, rtol=1e-4, atol=1e-5)


def test_shift_moves_a_ramp_by_the_amount_drawn():
    """A linear picture, interpolated linearly, is moved exactly where no edge is met."""
    ramp = jnp.broadcast_to(jnp.arange(20.0)[None, None, :, None], (50, 20, 20, 1))
    moves = changed(RandomWarp(0.2), ramp)[:, 10, 5:15, 0] - np.arange(5.0, 15.0)
    assert np.ptp(moves, axis=1).max() < 1e-4
    assert 3 < moves.max() <= 4
    assert -4 <= moves.min() < -3


def test_rotation_keeps_the_middle_and_distances_from_it():
    away = np.hypot(*np.mgrid[-7:8, -7:8])
    x = jnp.broadcast_to(away[None, ..., None], (10, 15, 15, 1)).astype(jnp.float32)
    y = changed(RandomWarp(0.0, rotate=90), x)[..., 0]
    inside = (away < 7) & (away > 1)
    assert abs(y[:, inside] - away[inside]).max() < 0.15


def test_cutout_sets_one_square_to_zero():
    y = changed(Cutout(0.5), jnp.ones((200, 10, 10, 2)))
    assert set(np.unique(y)) == {0.0, 1.0}
    assert (y == 0).sum((1, 2)).max() <= 36
    hit = (y == 0).all(0)
    assert not hit.any()


def test_colour_keeps_grey_grey_and_moves_the_level():
    grey = jnp.broadcast_to(jax.random.normal(KEY, (8, 5, 5, 1)), (8, 5, 5, 3))
    y = changed(RandomColour(0.5), grey)
    np.testing.assert_allclose(y[..., 0], y[..., 2], rtol=1e-5, atol=1e-6)
    assert np.ptp(y.mean((1, 2, 3)) - np.asarray(grey).mean((1, 2, 3))) > 0.1


def test_bytes_are_scaled_as_numbers():
    x = np.array([0, 128, 255], np.uint8).reshape(3, 1, 1, 1)
    y, _ = PixelScaling(128, 64).apply({}, {}, x, key=None, train=True)
    np.testing.assert_allclose(np.ravel(y), [-2, 0, 127 / 64])


def test_mirror_average_is_the_mean_of_both_looks_in_prediction_only():
    layer = MirrorAverage(Sequential((Flatten(), Dense(3))))
    x = jax.random.normal(KEY, (4, 2, 3, 1))
    params, state, _ = layer.init(KEY, (2, 3, 1))
    one, other = (
        layer.inner.apply(params, state, v, key=None, train=False)[0] for v in (x, x[:, :, ::-1])
    )
    y, _ = layer.apply(params, state, x, key=None, train=False)
    np.testing.assert_allclose(y, (one + other) / 2)
    trained, _ = layer.apply(params, state, x, key=None, train=True)
    np.testing.assert_array_equal(trained, one)
