"""The run: epochs, validation, early stopping, and one stream of records about it all."""

from __future__ import annotations

import dataclasses
import math
import time
from collections.abc import Callable, Iterator
from typing import Any

import jax
import numpy as np
import optax

from descend.data.batches import bucket, epoch_order, steps_per_epoch
from descend.errors import DivergedError, UsageError
from descend.layers import Layer
from descend.losses import Loss
from descend.training.descent import Descent
from descend.training.evaluation import mean_loss, raw_outputs
from descend.training.records import EpochRecord, Examples
from descend.training.step import Carry, Settings, program

__all__ = ["Run"]

CHUNK_SECONDS = 0.2
"""Aim for one call of the compiled program: long enough to be cheap, short enough to stay alive."""

Score = Callable[[np.ndarray, Any, "np.ndarray | None"], float]
"""(raw outputs, targets, weights) -> a number, greater is better."""


class Run:
    """One descent of one network, as a generator of records.

    Parameters
    ----------
    network : Layer
    loss : Loss
    descent : Descent
    train : Examples
    validation : Examples, optional
        Decides when to stop and which epoch's weights are kept. Without it the last are kept.
    score : function (raw, y, weights) -> float, optional
        Greater is better; reported, and watched when ``descent.watch == "score"``.
    optimizer : optax.GradientTransformation, optional
        Takes the place of ``descent.optimizer``; it brings its own learning rate.
    params, state : dict, optional
        Where to start; drawn from the seed by default.
    optimizer_state : pytree, optional
        What an earlier run of the same optimizer and network left, to go on from there.

    Attributes
    ----------
    params, state : dict of NumPy arrays
        The best weights so far (the latest, without validation rows).
    best_epoch : int
        The epoch they come from; 0 before the first is over.
    optimizer_state : pytree of arrays or None
        The optimizer's memory after the latest epoch; used up when the next one begins.
    history : list of EpochRecord
        One for each complete epoch.
    ended : str
        Why the run ended: "epochs", "patience" or "stopped"; "" while it goes on.

    Examples
    --------
    >>> from descend.layers import Dense
    >>> from descend.losses import SquaredError
    >>> from descend.optimizers import SGD
    >>> x = np.linspace(-1, 1, 64, dtype=np.float32)[:, None]
    >>> run = Run(Dense(1), SquaredError(), Descent(SGD(0.5), epochs=30), Examples(x, 3 * x + 1))
    >>> for record in run.epochs():
    ...     pass
    >>> run.params["weight"].round(1), run.params["bias"].round(1)
    (array([[3.]], dtype=float32), array([1.], dtype=float32))
    """

    def __init__(
        self,
        network: Layer,
        loss: Loss,
        descent: Descent,
        train: Examples,
        validation: Examples | None = None,
        score: Score | None = None,
        *,
        optimizer: optax.GradientTransformation | None = None,
        params: Any = None,
        state: Any = None,
        optimizer_state: Any = None,
    ) -> None:
        if train.rows < 1:
            raise UsageError("there are no training rows")
        self.network, self.loss, self.descent = network, loss, descent
        self.validation = validation if validation is not None and validation.rows else None
        self.score = score
        self.rows = train.rows
        self.optimizer_state = optimizer_state
        key = jax.random.key(descent.seed)
        init_key, self._key = jax.random.split(key)
        if params is None:
            shape = jax.tree.map(lambda a: tuple(a.shape[1:]), train.x)
            params, state, _ = network.init(init_key, shape)
        self.params, self.state = jax.device_get((params, state or {}))
        self.batch_size = min(descent.batch_size or self.rows, self.rows)
        if self.batch_size == self.rows and not jax.tree.leaves(self.state):
            # Fillers weigh nothing, so that full batches of similar size share a program; but
            # statistics over the batch, which layers keep in their state, would see them.
            self.batch_size = bucket(self.rows)
        self.steps = steps_per_epoch(self.rows, self.batch_size)
        self._bare = optimizer
        rule = descent.optimizer.replace(learning_rate=1.0) if optimizer is None else optimizer
        self._program = program(
            network,
            loss,
            rule,
            descent.schedule,
            self.batch_size,
            decay=descent.weight_decay > 0,
            clip=descent.clip_norm is not None,
        )
        self._settings = Settings(
            float(descent.optimizer.learning_rate),
            descent.epochs * self.steps,
            float(descent.weight_decay),
            float(descent.clip_norm or 0.0),
        )
        self._data = self._on_device(train)
        self.history: list[EpochRecord] = []
        self.best_epoch = 0
        self.ended = ""
        self._best: tuple[float, float] | None = None
        self._stop = False
        self._chunk = 64
        self._warm = False
        self._carry: Any = None
        self._epoch, self._done = 1, 0
        self._spent = self._before = self._began = 0.0

    def snapshot(self) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
        """Return all that `restore` needs to go on from here, to the same bits.

        To be called between two records. The order of rows needs no place in it: it is a function
        of seed, epoch and position.

        Returns
        -------
        facts : dict of plain JSON values
        tensors : dict of str to array
        """
        carry = self._carry._replace(key=jax.random.key_data(self._carry.key))
        facts = {
            "epoch": self._epoch,
            "done": self._done,
            "best_epoch": self.best_epoch,
            "best": None if self._best is None else [_finite(v) for v in self._best],
            "ended": "" if self.ended == "stopped" else self.ended,
            "seconds": time.perf_counter() - self._began,
            "history": [list(dataclasses.astuple(record)) for record in self.history],
        }
        tensors = {"carry/step": np.asarray(carry.step)}
        for name, tree in (("carry", carry), ("best", (self.params, self.state))):
            for i, leaf in enumerate(jax.tree.leaves(tree)):
                tensors[f"{name}/{i:05d}"] = np.asarray(leaf)
        return facts, tensors

    def restore(self, facts: dict[str, Any], tensors: dict[str, np.ndarray]) -> None:
        """Go on from a `snapshot` of a run with the same network, descent and rows.

        Raises
        ------
        ValueError, KeyError, TypeError
            If it is not of such a run.
        """
        fresh = self._program.start(self.params, self.state, self._key)
        carry = fresh._replace(key=jax.random.key_data(fresh.key))
        carry = _filled(carry, tensors, "carry")
        self._carry = carry._replace(key=jax.random.wrap_key_data(carry.key))
        self.params, self.state = _filled((self.params, self.state), tensors, "best")
        self.history = [EpochRecord(*values) for values in facts["history"]]
        self._epoch, self._done = int(facts["epoch"]), int(facts["done"])
        if not (1 <= self._epoch <= self.descent.epochs and 0 <= self._done <= self.steps):
            raise ValueError(f"epoch {self._epoch}, step {self._done} is not in this run")
        self.best_epoch, self.ended = int(facts["best_epoch"]), str(facts["ended"])
        best = facts["best"]
        if best is not None:
            self._best = tuple(-math.inf if v is None else float(v) for v in best)  # pyright: ignore[reportAttributeAccessIssue]
        self._before = float(facts["seconds"])

    def stop(self) -> None:
        """Ask the run to end after the current piece of work; the best weights are kept."""
        self._stop = True

    def _on_device(self, train: Examples) -> tuple[Any, Any, Any]:
        """Pad rows to their bucket and hand them to JAX, each array once."""
        missing = bucket(self.rows) - self.rows if self.batch_size != self.rows else 0
        weights = train.weights
        if weights is not None:
            weights = np.asarray(weights, np.float32) / np.float32(np.mean(weights))

        def put(a: Any) -> jax.Array:
            if missing:
                a = np.concatenate([a, np.zeros((missing, *a.shape[1:]), a.dtype)])
            return jax.device_put(a)

        return jax.tree.map(put, (train.x, train.y, weights))

    def epochs(self) -> Iterator[EpochRecord]:
        """Train, and yield a record about every 0.2 seconds and at the end of each epoch.

        Raises
        ------
        DivergedError
            If the loss became infinite or not a number. ``params`` then hold the best weights of
            the epochs before.
        """
        self._began = time.perf_counter() - self._before
        if self._carry is None:
            self._carry = self._program.start(self.params, self.state, self._key)
            if self.optimizer_state is not None:
                self._carry = self._carry._replace(optimizer_state=self.optimizer_state)
        while not self.ended:
            if self._stop and self.history and not self._done:
                self.ended = "stopped"
            else:
                yield from self._rest_of_epoch()

    def _rest_of_epoch(self) -> Iterator[EpochRecord]:
        """Take the steps that are left of the current epoch, and judge what came of it."""
        order = self._order(self._epoch)
        while self._done < self.steps and not (self._stop and self._done):
            started, first = time.perf_counter(), self._done
            self._done = min(first + self._chunk, self.steps)
            self._carry = self._program.run(
                self._carry, *self._data, order, self.rows, first, self._done, self._settings
            )
            bad = int(self._carry.bad_step)
            took = time.perf_counter() - started
            self._spent += took
            self._adapt_chunk(took, self._done - first)
            if bad:
                raise self._diverged(bad)
            if self._done < self.steps and not self._stop:
                yield self._record()
        if self._done < self.steps and self.history:  # stopped: the best is older
            self.ended = "stopped"
            return
        record = self._finish_epoch()
        patience = self.descent.patience
        if self._stop:
            self.ended = "stopped"
        elif self.validation and patience and self._epoch - self.best_epoch >= patience:
            self.ended = "patience"
        elif self._epoch == self.descent.epochs:
            self.ended = "epochs"
        else:
            self._epoch, self._done, self._spent = self._epoch + 1, 0, 0.0
            self._carry = self._carry._replace(loss_sum=np.float32(0), rows=np.float32(0))
        yield record

    def _order(self, epoch: int) -> jax.Array:
        shuffle = self.descent.shuffle and self.batch_size < self.rows
        seed = self.descent.seed
        order = epoch_order(self.rows, self.batch_size, seed=seed, epoch=epoch, shuffle=shuffle)
        missing = bucket(len(order)) - len(order)
        return jax.device_put(np.concatenate([order, np.zeros(missing, np.int32)]))

    def _adapt_chunk(self, seconds: float, steps: int) -> None:
        """Let the next call take about CHUNK_SECONDS, growing at most eightfold at a time."""
        if not self._warm:  # the first call may have compiled: its time says nothing
            self._warm = True
            return
        aim = int(CHUNK_SECONDS / max(seconds / steps, 1e-9))
        self._chunk = max(1, min(aim, self._chunk * 8))

    def _record(
        self, judged: tuple[float | None, float | None] = (None, None), best: bool = False
    ) -> EpochRecord:
        carry = self._carry
        loss_sum, rows, step, rate = jax.device_get(
            (carry.loss_sum, carry.rows, carry.step, carry.learning_rate)
        )
        return EpochRecord(
            epoch=self._epoch,
            share=self._done / self.steps,
            step=int(step),
            loss=float(loss_sum / rows),
            validation_loss=judged[0],
            validation_score=judged[1],
            learning_rate=float(rate) if self._bare is None else None,
            seconds=time.perf_counter() - self._began,
            rows_per_second=float(rows) / max(self._spent, 1e-9),
            best=best,
        )

    def _finish_epoch(self) -> EpochRecord:
        """Judge the weights on the validation rows, keep them if best, and record the epoch."""
        carry = self._carry
        self.optimizer_state = carry.optimizer_state
        params = self._shown(carry)
        judged, gain = self._judge(params, carry.state)
        if gain:
            self.params, self.state = jax.device_get((params, carry.state))
            self.best_epoch = self._epoch
        record = self._record(judged, gain)
        self.history.append(record)
        return record

    def _shown(self, carry: Carry) -> Any:
        """Return the weights to predict with: for averaging rules not those that are trained."""
        if self._bare is not None:
            return carry.params
        return self.descent.optimizer.evaluation_params(carry.optimizer_state, carry.params)

    def _judge(self, params: Any, state: Any) -> tuple[tuple[float | None, float | None], bool]:
        """Return ((validation loss, score), whether this is the best so far)."""
        if self.validation is None:
            return (None, None), True
        held = self.validation
        raw = raw_outputs(self.network, params, state, held.x)
        loss = mean_loss(self.loss, raw, held.y, held.weights)
        score = self.score(raw, held.y, held.weights) if self.score else None
        watched = (-loss, -loss)
        if self.descent.watch == "score" and score is not None:
            watched = (score, -loss)
        # A loss that is not a number compares as no gain; the first epoch is always kept.
        gain = self._best is None or watched > self._best
        if gain:
            self._best = watched if math.isfinite(loss) else (-math.inf, -math.inf)
        return (loss, score), gain

    def _diverged(self, step: int) -> DivergedError:
        rate = self.descent.optimizer.learning_rate
        kept = f"the weights of epoch {self.best_epoch}" if self.best_epoch else "the first weights"
        name = type(self.descent.optimizer).__name__
        cause = (
            f"the most likely cause is a learning rate too high for these data: {name} had "
            f"{rate:g}. Try {rate / 10:g}, or clip the gradient (clip_norm=1)"
            if self._bare is None
            else "the most likely cause is a learning rate too high for these data"
        )
        return DivergedError(
            f"the loss became infinite or not a number at step {step} (epoch {self._epoch}); "
            f"{cause}. Kept: {kept}.",
            step,
        )


def _finite(value: float) -> float | None:
    """Return a number that JSON can hold; minus infinity, the worst of all, becomes None."""
    return value if math.isfinite(value) else None


def _filled(tree: Any, tensors: dict[str, np.ndarray], name: str) -> Any:
    """Return a tree of the same shapes and types with the tensors of a snapshot in it."""
    leaves, structure = jax.tree.flatten(tree)
    found = []
    for i, leaf in enumerate(leaves):
        array = tensors[f"{name}/{i:05d}"]
        if array.shape != leaf.shape or array.dtype != leaf.dtype:
            raise ValueError(f"{name}/{i:05d} is {array.dtype} {array.shape}")
        found.append(array)
    return jax.tree.unflatten(structure, found)
