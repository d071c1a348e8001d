"""The run: epochs, validation, early stopping, and one stream of records about it all."""

from __future__ import annotations

import math
import time
from collections.abc import Iterator, Sequence
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import optax

from descend.data.batches import bucket
from descend.errors import UsageError
from descend.layers import Layer
from descend.losses import Loss
from descend.training.descent import Descent
from descend.training.diagnostics import inside, movement
from descend.training.evaluation import raw_outputs
from descend.training.extras import Extras
from descend.training.feed import Feed
from descend.training.lane import Lane, Score, alike, diverged, filled, revived
from descend.training.pace import Pace
from descend.training.records import EpochRecord, Examples
from descend.training.start import first_weights
from descend.training.step import Carry, Settings, is_short, program

__all__ = ["Run"]


class Run:
    """One descent of one network, or of several side by side, as a generator of records.

    Parameters
    ----------
    network : Layer
    loss : Loss
    descent : Descent
    train : Examples
        An array in it may be `descend.data.rows.Rows`, which stay in their file: the same rows in
        the same order, and the same bits, as in memory. A full batch is read whole all the same.
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
    side_by_side : sequence of Descent, optional
        Train one network for each of these, in one compiled program. They may differ from
        ``descent`` in the seed and the learning rate, weight decay and ``clip_norm``; all visit
        the rows in the order that the seed of ``descent`` decides. Each keeps its own best epoch.
    carry : Carry, optional
        What `Run.carry` of an earlier run of the same network and rule returned, to go on from
        there with everything: weights, optimizer, random key, number of the step.
    diagnostics : bool
        Look into the network once an epoch; see `EpochRecord`.

    Attributes
    ----------
    lanes : list of Lane
        One for each network: its weights, best epoch and history.
    winner : Lane
        The network that is best so far.
    params, state, best_epoch, history : of the winner
        See `Lane`.
    optimizer_state : pytree of arrays or None
        The optimizer's memory after the latest epoch; used up when the next one begins.
    ended : str
        Why the run ended: "epochs", "patience" or what `stop` was told; "" while it goes on.

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
        side_by_side: Sequence[Descent] | None = None,
        diagnostics: bool = False,
        carry: Any = None,
    ) -> None:
        if train.rows < 1:
            raise UsageError("there are no training rows")
        self.network, self.loss, self.descent = network, loss, descent
        self.validation = validation if validation is not None and validation.rows else None
        self.score = score
        self._diagnostics = diagnostics
        self.rows = train.rows
        self.optimizer_state = optimizer_state
        if side_by_side is None and descent.restarts > 1 and params is None:
            side_by_side = [descent.replace(seed=descent.seed + i) for i in range(descent.restarts)]
        self._together = side_by_side is not None
        descents = [descent] if side_by_side is None else alike(descent, side_by_side)
        self._keys: list[jax.Array] = []
        self.lanes: list[Lane] = []
        for one in descents:
            init_key, key = jax.random.split(jax.random.key(one.seed))
            start = (
                (params, state) if params is not None else first_weights(network, init_key, train)
            )
            start = jax.device_get((start[0], start[1] or {}))
            self._keys.append(key)
            self.lanes.append(Lane(one, *start))
        self._extras = Extras.of(descent)
        self._extras.check(self.lanes[0].params, train.x)
        self.batch_size = min(descent.batch_size or self.rows, self.rows)
        whole = self.batch_size == self.rows and descent.batch_size != 1
        if whole and not jax.tree.leaves(self.lanes[0].state):
            # Fillers weigh nothing, so that full batches of similar size share a program; but
            # statistics over the batch, which layers keep in their state, would see them.
            self.batch_size = bucket(self.rows)
        self._feed = Feed(train, self.batch_size, seed=descent.seed, shuffle=descent.shuffle)
        self.steps = self._feed.steps
        self._bare = optimizer
        rule = descent.optimizer.replace(learning_rate=1.0) if optimizer is None else optimizer
        self._program = program(
            network,
            loss,
            rule,
            descent.schedule,
            self.batch_size,
            decay=any(one.weight_decay > 0 for one in descents),
            clip=any(one.clip_norm is not None for one in descents),
            together=self._together,
            haste=is_short([lane.params for lane in self.lanes], descent.epochs * self.steps),
            extras=self._extras,
        )
        self._settings = self._of_all(
            [
                Settings(
                    float(one.optimizer.learning_rate),
                    descent.epochs * self.steps,
                    float(one.weight_decay),
                    float(math.inf if one.clip_norm is None else one.clip_norm),
                )
                for one in descents
            ]
        )._replace(total_steps=descent.epochs * self.steps)
        self.ended = ""
        self._stop = ""
        self._pace = Pace()
        self._carry: Any = None if carry is None else revived(carry)
        self._epoch, self._done = 1, 0
        self._spent = self._before = self._began = 0.0

    @property
    def winner(self) -> Lane:
        """The network that is best so far: on the validation rows, or else by its latest loss."""
        return max(self.lanes, key=lambda lane: lane.worth)

    @property
    def params(self) -> Any:
        """The best weights so far."""
        return self.winner.params

    @property
    def state(self) -> Any:
        """The state of the layers that goes with them."""
        return self.winner.state

    @property
    def best_epoch(self) -> int:
        """The epoch they come from; 0 before the first is over."""
        return self.winner.best_epoch

    @property
    def history(self) -> list[EpochRecord]:
        """One record for each complete epoch."""
        return self.winner.history

    def _of_all(self, trees: Sequence[Any]) -> Any:
        """Return the only tree as it is, or several with their leaves stacked."""
        if not self._together:
            return trees[0]
        return jax.tree.map(lambda *leaves: np.stack(leaves), *trees)

    def _start(self) -> Carry:
        keys = jnp.stack(self._keys) if self._together else self._keys[0]
        trees = [(lane.params, lane.state) for lane in self.lanes]
        return self._program.start(*self._of_all(trees), keys)

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
            "ended": "" if self.ended == self._stop else self.ended,
            "seconds": time.perf_counter() - self._began,
            "lanes": [lane.facts() for lane in self.lanes],
        }
        tensors = {"carry/step": np.asarray(np.max(carry.step))}
        for name, tree in (("carry", carry), ("kept", self._kept_weights())):
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
        fresh = self._start()
        carry = filled(fresh._replace(key=jax.random.key_data(fresh.key)), tensors, "carry")
        self._carry = carry._replace(key=jax.random.wrap_key_data(carry.key))
        self._epoch, self._done = int(facts["epoch"]), int(facts["done"])
        if not (1 <= self._epoch <= self.descent.epochs and 0 <= self._done <= self.steps):
            raise ValueError(f"epoch {self._epoch}, step {self._done} is not in this run")
        weights = filled(self._kept_weights(), tensors, "kept")
        for lane, kept, found in zip(self.lanes, weights, facts["lanes"], strict=True):
            lane.params, lane.state, lane.latest = kept
            lane.restore(found)
        self.ended = str(facts["ended"])
        self._before = float(facts["seconds"])

    def _kept_weights(self) -> list[tuple[Any, ...]]:
        return [(lane.params, lane.state, lane.latest) for lane in self.lanes]

    def carry(self) -> Carry:
        """Return a copy of what the winner would go on from."""
        kept = self._carry._replace(key=jax.random.key_data(self._carry.key))
        i = self.lanes.index(self.winner)
        pick = np.array if not self._together else lambda a: np.array(a[i])
        return jax.tree.map(pick, jax.device_get(kept))

    def stop(self, why: str = "stopped") -> None:
        """Ask the run to end after the current piece of work; the best weights are kept."""
        self._stop = self._stop or why

    def epochs(self) -> Iterator[EpochRecord]:
        """Train, and yield a record about every 0.2 seconds and at the end of each epoch.

        Of networks side by side, the one that is best so far is recorded.

        Raises
        ------
        DivergedError
            If the loss became infinite or not a number (of every network). ``params`` then hold
            the best weights of the epochs before.
        """
        self._began = time.perf_counter() - self._before
        if self._carry is None:
            self._carry = self._start()
            if self.optimizer_state is not None:
                self._carry = self._carry._replace(optimizer_state=self.optimizer_state)
        while not self.ended:
            if self._stop and self.history and not self._done:
                self.ended = self._stop
            else:
                yield from self._rest_of_epoch()

    def _rest_of_epoch(self) -> Iterator[EpochRecord]:
        """Take the steps that are left of the current epoch, and judge what came of it."""
        while self._done < self.steps and not (self._stop and self._done):
            asked = time.perf_counter()
            window = self._feed.window(self._epoch, self._done)
            started, first = time.perf_counter(), self._done
            self._done = min(first + self._pace.steps, window.last)
            self._carry = self._program.run(
                self._carry,
                *window.data,
                window.order,
                window.rows,
                first - window.first,
                self._done - window.first,
                self._settings,
            )
            bad = np.atleast_1d(self._carry.bad_step)
            now = time.perf_counter()
            self._spent += now - asked
            self._pace.note(now - started, self._done - first)
            for lane, step in zip(self.lanes, bad, strict=True):
                lane.ended = lane.ended or ("diverged" if step else "")
            if all(lane.ended == "diverged" for lane in self.lanes):
                raise diverged(self.winner, bad, self._epoch, self._bare, self._feed.heaviest)
            if self._done < self.steps and not self._stop:
                yield self._record(self.lanes.index(self.winner))
            if all(lane.ended for lane in self.lanes):
                self.ended = self._ending()
                return
        if self._done < self.steps and self.history:  # stopped: the best is older
            self.ended = self._stop
            return
        record = self._finish_epoch()
        if self._stop:
            self.ended = self._stop
        elif all(lane.ended for lane in self.lanes):
            self.ended = self._ending()
        else:
            self._epoch, self._done, self._spent = self._epoch + 1, 0, 0.0
            none = np.zeros_like(self._carry.rows)
            self._carry = self._carry._replace(loss_sum=none, rows=none)
        yield record

    def _ending(self) -> str:
        return "epochs" if any(lane.ended == "epochs" for lane in self.lanes) else "patience"

    def _record(
        self,
        lane: int,
        judged: tuple[float | None, float | None] = (None, None),
        best: bool = False,
        diagnostics: dict[str, Any] | None = None,
    ) -> EpochRecord:
        carry = self._carry
        numbers = (carry.loss_sum, carry.rows, carry.step, carry.learning_rate)
        loss_sum, rows, step, rate = (np.atleast_1d(a)[lane] for a in jax.device_get(numbers))
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
            diagnostics=diagnostics,
        )

    def _finish_epoch(self) -> EpochRecord:
        """Judge the weights on the validation rows, keep them if best, and record the epoch."""
        carry = self._carry
        self.optimizer_state = carry.optimizer_state
        shown = (self._shown(carry), carry.state)
        if self._together:
            shown = jax.device_get(shown)
        records = {}
        for i, lane in enumerate(self.lanes):
            if lane.ended:
                continue
            params, state = jax.tree.map(lambda a, i=i: a[i], shown) if self._together else shown
            raw = None
            if self.validation is not None:
                raw = raw_outputs(self.network, params, state, self.validation.x)
            judged, gain = lane.judge(raw, self.validation, self.loss, self.score)
            if gain:
                lane.params, lane.state = jax.tree.map(np.array, jax.device_get((params, state)))
                lane.best_epoch = self._epoch
            seen = self._look(lane, params, state) if self._diagnostics else None
            records[i] = self._record(i, judged, gain, seen)
            lane.history.append(records[i])
            lane.end_if_due(self._epoch, self.validation is not None)
        return records.get(self.lanes.index(self.winner)) or next(iter(records.values()))

    def _look(self, lane: Lane, params: Any, state: Any) -> dict[str, Any]:
        """Return what goes on inside a network at the end of an epoch."""
        x, y, _ = self._feed.window(self._epoch, self.steps - 1).data
        before, lane.latest = lane.latest, jax.tree.map(np.array, jax.device_get(params))
        seen = inside(self.network, self.loss, lane.latest, state, x, y, self.rows)
        residual = getattr(self._carry.optimizer_state, "residual", None)
        more = {} if residual is None else {"residual": float(np.max(residual))}
        return seen | {"movement": movement(before, lane.latest)} | more

    def _shown(self, carry: Carry) -> Any:
        """Return the weights to predict with: for averaging rules not those that are trained."""
        if self._extras.averages:
            return carry.memory["average"]
        if self._bare is not None:
            return carry.params
        return self.descent.optimizer.evaluation_params(carry.optimizer_state, carry.params)
