"""How estimators are fitted: in parts, going on, with validation rows, and watched."""

from __future__ import annotations

import pickle

import numpy as np
import pytest

from descend.errors import DataError
from descend.estimators import NeuralClassifier, NeuralRegressor
from descend.optimizers import AveragedSGD

from .examples import QUICK, blobs, line


def test_partial_fit_goes_on_and_refuses_unknown_classes():
    X, y = blobs(90)
    model = NeuralClassifier((8,), random_state=0)
    for _ in range(3):
        for part in np.array_split(np.arange(90), 3):
            model.partial_fit(X[part], y[part], classes=["a", "b", "c"])
    start = model.history_[-1].loss
    for _ in range(60):
        model.partial_fit(X, y)
    assert model.history_[-1].loss < start
    with pytest.raises(ValueError, match="none of the classes"):
        model.partial_fit(X[:1], ["d"])
    with pytest.raises(ValueError, match="not the same as on the last call"):
        model.partial_fit(X, y, classes=["a", "b"])


def test_parts_go_on_from_the_trained_weights_of_an_averaging_rule():
    X, y = line(200)
    y = (y - y.mean()) / y.std()
    rule = AveragedSGD(0.05, decay=0.0)
    options = {"optimizer": rule, "batch_size": 20, "shuffle": False, "random_state": 0}
    once = NeuralRegressor((), **options, scale="none").partial_fit(X[:20], y[:20])
    often = pickle.loads(pickle.dumps(once))
    for first in range(20, 200, 20):
        often.partial_fit(X[first : first + 20], y[first : first + 20])
    once.partial_fit(X[20:], y[20:])
    np.testing.assert_allclose(often.predict(X), once.predict(X), rtol=1e-4, atol=1e-5)


def test_a_part_after_a_further_fit_goes_on_from_its_weights_alone(tmp_path):
    X, y = line()
    options = {"max_epochs": 5, "optimizer": "momentum", "random_state": 0}
    model = NeuralRegressor((), **options, warm_start=True).fit(X, y).partial_fit(X, y)
    model.fit(X, y).save(tmp_path / "m.descend")
    read = NeuralRegressor.load(tmp_path / "m.descend").set_params(**options)
    read.partial_fit(X, y)
    np.testing.assert_array_equal(model.partial_fit(X, y).predict(X), read.predict(X))


def test_warm_start_goes_on_from_the_weights():
    X, y = line()
    model = NeuralRegressor(**QUICK | {"max_epochs": 10}, warm_start=True).fit(X, y)
    cold = model.history_[0].loss
    assert model.fit(X, y).history_[0].loss < 0.2 * cold


def test_validation_rows_decide_when_to_stop():
    X, y = blobs(120)
    X_val, y_val = blobs(60, seed=1)
    model = NeuralClassifier((32,), random_state=0, patience=3, learning_rate=0.05)
    model.fit(X, y, X_val=X_val, y_val=y_val)
    assert model.ended_ == "patience"
    best = min(model.history_, key=lambda record: record.validation_loss)
    assert model.best_epoch_ == best.epoch


def test_targets_are_scaled_by_the_training_rows_alone():
    X, y = line(100)
    options = {"hidden_layer_sizes": (), "max_epochs": 1, "random_state": 0}
    model = NeuralRegressor(**options, early_stopping=True).fit(X, y)
    (target,) = model.targets_
    assert target.count == 90
    assert target.mean != y.mean()


def test_classes_are_those_of_all_rows_and_their_counts_of_the_training_rows():
    X, y = blobs(100)
    y[7] = "d"
    options = {"hidden_layer_sizes": (), "max_epochs": 1, "random_state": 0}
    model = NeuralClassifier(**options, early_stopping=True).fit(X, y)
    assert model.classes_.tolist() == ["a", "b", "c", "d"]
    assert sum(model.targets_[0].counts) < 100
    assert model.to_model().card.provenance.rows == 100


def test_validation_rows_that_all_weigh_nothing_are_refused():
    X, y = blobs(30)
    model = NeuralClassifier((), max_epochs=1, class_weight={"a": 0, "b": 1, "c": 1})
    with pytest.raises(DataError, match="10 validation rows all weigh 0"):
        model.fit(X, y, X_val=X[y == "a"], y_val=y[y == "a"])


def test_a_callback_sees_every_epoch_and_may_stop():
    X, y = blobs(30)
    seen = []

    def watch(record):
        seen.append(record.epoch)
        return record.epoch == 4

    model = NeuralClassifier(**QUICK, on_epoch=watch).fit(X, y)
    assert seen == [1, 2, 3, 4]
    assert model.ended_ == "stopped"


def test_verbose_writes_to_stderr(capsys):
    X, y = blobs(30)
    NeuralClassifier((4,), max_epochs=2, verbose=True, early_stopping=True).fit(X, y)
    out, err = capsys.readouterr()
    assert not out
    assert err.count("epoch") == 2


def test_ctrl_c_keeps_the_weights():
    X, y = blobs(30)

    def interrupt(record):
        if record.epoch == 2:
            raise KeyboardInterrupt

    with pytest.warns(UserWarning, match="interrupted; the weights of epoch 2"):
        model = NeuralClassifier(**QUICK, on_epoch=interrupt).fit(X, y)
    assert model.predict(X).shape == (30,)


def test_a_warm_start_needs_the_columns_it_began_with():
    rng = np.random.default_rng(0)
    x = rng.normal(size=(60, 3))
    model = NeuralClassifier((4,), warm_start=True, max_epochs=2, random_state=0)
    model.fit(x, x[:, 0] > 0)
    with pytest.raises(ValueError, match="features"):
        model.fit(x[:, :1], x[:, 0] > 0)
    assert model.predict(x).shape == (60,)


def test_parameters_may_be_numbers_of_numpy():
    X, y = blobs(60)
    plain = {"hidden_layer_sizes": (8, 4), "max_epochs": 3, "batch_size": 16, "dropout": 0.1}
    as_numpy = {
        "hidden_layer_sizes": np.array([8, 4]),
        "max_epochs": np.int64(3),
        "batch_size": np.int32(16),
        "dropout": np.float32(0.1),
        "early_stopping": np.bool_(False),
        "restarts": np.int64(1),
    }
    plain |= {"early_stopping": False, "restarts": 1}
    one = NeuralClassifier(**plain, random_state=0).fit(X, y)
    two = NeuralClassifier(**as_numpy, random_state=np.int64(0)).fit(X, y)
    assert (two.network_, two.descent_) == (one.network_, one.descent_)
    np.testing.assert_array_equal(one.predict_proba(X), two.predict_proba(X))
