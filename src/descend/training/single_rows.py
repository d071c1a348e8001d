"""Learning single rows in plain NumPy: fully connected networks, without compiled programs.

A call of a compiled program takes some 100 microseconds, whatever it computes; a row of a small
network needs a fraction of that. Where rows come one at a time, and a prediction is wanted between
them, this is the quicker way (docs/decisions/0012).
"""

from __future__ import annotations

import contextvars
import math
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from descend.layers import Dense, Layer, Sequential
from descend.layers.layer import place_key
from descend.losses import CategoricalCrossEntropy, Loss, SquaredError
from descend.optimizers import Optimizer
from descend.optimizers.in_place import in_place

__all__ = ["SingleRows"]

Array = np.ndarray

ZERO, HALF, ONE = np.zeros((), np.float32), np.array(0.5, np.float32), np.ones((), np.float32)
"""Arrays without axes, by which NumPy multiplies in half the time it takes with a number."""


def _relu(x: Array) -> None:
    np.maximum(x, ZERO, out=x)


def _sigmoid(x: Array) -> None:
    np.multiply(x, HALF, x)
    np.tanh(x, x)
    np.add(x, ONE, x)
    np.multiply(x, HALF, x)


def _tanh(x: Array) -> None:
    np.tanh(x, x)


def _relu_slope(y: Array, slope: Array, spare: Array) -> None:
    np.sign(y, spare)  # y is not negative
    np.multiply(slope, spare, slope)


def _sigmoid_slope(y: Array, slope: Array, spare: Array) -> None:
    np.subtract(ONE, y, spare)
    np.multiply(spare, y, spare)
    np.multiply(slope, spare, slope)


def _tanh_slope(y: Array, slope: Array, spare: Array) -> None:
    np.multiply(y, y, spare)
    np.subtract(ONE, spare, spare)
    np.multiply(slope, spare, slope)


Bend = Callable[[Array], None]
BendBack = Callable[[Array, Array, Array], None]

_ACTIVATIONS: dict[str, tuple[Bend | None, BendBack | None]] = {
    "identity": (None, None),
    "relu": (_relu, _relu_slope),
    "sigmoid": (_sigmoid, _sigmoid_slope),
    "tanh": (_tanh, _tanh_slope),
}
"""x becomes f(x) in place; a slope is multiplied in place by that of f at y = f(x)."""


def _cross_entropy(raw: Array, target: int, slope: Array) -> float:
    np.subtract(raw, raw[raw.argmax()], slope)
    above = slope.item(target)
    np.exp(slope, slope)
    total = float(np.add.reduce(slope))
    np.multiply(slope, 1 / total, slope)
    slope[target] -= 1
    return math.log(total) - above


def _squared_error(raw: Array, target: Array, slope: Array) -> float:
    np.subtract(raw, target, slope)
    return 0.5 * float(slope.dot(slope))


_LOSSES: dict[Loss, Callable[[Array, Any, Array], float]] = {
    CategoricalCrossEntropy(): _cross_entropy,
    SquaredError(): _squared_error,
}
"""(raw outputs, target, slope) -> loss; its slope at the raw outputs is written into the last."""


class _Place(NamedTuple):
    """Where the numbers of one layer stand: arrays that are made once and written for each row."""

    entry: Array  # x and a 1 at its end, by which the bias is the last row of the weights
    matrix: Array
    exit: Array
    bend: Bend | None
    bend_back: BendBack | None
    column: Array  # the entry as (inputs + 1, 1)
    slope: Array  # of the loss at the weighted sums
    row: Array  # the slope as (1, outputs)
    gradient: Array
    weight: Array  # the matrix without the bias
    slope_before: Array | None  # None in the first layer
    spare: Array


class SingleRows:
    """A network of `Dense` layers that takes one step of descent a row.

    The same as `Run` with ``batch_size=1`` and a constant rate, but for rounding.

    Parameters
    ----------
    network : Sequential
    loss : Loss
    optimizer : Optimizer
    params : dict of arrays
        Where it starts, as of ``network.init``; copied.

    Attributes
    ----------
    layers : list of (weight, bias)
        Views of ``vectors["theta"]``.
    vectors : dict of arrays (parameters,)
        ``theta``, layer after layer the weight (inputs, outputs) and below it the bias, and the
        optimizer's memory.
    step : int
        Rows learned.

    Examples
    --------
    >>> import jax
    >>> from descend.optimizers import SGD
    >>> network = Sequential((Dense(1),))
    >>> params, _, _ = network.init(jax.random.key(0), (1,))
    >>> model = SingleRows(network, SquaredError(), SGD(0.5), params)
    >>> for _ in range(20):
    ...     loss = model.learn(np.ones(1, np.float32), np.array([3.0], np.float32))
    >>> print(model.raw(np.ones(1, np.float32)).round(3))
    [3.]
    """

    def __init__(
        self, network: Sequential, loss: Loss, optimizer: Optimizer, params: dict[str, Any]
    ) -> None:
        self._network, self._loss_spec, self._optimizer = network, loss, optimizer
        owns = [params[place_key(i, layer)] for i, layer in enumerate(network.layers)]
        held = [np.vstack((own["weight"], own["bias"])) for own in owns]
        self.shapes = [matrix.shape for matrix in held]
        self.step = 0
        theta = np.concatenate([matrix.ravel() for matrix in held])
        self.vectors = {"theta": theta.astype(np.float32)}
        self._prepare()

    @staticmethod
    def can(network: Layer, loss: Loss, optimizer: Optimizer) -> bool:
        """Return whether the network, the loss and the rule are among those written here."""
        return (
            isinstance(network, Sequential)
            and all(
                isinstance(layer, Dense) and layer.use_bias and layer.activation in _ACTIVATIONS
                for layer in network.layers
            )
            and loss in _LOSSES
            and in_place(optimizer, np.zeros(0, bool)) is not None
        )

    def learn(self, x: Array, y: Any) -> float:
        """Take one step, and return the loss before it; where that is not finite, take none.

        Parameters
        ----------
        x : float32 array (inputs,)
        y : int, or float32 array (outputs,)
            The code of a class, or numbers.
        """
        return self._quietly(self._learn, x, y)

    def raw(self, x: Array) -> Array:
        """Return the raw outputs for one row."""
        return self._quietly(self._forward, x).copy()

    def take_over(self, smaller: SingleRows) -> None:
        """Take over what a network with fewer inputs or outputs has learned, memory included."""
        self.step = smaller.step
        for name, vector in self.vectors.items():
            others = smaller._layers_of(smaller.vectors[name])
            for (weight, bias), (old, old_bias) in zip(
                self._layers_of(vector), others, strict=True
            ):
                weight[: len(old), : old.shape[1]] = old
                bias[: len(old_bias)] = old_bias

    def _layers_of(self, vector: Array) -> list[tuple[Array, Array]]:
        """Return weight and bias of each layer, as views of a vector."""
        return [(matrix[:-1], matrix[-1]) for matrix in _views(vector, self.shapes)]

    def _prepare(self) -> None:
        """Make what follows from the vectors: views, places of all numbers, the functions."""
        theta = self._theta = self.vectors["theta"]
        self._gradient = np.zeros_like(theta)
        self.layers = self._layers_of(theta)
        is_weight = np.ones(theta.shape, bool)
        for _, bias in self._layers_of(is_weight):
            bias[:] = False
        made = in_place(self._optimizer, is_weight)
        if made is None:
            raise TypeError(f"{self._optimizer} has no rule in NumPy: ask can() first")
        self._move, memory = made
        self.vectors = {**memory, **self.vectors}
        self._loss = _LOSSES[self._loss_spec]
        self._places = self._placed()
        self._backwards = self._places[::-1]
        self._x, self._raw = self._places[0].entry[:-1], self._places[-1].exit
        # Runs a function where NumPy says nothing of overflow, at a tenth of the time of errstate;
        # and refuses a second thread, which would write into the same places.
        quiet = contextvars.Context()
        quiet.run(np.seterr, all="ignore")
        self._quietly = quiet.run

    def _placed(self) -> list[_Place]:
        dense = [layer for layer in self._network.layers if isinstance(layer, Dense)]
        entries = [np.ones(inputs, np.float32) for inputs, _ in self.shapes]
        exits = [entry[:-1] for entry in entries[1:]]
        exits.append(np.empty(self.shapes[-1][1], np.float32))
        slopes = [np.empty(units, np.float32) for _, units in self.shapes]
        return [
            _Place(
                entry, matrix, out, *_ACTIVATIONS[layer.activation], entry[:, None],
                slope, slope[None], gradient, matrix[:-1], before, np.empty_like(out),
            )
            for entry, matrix, out, layer, slope, gradient, before in zip(
                entries, _views(self._theta, self.shapes), exits, dense, slopes,
                _views(self._gradient, self.shapes), [None, *slopes[:-1]], strict=True,
            )
        ]  # fmt: skip

    def _forward(self, x: Array) -> Array:
        self._x[:] = x
        for place in self._places:
            np.dot(place.entry, place.matrix, place.exit)
            if place.bend is not None:
                place.bend(place.exit)
        return self._raw

    def _learn(self, x: Array, y: Any) -> float:
        value = self._loss(self._forward(x), y, self._backwards[0].slope)
        if not math.isfinite(value):
            return value
        for place in self._backwards:
            if place.bend_back is not None:
                place.bend_back(place.exit, place.slope, place.spare)
            np.dot(place.column, place.row, place.gradient)
            if place.slope_before is not None:
                np.dot(place.weight, place.slope, place.slope_before)
        self.step += 1
        self._move(self._theta, self._gradient, self.vectors, self.step)
        return value

    def __getstate__(self) -> dict[str, Any]:
        names = ("_network", "_loss_spec", "_optimizer", "shapes", "step", "vectors")
        return {name: self.__dict__[name] for name in names}

    def __setstate__(self, kept: dict[str, Any]) -> None:
        self.__dict__.update(kept)
        self._prepare()  # views: copies of them would be arrays of their own


def _views(vector: Array, shapes: list[tuple[int, ...]]) -> list[Array]:
    ends = np.cumsum([math.prod(shape) for shape in shapes])
    parts = np.split(vector, ends[:-1])
    return [part.reshape(shape) for part, shape in zip(parts, shapes, strict=True)]
