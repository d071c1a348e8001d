"""The convention for sequences of different lengths."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from descend.errors import SpecError
from descend.layers import Dense
from descend.layers.sequence import like_shape, masked, parts, rejoined, sequence_shape, token_steps


def test_padding_becomes_0_and_gets_no_gradient_even_where_it_is_not_a_number():
    x = {"values": jnp.array([[[1.0], [jnp.nan]], [[2.0], [3.0]]]), "length": jnp.array([1, 2])}
    np.testing.assert_array_equal(rejoined(x, x["values"])["values"][..., 0], [[1, 0], [2, 3]])
    slope = jax.grad(lambda v: (masked(v, x["length"]) ** 2).sum())(x["values"])
    np.testing.assert_array_equal(slope[..., 0], [[2, 0], [4, 6]])


def test_an_array_is_all_real():
    x = jnp.ones((2, 3, 1))
    values, length = parts(x)
    assert length is None
    assert values is x
    assert rejoined(x, x) is x
    assert like_shape((3, 1), (3, 5)) == (3, 5)


def test_shapes_are_named_in_errors():
    assert sequence_shape(Dense(1), (20, 3)) == (20, 3)
    assert token_steps(Dense(1), {"values": (20,), "length": ()}) == 20
    with pytest.raises(SpecError, match=r"sequences, input shape \(time, channels\)"):
        sequence_shape(Dense(1), (20,))
    with pytest.raises(SpecError, match="token codes"):
        token_steps(Dense(1), {"numbers": (3,)})
