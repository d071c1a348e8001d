"""Forward passes over any number of rows, in pieces of a few fixed sizes."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import jax
import numpy as np

from descend.data.batches import bucket
from descend.errors import DataError
from descend.layers import Layer
from descend.losses import Loss
from descend.training.passes import forward, forward_both, link_of, losses_of

__all__ = [
    "count_rows",
    "linked_outputs",
    "mean_loss",
    "numbers_a_row",
    "padded_rows",
    "raw_and_inner_outputs",
    "raw_outputs",
]

PIECE = 4096
"""Rows a forward pass; fewer rows are padded to a bucket, so that shapes stay few."""

MOST_NUMBERS = 1 << 22
"""Input numbers a forward pass; of large inputs, such as pictures, fewer rows go together."""


def _piece(x: Any) -> int:
    """Return how many rows of an input go through the network together."""
    numbers = numbers_a_row(x)
    piece = PIECE
    while piece > 16 and piece * numbers > MOST_NUMBERS:
        piece //= 2
    return piece


def count_rows(x: Any) -> int:
    """Return the number of rows of an array or of a dict of arrays."""
    return len(jax.tree.leaves(x)[0])


def numbers_a_row(x: Any) -> int:
    """Return how many numbers a row of an array or of a dict of arrays has."""
    return sum(math.prod(leaf.shape[1:]) for leaf in jax.tree.leaves(x))


def padded_rows(arrays: Any, rows: int) -> Any:
    """Repeat the first row until the arrays fill their bucket."""
    missing = bucket(rows) - rows
    if not missing:
        return arrays
    return jax.tree.map(
        lambda a: np.concatenate([a, np.broadcast_to(a[:1], (missing, *a.shape[1:]))]), arrays
    )


def raw_outputs(network: Layer, params: Any, state: Any, x: Any) -> np.ndarray:
    """Propagate rows forward, in inference mode.

    Parameters
    ----------
    network : Layer
    params, state : dict
    x : array (rows, ...) or dict of arrays

    Returns
    -------
    raw : float32 array (rows, width)
        Raw outputs, before the link of the loss.
    """
    return _in_pieces(forward(network), params, state, x)


def raw_and_inner_outputs(
    network: Layer, part: Layer, params: Any, state: Any, x: Any
) -> tuple[np.ndarray, np.ndarray]:
    """Propagate rows forward once, and return the outputs of a network and of a part of it.

    Parameters
    ----------
    network, part : Layer
        The part takes the same inputs, and its parameters have the same names as in the network.
    params, state : dict
        Of the network.
    x : array (rows, ...) or dict of arrays
    """
    return _in_pieces(forward_both(network, part), params, state, x)


def _in_pieces(apply: Callable[[Any, Any, Any], Any], params: Any, state: Any, x: Any) -> Any:
    """Return what a compiled pass gives for all rows: an array, or a tuple of them."""
    n = count_rows(x)
    if not n:
        raise DataError("there are no rows to predict: at least one is needed")
    pieces = []
    size = _piece(x)
    for start in range(0, n, size):
        piece = jax.tree.map(lambda a, s=start: a[s : s + size], x)
        rows = count_rows(piece)
        found = apply(params, state, padded_rows(piece, rows))
        pieces.append(jax.tree.map(lambda a, n=rows: np.asarray(a)[:n], found))
    if len(pieces) == 1:
        return pieces[0]
    return jax.tree.map(lambda *parts: np.concatenate(parts), *pieces)


def linked_outputs(loss: Loss, raw: np.ndarray) -> Any:
    """Return what the link of a loss makes of raw outputs (rows, width); see `Loss.link`."""
    link = link_of(loss)
    pieces = []
    for start in range(0, len(raw), PIECE):
        piece = raw[start : start + PIECE]
        rows = len(piece)
        linked = link(padded_rows(piece, rows))
        pieces.append(jax.tree.map(lambda a, n=rows: np.asarray(a)[:n], linked))
    return jax.tree.map(lambda *parts: np.concatenate(parts), *pieces)


def mean_loss(loss: Loss, raw: np.ndarray, y: Any, weights: np.ndarray | None = None) -> float:
    """Return the (weighted) mean loss of raw outputs (rows, width) against their targets.

    Raises
    ------
    DataError
        If all rows weigh 0.
    """
    total, total_weight = 0.0, 0.0
    each = losses_of(loss)
    for start in range(0, len(raw), PIECE):
        piece = jax.tree.map(lambda a, s=start: a[s : s + PIECE], (raw, y))
        rows = len(piece[0])
        values = np.asarray(each(*padded_rows(piece, rows)))[:rows].astype(np.float64)
        w = np.ones(rows) if weights is None else weights[start : start + PIECE]
        total += float(values @ w)
        total_weight += float(w.sum(dtype=np.float64))
    if not total_weight:
        raise DataError(
            f"the {len(raw):,} validation rows all weigh 0, so nothing can be judged by them: "
            "give some a weight above 0, or train without validation rows"
        )
    return total / total_weight
