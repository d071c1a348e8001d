"""Sequences and series on the command line: long tables, forecasts, and what is refused."""

import csv
import io
import json
import re

import numpy as np
import pytest

STEPS = np.arange(120)


def series(values=None, days=None):
    values = 20 + 5 * np.sin(2 * np.pi * STEPS / 7) + STEPS % 3 if values is None else values
    start = np.datetime64("2024-01-01")
    days = [str(start + i) for i in range(len(values))] if days is None else days
    return "day,sold\n" + "".join(f"{d},{v}\n" for d, v in zip(days, values, strict=True))


@pytest.fixture
def forecaster(descend, folder):
    """Train on a series once, quickly."""
    (folder / "shop.csv").write_text(series())
    trained = descend(
        "train", "shop.csv", "--forecast", 4, "--epochs", 2, "--layers", "4", "--seed", 1
    )
    assert trained.code == 0, trained.err
    return trained


def test_a_series_is_trained_and_continued(forecaster, descend):
    assert "sold, 4 steps of 1 day ahead" in forecaster.err
    assert "season of 7 steps" in forecaster.err
    assert "last value" in forecaster.err
    assert "a season before" in forecaster.err
    found = descend("predict", "shop.descend", "shop.csv")
    rows = list(csv.DictReader(io.StringIO(found.out)))
    assert [row["day"] for row in rows] == [f"2024-04-{d:02d}" for d in (30,)] + [
        f"2024-05-0{d}" for d in (1, 2, 3)
    ]
    assert all(float(row["lower"]) <= float(row["forecast"]) for row in rows)
    few = descend("predict", "shop.descend", "shop.csv", "--steps", 2, "--json", "-q")
    assert [json.loads(line)["day"] for line in few.out.splitlines()] == [
        "2024-04-30",
        "2024-05-01",
    ]
    tested = descend("test", "shop.descend", "shop.csv")
    assert tested.code == 0
    assert "4 steps ahead are forecast" in tested.out
    assert re.search(r"^Test +\d+ starts; \d+ of them were trained on", tested.out)
    assert "not explained by columns" in descend("explain", "shop.descend", "shop.csv").err
    for asked in (("show", "shop.descend"), ("test", "shop.descend", "shop.csv")):
        drawn = descend(*asked, "--picture", "a.svg")
        assert (drawn.code, drawn.out) == (2, "")
        assert "no such picture of a forecast" in drawn.err
    lost = descend("predict", "shop.descend", "shop.csv", "-o", "shop.csv")
    assert (lost.code, "would replace it" in lost.err) == (2, True)
    shown = descend("show", "shop.descend")
    assert "sold, 4 steps of 1 day ahead" in shown.out


def test_more_than_the_model_knows_is_refused(forecaster, descend, folder):
    asked = descend("predict", "shop.descend", "shop.csv", "--steps", 9)
    assert asked.code == 2
    assert "forecasts 1 to 4 steps ahead, and 9 were asked for" in asked.err
    (folder / "short.csv").write_text(series(STEPS[:3]))
    short = descend("predict", "shop.descend", "short.csv")
    assert short.code == 1 or short.code == 2 or short.code == 3
    assert "has 3 steps, and" in short.err
    lines = series().splitlines(keepends=True)
    (folder / "gaps.csv").write_text("".join(x for i, x in enumerate(lines) if i % 4 != 3))
    refused = descend("train", "gaps.csv", "-t", "sold", "--time", "day", "--forecast", 4)
    assert "has at most 3 known steps in a row, and 5 are needed" in refused.err
    (folder / "other.csv").write_text("week,sold\n1,2\n2,3\n")
    other = descend("predict", "shop.descend", "other.csv")
    assert 'a column "day" is needed to continue the series' in other.err


@pytest.mark.parametrize(
    ("content", "options", "message"),
    [
        (series(STEPS[:20] ** 2 % 7), ("--forecast", 12), "does not support forecasts 12 steps"),
        (series(STEPS[:1]), ("--forecast", 1), "no target"),
        (series(STEPS[:1]), ("--forecast", 1, "--time", "day"), "dates or numbers"),
        ("day,sold\n", ("--forecast", 1), "no rows"),
        (series(), ("--forecast", 0), "number of steps ahead"),
        (series(), ("--forecast", 2, "-t", "solt"), 'no column "solt"'),
        (series(days=["2024-01-01", "2024-01-02"] * 60), ("--forecast", 2), "of the same time"),
        (
            series(days=[f"2024-01-01 {i // 60:02d}:{i % 60:02d}:0{i % 7}" for i in STEPS]),
            ("--forecast", 2),
            "is between steps",
        ),
        (series(np.full(120, 3)), ("--forecast", 2, "-t", "sold"), "the same value in every row"),
    ],
)
def test_series_that_cannot_be_forecast(descend, folder, content, options, message):
    (folder / "x.csv").write_text(content)
    refused = descend("train", "x.csv", *options)
    assert refused.code != 0
    assert message in refused.err, refused.err
    assert "a bug in" not in refused.err


def test_a_long_table_is_learned_as_sequences(descend, folder):
    draw = np.random.default_rng(0)
    lines = ["who,day,pulse,age,ill"]
    for who in range(40):
        for day in range(draw.integers(3, 9)):
            pulse = draw.normal() + (day if who % 2 else -day)
            lines.append(f"{who},{day},{pulse:.3f},{30 + who % 5},{'yn'[who % 2]}")
    (folder / "visits.csv").write_text("\n".join(lines) + "\n")
    options = ("-t", "ill", "--group", "who", "--time", "day", "--epochs", 20)
    trained = descend("train", "visits.csv", *options)
    assert trained.code == 0, trained.err
    assert "rows are the steps of 40 sequences" in trained.err
    (folder / "new.csv").write_text(
        "who,day,pulse,age\nz,2,4.0,31\nq,1,-1,30\nz,1,2.0,31\nq,2,-3,30\n"
    )
    found = descend("predict", "visits.descend", "new.csv", "-q")
    rows = list(csv.DictReader(io.StringIO(found.out)))
    assert [row["who"] for row in rows] == ["z", "q"]
    assert "steps" not in rows[0]
    assert descend("test", "visits.descend", "visits.csv").code == 0
    explained = descend("explain", "visits.descend", "visits.csv", "--row", 3)
    assert explained.code == 2
    assert 'this one reads "steps" (sequences). Without --row' in explained.err
    plain = descend("train", "visits.csv", *options, "--no-sequences", "--dry-run")
    assert "sequences" not in plain.err


def test_a_series_beside_numbers_with_a_decimal_comma_is_continued(descend, folder):
    lines = series().splitlines()
    rows = [f"{line.replace(',', ';')};{i % 9},{i % 7}" for i, line in enumerate(lines[1:])]
    (folder / "shop.csv").write_text("\n".join(["day;sold;heat", *rows]) + "\n")
    options = ("--forecast", 4, "-t", "sold", "--epochs", 1, "--layers", "4", "-q")
    assert descend("train", "shop.csv", *options).code == 0
    for command in ("predict", "test"):
        told = descend(command, "shop.descend", "shop.csv")
        assert told.code == 0, told.err
