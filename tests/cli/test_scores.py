"""What is said of scores: whether a simpler rival does as well as the network, or better."""

import re

import numpy as np
import pytest

from descend.cli.scores import confusion_lines, number, score_lines, step_lines
from descend.data.columns import Column
from descend.data.targets import ClassTarget, NumberTarget
from descend.models.outputs import Answer
from descend.models.report import class_report, number_report
from descend.models.series.report import ForecastReport, StepScores


def remarks(report):
    return [line.split(" does ")[1].split()[0] for line in score_lines(report) if " does " in line]


@pytest.mark.parametrize(
    ("right", "said"), [(95, ["better"]), (62, ["as"]), (60, ["as"]), (59, [])]
)
def test_rivals_of_classes(right, said):
    def answer(right):
        codes = (np.arange(100) >= right).astype(int)  # all are of class 0
        labels = ("a", "b")
        return Answer("kind", np.array(labels)[codes], codes, None, labels)

    target = ClassTarget("kind", ("a", "b"), (50, 50))
    report = class_report(target, np.zeros(100, int), answer(60), answer(right))
    assert remarks(report) == said


@pytest.mark.parametrize(("error", "said"), [(0.01, ["better"]), (0.99, ["as"]), (1.1, [])])
def test_rivals_of_numbers(error, said):
    noise = np.random.default_rng(0).normal(size=100)
    truth = np.linspace(0, 10, 100)
    target = NumberTarget(Column("n", "number"), 5.0, 3.0, 0.0, 10.0, 100, False)
    answer, linear = (Answer("n", truth + e * noise, None, None, ()) for e in (1, error))
    assert remarks(number_report(target, truth, answer, linear)) == said


@pytest.mark.parametrize(
    ("errors", "said"),
    [
        ((2.0, 1.2, 1.5), "the value of a season before does better on these steps"),
        ((2.0, None, 0.7), "a linear model does better on these steps"),
        ((1.67, None, None), "the last value does as well on these steps"),
        ((2.0, 1.9, 1.8), ""),
    ],
)
def test_rivals_of_forecasts(errors, said):
    step = StepScores(1.675, 1.0, *errors, 0, 0, None)
    beats = min(error for error in errors[:2] if error is not None) > 1.675
    report = ForecastReport("n", 50, 1, 1.675, 1.0, *errors, 0.9, (step,), beats)
    lines = [line for line in score_lines(report) if "does" in line]
    assert lines == ([f"{said}: the network does not earn its keep"] if said else [])


@pytest.mark.parametrize("scale", [1.0, 4321.0])
@pytest.mark.parametrize("seasonal", [True, False])
def test_errors_by_step_fit(scale, seasonal):
    season = 2.345 * scale if seasonal else None
    steps = tuple(
        StepScores(1.234 * scale, 1.0, 2.345 * scale, season, None, 9, 8, None if h == 4 else scale)
        for h in range(12)
    )
    report = ForecastReport(
        "n", 50, 12, 1.675 * scale, 1.0, 2.0 * scale, season, None, 0.9, steps, False
    )
    for room in (30, 50, 90):
        lines = step_lines(report, room)
        assert max(map(len, lines)) <= room
        assert lines[-1].split()[:2] == ["12", number(1.234 * scale)]
        assert lines[-4].split()[-1] == "-"
    heads = ["step ahead", "error", "last value", *["a season before"] * seasonal, "interval"]
    assert re.split("  +", lines[0]) == heads
    stacked = step_lines(report, len(lines[0]) - 1)
    assert [line.split() for line in stacked[2:]] == [line.split() for line in lines[1:]]


def test_scores_of_classes_fit():
    target = ClassTarget("kind", ("a", "a rather long name"), (50, 50))
    answer = Answer("kind", np.array(["a"] * 9), np.zeros(9, int), None, target.classes)
    report = class_report(target, np.arange(9) % 2, answer, answer)
    for room in (30, 40, 90):
        lines = confusion_lines(report, room)
        assert max(map(len, lines)) <= room
        assert lines[1].split()[-2:] == ["0.556", "1.000"]
