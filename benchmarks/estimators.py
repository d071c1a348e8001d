"""The drop-ins against scikit-learn's perceptrons: time of a fit, scores, and many small fits.

The data are scikit-learn's digits and, where the folder ``../shared/data`` of real data is beside
the repository, adult (one-hot) and california. The same parameters and seeds on both sides.
"""

from __future__ import annotations

import statistics
import time
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

__all__ = ["main"]

TABLES = Path(__file__).resolve().parents[2] / "shared" / "data" / "tables"
HIDDEN = (100,)
SEEDS = range(5)

Data = tuple[str, np.ndarray, np.ndarray]


def digits() -> Data:
    """1,797 images of 8x8, 10 classes."""
    from sklearn.datasets import load_digits

    x, y = load_digits(return_X_y=True)
    return "classes", x / 16, y


def adult() -> Data:
    """48,842 people, two classes of income; categories one-hot."""
    import polars as pl

    paths = [TABLES / f"adult-{part}.csv" for part in ("train", "test")]
    parts = [pl.read_csv(path, has_header=False, infer_schema=False) for path in paths]
    frame = pl.concat(parts).with_columns(pl.all().str.strip_chars(" ."))
    frame = frame.filter(pl.last().is_in(["<=50K", ">50K"]))
    y = frame[frame.columns[-1]].to_numpy()
    inputs = frame.drop(frame.columns[-1])
    numbers = [
        n for n in inputs.columns if inputs[n].cast(pl.Float64, strict=False).null_count() == 0
    ]
    texts = [name for name in inputs.columns if name not in numbers]
    x = inputs.with_columns(pl.col(numbers).cast(pl.Float64)).to_dummies(texts).to_numpy()
    return "classes", scaled(x), np.unique(y, return_inverse=True)[1]


def california() -> Data:
    """20,640 districts, median price of a house; categories one-hot."""
    import polars as pl

    frame = pl.read_csv(TABLES / "california.csv").drop_nulls()
    name = next(n for n in frame.columns if "value" in n.lower() or n.lower() == "medhouseval")
    y = frame[name].to_numpy().astype(float)
    inputs = frame.drop(name)
    texts = [n for n in inputs.columns if inputs[n].dtype == pl.String]
    x = inputs.to_dummies(texts).to_numpy().astype(float)
    return "numbers", scaled(x), (y - y.mean()) / y.std()


def scaled(x: np.ndarray) -> np.ndarray:
    """Return standardised columns."""
    deviation = x.std(axis=0)
    return (x - x.mean(axis=0)) / np.where(deviation > 0, deviation, 1)


def fit_and_score(kind: Any, parameters: dict[str, Any], data: Any) -> tuple[float, float]:
    """Return the seconds of one fit, and the score on the rows held out."""
    x, y, x_test, y_test = data
    model = kind(**parameters)
    start = time.perf_counter()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model.fit(x, y)
    return time.perf_counter() - start, model.score(x_test, y_test)


def compare_fits(name: str, load: Callable[[], Data], plans: dict[str, dict[str, Any]]) -> None:
    """Print times and scores of one data set, both sides in turn."""
    from sklearn import neural_network

    from descend import estimators

    task, x, y = load()
    order = np.random.default_rng(0).permutation(len(x))
    test, train = order[: len(x) // 5], order[len(x) // 5 :]
    data = (x[train], y[train], x[test], y[test])
    single = (x[train].astype(np.float32), y[train], x[test].astype(np.float32), y[test])
    word = "MLPClassifier" if task == "classes" else "MLPRegressor"
    ours, theirs = getattr(estimators, word), getattr(neural_network, word)
    for title, plan in plans.items():
        parameters = {"hidden_layer_sizes": HIDDEN, "tol": 0.0, **plan}
        cold, _ = fit_and_score(ours, parameters | {"random_state": 0}, data)
        fit_and_score(ours, parameters | {"random_state": 0}, single)
        rows: dict[str, list[tuple[float, float]]] = {"ours": [], "float32": [], "theirs": []}
        for seed in SEEDS:
            seeded = parameters | {"random_state": seed}
            rows["ours"].append(fit_and_score(ours, seeded, data))
            rows["theirs"].append(fit_and_score(theirs, seeded, data))
            rows["float32"].append(fit_and_score(ours, seeded, single))
        seconds = {key: statistics.median(s for s, _ in row) for key, row in rows.items()}
        scores = {key: [score for _, score in row] for key, row in rows.items()}
        told = {k: f"{np.mean(v):.4f} ± {np.std(v):.4f}" for k, v in scores.items()}
        print(
            f"  {name:<11}{title:<26} Descend {seconds['ours']:7.3f} s (first {cold:6.2f} s, "
            f"float32 {seconds['float32']:7.3f} s), scikit-learn {seconds['theirs']:7.3f} s: "
            f"{seconds['theirs'] / seconds['ours']:5.1f}x, float32 "
            f"{seconds['theirs'] / seconds['float32']:5.1f}x; test score {told['ours']}, "
            f"float32 {told['float32']}, scikit-learn {told['theirs']}",
            flush=True,
        )


def many_small_fits(fits: int = 200) -> None:
    """Print the time of many fits of 90 to 128 rows, and how often Descend compiled for them."""
    import jax
    from sklearn import neural_network

    from descend import estimators

    compiled = [0]

    def listen(event: str, seconds: float, **_: Any) -> None:
        if event.endswith("backend_compile_duration"):
            compiled[0] += 1

    jax.monitoring.register_event_duration_secs_listener(listen)
    generator = np.random.default_rng(0)
    sets = [
        (generator.normal(size=(rows, 10)), np.arange(rows) % 3)
        for rows in generator.integers(90, 129, fits)
    ]
    kinds = {
        "Descend": estimators.MLPClassifier,
        "scikit-learn": neural_network.MLPClassifier,
    }
    seconds: dict[str, list[float]] = {name: [] for name in kinds}
    counts = []
    for x, y in sets:
        for name, kind in kinds.items():
            before = compiled[0]
            model = kind((20,), max_iter=50, random_state=0)
            seconds[name].append(fit_and_score(lambda m=model: m, {}, (x, y, x, y))[0])
            if name == "Descend":
                counts.append(compiled[0] - before)
    ours, theirs = (statistics.median(times) for times in seconds.values())
    print(
        f"  {fits} fits of 90 to 128 rows, 50 epochs: Descend {ours * 1e3:.1f} ms a fit (median), "
        f"scikit-learn {theirs * 1e3:.1f} ms: {theirs / ours:.1f}x; all {fits}: "
        f"{sum(seconds['Descend']):.1f} s against {sum(seconds['scikit-learn']):.1f} s; "
        f"programs compiled: {counts[0]} in the first fit, {sum(counts[1:])} in all others",
        flush=True,
    )


def main() -> None:
    """Print one line a data set and way of training."""
    print("\nFits of the drop-ins, 100 hidden units, medians over 5 seeds, in turn")
    many_small_fits()
    small = {
        "batch 1, sgd, 5 epochs": {"solver": "sgd", "batch_size": 1, "max_iter": 5},
        "batch 200, adam, 50 epochs": {"solver": "adam", "batch_size": 200, "max_iter": 50},
        "lbfgs, 50 iterations": {"solver": "lbfgs", "max_iter": 50},
    }
    one = {"solver": "sgd", "batch_size": 1, "max_iter": 1, "learning_rate_init": 1e-4}
    large = {
        "batch 1, sgd, 1 epoch": one,
        "batch 200, adam, 5 epochs": {"solver": "adam", "batch_size": 200, "max_iter": 5},
        "lbfgs, 20 iterations": {"solver": "lbfgs", "max_iter": 20},
    }
    compare_fits("digits", digits, small)
    if TABLES.is_dir():
        compare_fits("california", california, large)
        compare_fits("adult", adult, large)
