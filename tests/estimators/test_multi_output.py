"""Several outputs of mixed kinds in one network."""

from __future__ import annotations

import numpy as np
import pandas as pd
import polars as pl
import pytest

from descend.errors import TargetError, UsageError
from descend.estimators import NeuralMultiOutput

RNG = np.random.default_rng(0)
X = RNG.normal(size=(300, 3))
Y = pd.DataFrame(
    {
        "sum": X.sum(axis=1) * 100,
        "sign": np.where(X[:, 0] > 0, "up", "down"),
        "third": np.digitize(X[:, 1], [-0.5, 0.5]),
    }
)
MODEL = NeuralMultiOutput((16,), max_epochs=40, learning_rate=0.01, random_state=0)


@pytest.mark.parametrize("make", [lambda y: y, pl.from_pandas, lambda y: y.to_numpy()])
def test_classes_and_numbers_are_learned_together(make, tmp_path):
    y = make(Y)
    model = NeuralMultiOutput(
        **{**MODEL.get_params(), "target_kinds": {"third" if hasattr(y, "columns") else 2: "class"}}
    ).fit(X, y)
    answers = model.predict(X)
    assert type(answers) is type(y)
    if hasattr(y, "columns"):
        assert list(answers.columns) == ["sum", "sign", "third"]
    answers = np.asarray(answers, object)
    assert np.corrcoef(answers[:, 0].astype(float), Y["sum"])[0, 1] > 0.98
    assert (answers[:, 1] == Y["sign"]).mean() > 0.9
    assert (answers[:, 2].astype(int) == Y["third"]).mean() > 0.85
    assert 0.85 < model.score(X, y) <= 1
    probabilities = model.predict_proba(X)
    assert [p.shape for p in probabilities.values()] == [(300, 2), (300, 3)]
    model.save(tmp_path / "both.descend")
    again = NeuralMultiOutput.load(tmp_path / "both.descend")
    np.testing.assert_array_equal(np.asarray(again.predict(X), object), answers)


def test_numbers_stay_numbers_unless_said_otherwise():
    model = NeuralMultiOutput((4,), max_epochs=2, random_state=0).fit(X, Y)
    assert [known is None for known in model.classes_] == [True, False, True]


@pytest.mark.parametrize("polars", [False, True])
def test_declared_categories_are_classes_even_where_they_are_digits(polars):
    y = Y.assign(third=Y["third"].astype("category"))
    if polars:
        y = pl.from_pandas(Y).with_columns(pl.col("third").cast(pl.String).cast(pl.Categorical))
    model = NeuralMultiOutput((4,), max_epochs=2, random_state=0).fit(X, y)
    assert [known is None for known in model.classes_] == [True, False, False]
    one = NeuralMultiOutput((4,), max_epochs=2).fit(X, y["third"])
    assert len(one.classes_[0]) == 3


def test_one_output_is_a_vector():
    for y in (Y["sum"].to_numpy(), Y["sign"].to_numpy()):
        assert NeuralMultiOutput((4,), max_epochs=2).fit(X, y).predict(X).shape == (300,)


def test_restarts_and_validation_rows():
    model = NeuralMultiOutput(**{**MODEL.get_params(), "restarts": 2, "max_epochs": 5})
    model.fit(X[:200], Y[:200], X_val=X[200:], y_val=Y[200:])
    assert model.history_[-1].validation_loss is not None


@pytest.mark.parametrize(
    ("kinds", "error", "message"),
    [
        ({"summe": "class"}, UsageError, "the outputs are sum, sign, third"),
        ({"sum": "classes"}, UsageError, 'must be "class" or "number"'),
        ({"sign": "number"}, TargetError, "holds '(up|down)'"),
    ],
)
def test_wrong_kinds_are_named(kinds, error, message):
    with pytest.raises(error, match=message):
        NeuralMultiOutput((4,), target_kinds=kinds).fit(X, Y)


def test_labels_that_are_new_and_outputs_that_lack_are_refused():
    model = NeuralMultiOutput((4,), max_epochs=1).fit(X, Y)
    with pytest.raises(TargetError, match="sideways"):
        model.score(X, Y.assign(sign="sideways"))
    with pytest.raises(UsageError, match="2 columns, but 3"):
        model.set_params(warm_start=True).fit(X, Y[["sum", "sign"]])
