"""Weights of examples from weights of classes."""

import numpy as np
import pytest
from sklearn.utils.class_weight import compute_class_weight

from descend.errors import DataError, UsageError
from descend.losses.weights import balanced_class_weights, example_weights, of_mean_one


def test_balanced_weights_are_those_of_scikit_learn():
    codes = np.array([0, 2, 2, 1, 2, 2, 0, 2])
    expected = compute_class_weight("balanced", classes=np.arange(3), y=codes)
    np.testing.assert_allclose(balanced_class_weights(codes, 3), expected, rtol=1e-6)


def test_absent_classes_weigh_nothing_and_the_mean_weight_is_1():
    codes = np.array([0, 0, 0, 3])
    weights = balanced_class_weights(codes, 5)
    np.testing.assert_allclose(weights, [2 / 3, 0, 0, 2, 0], rtol=1e-6)
    assert example_weights(codes, weights).mean() == pytest.approx(1)


@pytest.mark.parametrize("bad", [[1.0, -1.0], [1.0, float("nan")], [1.0, float("inf")], [1.0], []])
def test_bad_class_weights(bad):
    with pytest.raises(UsageError, match="class weights"):
        example_weights(np.array([0, 1]), bad)


@pytest.mark.parametrize("scale", [1e-320, 1e-39, 1.0, 1e39, 1e307])
def test_weights_of_mean_one_keep_their_ratios(scale):
    weights = of_mean_one(np.array([1.0, 0.0, 3.0, 4.0]) * scale)
    np.testing.assert_allclose(weights, [0.5, 0, 1.5, 2], rtol=1e-3 if scale < 1e-300 else 1e-6)
    assert weights.dtype == np.float32


def test_weights_that_are_all_zero_stay_so_and_bad_ones_are_refused():
    assert of_mean_one(np.zeros(3)).tolist() == [0, 0, 0]
    assert of_mean_one([]).shape == (0,)
    for bad in (-1.0, np.nan, np.inf):
        with pytest.raises(DataError, match="row 1 has"):
            of_mean_one([1.0, bad])
