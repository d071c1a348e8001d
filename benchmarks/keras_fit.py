"""Training steps of a Keras model, where Keras can be imported."""

from __future__ import annotations

import importlib.util
import os
from collections.abc import Callable
from typing import Any

import numpy as np

__all__ = ["fitting", "has_keras"]


def has_keras() -> bool:
    """Whether Keras is installed; if so its backend is JAX, or the one ``KERAS_BACKEND`` names."""
    os.environ.setdefault("KERAS_BACKEND", "jax")
    return importlib.util.find_spec("keras") is not None


def fitting(
    model: Any, x: np.ndarray, y: np.ndarray, batch: int, rate: float, *, shuffle: bool
) -> Callable[[], float]:
    """Return the work of one epoch of ``fit`` by Adam, which returns its number of steps."""
    import keras

    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(keras.optimizers.Adam(rate), loss)

    def work() -> float:
        model.fit(x, y, batch_size=batch, shuffle=shuffle, verbose=0)
        return len(x) // batch

    return work
