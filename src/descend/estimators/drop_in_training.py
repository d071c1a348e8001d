"""Training for the drop-in perceptrons: epochs in a given order, and L-BFGS over all rows."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import jax
import numpy as np
import scipy.optimize
import scipy.sparse

from descend.data.batches import bucket, steps_per_epoch
from descend.layers import Layer
from descend.losses import Loss
from descend.optimizers import Optimizer
from descend.schedules import Constant
from descend.training.evaluation import raw_outputs
from descend.training.pace import CHUNK_SECONDS
from descend.training.passes import loss_and_gradient
from descend.training.step import Carry, Settings, is_short, program

__all__ = ["Descender", "Memory", "from_params", "minimize", "outputs_of", "precision", "to_params"]

AHEAD = 16
"""How many epochs one call of the compiled program may take."""

MANY_ROWS = 8192
"""Rows from which an epoch is long enough to be called by itself."""

BLOCK_SECONDS = 0.1
"""Aim for one call over several epochs; some of them may have to be taken again."""

DENSE_CELLS = 2**23
"""How many cells of a sparse matrix are made dense at a time (64 MiB of float64)."""


def precision(dtype: Any) -> Any:
    """Compute in 64 bits where the data are float64, in this thread and this context only."""
    return jax.enable_x64(np.dtype(dtype) == np.float64)


def to_params(coefs: Sequence[Any], intercepts: Sequence[Any], dtype: Any) -> dict[str, Any]:
    """Return scikit-learn's lists of weights and biases as the params of a `Sequential`."""
    pairs = zip(coefs, intercepts, strict=True)
    return {
        f"{place}_dense": {"weight": np.array(w, dtype), "bias": np.array(b, dtype)}
        for place, (w, b) in enumerate(pairs)
    }


def from_params(params: dict[str, Any]) -> tuple[list[np.ndarray], list[np.ndarray]]:
    """Return the params of a `Sequential` as lists of weights and biases of one's own."""
    layers = [params[f"{place}_dense"] for place in range(len(params))]
    return [np.array(p["weight"]) for p in layers], [np.array(p["bias"]) for p in layers]


@dataclass
class Memory:
    """What an optimizer keeps from a ``fit`` or ``partial_fit`` to the next ``partial_fit``.

    Attributes
    ----------
    rule : Optimizer
    learning_rate : float
        The current one.
    state : pytree of NumPy arrays or None
    """

    rule: Optimizer
    learning_rate: float
    state: Any = None


def _like(array: np.ndarray, other: jax.Array) -> np.ndarray:
    """Return an array with the type of the entries of another."""
    return array.astype(other.dtype, copy=False)


def _dense(x: Any, rows: Any) -> np.ndarray:
    """Return some rows, dense."""
    part = x[rows]
    return part.toarray() if scipy.sparse.issparse(part) else part


def _padded(array: Any, rows: int) -> Any:
    """Return an array with rows of zeros added up to so many."""
    if array is None or len(array) == rows:
        return array
    return np.concatenate([array, np.zeros((rows - len(array), *array.shape[1:]), array.dtype)])


class Descender:
    """Epochs of one network over the same rows, each in the order that it is given.

    Parameters
    ----------
    network, loss : specs
    memory : Memory
        Its rule takes the steps, at its learning rate of the moment.
    batch_size : int
        At most the number of rows.
    ridge : float
        Strength of the penalty on squared weights.
    x : array or sparse matrix (rows, columns)
        A sparse one is made dense in pieces of at most `DENSE_CELLS` cells, again in each epoch.
    y : array (rows, ...)
    weights : array (rows,) or None
    params : dict
        Where to start.
    most_epochs : int
    """

    def __init__(
        self, network: Layer, loss: Loss, memory: Memory, batch_size: int, ridge: float,
        x: Any, y: np.ndarray, weights: np.ndarray | None, params: Any, most_epochs: int,
    ) -> None:  # fmt: skip
        self.rows, self._dtype = x.shape[0], x.dtype
        self._memory, self._ridge = memory, ridge
        # Fillers weigh nothing, so that full batches of similar size share a program.
        self._batch = bucket(self.rows) if batch_size >= self.rows else batch_size
        self._steps = steps_per_epoch(self.rows, self._batch)
        self._program = program(
            network, loss, memory.rule.replace(learning_rate=1.0), Constant(), self._batch,
            ridge=True, haste=is_short(params, most_epochs * self._steps),
        )  # fmt: skip
        self._entries = max(bucket(self.rows), self._batch * self._steps)
        self._chunk, self._ahead, self._warm = 64, 1, False
        self._sparse = x if scipy.sparse.issparse(x) else None
        self._y, self._weights = y, weights
        with precision(self._dtype):
            if self._sparse is None:
                held = bucket(self.rows)
                put = (_padded(x, held), _padded(y, held), _padded(weights, held))
                self._data = jax.tree.map(jax.device_put, put)
            else:
                fits = DENSE_CELLS // max(1, self._batch * x.shape[1])
                self._piece = max(1, min(fits, self._steps))
            carry = self._program.start(params, {}, jax.random.key(0))
            if memory.state is not None:  # it may be of rows in another precision
                state = jax.tree.map(_like, memory.state, carry.optimizer_state)
                carry = carry._replace(optimizer_state=state)
        self._carry: Carry = carry
        self._kept, self._kept_at = params, time.monotonic()

    @property
    def ahead(self) -> int:
        """How many epochs to hand to `epochs` at a time."""
        return 1 if self._sparse is not None or self.rows > MANY_ROWS else self._ahead

    def epochs(self, orders: Sequence[np.ndarray]) -> list[float]:
        """Visit the rows once in each of some orders.

        Returns
        -------
        losses : list of float
            For each epoch the mean over rows of each batch's loss before its step. NaN where the
            descent has left all bounds; nothing moves from then on.
        """
        self._rate = float(self._memory.learning_rate)
        with precision(self._dtype):
            if len(orders) == 1 and (self._sparse is not None or self.rows > MANY_ROWS):
                return [self._epoch(orders[0])]
            self._before = jax.tree.map(np.array, jax.device_get(self._carry._replace(key=None)))
            return self._block(orders)

    def again(self, orders: Sequence[np.ndarray]) -> None:
        """Take back the latest `epochs`, and take only those of these orders, at the same rate."""
        with precision(self._dtype):
            self._carry = self._before._replace(key=jax.random.key(0))
            self._block(orders)

    def _settings(self) -> Settings:
        return Settings(self._rate, 1, 0.0, 0.0, float(self._ridge))

    def _block(self, orders: Sequence[np.ndarray]) -> list[float]:
        started = time.perf_counter()
        table = np.zeros((AHEAD, self._entries), np.int32)
        for row, order in zip(table, orders, strict=False):
            row[: self.rows] = order
        self._carry, losses = self._program.run_epochs(
            self._carry, *self._data, table, self.rows, len(orders), self._steps, self._settings()
        )
        bad, losses = jax.device_get((self._carry.bad_step, losses))
        if self._warm:  # the first call may have compiled: its time says nothing
            each = (time.perf_counter() - started) / len(orders)
            self._ahead = max(1, min(AHEAD, int(BLOCK_SECONDS / max(each, 1e-9))))
        self._warm = True
        self._keep()
        if bad:
            whole = (int(bad) - 1 - int(self._before.step)) // self._steps
            losses = np.where(np.arange(AHEAD) >= whole, np.nan, losses)
        return [float(loss) for loss in losses[: len(orders)]]

    def _epoch(self, order: np.ndarray) -> float:
        zero = np.zeros((), np.float64 if self._dtype == np.float64 else np.float32)
        self._carry = self._carry._replace(loss_sum=zero, rows=zero)
        pieces = self._whole(order) if self._sparse is None else self._slices(order)
        for data, local, rows, first, last in pieces:
            started = time.perf_counter()
            self._carry = self._program.run(
                self._carry, *data, local, rows, first, last, self._settings()
            )
            bad = int(self._carry.bad_step)
            self._adapt(time.perf_counter() - started, last - first)
            if bad:
                return float("nan")
        self._keep()
        return float(self._carry.loss_sum) / self.rows

    def _keep(self) -> None:
        """Copy the weights to the host from time to time, in case of Ctrl-C."""
        if time.monotonic() - self._kept_at > 1:
            self._kept, self._kept_at = self.params(), time.monotonic()

    def _whole(self, order: np.ndarray) -> Iterator[tuple[Any, np.ndarray, int, int, int]]:
        local = np.zeros(self._entries, np.int32)
        local[: self.rows] = order
        done = 0
        while done < self._steps:
            first, done = done, min(done + self._chunk, self._steps)
            yield self._data, local, self.rows, first, done

    def _slices(self, order: np.ndarray) -> Iterator[tuple[Any, np.ndarray, int, int, int]]:
        size = self._piece * self._batch
        local = np.arange(size, dtype=np.int32)
        for start in range(0, self.rows, size):
            chosen = order[start : start + size]
            weights = None if self._weights is None else self._weights[chosen]
            data = (_dense(self._sparse, chosen), self._y[chosen], weights)
            data = tuple(_padded(part, size) for part in data)
            yield data, local, len(chosen), 0, steps_per_epoch(len(chosen), self._batch)

    def _adapt(self, seconds: float, steps: int) -> None:
        if self._warm:  # the first call may have compiled: its time says nothing
            aim = int(CHUNK_SECONDS / max(seconds / max(steps, 1), 1e-9))
            self._chunk = max(1, min(aim, self._chunk * 8))
        self._warm = True

    def params(self) -> Any:
        """Return the weights of the moment, on the host."""
        if self._in_a_step():
            return self._kept
        return jax.device_get(self._carry.params)

    def remember(self) -> None:
        """Hand the optimizer's state of the moment to the memory, on the host."""
        if self._in_a_step():  # the weights go back to those kept, and the state begins anew
            self._memory.state = None
            return
        self._memory.state = jax.tree.map(np.array, jax.device_get(self._carry.optimizer_state))

    def _in_a_step(self) -> bool:
        """Whether Ctrl-C came in the middle of a step, which has used up what it began with."""
        leaves = jax.tree.leaves((self._carry.params, self._carry.optimizer_state))
        return any(isinstance(leaf, jax.Array) and leaf.is_deleted() for leaf in leaves)


def outputs_of(network: Layer, params: Any, x: Any) -> np.ndarray:
    """Return the raw outputs of all rows in the precision of the params."""
    dtype = params["0_dense"]["weight"].dtype
    size = max(1, DENSE_CELLS // max(1, x.shape[1]))
    with precision(dtype):
        if not scipy.sparse.issparse(x):
            return raw_outputs(network, params, {}, x.astype(dtype, copy=False))
        starts = range(0, x.shape[0], size)
        pieces = [_dense(x, slice(s, s + size)).astype(dtype, copy=False) for s in starts]
        return np.concatenate([raw_outputs(network, params, {}, piece) for piece in pieces])


def minimize(
    network: Layer, loss: Loss, x: Any, y: np.ndarray, weights: np.ndarray | None, params: Any,
    ridge: float, *, gtol: float, most_steps: int, most_looks: int,
    on_step: Callable[[Any], object] | None = None,
) -> tuple[Any, Any]:  # fmt: skip
    """Minimise (sum w l + ridge / 2 sum weight²) / sum w by L-BFGS, in float64.

    The steps are SciPy's; loss and gradient are one compiled program over all rows. float32 would
    not do: its rounding stops the line search long before ``gtol``.

    Parameters
    ----------
    network, loss : specs
    x : array or sparse matrix (rows, columns)
    y : array (rows, ...)
    weights : array (rows,) or None
    params : dict
        Where to start.
    ridge : float
    gtol, most_steps, most_looks
        SciPy's ``gtol``, ``maxiter`` and ``maxfun``.
    on_step : function of SciPy's intermediate result, optional

    Returns
    -------
    params : dict of float64 arrays
    result : scipy.optimize.OptimizeResult

    References
    ----------
    Liu and Nocedal (1989), On the limited memory BFGS method for large scale optimization.
    """
    rows = x.shape[0]
    w = np.ones(rows) if weights is None else np.asarray(weights, np.float64)
    heavy = float(w.sum())
    leaves, tree = jax.tree.flatten(params)
    penalised = [
        path[-1].key == "weight" for path, _ in jax.tree_util.tree_leaves_with_path(params)
    ]
    ends = np.cumsum([leaf.size for leaf in leaves])
    size = rows
    if scipy.sparse.issparse(x):
        size = max(1, min(rows, DENSE_CELLS // max(1, x.shape[1])))
    compiled = loss_and_gradient(network, loss)

    def piece(start: int) -> tuple[Any, ...]:
        rows = slice(start, start + size)
        held = bucket(len(w[rows]))
        parts = (_dense(x, rows).astype(np.float64, copy=False), y[rows], w[rows])
        return tuple(_padded(part, held) for part in parts)

    def unpack(packed: np.ndarray) -> list[np.ndarray]:
        pieces = np.split(packed, ends[:-1])
        return [part.reshape(leaf.shape) for part, leaf in zip(pieces, leaves, strict=True)]

    def look(packed: np.ndarray) -> tuple[float, np.ndarray]:
        weights = unpack(packed)
        value, slopes = 0.0, [np.zeros(leaf.shape) for leaf in leaves]
        for data in whole or (piece(start) for start in range(0, rows, size)):
            part, gradient = compiled(tree.unflatten(weights), *data)
            value += float(part)
            for slope, more in zip(slopes, jax.tree.leaves(gradient), strict=True):
                slope += np.asarray(more)
        for weight, slope, counts in zip(weights, slopes, penalised, strict=True):
            if counts:
                value += 0.5 * ridge * float(np.vdot(weight, weight))
                slope += ridge * weight
        return value / heavy, np.concatenate([slope.ravel() for slope in slopes]) / heavy

    with precision(np.float64):
        whole = [jax.tree.map(jax.device_put, piece(0))] if size == rows else None
        start = np.concatenate([np.ravel(leaf) for leaf in leaves]).astype(np.float64)
        result = scipy.optimize.minimize(
            look, start, method="L-BFGS-B", jac=True, callback=on_step,
            options={"maxfun": most_looks, "maxiter": most_steps, "gtol": gtol},
        )  # fmt: skip
    return tree.unflatten(unpack(result.x)), result
