"""A picture of the loss over the learning rate, as SVG."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from descend.training.range_test import Tried

__all__ = ["rate_picture"]

WIDTH, HEIGHT, EDGE = 640, 400, 60
COLORS = ("#0072b2", "#e69f00", "#009e73", "#cc79a7", "#d55e00")  # Okabe and Ito
MOST = 1e3
"""Losses beyond so many times the least are drawn at the top."""


def rate_picture(curves: dict[str, Sequence[Tried]], title: str, mark: float | None = None) -> str:
    """Return an SVG of loss over rate, both logarithmic, one curve for each name.

    Rates that diverged have no point; a cross at the top stands where they begin.

    Parameters
    ----------
    mark : float, optional
        A rate to point out.
    """
    points = [one for curve in curves.values() for one in curve if math.isfinite(one.loss)]
    rates = [one.rate for curve in curves.values() for one in curve]
    losses = [max(one.loss, 1e-12) for one in points] or [1.0]
    left, right = math.log10(min(rates)), math.log10(max(rates))
    low = math.floor(10 * math.log10(min(losses))) / 10
    high = math.log10(min(max(losses), MOST * min(losses)))
    high = max(math.ceil(10 * high) / 10, low + 0.1)

    def place(rate: float, loss: float) -> tuple[float, float]:
        across = (math.log10(rate) - left) / (right - left)
        up = min(1.0, (math.log10(max(loss, 1e-12)) - low) / (high - low))
        return EDGE + across * (WIDTH - 2 * EDGE), HEIGHT - EDGE - up * (HEIGHT - 2 * EDGE)

    parts = [_label(WIDTH / 2, HEIGHT - 16, "learning rate", "middle"), _label(EDGE, 20, title)]
    parts.append(_label(EDGE - 6, EDGE - 14, "loss", "end"))
    for power in range(math.ceil(left - 1e-9), math.floor(right + 1e-9) + 1):
        x, _ = place(10.0**power, 1)
        parts.append(f'<path d="M{x:.1f} {EDGE}V{HEIGHT - EDGE}" stroke="#dddddd"/>')
        parts.append(_label(x, HEIGHT - EDGE + 18, f"{10.0**power:g}", "middle"))
    for value in np.linspace(low, high, 5):
        _, y = place(rates[0], 10**value)
        parts.append(_label(EDGE - 6, y + 4, f"{10**value:.2g}", "end"))
    for i, (name, curve) in enumerate(curves.items()):
        color = COLORS[i % len(COLORS)]
        spots = [place(one.rate, one.loss) for one in curve if math.isfinite(one.loss)]
        path = " ".join(f"{x:.1f},{y:.1f}" for x, y in spots)
        parts.append(f'<polyline points="{path}" fill="none" stroke="{color}" stroke-width="2"/>')
        parts += [f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3" fill="{color}"/>' for x, y in spots]
        parts.append(_label(WIDTH - 10, EDGE - 46 + 14 * i, name, "end", color))
        lost = next((one.rate for one in curve if not math.isfinite(one.loss)), None)
        if lost is not None:
            x, y = place(lost, math.inf)
            cross = f"M{x - 4:.1f} {y - 4 + 12 * i:.1f}l8 8m0 -8l-8 8"  # none hides another
            parts.append(f'<path d="{cross}" stroke="{color}" stroke-width="2"/>')
            told = _label(WIDTH - 10, HEIGHT - 16, "× not finite from here on", "end")
            parts += [] if told in parts else [told]
    if mark is not None:
        x, _ = place(mark, 1)
        line = f'd="M{x:.1f} {EDGE}V{HEIGHT - EDGE}" stroke="{COLORS[-1]}" stroke-dasharray="4"'
        parts += [f"<path {line}/>", _label(x + 4, EDGE - 6, f"{mark:g}", "start", COLORS[-1])]
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" width="{WIDTH}" '
        f'height="{HEIGHT}" font-family="sans-serif" font-size="12"><title>{_plain(title)}</title>'
        f'<rect width="{WIDTH}" height="{HEIGHT}" fill="white"/>{"".join(parts)}</svg>\n'
    )


def _label(x: float, y: float, text: str, anchor: str = "start", color: str = "black") -> str:
    place = f'x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" fill="{color}"'
    return f"<text {place}>{_plain(text)}</text>"


def _plain(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;")
