"""Clocks: steps of seconds, months, working days and numbers, and times that are on no grid."""

import numpy as np
import polars as pl
import pytest

from descend.data.columns import Column
from descend.data.forecasting.clock import Clock, fit_clock
from descend.errors import ColumnError, SpecError


def moments(*texts):
    return np.array(texts, "datetime64[us]").astype(np.int64).astype(float)


def fitted(times, kind="date", pattern=""):
    starts = np.zeros(len(times), bool)
    starts[0] = True
    return fit_clock(times, starts, Column("when", kind, pattern=pattern))


@pytest.mark.parametrize(
    ("texts", "told", "after"),
    [
        (("2024-01-31", "2024-02-29", "2024-03-31"), "1 month", "2024-04-30"),
        (("2023-11-15", "2023-12-15", "2024-01-15"), "1 month", "2024-02-15"),
        (("2023-10-01", "2024-01-01", "2024-04-01"), "3 months", "2024-07-01"),
        (("2020-01-01", "2021-01-01", "2022-01-01"), "1 year", "2023-01-01"),
        (("2024-02-27", "2024-02-28", "2024-03-01"), "1 day", "2024-03-02"),
        (("2024-01-01", "2024-01-08", "2024-01-15"), "1 week", "2024-01-22"),
        (("2024-01-01T00:00", "2024-01-01T00:15"), "15 minutes", "2024-01-01T00:30"),
    ],
)
def test_a_clock_goes_on_as_the_calendar_does(texts, told, after):
    times = moments(*texts)
    clock = fitted(times)
    assert clock.describe() == told
    positions = clock.positions(times)
    following = clock.times(positions[-1:] + 1)
    assert (
        following.cast(pl.Datetime("us"))[0]
        == pl.Series(moments(after).astype(int)).cast(pl.Datetime("us"))[0]
    )


def test_working_days_skip_the_weekend():
    days = np.array(["2024-01-01", "2024-01-26"], "datetime64[D]")
    all_days = np.arange(*days)
    work = all_days[np.is_busday(all_days)]
    clock = fitted(work.astype("datetime64[us]").astype(np.int64).astype(float))
    assert clock.describe() == "1 working day"
    assert clock.seasons() == (5, 261)
    assert clock.times(np.array([4, 5])).cast(pl.String).to_list() == ["2024-01-05", "2024-01-08"]


def test_numbers_and_rows_are_counted():
    years = np.array([1821.0, 1822, 1824])
    clock = fitted(years, kind="number")
    assert clock.positions(years).tolist() == [0, 1, 3]
    assert clock.times(np.array([4])).to_list() == [1825]
    assert Clock("row", 1.0, 1.0).times(np.array([2])).to_list() == [3]


def test_times_are_written_as_they_came():
    times = moments("1949-01-01", "1949-02-01")
    clock = fitted(times, pattern="%Y-%m")
    assert clock.times(np.array([12])).to_list() == ["1950-01"]


def test_times_between_steps_are_refused():
    times = moments("2024-01-01", "2024-01-02", "2024-01-03", "2024-01-03T12:00")
    with pytest.raises(ColumnError, match=r"row 4 is between steps.*1 day apart"):
        fitted(times).positions(times)
    months = moments("2024-01-01", "2024-02-01", "2024-03-01")
    with pytest.raises(ColumnError, match="row 1 is between steps"):
        fitted(months).positions(moments("2024-02-15"))


def test_hostile_clocks_are_refused():
    with pytest.raises(SpecError):
        Clock("month", 1.5, 0.0, Column("when", "date"))
    with pytest.raises(SpecError):
        Clock("second", 60.0, 0.0)
