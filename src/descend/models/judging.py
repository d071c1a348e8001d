"""Which validation rows judge a network: not those with a number far outside the training rows."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import jax
import numpy as np

from descend.data.rows import Rows
from descend.training import Examples

__all__ = ["without_far_rows"]

MOST = 0.05
"""Where a larger share of the validation rows is far off, new rows will be too, and all count."""


def without_far_rows(
    train: Examples, held: Examples, places: tuple[int, ...]
) -> tuple[Examples, int]:
    """Return validation examples in which far rows weigh nothing, and how many those are.

    A row is far where one of its numbers lies farther outside the range of the training rows than
    that range is wide: a slip of the pen such as 1e30. What a network says of it is chance, yet
    the loss of that one row can exceed that of all others together, and would choose the epoch.

    Parameters
    ----------
    train, held : Examples
        With encoded numbers: a matrix, or its part called ``numbers``. Rows that stay in a file
        are not looked at.
    places : tuple of int
        Of the numbers among the columns of the matrix.

    Examples
    --------
    >>> x = np.array([[0.0], [1.0]], np.float32)
    >>> held = Examples(np.linspace(0, 1, 40, dtype=np.float32)[:, None], np.zeros((40, 1)))
    >>> held.x[7] = 2.1
    >>> found, far = without_far_rows(Examples(x, x), held, (0,))
    >>> far, found.weights[6:9]
    (1, array([1., 0., 1.], dtype=float32))
    """
    known, new = _numbers(train.x), _numbers(held.x)
    if known is None or new is None or not places or not held.rows:
        return held, 0
    known, new = known[:, places], new[:, places]
    low, high = known.min(axis=0), known.max(axis=0)
    width = np.where(high > low, high - low, np.inf)  # of a constant nothing can be said
    far = np.any((new < low - width) | (new > high + width), axis=1)
    count = int(far.sum())
    if not 0 < count <= MOST * held.rows:
        return held, 0
    weights = np.ones(held.rows, np.float32) if held.weights is None else held.weights
    return replace(held, weights=np.where(far, np.float32(0), weights)), count


def _numbers(x: Any) -> np.ndarray | None:
    """Return the matrix of numbers of some inputs, if there is one in memory."""
    if isinstance(x, dict):
        x = x.get("numbers")
    if x is None or isinstance(x, Rows) or not isinstance(x, np.ndarray | jax.Array):
        return None
    return np.asarray(x) if x.ndim == 2 else None
