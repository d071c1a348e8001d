"""The scores of a model in words and small tables."""

from __future__ import annotations

import textwrap
from collections.abc import Callable

from descend.cli.terminal import shortened
from descend.models.report import ClassReport, NumberReport
from descend.models.series.report import ForecastReport

__all__ = ["confusion_lines", "matrix_lines", "number", "score_lines", "step_lines"]

MOST_CLASSES = 12
"""More classes than this are not drawn as a matrix."""

ALIKE = 0.01
"""Share of the error of a forecast, which has no interval, within which another does as well."""

FEWEST = 100
"""Test rows below which the groups of the reliability table are not shown one by one."""


def number(value: float) -> str:
    """Return a number to four significant digits, without an exponent where that is readable.

    Examples
    --------
    >>> number(48213.7), number(0.012341), number(3.0)
    ('48,210', '0.01234', '3')
    """
    if value == 0 or 1e-4 <= abs(value) < 1e15:
        rounded = float(f"{value:.4g}")
        return f"{rounded:,.0f}" if rounded == int(rounded) else f"{rounded:,.10g}"
    return f"{value:.3g}"


def score_lines(report: ClassReport | NumberReport | ForecastReport) -> list[str]:
    """Return the scores of one target as lines of text, each a thought of its own."""
    if isinstance(report, ForecastReport):
        return _forecast_lines(report)
    return _class_lines(report) if isinstance(report, ClassReport) else _number_lines(report)


def _class_lines(report: ClassReport) -> list[str]:
    rivals = [f'always "{_short(report.majority_class)}" {report.majority_accuracy:.3f}']
    if report.linear_accuracy is not None:
        rivals.append(f"linear model {report.linear_accuracy:.3f}")
    low, high = report.accuracy_low, report.accuracy_high
    lines = [
        f"accuracy {report.accuracy:.3f} (95 %: {low:.3f} to {high:.3f}) · " + " · ".join(rivals)
    ]
    more = [f"balanced accuracy {report.balanced_accuracy:.3f}"]
    if report.auc is not None:
        more.append(f"area under ROC {report.auc:.3f}")
    if report.log_loss is not None:
        more.append(f"log loss {report.log_loss:.3f}")
    lines.append(" · ".join(more))
    if report.linear_accuracy is not None and report.linear_accuracy >= report.accuracy:
        lines.append(_unearned("a linear model", report.linear_accuracy > high))
    return lines + _calibration_lines(report)


def _short(name: str) -> str:
    """Return the name of a class, where it is a whole text its beginning."""
    return shortened([name], 40)[0]


def _unearned(rival: str, better: bool, noun: str = "rows") -> str:
    """Return that a simpler rival does as well as the network, or better."""
    how = "better" if better else "as well"
    return f"{rival} does {how} on these {noun}: the network does not earn its keep"


def _calibration_lines(report: ClassReport) -> list[str]:
    """Return whether the probabilities mean what they say."""
    error, low, high = report.calibration_error, report.calibration_low, report.calibration_high
    if error is None:
        return []
    text = f"calibration error {error:.3f}"
    if low is not None and high is not None:
        text += f" (95 %: {low:.3f} to {high:.3f})"
    if report.calibration_chance is not None:
        within = error <= report.calibration_chance
        text += f"; chance alone gives up to {report.calibration_chance:.3f}: " + (
            "no sign that the probabilities are off" if within else "the probabilities are off"
        )
    lines = [text]
    if report.rows >= FEWEST:
        groups = [group for group in report.reliability if group.rows]
        few = ", ".join(f"{group.given} ({group.rows})" for group in groups if not group.enough)
        lines += [group.describe() for group in groups if group.enough]
        lines += [f"not enough rows to say of those given {few}"] if few else []
    elif report.reliability:
        lines.append(
            f"{report.rows} rows are not enough to say how often each probability is right"
        )
    return lines


def matrix_lines(report: ClassReport, room: int) -> list[str]:
    """Return the confusion matrix, or the hardest classes where there are too many for one."""
    if len(report.classes) <= MOST_CLASSES:
        return confusion_lines(report, room)
    scored = zip(report.f1, report.classes, strict=True)
    worst = sorted((f1, name) for f1, name in scored if f1 is not None)[:5]
    told = ", ".join(f"{_short(name)} (F1 {f1:.2f})" for f1, name in worst)
    return textwrap.wrap(f"hardest: {told}", room, break_on_hyphens=False)


def _number_lines(report: NumberReport) -> list[str]:
    lines = []
    rivals = [f"always the mean {number(report.mean_rmse)}"]
    if report.linear_rmse is not None:
        rivals.append(f"linear model {number(report.linear_rmse)}")
    if report.r2 is not None and report.r2_low is not None and report.r2_high is not None:
        linear = "" if report.linear_r2 is None else f" · linear model {report.linear_r2:.3f}"
        low, high = report.r2_low, report.r2_high
        lines.append(f"R2 {report.r2:.3f} (95 %: {low:.3f} to {high:.3f}){linear}")
    lines.append(f"root mean square error {number(report.rmse)} · " + " · ".join(rivals))
    if report.linear_rmse is not None and report.linear_rmse <= report.rmse:
        beyond = report.r2_high is None or (report.linear_r2 or 0.0) > report.r2_high
        lines.append(_unearned("a linear model", report.linear_rmse < report.rmse and beyond))
    lines.append(f"mean absolute error {number(report.mae)}, in the unit of {report.target}")
    low, q1, middle, q3, high = (number(v) for v in report.residuals)
    lines.append(
        f"target minus prediction: half between {q1} and {q3}, nine in ten between {low} and "
        f"{high}, median {middle}"
    )
    if report.coverage:
        levels = ", ".join(f"{100 * part.level:.0f}" for part in report.coverage)
        held = ", ".join(f"{100 * part.inside / part.rows:.1f}" for part in report.coverage)
        nine = min(report.coverage, key=lambda part: abs(part.level - 0.9))
        lines.append(
            f"intervals of {levels} % hold {held} % of the targets; those of "
            f"{100 * nine.level:.0f} % are {number(nine.width)} wide (--interval {nine.level:g})"
        )
    return lines


def _forecast_lines(report: ForecastReport) -> list[str]:
    ahead = "1 step" if report.ahead == 1 else f"{report.ahead} steps"
    known = (
        ("last value", "the last value", report.last_rmse),
        ("a season before", "the value of a season before", report.season_rmse),
        ("linear model", "a linear model", report.linear_rmse),
    )
    rivals = [(error, name, who) for name, who, error in known if error is not None]
    told = " · ".join(f"{name} {number(error)}" for error, name, _ in rivals)
    lines = [
        f"from each start {ahead} ahead are forecast, as if nothing later were known",
        f"root mean square error {number(report.rmse)} · {told}",
        f"mean absolute error {number(report.mae)}, in the unit of {report.target}",
    ]
    least, _, who = min(rivals)
    if least <= report.rmse:
        lines.append(_unearned(who, least < (1 - ALIKE) * report.rmse, "steps"))
    if report.covered is None:
        lines.append(f"no intervals of {100 * report.level:.0f} %: too few starts to validate by")
    else:
        lines.append(
            f"intervals of {100 * report.level:.0f} %, each from all outcomes known by then, hold "
            f"{100 * report.covered:.1f} % of the values"
        )
    return lines


def step_lines(report: ForecastReport, room: int) -> list[str]:
    """Return the errors of some steps ahead as a small table, the first and the last among them.

    Parameters
    ----------
    report : ForecastReport
    room : int
        Characters in a line: heads of several words are stacked, then whole columns left out.
    """
    if report.ahead == 1:
        return []
    shown = sorted({round(i * (report.ahead - 1) / 5) for i in range(6)})
    steps = [report.steps[h] for h in shown]
    columns = {
        "step ahead": [f"{h + 1:,}" for h in shown],
        "error": [number(step.rmse) for step in steps],
        "last value": [number(step.last_rmse) for step in steps],
    }
    if report.season_rmse is not None:
        columns["a season before"] = [_or_dash(step.season_rmse) for step in steps]
    if report.covered is not None:
        columns["interval"] = [_or_dash(step.width) for step in steps]
    lines = _grid(columns, lambda head: [head])
    if len(lines[-1]) <= room:
        return lines
    for spared in ("", "last value", "a season before", "interval"):
        columns.pop(spared, None)
        lines = _grid(columns, lambda head: ["", *head.rsplit(maxsplit=1)][-2:])
        if len(lines[-1]) <= room:
            break
    return lines


def _or_dash(value: float | None) -> str:
    return "-" if value is None else number(value)


def _grid(columns: dict[str, list[str]], stacked: Callable[[str], list[str]]) -> list[str]:
    """Return columns of cells under their heads, each head in the lines that it is stacked in."""
    whole = [[*stacked(head), *cells] for head, cells in columns.items()]
    widths = [max(map(len, cells)) for cells in whole]
    return [
        "  ".join(f"{cell:>{width}}" for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in zip(*whole, strict=True)
    ]


def confusion_lines(report: ClassReport, room: int) -> list[str]:
    """Return the confusion matrix with precision and recall, or the latter alone if too wide."""
    names = shortened(list(report.classes), 14)
    cell = max(len(f"{n:,}") for row in report.confusion for n in row)
    heads = [name.rstrip() for name in names]
    widths = [max(cell, len(name)) for name in heads]
    corner = "true / said"
    left = max(len(corner), len(names[0]))
    wide = left + sum(w + 2 for w in widths) + 20 <= room
    if not wide:
        corner = "class"
        names = shortened([corner, *report.classes], min(14, room - 20))[1:]
        left = len(names[0])
    head = corner.ljust(left)
    if wide:
        head += "".join(f"  {name:>{w}}" for name, w in zip(heads, widths, strict=True))
    lines = [f"{head}  precision   recall"]
    rows = zip(names, report.confusion, report.precision, report.recall, strict=True)
    for name, counts, precision, recall in rows:
        text = f"{name:<{left}}"
        if wide:
            text += "".join(f"  {n:>{w},}" for n, w in zip(counts, widths, strict=True))
        known = ["-" if value is None else f"{value:.3f}" for value in (precision, recall)]
        lines.append(f"{text}  {known[0]:>9}  {known[1]:>7}")
    return lines
