"""32 networks side by side against 32 fits one after another in PyTorch and scikit-learn."""

from __future__ import annotations

import warnings
from collections.abc import Callable

import numpy as np
import torch
from sklearn.exceptions import ConvergenceWarning
from sklearn.neural_network import MLPClassifier

from benchmarks.interleaved import compare, show
from descend.layers import Dense, Sequential
from descend.losses import CategoricalCrossEntropy
from descend.optimizers import Adam
from descend.schedules import Constant
from descend.training import Descent, Examples, Run

__all__ = ["main"]

ROWS, INPUTS, HIDDEN, CLASSES, BATCH, MEMBERS = 6400, 20, 64, 3, 32, 32


def data() -> tuple[np.ndarray, np.ndarray]:
    """Return the rows that all contestants learn from."""
    r = np.random.default_rng(0)
    y = r.integers(0, CLASSES, ROWS).astype(np.int32)
    return (r.normal(size=(ROWS, INPUTS)) + y[:, None]).astype(np.float32), y


def descend(members: int) -> Callable[[], float]:
    """Return one epoch of so many networks at once."""
    x, y = data()
    network = Sequential((Dense(HIDDEN, "relu"), Dense(CLASSES)))
    descent = Descent(
        Adam(0.001), Constant(), batch_size=BATCH, epochs=1000, patience=None, restarts=members
    )
    records = Run(network, CategoricalCrossEntropy(), descent, Examples(x, y)).epochs()

    def work() -> float:
        next(record for record in records if record.complete)
        return members

    return work


def pytorch() -> Callable[[], float]:
    """Return one epoch of one network; the others would follow."""
    x, y = (torch.tensor(a) for a in data())
    y = y.long()
    network = torch.nn.Sequential(
        torch.nn.Linear(INPUTS, HIDDEN), torch.nn.ReLU(), torch.nn.Linear(HIDDEN, CLASSES)
    )
    optimizer = torch.optim.Adam(network.parameters(), 0.001)

    def work() -> float:
        order = torch.randperm(ROWS)
        for first in range(0, ROWS, BATCH):
            rows = order[first : first + BATCH]
            optimizer.zero_grad()
            torch.nn.functional.cross_entropy(network(x[rows]), y[rows]).backward()
            optimizer.step()
        return 1

    return work


def scikit_learn() -> Callable[[], float]:
    """Return one epoch of one network."""
    x, y = data()
    network = MLPClassifier(
        (HIDDEN,), batch_size=BATCH, max_iter=1, warm_start=True, learning_rate_init=0.001
    )

    def work() -> float:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ConvergenceWarning)
            network.fit(x, y)
        return 1

    return work


def main() -> None:
    """Print the time that an epoch of one network takes."""
    seconds = compare(
        {
            "Descend": descend(MEMBERS),
            "Descend, one alone": descend(1),
            "PyTorch": pytorch(),
            "scikit-learn": scikit_learn(),
        }
    )
    show(
        f"{MEMBERS} networks {INPUTS}-{HIDDEN}-{CLASSES}, Adam, batch {BATCH}, {ROWS:,} rows",
        seconds, "network-epoch",
    )  # fmt: skip


if __name__ == "__main__":
    main()
