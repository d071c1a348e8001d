"""The common rules in plain NumPy, over all parameters in one vector, in place.

For single rows of small networks, where the call of a compiled program takes longer than its
arithmetic. The equations are those of the classes of the same names; the numbers are the same but
for rounding.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from descend.optimizers.adam import Adam, AdamW
from descend.optimizers.adaptive import AdaGrad
from descend.optimizers.optimizer import Optimizer
from descend.optimizers.sgd import SGD, Momentum, Nesterov

__all__ = ["InPlaceStep", "in_place"]

InPlaceStep = Callable[[np.ndarray, np.ndarray, Mapping[str, np.ndarray], int], None]
"""(theta, g, memory, t) changes theta and the memory; what it leaves in g is of no use."""


def in_place(
    rule: Optimizer, is_weight: np.ndarray
) -> tuple[InPlaceStep, dict[str, np.ndarray]] | None:
    """Return the step of a rule and its memory before the first one; None for other rules.

    Parameters
    ----------
    rule : Optimizer
    is_weight : bool array
        For each entry of the vector, whether it belongs to a leaf called ``weight``.

    Examples
    --------
    >>> step, memory = in_place(SGD(0.5), np.array([True]))
    >>> theta = np.array([1.0])
    >>> step(theta, np.array([3.0]), memory, 1)
    >>> print(theta)
    [-0.5]
    """
    make = _RULES.get(type(rule))
    if make is None:
        return None
    step, starts = make(rule, is_weight)
    return step, {
        name: np.full(is_weight.shape, value, np.float32) for name, value in starts.items()
    }


Made = tuple[InPlaceStep, dict[str, float]]


def _constant(value: float) -> np.ndarray:
    """Return a number as an array without axes, which NumPy multiplies by in half the time."""
    return np.array(value, np.float32)


def _sgd(rule: SGD, is_weight: np.ndarray) -> Made:
    rate = _constant(rule.learning_rate)

    def step(theta, g, memory, t):
        g *= rate
        theta -= g

    return step, {}


def _momentum(rule: Momentum, is_weight: np.ndarray) -> Made:
    rate, momentum = _constant(rule.learning_rate), _constant(rule.momentum)

    def step(theta, g, memory, t):
        velocity = memory["velocity"]
        if rule.dampening and t > 1:
            g *= 1 - rule.dampening
        velocity *= momentum
        velocity += g
        theta -= np.multiply(velocity, rate, g)

    return step, {"velocity": 0.0}


def _nesterov(rule: Nesterov, is_weight: np.ndarray) -> Made:
    rate, momentum = _constant(rule.learning_rate), _constant(rule.momentum)

    def step(theta, g, memory, t):
        velocity = memory["velocity"]
        velocity *= momentum
        velocity += g
        g += momentum * velocity
        g *= rate
        theta -= g

    return step, {"velocity": 0.0}


def _adagrad(rule: AdaGrad, is_weight: np.ndarray) -> Made:
    rate, epsilon = _constant(rule.learning_rate), _constant(rule.epsilon)

    def step(theta, g, memory, t):
        square = memory["square"]
        square += g * g
        size = np.sqrt(square)
        size += epsilon
        g *= rate
        g /= size
        theta -= g

    return step, {"square": rule.initial}


def _adam(rule: Adam | AdamW, is_weight: np.ndarray) -> Made:
    spare = np.empty(is_weight.shape, np.float32)
    decay = rule.weight_decay if isinstance(rule, AdamW) else 0.0
    decayed = (rule.learning_rate * decay * is_weight).astype(np.float32)
    beta1, rest1 = _constant(rule.beta1), _constant(1 - rule.beta1)
    beta2, rest2 = _constant(rule.beta2), _constant(1 - rule.beta2)

    def step(theta, g, memory, t):
        mean, square = memory["mean"], memory["square"]
        root = math.sqrt(_unbias(rule.beta2, t))
        np.multiply(g, g, spare)
        g *= rest1
        mean *= beta1
        mean += g
        np.multiply(spare, rest2, spare)
        square *= beta2
        square += spare
        np.sqrt(square, spare)
        np.add(spare, rule.epsilon * root, spare)
        # lr m / (1 - b1^t) / (sqrt(v / root²) + eps), with both sides of the quotient times root
        np.multiply(mean, rule.learning_rate * root / _unbias(rule.beta1, t), g)
        g /= spare
        if decay:
            g += np.multiply(theta, decayed, spare)
        theta -= g

    return step, {"mean": 0.0, "square": 0.0}


def _unbias(beta: float, t: int) -> float:
    return -math.expm1(t * math.log(beta)) if beta > 0 else 1.0


_RULES: dict[type[Optimizer], Callable[[Any, np.ndarray], Made]] = {
    AdaGrad: _adagrad,
    Adam: _adam,
    AdamW: _adam,
    Momentum: _momentum,
    Nesterov: _nesterov,
    SGD: _sgd,
}
