"""The table made of a series: its columns by hand, nothing from the future, honest parts."""

import numpy as np
import polars as pl
import pytest

from descend.data.forecasting.fitting import PART, fit_forecast, training_windows
from descend.data.table import Table
from descend.errors import ColumnError, DataError, UsageError

STEPS = np.arange(120)
SALES = np.exp(0.01 * STEPS) * (20 + 5 * np.sin(2 * np.pi * STEPS / 12))


def table(values=SALES, **columns):
    months = np.datetime64("2010-01") + np.arange(len(values))
    return Table(pl.DataFrame({"month": months.astype(str), "sold": values, **columns}), "sales")


def fitted(source, **options):
    shares = {"test_fraction": 0.2, "validation_fraction": None}
    shares |= {k: options.pop(k) for k in list(options) if k in shares}
    forecast, tracks, notes = fit_forecast(source, horizon=options.pop("horizon", 3), **options)
    return training_windows(forecast, tracks, source, notes, **shares)


def test_what_is_found_in_a_series():
    forecast = fitted(table()).forecast
    assert forecast.clock.describe() == "1 month"
    assert (forecast.target.name, forecast.seasons, forecast.log) == ("sold", (12,), True)
    assert forecast.circles == (12.0,)
    assert not forecast.level
    assert all(forecast.seasonal)


def test_the_columns_of_an_origin_by_hand():
    windows = fitted(table())
    frame, learned = windows.table.frame, np.log(SALES)
    for row in (0, 7, len(frame) - 1):
        t = int(windows.origins[row])
        cells = frame.row(row, named=True)
        assert cells["sold since 2 back"] == pytest.approx(learned[t] - learned[t - 2])
        assert cells["sold over season before, 1 back"] == pytest.approx(
            learned[t - 1] - learned[t - 13]
        )
        assert cells["season of 12, sine 1"] == pytest.approx(np.sin(2 * np.pi * t / 12))
        assert cells["sold +3"] == pytest.approx(learned[t + 3] - learned[t + 3 - 12])
        assert windows.truth[row].tolist() == pytest.approx(SALES[t + 1 : t + 4].tolist())
    for step in range(3):
        changes = frame[f"sold +{step + 1}"].to_numpy()
        np.testing.assert_allclose(windows.own_unit(changes, step), windows.truth[:, step])


def test_inputs_know_nothing_of_the_future():
    changed = SALES.copy()
    changed[100:] = 1000.0
    windows, others = (fitted(table(v), test_fraction=0.2) for v in (SALES, changed))
    forecast = windows.forecast
    tracks, _ = forecast.read(table(changed))
    others = forecast.windows_of(tracks, "sales")
    inputs = [n for n in others.table.frame.columns if n not in forecast.target_names]
    every = forecast.windows_of(forecast.read(table())[0], "sales")
    before = every.origins < 100
    assert before.any()
    assert (
        every.table.frame.filter(before)
        .select(inputs)
        .equals(others.table.frame.filter(before).select(inputs))
    )


def test_a_gap_is_filled_from_before_and_is_no_target():
    values = SALES.tolist()
    values[60] = None
    windows = fitted(table(values))
    forecast = windows.forecast
    assert not set(windows.origins) & {57, 58, 59, 60}
    row = int(np.flatnonzero(windows.origins == 61)[0])
    learned = np.log(SALES)
    back = windows.table.frame["sold since 1 back"][row]
    assert back == pytest.approx(learned[61] - learned[59])
    assert any("1 step of 120 without a value" in note for note in windows.notes)
    assert forecast.horizon == 3


def test_no_target_of_one_part_lies_in_another():
    windows = fitted(table())
    part = windows.table.frame[PART].to_numpy()
    first, last = windows.origins + 1, windows.origins + 3
    assert last[part == "train"].max() < first[part == "validation"].min()
    assert last[part == "validation"].max() < first[part == "test"].min()
    assert first[part == "test"].min() == 120 - 24
    assert last[part == "test"].max() == 119


def test_what_was_found_does_not_depend_on_the_test_part():
    changed = SALES.copy()
    changed[96:] = np.random.default_rng(0).normal(1000, 400, 24)
    assert fitted(table(changed)).forecast == fitted(table()).forecast


def test_several_series_share_a_table():
    frame = pl.concat(
        [
            table(scale * SALES).frame.with_columns(shop=pl.lit(n))
            for n, scale in (("a", 1), ("b", 9))
        ]
    )
    windows = fitted(Table(frame, "sales"), group="shop")
    assert windows.forecast.names == ("a", "b")
    assert windows.table.kinds["shop"] == "category"
    assert windows.table.frame["shop"].unique().sort().to_list() == ["a", "b"]


def test_further_columns_are_known_up_to_the_origin():
    price = np.sin(STEPS)
    windows = fitted(table(price=price, note=["x", "y"] * 60), target="sold")
    assert windows.table.frame["price"].to_list() == price[windows.origins].tolist()
    assert [c.name for c in windows.forecast.others] == ["price", "note"]


def test_the_latest_step_is_the_last_known():
    values = [*SALES.tolist(), None, None]
    forecast = fitted(table()).forecast
    tracks, _ = forecast.read(table(values))
    windows = forecast.windows_of(tracks, "new", latest=True)
    assert windows.origins.tolist() == [119]
    assert np.isnan(windows.truth).all()
    short, _ = forecast.read(table(SALES[:5]))
    with pytest.raises(DataError, match=rf"has 5 steps.*{forecast.history} are needed"):
        forecast.windows_of(short, "new", latest=True)


def test_series_too_short_say_how_far_they_can_be_forecast():
    with pytest.raises(
        DataError,
        match=r"does not support forecasts 12 steps ahead.*--forecast 8, .* supports, or set",
    ):
        fitted(table(SALES[:36]), horizon=12)
    for horizon in range(9, 20):
        with pytest.raises(DataError, match=r"ask for --forecast 8, the farthest that it supports"):
            fitted(table(SALES[:36]), horizon=horizon)
    assert fitted(table(SALES[:36]), horizon=8).forecast.horizon == 8
    with pytest.raises(DataError, match="does not support"):
        fitted(table(SALES[:2]), horizon=1)
    with pytest.raises(UsageError, match="1 to 366"):
        fitted(table(), horizon=0)


def test_what_cannot_be_forecast_is_refused():
    with pytest.raises(UsageError, match=r"no target.*Columns: .*sold, price"):
        fitted(table(price=np.sin(STEPS)))
    with pytest.raises(DataError, match="forecasts are of numbers"):
        fitted(table(hue=["red", "blue", "grey"] * 40), target="hue")
    with pytest.raises(ColumnError, match="must hold dates or numbers"):
        fitted(table(hue=["red", "blue", "grey"] * 40), time="hue", target="sold")
    forecast = fitted(table()).forecast
    zeros = SALES.copy()
    zeros[50] = 0.0
    tracks, _ = forecast.read(table(zeros))
    with pytest.raises(ColumnError, match="0 at 2014-03; in training every value was above 0"):
        forecast.windows_of(tracks, "new", latest=True)
