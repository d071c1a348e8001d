"""Losses of classes: smoothing, focus, precision, and refusals."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from descend.errors import SpecError
from descend.losses import (
    BinaryCrossEntropy,
    CategoricalCrossEntropy,
    Focal,
    Hinge,
    MultiLabelCrossEntropy,
)


def test_confident_and_right_costs_next_to_nothing_but_not_nothing():
    # A form that subtracts two numbers of size 20 would give 0 in float32.
    loss = BinaryCrossEntropy()(jnp.array([[20.0], [-20.0]]), jnp.array([1.0, 0.0]))
    np.testing.assert_allclose(loss, np.exp(-20.0), rtol=1e-5)


def test_gradient_at_raw_0_is_sigmoid_less_target():
    slope = jax.grad(lambda raw: jnp.sum(BinaryCrossEntropy()(raw, jnp.array([0.0, 1.0]))))
    np.testing.assert_allclose(slope(jnp.zeros((2, 1))), [[0.5], [-0.5]])


def test_smoothing_has_its_best_probability_short_of_1():
    raw = jnp.linspace(-10, 10, 20001)[:, None]
    loss = BinaryCrossEntropy(label_smoothing=0.2)(raw, jnp.ones(len(raw)))
    best = jax.nn.sigmoid(raw[jnp.argmin(loss), 0])
    assert float(best) == pytest.approx(0.9, abs=1e-3)


def test_categorical_of_two_classes_is_binary():
    rng = np.random.default_rng(0)
    raw, target = rng.normal(size=(5, 2)).astype(np.float32), np.array([0, 1, 1, 0, 1])
    two = CategoricalCrossEntropy()(raw, target)
    one = BinaryCrossEntropy()(raw[:, 1:] - raw[:, :1], target.astype(np.float32))
    np.testing.assert_allclose(two, one, rtol=1e-5)


def test_multi_label_is_the_sum_of_binaries():
    rng = np.random.default_rng(0)
    raw, target = rng.normal(size=(4, 3)).astype(np.float32), (rng.random((4, 3)) < 0.5) * 1.0
    each = [BinaryCrossEntropy(0.1)(raw[:, i : i + 1], target[:, i]) for i in range(3)]
    np.testing.assert_allclose(MultiLabelCrossEntropy(0.1)(raw, target), sum(each), rtol=1e-5)


def test_focal_without_focus_is_cross_entropy_and_with_it_forgets_the_easy():
    raw = jnp.array([[0.0, 5.0, 1.0], [2.0, 0.0, 1.0]])
    target = jnp.array([1, 1])
    plain = CategoricalCrossEntropy()(raw, target)
    np.testing.assert_allclose(Focal(0.0)(raw, target), plain, rtol=1e-5)
    share = Focal(2.0)(raw, target) / plain
    assert float(share[0]) < 1e-3
    assert float(share[1]) > 0.5


def test_hinge_is_0_beyond_the_margin():
    raw, target = jnp.array([[1.0], [-1.0], [0.5], [-3.0]]), jnp.array([1.0, 0.0, 1.0, 1.0])
    np.testing.assert_allclose(Hinge()(raw, target), [0, 0, 0.5, 4])


@pytest.mark.parametrize("loss", [BinaryCrossEntropy(), Hinge()])
def test_binary_losses_refuse_other_numbers_of_classes(loss):
    assert loss.width(2) == 1
    with pytest.raises(SpecError, match="exactly 2 classes, got 3"):
        loss.width(3)


@pytest.mark.parametrize("loss", [CategoricalCrossEntropy(), Focal()])
def test_class_losses_refuse_a_single_class(loss):
    assert loss.width(3) == 3
    with pytest.raises(SpecError, match="at least 2 classes, got 1"):
        loss.width(1)
