"""Intervals that go along with a series."""

import numpy as np

from descend.models.trust.conformal import Residuals
from descend.models.trust.rolling import joined, rolling_reaches


def test_each_origin_knows_only_outcomes_of_its_past():
    draw = np.random.default_rng(0)
    scores, origins = draw.exponential(size=30), draw.permutation(30)
    known = Residuals(np.sort(draw.exponential(size=12)).astype(np.float32))
    for step in (1, 4):
        found = rolling_reaches(known, scores, origins, step, 0.9)
        for row in range(30):
            past = scores[origins + step <= origins[row]]
            together = Residuals(np.sort(np.concatenate([known.scores, past])))
            assert found[row] == together.reach(0.9)


def test_too_few_outcomes_give_no_interval():
    found = rolling_reaches(None, np.ones(20), np.arange(20), 1, 0.9)
    assert np.isnan(found[:9]).all()
    assert (found[9:] == 1).all()


def test_residuals_are_joined_in_order():
    assert joined(None, np.zeros(0)) is None
    both = joined(Residuals(np.array([1, 3], np.float32)), np.array([2.0]))
    assert both is not None
    assert both.scores.tolist() == [1, 2, 3]
    assert both.scores.dtype == np.float32
