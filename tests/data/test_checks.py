"""Checks: planted faults are found, clean tables are not accused."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest

from descend.data.checks import check_examples
from descend.data.columns import infer_columns
from descend.data.targets import infer_target

CLEAN = "no duplicate rows across splits · no column gives the target away"


def check(data, target="y", drop=(), **options):
    frame = pl.DataFrame(data)
    columns = infer_columns(frame, targets=[target], drop=drop, **options)
    return check_examples(frame, columns, [infer_target(frame, target)])


def messages(findings, severity=None):
    return [f.message for f in findings if severity in (None, f.severity)]


def honest(n=1000, seed=0):
    """A target that one column predicts well, but not always."""
    rng = np.random.default_rng(seed)
    x, noise = rng.normal(size=n), rng.normal(size=n)
    return {
        "strong": x,
        "weak": noise,
        "kind": rng.choice(["a", "b", "c"], n),
        "y": np.where(x + 0.1 * noise > 0, "up", "down"),
    }


def test_a_clean_table_gives_one_line():
    assert messages(check(honest())) == [f"{CLEAN} · classes fairly balanced"]


def leaked(data, target="y"):
    return [
        message.split(" ")[0]
        for message in messages(check(data, target), "warning")
        if f"give {target} away" in message
    ]


@pytest.mark.parametrize("n", [20, 300, 3000])
def test_planted_leaks_are_found(n):
    data = honest(n)
    codes = np.where(data["y"] == "up", 7, 3)
    assert leaked(data | {"copy": data["y"]}) == ["copy"]
    assert leaked(data | {"coded": codes}) == ["coded"]
    assert leaked(data | {"words": np.where(codes == 7, "won", "lost")}) == ["words"]
    gaps = [1.5 if code == 7 else None for code in codes]
    assert leaked(data | {"gap": gaps}) == ["gap"]


def test_planted_functions_of_the_target_are_found():
    data = honest(2000)
    rng = np.random.default_rng(1)
    finer = np.where(data["y"] == "up", rng.integers(0, 5, 2000), rng.integers(5, 10, 2000))
    assert leaked(data | {"finer": finer}) == ["finer"]
    assert leaked(data | {"finer": [f"branch {code}" for code in finer]}) == ["finer"]
    assert leaked(data | {"score": np.where(data["y"] == "up", 1, -1) + rng.random(2000)}) == [
        "score"
    ]
    price = rng.lognormal(size=2000)
    numbers = {"x": data["strong"], "y": price}
    assert leaked(numbers) == []
    for name, values in {
        "copy": price, "euro": price * 1.17 + 3, "log": np.log(price), "turned": -(price**3),
    }.items():  # fmt: skip
        assert leaked(numbers | {name: values}) == [name]
    assert leaked({"x": data["strong"], "y": price, "noisy": price + rng.normal(size=2000)}) == []


def test_honest_columns_are_not_accused():
    rng = np.random.default_rng(2)
    n = 2000
    y = rng.choice(["a", "b"], n)
    wrong = rng.random(n) < 0.01
    nearly = np.where(wrong, "b", y)  # right for 99 %
    rare = np.where(rng.random(n) < 0.0004, "ill", "well")
    assert leaked({"x": nearly, "z": rng.normal(size=n), "y": y}) == []
    assert leaked({"x": rng.normal(size=n), "z": rng.normal(size=n), "y": rare}) == []
    assert leaked({"code": [f"{i // 2}k" for i in range(n)], "z": rng.normal(size=n), "y": y}) == []
    # The only input is meant to tell the target.
    x = np.linspace(-3, 3, n)
    assert leaked({"x": x, "y": np.sin(x)}) == []
    assert leaked({"x": x, "y": np.where(x > 0, "up", "down")}) == []


def test_copies_and_conflicts():
    data = honest(100)
    twice = {name: np.concatenate([values, values[:3]]) for name, values in data.items()}
    found = messages(check(twice))
    assert "3 rows are copies of another: copies stay in one part of the split" in found
    assert not any("duplicate" in message for message in found)
    turned = {name: values.copy() for name, values in twice.items()}
    turned["y"][-1] = "up" if turned["y"][-1] == "down" else "down"
    found = messages(check(turned))
    assert any(message.startswith("2 rows are copies") for message in found)
    assert any(message.startswith("2 rows have inputs equal") for message in found)


def test_columns_left_out_are_told():
    data = honest(100) | {
        "row": range(1, 101), "same": ["x"] * 100,
        "words": [f"a long text with many words {i}" for i in range(100)],
    }  # fmt: skip
    found = check(data)
    assert messages(found, "error") == []
    notes = messages(found, "note")
    assert "row: row identifier: 1 to 100 in order; left out" in notes
    assert 'same: the same value in every row, "x"; left out' in notes


def test_labels():
    data = honest(200)
    order = np.argsort(data["y"])
    assert any("sorted by y" in m for m in messages(check({k: v[order] for k, v in data.items()})))
    y = data["y"].astype(object)
    y[:3] = ["once", "few", "few"]
    found = messages(check(data | {"y": y}), "warning")
    assert any("once has a single row" in message for message in found)
    assert any("few has fewer than 5 rows" in message for message in found)
    y = np.where(np.arange(200) % 25 == 0, "rare", "common")
    assert any('"common" is 96 %' in message for message in messages(check(data | {"y": y})))
    y = data["y"].astype(object)
    y[5] = None
    assert "1 row has no value of y: left out" in messages(check(data | {"y": y}))


def test_time_and_groups_are_suggested():
    data = honest(200)
    days = np.datetime_as_string(np.datetime64("2020-01-01") + np.arange(200))
    assert any("--time day" in message for message in messages(check(data | {"day": days})))
    assert not any("--time" in m for m in messages(check(data | {"day": days[::-1].copy()})))
    patients = np.arange(200) // 4 * 7
    assert any("--group patient_id" in m for m in messages(check(data | {"patient_id": patients})))
    found = check(data | {"patient_id": patients}, group="patient_id")
    assert not any("--group" in message for message in messages(found))


def test_no_rows_or_no_inputs():
    frame = pl.DataFrame({"a": ["x", "x"], "y": ["p", "q"]})
    columns = infer_columns(frame, targets=["y"])
    assert len(check_examples(frame, columns, [infer_target(frame, "y")])) == 1


def test_real_tables_are_not_accused(shared_data):
    for name, target, drop, options in (
        ("penguins.csv", "species", (), {}),
        ("titanic.csv", "Survived", ("Name",), {}),
        ("telco_churn.csv", "Churn", (), {}),
        ("bike_hour.csv", "cnt", (), {}),
        ("california.csv", "median_house_value", (), {}),
        ("diamonds.csv", "price", (), {}),
        ("winequality-white.csv", "column_11", (), {"has_header": False}),
        ("letter.tsv.gz", "target", (), {"separator": "\t"}),
    ):
        frame = pl.read_csv(shared_data / "tables" / name, infer_schema=False, **options)
        found = check(frame, target, drop)
        assert not any("away." in message or "away. " in message for message in messages(found)), (
            name
        )
        assert "no column gives the target away" in found[0].message, name
        if name == "penguins.csv":
            assert found[0].message == f"{CLEAN} · classes fairly balanced"


def test_equal_columns_are_named():
    data = honest()
    data |= {"strong copy": data["strong"], "kind again": data["kind"]}
    found = messages(check(data), "note")
    assert "strong copy: equal to strong in every row" in found
    assert "kind again: equal to kind in every row" in found


def test_a_target_far_from_all_others_is_a_warning():
    data = honest()
    y = data["strong"] * 3
    y[9] = 1e30
    (found,) = messages(check(data | {"y": y}), "warning")
    assert found.startswith("y: 1e+30 in row 10 is over 100,000 times")
    rare = np.where(np.arange(1000) < 100, 1e9, 0.0) + honest(seed=1)["weak"]
    assert "and 99 more" in messages(check(data | {"y": rare}), "warning")[0]
