"""Which network a table gets, and that the periodic one goes with all that is done to models."""

import numpy as np
import polars as pl
import pytest

import descend
from descend.layers import Members
from descend.losses import Ensemble
from descend.models import Options, TableTraining
from descend.models.inspection.explanation import contributions

DRAW = np.random.default_rng(0)
ROWS = 1_700
TABLE = pl.DataFrame(
    {
        "a": DRAW.normal(size=ROWS),
        "b": np.where(DRAW.random(ROWS) < 0.1, np.nan, DRAW.normal(size=ROWS)),
        "hue": DRAW.choice(["red", "green", "blue"], ROWS),
        "town": DRAW.choice([f"town {i}" for i in range(30)], ROWS),
        "same": np.ones(ROWS),
    }
).with_columns(n=3 * pl.col("a").sin() + (pl.col("hue") == "red"))


def plan(table=TABLE, **options):
    return TableTraining(table, Options.of(target="n", **options)).plan


@pytest.fixture(scope="module")
def model():
    return descend.train(TABLE, "n", epochs=8)


def test_it_is_periodic_with_members(model):
    *before, last = model.plan.network.layers
    assert isinstance(last, Members)
    assert isinstance(model.plan.loss, Ensemble)
    assert last.count == model.plan.loss.members == 4
    assert len(before) == 2  # the entrance, which members share, and the scales
    assert model.report.targets[0].r2 > 0.8


def test_only_three_classes_or_more_are_smoothed():
    def loss(column, **options):
        table = TABLE.drop("n").with_columns(n=pl.col(column).cast(pl.String))
        made = TableTraining(table, Options.of(target="n", drop=(column,), **options)).plan
        assert made.descent.watch == "refined" or options
        return made.loss.loss if isinstance(made.loss, Ensemble) else made.loss

    two = TABLE.with_columns(
        two=pl.when(pl.col("a") > 0).then(pl.lit("up")).otherwise(pl.lit("no"))
    )
    assert loss("hue").label_smoothing == 0.05
    assert loss("hue", loss="categorical_crossentropy").label_smoothing == 0
    assert loss("hue", network="dense").label_smoothing == 0
    made = TableTraining(two, Options.of(target="two")).plan
    assert made.loss.loss.label_smoothing == 0


def test_members_disagree_and_rows_have_a_likeness(model):
    found = model.predictions(TABLE.head(50))
    assert np.all(found.answers[0].disagreement > 0)
    assert found.likeness is not None
    assert found.unlike.mean() < 0.1
    # The network clips its inputs, so that the hidden layer alone does not see how far it is.
    odd = TABLE.head(50).with_columns(a=1000 * pl.col("a"))
    assert model.predictions(odd).unlike.all()


def test_it_is_kept_and_explained(model, tmp_path):
    model.save(tmp_path / "m.descend")
    again = descend.load(tmp_path / "m.descend")
    np.testing.assert_array_equal(again.predict(TABLE), model.predict(TABLE))
    parts, usual, found, gap = contributions(model, TABLE, 3)
    assert parts[0].column == "a"
    assert abs(gap) <= 0.02 * abs(found - usual)


def test_small_tables_are_dense():
    assert "Members" not in repr(plan(TABLE.head(1_000)).network)


@pytest.mark.parametrize(
    "options",
    [
        {"layers": (8,)},
        {"learning_rate": 0.01},
        {"optimizer": "sgd"},
        {"loss": "huber"},
        {"quantiles": (0.1, 0.5, 0.9)},
        {"network": "dense"},
        {"time_limit": 5.0},
    ],
)
def test_what_is_asked_of_layers_and_descent_is_dense(options):
    assert "TangentDense" not in repr(plan(**options).network)


@pytest.mark.slow
def test_members_can_be_chosen():
    assert isinstance(plan(members=2).network.layers[-1], Members)
    assert not isinstance(plan(members=1).loss, Ensemble)


def test_it_trains_from_disk(tmp_path):
    TABLE.write_csv(tmp_path / "table.csv")
    kept = descend.train(tmp_path / "table.csv", "n", epochs=2, stream=True)
    assert isinstance(kept.plan.loss, Ensemble)
    assert np.isfinite(kept.predict(TABLE)).all()
