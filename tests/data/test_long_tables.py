"""Long tables: rows gathered into sequences by hand, and what is refused."""

import polars as pl
import pytest

from descend.data.long_tables import fit_long_table, looks_long
from descend.data.table import Table
from descend.errors import ColumnError, DataError

VISITS = {
    "who": ["b", "a", "b", "a", "b", "c"],
    "day": ["3", "1", "1", "2", "2", "1"],
    "pulse": ["70", "60", "71", "", "72", "80"],
    "mood": ["up", "down", "down", "up", "up", "up"],
    "sex": ["f", "m", "f", "m", "f", "f"],
    "ill": ["y", "n", "y", "n", "y", "n"],
}


def table(**changes):
    return Table(pl.DataFrame(VISITS | changes), "visits.csv")


def gathered(source):
    found = fit_long_table(source, group="who", time="day", targets=["ill"])
    return found, found.gathered(source)


def test_rows_become_sequences_in_order_of_time():
    found, made = gathered(table())
    assert found.channels == ("pulse", "mood=down", "mood=up")
    assert made.frame.to_dict(as_series=False) == {
        "who": ["b", "a", "c"],
        "sex": ["f", "m", "f"],
        "ill": ["y", "n", "n"],
        "steps": [
            "71.0,72.0,70.0:1.0,0.0,0.0:0.0,1.0,1.0", "60.0,?:1.0,0.0:0.0,1.0", "80.0:0.0:1.0",
        ],
    }  # fmt: skip
    assert made.kinds["steps"] == "series"
    assert "6 rows are the steps of 3 sequences, one a who, in order of day" in made.notes[0]
    assert found.is_gathered(made)
    assert not found.is_gathered(table())


def test_uneven_times_become_a_channel():
    found, made = gathered(table(day=["9", "1", "1", "2", "2", "1"]))
    assert found.gaps
    assert made.frame["steps"][0].endswith(":0.0,1.0,7.0")
    assert any("not even" in note for note in made.notes)


def test_rows_of_one_time_keep_their_order_which_is_said():
    _, made = gathered(table(day=["1", "1", "1", "2", "2", "1"]))
    assert made.frame["steps"][0].startswith("70.0,71.0,72.0")
    assert any("1 rows of the same time" in note or "same time" in note for note in made.notes)


def test_groups_of_one_target_look_long():
    assert looks_long(table(), "who", "day", ["ill"])
    assert not looks_long(table(ill=["y", "n", "n", "n", "y", "n"]), "who", "day", ["ill"])
    assert not looks_long(table(), "who", None, ["ill"])
    assert not looks_long(table(who=list("abcdef")), "who", "day", ["ill"])


def test_what_is_no_long_table_is_refused():
    source = table(day=["1", "", "1", "2", "2", "1"])
    with pytest.raises(ColumnError, match='time "day", row 2 is empty'):
        gathered(source)
    with pytest.raises(DataError, match="no number or category changes within a who"):
        fit_long_table(
            Table(table().frame.drop("pulse", "mood"), "v"),
            group="who", time="day", targets=["ill"],
        )  # fmt: skip
    found, _ = gathered(table())
    with pytest.raises(ColumnError, match='column "pulse" is needed for the steps of each who'):
        found.gathered(Table(table().frame.drop("pulse"), "new.csv"))
