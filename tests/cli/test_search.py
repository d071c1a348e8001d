"""``descend search`` and ``range``: what to try as options, a table of trials, and going on."""

from __future__ import annotations

import json

import pytest

TRY = ("--try", "learning-rate=0.001..0.1", "--try", "layers=4|8,4", "--try", "optimizer=momentum")


def test_tries_what_it_is_told_and_goes_on(descend, folder, good):
    (folder / "data.csv").write_text(good)
    command = ("search", "data.csv", "-t", "y", "--epochs", "2", "--folder", "kept", *TRY)
    first = descend(*command, "--trials", "2")
    assert first.code == 0, first.err
    assert "learning_rate  layers  optimizer" in first.err
    again = descend(*command, "--trials", "3", "--json")
    assert "2 trials are done already" in again.err
    trials = json.loads(again.out)["trials"]
    assert [trial["number"] for trial in trials] == [1, 2, 3]
    for trial in trials:
        assert 0.001 <= trial["values"]["learning_rate"] <= 0.1
        assert trial["values"]["layers"] in ([4], [8, 4])
        assert trial["values"]["optimizer"] == "momentum"
    lines = (folder / "kept" / "trials.jsonl").read_text("utf-8").splitlines()
    assert len(lines) == 4


@pytest.mark.parametrize(
    ("tries", "phrases"),
    [
        (["layers"], ("OPTION=CHOICES", "layers=64,32|128,64")),
        (["layers="], ("OPTION=CHOICES",)),
        (["lerning-rate=0.1"], ('"lerning-rate"', 'Did you mean "learning-rate"?')),
        (["epochs=1|2"], ("epochs cannot be searched", "learning_rate")),
        (["learning-rate=0..1"], ("above 0", "0..1")),
        (["learning-rate=..1"], ("--try",)),
        (["batch-size=8..64"], ("no range",)),
        (["dropout=0.1|much"], ("'much'",)),
        (["dropout=0.1|2"], ("dropout", "below 1")),
        (["optimizer=adamm"], ('Did you mean "adam"?',)),
        (["dropout=0.1", "dropout=0.2"], ("twice", "a|b")),
    ],
)
def test_refused(descend, folder, good, tries, phrases):
    (folder / "data.csv").write_text(good)
    options = [word for text in tries for word in ("--try", text)]
    descend("search", "data.csv", "-t", "y", "--epochs", "1", *options).refused(2, *phrases)


def test_range_says_first_where_its_picture_cannot_go(descend, folder, good):
    (folder / "data.csv").write_text(good)
    command = ("range", "data.csv", "-t", "y", "--picture", "nowhere/rates.svg")
    descend(*command).refused(5, "nowhere")
    descend(*command[:-1], "rates.png").refused(
        2, "a picture is an SVG file", "name it so: rates.svg"
    )
    assert not (folder / "rates.png").exists()
