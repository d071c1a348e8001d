"""Metrics by hand, where they are undefined, and what they refuse."""

import numpy as np
import pytest

from descend import metrics
from descend.errors import DataError
from descend.metrics import METRICS

ONE_OF_EACH = {
    "classes": (np.array([0, 1, 1, 2]), np.array([0, 1, 2, 2])),
    "probabilities": (np.array([0, 1, 1, 0]), np.array([0.1, 0.6, 0.7, 0.4])),
    "numbers": (np.array([0.0, 1.0, 3.0]), np.array([0.5, 1.0, 2.0])),
}


def test_the_list_is_sorted_and_the_table_holds_only_exports():
    assert sorted(metrics.__all__) == metrics.__all__
    assert set(METRICS) <= set(metrics.__all__)
    for name, metric in METRICS.items():
        assert metric.function is getattr(metrics, name)
        assert metric.takes in ONE_OF_EACH


@pytest.mark.parametrize("name", METRICS)
def test_the_table_says_which_way_is_better(name):
    metric = METRICS[name]
    target = {
        "classes": np.array([0, 1, 1, 0]),
        "probabilities": np.array([0, 1, 1, 0]),
        "numbers": np.array([0.0, 1.0, 3.0, 5.0]),
    }[metric.takes]
    good = 0.02 + 0.96 * target if metric.takes == "probabilities" else target
    bad = good[::-1] if metric.takes == "numbers" else 1 - good
    better = metric.function(target, good) > metric.function(target, bad)
    assert better == metric.greater_is_better


@pytest.mark.parametrize("name", METRICS)
def test_integer_weights_are_repetitions_and_inputs_are_not_changed(name):
    metric = METRICS[name]
    target, prediction = (a.copy() for a in ONE_OF_EACH[metric.takes])
    times = np.arange(1, len(target) + 1)
    weighted = metric.function(target, prediction, weights=times)
    repeated = metric.function(np.repeat(target, times), np.repeat(prediction, times))
    assert weighted == pytest.approx(repeated)
    assert isinstance(weighted, float)
    for array, original in zip((target, prediction), ONE_OF_EACH[metric.takes], strict=True):
        np.testing.assert_array_equal(array, original)


@pytest.mark.parametrize("name", METRICS)
def test_refusals(name):
    metric = METRICS[name]
    target, prediction = ONE_OF_EACH[metric.takes]
    n = len(target)
    with pytest.raises(DataError, match=f"{n - 1} targets, {n} predictions"):
        metric.function(target[1:], prediction)
    with pytest.raises(DataError, match="at least one row"):
        metric.function(target[:0], prediction[:0])
    for weights in (-np.ones(n), np.zeros(n), np.full(n, np.nan)):
        with pytest.raises(DataError, match="weights"):
            metric.function(target, prediction, weights=weights)


def test_number_of_columns_must_agree():
    with pytest.raises(DataError, match="2 columns, but the prediction 1"):
        metrics.rmse(np.ones((3, 2)), np.ones((3, 1)))


def test_undefined_is_nan():
    assert np.isnan(metrics.roc_auc(np.array([1, 1]), np.array([0.2, 0.4])))
    assert np.isnan(metrics.roc_auc(np.array([2, 2]), np.full((2, 3), 1 / 3)))
    assert np.isnan(metrics.r2(np.full(10, 0.1), np.arange(10.0)))


def test_classes_absent_from_the_target_do_not_count_and_unpredicted_ones_score_0():
    target, prediction = np.array([0, 0, 1, 1]), np.array([0, 0, 0, 3])
    scores = metrics.precision_recall_f1(target, prediction, k=5)
    np.testing.assert_allclose(scores.recall, [1, 0, np.nan, np.nan, np.nan])
    np.testing.assert_allclose(scores.precision, [2 / 3, 0, 0, 0, 0])
    assert metrics.balanced_accuracy(target, prediction) == 0.5


def test_certain_and_wrong_costs_the_rounding_of_its_type():
    target = np.array([1])
    assert metrics.log_loss(target, np.zeros(1, np.float32)) == pytest.approx(
        -np.log(np.finfo(np.float32).eps)
    )


def test_calibration_error_by_hand():
    # Two bins of ten: confidence 0.9 right 3 of 4 times, confidence 0.6 right 1 of 2.
    target = np.array([1, 1, 1, 0, 1, 0])
    p = np.array([0.9, 0.9, 0.9, 0.9, 0.6, 0.6])
    value = metrics.expected_calibration_error(target, p, bins=10)
    assert value == pytest.approx((4 * 0.15 + 2 * 0.1) / 6)
    # Confidence is that of the class predicted, whichever it is.
    assert metrics.expected_calibration_error(1 - target, 1 - p, bins=10) == pytest.approx(value)


def test_calibration_of_certainty():
    assert metrics.expected_calibration_error(np.array([1, 0]), np.array([1.0, 0.0])) == 0
    assert metrics.expected_calibration_error(np.array([0, 1]), np.array([1.0, 0.0])) == 1
