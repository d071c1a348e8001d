"""scikit-learn's callbacks hear of every epoch, may stop a fit, and see what it has come to."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.datasets import load_iris

from descend.estimators import NeuralClassifier, SideBySideSearchCV

pytest.importorskip("sklearn.callback", reason="scikit-learn has callbacks from 1.9 on")

X, Y = load_iris(return_X_y=True)


class Ear:
    """Writes down what it hears, and stops after some epochs."""

    def __init__(self, last=None):
        self.heard, self.scores, self.last = [], [], last

    def setup(self, estimator, context):
        self.heard.append("setup")

    def on_fit_task_begin(self, estimator, context):
        self.heard.append(f"begin {context.task_name}")

    def on_fit_task_end(self, estimator, context, *, X, y, fitted_estimator):
        self.heard.append(f"end {context.task_name}")
        if context.task_name == "epoch":
            self.scores.append(fitted_estimator.score(X, y))
            return context.task_id + 1 == self.last
        return False

    def teardown(self, estimator, context):
        self.heard.append("teardown")


def test_epochs_are_tasks_of_the_fit():
    ear = Ear()
    model = NeuralClassifier((8,), max_epochs=3, learning_rate=0.03, random_state=0)
    model.set_callbacks(ear).fit(X, Y)
    epoch = ["begin epoch", "end epoch"]
    assert ear.heard == ["setup", "begin fit", *epoch * 3, "end fit", "teardown"]
    assert ear.scores[-1] == model.score(X, Y)


def test_a_callback_may_stop_the_fit():
    ear = Ear(last=2)
    model = NeuralClassifier((8,), max_epochs=9, random_state=0).set_callbacks(ear).fit(X, Y)
    assert len(model.history_) == 2
    assert model.ended_ == "stopped"


def test_hearing_changes_nothing_and_errors_end_the_task():
    model = NeuralClassifier((8,), max_epochs=3, random_state=0)
    deaf = clone(model).fit(X, Y)
    heard = clone(model).set_callbacks(Ear()).fit(X, Y)
    np.testing.assert_array_equal(deaf.predict_proba(X), heard.predict_proba(X))
    ear = Ear()
    with pytest.raises(ValueError, match="activation"):
        clone(model).set_params(activation="no such").set_callbacks(ear).fit(X, Y)
    assert "end fit" not in ear.heard


def test_candidates_of_a_search_are_heard_as_wholes():
    ear = Ear()
    model = NeuralClassifier((8,), max_epochs=2, random_state=0).set_callbacks(ear)
    SideBySideSearchCV(model, {"learning_rate": [0.01, 0.02]}, cv=2, refit=False).fit(X, Y)
    assert "begin epoch" not in ear.heard
    assert ear.heard.count("end fit") == ear.heard.count("begin fit")
