"""Mixup: blends of two examples, and of their losses."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from descend.errors import UsageError
from descend.layers import Dense, Embedding, Flatten, Sequential
from descend.losses import CategoricalCrossEntropy, SquaredError
from descend.optimizers import SGD
from descend.training import Descent, Examples, Run
from descend.training.mixup import mixed


def test_every_leaf_is_blended_with_the_same_partner_by_the_same_share():
    rng = np.random.default_rng(0)
    x = {
        "numbers": rng.normal(size=(6, 3)).astype(np.float32),
        "image a": rng.integers(0, 255, (6, 2, 2, 1)).astype(np.uint8),
        "sound b": {
            "values": rng.integers(-9_000, 9_000, (6, 5)).astype(np.int16),
            "length": np.array([5, 1, 2, 3, 4, 5], np.int32),
        },
    }
    blended, partner, share = mixed(x, 0.7, jax.random.key(3))
    share, partner = float(share), np.asarray(partner)
    assert sorted(partner) == list(range(6))
    assert 0 < share < 1
    for path, exact in (("numbers", True), ("image a", False)):
        want = share * x[path] + (1 - share) * x[path][partner].astype(float)
        assert blended[path].dtype == x[path].dtype
        np.testing.assert_allclose(blended[path], want, atol=1e-5 if exact else 0.51)
    sound = x["sound b"]
    want = share * sound["values"] + (1 - share) * sound["values"][partner].astype(float)
    np.testing.assert_allclose(blended["sound b"]["values"], want, atol=0.51)
    longer = np.maximum(sound["length"], sound["length"][partner])
    np.testing.assert_array_equal(blended["sound b"]["length"], longer)


def test_shares_have_the_spread_of_the_beta_distribution():
    x = jnp.zeros((2, 1))
    keys = jax.random.split(jax.random.key(0), 4_000)
    shares = np.asarray(jax.vmap(lambda key: mixed(x, 0.5, key)[2])(keys))
    assert shares.mean() == pytest.approx(0.5, abs=0.03)
    assert shares.var() == pytest.approx(0.125, abs=0.01)  # 1 / (4 (2 alpha + 1))


@pytest.mark.parametrize("weights", [None, [2.0, 0.0, 0.5, 0.0]])
def test_a_step_descends_the_blended_loss(weights):
    rng = np.random.default_rng(1)
    x, y = (rng.normal(size=(4, k)).astype(np.float32) for k in (3, 1))
    w = np.ones((4, 1)) if weights is None else np.array(weights)[:, None]
    weight = rng.normal(size=(3, 1)).astype(np.float32)
    descent = Descent(SGD(0.1), batch_size=None, epochs=1, patience=None, mixup=1.0)
    start = {"weight": weight, "bias": np.zeros(1, np.float32)}
    examples = Examples(x, y, None if weights is None else np.array(weights, np.float32))
    run = Run(Dense(1), SquaredError(), descent, examples, params=start)
    for _ in run.epochs():
        pass
    after = np.asarray(run.params["weight"])
    key = jax.random.fold_in(jax.random.split(jax.random.key(0))[1], 0)
    blended, partner, share = mixed(jnp.asarray(x), 1.0, key)
    blended, partner, share = np.asarray(blended), np.asarray(partner), float(share)
    raw = blended @ weight
    off = share * w * (raw - y) + (1 - share) * w[partner] * (raw - y[partner])
    np.testing.assert_allclose(
        (weight - after) / 0.1, blended.T @ off / w.sum(), rtol=1e-4, atol=1e-6
    )


def test_codes_have_no_blend():
    codes = Examples(np.zeros((4, 1), np.int32), np.zeros(4, np.int32))
    network = Sequential((Embedding((3,), (2,)), Flatten(), Dense(2)))
    with pytest.raises(UsageError, match="made of codes"):
        Run(network, CategoricalCrossEntropy(), Descent(mixup=0.2, batch_size=2), codes)
