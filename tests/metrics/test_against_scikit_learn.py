"""Metrics against scikit-learn, with and without weights."""

import numpy as np
import pytest
from sklearn import metrics as reference

from descend import metrics

RNG = np.random.default_rng(0)
N = 60
CODES = np.concatenate([np.arange(3), RNG.integers(0, 3, N - 3)])
PROBABILITIES = RNG.dirichlet(np.ones(3), N).round(2) + 1e-3
PROBABILITIES /= PROBABILITIES.sum(axis=1, keepdims=True)
PREDICTED = np.where(RNG.random(N) < 0.6, CODES, RNG.integers(0, 3, N))
BINARY = (CODES > 0).astype(int)
SCORE = (0.3 * BINARY + 0.7 * RNG.random(N)).round(1)  # with ties
NUMBERS = RNG.normal(size=(N, 2))
GUESSES = NUMBERS + 0.3 * RNG.normal(size=(N, 2))
WEIGHTS = RNG.random(N) * (RNG.random(N) < 0.8)

CASES = [
    (metrics.accuracy, reference.accuracy_score, CODES, PREDICTED, {}),
    (metrics.balanced_accuracy, reference.balanced_accuracy_score, CODES, PREDICTED, {}),
    (metrics.macro_f1, reference.f1_score, CODES, PREDICTED, {"average": "macro"}),
    (metrics.confusion_matrix, reference.confusion_matrix, CODES, PREDICTED, {}),
    (metrics.log_loss, reference.log_loss, CODES, PROBABILITIES, {}),
    (metrics.log_loss, reference.log_loss, BINARY, SCORE, {}),
    (metrics.roc_auc, reference.roc_auc_score, BINARY, SCORE, {}),
    (metrics.rmse, reference.root_mean_squared_error, NUMBERS[:, 0], GUESSES[:, 0], {}),
    (metrics.mae, reference.mean_absolute_error, NUMBERS, GUESSES, {}),
    (metrics.r2, reference.r2_score, NUMBERS, GUESSES, {}),
    (metrics.pinball, reference.mean_pinball_loss, NUMBERS, GUESSES, {"alpha": 0.5}),
]


@pytest.mark.parametrize("weights", [None, WEIGHTS], ids=["plain", "weighted"])
@pytest.mark.parametrize(
    ("ours", "theirs", "target", "prediction", "extra"),
    CASES,
    ids=[f"{case[0].__name__}-{i}" for i, case in enumerate(CASES)],
)
def test_the_value_is_that_of_scikit_learn(ours, theirs, target, prediction, extra, weights):
    expected = theirs(target, prediction, sample_weight=weights, **extra)
    np.testing.assert_allclose(ours(target, prediction, weights=weights), expected, rtol=1e-10)


def test_several_columns_of_rmse_share_one_root():
    expected = np.sqrt(reference.mean_squared_error(NUMBERS, GUESSES))
    assert metrics.rmse(NUMBERS, GUESSES) == pytest.approx(expected)


def test_roc_auc_of_several_classes_is_each_against_the_rest():
    expected = reference.roc_auc_score(CODES, PROBABILITIES, multi_class="ovr")
    assert metrics.roc_auc(CODES, PROBABILITIES) == pytest.approx(expected, rel=1e-10)


@pytest.mark.parametrize("weights", [None, WEIGHTS], ids=["plain", "weighted"])
def test_scores_of_each_class(weights):
    expected = reference.precision_recall_fscore_support(CODES, PREDICTED, sample_weight=weights)
    np.testing.assert_allclose(
        metrics.precision_recall_f1(CODES, PREDICTED, weights=weights), expected, rtol=1e-10
    )


def test_pinball_of_several_levels_and_columns():
    levels = (0.1, 0.9)
    guesses = np.stack([NUMBERS - 0.4, NUMBERS + 0.7], axis=2) + 0.3 * RNG.normal(size=(N, 2, 2))
    each = [
        reference.mean_pinball_loss(NUMBERS[:, j], guesses[:, j, i], alpha=level)
        for j in range(2)
        for i, level in enumerate(levels)
    ]
    value = metrics.pinball(NUMBERS, guesses.reshape(N, 4), levels=levels)
    assert value == pytest.approx(np.mean(each))
