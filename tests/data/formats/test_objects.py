"""Tables that are Python objects."""

from __future__ import annotations

import datetime
import subprocess
import sys
import uuid

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

from descend.data.reading import read_table, stream_table
from descend.errors import TableError

FRAME = pl.DataFrame({"a": [1, 2, 3], "b": ["x", None, "z"], "c": [0.5, None, 2.5]})


@pytest.mark.parametrize(
    ("source", "kind"),
    [
        (FRAME, "DataFrame"),
        (FRAME.lazy(), "LazyFrame"),
        (FRAME.to_arrow(), "Arrow table"),
        (FRAME.to_dict(as_series=False), "dict"),
        (FRAME.to_dict(), "dict"),
        (FRAME.to_dicts(), "list"),
        (FRAME.to_pandas(), "DataFrame"),
    ],
)
def test_objects(source: object, kind: str) -> None:
    table = read_table(source)
    assert table.frame.equals(FRAME)
    assert (table.source, table.notes, table.line_of(0)) == (kind, (), None)
    parts = list(stream_table(source, rows=2))
    assert [part.frame.height for part in parts] == [2, 1]
    assert pl.concat([part.frame for part in parts]).equals(FRAME)


@pytest.mark.parametrize("dtype", [np.float64, np.float32, np.float16, np.int8, np.uint64, bool])
def test_arrays(dtype: type) -> None:
    array = np.array([[1, 0], [0, 1], [1, 1]]).astype(dtype)
    before = array.copy()
    for source in (array, np.asfortranarray(array), array[::-1][::-1]):
        table = read_table(source)
        assert table.frame.columns == ["column_1", "column_2"]
        assert table.frame.to_numpy().tolist() == array.tolist()
    assert np.array_equal(array, before)


def test_arrays_of_objects_and_text() -> None:
    assert read_table(np.array([["a", "1"], ["b", "2"]])).frame.rows() == [("a", "1"), ("b", "2")]
    mixed = np.array([["a", 1], [None, 2.5]], dtype=object)
    assert read_table(mixed).frame.rows() == [("a", 1.0), (None, 2.5)]
    both = np.array([["a"], [1], [float("nan")]], dtype=object)
    assert read_table(both).frame.rows() == [("a",), ("1",), (None,)]
    records = np.array([(1, "x"), (2, "y")], dtype=[("n", "i4"), ("s", "U3")])
    assert read_table(records).frame.rows() == [(1, "x"), (2, "y")]


def test_pandas_types() -> None:
    day = datetime.datetime(2011, 1, 2)
    frame = pd.DataFrame(
        {
            "category": pd.Categorical(["a", "b", None]),
            "number category": pd.Categorical([1, 2, 1]),
            "nullable": pd.array([1, None, 3], dtype="Int64"),
            "truth": pd.array([True, None, False], dtype="boolean"),
            "text": pd.array(["a", None, "b"], dtype="string"),
            "object": ["a", None, 3],
            "gaps": [1.5, None, 2.5],
            "day": pd.to_datetime([day, None, day]),
            "zone": pd.to_datetime([day, None, day]).tz_localize("Europe/Rome"),
            "span": pd.to_timedelta([1, None, 3], unit="s"),
            5: [1, 2, 3],
        },
        index=[5, 3, 5],
    )
    before = frame.copy()
    got = read_table(frame).frame
    assert got["category"].to_list() == ["a", "b", None]
    assert got["number category"].to_list() == ["1", "2", "1"]
    assert read_table(frame).kinds == {"category": "category", "number category": "category"}
    assert got["nullable"].to_list() == [1, None, 3]
    assert got["truth"].to_list() == [True, None, False]
    assert got["text"].to_list() == ["a", None, "b"]
    assert got["object"].to_list() == ["a", None, "3"]
    assert got["gaps"].to_list() == [1.5, None, 2.5]
    assert got["day"].to_list() == [day, None, day]
    assert got["zone"].dtype == pl.Datetime("us", "UTC")
    assert got["zone"][0] == datetime.datetime(2011, 1, 1, 23, tzinfo=datetime.UTC)
    assert got["span"].to_list() == [datetime.timedelta(seconds=1), None, datetime.timedelta(0, 3)]
    assert got["5"].to_list() == [1, 2, 3]
    pd.testing.assert_frame_equal(frame, before)


def test_intervals_and_other_values_that_are_no_cells_are_their_text() -> None:
    cut = pd.cut(pd.Series([1.0, 3.0, None, 2.5]), [0.0, 2.0, 4.0])
    texts = ["(0.0, 2.0]", "(2.0, 4.0]", None, "(2.0, 4.0]"]
    number = uuid.UUID(int=7)
    frame = pd.DataFrame(
        {
            "cut": cut,
            "interval": cut.astype(pd.IntervalDtype("float64")),
            "object": cut.astype(object),
            "month": pd.PeriodIndex(["2011-01", "2011-02", None, "2011-03"], freq="M"),
            "pairs": pd.Series([(1, 2), (3, 4), None, (1, 2)]).astype("category"),
            "id": [number] * 4,
        }
    )
    got = read_table(frame).frame
    assert got["cut"].to_list() == texts
    assert got["interval"].to_list() == texts
    assert got["object"].to_list() == texts
    assert got["month"].to_list() == ["2011-01", "2011-02", None, "2011-03"]
    assert got["pairs"].to_list() == ["(1, 2)", "(3, 4)", None, "(1, 2)"]
    assert got["id"].to_list() == [str(number)] * 4
    listed = [None if gap else value for value, gap in zip(cut, cut.isna(), strict=True)]
    assert read_table({"cut": listed}).frame["cut"].to_list() == texts


def test_extension_types_of_arrow_are_what_stands_for_them() -> None:
    frame = pd.DataFrame({"month": pd.PeriodIndex(["1970-02", "1970-03"], freq="M")})
    assert read_table(pa.Table.from_pandas(frame)).frame["month"].to_list() == [1, 2]


@pytest.mark.parametrize(
    ("source", "message"),
    [
        (5, "expected a path, a polars or pandas DataFrame.* got int"),
        (b"a.csv", "expected a path.* got bytes"),
        ([1, 2], "got a list of int objects"),
        (np.ones(3), r"two dimensions.*shape \(3,\).*reshape"),
        (np.ones((2, 2, 2)), "two dimensions"),
        (np.ones((1, 100_001)), "100,001 columns"),
        ({"a": [1], "b": [1, 2]}, "the dict: the columns differ in length: a 1, b 2"),
        ({"a": 1}, 'expected a list of values under "a", got int'),
        ({"a": "xy"}, 'expected a list of values under "a", got str'),
        ({1: [1], "1": [2]}, 'columns are named "1"'),
        (pd.DataFrame([[1, 2]], columns=["a", "a"]), 'columns are named "a"'),
        (pa.table([[1], [2]], names=["a", "a"]), 'columns are named "a"'),
        (pd.Series([1]), r"got Series\. Give source.to_frame\(\)"),
        ({"a": []}, "dict has columns .a. but no rows"),
        ({}, "dict has neither columns nor rows"),
        ([], "list has neither columns nor rows"),
    ],
)
def test_what_is_refused(source: object, message: str) -> None:
    with pytest.raises(TableError, match=message):
        read_table(source)


def test_sparse_matrices_are_refused() -> None:
    sparse = pytest.importorskip("scipy.sparse")
    with pytest.raises(TableError, match=r"Sparse matrices.*toarray"):
        read_table(sparse.csr_matrix(np.eye(2)))


def test_pandas_is_not_imported() -> None:
    code = (
        "import sys; from descend.data.reading import read_table; "
        "read_table({'a': [1]}); "
        "assert not {'pandas', 'pyarrow', 'jax', 'scipy'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
