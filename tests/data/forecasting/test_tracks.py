"""Series at equal steps: order, doubles, gaps, several in one table."""

import numpy as np
import polars as pl
import pytest

from descend.data.columns import Column
from descend.data.forecasting.tracks import read_tracks
from descend.errors import ColumnError, DataError

TARGET, TIME = Column("sold", "number"), Column("day", "date")


def read(days, sold, **more):
    frame = pl.DataFrame({"day": days, "sold": sold, **more.pop("columns", {})})
    return read_tracks(frame, target=TARGET, time=TIME, **more)


def test_rows_are_put_in_order_and_gaps_stay_gaps():
    days = ["2024-01-04", "2024-01-01", "2024-01-02", "2024-01-05"]
    (track,), clock, notes = read(days, ["4", "1", "", "5"])
    assert clock.describe() == "1 day"
    np.testing.assert_array_equal(track.values, [1, np.nan, np.nan, 4, 5])
    assert notes[0] == "rows put in order of time"
    assert notes[1] == "2 steps of 5 without a value: the last known one stands in"


def test_values_missing_at_the_ends_are_no_part_of_the_series():
    days = [f"2024-01-0{d}" for d in range(1, 6)]
    (track,), _, notes = read(days, ["", "2", "3", "4", ""])
    assert (track.first, track.values.tolist(), notes) == (1, [2.0, 3.0, 4.0], ())


def test_several_series_keep_their_own_clock_positions():
    days = ["2024-01-01", "2024-01-02", "2024-01-02", "2024-01-03"]
    tracks, _, _ = read(
        days, ["1", "2", "7", "8"], columns={"shop": ["b", "b", "a", "a"]}, group="shop"
    )
    assert [(t.name, t.first, t.values.tolist()) for t in tracks] == [
        ("b", 0, [1.0, 2.0]), ("a", 1, [7.0, 8.0]),
    ]  # fmt: skip


def test_equal_rows_are_left_out_and_differing_ones_refused():
    days = ["2024-01-01", "2024-01-02", "2024-01-02"]
    (track,), _, notes = read(days, ["1", "2", "2"])
    assert track.values.tolist() == [1.0, 2.0]
    assert notes == ("1 row equal to another of the same time: left out",)
    with pytest.raises(ColumnError, match=r'rows 2 and 3 are of the same time "2024-01-02".*--gro'):
        read(days, ["1", "2", "3"])


def test_what_is_no_series_is_refused():
    with pytest.raises(ColumnError, match="row 2 is empty"):
        read(["2024-01-01", ""], ["1", "2"])
    with pytest.raises(DataError, match="has no value in any row"):
        read(["2024-01-01", "2024-01-02"], ["", ""])
    with pytest.raises(ColumnError, match="a single time"):
        read(["2024-01-01"], ["1"])
    days = ["2024-01-01", "2024-01-02", "2024-01-03", "2024-01-20", "2024-02-09"]
    with pytest.raises(ColumnError, match="the times are irregular"):
        read(days, ["1", "2", "3", "4", "5"])
    days = ["1024-01-01", "2024-01-02", "2024-01-03"]
    with pytest.raises(ColumnError, match="the times are irregular"):
        read(days, ["1", "2", "3"])
