"""Reliability against counting by hand, and the chance error against true draws."""

import numpy as np
import pytest

from descend.metrics import (
    bootstrap_interval,
    calibration_interval,
    chance_calibration_error,
    expected_calibration_error,
    reliability,
)


def test_every_row_is_in_one_group_and_hits_are_counted():
    draw = np.random.default_rng(0)
    p = draw.dirichlet(np.ones(3), 500)
    truth = draw.integers(0, 3, 500)
    groups = reliability(truth, p)
    assert sum(group.rows for group in groups) == 500
    best, hit = p.max(axis=1), p.argmax(axis=1) == truth
    for group in groups:
        inside = (best > group.low) & (best <= group.high)
        assert (group.rows, group.right) == (inside.sum(), hit[inside].sum())
        if group.rows:
            assert group.confidence == pytest.approx(best[inside].mean())
            assert group.share_low <= group.right / group.rows <= group.share_high


def test_edges_belong_to_the_group_below():
    groups = reliability(np.array([1, 1]), np.array([0.9, 1.0]))
    assert [(g.low, g.high) for g in groups if g.rows] == [(0.8, 0.9), (0.99, 1.0)]


def test_perfect_probabilities_stay_below_chance_and_wrong_ones_do_not():
    draw = np.random.default_rng(1)
    below = 0
    for _ in range(40):
        p = draw.uniform(0.5, 1, 300)
        truth = (draw.random(300) < p).astype(int)
        chance = chance_calibration_error(p)
        below += expected_calibration_error(truth, p) <= chance
        sure = np.clip(p + 0.2, 0, 1)
        assert expected_calibration_error(truth, sure) > chance_calibration_error(sure)
    assert below >= 34  # 95 of 100 are


def test_its_interval_is_the_bootstrap_of_the_metric():
    rng = np.random.default_rng(0)
    p = rng.dirichlet(np.ones(4), 300)
    truth = rng.integers(0, 4, 300)
    known = bootstrap_interval(expected_calibration_error, truth, p, samples=50, seed=3)
    found = calibration_interval(truth, p, samples=50, seed=3)
    np.testing.assert_allclose(found, known, rtol=1e-12)
