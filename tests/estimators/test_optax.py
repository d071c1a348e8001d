"""Estimators whose optimizer is an optax transformation: copied, pickled, saved."""

from __future__ import annotations

import copy
import pickle
import threading

import joblib
import numpy as np
import optax
import pytest
from sklearn.base import clone

import descend
from descend.errors import DivergedError, UsageError
from descend.estimators import NeuralClassifier, NeuralTransformer, SideBySideSearchCV
from descend.training import OptaxTransformation

from .examples import blobs

X, Y = blobs(60)
RULE = optax.chain(optax.clip(1.0), optax.adam(0.05))


def made(**changes):
    settings = {"optimizer": RULE, "max_epochs": 5, "random_state": 0} | changes
    return NeuralClassifier((4,), **settings)


@pytest.mark.parametrize("copied", [clone, copy.copy, copy.deepcopy])
def test_copies_share_the_transformation(copied):
    for model in (made(), made().fit(X, Y)):
        again = copied(model)
        assert isinstance(again.optimizer, optax.GradientTransformation)
        assert again.optimizer.update is RULE.update
        np.testing.assert_array_equal(
            again.fit(X, Y).predict_proba(X), made().fit(X, Y).predict_proba(X)
        )


@pytest.mark.parametrize("parts", [0, 2])
def test_pickles_predict_and_go_on(parts, tmp_path):
    model = made().fit(X, Y)
    for _ in range(parts):
        model.partial_fit(X, Y)
    joblib.dump(model, tmp_path / "model.joblib")
    for again in (pickle.loads(pickle.dumps(model)), joblib.load(tmp_path / "model.joblib")):
        np.testing.assert_array_equal(again.predict_proba(X), model.predict_proba(X))
        assert isinstance(again.optimizer, optax.GradientTransformation)
        one, other = again.partial_fit(X, Y), copy.deepcopy(model).partial_fit(X, Y)
        np.testing.assert_array_equal(one.predict_proba(X), other.predict_proba(X))
    features = NeuralTransformer(made()).fit(X, Y)
    again = pickle.loads(pickle.dumps(features))
    np.testing.assert_array_equal(again.transform(X), features.transform(X))


def test_a_transformation_that_no_pickle_holds_is_named_with_what_to_do():
    lock = threading.Lock()

    def update(updates, state, params=None):
        with lock:
            return RULE.update(updates, state, params)

    model = made(optimizer=optax.GradientTransformation(RULE.init, update)).fit(X, Y)
    with pytest.raises(UsageError, match=r"cannot be pickled.*set_params\(optimizer=\"adam\"\)"):
        pickle.dumps(model)
    kept = pickle.loads(pickle.dumps(copy.copy(model).set_params(optimizer="adam")))
    np.testing.assert_array_equal(kept.predict_proba(X), model.predict_proba(X))


def test_a_model_file_says_that_there_was_one(tmp_path):
    path = tmp_path / "model.descend"
    model = made().fit(X, Y)
    model.save(path)
    again = NeuralClassifier.load(path)
    assert again.descent_.optimizer == model.descent_.optimizer == OptaxTransformation()
    np.testing.assert_array_equal(again.predict_proba(X), model.predict_proba(X))
    table = {f"column_{i + 1}": X[:, i] for i in range(2)} | {"target": Y}
    with pytest.raises(UsageError, match=r"trained by an optax transformation.*set_params"):
        descend.load(path).partial_fit(table)
    again.set_params(optimizer=RULE).partial_fit(X, Y)
    assert again.score(X, Y) > 0.3


def test_one_that_diverges_is_not_blamed_on_another_rule():
    wild = made(optimizer=optax.sgd(1e30), max_epochs=20)
    search = SideBySideSearchCV(wild, {"clip_norm": [1e30, 2e30]}, cv=2, error_score="raise")
    for fitted in (wild, search):
        with pytest.raises(DivergedError) as caught:
            fitted.fit(X, Y)
        assert "Adam" not in str(caught.value)
