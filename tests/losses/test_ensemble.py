"""The loss of an ensemble against its members, one by one."""

import numpy as np

from descend.losses import CategoricalCrossEntropy, Ensemble


def test_mean_of_losses_and_of_probabilities():
    draw = np.random.default_rng(0)
    one = CategoricalCrossEntropy()
    raw = draw.normal(size=(7, 3 * 4)).astype(np.float32)
    target = draw.integers(0, 4, 7)
    parts = [raw[:, 4 * i : 4 * i + 4] for i in range(3)]
    whole = Ensemble(one, 3)
    np.testing.assert_allclose(
        whole(raw, target), np.mean([one(part, target) for part in parts], axis=0), rtol=1e-6
    )
    np.testing.assert_allclose(
        whole.link(raw), np.mean([one.link(part) for part in parts], axis=0), rtol=1e-6
    )
    assert whole.target == "class"
    assert whole.width(4) == 12
