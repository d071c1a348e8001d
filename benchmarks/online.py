"""Learning one row at a time: ``learn_one``, with and without a prediction first, and deep-river's.

deep-river is no dependency: ``pip install river deep-river`` to have it compared.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable
from typing import Any

import numpy as np
import torch

from benchmarks.interleaved import compare, show

__all__ = ["main"]

ROWS, FEATURES, HIDDEN = 500, 10, 16


class Network(torch.nn.Module):
    """The network of 10-16-2 that deep-river trains."""

    def __init__(self, n_features: int = FEATURES) -> None:
        super().__init__()
        self.hidden, self.out = torch.nn.Linear(n_features, HIDDEN), torch.nn.Linear(HIDDEN, 2)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return the raw outputs."""
        return self.out(torch.relu(self.hidden(x)))


def learning(model: Any, predicting: bool = False) -> Callable[[], float]:
    """Return the learning of some rows, one by one, each predicted before if asked for."""
    r = np.random.default_rng(0)
    x = r.normal(size=(ROWS, FEATURES))
    rows = [{f"x{i}": float(v) for i, v in enumerate(row)} for row in x]
    labels = [bool(v) for v in x[:, 0] * x[:, 1] > 0]

    def work() -> float:
        for row, label in zip(rows, labels, strict=True):
            if predicting:
                model.predict_one(row)
            model.learn_one(row, label)
        return ROWS

    return work


def main() -> None:
    """Print the time of a row."""
    try:
        classifier = importlib.import_module("deep_river.classification").Classifier
    except ImportError as error:
        print(f"\nonline: left out, {error}")
        return
    from descend.estimators.river import RiverClassifier

    def peer() -> Any:
        return classifier(
            module=Network(), loss_fn="cross_entropy", optimizer_fn="adam", lr=0.01,
            is_feature_incremental=False, is_class_incremental=False,
        )  # fmt: skip

    def ours(activation: str = "relu") -> Any:
        return RiverClassifier(hidden_layer_sizes=(HIDDEN,), activation=activation)

    contestants = {
        "Descend": learning(ours()),
        "Descend, compiled (elu)": learning(ours("elu")),
        "deep-river": learning(peer()),
    }
    show(f"learn_one, {FEATURES}-{HIDDEN}-2, Adam", compare(contestants), "row")
    contestants = {"Descend": learning(ours(), True), "deep-river": learning(peer(), True)}
    show("predict_one, then learn_one", compare(contestants), "row")


if __name__ == "__main__":
    main()
