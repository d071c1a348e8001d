"""Models of series: trained, tested by rolling origin, saved, and continued."""

import numpy as np
import polars as pl
import pytest

import descend
from descend.errors import UsageError
from descend.models.series.forecasting import continued

STEPS = np.arange(240)


def sales(steps=STEPS, seed=0):
    noise = np.random.default_rng(seed).normal(0, 0.3, len(steps))
    values = 20 + 5 * np.sin(2 * np.pi * steps / 7) + noise
    days = np.datetime64("2024-01-01") + steps
    return pl.DataFrame({"day": days.astype(str), "sold": values})


@pytest.fixture(scope="module")
def model():
    return descend.train(sales(), forecast=5, epochs=30)


def test_it_beats_naive_forecasts_of_a_season_with_noise(model):
    report = model.report.targets[0]
    assert (report.target, report.ahead, report.rows) == ("sold", 5, 44)
    assert report.beats
    assert report.rmse < 0.95 * min(report.season_rmse, report.last_rmse)
    assert 0.75 < report.covered <= 1.0
    assert len(report.steps) == 5
    whole = np.sqrt(np.mean([step.rmse**2 for step in report.steps]))
    assert report.rmse == pytest.approx(whole)


def test_the_naive_scores_are_those_of_the_series_itself(model):
    report, values = model.report.targets[0], sales()["sold"].to_numpy()
    origins = np.arange(240 - 48 - 1, 240 - 5)
    for h in (1, 5):
        truth = values[origins + h]
        last = np.sqrt(np.mean((truth - values[origins]) ** 2))
        season = np.sqrt(np.mean((truth - values[origins + h - 7]) ** 2))
        assert report.steps[h - 1].last_rmse == pytest.approx(last)
        assert report.steps[h - 1].season_rmse == pytest.approx(season)


def test_it_goes_on_after_the_last_known_value_and_the_same_from_a_file(model, tmp_path):
    model.save(tmp_path / "m.descend")
    loaded = descend.load(tmp_path / "m.descend")
    found = continued(model, sales())
    assert found.frame.columns == ["day", "forecast", "lower", "upper"]
    assert found.frame["day"].to_list()[0] == "2024-08-28"
    assert continued(loaded, sales()).frame.equals(found.frame)
    truth = 20 + 5 * np.sin(2 * np.pi * np.arange(240, 245) / 7)
    assert np.abs(found.frame["forecast"].to_numpy() - truth).max() < 1.0
    assert (found.frame["lower"] < found.frame["forecast"]).all()
    narrow = continued(model, sales(), interval=0.5, steps=2).frame
    assert len(narrow) == 2
    width = found.frame["upper"] - found.frame["lower"]
    assert (narrow["upper"] - narrow["lower"] < width[:2]).all()


def test_a_test_on_newer_rows_rolls_over_them(model):
    newer = sales(np.arange(200, 300), seed=1)
    report = model.test(newer)
    assert report.targets[0].rows == 100 - model.plan.forecast.history + 1 - 5
    assert report.seen == 0
    assert model.test(sales()).seen > 0


def test_the_plan_repeats_the_run(model):
    again = descend.train(sales(), plan=model.plan, forecast=None)
    assert again.report == model.report


def test_more_than_was_trained_for_is_refused(model):
    with pytest.raises(UsageError, match=r"forecasts 1 to 5 steps ahead, and 9 were asked.*9"):
        continued(model, sales(), steps=9)
    plain = descend.train({"x": list(range(40)), "y": [0.5, 1.0] * 20}, "y", epochs=1, layers=(4,))
    with pytest.raises(UsageError, match="continues no series"):
        continued(plain, sales())


def test_several_series_in_one_file_and_one_never_met():
    shops = {"a": (1.0, 0), "b": (40.0, 1), "c": (3.0, 2)}
    frame = pl.concat(
        [
            sales(seed=seed).with_columns(pl.col("sold") * scale, shop=pl.lit(name))
            for name, (scale, seed) in shops.items()
        ]
    )
    model = descend.train(frame, forecast=3, group="shop", epochs=20)
    short = sales(STEPS[:4]).with_columns(shop=pl.lit("e"))
    new = pl.concat(
        [frame, short, sales(seed=9).with_columns(pl.col("sold") * 7, shop=pl.lit("d"))]
    )
    found = continued(model, new)
    assert found.frame["shop"].to_list() == [name for name in "abcd" for _ in range(3)]
    scale = found.frame.group_by("shop", maintain_order=True).agg(pl.col("forecast").mean())
    assert np.allclose(scale["forecast"].to_numpy() / [20, 800, 60, 140], 1, atol=0.3)
    assert any(note.endswith("steps are known: e") for note in found.notes)
    assert "never met in training: e, d" in found.notes


@pytest.mark.slow
def test_quantiles_and_ensembles_are_in_the_unit_of_the_series():
    model = descend.train(sales(), forecast=2, quantiles=(0.1, 0.5, 0.9), members=2, epochs=10)
    frame = continued(model, sales()).frame
    assert (frame["quantile_0.1"] < frame["quantile_0.9"]).all()
    assert frame["quantile_0.5"].is_between(10, 30).all()


def test_options_that_mean_nothing_for_a_series_are_refused():
    for options in ({"weight": "sold"}, {"split": "day"}, {"stream": True}):
        with pytest.raises(UsageError, match="does not go with --forecast"):
            descend.train(sales(), forecast=2, **options)
    with pytest.raises(UsageError, match="continues one column"):
        descend.train(sales(), ["sold", "day"], forecast=2)
