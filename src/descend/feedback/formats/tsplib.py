"""TSPLIB: coordinates or explicit matrices of travelling salesman problems."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import numpy as np

from descend.errors import DataError
from descend.feedback.formats.lines import Line, Lines, Numbers
from descend.feedback.ising import check_memory

__all__ = ["Cities", "read_tsplib"]

CONSTRAINTS = ("CAPACITY_SECTION", "DEMAND_SECTION", "DEPOT_SECTION", "FIXED_EDGES_SECTION")
EARTH_RADIUS = 6378.388  # km, as TSPLIB defines it
FORMATS = (
    "FULL_MATRIX",
    "UPPER_ROW",
    "LOWER_ROW",
    "UPPER_DIAG_ROW",
    "LOWER_DIAG_ROW",
)


class Cities(NamedTuple):
    """Distances (n, n) and, where the file has them, coordinates (n, 2) to draw."""

    name: str
    distances: np.ndarray
    coordinates: np.ndarray | None


def read_tsplib(path: str | Path) -> Cities:
    """Read a TSPLIB file with EUC_2D, CEIL_2D, MAN_2D, MAX_2D, ATT, GEO or EXPLICIT weights.

    Distances are rounded as TSPLIB prescribes, so that tour lengths compare with published ones.

    Raises
    ------
    TableError
        For a missing or unknown keyword, a section that ends early, a number out of place; the
        message names the line.

    References
    ----------
    Reinelt (1991), TSPLIB, a traveling salesman problem library; its 1995 description.
    """
    lines = Lines(path)
    head: dict[str, str] = {}
    places: dict[str, Line] = {}
    sections: dict[str, tuple[int, int]] = {}
    open_section, begun = None, 0
    for k, line in enumerate(lines.lines):
        word = line.text.split(":")[0].strip().upper()
        known = word.endswith("_SECTION") or word == "EOF" or (":" in line.text)
        if open_section is not None and known:
            sections[open_section] = (begun, k)
            open_section = None
        if word == "EOF":
            break
        if word.endswith("_SECTION"):
            open_section, begun = word, k + 1
        elif open_section is None:
            if ":" not in line.text:
                lines.fail(line, f'expected "KEYWORD: value" or a section, got {line.text!r}')
            head[word] = line.text.split(":", 1)[1].strip()
            places[word] = line
    if open_section is not None:
        sections[open_section] = (begun, len(lines.lines))
    first = lines.lines[0]
    if "DIMENSION" not in head:
        lines.fail(first, "there is no DIMENSION: the number of cities is unknown")
    n = lines.integer(places["DIMENSION"], head["DIMENSION"], "DIMENSION", 2)
    for section, (start, _) in sections.items():
        if section in CONSTRAINTS:
            lines.fail(
                lines.lines[start - 1],
                f"a {section} asks for more than a tour, and would be ignored; take it out",
            )
    purpose = head.get("TYPE", "TSP").split()[:1]
    if purpose not in (["TSP"], ["ATSP"], []):
        lines.fail(places["TYPE"], f"TYPE must be TSP or ATSP, got {head['TYPE']!r}")
    try:
        check_memory(n * n, f"the distances between {n:,} cities")
    except DataError as error:
        lines.fail(places["DIMENSION"], str(error))
    kind = head.get("EDGE_WEIGHT_TYPE", "").upper()
    coordinates = None
    for name in ("NODE_COORD_SECTION", "DISPLAY_DATA_SECTION"):
        if name in sections and coordinates is None:
            coordinates = _coordinates(lines, *sections[name], n)
    if kind == "EXPLICIT":
        if "EDGE_WEIGHT_SECTION" not in sections:
            lines.fail(first, "EXPLICIT weights need an EDGE_WEIGHT_SECTION")
        form = head.get("EDGE_WEIGHT_FORMAT", "").upper()
        if form not in FORMATS:
            lines.fail(
                first, f"EDGE_WEIGHT_FORMAT must be one of {', '.join(FORMATS)}, got {form!r}"
            )
        matrix = _matrix(lines, *sections["EDGE_WEIGHT_SECTION"], n, form)
    else:
        if kind not in ("EUC_2D", "CEIL_2D", "MAN_2D", "MAX_2D", "ATT", "GEO"):
            lines.fail(first, f"EDGE_WEIGHT_TYPE {kind!r} is not one that can be read")
        if "NODE_COORD_SECTION" not in sections or coordinates is None:
            lines.fail(first, f"{kind} weights need a NODE_COORD_SECTION")
        matrix = _between(coordinates, kind)
        if kind == "GEO":
            coordinates = coordinates[:, ::-1]  # longitude runs along the page
    return Cities(head.get("NAME", Path(path).stem), matrix, coordinates)


def _coordinates(lines: Lines, first: int, last: int, n: int) -> np.ndarray:
    found = np.full((n, 2), np.nan)
    for line in lines.lines[first:last]:
        if len(line.words) != 3:
            lines.fail(line, f'expected "city x y", got {line.text!r}')
        city = lines.integer(line, line.words[0], "a city", 1, n) - 1
        if not np.isnan(found[city, 0]):
            lines.fail(line, f"city {city + 1} was already given")
        found[city] = [lines.number(line, word, "a coordinate") for word in line.words[1:]]
    missing = np.flatnonzero(np.isnan(found[:, 0]))
    if missing.size:
        end = lines.lines[last - 1].number
        lines.fail(end, f"{missing.size} of {n} cities have no coordinates, first {missing[0] + 1}")
    return found


def _matrix(lines: Lines, first: int, last: int, n: int, form: str) -> np.ndarray:
    numbers = Numbers(lines, first, last)
    matrix = np.zeros((n, n))
    if form == "FULL_MATRIX":
        matrix = numbers.take(n * n, "the matrix").reshape(n, n)
    else:
        shift = 0 if "DIAG" in form else 1
        upper = form.startswith("UPPER")
        places = np.triu_indices(n, shift) if upper else np.tril_indices(n, -shift)
        matrix[places] = numbers.take(len(places[0]), "the matrix")
        matrix = matrix + matrix.T - np.diag(np.diagonal(matrix))
    numbers.finish("the matrix")
    return matrix


def _between(xy: np.ndarray, kind: str) -> np.ndarray:
    if kind == "GEO":
        degrees = np.trunc(xy)
        radians = 3.141592 * (degrees + 5.0 * (xy - degrees) / 3.0) / 180.0
        latitude, longitude = radians.T
        q1 = np.cos(longitude[:, None] - longitude)
        q2 = np.cos(latitude[:, None] - latitude)
        q3 = np.cos(latitude[:, None] + latitude)
        angle = 0.5 * ((1.0 + q1) * q2 - (1.0 - q1) * q3)
        result = np.floor(EARTH_RADIUS * np.arccos(np.clip(angle, -1.0, 1.0)) + 1.0)
    else:
        x, y = np.abs(xy[:, None] - xy).transpose(2, 0, 1)
        if kind == "MAN_2D":
            result = np.floor(x + y + 0.5)
        elif kind == "MAX_2D":
            result = np.maximum(np.floor(x + 0.5), np.floor(y + 0.5))
        elif kind == "CEIL_2D":
            result = np.ceil(np.hypot(x, y))
        elif kind == "ATT":
            exact = np.sqrt((x * x + y * y) / 10.0)
            rounded = np.floor(exact + 0.5)
            result = np.where(rounded < exact, rounded + 1.0, rounded)
        else:
            result = np.floor(np.hypot(x, y) + 0.5)
    np.fill_diagonal(result, 0.0)
    return result
