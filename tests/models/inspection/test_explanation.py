"""Explanations against what is known of made tables."""

import json

import numpy as np
import polars as pl
import pytest

import descend
from descend.errors import UsageError
from descend.models.inspection.explanation import contributions, importances

DRAW = np.random.default_rng(0)
ROWS = 600
TABLE = pl.DataFrame(
    {
        "strong": DRAW.normal(size=ROWS),
        "weak": DRAW.normal(size=ROWS),
        "none": DRAW.normal(size=ROWS),
        "hue": DRAW.choice(["red", "blue"], ROWS),
        "town": [f"town {i % 20}" for i in range(ROWS)],
    }
).with_columns(n=5 * pl.col("strong") + pl.col("weak") + 2.0 * (pl.col("hue") == "red"))


@pytest.fixture(scope="module")
def linear():
    """A model without hidden layers, whose contributions are known."""
    return descend.train(TABLE, "n", layers=(), epochs=60, learning_rate=0.02)


def test_columns_that_matter_come_first(linear):
    found = {one.column: one for one in importances(linear, TABLE)}
    assert list(found)[:2] == ["strong", "hue"] or list(found)[:2] == ["strong", "weak"]
    assert found["strong"].rise > 3
    assert abs(found["none"].rise) < 0.1
    assert all(one.low <= one.rise <= one.high for one in found.values())


@pytest.mark.parametrize(
    "made", [pl.DataFrame.to_pandas, pl.DataFrame.to_arrow, pl.DataFrame.lazy, "dict", "file"]
)
def test_tables_of_every_kind_are_explained(linear, made, tmp_path):
    rows = TABLE.head(40)
    if made == "file":
        given = tmp_path / "rows.parquet"
        rows.write_parquet(given)
    else:
        given = rows.to_dict(as_series=False) if made == "dict" else made(rows)
    assert importances(linear, given, repeats=1) == importances(linear, rows, repeats=1)
    assert contributions(linear, given, np.int64(3)) == contributions(linear, rows, 3)


def test_a_model_of_a_series_is_not_explained_by_columns():
    frame = pl.DataFrame({"value": np.sin(np.arange(200) / 5)})
    model = descend.train(frame, forecast=2, epochs=1)
    for explain in (importances, lambda *given: contributions(*given, 3)):
        with pytest.raises(UsageError, match="continues a series is not explained by columns"):
            explain(model, frame)


def test_contributions_of_a_linear_model_are_slope_times_difference(linear):
    parts, usual, final, gap = contributions(linear, TABLE, 7)
    shares = {one.column: one.share for one in parts}
    assert final == pytest.approx(linear.predict(TABLE)[7], rel=1e-5)
    assert sum(shares.values()) + gap == pytest.approx(final - usual)
    assert abs(gap) < 1e-3
    off = TABLE["strong"][7] - TABLE["strong"].mean()
    assert shares["strong"] == pytest.approx(5 * off, rel=0.05)


@pytest.mark.slow
def test_contributions_of_a_deep_ensemble_are_complete():
    side = pl.when(pl.col("n") > 0).then(pl.lit("up")).otherwise(pl.lit("down"))
    frame = TABLE.with_columns(y=side)
    model = descend.train(frame.drop("n"), "y", members=2, layers=(16,), epochs=5)
    for row in (0, 11):
        parts, usual, final, gap = contributions(model, frame, row)
        p = model.predict_proba(frame[row : row + 1])[0].max()
        assert final == pytest.approx(p, abs=1e-5)
        assert abs(gap) <= 0.02 * max(abs(final - usual), 0.05)
        assert {one.column for one in parts} == {"strong", "weak", "none", "hue", "town"}
    with pytest.raises(UsageError, match="there is no row 601"):
        contributions(model, frame, 600)


@pytest.fixture(scope="module")
def of_two():
    """A linear model of a class that hangs on "strong", and of a number that hangs on "weak"."""
    side = pl.when(pl.col("strong") > 0).then(pl.lit("up")).otherwise(pl.lit("down"))
    frame = TABLE.select("strong", "weak", side=side, m=3 * pl.col("weak"))
    return descend.train(frame, ("side", "m"), layers=(), epochs=40, learning_rate=0.02), frame


def test_of_several_targets_each_is_explained_by_its_own_columns(of_two):
    model, frame = of_two
    for target, column in (("side", "strong"), ("m", "weak")):
        found = {one.column: one.rise for one in importances(model, frame, target=target)}
        other = "weak" if column == "strong" else "strong"
        assert found[column] > 10 * abs(found[other])
        parts, usual, final, gap = contributions(model, frame, 4, target=target)
        assert parts[0].column == column
        assert sum(one.share for one in parts) + gap == pytest.approx(final - usual, abs=1e-6)
        assert abs(gap) < 0.01 * abs(final - usual)
    assert final == pytest.approx(model.predictions(frame).answers[1].prediction[4], rel=1e-5)


def test_of_several_targets_one_must_be_named(of_two, tmp_path, capsys):
    from descend.cli.main import run

    model, frame = of_two
    with pytest.raises(UsageError, match='no target "n": it has side, m'):
        importances(model, frame, target="n")
    model.save(tmp_path / "m.descend")
    frame.write_csv(tmp_path / "rows.csv")
    command = ["explain", str(tmp_path / "m.descend"), str(tmp_path / "rows.csv")]
    assert run(command) == 2
    assert "name side, m with --target" in " ".join(capsys.readouterr().err.split())
    assert run([*command, "--target", "m", "--row", "5"]) == 0
    assert "row 5, m: " in capsys.readouterr().out


def test_the_command(linear, tmp_path, monkeypatch, capsys):
    from descend.cli.main import run

    monkeypatch.chdir(tmp_path)
    linear.save("m.descend")
    TABLE.write_csv("rows.csv")
    assert run(["explain", "m.descend", "rows.csv", "--picture", "all.svg"]) == 0
    assert "strong" in capsys.readouterr().out
    assert run(["explain", "m.descend", "rows.csv", "--row", "17", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    total = sum(one["share"] for one in told["contributions"]) + told["gap"]
    assert total == pytest.approx(told["value"] - told["usual"])
    assert (tmp_path / "all.svg").read_text().startswith("<svg")
    assert run(["explain", "m.descend", "rows.csv", "--row", "9999"]) == 2
