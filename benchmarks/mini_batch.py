"""Mini-batch Adam on 784-256-128-10: Descend, PyTorch and scikit-learn."""

from __future__ import annotations

import warnings
from collections.abc import Callable

import numpy as np

from benchmarks.interleaved import compare, show

__all__ = ["main"]

ROWS = 6400
RATE = 0.001


def descend(batch: int, x: np.ndarray, y: np.ndarray) -> Callable[[], float]:
    """One epoch a call, through the public Run."""
    from descend.layers import Dense, Sequential
    from descend.losses import CategoricalCrossEntropy
    from descend.optimizers import Adam
    from descend.schedules import Constant
    from descend.training import Descent, Examples, Run

    network = Sequential((Dense(256, "relu"), Dense(128, "relu"), Dense(10)))
    descent = Descent(Adam(RATE), Constant(), batch_size=batch, epochs=1000, patience=None)
    records = Run(network, CategoricalCrossEntropy(), descent, Examples(x, y)).epochs()

    def work() -> float:
        while not next(records).complete:
            pass
        return ROWS / batch

    return work


def pytorch(batch: int, x: np.ndarray, y: np.ndarray) -> Callable[[], float]:
    """Eager PyTorch with its default number of threads; rows gathered by index, no DataLoader."""
    import torch

    network = torch.nn.Sequential(
        torch.nn.Linear(784, 256), torch.nn.ReLU(), torch.nn.Linear(256, 128), torch.nn.ReLU(),
        torch.nn.Linear(128, 10),
    )  # fmt: skip
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


def scikit_learn(batch: int, x: np.ndarray, y: np.ndarray) -> Callable[[], float]:
    """MLPClassifier, one epoch a call."""
    from sklearn.neural_network import MLPClassifier

    model = MLPClassifier((256, 128), batch_size=batch, learning_rate_init=RATE, max_iter=1)

    def work() -> float:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            model.fit(x, y)
        return ROWS / batch

    return work


def main() -> None:
    """Print one table a batch size."""
    generator = np.random.default_rng(0)
    x = generator.normal(size=(ROWS, 784)).astype(np.float32)
    y = generator.integers(0, 10, ROWS).astype(np.int32)
    for batch in (32, 128):
        contestants = {
            "Descend": descend(batch, x, y),
            "PyTorch": pytorch(batch, x, y),
            "scikit-learn": scikit_learn(batch, x, y),
        }
        show(f"Mini-batch Adam, 784-256-128-10, batch {batch}", compare(contestants), "step")
