"""Exclusive or, solved twice by a network of two layers: by brute force and by descent.

A threshold network knows no slope, so nothing can descend: every combination of weights is tried.
Sigmoid units have slopes, and descent finds its way in the time of a blink. With 25 weights and
1,000 values each, brute force would outlast the universe.
"""

import time

import numpy as np

from descend.layers import Dense, Sequential
from descend.losses import BinaryCrossEntropy, SquaredError
from descend.optimizers import Adam
from descend.schedules import Constant
from descend.training import Descent, Examples, Run, brute_force, raw_outputs, search_cost

x = np.array([[0, 0], [0, 1], [1, 0], [1, 1]], np.float32)
y = np.array([0, 1, 1, 0], np.float32)

threshold = Sequential((Dense(2, "threshold"), Dense(1, "threshold")))
found = brute_force(threshold, SquaredError(), x, y[:, None], (-1.5, -1, -0.5, 0, 0.5, 1, 1.5))
answers = threshold.apply(found.params, {}, x, key=None, train=False)[0][:, 0]
print(
    "Brute force ",
    f"{found.cost.combinations:,} combinations of 9 weights in {found.seconds:.1f} s",
)
print(
    "            ", f"{found.best:,} of them are right on all four rows; the first says {answers}"
)

descent = Descent(Adam(0.1), Constant(), batch_size=None, epochs=300, patience=None, restarts=32)
sloped = Sequential((Dense(2, "tanh"), Dense(1)))
run = Run(sloped, BinaryCrossEntropy(), descent, Examples(x, y))
records = run.epochs()
next(records)  # the first call compiles
start = time.perf_counter()
for _ in records:
    pass
seconds = time.perf_counter() - start
right = [
    bool(((raw_outputs(sloped, lane.params, lane.state, x)[:, 0] > 0) == y).all())
    for lane in run.lanes
]
print(
    "Descent     ",
    f"300 steps of 32 networks in {1000 * seconds:.0f} ms; right: {sum(right)} of 32",
)
print("             the others rest in a local minimum; the best of several starts is kept")
print("Brute force ", f"on a network of a practical size: {search_cost(25, 1000, found.cost.rate)}")

if not (found.loss == 0 and right[run.lanes.index(run.winner)]):
    raise SystemExit("neither way should fail")
