"""Ensembles, RealMLP, metrics, quantiles and limits of time, from options to models."""

import numpy as np
import polars as pl
import pytest

import descend
from descend.errors import SpecError, UsageError
from descend.layers import Members
from descend.losses import Ensemble
from descend.models import Options, TableTraining

DRAW = np.random.default_rng(0)
ROWS = 400
TABLE = pl.DataFrame(
    {
        "a": DRAW.normal(size=ROWS),
        "b": DRAW.lognormal(sigma=2, size=ROWS),
        "hue": DRAW.choice(["red", "green", "blue"], ROWS),
        "town": [f"town {i % 25}" for i in range(ROWS)],
    }
).with_columns(
    y=pl.when((pl.col("a") > 0.3) ^ (pl.col("hue") == "red"))
    .then(pl.lit("yes"))
    .otherwise(pl.lit("no")),
    n=2 * pl.col("a") + pl.col("b").log(),
)
CLASSES, NUMBERS = TABLE.drop("n"), TABLE.drop("y")


def test_an_ensemble_averages_its_members(tmp_path):
    model = descend.train(CLASSES, "y", members=3, epochs=3, layers=(8,))
    assert isinstance(model.plan.network, Members)
    assert isinstance(model.plan.loss, Ensemble)
    found = model.predictions(CLASSES.head(50))
    answer = found.answers[0]
    np.testing.assert_allclose(answer.probabilities.sum(axis=1), 1, atol=1e-6)
    assert np.all(answer.disagreement >= 0)
    assert np.any(answer.disagreement > 1e-3)
    assert found.likeness is not None
    model.save(tmp_path / "m.descend")
    again = descend.load(tmp_path / "m.descend").predictions(CLASSES.head(50))
    for name, column in found.columns().items():
        np.testing.assert_array_equal(again.columns()[name], column)


@pytest.mark.slow
def test_disagreement_of_numbers_is_in_their_unit():
    model = descend.train(NUMBERS, "n", members=2, epochs=2, layers=(8,))
    (answer,) = model.predictions(NUMBERS.head(20)).answers
    assert np.all(answer.disagreement > 0)
    assert np.median(answer.disagreement) < 3 * NUMBERS["n"].std()


@pytest.mark.parametrize(
    ("table", "target"), [(CLASSES, "y"), pytest.param(NUMBERS, "n", marks=pytest.mark.slow)]
)
def test_realmlp_learns(table, target):
    training = TableTraining(
        table,
        Options.of(target=target, network="realmlp", epochs=40, batch_size=32, layers=(32, 32)),
    )
    kind = "mish" if target == "n" else "selu"
    assert kind in training.network_line()
    for _ in training.epochs():
        pass
    report = training.finish().report.targets[0]
    assert (report.accuracy if target == "y" else report.r2) > 0.8


def test_the_metric_decides_which_epoch_is_kept():
    training = TableTraining(
        NUMBERS, Options.of(target="n", metric="mae", epochs=8, layers=(8,), learning_rate=0.02)
    )
    records = [record for record in training.epochs() if record.complete]
    best = max(records, key=lambda record: record.validation_score)
    assert training.run.best_epoch == best.epoch
    assert training.plan.metric == "mae"
    assert best.validation_score < 0  # greater is better inside


def test_quantiles_are_columns_in_order():
    model = descend.train(NUMBERS, "n", quantiles=[0.1, 0.5, 0.9], epochs=3, layers=(8,))
    added = model.predictions(NUMBERS, interval=0.8).columns()
    low, middle, high = (added[f"quantile_{level}"] for level in (0.1, 0.5, 0.9))
    assert np.all((low <= middle) & (middle <= high))
    np.testing.assert_array_equal(added["prediction"], middle)
    truth = NUMBERS["n"].to_numpy()
    assert np.mean((added["low"] <= truth) & (truth <= added["high"])) > 0.7


def test_a_run_is_stopped_when_the_time_is_over(monkeypatch):
    training = TableTraining(NUMBERS, Options.of(target="n", time_limit=1000.0, epochs=500))
    assert "up to 500 epochs" in training.limit.notes[0]
    assert isinstance(training.plan.loss, Ensemble)
    monkeypatch.setattr(training.limit, "seconds", 0.0)
    for _ in training.epochs():
        pass
    assert training.run.ended == "time"
    assert len(training.run.history) < 5


def test_a_limit_too_small_says_what_would_do():
    training = TableTraining(NUMBERS, Options.of(target="n", time_limit=1e-3))
    assert "A limit of" in training.limit.notes[0]
    assert sum(record.complete for record in training.epochs()) <= 1


@pytest.mark.parametrize(
    ("options", "phrase"),
    [
        ({"metric": "acuracy"}, 'Did you mean "accuracy"'),
        ({"metric": "rmse"}, "has 2 classes"),
        ({"members": 0}, "at least 1"),
        ({"network": "realmpl"}, 'Did you mean "realmlp"'),
        ({"time_limit": 0}, "above 0"),
        ({"quantiles": (0.1, 0.9), "loss": "focal"}, "quantiles need"),
        ({"quantiles": (0.1, 0.9)}, "is for numbers"),
    ],
)
def test_what_is_refused(options, phrase):
    with pytest.raises((UsageError, SpecError), match=phrase):
        descend.train(CLASSES, "y", **options)


def test_the_rows_of_a_test_file_beside_test(tmp_path):
    lines = [f"{i % 2}\t{i % 2 + 0.01 * i}\t{1 - i % 2}\t0.5" for i in range(30)]
    (tmp_path / "X_TRAIN.tsv").write_text("\n".join(lines[:20]) + "\n")
    (tmp_path / "X_TEST.tsv").write_text("\n".join(lines[20:]) + "\n")
    options = {"epochs": 1, "layers": (4,)}
    model = descend.train(tmp_path / "X_TRAIN.tsv", **options)
    assert model.report.rows == 10
    again = descend.train(tmp_path / "X_TRAIN.tsv", plan=model.plan)
    assert again.report == model.report
    own = descend.train(tmp_path / "X_TRAIN.tsv", test_fraction=0.2, **options)
    assert own.report.rows == 4
