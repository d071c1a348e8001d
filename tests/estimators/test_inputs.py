"""What columns are to an estimator: as declared, as said, or as they look."""

from __future__ import annotations

import numpy as np
import pandas as pd
import polars as pl
import pytest
from sklearn.model_selection import cross_val_score

from descend.errors import DataError
from descend.estimators import NeuralClassifier

CODES = np.random.default_rng(0).integers(0, 12, 120) * 100 + 10_000
SIZES = np.random.default_rng(1).normal(size=120)
Y = (CODES % 300 == 100).astype(int)
PLAIN = pd.DataFrame({"zip": CODES, "size": SIZES})
QUICK = {"hidden_layer_sizes": (8,), "max_epochs": 40, "learning_rate": 0.03, "random_state": 0}


def kinds(model):
    return [column.kind for column in model.preprocessing_.columns]


@pytest.mark.parametrize("values", [CODES, CODES.astype(str), CODES.astype(float)])
@pytest.mark.parametrize("make", ["pandas", "categorical", "enum"])
def test_declared_categories_of_digits_are_categories(values, make):
    declared = pd.DataFrame({"zip": pd.Categorical(values), "size": SIZES})
    if make != "pandas":
        words = [str(code) for code in CODES]
        dtype = pl.Categorical if make == "categorical" else pl.Enum(sorted(set(words)))
        declared = pl.DataFrame({"zip": pl.Series(words, dtype=dtype), "size": SIZES})
    model = NeuralClassifier(**QUICK).fit(declared, Y)
    assert kinds(model) == ["category", "number"]
    assert model.score(declared, Y) == 1.0
    plain = PLAIN if make == "pandas" else pl.from_pandas(PLAIN)  # the same codes, not declared
    np.testing.assert_array_equal(model.predict(plain), Y)


def test_a_declared_category_with_gaps_alone_in_its_table():
    alone = PLAIN[["zip"]].astype("category")
    alone.loc[::10, "zip"] = None
    assert kinds(NeuralClassifier(**QUICK).fit(alone, Y)) == ["category"]


def test_a_declared_category_may_be_said_to_be_a_number():
    declared = PLAIN.astype({"zip": "category"})
    model = NeuralClassifier(**QUICK, column_kinds={"zip": "number"}).fit(declared, Y)
    assert kinds(model) == ["number", "number"]


@pytest.mark.parametrize("make", [lambda frame: frame, pl.from_pandas])
def test_columns_of_numbers_may_be_said_to_be_categories(make, tmp_path):
    frame = make(PLAIN)
    model = NeuralClassifier(**QUICK, column_kinds={"zip": "category"}).fit(frame, Y)
    assert kinds(model) == ["category", "number"]
    assert model.score(frame, Y) == 1.0
    model.save(tmp_path / "model.descend")
    again = NeuralClassifier.load(tmp_path / "model.descend")
    np.testing.assert_array_equal(again.predict(frame), Y)
    assert list(again.feature_names_in_) == ["zip", "size"]


@pytest.mark.parametrize("make", [np.asarray, np.ndarray.tolist, lambda x: x.astype(object)])
@pytest.mark.parametrize("key", [0, np.int64(0), "column_1"])
def test_columns_of_arrays_are_said_by_their_places(make, key, tmp_path):
    X = make(PLAIN.to_numpy())
    model = NeuralClassifier(**QUICK, column_kinds={key: "category"})
    assert kinds(model.fit(X, Y)) == ["category", "number"]
    assert model.score(X, Y) == 1.0
    assert model.n_features_in_ == 2
    assert not hasattr(model, "feature_names_in_")
    model.save(tmp_path / "model.descend")
    np.testing.assert_array_equal(NeuralClassifier.load(tmp_path / "model.descend").predict(X), Y)
    with pytest.raises(ValueError, match="3 features"):
        model.predict(np.zeros((2, 3)))


def test_columns_of_which_nothing_is_said_stay_numbers():
    numbered = PLAIN.assign(id=np.arange(120), same=1.0, yes=CODES > 10_500)
    model = NeuralClassifier(**QUICK, column_kinds={"zip": "category"}).fit(numbered, Y)
    assert kinds(model) == ["category", "number", "number", "number", "number"]


def test_a_search_splits_what_is_said_of_columns_alike():
    model = NeuralClassifier(**QUICK, column_kinds={0: "category"})
    assert cross_val_score(model, PLAIN.to_numpy(), Y, cv=2).min() == 1.0
    model.fit(PLAIN.to_numpy()[:80], Y[:80], X_val=PLAIN.to_numpy()[80:], y_val=Y[80:])
    assert model.score(PLAIN.to_numpy(), Y) == 1.0


def test_arrays_of_more_dimensions_have_no_columns():
    X = np.zeros((120, 4, 4))
    with pytest.raises(DataError, match=r"each row of X has the shape \(4, 4\)"):
        NeuralClassifier(**QUICK, column_kinds={0: "category"}).fit(X, Y)
