"""Tables that are odd in one way each: learned from all the same, or refused with a reason."""

import numpy as np
import polars as pl
import pytest

import descend
from descend.errors import DataError

ROWS = 120
DRAW = np.random.default_rng(0)
X = DRAW.normal(size=ROWS)
Y = np.where(X > 0, "yes", "no")

ODD = {
    "a single column": {"x": X, "y": Y},
    "as many categories as rows": {"x": X, "id": [f"user {i * 7919}" for i in range(ROWS)], "y": Y},
    "a class of three rows": {"x": X, "y": np.where(np.arange(ROWS) < 3, "rare", "common")},
    "whole numbers as classes": {"x": X, "y": np.clip((X + 2).astype(int), 0, 3)},
    "classes that look like numbers": {"x": X, "y": [f"{v:.1f}" for v in np.round(X > 0)]},
    "far outliers": {"x": np.where(np.arange(ROWS) == 5, 1e30, X), "z": -X, "y": Y},
    "a far target": {"x": X, "y": np.where(np.arange(ROWS) == 5, 1e30, X)},
    "equal columns": {"x": X, "x again": X, "y": Y},
    "a constant column": {"x": X, "k": np.ones(ROWS), "y": Y},
}


@pytest.mark.parametrize("table", ODD.values(), ids=ODD)
def test_it_is_learned_from(table):
    table = pl.DataFrame(table)
    model = descend.train(table, "y", epochs=1, layers=(4,))
    assert model.report.rows
    prediction = model.predict(table)
    assert len(prediction) == ROWS
    if model.classes:
        assert set(prediction.tolist()) <= set(model.classes)
        assert np.isfinite(model.predict_proba(table)).all()
    else:
        assert np.isfinite(prediction).all()


@pytest.mark.parametrize("column", [np.ones(ROWS), [f"user {i * 7919}" for i in range(ROWS)]])
def test_nothing_to_learn_from_is_refused(column):
    with pytest.raises(DataError, match="no column is left to learn from"):
        descend.train(pl.DataFrame({"a": column, "y": Y}), "y")


def test_a_far_validation_row_does_not_choose_the_epoch(tmp_path):
    kept = []
    for slip in (X[100], -1e30 * np.sign(X[100])):
        table = pl.DataFrame(
            {"x": np.where(np.arange(ROWS) == 100, slip, X), "z": -X[::-1], "y": Y}
        )
        table[:80].write_csv(tmp_path / "train.csv")
        table[80:].write_csv(tmp_path / "held.csv")
        model = descend.train(
            tmp_path / "train.csv", target="y", validation=tmp_path / "held.csv", epochs=6
        )
        kept.append(model.card.provenance.best_epoch)
    assert kept[1] == kept[0] > 1
