"""Learning single rows in plain NumPy: fully connected networks, without compiled programs.

A call of a compiled program takes some 100 microseconds, whatever it computes; a row of a small
network needs a fraction of that. Where rows come one at a time, and a prediction is wanted between
them, this is the quicker way (docs/decisions/0012).
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from descend.layers import Dense, Layer, Sequential
from descend.losses import CategoricalCrossEntropy, Loss, SquaredError
from descend.optimizers import Optimizer
from descend.optimizers.in_place import in_place

__all__ = ["SingleRows"]

Array = np.ndarray


def _relu(x: Array) -> Array:
    return np.maximum(x, 0, out=x)


def _sigmoid(x: Array) -> Array:
    return 0.5 * (1 + np.tanh(0.5 * x))


_ACTIVATIONS: dict[str, tuple[Callable[[Array], Array], Callable[[Array], Array]]] = {
    "identity": (lambda x: x, np.ones_like),
    "relu": (_relu, lambda y: y > 0),
    "sigmoid": (_sigmoid, lambda y: y * (1 - y)),
    "tanh": (np.tanh, lambda y: 1 - y * y),
}
"""f, which may overwrite x, and its slope as a function of y = f(x)."""


def _cross_entropy(raw: Array, target: int) -> tuple[float, Array]:
    slope = raw - np.maximum.reduce(raw)
    above = float(slope[target])
    np.exp(slope, out=slope)
    total = float(np.add.reduce(slope))
    slope *= 1 / total
    slope[target] -= 1
    return math.log(total) - above, slope


def _squared_error(raw: Array, target: Array) -> tuple[float, Array]:
    error = raw - target
    return 0.5 * float(error.dot(error)), error


_LOSSES: dict[Loss, Callable[[Array, Any], tuple[float, Array]]] = {
    CategoricalCrossEntropy(): _cross_entropy,
    SquaredError(): _squared_error,
}
"""(raw outputs, target) -> loss and its slope at the raw outputs."""


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
        ``theta`` and the optimizer's memory.
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
        leaves = [np.asarray(leaf, np.float32) for held in params.values() for leaf in _pair(held)]
        self.shapes = [leaf.shape for leaf in leaves]
        self.step = 0
        self.vectors = {"theta": np.concatenate([leaf.ravel() for leaf in leaves])}
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
        with np.errstate(all="ignore"):
            ys = self._forward(x)
            value, slope = self._loss(ys[-1], y)
            if not math.isfinite(value):
                return value
            for i in reversed(range(len(self.layers))):
                if self._bent[i]:
                    slope *= self._functions[i][1](ys[i + 1])
                weight, bias = self._gradients[i]
                np.dot(ys[i][:, None], slope[None], weight)
                bias[:] = slope
                if i:
                    slope = self.layers[i][0].dot(slope)
            self.step += 1
            self._move(self.vectors["theta"], self._gradient, self.vectors, self.step)
        return value

    def raw(self, x: Array) -> Array:
        """Return the raw outputs for one row."""
        return self._forward(x)[-1]

    def take_over(self, smaller: SingleRows) -> None:
        """Take over what a network with fewer inputs or outputs has learned, memory included."""
        self.step = smaller.step
        for name, vector in self.vectors.items():
            for new, old in zip(
                _views(vector, self.shapes),
                _views(smaller.vectors[name], smaller.shapes),
                strict=True,
            ):
                new[tuple(slice(0, length) for length in old.shape)] = old

    def _prepare(self) -> None:
        """Make what follows from the vectors: views, the gradient's place, the functions."""
        theta = self.vectors["theta"]
        self._gradient = np.zeros_like(theta)
        self.layers = _pairs(_views(theta, self.shapes))
        self._gradients = _pairs(_views(self._gradient, self.shapes))
        kinds = [np.full(math.prod(shape), len(shape) == 2) for shape in self.shapes]
        made = in_place(self._optimizer, np.concatenate(kinds))
        if made is None:
            raise TypeError(f"{self._optimizer} has no rule in NumPy: ask can() first")
        self._move, memory = made
        self.vectors = {**memory, **self.vectors}
        self._loss = _LOSSES[self._loss_spec]
        names = [layer.activation for layer in self._network.layers if isinstance(layer, Dense)]
        self._functions = [_ACTIVATIONS[name] for name in names]
        self._bent = [name != "identity" for name in names]

    def _forward(self, x: Array) -> list[Array]:
        ys = [x]
        for (weight, bias), (f, _) in zip(self.layers, self._functions, strict=True):
            x = x.dot(weight)
            x += bias
            x = f(x)
            ys.append(x)
        return ys

    def __getstate__(self) -> dict[str, Any]:
        names = ("_network", "_loss_spec", "_optimizer", "shapes", "step", "vectors")
        return {name: self.__dict__[name] for name in names}

    def __setstate__(self, kept: dict[str, Any]) -> None:
        self.__dict__.update(kept)
        self._prepare()  # views: copies of them would be arrays of their own


def _pair(held: dict[str, Any]) -> tuple[Any, Any]:
    return held["weight"], held["bias"]


def _views(vector: Array, shapes: list[tuple[int, ...]]) -> list[Array]:
    ends = np.cumsum([math.prod(shape) for shape in shapes])
    parts = np.split(vector, ends[:-1])
    return [part.reshape(shape) for part, shape in zip(parts, shapes, strict=True)]


def _pairs(leaves: list[Array]) -> list[tuple[Array, Array]]:
    return list(zip(leaves[::2], leaves[1::2], strict=True))
