"""Local minima, and the answer to them: several starts side by side.

Two intertwined spirals, and a plane in which each class lives on four islands. A small network
from one start often rests where no direction leads down though better weights exist; of 32 starts,
trained in one compiled program, the one that is best on rows set aside is kept.
"""

import numpy as np

from descend.layers import Dense, Sequential
from descend.losses import BinaryCrossEntropy
from descend.optimizers import Adam
from descend.training import Descent, Examples, Run, raw_outputs


def spirals(rows: int, seed: int) -> Examples:
    """Two arms of one and a half turns."""
    r = np.random.default_rng(seed)
    arm, turn = r.integers(0, 2, rows), r.uniform(0.25, 1.75, rows)
    angle = 2 * np.pi * turn + np.pi * arm
    x = np.column_stack([turn * np.cos(angle), turn * np.sin(angle)])
    return Examples((2 * x + r.normal(0, 0.03, x.shape)).astype(np.float32), arm.astype(np.float32))


def islands(rows: int, seed: int) -> Examples:
    """Eight islands on a ring, their classes alternating."""
    r = np.random.default_rng(seed)
    island = r.integers(0, 8, rows)
    centre = np.column_stack([np.cos(island * np.pi / 4), np.sin(island * np.pi / 4)])
    x = 2 * centre + r.normal(0, 0.2, (rows, 2))
    return Examples(x.astype(np.float32), (island % 2).astype(np.float32))


def accuracy(network: Sequential, params: object, held: Examples) -> float:
    """Return the share of rows on the right side."""
    return float(np.mean((raw_outputs(network, params, {}, held.x)[:, 0] > 0) == held.y))


for name, make, hidden, epochs in (
    ("Two spirals", spirals, (5, 5), 400),
    ("Eight islands", islands, (4,), 200),
):
    train, validation, test = make(400, 0), make(200, 1), make(1000, 2)
    network = Sequential((*(Dense(units, "tanh") for units in hidden), Dense(1)))
    descent = Descent(Adam(0.03), batch_size=50, epochs=epochs, patience=None, restarts=32)
    run = Run(network, BinaryCrossEntropy(), descent, train, validation)
    for _ in run.epochs():
        pass
    scores = [accuracy(network, lane.params, test) for lane in run.lanes]
    kept = accuracy(network, run.params, test)
    print(
        f"{name}: first start {scores[0]:.3f}; 32 starts {min(scores):.3f} to {max(scores):.3f}, "
        f"median {np.median(scores):.3f}; kept {kept:.3f}"
    )
    if not (kept >= 0.97 and kept > scores[0] and min(scores) < 0.9):
        raise SystemExit("32 starts should find what some single starts miss")
