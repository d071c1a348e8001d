"""How like the training rows a row is: its numbers, and what the last hidden layer makes of it.

A network answers every row, also one of a kind that it has never met. Here the training rows are
described by a normal distribution in two views: their numbers, and their activations in the last
hidden layer. A row's distance from each is compared with the distances of validation rows, which
gives a share: how many rows of the usual kind are as far away. The numbers show cells that cannot
be, which a network that clips its inputs does not see; the hidden layer shows categories, pictures
and words as well, and only what matters to the prediction.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, replace
from typing import Any

import numpy as np

from descend.layers import Layer, Members, Sequential
from descend.training import raw_and_inner_outputs, raw_outputs

__all__ = [
    "HIDDEN",
    "Likeness",
    "NUMBERS",
    "UNLIKE",
    "fit_likeness",
    "fit_views",
    "numbers_of",
    "raw_and_hidden",
    "share_of_views",
]

HIDDEN, NUMBERS = "hidden", "numbers"
"""The views of a row, by their names in a model file."""

UNLIKE = 0.01
"""Rows whose share is at most this are called unlike the training data: one usual row in 100."""

DIRECTIONS = 24
"""Principal directions that are kept apart; the rest is one number, its mean square."""

MOST = 10_000
"""Training rows that the distribution is fitted on."""


@dataclass(frozen=True, eq=False)
class Likeness:
    """A normal distribution of one view of rows, and how far usual rows are from its middle.

    distance² = sum_i (direction_i . v)² / spread_i² + |rest|² / spread_rest²,
    v = (view - center) / scale

    Attributes
    ----------
    center, scales : float32 arrays (d,)
        Scales are above 0.
    directions : float32 array (r, d)
        Orthonormal rows.
    spreads : float32 array (r + 1,)
        Standard deviation along each direction, and of all that is left; above 0.
    distances : float32 array (n,)
        Of validation rows, increasing.

    References
    ----------
    Lee, Lee, Lee and Shin (2018), A simple unified framework for detecting out-of-distribution
    samples; Vovk, Gammerman and Shafer (2005), Algorithmic learning in a random world, for the
    share.
    """

    center: np.ndarray
    scales: np.ndarray
    directions: np.ndarray
    spreads: np.ndarray
    distances: np.ndarray

    def distance(self, view: np.ndarray) -> np.ndarray:
        """Return the distance of each row of a view (rows, d), float32 (rows,)."""
        off = (view.astype(np.float64) - self.center) / self.scales
        along = off @ self.directions.T.astype(np.float64)
        rest = np.maximum(np.sum(off * off, axis=1) - np.sum(along * along, axis=1), 0)
        spreads = self.spreads.astype(np.float64)
        squares = np.sum((along / spreads[:-1]) ** 2, axis=1) + rest / spreads[-1] ** 2
        return np.minimum(np.sqrt(squares), np.finfo(np.float32).max).astype(np.float32)

    def share(self, view: np.ndarray) -> np.ndarray:
        """Return for each row the share of usual rows that are at least as far away.

        (1 + number of validation rows at least as far) / (1 + number of validation rows): for rows
        drawn as the validation rows were, it is at most p with a probability of at most p. Beyond
        the farthest of those it falls with the square of the distance, as the tails of the widest
        distributions that have a variance do, so that few validation rows can tell it as well.
        """
        n, distance = len(self.distances), self.distance(view)
        farther = n - np.searchsorted(self.distances, distance, side="left")
        beyond = self.distances[-1] / np.maximum(distance, self.distances[-1] + 1e-30)
        return (1 + farther) / (1 + n) * beyond.astype(np.float64) ** 2

    def tensors(self) -> dict[str, np.ndarray]:
        """Return the arrays by their names in a model file."""
        return {field.name: getattr(self, field.name) for field in fields(self)}


def fit_views(
    training: Mapping[str, np.ndarray | None], validation: Mapping[str, np.ndarray | None]
) -> dict[str, Likeness]:
    """Fit a distribution on each view that there is; of numbers every column counts alike."""
    found = {}
    for name, rows in training.items():
        later = validation[name]
        if rows is not None and later is not None:
            found[name] = fit_likeness(rows, later, alike=name == NUMBERS)
    return {name: one for name, one in found.items() if one is not None}


def share_of_views(
    likeness: Mapping[str, Likeness], views: Mapping[str, np.ndarray | None]
) -> np.ndarray | None:
    """Return the share of each row over all views that there are, None where there is none.

    Twice the lesser of two shares, at most 1 (Bonferroni): for usual rows it stays at most p with a
    probability of at most p, however the views hang together.
    """
    shares = []
    for name, one in likeness.items():
        view = views.get(name)
        if view is not None:
            shares.append(one.share(view))
    return np.minimum(1.0, len(shares) * np.min(shares, axis=0)) if shares else None


def numbers_of(inputs: Any, places: Sequence[int]) -> np.ndarray | None:
    """Return the numbers (rows, d) among encoded inputs, None where there are none.

    Parameters
    ----------
    inputs : array (rows, width), or dict of arrays with "numbers"
    places : sequence of int
        Columns of the matrix that are numbers of the table.
    """
    matrix = inputs.get("numbers") if isinstance(inputs, Mapping) else inputs
    return np.asarray(matrix)[:, list(places)] if len(places) and matrix is not None else None


def raw_and_hidden(
    network: Layer, params: Any, state: Any, x: Any
) -> tuple[np.ndarray, np.ndarray | None]:
    """Return the raw outputs, and the activations (rows, d) before the network's last layer.

    Both come from one pass. There are no such activations in a network of a single layer.
    """
    before = _without_last(network)
    if before is None:
        return raw_outputs(network, params, state, x), None
    raw, hidden = raw_and_inner_outputs(network, before, params, state, x)
    return raw, hidden if hidden.ndim == 2 else None


def _without_last(network: Layer) -> Layer | None:
    """Return a network without its last layer; the members of an ensemble each lose theirs."""
    if isinstance(network, Members):
        inner = _without_last(network.inner)
        return None if inner is None else Members(inner, network.count)
    if not isinstance(network, Sequential):
        return None
    *before, last = network.layers
    shorter = _without_last(last) if isinstance(last, Members) else None
    kept = (*before, shorter) if shorter is not None else tuple(before)
    return Sequential(kept) if kept else None


def fit_likeness(
    training: np.ndarray, validation: np.ndarray, *, alike: bool = False
) -> Likeness | None:
    """Fit the distribution on one view of training rows (rows, d).

    Parameters
    ----------
    training, validation : float32 arrays (rows, d)
    alike : bool
        Whether every column counts alike, whatever its unit.

    Returns
    -------
    Likeness or None
        None where there are fewer than 20 rows of either, or a view that does not vary.
    """
    if min(len(training), len(validation)) < 20:
        return None
    center = training.mean(axis=0, dtype=np.float64)
    off = training - center
    scales = off.std(axis=0) if alike else np.ones(len(center))
    # Where a column is the same in all training rows, any other value is far.
    scales = np.where(scales > 0, scales, 1e-6 * np.maximum(1, np.abs(center)))
    off /= scales
    values, vectors = np.linalg.eigh(off.T @ off / len(off))
    values, vectors = values[::-1], vectors[:, ::-1]
    if not values[0] > 0:
        return None
    # No direction is taken as narrower than a hundredth of the widest: that would be rounding.
    floor = 1e-4 * values[0]
    kept = min(DIRECTIONS, max(1, int(np.sum(values > floor))), len(values))
    rest = values[kept:]
    spread_of_rest = max(float(rest.mean()) if len(rest) else 0.0, floor / len(values))
    spreads = np.sqrt(np.append(np.maximum(values[:kept], floor), spread_of_rest))
    found = Likeness(
        center.astype(np.float32),
        scales.astype(np.float32),
        np.ascontiguousarray(vectors[:, :kept].T, dtype=np.float32),
        spreads.astype(np.float32),
        np.zeros(0, np.float32),
    )
    distances = np.sort(found.distance(validation))
    if not np.isfinite(distances).all() or not np.all(found.spreads > 0):
        return None
    return replace(found, distances=distances)
