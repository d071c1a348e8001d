"""A training step of recurrent networks: Descend, PyTorch, and Keras where it can be imported.

Where other work runs beside it, set OMP_WAIT_POLICY=PASSIVE and GOMP_SPINCOUNT=0: the threads of
PyTorch spin while they wait for one another, and would take a hundred times as long.
"""

from __future__ import annotations

import sys
from collections.abc import Callable

import numpy as np

from benchmarks.interleaved import compare, show
from benchmarks.keras_fit import fitting, has_keras

__all__ = ["main"]

CHANNELS, CLASSES = 32, 10
RATE = 0.001
SIZES = tuple(
    (cell, units, steps, batch)
    for cell in ("LSTM", "GRU")
    for units in (64, 256)
    for steps in (50, 200)
    for batch in (32, 128)
)
STEPS = 8
"""Training steps a turn."""

Work = Callable[[], float]


def descend(cell: str, units: int, x: np.ndarray, y: np.ndarray) -> Work:
    """Some steps a call, of the compiled program that `Run` uses."""
    import jax

    from descend import layers
    from descend.losses import CategoricalCrossEntropy
    from descend.optimizers import Adam
    from descend.schedules import Constant
    from descend.training.step import Settings, program

    network = layers.Sequential(
        (layers.Recurrent(getattr(layers, cell)(units)), layers.Dense(CLASSES))
    )
    batch = len(x) // STEPS
    made = program(network, CategoricalCrossEntropy(), Adam(1.0), Constant(), batch)
    params, state, _ = network.init(jax.random.key(0), x.shape[1:])
    carry = made.start(params, state, jax.random.key(1))
    rows, labels, order = jax.device_put((x, y, np.arange(len(x), dtype=np.int32)))
    settings = Settings(RATE, 1_000_000, 0.0, float("inf"))

    def work() -> float:
        nonlocal carry
        carry = made.run(carry, rows, labels, None, order, len(x), 0, STEPS, settings)
        jax.block_until_ready(carry.params)
        return STEPS

    return work


def pytorch(cell: str, units: int, x: np.ndarray, y: np.ndarray) -> Work:
    """Eager ``nn.LSTM`` and ``nn.GRU`` with the default number of threads."""
    import torch

    recurrent = getattr(torch.nn, cell)(CHANNELS, units, batch_first=True)
    readout = torch.nn.Linear(units, CLASSES)
    loss = torch.nn.CrossEntropyLoss()
    optimizer = torch.optim.Adam([*recurrent.parameters(), *readout.parameters()], lr=RATE)
    rows = torch.from_numpy(x).split(len(x) // STEPS)
    labels = torch.from_numpy(y.astype(np.int64)).split(len(x) // STEPS)

    def work() -> float:
        for batch, truth in zip(rows, labels, strict=True):
            optimizer.zero_grad()
            loss(readout(recurrent(batch)[0][:, -1]), truth).backward()
            optimizer.step()
        return STEPS

    return work


def keras(cell: str, units: int, x: np.ndarray, y: np.ndarray) -> Work:
    """``fit`` with the JAX backend, one epoch a call."""
    import keras as k

    model = k.Sequential([getattr(k.layers, cell)(units), k.layers.Dense(CLASSES)])
    return fitting(model, x, y, len(x) // STEPS, RATE, shuffle=False)


def main() -> None:
    """Print one table a size; ``python -m benchmarks.recurrent GRU 64`` only those with both."""
    wanted = set(sys.argv[1:]) if sys.argv[0].endswith("recurrent.py") else set()
    rng = np.random.default_rng(0)
    for size in SIZES:
        if not wanted <= set(map(str, size)):
            continue
        cell, units, steps, batch = size
        x = rng.normal(size=(batch * STEPS, steps, CHANNELS)).astype(np.float32)
        y = rng.integers(0, CLASSES, len(x)).astype(np.int32)
        contestants = {
            "Descend": descend(cell, units, x, y),
            "PyTorch": pytorch(cell, units, x, y),
        }
        if has_keras():
            contestants["Keras"] = keras(cell, units, x, y)
        title = f"{cell}({units}), {steps} steps, batch {batch}"
        show(title, compare(contestants, 5), "step")


if __name__ == "__main__":
    main()
