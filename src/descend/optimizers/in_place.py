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
        np.multiply(g, rate, g)
        np.subtract(theta, g, theta)

    return step, {}


def _momentum(rule: Momentum, is_weight: np.ndarray) -> Made:
    rate, momentum = _constant(rule.learning_rate), _constant(rule.momentum)

    def step(theta, g, memory, t):
        velocity = memory["velocity"]
        if rule.dampening and t > 1:
            g *= 1 - rule.dampening
        np.multiply(velocity, momentum, velocity)
        np.add(velocity, g, velocity)
        np.multiply(velocity, rate, g)
        np.subtract(theta, g, theta)

    return step, {"velocity": 0.0}


def _nesterov(rule: Nesterov, is_weight: np.ndarray) -> Made:
    rate, momentum = _constant(rule.learning_rate), _constant(rule.momentum)
    spare = np.empty(is_weight.shape, np.float32)

    def step(theta, g, memory, t):
        velocity = memory["velocity"]
        np.multiply(velocity, momentum, velocity)
        np.add(velocity, g, velocity)
        np.multiply(velocity, momentum, spare)
        np.add(g, spare, g)
        np.multiply(g, rate, g)
        np.subtract(theta, g, theta)

    return step, {"velocity": 0.0}


def _adagrad(rule: AdaGrad, is_weight: np.ndarray) -> Made:
    rate, epsilon = _constant(rule.learning_rate), _constant(rule.epsilon)
    spare = np.empty(is_weight.shape, np.float32)

    def step(theta, g, memory, t):
        square = memory["square"]
        np.multiply(g, g, spare)
        np.add(square, spare, square)
        np.sqrt(square, spare)
        np.add(spare, epsilon, spare)
        np.multiply(g, rate, g)
        np.divide(g, spare, g)
        np.subtract(theta, g, theta)

    return step, {"square": rule.initial}


def _adam(rule: Adam | AdamW, is_weight: np.ndarray) -> Made:
    spare = np.empty(is_weight.shape, np.float32)
    decay = rule.weight_decay if isinstance(rule, AdamW) else 0.0
    decayed = (rule.learning_rate * decay * is_weight).astype(np.float32)
    beta1, beta2 = _constant(rule.beta1), _constant(rule.beta2)
    epsilon, rate = _constant(0), _constant(0)

    def step(theta, g, memory, t):
        # s = m / (1 - b1) and q = v / (1 - b2) take two multiplications less, and with
        # root² = (1 - b2^t) / (1 - b2) the sizes are sqrt(v̂) = sqrt(q) / root
        s, q = memory["sum"], memory["square_sum"]
        root = math.sqrt((1 - rule.beta2**t) / (1 - rule.beta2))
        epsilon.fill(rule.epsilon * root)
        rate.fill(rule.learning_rate * root * (1 - rule.beta1) / (1 - rule.beta1**t))
        np.multiply(s, beta1, s)
        np.add(s, g, s)
        np.multiply(g, g, g)
        np.multiply(q, beta2, q)
        np.add(q, g, q)
        np.sqrt(q, g)
        np.add(g, epsilon, g)
        np.divide(s, g, g)
        np.multiply(g, rate, g)
        if decay:
            np.multiply(theta, decayed, spare)
            np.add(g, spare, g)
        np.subtract(theta, g, theta)

    return step, {"sum": 0.0, "square_sum": 0.0}


_RULES: dict[type[Optimizer], Callable[[Any, np.ndarray], Made]] = {
    AdaGrad: _adagrad,
    Adam: _adam,
    AdamW: _adam,
    Momentum: _momentum,
    Nesterov: _nesterov,
    SGD: _sgd,
}
