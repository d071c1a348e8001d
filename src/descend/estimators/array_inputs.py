"""Inputs of more than two dimensions: arrays that a network reads as they are."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl

from descend.errors import DataError

__all__ = ["ArrayInputs", "are_pictures", "pictures_frame"]

PICTURES = "pixels"
"""The name of the column that pictures become."""


@dataclass(frozen=True)
class ArrayInputs:
    """How arrays (rows, ...) become what a network reads: float32, standardised as a whole.

    Attributes
    ----------
    input_shape : tuple of int
        Of one row.
    center, spread : float
        Taken off every number, and divided by.
    """

    input_shape: tuple[int, ...]
    center: float
    spread: float

    @classmethod
    def of(cls, rows: np.ndarray, scale: str) -> ArrayInputs:
        """Return those of training rows.

        Parameters
        ----------
        rows : array (rows, ...)
        scale : {"standard", "minmax", "robust", "none"}
            By mean and deviation, by smallest and range, by median and quartiles; of all
            numbers together, so that what stands side by side stays comparable.
        """
        center, spread = 0.0, 1.0
        if scale == "standard":
            center, spread = float(rows.mean()), float(rows.std())
        elif scale == "minmax":
            center, spread = float(rows.min()), float(rows.max() - rows.min())
        elif scale == "robust":
            low, center, high = (float(v) for v in np.quantile(rows, (0.25, 0.5, 0.75)))
            spread = high - low
        return cls(tuple(rows.shape[1:]), center, spread if spread > 0 else 1.0)

    def transform(self, rows: np.ndarray) -> np.ndarray:
        """Return rows as the network reads them.

        Raises
        ------
        DataError
            If they are of another shape than in training.
        """
        if rows.shape[1:] != self.input_shape:
            raise DataError(
                f"X has rows of shape {rows.shape[1:]}, but the network was fitted on rows of "
                f"shape {self.input_shape}"
            )
        return ((rows - self.center) / self.spread).astype(np.float32)


def are_pictures(X: Any) -> bool:
    """Whether X is an array of bytes (rows, height, width), or with 1, 3 or 4 channels behind.

    Examples
    --------
    >>> are_pictures(np.zeros((5, 8, 8), np.uint8)), are_pictures(np.zeros((5, 8, 8)))
    (True, False)
    """
    if not isinstance(X, np.ndarray) or X.dtype != np.uint8:
        return False
    return X.ndim == 3 or (X.ndim == 4 and X.shape[-1] in (1, 3, 4))


def pictures_frame(X: np.ndarray) -> pl.DataFrame:
    """Return pictures as a table of one column, as a folder of pictures is one."""
    return pl.DataFrame([pl.Series(PICTURES, np.ascontiguousarray(X))])
