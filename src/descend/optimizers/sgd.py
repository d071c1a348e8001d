"""Stochastic gradient descent, plain and with momentum."""

from __future__ import annotations

from dataclasses import dataclass

import jax.numpy as jnp
import optax

from descend.optimizers.optimizer import Optimizer, by_leaf, zeros
from descend.spec import check_number

__all__ = ["Momentum", "Nesterov", "SGD"]


@dataclass(frozen=True)
class SGD(Optimizer):
    """theta <- theta - lr g.

    g is the gradient of the mean loss of the batch: of one row with ``batch_size=1`` (stochastic,
    row by row), of all rows with ``batch_size=None`` (full batch).

    References
    ----------
    Robbins and Monro (1951), A stochastic approximation method.

    Examples
    --------
    >>> rule = SGD().transformation()
    >>> params = jnp.array([1.0, 2.0])
    >>> step, state = rule.update(params, rule.init(params), params, learning_rate=0.5)
    >>> print(step)
    [-0.5 -1. ]
    """

    learning_rate: float = 0.01

    def transformation(self) -> optax.GradientTransformationExtraArgs:
        """Return the rule."""
        return by_leaf(lambda g, p, memory, now: (-now.learning_rate * g, memory))


@dataclass(frozen=True)
class Momentum(Optimizer):
    """v <- momentum v + (1 - dampening) g;  theta <- theta - lr v: the heavy ball.

    As in PyTorch: v starts as the first g (not damped), and lr multiplies v rather than g, so
    that a change of the rate acts at once. In the long run the steps are
    (1 - dampening) / (1 - momentum) times those of `SGD`.

    Parameters
    ----------
    momentum : float
        At least 0 and below 1.
    dampening : float
        At least 0 and below 1; equal to ``momentum``, v is an average of gradients.

    Raises
    ------
    SpecError
        If a field is out of range.

    References
    ----------
    Polyak (1964), Some methods of speeding up the convergence of iteration methods.

    Examples
    --------
    >>> rule = Momentum(momentum=0.9).transformation()
    >>> g = jnp.array([1.0])
    >>> _, state = rule.update(g, rule.init(g), g, learning_rate=0.1)
    >>> step, state = rule.update(g, state, g, learning_rate=0.1)
    >>> print(step.round(6))
    [-0.19]
    """

    learning_rate: float = 0.01
    momentum: float = 0.9
    dampening: float = 0.0

    def __post_init__(self) -> None:
        super().__post_init__()
        check_number(self, "momentum", at_least=0, below=1)
        check_number(self, "dampening", at_least=0, below=1)

    def transformation(self) -> optax.GradientTransformationExtraArgs:
        """Return the rule."""

        def step(g, p, memory, now):
            if self.dampening:
                g = jnp.where(now.t == 1, 1.0, 1.0 - self.dampening) * g
            velocity = self.momentum * memory["velocity"] + g
            return -now.learning_rate * velocity, {"velocity": velocity}

        return by_leaf(step, zeros("velocity"))


@dataclass(frozen=True)
class Nesterov(Optimizer):
    """v <- momentum v + g;  theta <- theta - lr (g + momentum v): the gradient seen from ahead.

    As in PyTorch (``nesterov=True``): the form of Sutskever et al. in which theta is the point
    ahead, where the gradient is taken.

    Parameters
    ----------
    momentum : float
        At least 0 and below 1.

    Raises
    ------
    SpecError
        If a field is out of range.

    References
    ----------
    Nesterov (1983), A method for solving the convex programming problem with convergence rate
    O(1/k²); Sutskever, Martens, Dahl and Hinton (2013), On the importance of initialization and
    momentum in deep learning.

    Examples
    --------
    >>> rule = Nesterov(momentum=0.9).transformation()
    >>> g = jnp.array([1.0])
    >>> step, state = rule.update(g, rule.init(g), g, learning_rate=0.1)
    >>> print(step.round(6))
    [-0.19]
    """

    learning_rate: float = 0.01
    momentum: float = 0.9

    def __post_init__(self) -> None:
        super().__post_init__()
        check_number(self, "momentum", at_least=0, below=1)

    def transformation(self) -> optax.GradientTransformationExtraArgs:
        """Return the rule."""

        def step(g, p, memory, now):
            velocity = self.momentum * memory["velocity"] + g
            return -now.learning_rate * (g + self.momentum * velocity), {"velocity": velocity}

        return by_leaf(step, zeros("velocity"))
