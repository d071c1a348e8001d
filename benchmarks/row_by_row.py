"""Stochastic descent, one row a step: Descend, a C loop, PyTorch and scikit-learn."""

from __future__ import annotations

import ctypes
import shutil
import subprocess
import tempfile
import warnings
from collections.abc import Callable
from pathlib import Path

import numpy as np

from benchmarks.interleaved import compare, show

__all__ = ["main"]

SHAPES = ((784, 30, 10), (10, 16, 2), (64, 32, 10), (100, 100, 2))
RATE = 0.01
ROWS = 20_000
"""Rows of one epoch for Descend and C; the slow peers visit `FEW` of them."""
FEW = 300


def descend(sizes: tuple[int, int, int], x: np.ndarray, y: np.ndarray) -> Callable[[], float]:
    """One whole epoch a call, through the public Run."""
    from descend.layers import Dense, Sequential
    from descend.losses import CategoricalCrossEntropy
    from descend.optimizers import SGD
    from descend.schedules import Constant
    from descend.training import Descent, Examples, Run

    network = Sequential((Dense(sizes[1], "sigmoid"), Dense(sizes[2])))
    descent = Descent(SGD(RATE), Constant(), batch_size=1, epochs=1000, patience=None)
    run = Run(network, CategoricalCrossEntropy(), descent, Examples(x, y))
    records = run.epochs()

    def work() -> float:
        while not next(records).complete:
            pass
        return len(y)

    return work


def c_loop(sizes: tuple[int, int, int], x: np.ndarray, y: np.ndarray) -> Callable[[], float] | None:
    """The same arithmetic in C, compiled here and now with -O3 -march=native."""
    compiler = shutil.which("cc") or shutil.which("gcc") or shutil.which("clang")
    if compiler is None:
        return None
    library = Path(tempfile.mkdtemp()) / "sgd.so"
    source = Path(__file__).with_name("sgd.c")
    flags = ["-O3", "-march=native", "-shared", "-fPIC"]
    subprocess.run([compiler, *flags, "-o", library, source, "-lm"], check=True)
    epoch = ctypes.CDLL(str(library)).epoch
    epoch.restype = ctypes.c_double
    generator = np.random.default_rng(0)
    inputs, hidden, outputs = sizes
    arrays = [
        generator.normal(0, 0.1, (inputs, hidden)).astype(np.float32),
        np.zeros(hidden, np.float32),
        generator.normal(0, 0.1, (hidden, outputs)).astype(np.float32),
        np.zeros(outputs, np.float32),
    ]

    def pointer(array: np.ndarray) -> ctypes.c_void_p:
        return array.ctypes.data_as(ctypes.c_void_p)

    def work() -> float:
        order = generator.permutation(len(y)).astype(np.int32)
        epoch(
            *map(pointer, (x, y, order)), len(y), *sizes, *map(pointer, arrays),
            ctypes.c_float(RATE),
        )  # fmt: skip
        return len(y)

    return work


def pytorch(sizes: tuple[int, int, int], x: np.ndarray, y: np.ndarray) -> Callable[[], float]:
    """Eager PyTorch on one thread, which is the faster setting for single rows."""
    import torch

    network = torch.nn.Sequential(
        torch.nn.Linear(sizes[0], sizes[1]), torch.nn.Sigmoid(), torch.nn.Linear(sizes[1], sizes[2])
    )
    loss = torch.nn.CrossEntropyLoss()
    optimizer = torch.optim.SGD(network.parameters(), lr=RATE)
    rows, labels = torch.from_numpy(x), torch.from_numpy(y.astype(np.int64))

    def work() -> float:
        threads = torch.get_num_threads()
        torch.set_num_threads(1)
        for i in torch.randperm(len(labels))[:FEW].tolist():
            optimizer.zero_grad()
            loss(network(rows[i : i + 1]), labels[i : i + 1]).backward()
            optimizer.step()
        torch.set_num_threads(threads)
        return FEW

    return work


def scikit_learn(sizes: tuple[int, int, int], x: np.ndarray, y: np.ndarray) -> Callable[[], float]:
    """MLPClassifier with batch_size=1, one epoch over few rows."""
    from sklearn.neural_network import MLPClassifier

    model = MLPClassifier(
        sizes[1], activation="logistic", solver="sgd", batch_size=1, learning_rate_init=RATE,
        momentum=0.0, alpha=0.0, max_iter=1,
    )  # fmt: skip

    def work() -> float:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            model.fit(x[:FEW], y[:FEW])
        return FEW

    return work


def main() -> None:
    """Print one table a shape."""
    for sizes in SHAPES:
        generator = np.random.default_rng(0)
        x = generator.normal(size=(ROWS, sizes[0])).astype(np.float32)
        y = generator.integers(0, sizes[2], ROWS).astype(np.int32)
        y[: sizes[2]] = np.arange(sizes[2])
        contestants = {"Descend": descend(sizes, x, y)}
        loop = c_loop(sizes, x, y)
        if loop is None:
            print("no C compiler found: the C loop is left out")
        else:
            contestants["C, -O3 -march=native"] = loop
        contestants["PyTorch"] = pytorch(sizes, x, y)
        contestants["scikit-learn"] = scikit_learn(sizes, x, y)
        name = "-".join(map(str, sizes))
        show(f"Row by row, SGD, {name} (sigmoid, softmax)", compare(contestants), "row")
