"""Networks with River's interface: one example at a time, as a dict of features.

Needs the package ``river`` (``pip install 'descend[river]'``).
"""

from __future__ import annotations

import importlib
import math
from collections.abc import Hashable, Mapping
from typing import Any

import jax
import numpy as np

from descend.errors import DivergedError, UsageError
from descend.layers import Dense, Sequential
from descend.layers.summary import parameter_count
from descend.losses import CategoricalCrossEntropy, Loss, SquaredError
from descend.models.files.names import OPTIMIZERS, choose
from descend.training.compiled_rows import CompiledRows
from descend.training.single_rows import SingleRows

try:
    _river: Any = importlib.import_module("river.base")
except ImportError:
    _river = None
_Classifier: Any = _river.Classifier if _river else object
_Regressor: Any = _river.Regressor if _river else object

__all__ = ["RiverClassifier", "RiverRegressor"]

MOST = 250_000
"""Weights up to which NumPy is the quicker way for a row (docs/decisions/0012)."""

Features = Mapping[Hashable, Any]


class _Online:
    """A network that learns one row at a time; features and classes may turn up at any time.

    Inputs and outputs have spare places, so that a new feature or class rarely changes the shape;
    where it does, the network and the optimizer's memory keep what they have and grow around it.
    Features that an example lacks are 0. Texts are one feature for each value. Rows are learned in
    NumPy where `SingleRows` knows activation and rule and the network is not large, otherwise by
    the compiled program.
    """

    loss: Loss

    def __init__(
        self,
        hidden_layer_sizes: tuple[int, ...] = (20,),
        activation: str = "relu",
        optimizer: str = "adam",
        learning_rate: float = 0.01,
        seed: int = 0,
    ) -> None:
        if _river is None:
            raise UsageError(f"{type(self).__name__} needs river: pip install 'descend[river]'")
        self.hidden_layer_sizes = hidden_layer_sizes
        self.activation = activation
        self.optimizer = optimizer
        self.learning_rate = learning_rate
        self.seed = seed
        self._places: dict[Hashable, int] = {}
        self._shape = (0, 0)
        self._rows: Any = None

    def _vector(self, x: Features, learn: bool) -> np.ndarray:
        """Return the features in their places; unknown ones get one, or are left out."""
        known, strangers = self._places, []
        cells = [0.0] * _room(len(known))
        for name, value in x.items():
            if isinstance(value, str):
                name, value = f"{name}={value}", 1.0
            place = known.get(name)
            if place is None:
                strangers.append(name)
            else:
                cells[place] = value
        if strangers and learn:
            for name in sorted(strangers, key=str):
                known[name] = len(known)
            return self._vector(x, learn=False)
        return np.array(cells, np.float32)

    def _grown(self, inputs: int, outputs: int) -> None:
        """Make the network for so many inputs and outputs, keeping what is learned."""
        layers = [Dense(units, self.activation) for units in self.hidden_layer_sizes]
        network = Sequential((*layers, Dense(outputs)))
        rule = choose("optimizer", self.optimizer, OPTIMIZERS)()
        rule = rule.replace(learning_rate=float(self.learning_rate))
        params, _, _ = network.init(jax.random.split(jax.random.key(self.seed))[0], (inputs,))
        plain = parameter_count(params) <= MOST and SingleRows.can(network, self.loss, rule)
        way = SingleRows if plain else CompiledRows
        if self._rows is not None:
            way = type(self._rows)  # what it has learned goes on as it is
        grown = way(network, self.loss, rule, params)
        if self._rows is not None:
            grown.take_over(self._rows)
        self._rows, self._shape = grown, (inputs, outputs)

    def _learn(self, vector: np.ndarray, y: Any, outputs: int) -> None:
        if (len(vector), outputs) != self._shape:
            self._grown(len(vector), outputs)
        if not math.isfinite(self._rows.learn(vector, y)):
            raise DivergedError(
                f"the loss became infinite or not a number at row {self._rows.step + 1}: scale "
                "the features (river.preprocessing.StandardScaler), or try a lower learning_rate "
                f"than {self.learning_rate:g}",
                self._rows.step + 1,
            )

    def _raw(self, x: Features) -> np.ndarray:
        return self._rows.raw(self._vector(x, learn=False)[: self._shape[0]])


def _room(things: int) -> int:
    """Return the next power of two, at least 4."""
    return max(4, 1 << (things - 1).bit_length()) if things else 4


class RiverClassifier(_Online, _Classifier):
    """A neural classifier for streams.

    Parameters
    ----------
    hidden_layer_sizes : tuple of int
    activation, optimizer : str
        Names as on the command line: ``relu``, ``adam``.
    learning_rate : float
    seed : int

    Raises
    ------
    DivergedError
        If the loss became infinite or not a number.
    """

    loss = CategoricalCrossEntropy()

    @property
    def _multiclass(self) -> bool:
        return True

    def learn_one(self, x: Features, y: Hashable) -> None:
        """Take one step of descent on one example."""
        classes = self.__dict__.setdefault("_classes", {})
        code = classes.setdefault(y, len(classes))
        self._learn(self._vector(x, learn=True), code, _room(len(classes)))

    def predict_proba_one(self, x: Features) -> dict[Hashable, float]:
        """Return the probability of each class seen so far."""
        classes = self.__dict__.get("_classes", {})
        if not classes:
            return {}
        raw = self._raw(x)[: len(classes)].tolist()
        top = max(raw)
        odds = [math.exp(value - top) for value in raw]
        total = sum(odds)
        return {name: one / total for name, one in zip(classes, odds, strict=True)}


class RiverRegressor(_Online, _Regressor):
    """A neural regressor for streams.

    Parameters
    ----------
    hidden_layer_sizes, activation, optimizer, learning_rate, seed
        As of `RiverClassifier`.

    Raises
    ------
    DivergedError
        If the loss became infinite or not a number.
    """

    loss = SquaredError()

    def learn_one(self, x: Features, y: float) -> None:
        """Take one step of descent on one example."""
        self._learn(self._vector(x, learn=True), np.array([y], np.float32), 1)

    def predict_one(self, x: Features) -> float:
        """Return the predicted number, 0 before anything is learned."""
        return 0.0 if self._rows is None else float(self._raw(x)[0])
