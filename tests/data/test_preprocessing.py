"""Fitted columns turned into arrays."""

from __future__ import annotations

import datetime
import json
import tracemalloc

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from descend.data.columns import Column, infer_columns
from descend.data.encoders.category import BooleanEncoder, CategoryEncoder
from descend.data.encoders.date import DateEncoder
from descend.data.encoders.number import NumberEncoder, bend
from descend.data.preprocessing import Preprocessing, fit_preprocessing
from descend.errors import ColumnError, UsageError
from descend.spec import SpecError, from_json, to_json

CLASSES = {
    kind.__name__: kind
    for kind in (
        Preprocessing, Column, NumberEncoder, CategoryEncoder, BooleanEncoder, DateEncoder,
    )
}  # fmt: skip


def fit(data, *, scale="standard", rows=None, onehot_limit=16, **options) -> Preprocessing:
    frame = pl.DataFrame(data)
    columns = infer_columns(frame, **options)
    return fit_preprocessing(frame, columns, scale=scale, rows=rows, onehot_limit=onehot_limit)


def same(a, b) -> bool:
    if isinstance(a, dict):
        return all(np.array_equal(a[key], b[key]) for key in ("numbers", "codes"))
    return np.array_equal(a, b)


MIXED = {
    "size": ["1.5", "2", "", "400", "3.25", "-7"] * 5,
    "hue": ["red", " blue", "red", None, "blue", "green"] * 5,
    "member": ["yes", "no", "", "no", "yes", "yes"] * 5,
    "day": ["2011-01-30", "2012-02-01", "2011-01-01", "", "2011-01-03", "2010-12-31"] * 5,
    "code": [f"c{i}" for i in (1, 2, 3, 4, 5, 6)] * 5,
}


def test_numbers_are_standardised_by_training_rows_only():
    values = np.random.default_rng(0).normal(50, 7, 200)
    fitted = fit({"a": values}, rows=np.arange(100))
    inputs, _ = fitted.transform(pl.DataFrame({"a": values}))
    expected = (values - values[:100].mean()) / values[:100].std()
    np.testing.assert_allclose(inputs[:, 0], expected, rtol=1e-6)
    assert inputs.dtype == np.float32


@pytest.mark.parametrize(
    ("scale", "expected"),
    [
        ("standard", (np.array([1, 2, 3, 4, 10]) - 4) / np.sqrt(10)),
        ("minmax", (np.array([1, 2, 3, 4, 10]) - 1) / 9),
        ("robust", (np.array([1, 2, 3, 4, 10]) - 3) / 2),
        ("none", np.array([1, 2, 3, 4, 10])),
    ],
)
def test_scales(scale, expected):
    frame = pl.DataFrame({"a": ["1", "2", "3", "4", "10"]})
    fitted = fit(frame, scale=scale)
    np.testing.assert_allclose(fitted.transform(frame)[0][:, 0], expected, rtol=1e-6)


def test_gaps_are_filled_with_the_median_and_flagged():
    frame = pl.DataFrame({"a": [1.0, 2.0, None, 9.0, float("nan")]})
    fitted = fit(frame)
    inputs, notes = fitted.transform(frame)
    assert fitted.feature_names == ("a", "a missing")
    assert fitted.feature_sources == ("a", "a")
    np.testing.assert_allclose(inputs[[2, 4], 0], (2 - 4) / np.std([1.0, 2.0, 9.0]), rtol=1e-6)
    np.testing.assert_array_equal(inputs[:, 1], [0, 0, 1, 0, 1])
    assert notes.missing == {"a": 2}
    assert fitted.describe() == ("1 number, standardised (2 rows with gaps: filled and flagged)",)


def test_a_gap_that_comes_first_at_prediction_is_filled_and_counted():
    fitted = fit({"a": [1.0, 2.0, 9.0]})
    inputs, notes = fitted.transform(pl.DataFrame({"a": ["", "2"]}))
    assert inputs[0, 0] == inputs[1, 0]
    assert notes.lines() == ("a: 1 missing, filled with 2 (none was missing in training)",)


@pytest.mark.parametrize("scale", ["standard", "minmax", "robust", "none"])
@pytest.mark.parametrize(
    "values",
    [
        [1.0, 2.0, 3.0, 1e30],
        [1e200, -1e200, 1.0, 1e-300],
        [1e308, -1e308, 0.0, 1.0],
        [1e-310, 2e-310, 3e-310, 0.0],
        [5.0, 5.0, 5.0, 5.0 + 1e-15],
        [1e9, 1e9 + 1, 1e9 + 2, 1e9 + 3],
    ],
)
def test_far_values_stay_finite(scale, values):
    frame = pl.DataFrame({"a": values})
    fitted = fit_preprocessing(frame, (Column("a", "number"),), scale=scale)
    for more in (frame, pl.DataFrame({"a": [1.7e308, -1.7e308, 0.0]})):
        inputs, _ = fitted.transform(more)
        assert np.isfinite(inputs).all()
        if scale != "none":
            assert np.abs(inputs).max() < 715


def test_one_far_value_does_not_squash_the_others():
    values = np.append(np.random.default_rng(0).normal(size=999), 1e30)
    fitted = fit({"a": values})
    inputs, _ = fitted.transform(pl.DataFrame({"a": values}))
    assert 0.5 < inputs[:999].std() < 2


def test_bend_keeps_order_and_slope():
    values = np.linspace(-50, 50, 10_001)
    bent = bend(values)
    assert (np.diff(bent) > 0).all()
    np.testing.assert_array_equal(bent[np.abs(values) <= 5], values[np.abs(values) <= 5])
    assert np.diff(bent).max() <= 0.0100001


def test_categories_missing_rare_and_unseen():
    fitted = fit({"hue": ["red", "blue", "red", "blue", "green", None]})
    assert fitted.feature_names == ("hue=blue", "hue=red", "hue missing", "hue other")
    inputs, notes = fitted.transform(pl.DataFrame({"hue": [" red ", "NA", "green", "pink"]}))
    np.testing.assert_array_equal(inputs, [[0, 1, 0, 0], [0, 0, 1, 0], [0, 0, 0, 1], [0, 0, 0, 1]])
    assert notes.unseen == {"hue": 2}
    assert '"green", "pink"' in notes.lines()[0]
    # Where training had neither, a missing and an unseen value are both zeros.
    plain = fit({"hue": ["red", "blue", "red", "blue"]})
    np.testing.assert_array_equal(
        plain.transform(pl.DataFrame({"hue": [None, "pink"]}))[0], np.zeros((2, 2))
    )


def test_many_categories_become_codes():
    values = [f"v{i % 40:02}" for i in range(400)] + [None] * 10
    fitted = fit({"a": values, "b": np.arange(410) % 7})
    assert fitted.input_shape == {"numbers": (1,), "codes": (1,)}
    assert fitted.embedding_sizes == (42,)
    assert fitted.embedding_names == ("a",)
    inputs, notes = fitted.transform(pl.DataFrame({"a": ["v00", "v39", None, "new"], "b": [0] * 4}))
    assert inputs["codes"].dtype == np.int32
    assert inputs["codes"][:, 0].tolist() == [2, 41, 1, 0]
    assert notes.unseen == {"a": 1}


def test_a_hundred_thousand_categories():
    values = np.char.add("v", np.repeat(np.arange(100_000), 5).astype(str))
    frame = pl.DataFrame({"a": values})
    fitted = fit_preprocessing(frame, (Column("a", "category"),))
    assert fitted.embedding_sizes == (50_001,)
    codes = fitted.transform(frame)[0]["codes"]
    assert codes.max() < fitted.embedding_sizes[0]


def test_booleans():
    fitted = fit({"a": ["Yes", "no", "", "no"], "b": [True, False, True, False]})
    frame = pl.DataFrame({"a": ["yes", "NO", "NA", "perhaps"], "b": ["true", "F", "1", None]})
    inputs, notes = fitted.transform(frame)
    np.testing.assert_array_equal(inputs, [[1, 0, 1], [-1, 0, -1], [0, 1, 1], [0, 0, 0]])
    assert notes.unseen == {"a": 1}
    assert notes.missing == {"a": 1, "b": 1}


def test_dates_use_the_parts_that_vary():
    days = pl.Series("d", ["2011-01-31 06:00", "2011-12-31 18:00", "2012-03-01 00:00"])
    fitted = fit({"d": days})
    inputs, _ = fitted.transform(pl.DataFrame({"d": days}))
    place = {name: i for i, name in enumerate(fitted.feature_names)}
    np.testing.assert_allclose(inputs[:, place["d hour sine"]], [1, -1, 0], atol=1e-6)
    np.testing.assert_allclose(
        inputs[:, place["d month cosine"]], [1, np.cos(22 / 12 * np.pi), 0.5], atol=1e-6
    )
    elapsed = inputs[:, place["d elapsed"]]
    np.testing.assert_allclose([elapsed.mean(), elapsed.std()], [0, 1], atol=1e-6)
    one_year = fit({"d": ["2011-01-03", "2011-01-10"]})
    assert one_year.feature_names == ("d elapsed",)


def test_dates_typed_and_written_agree():
    written = pl.DataFrame({"d": ["2011-01-31", "2012-03-01", None]})
    typed = pl.DataFrame({"d": [datetime.date(2011, 1, 31), datetime.date(2012, 3, 1), None]})
    zoned = typed.select(pl.col("d").cast(pl.Datetime("ms", "UTC")))
    fitted = fit(written)
    expected = fitted.transform(written)[0]
    np.testing.assert_array_equal(fitted.transform(typed)[0], expected)
    np.testing.assert_array_equal(fitted.transform(zoned)[0], expected)


def test_time_of_day_alone():
    fitted = fit({"t": ["00:00", "06:00", "12:00"]})
    assert fitted.feature_names == ("t hour sine", "t hour cosine")
    typed = pl.DataFrame({"t": [datetime.time(6)]})
    np.testing.assert_allclose(fitted.transform(typed)[0], [[1, 0]], atol=1e-6)


def test_columns_in_any_order_and_more_of_them():
    frame = pl.DataFrame(MIXED)
    fitted = fit(frame, targets=["code"])
    expected, _ = fitted.transform(frame)
    turned = frame.select(*reversed(frame.columns), pl.lit(1).alias("new"))
    inputs, notes = fitted.transform(turned)
    assert same(inputs, expected)
    assert notes.ignored == ("new",)
    assert notes.lines()[-1] == "not used: new (unknown to the model)"


def test_missing_columns_are_named_with_near_ones():
    fitted = fit({"age": [1.5, 2.5], "fare": [1.5, 3.5]})
    with pytest.raises(ColumnError, match=r'"age" is needed.*Did you mean "Age"'):
        fitted.transform(pl.DataFrame({"Age": [1.0], "fare": [1.0]}))
    with pytest.raises(ColumnError, match="2 needed columns are not in the table: age, fare"):
        fitted.transform(pl.DataFrame({"x": [1.0]}))


@pytest.mark.parametrize(
    ("cells", "message"),
    [
        (["1", "2", "abc"], 'column "a", row 3: "abc" is not a number'),
        (["1", "1e999", "2"], 'column "a", row 2: "1e999" is infinite'),
        ([1.0, float("inf"), 2.0], 'column "a", row 2: "inf" is infinite'),
        ([datetime.date(2011, 1, 1)] * 3, "must hold numbers, got Date"),
    ],
)
def test_cells_of_another_type_are_refused(cells, message):
    fitted = fit({"a": [1.5, 2.5]})
    with pytest.raises(ColumnError, match=message):
        fitted.transform(pl.DataFrame({"a": cells}))
    with pytest.raises(ColumnError, match=r"row 1003|infinite|Date"):
        fitted.transform(pl.DataFrame({"a": cells}), first_row=1000)


def test_other_refusals():
    frame = pl.DataFrame({"a": ["2011-01-01", "2011-02-01"], "b": ["1.5", "2"]})
    with pytest.raises(ColumnError, match=r'row 2: "soon" is not a date'):
        fit(frame).transform(pl.DataFrame({"a": ["2011-01-01", "soon"], "b": ["1", "1"]}))
    with pytest.raises(UsageError, match=r'"standrd". Did you mean "standard"'):
        fit(frame, scale="standrd")
    with pytest.raises(ColumnError, match=r"no column is left to learn from: a \(constant\)"):
        fit({"a": ["x", "x"]})
    with pytest.raises(ColumnError, match="no value occurs twice, in a"):
        fit({"a": ["x", "y", "z"]})


def test_range_and_notes_of_parts_add_up():
    fitted = fit({"a": [1.5, 2.5, 3.5]})
    frame = pl.DataFrame({"a": [0.0, 2.0, 9.0, None]})
    whole = fitted.transform(frame)[1]
    parts = fitted.transform(frame.head(2))[1].combined(fitted.transform(frame.tail(2))[1])
    assert whole == parts
    assert whole.outside == {"a": 2}
    assert "2 beyond the training range (1.5 to 3.5)" in whole.lines()[0]


def test_inputs_are_not_changed():
    frame = pl.DataFrame(MIXED)
    before = frame.clone()
    rows = np.arange(20)
    fit(frame, rows=rows).transform(frame, rows)
    assert frame.equals(before)
    np.testing.assert_array_equal(rows, np.arange(20))


def test_chosen_rows_equal_all_rows():
    frame = pl.DataFrame(MIXED)
    fitted = fit(frame)
    rows = np.array([7, 3, 3, 29])
    whole, chosen = fitted.transform(frame)[0], fitted.transform(frame, rows)[0]
    np.testing.assert_array_equal(chosen, whole[rows])


@settings(max_examples=40, deadline=None)
@given(
    numbers=st.lists(
        st.one_of(st.none(), st.floats(allow_nan=False, allow_infinity=False)),
        min_size=4,
        max_size=30,
    ),
    words=st.lists(st.one_of(st.none(), st.text(max_size=5)), min_size=4, max_size=30),
    scale=st.sampled_from(["standard", "minmax", "robust", "none"]),
)
def test_stored_preprocessing_is_bit_equal(numbers, words, scale):
    n = min(len(numbers), len(words))
    frame = pl.DataFrame(
        {"x": numbers[:n], "w": words[:n]}, schema={"x": pl.Float64, "w": pl.String}
    )
    columns = (Column("x", "number"), Column("w", "category"))
    fitted = fit_preprocessing(frame, columns, scale=scale, onehot_limit=2)
    stored = from_json(json.loads(json.dumps(to_json(fitted))), CLASSES)
    assert stored == fitted
    assert same(stored.transform(frame)[0], fitted.transform(frame)[0])
    numbers_of = fitted.transform(frame)[0]
    matrix = numbers_of["numbers"] if isinstance(numbers_of, dict) else numbers_of
    assert np.isfinite(matrix).all()


def test_real_tables_go_to_json_and_back(shared_data):
    for name, target, drop in (
        ("penguins.csv", "species", ()),
        ("titanic.csv", "Survived", ("Name",)),
        ("telco_churn.csv", "Churn", ()),
        ("bike_hour.csv", "cnt", ()),
    ):
        frame = pl.read_csv(shared_data / "tables" / name, infer_schema=False)
        fitted = fit(frame, targets=[target], drop=drop)
        stored = from_json(json.loads(json.dumps(to_json(fitted))), CLASSES)
        assert same(stored.transform(frame)[0], fitted.transform(frame)[0])


def test_description_of_penguins(shared_data):
    frame = pl.read_csv(shared_data / "tables" / "penguins.csv", infer_schema=False)
    assert fit(frame, targets=["species"]).describe() == (
        "5 numbers, standardised (2 rows with gaps: filled and flagged)",
        "island, sex: categories, one-hot (11 missing: a value of their own)",
    )


def corrupt(data, path, value):
    node = data
    for key in path[:-1]:
        node = node[key]
    node[path[-1]] = value
    return data


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (("columns",), 3),
        (("columns", 0), {"kind": "Preprocessing", "columns": [], "encoders": []}),
        (("encoders",), ["number"]),
        (("encoders", 0, "spread"), 0.0),
        (("encoders", 0, "spread"), float("inf")),
        (("encoders", 0, "center"), "1"),
        (("encoders", 0, "center"), 10**400),
        (("encoders", 0, "low"), 1e9),
        (("encoders", 0, "flag"), 1),
        (("encoders", 0, "gaps"), -1),
        (("encoders", 0, "scale"), "log"),
        (("encoders", 0, "column", "name"), "other"),
        (("encoders", 1, "values"), ["red", "red"]),
        (("encoders", 1, "values"), [1, 2]),
        (("encoders", 1, "values"), ["\ud800"]),
        (("encoders", 1, "style"), "hash"),
        (("encoders", 3, "parts"), ["century"]),
        (("encoders", 3, "column", "pattern"), "%Z" * 9),
        (("scale",), None),
        (("gap_rows",), 1.5),
    ],
)
def test_hostile_files_are_refused(path, value):
    data = json.loads(json.dumps(to_json(fit(MIXED, onehot_limit=8))))
    with pytest.raises(SpecError):
        from_json(corrupt(data, path, value), CLASSES)


def test_two_encoders_of_one_column_are_refused():
    data = to_json(fit(MIXED))
    data["encoders"] = [*data["encoders"], data["encoders"][0]]
    with pytest.raises(SpecError, match="two encoders"):
        from_json(data, CLASSES)


def test_memory_stays_near_the_size_of_the_result():
    rng = np.random.default_rng(0)
    frame = pl.DataFrame({f"x{i}": rng.normal(size=1_000_000) for i in range(20)})
    fitted = fit(frame, rows=np.arange(800_000))
    tracemalloc.start()
    inputs, _ = fitted.transform(frame)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert inputs.shape == (1_000_000, 20)
    assert peak < 1.5 * inputs.nbytes
