"""Rules and losses in exactly the form in which scikit-learn's multilayer perceptrons state them.

They differ from those in `descend.optimizers` and `descend.losses` in details that change the last
digits, or what is reported; a fit that is to equal scikit-learn's needs them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import jax
import jax.numpy as jnp
import optax
from jax.scipy.special import xlogy

from descend.layers import Dense, Sequential
from descend.losses import (
    BinaryCrossEntropy,
    CategoricalCrossEntropy,
    Loss,
    MultiLabelCrossEntropy,
    Poisson,
    SquaredError,
)
from descend.optimizers import Optimizer
from descend.optimizers.optimizer import by_leaf, unbias, zeros
from descend.spec import check_number

__all__ = ["AdamRule", "HalfPoissonDeviance", "HalfSquaredError", "VelocityRule", "loss_named",
           "perceptron"]  # fmt: skip


@dataclass(frozen=True)
class VelocityRule(Optimizer):
    """v <- momentum v - lr g;  theta <- theta + v, or + momentum v - lr g with Nesterov.

    Here lr multiplies g before it enters v; in `descend.optimizers.Momentum` it multiplies v. The
    two agree while lr is constant.

    Parameters
    ----------
    momentum : float
        From 0 to 1.
    nesterov : bool

    Examples
    --------
    >>> rule = VelocityRule(1.0, momentum=0.5).transformation()
    >>> g = jnp.array([1.0])
    >>> print(rule.update(g, rule.init(g), g, learning_rate=0.1)[0].round(6))
    [-0.15]
    """

    momentum: float = 0.9
    nesterov: bool = True

    def __post_init__(self) -> None:
        super().__post_init__()
        check_number(self, "momentum", at_least=0, at_most=1)

    def transformation(self) -> optax.GradientTransformationExtraArgs:
        """Return the rule."""

        def step(g: jax.Array, p: Any, memory: Any, now: Any) -> tuple[jax.Array, Any]:
            del p
            velocity = self.momentum * memory["velocity"] - now.learning_rate * g
            ahead = self.momentum * velocity - now.learning_rate * g
            return ahead if self.nesterov else velocity, {"velocity": velocity}

        return by_leaf(step, zeros("velocity"))


@dataclass(frozen=True)
class AdamRule(Optimizer):
    """Adam with epsilon added before the bias correction: the efficient form of the paper.

    theta <- theta - lr sqrt(1 - b2^t) / (1 - b1^t) m / (sqrt(v) + epsilon). In
    `descend.optimizers.Adam`, as in PyTorch, epsilon is added after it.

    Parameters
    ----------
    beta1, beta2 : float
        b1 and b2, at least 0 and below 1.
    epsilon : float
        Above 0.

    References
    ----------
    Kingma and Ba (2015), Adam: a method for stochastic optimization, end of section 2.

    Examples
    --------
    >>> rule = AdamRule(1.0).transformation()
    >>> g = jnp.array([2.0])
    >>> print(rule.update(g, rule.init(g), g, learning_rate=0.1)[0].round(6))
    [-0.1]
    """

    beta1: float = 0.9
    beta2: float = 0.999
    epsilon: float = 1e-8

    def transformation(self) -> optax.GradientTransformationExtraArgs:
        """Return the rule."""

        def step(g: jax.Array, p: Any, memory: Any, now: Any) -> tuple[jax.Array, Any]:
            del p
            mean = self.beta1 * memory["mean"] + (1 - self.beta1) * g
            square = self.beta2 * memory["square"] + (1 - self.beta2) * g * g
            rate = now.learning_rate * jnp.sqrt(unbias(self.beta2, now.t))
            rate = rate / unbias(self.beta1, now.t)
            update = -rate * mean / (jnp.sqrt(square) + self.epsilon)
            return update, {"mean": mean, "square": square}

        return by_leaf(step, zeros("mean", "square"))


def _valued(slope: jax.Array, value: jax.Array) -> jax.Array:
    """Return ``value``, with the gradient of ``slope``."""
    return slope + jax.lax.stop_gradient(value - slope)


@dataclass(frozen=True)
class HalfSquaredError(SquaredError):
    """As `SquaredError`, but its value is the mean over the outputs; its slope is still the sum's.

    scikit-learn reports the mean and descends the sum, which are the same for one output.

    Examples
    --------
    >>> loss = HalfSquaredError()
    >>> raw, target = jnp.array([[3.0, 1.0]]), jnp.array([[1.0, 0.0]])
    >>> print(loss(raw, target), jax.grad(lambda raw: loss(raw, target).sum())(raw))
    [1.25] [[2. 1.]]
    """

    def __call__(self, raw: jax.Array, target: jax.Array) -> jax.Array:
        """Return the loss of each example."""
        total = super().__call__(raw, target)
        return _valued(total, total / raw.shape[1]) if raw.shape[1] > 1 else total


@dataclass(frozen=True)
class HalfPoissonDeviance(Poisson):
    """As `Poisson`, plus y log y - y, which no weight changes: 0 where the rate is the target.

    Examples
    --------
    >>> print(HalfPoissonDeviance()(jnp.array([[0.0]]), jnp.array([[1.0]])))
    [0.]
    """

    def __call__(self, raw: jax.Array, target: jax.Array) -> jax.Array:
        """Return the loss of each example."""
        return super().__call__(raw, target) + jnp.sum(xlogy(target, target) - target, axis=-1)


def perceptron(units: tuple[int, ...], activation: str) -> Sequential:
    """Return the network of a multilayer perceptron.

    Parameters
    ----------
    units : tuple of int
        Of the hidden layers and of the output layer.
    activation : {"identity", "logistic", "tanh", "relu"}
        Of the hidden layers, in scikit-learn's words.
    """
    word = "sigmoid" if activation == "logistic" else activation
    *hidden, outputs = units
    return Sequential((*(Dense(size, word) for size in hidden), Dense(outputs)))


def loss_named(name: str, out_activation: str, outputs: int) -> Loss:
    """Return the loss that scikit-learn means by a name and the activation of the outputs."""
    if name == "poisson":
        return HalfPoissonDeviance()
    if name == "squared_error":
        return HalfSquaredError()
    if out_activation == "softmax":
        return CategoricalCrossEntropy()
    return BinaryCrossEntropy() if outputs == 1 else MultiLabelCrossEntropy()
