"""Categories that a typed table declares are categories, and classes where they are the target."""

from __future__ import annotations

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

import descend
from descend.data.reading import read_table, stream_table

CODES = [10115, 20095, 50667, 80331] * 15
WORDS = [str(code) for code in CODES]
SIZES = np.linspace(0.5, 30, 60).tolist()
POLARS = pl.DataFrame({"zip": pl.Series(WORDS, dtype=pl.Categorical), "size": SIZES})
PANDAS = pd.DataFrame({"zip": pd.Categorical(CODES), "size": SIZES})
DECLARED = {
    "categorical": POLARS,
    "enum": POLARS.with_columns(pl.col("zip").cast(pl.Enum(sorted(set(WORDS))))),
    "lazy": POLARS.lazy(),
    "pandas": PANDAS,
    "arrow": pa.Table.from_pandas(PANDAS),
}


@pytest.mark.parametrize("form", DECLARED)
def test_declared_categories_of_digits(form):
    table = read_table(DECLARED[form])
    assert table.kinds == {"zip": "category"}
    assert table.frame["zip"].cast(pl.String).to_list() == WORDS
    inputs = descend.train(DECLARED[form], target="size", epochs=1)
    assert {c.name: c.kind for c in inputs.plan.columns}["zip"] == "category"
    target = descend.train(DECLARED[form], target="zip", epochs=1)
    assert target.card.targets[0].classes == tuple(sorted(set(CODES)))
    asked = descend.train(DECLARED[form], target="zip", task="regression", epochs=1)
    assert asked.plan.tasks == ("regression",)


@pytest.mark.parametrize("ending", ["parquet", "arrow"])
def test_declared_categories_in_files(ending, tmp_path):
    path = tmp_path / f"table.{ending}"
    POLARS.write_parquet(path) if ending == "parquet" else POLARS.write_ipc(path)
    assert read_table(path).kinds == {"zip": "category"}
    assert next(iter(stream_table(path, rows=7))).kinds == {"zip": "category"}
    for stream in (False, True):
        model = descend.train(path, target="size", epochs=1, stream=stream)
        assert {c.name: c.kind for c in model.plan.columns}["zip"] == "category"


def test_text_files_declare_nothing(tmp_path):
    path = tmp_path / "table.csv"
    POLARS.write_csv(path)
    for compact in (False, True):
        assert read_table(path, compact=compact).kinds == {}


def test_a_column_of_one_value_is_constant_whatever_it_declares():
    frame = POLARS.with_columns(pl.lit("1").cast(pl.Categorical).alias("same"))
    assert read_table(frame).kinds == {"zip": "category"}
    columns = descend.train(frame, target="size", epochs=1).plan.columns
    assert {c.name: c.kind for c in columns}["same"] == "constant"


def test_what_is_asked_for_overrules():
    model = descend.train(PANDAS, target="size", kinds={"zip": "number"}, epochs=1)
    assert {c.name: c.kind for c in model.plan.columns}["zip"] == "number"


def test_labels_that_spell_missing_inputs_are_kept():
    frame = pd.DataFrame({"finding": pd.Categorical(["None", "-", "x"] * 20), "size": SIZES})
    model = descend.train(frame, target="finding", epochs=1)
    assert model.card.targets[0].classes == ("-", "None", "x")
