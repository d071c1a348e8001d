"""scikit-learn's own checks of estimators, run over every one of ours with default parameters."""

from __future__ import annotations

import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.utils.estimator_checks import parametrize_with_checks

from descend import estimators

SHUFFLED = (
    "a weight of 2 is not a row twice where rows are visited in shuffled mini-batches: the batches "
    "are others, and so are the weights after any number of steps; scikit-learn's own MLPs, SGD "
    "and bagging estimators state the same"
)

EXPECTED = {
    "NeuralClassifier": {"check_sample_weight_equivalence_on_dense_data": SHUFFLED},
    "NeuralTransformer": {"check_sample_weight_equivalence_on_dense_data": SHUFFLED},
    "NeuralRegressor": {"check_sample_weight_equivalence_on_dense_data": SHUFFLED},
}


def expected(estimator) -> dict[str, str]:
    return EXPECTED.get(type(estimator).__name__, {})


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")
@parametrize_with_checks(
    [
        *(getattr(estimators, name)() for name in estimators.__all__ if name[:3] in ("MLP", "Neu")),
        estimators.SideBySideSearchCV(LogisticRegression(), {"C": [0.1, 1.0]}),
    ],
    expected_failed_checks=expected,
    xfail_strict=True,
)
def test_scikit_learns_checks(estimator, check):
    check(estimator)
