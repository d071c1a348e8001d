"""The estimators inside scikit-learn's own tools: pipelines, searches, ensembles, routing."""

from __future__ import annotations

import joblib
import numpy as np
import pandas as pd
import pytest
import sklearn
from sklearn.calibration import CalibratedClassifierCV
from sklearn.datasets import load_iris
from sklearn.ensemble import StackingClassifier
from sklearn.experimental import enable_halving_search_cv  # noqa: F401
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV, HalvingGridSearchCV, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from descend.estimators import (
    MLPClassifier,
    NeuralClassifier,
    NeuralRegressor,
    NeuralTransformer,
)

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

X, Y = load_iris(return_X_y=True)
OURS = NeuralClassifier((8,), max_epochs=15, learning_rate=0.03, random_state=0)
DROP_IN = MLPClassifier((8,), max_iter=60, learning_rate_init=0.03, random_state=0)


@pytest.mark.parametrize("model", [OURS, DROP_IN])
def test_pipeline_and_cross_validation(model):
    pipeline = make_pipeline(StandardScaler(), model)
    assert cross_val_score(pipeline, X, Y, cv=3).mean() > 0.9


@pytest.mark.slow
@pytest.mark.parametrize("model", [OURS, DROP_IN])
def test_grid_search_with_worker_processes(model):
    grid = {"hidden_layer_sizes": [(4,), (8,)], "random_state": [0, 1]}
    alone = GridSearchCV(model, grid, cv=2).fit(X, Y)
    together = GridSearchCV(model, grid, cv=2, n_jobs=2).fit(X, Y)
    np.testing.assert_allclose(
        together.cv_results_["mean_test_score"], alone.cv_results_["mean_test_score"]
    )


@pytest.mark.parametrize("model", [OURS, DROP_IN])
def test_halving_search(model):
    grid = {"hidden_layer_sizes": [(2,), (8,)]}
    search = HalvingGridSearchCV(model, grid, cv=2, random_state=0, min_resources=60)
    assert search.fit(X, Y).best_score_ > 0.7


@pytest.mark.parametrize("model", [OURS, DROP_IN])
def test_calibration_and_stacking(model):
    calibrated = CalibratedClassifierCV(model, cv=2).fit(X, Y)
    assert calibrated.score(X, Y) > 0.8
    stack = StackingClassifier([("net", model)], LogisticRegression(), cv=2).fit(X, Y)
    assert stack.score(X, Y) > 0.8


@pytest.mark.parametrize("model", [OURS, DROP_IN])
def test_joblib_files_predict_the_same(model, tmp_path):
    fitted = sklearn.clone(model).fit(X, Y)
    joblib.dump(fitted, tmp_path / "m.joblib")
    again = joblib.load(tmp_path / "m.joblib")
    np.testing.assert_array_equal(again.predict_proba(X), fitted.predict_proba(X))


def test_weights_are_routed_through_a_search():
    weights = np.linspace(0.1, 2, len(Y))
    with sklearn.config_context(enable_metadata_routing=True):
        model = OURS.__class__(**OURS.get_params()).set_fit_request(sample_weight=True)
        model.set_score_request(sample_weight=True)
        search = GridSearchCV(model, {"hidden_layer_sizes": [(4,), (8,)]}, cv=2)
        assert search.fit(X, Y, sample_weight=weights).best_score_ > 0.7


@pytest.mark.parametrize("kind", ["pandas", "polars"])
def test_features_come_out_as_a_frame(kind):
    frame = pd.DataFrame(X, columns=["a", "b", "c", "d"])
    features = NeuralTransformer(OURS).set_output(transform=kind).fit(frame, Y).transform(frame)
    assert type(features).__module__.startswith(kind)
    assert list(features.columns)[:2] == ["neuraltransformer0", "neuraltransformer1"]
    assert features.shape == (150, 8)


def test_features_make_another_model_better_than_chance():
    for target, first in ((Y, NeuralTransformer(OURS)), (Y, NeuralTransformer(random_state=0))):
        pipeline = make_pipeline(first, LogisticRegression())
        assert pipeline.fit(X, target).score(X, target) > 0.9


def test_features_of_a_chosen_layer():
    deep = NeuralClassifier((8, 5), max_epochs=2, random_state=0)
    assert NeuralTransformer(deep, layer=-2).fit_transform(X, Y).shape == (150, 8)
    assert NeuralTransformer(deep, layer=2).fit_transform(X, Y).shape == (150, 5)
    numbers = NeuralTransformer(NeuralRegressor((3,), max_epochs=2, random_state=0))
    assert numbers.fit_transform(X, X[:, 0]).shape == (150, 3)
    for layer in (-1, np.int64(-1), 2, np.int32(2)):
        assert NeuralTransformer(deep, layer=layer).fit_transform(X, Y).shape == (150, 5)
    with pytest.raises(ValueError, match="estimator must be"):
        NeuralTransformer(LogisticRegression()).fit(X, Y)


@pytest.mark.parametrize("layer", [0, 3, 9, -3, -9])
def test_a_layer_that_is_not_there_is_named_with_those_that_are(layer):
    deep = NeuralClassifier((8, 5), max_epochs=1, random_state=0)
    message = f"layer={layer} .* has 3 layers.* from -2 to -1 or from 1 to 2"
    with pytest.raises(ValueError, match=message):
        NeuralTransformer(deep, layer=layer).fit(X, Y)


@pytest.mark.parametrize("layer", ["last", 1.0, np.float64(1), True, None])
def test_a_layer_that_is_no_integer_is_refused_before_training(layer):
    def never(record):
        raise RuntimeError("it was trained")

    deep = NeuralClassifier((8, 5), max_epochs=1, on_epoch=never)
    with pytest.raises(ValueError, match="layer must be an integer"):
        NeuralTransformer(deep, layer=layer).fit(X, Y)


def test_features_need_a_hidden_layer():
    with pytest.raises(ValueError, match="give the estimator a hidden layer"):
        NeuralTransformer(NeuralClassifier((), max_epochs=1)).fit(X, Y)
