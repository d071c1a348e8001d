"""The estimators of Descend's own: what they learn, read, refuse and keep."""

from __future__ import annotations

import pickle
import warnings

import numpy as np
import optax
import pandas as pd
import polars as pl
import pytest
from sklearn.base import clone
from sklearn.exceptions import NotFittedError

import descend
from descend.errors import ModelFileError
from descend.estimators import NeuralClassifier, NeuralMultiOutput, NeuralRegressor
from descend.estimators.inputs import fit_inputs, transform
from descend.layers import Dense, Dropout, Sequential
from descend.losses import Focal, Quantile
from descend.models.options import Options
from descend.optimizers import LBFGS, AdamW
from descend.schedules import Constant, Cosine

from .examples import QUICK, blobs, line


def test_classifier_learns_labels_and_their_probabilities():
    X, y = blobs()
    model = NeuralClassifier(**QUICK).fit(X, y)
    assert model.score(X, y) > 0.9
    assert model.classes_.tolist() == ["a", "b", "c"]
    p = model.predict_proba(X)
    np.testing.assert_allclose(p.sum(axis=1), 1, rtol=1e-5)
    np.testing.assert_array_equal(model.classes_[p.argmax(axis=1)], model.predict(X))
    np.testing.assert_allclose(np.log(p), model.predict_log_proba(X))
    assert len(model.history_) == 30
    assert model.best_epoch_ == 30


def test_the_same_seed_gives_the_same_weights_and_another_seed_others():
    X, y = blobs()
    first, again = (NeuralClassifier(**QUICK).fit(X, y).predict_proba(X) for _ in range(2))
    np.testing.assert_array_equal(first, again)
    other = NeuralClassifier(**QUICK | {"random_state": 1}).fit(X, y).predict_proba(X)
    assert not np.array_equal(first, other)


@pytest.mark.slow
@pytest.mark.parametrize(
    "changes",
    [
        {"network": Sequential((Dense(6, "tanh"), Dropout(0.1)))},
        {"network": Dense(6, "tanh")},
        {"hidden_layer_sizes": (6, 5), "activation": ("tanh", "relu"), "dropout": 0.1},
        {"normalization": "batch"},
        {"normalization": "layer"},
        {"loss": Focal(1.0)},
        {"optimizer": AdamW(0.02)},
        {"optimizer": "lion", "learning_rate": 0.01},
        {"optimizer": optax.adam(0.03), "learning_rate": None},
        {"batch_size": 1, "max_epochs": 5, "learning_rate": 0.003},
        {"batch_size": None, "learning_rate": 0.03, "max_epochs": 100},
        {"schedule": "constant", "clip_norm": 1.0},
        {"hidden_layer_sizes": ()},
        {"restarts": 2},
        {"early_stopping": True, "watch": "score"},
        {"device": "cpu"},
    ],
)
def test_every_parameter_still_learns(changes):
    X, y = blobs()
    assert NeuralClassifier(**QUICK | changes).fit(X, y).score(X, y) > 0.85


@pytest.mark.parametrize(
    ("changes", "own"),
    [
        ({"optimizer": "adamw"}, 0.01),
        ({"optimizer": "adamw", "weight_decay": 0.0}, 0.0),
        ({"optimizer": "muon", "weight_decay": 0.2}, 0.2),
        ({"optimizer": "schedule_free_adamw"}, 0.01),
        ({"optimizer": AdamW(weight_decay=0.3)}, 0.3),
        ({"optimizer": AdamW(weight_decay=0.3), "weight_decay": 0.1}, 0.1),
    ],
)
def test_a_decay_is_applied_once_by_the_rule_that_has_one(changes, own):
    descent = NeuralClassifier((), max_epochs=1, **changes).fit(*blobs(30)).descent_
    assert (descent.optimizer.weight_decay, descent.weight_decay) == (own, 0.0)


def test_a_rule_without_a_decay_leaves_it_to_the_way_down():
    fitted = [NeuralClassifier((), max_epochs=1, weight_decay=w).fit(*blobs(30)) for w in (None, 0)]
    assert [model.descent_.weight_decay for model in fitted] == [0.01, 0]


def test_lbfgs_by_name_takes_all_rows_at_every_step_and_no_schedule():
    X, y = blobs(60)
    model = NeuralClassifier((), optimizer="lbfgs", max_epochs=20).fit(X, y)
    assert model.descent_.batch_size is None
    assert model.score(X, y) > 0.9
    way = Options.of(optimizer="lbfgs").descent(60)
    for batch in ("auto", None):
        model = NeuralClassifier((), optimizer=LBFGS(), batch_size=batch, max_epochs=1).fit(X, y)
        assert model.descent_.schedule == way.schedule == Constant()


def test_a_schedule_that_is_asked_for_is_kept():
    X, y = blobs(30)
    for optimizer in ("adam", "lbfgs"):
        model = NeuralClassifier((), optimizer=optimizer, schedule="cosine", max_epochs=1)
        assert model.fit(X, y).descent_.schedule == Cosine()
    assert NeuralClassifier((), max_epochs=1).fit(X, y).descent_.schedule == Cosine()


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"network": 3}, "network must be a layer"),
        ({"activation": "rellu"}, 'Did you mean "relu"'),
        ({"activation": ("relu", "relu")}, "one for each of 1"),
        ({"normalization": "group"}, "normalization must be"),
        ({"loss": "squared_error"}, "is for numbers"),
        ({"loss": Quantile()}, "of kind number"),
        ({"optimizer": "adamm"}, 'Did you mean "adam"'),
        ({"optimizer": 3}, "optimizer must be"),
        ({"optimizer": optax.adam(0.01), "learning_rate": 0.1}, "leave learning_rate out"),
        ({"schedule": 3}, "schedule must be"),
        ({"batch_size": 0}, "batch_size"),
        ({"max_epochs": 0}, "epochs"),
        ({"hidden_layer_sizes": "big"}, "hidden_layer_sizes must be"),
        ({"hidden_layer_sizes": (0,)}, "units"),
        ({"restarts": 0}, "restarts"),
        ({"early_stopping": "yes"}, "early_stopping"),
        ({"scale": "unit"}, "scale"),
        ({"column_kinds": {"a": "number"}}, 'no column "a"'),
        ({"column_kinds": {2: "number"}}, "column 2, but the 2 columns of X are counted from 0"),
        ({"column_kinds": {-1: "number"}}, "column -1, but"),
        ({"column_kinds": {0: "categry"}}, 'Did you mean "category"'),
        ({"column_kinds": ["category"]}, "column_kinds must be a dict"),
        ({"class_weight": {"a": np.nan}}, "numbers from 0 to 1e30.*; got nan for class 'a'"),
        ({"class_weight": {"a": -1}}, "class_weight must be .* got -1 for class 'a'"),
        ({"class_weight": {"a": np.inf}}, "class_weight must be .* got inf"),
        ({"class_weight": {"a": 1e39}}, r"class_weight must be .* got 1e\+39"),
        ({"class_weight": [{"b": "2"}]}, "class_weight must be .* got '2' for class 'b'"),
        ({"class_weight": "balance"}, 'class_weight must be "balanced", a dict'),
        ({"class_weight": [1, 2, 3]}, 'class_weight must be "balanced", a dict'),
        ({"class_weight": dict.fromkeys("abc", 0)}, "30 training rows all weigh 0"),
        ({"device": "abacus"}, "there is no device"),
    ],
)
def test_wrong_parameters_are_named(changes, message):
    X, y = blobs(30)
    with pytest.raises(ValueError, match=message):
        NeuralClassifier(**QUICK | changes).fit(X, y)


def test_one_class_infinite_numbers_and_zero_weights_are_refused():
    X, y = blobs(30)
    with pytest.raises(ValueError, match="one class"):
        NeuralClassifier().fit(X, np.full(30, "a"))
    with pytest.raises(ValueError, match="infinity"):
        NeuralClassifier().fit(np.where(X > 1, np.inf, X), y)
    with pytest.raises(ValueError, match="at least one non-zero"):
        NeuralClassifier().fit(X, y, sample_weight=np.zeros(30))
    with pytest.raises(ValueError, match="come together"):
        NeuralClassifier().fit(X, y, X_val=X)


def test_class_weights_move_the_border():
    X, y = blobs(90)
    X, y = np.concatenate([X, X]) * 0.3, np.concatenate([y, y])
    plain = NeuralClassifier(**QUICK).fit(X, y)
    heavy = NeuralClassifier(**QUICK, class_weight={"a": 50.0}).fit(X, y)
    assert (heavy.predict(X) == "a").sum() > (plain.predict(X) == "a").sum()
    balanced = NeuralClassifier(**QUICK, class_weight="balanced").fit(X, y)
    assert balanced.to_model().plan.class_weight == "balanced"
    assert heavy.to_model().plan.class_weight is None


@pytest.mark.parametrize("scale", [1e-300, 1e39, 1e300])
def test_only_how_sample_weights_compare_counts(scale):
    X, y = blobs(60)
    weights = np.random.default_rng(0).uniform(0.5, 2, 60)
    options = QUICK | {"max_epochs": 3, "class_weight": {"a": 3.0}, "early_stopping": True}
    plain = NeuralClassifier(**options).fit(X, y, weights)
    scaled = NeuralClassifier(**options).fit(X, y, weights * scale)
    np.testing.assert_allclose(scaled.predict_proba(X), plain.predict_proba(X), rtol=1e-4)


def test_rows_with_gaps_are_learned_and_predicted():
    X, y = blobs(90)
    X[::7, 0] = np.nan
    model = NeuralClassifier(**QUICK).fit(X, y)
    assert model.preprocessing_.feature_names == ("column_1", "column_1 missing", "column_2") or (
        len(model.preprocessing_.feature_names) == 3
    )
    assert model.predict([[np.nan, np.nan]]).shape == (1,)


@pytest.mark.parametrize("scale", ["standard", "minmax", "robust", "none"])
def test_arrays_are_turned_as_tables_are(scale):
    generator = np.random.default_rng(1)
    X = generator.normal(size=(50, 3)) * [1, 100, 1e-3]
    X[3, 1], X[5, 2], X[7, 0] = np.nan, 1e9, -1e300
    fitted = fit_inputs(X, None, scale=scale, kinds=None)
    frame = pl.DataFrame({f"column_{i + 1}": X[:, i] for i in range(3)}, nan_to_null=True)
    np.testing.assert_array_equal(transform(fitted, X), fitted.transform(frame)[0])


@pytest.mark.parametrize("make", [pd.DataFrame, pl.DataFrame])
def test_dataframes_with_categories_and_gaps(make):
    generator = np.random.default_rng(0)
    hue = generator.choice(["red", "green", "blue"], 120)
    size = generator.normal(size=120)
    y = (hue == "red") ^ (size > 0)
    size = [None if place % 10 == 0 else float(value) for place, value in enumerate(size)]
    frame = make({"hue": hue.tolist(), "size": size})
    model = NeuralClassifier((16,), max_epochs=80, learning_rate=0.03, random_state=0)
    model.fit(frame, y)
    assert model.score(frame, y) > 0.85
    assert model.feature_names_in_.tolist() == ["hue", "size"]
    swapped = frame[["size", "hue"]]
    with pytest.raises(ValueError, match="order"):
        model.predict(swapped)


def test_several_outputs_of_classes():
    X, y = blobs(60)
    several = np.stack([y, np.where(X[:, 0] > 1, "yes", "no")], axis=1)
    model = NeuralClassifier(**QUICK).fit(X, several)
    assert model.predict(X).shape == (60, 2)
    assert [p.shape for p in model.predict_proba(X)] == [(60, 3), (60, 2)]


def test_multi_label():
    X, _ = blobs(60)
    labels = np.stack([X[:, 0] > 1, X[:, 1] > 1], axis=1).astype(int)
    model = NeuralClassifier(**QUICK).fit(X, labels)
    assert model.score(X, labels) > 0.7
    assert model.predict_proba(X).shape == (60, 2)


def test_regressor_in_the_targets_own_unit():
    X, y = line()
    model = NeuralRegressor((16,), max_epochs=150, random_state=0).fit(X, y)
    assert model.score(X, y) > 0.95
    assert model.predict(X).dtype == np.float32
    far = NeuralRegressor((16,), max_epochs=150, random_state=0).fit(X, y + 1e9)
    assert far.predict(X).dtype == np.float64
    assert far.score(X, y + 1e9) > 0.95


def test_regressor_of_several_outputs_and_counts():
    X, y = line()
    both = np.stack([y, -1000 * X[:, 1]], axis=1)
    model = NeuralRegressor((16,), max_epochs=150, random_state=0).fit(X, both)
    assert model.score(X, both) > 0.9
    counts = np.random.default_rng(0).poisson(np.exp(X[:, 0]))
    assert (NeuralRegressor(**QUICK, loss="poisson").fit(X, counts).predict(X) > 0).all()


def test_intervals_hold_their_share_of_new_rows():
    generator = np.random.default_rng(0)
    X = generator.uniform(-2, 2, size=(1500, 1))
    y = X[:, 0] + generator.normal(size=1500) * 0.3
    held = slice(1000, None)
    plain = NeuralRegressor((16,), max_epochs=40, random_state=0, validation_fraction=0.2)
    levels = NeuralRegressor((16,), max_epochs=60, random_state=0, loss=Quantile((0.05, 0.5, 0.95)))
    for model in (plain, levels):
        model.fit(X[:1000], y[:1000])
        low, high = model.predict_interval(X[held], 0.9).T
        assert 0.84 < np.mean((y[held] >= low) & (y[held] <= high)) < 0.96
    assert levels.predict_quantiles(X[held]).shape == (500, 3)
    assert (np.diff(levels.predict_quantiles(X[held])) >= 0).all()
    np.testing.assert_array_equal(levels.predict(X[held]), levels.predict_quantiles(X[held])[:, 1])
    with pytest.raises(ValueError, match="levels learned"):
        levels.predict_interval(X, 0.8)
    with pytest.raises(ValueError, match="needs at least 999 validation rows"):
        plain.predict_interval(X, 0.999)
    with pytest.raises(ValueError, match="not its quantiles"):
        plain.predict_quantiles(X)
    with pytest.raises(ValueError, match="level must be"):
        plain.predict_interval(X, 90)


@pytest.mark.parametrize("loss", [None, Quantile((0.1, 0.5, 0.9))])
def test_intervals_are_those_of_the_saved_model(tmp_path, loss):
    X, y = line(99)
    y = y + np.random.default_rng(1).normal(size=99)
    model = NeuralRegressor((), max_epochs=5, loss=loss, random_state=0)
    model.fit(X, y, X_val=X, y_val=y).save(tmp_path / "m.descend")
    read = NeuralRegressor.load(tmp_path / "m.descend")
    level = 0.8 if loss else 0.55  # 100 * 0.55 is a little more than 55 by rounding
    np.testing.assert_array_equal(read.predict_interval(X, level), model.predict_interval(X, level))
    rows = pd.DataFrame(X, columns=["column_1", "column_2"])
    (answer,) = descend.load(tmp_path / "m.descend").predictions(rows, interval=level).answers
    inside = np.mean((y >= answer.low) & (y <= answer.high))
    if loss is None:
        low, high = model.predict_interval(X, level).T
        np.testing.assert_allclose(high - low, 2 * np.sort(np.abs(y - model.predict(X)))[54], 1e-4)
        np.testing.assert_allclose(answer.low, low, rtol=1e-5)
    assert inside == pytest.approx(level, abs=0.03)


def test_an_interval_needs_validation_rows():
    X, y = line(40)
    with pytest.raises(ValueError, match="needs validation rows"):
        NeuralRegressor(**QUICK).fit(X, y).predict_interval(X)


def test_saved_and_pickled_models_predict_the_same(tmp_path):
    X, y = blobs(60)
    model = NeuralClassifier(**QUICK).fit(X, y)
    model.save(tmp_path / "m.descend")
    read = NeuralClassifier.load(tmp_path / "m.descend")
    np.testing.assert_array_equal(read.predict_proba(X), model.predict_proba(X))
    np.testing.assert_array_equal(descend.load(tmp_path / "m.descend").predict(X), model.predict(X))
    again = pickle.loads(pickle.dumps(model))
    np.testing.assert_array_equal(again.predict_proba(X), model.predict_proba(X))
    with pytest.raises(ValueError, match="predicts classes"):
        NeuralRegressor.load(tmp_path / "m.descend")
    (tmp_path / "bad").write_bytes(b"\x80\x04")
    with pytest.raises(ModelFileError):
        NeuralClassifier.load(tmp_path / "bad")


def test_saved_regressors_and_tables(tmp_path):
    X, y = line(60)
    frame = pd.DataFrame(X, columns=["width", "target"])
    frame["hue"] = np.where(X[:, 0] > 0, "red", "blue")
    model = NeuralRegressor(**QUICK).fit(frame, y)
    model.save(tmp_path / "m.descend")
    read = NeuralRegressor.load(tmp_path / "m.descend")
    np.testing.assert_array_equal(read.predict(frame), model.predict(frame))
    assert read.feature_names_in_.tolist() == ["width", "target", "hue"]


def test_parameters_survive_clone_and_init_does_no_work():
    model = NeuralClassifier(network=Sequential((Dense(3),)), optimizer=AdamW(0.01), loss=Focal())
    assert clone(model).get_params() == model.get_params()
    NeuralClassifier(hidden_layer_sizes="nonsense", max_epochs=-1)


@pytest.mark.parametrize(
    "changes",
    [
        {"hidden_layer_sizes": np.int64(4)},
        {"hidden_layer_sizes": (np.int64(4), np.int32(3)), "dropout": np.float32(0.5)},
        {"hidden_layer_sizes": np.array([4, 3]), "activation": np.array(["relu", "tanh"])},
        {"batch_size": np.int64(8), "max_epochs": np.int64(2), "patience": np.int32(1)},
        {"learning_rate": np.float32(0.5), "weight_decay": np.float32(0.5)},
        {"clip_norm": np.float32(1), "restarts": np.int64(2)},
        {"early_stopping": np.True_, "shuffle": np.False_, "warm_start": np.False_},
        {"optimizer": np.str_("sgd"), "schedule": np.str_("constant"), "watch": np.str_("loss")},
    ],
)
def test_parameters_may_be_numpys(changes, tmp_path):
    X, y = blobs(30)
    base = QUICK | {"max_epochs": 2, "early_stopping": True} | changes
    base["validation_fraction"] = np.float32(0.25)
    model = clone(NeuralClassifier(**base)).fit(X, y)
    assert repr(model)
    model.save(tmp_path / "model.descend")
    again = NeuralClassifier.load(tmp_path / "model.descend")
    assert (again.network_, again.descent_) == (model.network_, model.descent_)


def test_predicting_before_fitting():
    with pytest.raises(ValueError, match="not fitted"):
        NeuralClassifier().predict([[1.0]])
    assert not hasattr(NeuralClassifier(loss="hinge"), "predict_proba")


@pytest.mark.parametrize("kind", [NeuralClassifier, NeuralRegressor, NeuralMultiOutput])
def test_saving_before_fitting(kind, tmp_path):
    for keep in (lambda: kind().save(tmp_path / "m.descend"), lambda: kind().to_model()):
        with pytest.raises(NotFittedError, match=f"{kind.__name__} .*no network to keep"):
            keep()
    assert not list(tmp_path.iterdir())


def test_categories_of_pandas_cut_are_their_text():
    X, y = blobs(60)
    frame = pd.DataFrame({"a": X[:, 0], "cut": pd.cut(X[:, 1], 4)})
    model = NeuralClassifier(**QUICK).fit(frame, y)
    assert model.preprocessing_.columns[1].kind == "category"
    as_text = frame.assign(cut=frame["cut"].astype(str))
    np.testing.assert_array_equal(model.predict_proba(frame), model.predict_proba(as_text))
    trained = descend.train(frame.assign(y=y), "y", epochs=2)
    np.testing.assert_array_equal(trained.predict(frame), trained.predict(as_text))


def test_nothing_warns_in_a_plain_fit():
    X, y = blobs(30)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        NeuralClassifier(**QUICK).fit(X, y).predict(X)
