"""Networks with River's interface: one example at a time, as a dict of features.

Needs the package ``river`` (``pip install 'descend[river]'``).
"""

from __future__ import annotations

import importlib
from collections.abc import Hashable, Mapping
from typing import Any

import jax
import numpy as np

from descend.errors import DivergedError, UsageError
from descend.layers import Dense, Sequential
from descend.losses import CategoricalCrossEntropy, Loss, SquaredError
from descend.models.names import OPTIMIZERS, choose
from descend.schedules import Constant
from descend.training.step import Settings, forward, program

try:
    _river: Any = importlib.import_module("river.base")
except ImportError:
    _river = None
_Classifier: Any = _river.Classifier if _river else object
_Regressor: Any = _river.Regressor if _river else object

__all__ = ["RiverClassifier", "RiverRegressor"]

Features = Mapping[Hashable, Any]


class _Online:
    """A network that learns one row at a time; features and classes may turn up at any time.

    Inputs and outputs have spare places, so that a new feature or class rarely changes the shape;
    where it does, the network and the optimizer's memory keep what they have and grow around it.
    Features that an example lacks are 0. Texts are one feature for each value.
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
        self._carry: Any = None

    def _vector(self, x: Features, learn: bool) -> np.ndarray:
        """Return the features in their places; unknown ones get one, or are left out."""
        known = self._places
        named = {f"{k}={v}" if isinstance(v, str) else k: v for k, v in x.items()}
        if learn:
            for name in sorted((name for name in named if name not in known), key=str):
                known[name] = len(known)
        vector = np.zeros((1, _room(len(self._places))), np.float32)
        for name, value in named.items():
            place = known.get(name)
            if place is not None:
                vector[0, place] = 1.0 if isinstance(value, str) else value
        return vector

    def _grown(self, inputs: int, outputs: int) -> None:
        """Make the network for so many inputs and outputs, keeping what is learned."""
        layers = [Dense(units, self.activation) for units in self.hidden_layer_sizes]
        self._network = Sequential((*layers, Dense(outputs)))
        rule = choose("optimizer", self.optimizer, OPTIMIZERS)()
        rate = float(self.learning_rate)
        self._program = program(
            self._network, self.loss, rule.replace(learning_rate=1.0), Constant(), 1
        )
        self._settings = Settings(rate, 1, 0.0, 0.0)
        init_key, key = jax.random.split(jax.random.key(self.seed))
        params, state, _ = self._network.init(init_key, (inputs,))
        fresh = self._program.start(params, state, key)
        if self._carry is not None:
            fresh = jax.tree.map(_inside, fresh, self._carry)
        self._carry, self._shape = fresh, (inputs, outputs)

    def _learn(self, vector: np.ndarray, y: np.ndarray, outputs: int) -> None:
        if (vector.shape[1], outputs) != self._shape:
            self._grown(vector.shape[1], outputs)
        self._carry = self._program.run(
            self._carry, vector, y, None, _ORDER, 1, 0, 1, self._settings
        )
        if self._carry.bad_step:
            step = int(self._carry.bad_step)
            raise DivergedError(
                f"the loss became infinite or not a number at row {step}: scale the features "
                "(river.preprocessing.StandardScaler), or try a lower learning_rate than "
                f"{self.learning_rate:g}",
                step,
            )

    def _raw(self, x: Features) -> np.ndarray:
        vector = self._vector(x, learn=False)[:, : self._shape[0]]
        return np.asarray(forward(self._network)(self._carry.params, self._carry.state, vector))[0]

    def __getstate__(self) -> dict[str, Any]:
        kept = dict(self.__dict__)
        kept.pop("_program", None)  # compiled: made again by `__setstate__`
        if self._carry is not None:
            plain = self._carry._replace(key=jax.random.key_data(self._carry.key))
            kept["_carry"] = tuple(jax.tree.map(np.asarray, plain))
        return kept

    def __setstate__(self, kept: dict[str, Any]) -> None:
        carry = kept.pop("_carry")
        self.__dict__.update(kept, _carry=None)
        if carry is not None:
            self._grown(*self._shape)
            held = type(self._carry)(*carry)
            key = jax.random.wrap_key_data(held.key)
            self._carry = jax.tree.map(jax.numpy.array, held)._replace(key=key)


_ORDER = np.zeros(1, np.int32)


def _room(things: int) -> int:
    """Return the next power of two, at least 4."""
    return max(4, 1 << (things - 1).bit_length()) if things else 4


def _inside(fresh: Any, old: Any) -> Any:
    """Return an array of the shape of the fresh one, with the old one in its first places."""
    if fresh.shape == old.shape:
        return old
    return fresh.at[tuple(slice(0, length) for length in old.shape)].set(old)


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
        self._learn(self._vector(x, learn=True), np.array([code], np.int32), _room(len(classes)))

    def predict_proba_one(self, x: Features) -> dict[Hashable, float]:
        """Return the probability of each class seen so far."""
        classes = self.__dict__.get("_classes", {})
        if not classes:
            return {}
        raw = self._raw(x)[: len(classes)]
        odds = np.exp(raw.astype(np.float64) - raw.max())
        return dict(zip(classes, (odds / odds.sum()).tolist(), strict=True))


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
        self._learn(self._vector(x, learn=True), np.array([[y]], np.float32), 1)

    def predict_one(self, x: Features) -> float:
        """Return the predicted number, 0 before anything is learned."""
        return 0.0 if self._carry is None else float(self._raw(x)[0])
