"""Dropout: how much is dropped, what stays, and when."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from descend.errors import UsageError
from descend.layers import Dropout


def test_the_mean_stays_and_the_share_dropped_is_the_rate():
    x = jnp.full((100, 200), 2.0)
    y, _ = Dropout(0.3).apply({}, {}, x, key=jax.random.key(0), train=True)
    dropped = float(jnp.mean(y == 0))
    assert dropped == pytest.approx(0.3, abs=5 * np.sqrt(0.3 * 0.7 / 20000))
    np.testing.assert_allclose(y[y != 0], 2.0 / 0.7, rtol=1e-6)


def test_nothing_is_dropped_at_inference_or_at_rate_0():
    x = jnp.arange(6.0).reshape(2, 3)
    for layer, train in ((Dropout(0.5), False), (Dropout(0.0), True)):
        y, _ = layer.apply({}, {}, x, key=None, train=train)
        np.testing.assert_array_equal(y, x)


def test_training_without_a_key_says_so():
    with pytest.raises(UsageError, match="random key"):
        Dropout(0.5).apply({}, {}, jnp.ones((1, 2)), key=None, train=True)
