"""Networks trained together: restarts, and the search over candidates of one shape."""

from __future__ import annotations

import numpy as np
import pytest
import sklearn
from sklearn.base import clone
from sklearn.datasets import load_iris
from sklearn.exceptions import FitFailedWarning
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV, KFold
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import StandardScaler

from descend.errors import UsageError
from descend.estimators import (
    MLPClassifier,
    NeuralClassifier,
    NeuralRegressor,
    SideBySideSearchCV,
)

X, Y = load_iris(return_X_y=True)
MODEL = NeuralClassifier((8,), max_epochs=12, random_state=0)
RATES = {"learning_rate": [1e-4, 0.003, 0.03], "weight_decay": [0.0, 0.1]}


def scores(search):
    return search.cv_results_["mean_test_score"]


def test_the_search_finds_what_a_grid_search_finds():
    together = SideBySideSearchCV(MODEL, RATES, cv=3).fit(X, Y)
    alone = GridSearchCV(MODEL, RATES, cv=3).fit(X, Y)
    np.testing.assert_allclose(scores(together), scores(alone), atol=0.01)
    assert together.best_params_ == alone.best_params_
    assert together.together_ == (6, 6, 6)
    assert set(together.cv_results_) == set(alone.cv_results_)
    np.testing.assert_array_equal(together.predict(X), alone.predict(X))
    assert (together.cv_results_["mean_fit_time"] > 0).all()


def test_other_shapes_are_groups_of_their_own():
    grid = {"hidden_layer_sizes": [(4,), (8,)], "learning_rate": [0.01, 0.03]}
    search = SideBySideSearchCV(MODEL, grid, cv=2).fit(X, Y)
    assert search.together_ == (2, 2, 2, 2)
    alone = GridSearchCV(MODEL, grid, cv=2).fit(X, Y)
    np.testing.assert_allclose(scores(search), scores(alone), atol=0.03)


def test_a_pipeline_several_scores_and_a_refit_by_name():
    pipeline = make_pipeline(StandardScaler(), NeuralClassifier((8,), max_epochs=8, random_state=0))
    search = SideBySideSearchCV(
        pipeline, {"neuralclassifier__learning_rate": [0.001, 0.03]}, cv=2,
        scoring=["accuracy", "neg_log_loss"], refit="neg_log_loss", return_train_score=True,
    ).fit(X, Y)  # fmt: skip
    assert search.together_ == (2, 2)
    assert {"mean_test_accuracy", "mean_train_neg_log_loss"} <= set(search.cv_results_)
    assert isinstance(search.best_estimator_, Pipeline)


def test_random_states_of_none_and_a_shuffled_split():
    search = SideBySideSearchCV(
        clone(MODEL).set_params(random_state=None, early_stopping=True), RATES,
        cv=KFold(2, shuffle=True, random_state=np.random.RandomState(1)),
    ).fit(X, Y)  # fmt: skip
    assert sum(search.together_) == 12  # none was trained alone


def test_one_candidate_that_fails_is_scored_by_error_score():
    grid = {"activation": ["relu", "no such"], "learning_rate": [0.01]}
    with pytest.warns((FitFailedWarning, UserWarning)):
        search = SideBySideSearchCV(MODEL, grid, cv=2, error_score=-1.0).fit(X, Y)
    assert scores(search)[1] == -1.0
    with pytest.raises(UsageError, match="no such"):
        SideBySideSearchCV(MODEL, grid, cv=2, error_score="raise").fit(X, Y)


@pytest.mark.filterwarnings("ignore")
def test_a_candidate_that_diverges_does_not_spoil_the_others():
    model = NeuralRegressor(
        (8,), optimizer="sgd", max_epochs=5, early_stopping=False, random_state=0
    )
    search = SideBySideSearchCV(model, {"learning_rate": [0.01, 1e30]}, cv=2, error_score=-9.0)
    search.fit(X, X[:, 0])
    assert scores(search)[1] == -9.0
    assert scores(search)[0] > -9.0


def test_weights_of_rows_reach_every_candidate():
    weights = np.where(Y == 0, 0.0, 1.0)
    rates = {"learning_rate": [0.01, 0.03]}
    plain = SideBySideSearchCV(MODEL, rates, cv=2).fit(X, Y, sample_weight=weights)
    assert not (plain.predict(X[Y == 0]) == 0).any()
    with sklearn.config_context(enable_metadata_routing=True):
        model = clone(MODEL).set_fit_request(sample_weight=True)
        model.set_score_request(sample_weight=True)
        routed = SideBySideSearchCV(model, rates, cv=2).fit(X, Y, sample_weight=weights)
    assert routed.together_ == (2, 2)
    np.testing.assert_array_equal(routed.predict(X), plain.predict(X))


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_other_estimators_are_searched_as_ever():
    for model, grid in (
        (LogisticRegression(), {"C": [0.1, 1.0]}),
        (MLPClassifier((4,), max_iter=300, random_state=0), {"alpha": [0.1, 1.0]}),
    ):
        search = SideBySideSearchCV(model, grid, cv=2).fit(X, Y)
        assert search.together_ == ()
        assert search.best_score_ > 0.5


def test_restarts_are_trained_together_and_the_best_is_kept():
    one = [clone(MODEL).set_params(random_state=0, restarts=k).fit(X, Y) for k in (1, 4)]
    losses = [model.history_[-1].loss for model in one]
    assert losses[1] <= losses[0] + 1e-4
    searched = SideBySideSearchCV(MODEL, {"restarts": [1, 3]}, cv=2).fit(X, Y)
    assert searched.together_ == (2, 2)


def test_a_callback_of_the_user_hears_of_a_candidate_only_once():
    heard = []
    grid = {"on_epoch": [heard.append], "learning_rate": [0.01]}
    search = SideBySideSearchCV(MODEL, grid, cv=2).fit(X, Y)
    assert search.together_ == ()
    assert len(heard) == 3 * 12  # two splits, and the fit on all rows
