"""Pictures of reports as SVG, drawn by hand."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from pathlib import Path

from descend.data.files import write_atomically
from descend.errors import UsageError
from descend.models.plan import Plan
from descend.models.report import ClassReport, Coverage, NumberReport, Reliability, Report
from descend.models.series.report import ForecastReport

__all__ = ["bars_svg", "check_drawable", "draw_report", "reliability_svg"]

BLUE, ORANGE, GREY = "#0072b2", "#d55e00", "#777777"  # Okabe and Ito: distinct for all eyes
SIDE, EDGE = 360, 56


def check_drawable(plan: Plan) -> None:
    """Refuse to draw how far to trust a model of which there is no picture, before it is tested.

    Raises
    ------
    UsageError
        If it forecasts a series.
    """
    if plan.forecast is not None:
        raise UsageError(
            "--picture draws how often probabilities and intervals of rows hold, and there is no "
            "such picture of a forecast: descend test says how many of its intervals hold"
        )


def draw_report(report: Report, path: Path) -> None:
    """Write the reliability of the first target of a report.

    Raises
    ------
    UsageError
        If the report has neither probabilities nor intervals.
    """
    for part in report.targets:
        if isinstance(part, ForecastReport):
            continue
        groups = part.reliability if isinstance(part, ClassReport) else part.coverage
        if groups:
            write_atomically(path, reliability_svg(part).encode())
            return
    raise UsageError("there is nothing to draw: the report has neither probabilities nor intervals")


def reliability_svg(report: ClassReport | NumberReport) -> str:
    """Return what was promised against what came true, with 95 % intervals.

    Classes: the probability of the predicted class against the share that was right. Numbers: the
    level of intervals against the share of targets inside.
    """
    if isinstance(report, ClassReport):
        title, promise, truth = "reliability", "probability given", "share that was right"
        points = [_point(group) for group in report.reliability if group.rows]
    else:
        title, promise, truth = "coverage", "level of the interval", "share of targets inside"
        points = [_covered(part) for part in report.coverage]
    parts = [
        f'<rect x="{EDGE}" y="{EDGE}" width="{SIDE}" height="{SIDE}" fill="none" stroke="{GREY}"/>',
        f'<line x1="{_x(0)}" y1="{_y(0)}" x2="{_x(1)}" y2="{_y(1)}" stroke="{GREY}" '
        'stroke-dasharray="4 4"/>',
    ]
    for tick in (0.0, 0.25, 0.5, 0.75, 1.0):
        parts.append(_text(_x(tick), EDGE + SIDE + 18, f"{100 * tick:.0f} %", "middle"))
        parts.append(_text(EDGE - 6, _y(tick) + 4, f"{100 * tick:.0f} %", "end"))
    parts.append(_text(EDGE + SIDE / 2, EDGE + SIDE + 38, promise, "middle"))
    parts.append(
        f'<text transform="translate(14 {EDGE + SIDE / 2}) rotate(-90)" '
        f'text-anchor="middle">{truth}</text>'
    )
    for given, share, low, high, rows in points:
        parts.append(
            f'<line x1="{_x(given)}" y1="{_y(low)}" x2="{_x(given)}" y2="{_y(high)}" '
            f'stroke="{BLUE}" stroke-width="2"/>'
            f'<circle cx="{_x(given)}" cy="{_y(share)}" r="5" fill="{BLUE}">'
            f"<title>{rows:,} rows: {100 * given:.0f} % given, {100 * share:.0f} % found</title>"
            "</circle>"
        )
    return _svg(f"{report.target}: {title} on {report.rows:,} rows", parts, EDGE * 2 + SIDE)


def _point(group: Reliability) -> tuple[float, float, float, float, int]:
    share = group.right / group.rows
    return group.confidence, share, group.share_low, group.share_high, group.rows


def _covered(part: Coverage) -> tuple[float, float, float, float, int]:
    return part.level, part.inside / part.rows, part.share_low, part.share_high, part.rows


def bars_svg(
    title: str, names: Sequence[str], values: Sequence[float], ends: Sequence[tuple[float, float]]
) -> str:
    """Return horizontal bars from 0, with a line for each one's interval.

    Parameters
    ----------
    title : str
    names : sequence of str
    values : sequence of float
        May be negative: such bars go to the left, in another colour.
    ends : sequence of (low, high)
        Empty for bars without intervals.
    """
    lowest = min([0.0, *values, *(low for low, _ in ends)])
    highest = max([0.0, *values, *(high for _, high in ends)])
    span = (highest - lowest) or 1.0
    left, room = 190, 380

    def place(value: float) -> float:
        return round(left + (value - lowest) / span * room, 1)

    parts = []
    for i, (name, value) in enumerate(zip(names, values, strict=True)):
        y = 44 + 24 * i
        short = name if len(name) <= 26 else name[:25] + "…"
        start, end = sorted((place(0), place(value)))
        color = BLUE if value >= 0 else ORANGE
        parts.append(_text(left - 8, y + 13, short, "end"))
        parts.append(
            f'<rect x="{start}" y="{y}" width="{end - start:.1f}" height="16" fill="{color}">'
            f"<title>{escape(name)}: {value:.4g}</title></rect>"
        )
        if ends:
            low, high = ends[i]
            parts.append(
                f'<line x1="{place(low)}" y1="{y + 8}" x2="{place(high)}" y2="{y + 8}" '
                'stroke="black" stroke-width="1.5"/>'
            )
    bottom = 44 + 24 * len(names)
    parts.append(f'<line x1="{place(0)}" y1="40" x2="{place(0)}" y2="{bottom}" stroke="{GREY}"/>')
    return _svg(title, parts, left + room + 20, bottom + 12)


def _x(share: float) -> float:
    return round(EDGE + SIDE * share, 1)


def _y(share: float) -> float:
    return round(EDGE + SIDE * (1 - share), 1)


def _text(x: float, y: float, text: str, anchor: str) -> str:
    return f'<text x="{x}" y="{y}" text-anchor="{anchor}">{escape(text)}</text>'


def _svg(title: str, parts: Sequence[str], width: float, height: float | None = None) -> str:
    height = width if height is None else height
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" '
            f'width="{width}" height="{height}" font-family="sans-serif" font-size="13">',
            f"<title>{escape(title)}</title>",
            f'<rect width="{width}" height="{height}" fill="white"/>',
            _text(12, 24, title, "start"),
            *parts,
            "</svg>\n",
        ]
    )
