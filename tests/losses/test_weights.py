"""Weights of examples from weights of classes."""

import numpy as np
import pytest
from sklearn.utils.class_weight import compute_class_weight

from descend.errors import UsageError
from descend.losses.weights import balanced_class_weights, example_weights


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
