"""One network on its way down: its best weights so far, and its history."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable, Sequence
from typing import Any

import jax
import numpy as np

from descend.errors import DivergedError, UsageError
from descend.losses import Loss
from descend.optimizers import Optimizer
from descend.training.descent import Descent
from descend.training.evaluation import mean_loss
from descend.training.records import EpochRecord, Examples
from descend.training.temperature import refined_loss

__all__ = ["Lane", "Score", "alike", "diverged", "filled", "other_rate", "revived", "shared_way"]

UNEVEN = 20.0
"""Times the mean that a row must weigh to be named as a cause where a run diverges."""

Score = Callable[[np.ndarray, Any, "np.ndarray | None"], float]
"""(raw outputs, targets, weights) -> a number, greater is better."""


class Lane:
    """What one network of a run has come to.

    Parameters
    ----------
    descent : Descent
    params, state : dict of NumPy arrays
        Where it starts.

    Attributes
    ----------
    params, state : dict of NumPy arrays
        The best weights so far (the latest, without validation rows).
    best_epoch : int
        The epoch they come from; 0 before the first is over.
    best : (float, float) or None
        What that epoch was judged by, greater is better.
    history : list of EpochRecord
        One for each complete epoch.
    latest : dict of NumPy arrays
        The weights at the end of the last epoch that diagnostics were made of.
    ended : str
        "epochs", "patience", "stopped" or "diverged"; "" while it goes on.
    """

    def __init__(self, descent: Descent, params: Any, state: Any) -> None:
        self.descent, self.params, self.state = descent, params, state
        self.latest = params
        self.best_epoch = 0
        self.best: tuple[float, float] | None = None
        self.history: list[EpochRecord] = []
        self.ended = ""

    @property
    def worth(self) -> tuple[float, ...]:
        """What lanes are compared by: the best validation, or else the latest loss."""
        if self.best is not None:
            return self.best
        return (-self.history[-1].loss,) if self.history else (-math.inf,)

    def judge(
        self, raw: np.ndarray | None, held: Examples | None, loss: Loss, score: Score | None
    ) -> tuple[tuple[float | None, float | None], bool]:
        """Return ((validation loss, score), whether this is the best so far).

        Parameters
        ----------
        raw : float32 array (rows, width)
            Raw outputs for the validation rows; None without validation rows.
        """
        if held is None or raw is None:
            return (None, None), True
        value = mean_loss(loss, raw, held.y, held.weights)
        scored = score(raw, held.y, held.weights) if score else None
        watched = (-value, -value)
        if self.descent.watch == "score" and scored is not None:
            watched = (scored, -value)
        elif self.descent.watch == "refined" and math.isfinite(value):
            watched = (-refined_loss(loss, raw, held.y, held.weights), -value)
        # What is not a number is no gain; the first epoch is always kept.
        first, second = (-math.inf if math.isnan(v) else v for v in watched)
        watched = (first, second)
        gain = self.best is None or watched > self.best
        if gain:
            self.best = watched if math.isfinite(value) else (-math.inf, -math.inf)
        return (value, scored), gain

    def end_if_due(self, epoch: int, validated: bool) -> None:
        """Note after an epoch why there is no further one, if there is none."""
        patience = self.descent.patience
        if validated and patience and epoch - self.best_epoch >= patience:
            self.ended = "patience"
        elif epoch == self.descent.epochs:
            self.ended = "epochs"

    def facts(self) -> dict[str, Any]:
        """Return all but the weights, as plain JSON values."""
        return {
            "best_epoch": self.best_epoch,
            "best": None if self.best is None else _plain(self.best),
            "ended": "" if self.ended == "stopped" else self.ended,
            "history": [_plain(dataclasses.astuple(record)) for record in self.history],
        }

    def restore(self, facts: dict[str, Any]) -> None:
        """Take over what `facts` returned."""
        self.history = [EpochRecord(*values) for values in facts["history"]]
        self.best_epoch, self.ended = int(facts["best_epoch"]), str(facts["ended"])
        best = facts["best"]
        if best is not None:
            first, second = (-math.inf if v is None else float(v) for v in best)
            self.best = (first, second)


def _plain(value: Any) -> Any:
    """Return what JSON can hold: numbers that are not finite become None."""
    if isinstance(value, dict):
        return {name: _plain(part) for name, part in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(part) for part in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value


def diverged(
    lane: Lane, bad_steps: np.ndarray, epoch: int, bare: Any, heaviest: float
) -> DivergedError:
    """Return the error of a run whose loss is no number, with the rate to try.

    Parameters
    ----------
    lane : Lane
    bad_steps : int array
        Steps at which the losses of the lanes became so; the last is told.
    epoch : int
    bare : optax transformation or None
        One with a rate of its own, in place of the optimizer.
    heaviest : float
        The largest weight of a row, in units of their mean.
    """
    step = int(bad_steps.max())
    kept = f"the weights of epoch {lane.best_epoch}" if lane.best_epoch else "the first weights"
    cause = "" if bare is not None else f": {other_rate(lane.descent.optimizer)}"
    uneven = ""
    if heaviest > UNEVEN:
        uneven = (
            f" Or it is the weights of the rows: the heaviest weighs {heaviest:,.0f} times the "
            "mean, and its steps are that much longer."
        )
    return DivergedError(
        f"the loss became infinite or not a number at step {step} (epoch {epoch}); the most "
        f"likely cause is a learning rate too high for these data{cause}.{uneven} Kept: {kept}.",
        step,
    )


def other_rate(optimizer: Optimizer) -> str:
    """Return what to try where an optimizer's learning rate was too high.

    A tenth of it, and at most the default of its kind, which suits standardised inputs: a tenth of
    a rate that is a thousand times too high would only fail again.

    Examples
    --------
    >>> from descend.optimizers import SGD
    >>> other_rate(SGD(1000.0))
    'SGD had 1000. Try 0.01, or clip the gradient (clip_norm=1)'
    """
    rate = optimizer.learning_rate
    usual = getattr(type(optimizer), "learning_rate", rate)
    return (
        f"{type(optimizer).__name__} had {rate:g}. Try {min(rate / 10, usual):g}, or clip the "
        "gradient (clip_norm=1)"
    )


def shared_way(descent: Descent) -> Descent:
    """Return what ways down must have in common for one compiled program to hold them."""
    return descent.replace(
        optimizer=descent.optimizer.replace(learning_rate=1.0), seed=0, weight_decay=0.0,
        clip_norm=None,
    )  # fmt: skip


def alike(descent: Descent, several: Sequence[Descent]) -> list[Descent]:
    """Refuse ways down that one compiled program cannot hold."""
    if not several:
        raise UsageError("side_by_side needs at least one way down")
    for one in several:
        if shared_way(one) != shared_way(descent):
            raise UsageError(
                "networks side by side may differ in seed, learning rate, weight decay and "
                f"clip_norm only; got {one} beside {descent}"
            )
    return list(several)


def revived(carry: Any) -> Any:
    """Return a carry to begin an epoch with, from a copy that `Run.carry` made."""
    none = np.zeros_like(carry.rows)
    key = jax.random.wrap_key_data(carry.key)
    return jax.tree.map(jax.numpy.array, carry._replace(loss_sum=none, rows=none))._replace(key=key)


def filled(tree: Any, tensors: dict[str, np.ndarray], name: str) -> Any:
    """Return a tree of the same shapes and types with the tensors of a snapshot in it."""
    leaves, structure = jax.tree.flatten(tree)
    found = []
    for i, leaf in enumerate(leaves):
        array = tensors[f"{name}/{i:05d}"]
        if array.shape != leaf.shape or array.dtype != leaf.dtype:
            raise ValueError(f"{name}/{i:05d} is {array.dtype} {array.shape}")
        found.append(array)
    return jax.tree.unflatten(structure, found)
