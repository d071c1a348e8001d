"""The loss of sequences whose every step has a target."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from descend.errors import SpecError
from descend.losses import CategoricalCrossEntropy, SquaredError, Stepwise
from descend.spec import from_json, to_json


def test_it_is_the_mean_over_steps_and_so_is_its_slope():
    rng = np.random.default_rng(0)
    raw = rng.normal(size=(3, 5, 4)).astype(np.float32)
    target = rng.integers(0, 4, (3, 5)).astype(np.int32)
    one, each = CategoricalCrossEntropy(), Stepwise(CategoricalCrossEntropy())
    by_step = np.stack([one(raw[:, t], target[:, t]) for t in range(5)], axis=1)
    np.testing.assert_allclose(each(raw, target), by_step.mean(axis=1), rtol=1e-6)
    slope = jax.grad(lambda r: each(r, target).sum())(raw)
    expected = (jax.nn.softmax(raw) - jax.nn.one_hot(target, 4)) / 5
    np.testing.assert_allclose(slope, expected, atol=1e-6)
    np.testing.assert_allclose(each.link(raw), jax.nn.softmax(raw), rtol=1e-5)


def test_numbers_at_every_step():
    loss = Stepwise(SquaredError())
    assert (loss.target, loss.width(2)) == ("number", 2)
    assert loss(jnp.ones((1, 4, 1)), jnp.zeros((1, 4, 1))).shape == (1,)


def test_spec():
    loss = Stepwise(CategoricalCrossEntropy(0.1))
    classes = {c.__name__: c for c in (Stepwise, CategoricalCrossEntropy)}
    assert from_json(to_json(loss), classes) == loss
    for wrong in (None, loss):
        with pytest.raises(SpecError, match="loss of one step"):
            Stepwise(wrong)
