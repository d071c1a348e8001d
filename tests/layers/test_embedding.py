"""Embeddings against PyTorch, and their columns."""

from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from descend.errors import SpecError
from descend.layers import Embedding

REFERENCE = dict(np.load(Path(__file__).parents[1] / "reference" / "layers.npz"))


def test_outputs_and_gradients_of_pytorch():
    codes = jnp.asarray(REFERENCE["Embedding.x"], jnp.int32)[:, None]
    layer = Embedding((6,), (3,))
    with jax.enable_x64(True):
        params = {"column_0": {"weight": jnp.asarray(REFERENCE["Embedding.weight"])}}

        def total(params):
            y, _ = layer.apply(params, {}, codes, key=None, train=True)
            return jnp.sum(y * REFERENCE["Embedding.upstream"]), y

        gradient, y = jax.grad(total, has_aux=True)(params)
    np.testing.assert_array_equal(y, REFERENCE["Embedding.y"])
    expected = REFERENCE["Embedding.weight_gradient"]
    np.testing.assert_allclose(gradient["column_0"]["weight"], expected, rtol=1e-12)


def test_each_column_has_its_own_table_in_its_own_place():
    layer = Embedding((3, 4), (1, 2))
    params = {
        "column_0": {"weight": jnp.array([[1.0], [2.0], [3.0]])},
        "column_1": {"weight": jnp.arange(10.0, 18.0).reshape(4, 2)},
    }
    y, _ = layer.apply(params, {}, jnp.array([[0, 3], [2, 0]]), key=None, train=False)
    np.testing.assert_array_equal(y, [[1, 16, 17], [3, 10, 11]])


def test_codes_out_of_range_take_the_nearest_row_as_documented():
    layer = Embedding((2,), (1,))
    params = {"column_0": {"weight": jnp.array([[1.0], [2.0]])}}
    y, _ = layer.apply(params, {}, jnp.array([[-1], [5]]), key=None, train=False)
    np.testing.assert_array_equal(y, [[1], [2]])


def test_refuses_another_number_of_columns():
    with pytest.raises(SpecError, match="2 columns, but the input 3"):
        Embedding((2, 2), (1, 1)).init(jax.random.key(0), (3,))
    with pytest.raises(SpecError, match="sizes has 2 columns and dims 1"):
        Embedding((2, 2), (1,))
