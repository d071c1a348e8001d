"""A grid of 24 networks on digits: side by side, one after another, and in two worker processes."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import nullcontext
from typing import Any

from joblib.externals.loky import get_reusable_executor
from sklearn.datasets import load_digits
from sklearn.model_selection import GridSearchCV

from benchmarks.interleaved import compare, show
from descend.estimators import NeuralClassifier, SideBySideSearchCV, worker_processes

__all__ = ["main"]

GRID = {
    "learning_rate": [3e-4, 1e-3, 2e-3, 3e-3, 1e-2, 3e-2],
    "weight_decay": [0.0, 0.001, 0.01, 0.1],
}


def search(kind: Any, found: set[Any], *, workers: bool = False, **options: Any) -> Callable:
    """Return one whole search; what it finds best is added to ``found``."""
    x, y = load_digits(return_X_y=True)
    model = NeuralClassifier(
        (64, 32), max_epochs=20, random_state=0, early_stopping=False, batch_size=32
    )

    def work() -> float:
        get_reusable_executor().shutdown(wait=True)  # each search starts its own workers
        with worker_processes() if workers else nullcontext():
            done = kind(model, GRID, cv=3, **options).fit(x / 16, y)
        found.add((tuple(done.best_params_.items()), round(done.best_score_, 4)))
        return 1.0

    return work


def main() -> None:
    """Compare the time of whole searches; the warm-up fills caches of compiled programs."""
    found: set[Any] = set()
    contestants = {
        "Descend": search(SideBySideSearchCV, found),
        "GridSearchCV": search(GridSearchCV, found),
        "GridSearchCV, 2 jobs": search(GridSearchCV, found, n_jobs=2),
        "the same, shared cache": search(GridSearchCV, found, workers=True, n_jobs=2),
    }
    show("24 candidates, 3 splits", compare(contestants, rounds=3), "search")
    print(f"  best: {found}")


if __name__ == "__main__":
    main()
