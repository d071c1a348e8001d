"""Layers made of layers: names, keys, shapes and refusals."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from descend.errors import SpecError
from descend.initializers import ConstantValue
from descend.layers import (
    Activation,
    BatchNormalization,
    Dense,
    Dropout,
    Flatten,
    Parallel,
    Residual,
    Sequential,
)

KEY = jax.random.key(0)
DOUBLE = Dense(3, weight_initializer=ConstantValue(2.0), use_bias=False)


def test_sequential_names_layers_by_place_and_word():
    network = Sequential((Dense(4, "relu"), BatchNormalization(), Dropout(0.1), Dense(2)))
    params, state, shape = network.init(KEY, (3,))
    assert list(params) == ["0_dense", "1_batch_normalization", "3_dense"]
    assert list(state) == ["1_batch_normalization"]
    assert shape == (2,)


def test_sequential_passes_states_on():
    network = Sequential((BatchNormalization(), Sequential((BatchNormalization(),))))
    params, state, _ = network.init(KEY, (1,))
    _, after = network.apply(params, state, jnp.array([[1.0], [3.0]]), key=None, train=True)
    assert float(after["0_batch_normalization"]["mean"][0]) == 2
    assert float(after["1_sequential"]["0_batch_normalization"]["batches"]) == 1


def test_layers_that_draw_get_keys_of_their_own():
    network = Sequential((Dropout(0.5), Dropout(0.5)))
    y, _ = network.apply({}, {}, jnp.ones((50, 50)), key=KEY, train=True)
    # One key for both would drop the same elements twice, and leave half of them.
    assert float(jnp.mean(y > 0)) == pytest.approx(0.25, abs=0.05)
    assert network.draws
    assert not Sequential((Dense(2), Dropout(0.0))).draws


def test_the_first_layers_do_not_depend_on_those_that_follow_in_their_shapes():
    with pytest.raises(SpecError, match="Dense takes vectors"):
        Sequential((Dense(3), Flatten(), Dense(2))).init(KEY, (4, 4))


def test_residual_adds_its_input():
    layer = Residual(DOUBLE)
    params, state, shape = layer.init(KEY, (3,))
    y, _ = layer.apply(params, state, jnp.array([[1.0, 2.0, 3.0]]), key=None, train=False)
    np.testing.assert_allclose(y, [[13, 14, 15]])
    assert shape == (3,)


def test_residual_projects_where_lengths_differ():
    layer = Residual(Activation("identity"))
    assert layer.init(KEY, (3,))[0] == {}
    layer = Residual(DOUBLE)
    params, state, _ = layer.init(KEY, (2,))
    params["projection"]["weight"] = jnp.array([[1.0, 0, 0], [0, 1, 0]])
    y, _ = layer.apply(params, state, jnp.array([[1.0, 2.0]]), key=None, train=False)
    np.testing.assert_allclose(y, [[7, 8, 6]])
    with pytest.raises(SpecError, match="last axis only"):
        Residual(Flatten()).init(KEY, (2, 3))


def test_parallel_by_names():
    layer = Parallel((DOUBLE, Activation("relu")), inputs=("b", "a"))
    shapes = {"a": (2,), "b": (1,), "not used": (9,)}
    params, state, shape = layer.init(KEY, shapes)
    x = {"a": jnp.array([[-1.0, 1.0]]), "b": jnp.array([[3.0]])}
    y, _ = layer.apply(params, state, x, key=None, train=False)
    np.testing.assert_allclose(y, [[6, 6, 6, 0, 1]])
    assert (list(params), shape) == (["0_dense"], (5,))


def test_parallel_without_names_and_summed():
    layer = Parallel((DOUBLE, Activation("relu")), merge="sum")
    params, state, shape = layer.init(KEY, (3,))
    y, _ = layer.apply(params, state, jnp.array([[-1.0, 0.0, 2.0]]), key=None, train=False)
    np.testing.assert_allclose(y, [[2, 2, 4]])
    assert shape == (3,)


@pytest.mark.parametrize(
    ("layer", "shape", "message"),
    [
        (Parallel((Dense(2), Dense(3)), merge="sum"), (4,), "cannot sum"),
        (Parallel((Flatten(), Activation("relu"))), (4, 2), "cannot concatenate"),
        (Parallel((Dense(2),), inputs=("a",)), {"b": (2,)}, "needs the input 'a'.*are b"),
        (Parallel((Dense(2),), inputs=("a",)), (2,), "needs the input 'a'"),
        (Sequential((Dense(2),)), {"a": (2,)}, "takes one array, but its input is a dict"),
    ],
)
def test_refuses_what_cannot_be_joined(layer, shape, message):
    with pytest.raises(SpecError, match=message):
        layer.init(KEY, shape)


def test_a_network_that_is_not_a_tuple_shows_the_right_code():
    with pytest.raises(SpecError, match=r"as in Sequential\(\(Dense\(30, 'relu'\), Dense\(3\)\)\)"):
        Sequential(Dense(3))  # pyright: ignore
