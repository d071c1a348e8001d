"""What each column of a table is taken for."""

from __future__ import annotations

import datetime

import numpy as np
import polars as pl
import pytest

from descend.data.columns import Column, infer_columns, input_columns
from descend.data.inference import infer_column
from descend.errors import ColumnError, TargetError
from descend.spec import SpecError, from_json, to_json


def kind(values: object, name: str = "a", **options: object) -> str:
    return infer_column(pl.Series(name, values), **options).kind  # type: ignore[arg-type]


def real(shared_data, name: str, **options) -> pl.DataFrame:
    return pl.read_csv(shared_data / "tables" / name, infer_schema=False, **options)


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        (["1.5", "2", "3"], "number"),
        (["1", "", "NA", "2", None], "number"),
        ([" 1", "2 ", "5"], "number"),
        (["1,5", "2,5"], "number"),
        (["1,234", "12", "1,000,000"], "number"),
        (["0", "1", "0", "1"], "number"),
        ([0, 1, 1], "number"),
        ([datetime.timedelta(1), datetime.timedelta(2)], "number"),
        (["007", "008", "007"], "category"),
        (["red", "blue", "red"], "category"),
        ([" red", "red "], "constant"),
        (["Yes", "No", "yes"], "boolean"),
        (["t", "F"], "boolean"),
        ([True, False], "boolean"),
        (["yes", "false"], "category"),
        (["2011-01-01", "2011-02-01"], "date"),
        (["2011-01-01T10:00:00Z", "2011-02-01T11:30:00.5Z"], "date"),
        (["13/1/2011", "1/2/2011"], "date"),
        (["1/13/2011", "1/2/2011"], "date"),
        (["1 Mar 2011", "13 Apr 2011"], "date"),
        (["March 1, 2011", "May 2, 2011"], "date"),
        (["10:30", "11:45"], "date"),
        ([datetime.date(2011, 1, 1), datetime.date(2012, 1, 1)], "date"),
        ([datetime.time(1), datetime.time(2)], "date"),
        ([None, None], "constant"),
        (["", "NA"], "constant"),
        (["x", "x"], "constant"),
        ([2.5, 2.5], "constant"),
        (["x", None], "category"),
    ],
)
def test_kind_of_small_columns(values, expected):
    assert kind(values) == expected


@pytest.mark.parametrize(
    ("values", "name", "expected"),
    [
        (range(1, 345), "n", "identifier"),
        ([str(i) for i in range(345)], "n", "identifier"),
        (np.random.default_rng(0).permutation(100), "n", "identifier"),
        (np.sort(np.random.default_rng(0).choice(900, 300, replace=False)), "n", "identifier"),
        ([f"C{i:04}" for i in range(50)], "a", "identifier"),
        (["10-a", "11-b", "12-c"], "customerID", "identifier"),
        ([9223372036854770000 + i * i for i in range(60)], "person_id", "identifier"),
        # Measurements that happen to differ in every row.
        ([181, 195, 210, 176, 203], "flipper", "number"),
        (np.random.default_rng(0).choice(10**6, 300, replace=False), "salary", "number"),
        (np.sort(np.random.default_rng(0).lognormal(9, 2, 300).astype(int)), "people", "number"),
        (range(1950, 2021), "year", "number"),
        (np.linspace(0, 1, 100), "id", "number"),
        (np.random.default_rng(0).normal(size=100), "row", "number"),
        ([1, 2, 3, 1, 2, 3] * 20, "patient_id", "number"),
        (["a", "b", "c"], "hue", "category"),
    ],
)
def test_identifiers_and_measurements(values, name, expected):
    assert kind(list(values) if isinstance(values, range) else values, name) == expected


def test_free_text_and_long_categories():
    reviews = [f"the film number {i} was rather long and dull" for i in range(100)]
    assert kind(reviews) == "text"
    assert kind(["a very long name of a category"] * 50 + ["another long name of one"] * 50) == (
        "category"
    )
    assert kind([f"{i % 60} A/5" for i in range(100)]) == "category"


def test_few_odd_spellings_of_missing_in_a_number():
    column = infer_column(pl.Series("a", [str(i / 7) for i in range(99)] + ["n.d."]))
    assert (column.kind, column.missing) == ("number", ("n.d.",))
    # A number with a unit is not a missing value.
    with pytest.raises(ColumnError, match=r'a number in 99 cells, but not in 1, the first "5 kg"'):
        kind([str(i / 7) for i in range(99)] + ["5 kg"])
    assert kind([str(i % 60) for i in range(99)] + ["17B"]) == "category"


def test_dates_by_the_whole_column():
    assert infer_column(pl.Series(["1/2/2011", "3/13/2011"])).pattern == "%m/%d/%Y"
    assert infer_column(pl.Series(["1/2/2011", "13/3/2011"])).pattern == "%d/%m/%Y"
    ambiguous = infer_column(pl.Series(["1/2/2011", "3/4/2011"]))
    assert ambiguous.pattern == "%d/%m/%Y"
    assert "does not settle" in ambiguous.note


def test_roles_and_overrides():
    frame = pl.DataFrame(
        {"a": ["1", "2", "1"], "b": ["x", "y", "x"], "w": ["1"] * 3, "t": ["1", "2", "3"]}
    )
    columns = infer_columns(frame, targets=["b"], weight="w", time="t", kinds={"a": "category"})
    assert [column.kind for column in columns] == ["category", "target", "weight", "time"]
    assert [column.name for column in input_columns(columns)] == ["a"]
    assert infer_columns(frame, drop=["a"], group="b")[0].kind == "dropped"


def test_the_only_input_is_kept_though_it_counts_rows():
    frame = pl.DataFrame({"x": range(1, 21), "y": np.arange(20) ** 2.0})
    assert infer_columns(frame, targets=["y"])[0].kind == "number"
    assert infer_columns(frame)[0].kind == "identifier"


def test_unknown_names_and_two_roles():
    frame = pl.DataFrame({"species": ["a"], "island": ["b"]})
    with pytest.raises(
        TargetError, match=r'penguins.csv has no column "speces". Did you mean "spe'
    ):
        infer_columns(frame, targets=["speces"], source="penguins.csv")
    with pytest.raises(ColumnError, match=r'"iland".*Columns: species, island'):
        infer_columns(frame, drop=["iland"])
    with pytest.raises(ColumnError, match="both dropped and target"):
        infer_columns(frame, drop=["island"], targets=["island"])
    with pytest.raises(TargetError, match=r'target "island" is named 2 times: name each'):
        infer_columns(frame, targets=["island", "species", "island"])
    with pytest.raises(ColumnError, match=r'kind "numbr". Did you mean "number"'):
        infer_columns(frame, kinds={"island": "numbr"})
    with pytest.raises(ColumnError, match="holds List"):
        infer_columns(pl.DataFrame({"a": [[1], [2]]}))
    assert infer_columns(pl.DataFrame({"a": [[1], [2]]}), drop=["a"])[0].kind == "dropped"


@pytest.mark.parametrize(
    "fields",
    [
        {"name": 3},
        {"holds": "numbers"},
        {"decimal": ";"},
        {"decimal": ",", "thousands": ","},
        {"pattern": "%Q"},
        {"pattern": "%d"},
        {"missing": ("a", "a")},
        {"missing": "ab"},
    ],
)
def test_hostile_columns_are_refused(fields):
    with pytest.raises(SpecError):
        from_json(to_json(Column("a", "number")) | fields, {"Column": Column})


def test_kinds_of_real_tables(shared_data):
    def kinds(name, **options):
        columns = infer_columns(real(shared_data, name, **options))
        return {column.name: column.kind for column in columns}

    penguins = kinds("penguins.csv")
    assert penguins["bill_length_mm"] == penguins["year"] == "number"
    assert penguins["sex"] == penguins["island"] == "category"
    titanic = kinds("titanic.csv")
    assert titanic["PassengerId"] == "identifier"
    assert (titanic["Name"], titanic["Ticket"], titanic["Cabin"]) == (
        "text",
        "category",
        "category",
    )
    assert titanic["Age"] == titanic["Pclass"] == "number"
    telco = kinds("telco_churn.csv")
    assert telco["customerID"] == "identifier"
    assert telco["TotalCharges"] == telco["SeniorCitizen"] == telco["tenure"] == "number"
    assert telco["Partner"] == "boolean"
    bike = kinds("bike_hour.csv")
    assert (bike["instant"], bike["dteday"], bike["cnt"]) == ("identifier", "date", "number")
    diamonds = kinds("diamonds.csv")
    assert (diamonds["rownames"], diamonds["carat"]) == ("identifier", "number")
    for name, options in (
        ("california.csv", {}),
        ("electricity.csv", {}),
        ("winequality-white.csv", {"has_header": False}),
        ("letter.tsv.gz", {"separator": "\t"}),
        ("connect-4.tsv.gz", {"separator": "\t"}),
        ("574_house_16H.tsv.gz", {"separator": "\t"}),
    ):
        assert set(kinds(name, **options).values()) <= {"number", "category"}, name
