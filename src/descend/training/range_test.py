"""Which learning rate? Many are tried at once, from the same start, for a few steps each."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import jax
import numpy as np

from descend.errors import DivergedError, UsageError
from descend.layers import Layer
from descend.losses import Loss
from descend.schedules import Constant
from descend.training.descent import Descent
from descend.training.loop import Run
from descend.training.records import Examples

__all__ = ["Tried", "range_test", "suggested_rate"]

STEPS = 300
"""Steps each rate is tried for, about."""


@dataclass(frozen=True)
class Tried:
    """A learning rate, and what it came to.

    Attributes
    ----------
    rate : float
    loss : float
        On the validation rows after the last step (on the training rows in the last epoch, without
        them); infinite where it diverged.
    """

    rate: float
    loss: float


def range_test(
    network: Layer,
    loss: Loss,
    descent: Descent,
    train: Examples,
    validation: Examples | None = None,
    *,
    lowest: float = 1e-5,
    highest: float = 10.0,
    tries: int = 32,
    steps: int = STEPS,
) -> list[Tried]:
    """Try learning rates, evenly spaced by their logarithms.

    The networks start from the same weights, see the same batches, and are trained side by side at
    a constant rate (Smith 2017, Cyclical learning rates for training neural networks, raises the
    rate along one run instead, so that each rate inherits what those before it did).

    Parameters
    ----------
    network, loss, descent : specs
        The learning rate, schedule, epochs and patience of ``descent`` do not matter.
    train, validation : Examples
        No more training rows are used than ``steps`` batches.
    lowest, highest : float
    tries : int
        At least 2.
    steps : int
        About so many for each rate; at least one pass over the rows in use.

    Returns
    -------
    list of Tried
        From the lowest rate to the highest.

    Raises
    ------
    UsageError
        If the rates are not above 0 and ascending, or there are fewer than two.

    Examples
    --------
    >>> from descend.layers import Dense
    >>> from descend.losses import SquaredError
    >>> from descend.optimizers import SGD
    >>> x = np.linspace(-1, 1, 64, dtype=np.float32)[:, None]
    >>> found = range_test(Dense(1), SquaredError(), Descent(SGD()), Examples(x, 3 * x), tries=9)
    >>> found[-1].loss, 0.1 <= suggested_rate(found) <= 2
    (inf, True)
    """
    if not (0 < lowest < highest < math.inf) or tries < 2 or steps < 1:
        raise UsageError(
            f"rates must be above 0 and ascending, tries at least 2 and steps at least 1; got "
            f"{lowest} to {highest}, {tries} tries, {steps} steps"
        )
    rates = [float(rate) for rate in np.geomspace(lowest, highest, tries)]
    batch = min(descent.batch_size or train.rows, train.rows)
    rows = min(train.rows, steps * batch)
    parts = jax.tree.map(lambda a: a[:rows], (train.x, train.y, train.weights))
    epochs = max(1, round(steps / -(-rows // batch)))
    way = descent.replace(schedule=Constant(), epochs=epochs, patience=None, restarts=1)
    ways = [way.replace(optimizer=way.optimizer.replace(learning_rate=rate)) for rate in rates]
    run = Run(network, loss, way, Examples(*parts), validation, side_by_side=ways)
    try:
        for _ in run.epochs():
            pass
    except DivergedError:
        if all(not lane.history for lane in run.lanes):
            return [Tried(rate, math.inf) for rate in rates]
    found = []
    for rate, lane in zip(rates, run.lanes, strict=True):
        last = lane.history[-1] if lane.history and lane.ended != "diverged" else None
        value = math.inf
        if last is not None:
            value = last.loss if last.validation_loss is None else last.validation_loss
        found.append(Tried(rate, value if math.isfinite(value) else math.inf))
    return found


def suggested_rate(found: Sequence[Tried]) -> float | None:
    """Return the rate with the lowest loss, neighbours considered; None if all diverged.

    Each loss is smoothed over three rates, so that one lucky rate at the edge of divergence is not
    preferred to a safe one beside it; not where a rate is more than three times the one before.
    """
    losses = np.array([one.loss for one in found])
    if not np.isfinite(losses).any():
        return None
    worst = losses[np.isfinite(losses)].max()
    filled = np.where(np.isfinite(losses), losses, 2 * worst + 1)
    edges = np.concatenate([filled[:1], filled, filled[-1:]])
    smooth = (edges[:-2] + edges[1:-1] + edges[2:]) / 3
    if len(found) > 1 and found[1].rate > 3 * found[0].rate:
        smooth = filled
    best = int(np.argmin(np.where(np.isfinite(losses), smooth, math.inf)))
    return float(f"{found[best].rate:.1g}")
