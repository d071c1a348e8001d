"""Intervals: published values, coverage, determinism."""

import numpy as np
import pytest
from scipy.stats import binomtest

from descend.metrics import bootstrap_interval, mae, r2, roc_auc, wilson_interval


@pytest.mark.parametrize(("successes", "n"), [(0, 10), (3, 10), (10, 10), (68, 69), (500, 1000)])
@pytest.mark.parametrize("level", [0.8, 0.95])
def test_wilson_is_that_of_scipy(successes, n, level):
    expected = binomtest(successes, n).proportion_ci(level, method="wilson")
    low, high = wilson_interval(successes, n, level=level)
    np.testing.assert_allclose((low, high), (expected.low, expected.high), atol=1e-12)
    assert 0 <= low <= high <= 1


def test_wilson_without_rows_knows_nothing():
    assert wilson_interval(0, 0) == (0.0, 1.0)


def test_bootstrap_of_a_mean_is_near_the_normal_interval():
    errors = np.random.default_rng(0).exponential(size=400)
    low, high = bootstrap_interval(mae, np.zeros(400), errors, seed=1)
    half = 1.96 * errors.std() / 20
    np.testing.assert_allclose((low, high), (errors.mean() - half, errors.mean() + half), rtol=0.03)


def test_bootstrap_is_a_function_of_its_seed():
    rng = np.random.default_rng(0)
    target, prediction = rng.normal(size=30), rng.normal(size=30)
    intervals = [bootstrap_interval(r2, target, prediction, samples=50, seed=s) for s in (0, 0, 1)]
    assert intervals[0] == intervals[1] != intervals[2]


def test_bootstrap_leaves_out_draws_on_which_the_metric_is_undefined():
    target, score = np.array([0, 0, 0, 1]), np.array([0.1, 0.2, 0.3, 0.9])
    assert bootstrap_interval(roc_auc, target, score, samples=100) == (1.0, 1.0)
    nothing = bootstrap_interval(roc_auc, np.zeros(4, int), score, samples=10)
    assert np.isnan(nothing).all()


def test_bootstrap_draws_weights_with_their_rows():
    target, prediction = np.zeros(3), np.array([1.0, 1.0, 50.0])
    weights = np.array([1.0, 1.0, 0.0])
    assert bootstrap_interval(mae, target, prediction, weights=weights, samples=50) == (1.0, 1.0)
