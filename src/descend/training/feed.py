"""Handing the rows of an epoch to the compiled program, all at once or a window at a time."""

from __future__ import annotations

from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any, NamedTuple

import jax
import numpy as np

from descend.data.batches import bucket, epoch_order, steps_per_epoch
from descend.data.rows import Rows
from descend.errors import DataError
from descend.losses.weights import of_mean_one
from descend.training.records import Examples

__all__ = ["Feed", "Window"]

WINDOW_BYTES = 16 * 2**20
"""Of rows from a file, that are in memory at once; a second window is read meanwhile."""


class Window(NamedTuple):
    """Some steps of an epoch, and the rows they visit.

    Attributes
    ----------
    data : (x, y, weights) of arrays on the device
    order : int32 array
        Entry i is the place in ``data`` of the i-th row to visit.
    rows : int
        Entries of ``order`` at or beyond this one are fillers.
    first, last : int
        The steps of the epoch that are in it.
    """

    data: Any
    order: Any
    rows: int
    first: int
    last: int


class Feed:
    """The training rows of a run, in the order of their visit.

    Arrays in memory go to the device once, and a window is a whole epoch. Where an array is `Rows`
    of a file, a window holds the rows of some steps, gathered on the host; a thread gathers the
    next one while the program computes. The steps see the same rows in the same order.

    Parameters
    ----------
    train : Examples
    batch_size : int
        Rows a step.
    seed : int
    shuffle : bool
        Visit the rows in a new random order each epoch. Without effect on a full batch.

    Attributes
    ----------
    rows, steps : int
        Of an epoch.
    streams : bool
        Whether rows come from a file.
    heaviest : float
        The largest weight of a row, in units of their mean.
    """

    def __init__(self, train: Examples, batch_size: int, *, seed: int, shuffle: bool) -> None:
        self.rows, self.batch_size, self.seed = train.rows, batch_size, seed
        self.shuffle = shuffle and batch_size < self.rows
        self.steps = steps_per_epoch(self.rows, batch_size)
        weights = train.weights
        if weights is not None:
            weights = of_mean_one(weights)
            if not weights.any():
                raise DataError(
                    f"the {self.rows:,} training rows all weigh 0, by their own weights or those "
                    "of their classes, so there is nothing to learn from: give some a weight above "
                    "0"
                )
        self.heaviest = 1.0 if weights is None else float(weights.max())
        self._arrays = (train.x, train.y, weights)
        leaves = jax.tree.leaves(self._arrays)
        self.streams = any(isinstance(leaf, Rows) for leaf in leaves)
        self._epoch = 0
        self._window: Window | None = None
        if self.streams:
            a_row = sum(leaf.dtype.itemsize * int(np.prod(leaf.shape[1:])) for leaf in leaves)
            fit = WINDOW_BYTES // max(1, a_row * batch_size)
            # The same number of steps whatever the number of rows: few shapes, few compilations.
            self._length = min(1 << max(0, fit.bit_length() - 1), bucket(self.steps))
            self._reader = ThreadPoolExecutor(1, "descend-reader")
            self._next: tuple[int, Future[Window]] | None = None
        else:
            self._data = self._on_device()

    def window(self, epoch: int, step: int) -> Window:
        """Return the window of an epoch (from 1) that begins with, or holds, a step (from 0)."""
        if epoch != self._epoch:
            self._epoch, self._window = epoch, None
            self._order = epoch_order(
                self.rows, self.batch_size, seed=self.seed, epoch=epoch, shuffle=self.shuffle
            )
            if self.streams:
                self._next = None
        held = self._window
        if held is not None and held.first <= step < held.last:
            return held
        self._window = None  # let go of it before the next one needs its memory
        self._window = self._streamed(step) if self.streams else self._whole()
        return self._window

    def _on_device(self) -> Any:
        """Pad rows to their bucket and hand them to JAX, each array once."""
        missing = bucket(self.rows) - self.rows if self.batch_size != self.rows else 0

        def put(a: Any) -> jax.Array:
            if missing:
                a = np.concatenate([a, np.zeros((missing, *a.shape[1:]), a.dtype)])
            return jax.device_put(a)

        return jax.tree.map(put, self._arrays)

    def _whole(self) -> Window:
        missing = bucket(len(self._order)) - len(self._order)
        order = jax.device_put(np.concatenate([self._order, np.zeros(missing, np.int32)]))
        return Window(self._data, order, self.rows, 0, self.steps)

    def _streamed(self, step: int) -> Window:
        """Take the window that begins with a step, and have the one after it read."""
        expected = self._next
        if expected is not None and expected[0] == step:
            window = expected[1].result()
        else:
            window = self._read(self._order, step)
        self._next = None
        if window.last < self.steps:
            future = self._reader.submit(self._read, self._order, window.last)
            self._next = (window.last, future)
        return window

    def _read(self, order: np.ndarray, first: int) -> Window:
        """Gather the rows of the steps from ``first`` on, in the order of their visit."""
        last = min(first + self._length, self.steps)
        start, size = first * self.batch_size, self._length * self.batch_size
        visited = order[start : last * self.batch_size]
        missing = size - len(visited)

        def gather(a: Any) -> jax.Array:
            rows = np.asarray(a[visited])
            if missing:
                rows = np.concatenate([rows, np.zeros((missing, *rows.shape[1:]), rows.dtype)])
            return jax.device_put(rows)

        data = jax.tree.map(gather, self._arrays)
        return Window(data, np.arange(size, dtype=np.int32), self.rows - start, first, last)
