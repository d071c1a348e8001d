"""Networks of several estimators that are trained in one compiled program.

A search sets a `Pool`. While it collects, an estimator that comes to train hands in its `Job` and
is stopped by `Postponed`; the pool then trains jobs of one shape on the same rows side by side; and
when the search fits the estimators in earnest, each finds its network trained.
"""

from __future__ import annotations

import hashlib
import time
from collections import defaultdict
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, replace
from typing import Any

import jax
import numpy as np
import optax

from descend.errors import DivergedError
from descend.layers import Layer
from descend.losses import Loss
from descend.training import Descent, Examples, Run
from descend.training.lane import Lane, Score, other_rate, shared_way

__all__ = ["Job", "Pool", "Postponed", "pooled"]

MOST_LANES = 64
"""Networks in one program; more are trained by several programs, one after another."""

_POOL: ContextVar[Pool | None] = ContextVar("descend_pool", default=None)


class Postponed(Exception):
    """A network was handed in to be trained beside others.

    Attributes
    ----------
    key : hashable
        By which the pool knows it.
    """

    def __init__(self, key: Any) -> None:
        super().__init__("a network waits to be trained beside others")
        self.key = key


@dataclass(frozen=True)
class Job:
    """What there is to train: one network from one start or several, of which the best counts.

    Attributes
    ----------
    network, loss : specs
    descents : sequence of Descent
        One for each start.
    train : Examples
    held : Examples or None
    score : function (raw, y, weights) -> float
    bare : optax.GradientTransformation or None
    """

    network: Layer
    loss: Loss
    descents: Sequence[Descent]
    train: Examples
    held: Examples | None
    score: Score
    bare: optax.GradientTransformation | None

    def run(self, params: Any = None, state: Any = None) -> Run:
        """Return the run of this job alone, from given weights or from those of its seeds."""
        several = self.descents if len(self.descents) > 1 else None
        return Run(
            self.network, self.loss, self.descents[0], self.train, self.held, self.score,
            optimizer=self.bare, params=params, state=state, side_by_side=several,
        )  # fmt: skip


@dataclass(frozen=True)
class _Key:
    """What identifies a job; jobs of one shape on the same rows share a program."""

    shape: Any
    rows: bytes
    descents: tuple[Descent, ...]

    @classmethod
    def of(cls, job: Job) -> _Key:
        shape = (job.network, job.loss, shared_way(job.descents[0]), job.bare)
        return cls(shape, _digest((job.train, job.held)), tuple(job.descents))


@dataclass(frozen=True)
class _Done:
    lane: Lane | None
    error: Exception | None
    seconds: float


class Pool:
    """Jobs that wait, and the networks that came of them.

    Attributes
    ----------
    together : list of int
        How many jobs each program trained.
    """

    def __init__(self) -> None:
        self._jobs: dict[_Key, Job] = {}
        self._done: dict[_Key, _Done] = {}
        self._rows: dict[bytes, tuple[Examples, Examples | None]] = {}
        self._collecting = False
        self.together: list[int] = []

    @contextmanager
    def open(self) -> Iterator[None]:
        """Serve the estimators of this thread."""
        token = _POOL.set(self)
        try:
            yield
        finally:
            _POOL.reset(token)

    @contextmanager
    def collecting(self) -> Iterator[None]:
        """Take in jobs, and train them all in the end."""
        self._collecting = True
        try:
            yield
        finally:
            self._collecting = False
        groups: dict[Any, list[_Key]] = defaultdict(list)
        for key in self._jobs:
            groups[key.shape, key.rows].append(key)
        for keys in groups.values():
            self._train(keys)
        self._jobs.clear()
        self._rows.clear()

    def take(self, job: Job) -> Lane | None:
        """Take a job in, or return its network; None where it was not handed in before.

        Raises
        ------
        Postponed
            While the pool collects.
        DivergedError
            If the loss of this network became infinite or not a number.
        """
        key = _Key.of(job)
        if self._collecting:
            train, held = self._rows.setdefault(key.rows, (job.train, job.held))
            self._jobs[key] = replace(job, train=train, held=held)  # one copy of the rows for all
            raise Postponed(key)
        done = self._done.get(key)
        if done is None:
            return None
        if done.error is not None:
            raise done.error
        return done.lane

    def seconds(self, key: Any) -> float:
        """Return a job's share of the time of its program; 0 for a job that was not trained."""
        return self._done[key].seconds if key in self._done else 0.0

    def _train(self, keys: list[_Key]) -> None:
        """Train jobs of one shape, at most `MOST_LANES` networks at a time."""
        batch: list[_Key] = []
        for key in keys:
            count = sum(len(self._jobs[one].descents) for one in batch)
            if batch and count + len(self._jobs[key].descents) > MOST_LANES:
                self._train_batch(batch)
                batch = []
            batch.append(key)
        self._train_batch(batch)

    def _train_batch(self, keys: list[_Key]) -> None:
        started = time.perf_counter()
        jobs = [self._jobs[key] for key in keys]
        first = jobs[0]
        descents = [descent for job in jobs for descent in job.descents]
        run = Run(
            first.network, first.loss, first.descents[0], first.train, first.held, first.score,
            optimizer=first.bare, side_by_side=descents,
        )  # fmt: skip
        try:
            for _ in run.epochs():
                pass
        except DivergedError:
            pass  # every lane says so itself
        seconds = (time.perf_counter() - started) / len(jobs)
        self.together.append(len(jobs))
        lanes = iter(run.lanes)
        for key, job in zip(keys, jobs, strict=True):
            own = [next(lanes) for _ in job.descents]
            whole = [lane for lane in own if lane.ended != "diverged"]
            if whole:
                self._done[key] = _Done(max(whole, key=lambda lane: lane.worth), None, seconds)
            else:
                self._done[key] = _Done(None, _diverged(job), seconds)


def pooled(job: Job) -> Lane | None:
    """Return the network of a job where a pool has trained it, else None; or be postponed."""
    pool = _POOL.get()
    return None if pool is None else pool.take(job)


def _diverged(job: Job) -> DivergedError:
    cause = "" if job.bare is not None else f": {other_rate(job.descents[0].optimizer)}"
    return DivergedError(
        "the loss became infinite or not a number; the most likely cause is a learning rate too "
        f"high for these data{cause}",
        0,
    )


def _digest(rows: Any) -> bytes:
    """Return a digest of all inputs, targets and weights of a tree of `Examples`."""
    digest = hashlib.blake2b(digest_size=16)
    trees = [None if part is None else (part.x, part.y, part.weights) for part in rows]
    leaves, structure = jax.tree.flatten(trees)
    digest.update(str(structure).encode())
    for leaf in leaves:
        array = np.ascontiguousarray(leaf)
        digest.update(f"{array.shape}{array.dtype}".encode())
        digest.update(array.tobytes())
    return digest.digest()
