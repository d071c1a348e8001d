"""Pictures of answers as SVG, drawn by hand: a tour, a cut, a colouring, energy over time."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from descend.feedback.formats import Graph
from descend.feedback.run import Progress

__all__ = ["draw_energy", "draw_graph", "draw_schedule", "draw_states", "draw_tour"]

SIZE, EDGE = 600, 30
PALETTE = (
    "#0072b2",
    "#e69f00",
    "#009e73",
    "#cc79a7",
    "#d55e00",
    "#56b4e9",
    "#f0e442",
    "#000000",
    "#7f7f7f",
    "#8c564b",
)  # Okabe and Ito: distinct for colour-blind eyes
MOST_EDGES = 20_000


def _svg(parts: Sequence[str], title: str, width: int = SIZE, height: int = SIZE) -> str:
    text = title.replace("&", "&amp;").replace("<", "&lt;")
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" '
            f'width="{width}" height="{height}" font-family="sans-serif" font-size="14">',
            f"<title>{text}</title>",
            f'<rect width="{width}" height="{height}" fill="white"/>',
            f'<text x="{EDGE}" y="20">{text}</text>',
            *parts,
            "</svg>\n",
        ]
    )


def _fit(xy: Any) -> np.ndarray:
    xy = np.asarray(xy, float)
    low, span = xy.min(axis=0), max(float(np.ptp(xy, axis=0).max()), 1e-12)
    placed = EDGE + (xy - low) / span * (SIZE - 2 * EDGE)
    placed[:, 1] = SIZE - placed[:, 1]
    return placed


def draw_tour(coordinates: Any, tour: Any, title: str) -> str:
    """Return a closed tour through cities at these coordinates.

    Examples
    --------
    >>> draw_tour([[0, 0], [1, 0], [0, 1]], [0, 1, 2], "a tour").startswith("<svg")
    True
    """
    xy = _fit(coordinates)
    path = " ".join(f"{x:.1f},{y:.1f}" for x, y in xy[np.asarray(tour)])
    line = f'<polygon points="{path}" fill="none" stroke="{PALETTE[0]}" stroke-width="2"/>'
    dots = [f'<circle cx="{x:.1f}" cy="{y:.1f}" r="4" fill="{PALETTE[4]}"/>' for x, y in xy]
    return _svg([line, *dots], title)


def draw_graph(graph: Graph, colors: Any, title: str) -> str:
    """Return nodes on a circle, grouped by colour; edges between colours are grey, within red."""
    colors = np.asarray(colors, int)
    order = np.argsort(colors, kind="stable")
    angle = np.empty(graph.nodes)
    angle[order] = np.arange(graph.nodes) * 2 * np.pi / graph.nodes
    xy = SIZE / 2 + (SIZE / 2 - EDGE - 10) * np.column_stack([np.cos(angle), np.sin(angle)])
    shown = np.arange(len(graph.first))
    if shown.size > MOST_EDGES:
        shown = np.random.default_rng(0).choice(shown, MOST_EDGES, replace=False)
    opacity = min(0.6, 60.0 / max(1, shown.size) ** 0.6)
    parts = []
    for k in shown:
        (x1, y1), (x2, y2) = xy[graph.first[k]], xy[graph.second[k]]
        same = colors[graph.first[k]] == colors[graph.second[k]]
        stroke = "#d00000" if same else "#808080"
        parts.append(
            f'<line x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}" '
            f'stroke="{stroke}" stroke-opacity="{opacity:.3f}"/>'
        )
    radius = max(1.5, min(8.0, 600.0 / graph.nodes))
    parts += [
        f'<circle cx="{x:.1f}" cy="{y:.1f}" r="{radius:.1f}" fill="{PALETTE[c % len(PALETTE)]}"/>'
        for (x, y), c in zip(xy, colors, strict=True)
    ]
    return _svg(parts, title)


def draw_schedule(machines: Any, durations: Any, starts: Any, title: str) -> str:
    """Return a Gantt chart: a row a machine, a colour a job."""
    machines, durations, starts = (np.asarray(a, int) for a in (machines, durations, starts))
    end, rows = int((starts + durations).max()), int(machines.max()) + 1
    width, height = 900, 2 * EDGE + 34 * rows
    unit = (width - 3 * EDGE) / max(end, 1)
    parts = []
    for (j, k), machine in np.ndenumerate(machines):
        x, y = 2 * EDGE + starts[j, k] * unit, EDGE + 34 * machine
        color = PALETTE[j % len(PALETTE)]
        parts.append(
            f'<rect x="{x:.1f}" y="{y}" width="{durations[j, k] * unit:.1f}" height="28" '
            f'fill="{color}" stroke="white"/><text x="{x + 4:.1f}" y="{y + 19}" fill="white">'
            f"{j + 1}</text>"
        )
    parts += [f'<text x="{EDGE}" y="{EDGE + 34 * m + 19}">{m}</text>' for m in range(rows)]
    return _svg(parts, title, width, height)


def draw_energy(trace: Sequence[Progress], title: str) -> str:
    """Return the lowest energy so far over time, as steps."""
    points = [(float(t.seconds), float(t.energy)) for t in trace] or [(0.0, 0.0)]
    seconds, energies = np.array(points).T
    right = max(float(seconds[-1]), 1e-9)
    low, high = float(energies.min()), float(energies.max())
    span = (high - low) or 1.0
    x = 2 * EDGE + seconds / right * (SIZE - 3 * EDGE)
    y = 2 * EDGE + (high - energies) / span * (SIZE - 4 * EDGE)
    corners = [f"{x[0]:.1f},{y[0]:.1f}"]
    for k in range(1, len(x)):
        corners += [f"{x[k]:.1f},{y[k - 1]:.1f}", f"{x[k]:.1f},{y[k]:.1f}"]
    path = " ".join(corners)
    return _svg(
        [
            f'<polyline points="{path}" fill="none" stroke="{PALETTE[0]}" stroke-width="2"/>',
            f'<text x="{EDGE}" y="{SIZE - 10}">0 to {right:.2f} s; '
            f"energy {high:g} to {low:g}</text>",
        ],
        title,
    )


def draw_states(states: Any, title: str, most: int = 200) -> str:
    """Return spins (reads, n) as rows of light and dark squares: how reads agree."""
    grid = np.asarray(states)[:most, :most] > 0
    rows, columns = grid.shape
    cell = (SIZE - 2 * EDGE) / max(rows, columns, 1)
    parts = [
        f'<rect x="{EDGE + c * cell:.1f}" y="{EDGE + r * cell:.1f}" width="{cell:.2f}" '
        f'height="{cell:.2f}" fill="{PALETTE[0]}"/>'
        for r, c in np.argwhere(grid)
    ]
    return _svg(parts, title)
