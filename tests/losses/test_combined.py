"""Several targets at once."""

import jax.numpy as jnp
import numpy as np
import pytest

from descend.errors import SpecError
from descend.losses import CategoricalCrossEntropy, Combined, Quantile, SquaredError

RAW = jnp.array([[0.5, -1.0, 2.0, 0.0, 1.0], [1.5, 0.0, 0.0, 3.0, -1.0]])
TARGET = (jnp.array([[1.0], [0.0]]), jnp.array([2, 0]), jnp.array([[0.5], [0.5]]))
PARTS = (SquaredError(), CategoricalCrossEntropy(), SquaredError())


def test_sum_of_the_parts():
    both = Combined(PARTS, widths=(1, 3, 1), weights=(1.0, 0.5, 2.0))
    pieces = (RAW[:, :1], RAW[:, 1:4], RAW[:, 4:])
    parts = [loss(raw, y) for loss, raw, y in zip(PARTS, pieces, TARGET, strict=True)]
    np.testing.assert_allclose(
        both(RAW, TARGET), parts[0] + 0.5 * parts[1] + 2 * parts[2], rtol=1e-6
    )
    assert both.width(99) == 5


def test_no_weights_are_weights_of_1():
    plain, ones = Combined(PARTS, (1, 3, 1)), Combined(PARTS, (1, 3, 1), (1.0, 1.0, 1.0))
    np.testing.assert_array_equal(plain(RAW, TARGET), ones(RAW, TARGET))


def test_link_of_each_part():
    numbers, classes, more = Combined(PARTS, (1, 3, 1)).link(RAW)
    np.testing.assert_array_equal(numbers, RAW[:, :1])
    np.testing.assert_allclose(classes.sum(axis=1), 1, rtol=1e-6)
    np.testing.assert_array_equal(more, RAW[:, 4:])


def test_refuses_combined_inside_combined():
    inner = Combined((Quantile(),), (3,))
    with pytest.raises(SpecError, match="losses of one target"):
        Combined((inner,), (3,))
