"""What a run learns from, and what it tells as it goes."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Any

import jax
import numpy as np

from descend.training.evaluation import count_rows

__all__ = ["EpochRecord", "Examples", "arrays_digest", "drawn_inputs"]


@dataclass(frozen=True)
class Examples:
    """Rows to learn from or to be judged by.

    Attributes
    ----------
    x : array (rows, ...) or dict of arrays
    y : array (rows, ...) or tuple of arrays
    weights : float32 array (rows,) or None
        Importance of each row; training divides them by their mean.
    """

    x: Any
    y: Any
    weights: np.ndarray | None = None

    @property
    def rows(self) -> int:
        """Number of rows."""
        return count_rows(self.x)


def drawn_inputs(examples: Examples, most: int) -> Any:
    """Return the inputs of at most so many rows, evenly drawn, as NumPy arrays in their order."""
    rows = np.arange(examples.rows)
    if examples.rows > most:
        rows = np.sort(np.random.default_rng(0).choice(examples.rows, most, replace=False))

    def drawn(a: Any) -> np.ndarray:
        return np.asarray(a)[rows] if isinstance(a, jax.Array) else np.asarray(a[rows])

    return jax.tree.map(drawn, examples.x)


def arrays_digest(tree: Any) -> str:
    """Return the SHA-256 of the rows of all arrays of a tree, in hexadecimal; read in pieces."""
    rows = hashlib.sha256()
    for leaf in jax.tree.leaves(tree):
        for first in range(0, len(leaf), 65_536):
            rows.update(np.ascontiguousarray(leaf[first : first + 65_536]).data)
    return rows.hexdigest()


@dataclass(frozen=True)
class EpochRecord:
    """What is known at a moment of a run.

    Attributes
    ----------
    epoch : int
        From 1.
    share : float
        Share of this epoch's steps already taken; 1.0 when the epoch is complete. The validation
        fields are None before that.
    step : int
        Optimizer steps since the start of the run.
    loss : float
        Mean training loss over this epoch's rows so far (each row before its own step).
    validation_loss, validation_score : float or None
        None without validation rows, and without a score function.
    learning_rate : float or None
        At the latest step; None for a bare optax transformation, which keeps its own.
    seconds : float
        Since the start of the run, compilation included.
    rows_per_second : float
        Of the training steps alone, in this epoch.
    best : bool
        Whether this epoch is the best so far; its weights are kept.
    diagnostics : dict or None
        At the end of an epoch, where asked for: ``gradient_norm`` and ``movement`` (how far the
        weights moved in the epoch, relative to their length) of each layer, ``saturated`` and
        ``dead`` units (see `descend.training.diagnostics`), and ``residual`` of `ImplicitSGD`.
    """

    epoch: int
    share: float
    step: int
    loss: float
    validation_loss: float | None
    validation_score: float | None
    learning_rate: float | None
    seconds: float
    rows_per_second: float
    best: bool
    diagnostics: dict[str, Any] | None = None

    @property
    def complete(self) -> bool:
        """Whether the epoch is over."""
        return self.share >= 1.0
