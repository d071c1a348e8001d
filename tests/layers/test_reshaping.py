"""Flatten and Reshape."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from descend.errors import SpecError
from descend.layers import Flatten, Reshape


def test_flatten_and_reshape_undo_one_another():
    x = jnp.arange(24.0).reshape(2, 3, 4)
    flat, _ = Flatten().apply({}, {}, x, key=None, train=False)
    np.testing.assert_array_equal(flat, np.asarray(x).reshape(2, 12))
    back, _ = Reshape((3, 4)).apply({}, {}, flat, key=None, train=False)
    np.testing.assert_array_equal(back, x)


def test_an_empty_batch_passes():
    flat, _ = Flatten().apply({}, {}, jnp.ones((0, 3, 4)), key=None, train=False)
    assert flat.shape == (0, 12)


def test_refuses_another_number_of_elements():
    with pytest.raises(SpecError, match=r"has 5 elements an example, but .* has 6"):
        Reshape((2, 3)).init(jax.random.key(0), (5,))
