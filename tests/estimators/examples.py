"""Small examples that tests of estimators share, and options that fit them soon."""

from __future__ import annotations

import numpy as np


def blobs(n: int = 90, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    generator = np.random.default_rng(seed)
    codes = np.arange(n) % 3
    centers = np.array([[0, 0], [4, 0], [0, 4]])
    return centers[codes] + generator.normal(size=(n, 2)), np.array(["a", "b", "c"])[codes]


def line(n: int = 80, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    X = np.random.default_rng(seed).normal(size=(n, 2))
    return X, 100 + 10 * X[:, 0] - 5 * X[:, 1]


QUICK = {
    "hidden_layer_sizes": (8,),
    "max_epochs": 30,
    "learning_rate": 0.03,
    "random_state": 0,
}
