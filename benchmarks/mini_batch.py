"""Mini-batch Adam on three shapes and three batch sizes: Descend, PyTorch and scikit-learn."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from itertools import pairwise

import numpy as np

from benchmarks.interleaved import compare, show

__all__ = ["main"]

SHAPES = ((784, 256, 128, 10), (20, 64, 32, 3), (54, 256, 256, 7))
BATCHES = (32, 128, 512)
ROWS = 6400
RATE = 0.001


Sizes = tuple[int, ...]


def descend(sizes: Sizes, batch: int, x: np.ndarray, y: np.ndarray) -> Callable[[], float]:
    """One epoch a call, through the public Run."""
    from descend.layers import Dense, Sequential
    from descend.losses import CategoricalCrossEntropy
    from descend.optimizers import Adam
    from descend.schedules import Constant
    from descend.training import Descent, Examples, Run

    hidden = [Dense(units, "relu") for units in sizes[1:-1]]
    network = Sequential((*hidden, Dense(sizes[-1])))
    descent = Descent(Adam(RATE), Constant(), batch_size=batch, epochs=1000, patience=None)
    records = Run(network, CategoricalCrossEntropy(), descent, Examples(x, y)).epochs()

    def work() -> float:
        while not next(records).complete:
            pass
        return ROWS / batch

    return work


def pytorch(sizes: Sizes, batch: int, x: np.ndarray, y: np.ndarray) -> Callable[[], float]:
    """Eager PyTorch with its default number of threads; rows gathered by index, no DataLoader."""
    import torch

    layers: list[torch.nn.Module] = []
    for inputs, units in pairwise(sizes):
        layers += [torch.nn.Linear(inputs, units), torch.nn.ReLU()]
    network = torch.nn.Sequential(*layers[:-1])
    loss = torch.nn.CrossEntropyLoss()
    optimizer = torch.optim.Adam(network.parameters(), lr=RATE)
    rows, labels = torch.from_numpy(x), torch.from_numpy(y.astype(np.int64))

    def work() -> float:
        for chosen in torch.randperm(ROWS).split(batch):
            optimizer.zero_grad()
            loss(network(rows[chosen]), labels[chosen]).backward()
            optimizer.step()
        return ROWS / batch

    return work


def scikit_learn(sizes: Sizes, batch: int, x: np.ndarray, y: np.ndarray) -> Callable[[], float]:
    """MLPClassifier, one epoch a call."""
    from sklearn.neural_network import MLPClassifier

    model = MLPClassifier(sizes[1:-1], batch_size=batch, learning_rate_init=RATE, max_iter=1)

    def work() -> float:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            model.fit(x, y)
        return ROWS / batch

    return work


def main() -> None:
    """Print one table for each shape and batch size."""
    generator = np.random.default_rng(0)
    for sizes in SHAPES:
        x = generator.normal(size=(ROWS, sizes[0])).astype(np.float32)
        y = generator.integers(0, sizes[-1], ROWS).astype(np.int32)
        for batch in BATCHES:
            contestants = {
                "Descend": descend(sizes, batch, x, y),
                "PyTorch": pytorch(sizes, batch, x, y),
                "scikit-learn": scikit_learn(sizes, batch, x, y),
            }
            name = "-".join(map(str, sizes))
            show(f"Mini-batch Adam, {name}, batch {batch}", compare(contestants), "step")
