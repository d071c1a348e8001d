"""Targets: found, encoded, decoded, refused."""

from __future__ import annotations

import datetime
import json

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from descend.data.columns import Column
from descend.data.targets import (
    ClassTarget,
    NumberTarget,
    fit_target,
    infer_target,
    labelled_rows,
)
from descend.errors import TargetError, UsageError
from descend.spec import SpecError, from_json, to_json

CLASSES = {kind.__name__: kind for kind in (ClassTarget, NumberTarget, Column)}


def found(values, task=None):
    return infer_target(pl.DataFrame({"y": values}), "y", task)


def stored(target):
    return from_json(json.loads(json.dumps(to_json(target))), CLASSES)


@pytest.mark.parametrize(
    ("values", "classes"),
    [
        (["b", "a", "b"], ("a", "b")),
        (["Yes", "No", "Yes"], ("No", "Yes")),
        ([True, False, True], (False, True)),
        (["1", "0", "1", "0"], (0, 1)),
        ([1.0, 0.0, 1.0], (0, 1)),
        (["-1", "+1", "+1"], (-1, 1)),
        (["007", "008", "007"], ("007", "008")),
        (["None", "Mild", "None"], ("Mild", "None")),
        (["-", "+", "-"], ("+", "-")),
        ([3, 4, 5] * 5, (3, 4, 5)),
        (list(range(26)) * 5, tuple(range(26))),
        ([" a", "a ", "b"], ("a", "b")),
    ],
)
def test_classes(values, classes):
    target = found(values)
    assert isinstance(target, ClassTarget)
    assert target.classes == classes
    assert [type(label) for label in target.classes] == [type(label) for label in classes]


@pytest.mark.parametrize(
    "values",
    [
        ["1.5", "2.5", "2.5"],
        [0.25, 0.5, 0.25, 0.5],
        list(range(100)),
        np.random.default_rng(0).poisson(200, 500),
        np.random.default_rng(0).poisson(5, 500),  # whole, few values, but with rare ends
        ["1,234", "2", "10,000"],
    ],
)
def test_numbers(values):
    assert isinstance(found(values), NumberTarget)


def test_task_overrides():
    assert isinstance(found([0, 1, 0, 1], "regression"), NumberTarget)
    codes = found([10, 20, 30] * 30 + list(range(60)), "classification")
    assert isinstance(codes, ClassTarget)
    assert found([0.5, 1.5, 0.5], "classification").classes == (0.5, 1.5)
    assert "--task regression" in found([3, 4, 5] * 5).note
    assert "--task classification" in found([*range(40), *range(40)]).note
    with pytest.raises(UsageError, match=r'"clasification". Did you mean "classification"'):
        found([0, 1], "clasification")


@pytest.mark.parametrize(
    ("values", "task", "message"),
    [
        (["a", "a", "a"], None, 'is "a" in all 3 rows'),
        ([2.0, 2.0, None], None, 'is "2.0" in all 2 rows'),
        (["a"], None, "the only row"),
        ([None, "", "NA"], None, "has no value in any of 3 rows"),
        ([f"name {i}" for i in range(9)], None, "different in every one of 9 rows"),
        (["a", "b", "a"], "regression", 'holds labels such as "a"|cannot be learned as a number'),
        ([str(i / 3) for i in range(60)] + ["5 kg"], None, 'almost a number, but "5 kg"'),
        ([str(i / 3) for i in range(60)] + ["5 kg"], "regression", '"5 kg" is not one'),
        (["1.5", "1e999", "2"], None, 'row 2: "1e999" is infinite'),
        ([datetime.date(2011, 1, 1), datetime.date(2011, 1, 2)], None, "holds Date values"),
        ([[1], [2]], None, "holds List"),
    ],
)
def test_refusals(values, task, message):
    with pytest.raises(TargetError, match=message):
        found(values, task)


def test_absent_target():
    with pytest.raises(TargetError, match=r'a.csv has no column "speces". Did you mean "species"'):
        infer_target(pl.DataFrame({"species": ["a"]}), "speces", source="a.csv")
    with pytest.raises(TargetError, match='no target column "y"'):
        found(["a", "b"] * 2).encode(pl.DataFrame({"x": ["a"]}))


def test_unseen_labels_are_named_with_the_nearest():
    target = found(["<=50K", ">50K"] * 3)
    frame = pl.DataFrame({"y": ["<=50K", ">50K."]})
    with pytest.raises(TargetError, match=r'row 2: ">50K." is none of.*Did you mean ">50K"'):
        target.encode(frame)
    with pytest.raises(TargetError, match="row 2"):
        target.encode(frame, np.array([1]))
    with pytest.raises(TargetError, match='"7" is none of'):
        found([0, 1, 0]).encode(pl.DataFrame({"y": ["0", "7"]}))


def test_labels_mean_the_same_in_every_format():
    texts, numbers = found(["true", "false", "true"]), found(["0", "1", "1"])
    booleans = found([True, False, True])
    yes_no = pl.DataFrame({"y": [True, False]})
    written = pl.DataFrame({"y": ["True", "False"]})
    assert texts.encode(yes_no).tolist() == [1, 0]
    assert booleans.encode(written).tolist() == booleans.encode(yes_no).tolist() == [1, 0]
    for column in ([0, 1], [0.0, 1.0], ["0", "1"], ["0.0", " 1 "]):
        assert numbers.encode(pl.DataFrame({"y": column})).tolist() == [0, 1]
    categories = pl.DataFrame({"y": pl.Series(["b", "a"], dtype=pl.Categorical)})
    assert found(["a", "b", "a"]).encode(categories).tolist() == [1, 0]


def test_missing_labels_are_left_out():
    frame = pl.DataFrame({"a": ["x", "", "y", "x"], "b": ["1.5", "2", "NA", "3"]})
    targets = [infer_target(frame, "a"), infer_target(frame, "b")]
    assert labelled_rows(frame, targets).tolist() == [0, 3]
    with pytest.raises(TargetError, match="row 2: the label is missing"):
        targets[0].encode(frame)
    with pytest.raises(TargetError, match="row 3: the label is missing"):
        targets[1].encode(frame, np.array([0, 2]))


def test_fit_uses_the_chosen_rows():
    frame = pl.DataFrame({"y": [1.5, 2.5, 100.0], "c": ["a", "b", "a"]})
    number = fit_target(infer_target(frame, "y"), frame, np.array([0, 1]))
    assert (number.mean, number.scale, number.count) == (2.0, 0.5, 2)
    np.testing.assert_array_equal(number.encode(frame), np.float32([-1, 1, 196]))
    assert fit_target(infer_target(frame, "c"), frame, np.array([0, 2])).counts == (2, 0)
    one_value = fit_target(infer_target(frame, "y"), frame, np.array([2]))
    assert one_value.scale == 1.0


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.floats(-1e300, 1e300), min_size=2, max_size=30).filter(lambda v: len(set(v)) > 1)
)
def test_numbers_there_and_back(values):
    target = found(values, "regression")
    assert stored(target) == target
    encoded = target.encode(pl.DataFrame({"y": values}))
    assert np.isfinite(encoded).all()
    back = target.decode(encoded)
    # Below 1e-300 a float has hardly any digits left to give back.
    off = max(1e-6 * np.abs(values).max(), 1e-290)
    np.testing.assert_allclose(back, values, rtol=1e-6, atol=off)


@settings(max_examples=60, deadline=None)
@given(
    st.lists(
        st.text(st.characters(codec="utf-8", exclude_categories=("Cc",)), min_size=1, max_size=5),
        min_size=2, max_size=20,
    )
)  # fmt: skip
def test_labels_there_and_back(words):
    words = [f"x{word}x" for word in words] * 2
    if len(set(words)) < 2:
        return
    target = found(words)
    assert stored(target) == target
    assert target.decode(target.encode(pl.DataFrame({"y": words}))).tolist() == words


@pytest.mark.parametrize(
    ("kind", "fields"),
    [
        ("class", {"classes": ["a"]}),
        ("class", {"classes": ["a", "a"]}),
        ("class", {"classes": ["a", 1]}),
        ("class", {"classes": [1, True]}),
        ("class", {"classes": [0.5, float("nan")]}),
        ("class", {"classes": "ab"}),
        ("class", {"counts": [1]}),
        ("class", {"counts": [1, -1]}),
        ("class", {"name": None}),
        ("number", {"scale": 0.0}),
        ("number", {"scale": 10**400}),
        ("number", {"mean": float("inf")}),
        ("number", {"count": -1}),
        ("number", {"column": "price"}),
    ],
)
def test_hostile_files_are_refused(kind, fields):
    target = found(["a", "b"] * 2) if kind == "class" else found([0.5, 1.5, 2.0])
    with pytest.raises(SpecError):
        from_json(to_json(target) | fields, CLASSES)


def test_real_targets(shared_data):
    def real(name, target, **options):
        path = shared_data / "tables" / name
        return infer_target(pl.read_csv(path, infer_schema=False, **options), target)

    assert real("penguins.csv", "species").counts == (152, 68, 124)
    assert real("titanic.csv", "Survived").classes == (0, 1)
    wine = real("winequality-white.csv", "column_11", has_header=False)
    assert wine.classes == tuple(range(3, 10))
    assert real("letter.tsv.gz", "target", separator="\t").classes == tuple(range(1, 27))
    assert real("connect-4.tsv.gz", "target", separator="\t").classes == (0, 1, 2)
    assert isinstance(real("bike_hour.csv", "cnt"), NumberTarget)
    assert isinstance(real("diamonds.csv", "price"), NumberTarget)
    assert isinstance(real("california.csv", "median_house_value"), NumberTarget)
    with pytest.raises(TargetError, match="different in every one of 891 rows"):
        real("titanic.csv", "Name")
