"""Rules that divide each weight's gradient by the usual size of that weight's gradients."""

from __future__ import annotations

from dataclasses import dataclass

import jax
import jax.numpy as jnp
import optax

from descend.optimizers.optimizer import Memory, Optimizer, by_leaf, zeros
from descend.spec import check_choice, check_number

__all__ = ["AdaDelta", "AdaGrad", "RMSProp"]


@dataclass(frozen=True)
class AdaGrad(Optimizer):
    """s <- s + g²;  theta <- theta - lr g / (sqrt(s) + epsilon).

    As in PyTorch: s starts at ``initial``, 0 unless said otherwise (TensorFlow and optax start at
    0.1), and epsilon stands outside the root.

    Parameters
    ----------
    initial : float
        Where s starts, at least 0.
    epsilon : float
        Above 0.

    Raises
    ------
    SpecError
        If a field is out of range.

    References
    ----------
    Duchi, Hazan and Singer (2011), Adaptive subgradient methods for online learning.

    Examples
    --------
    >>> rule = AdaGrad().transformation()
    >>> g = jnp.array([100.0, 0.01])
    >>> step, state = rule.update(g, rule.init(g), g, learning_rate=0.1)
    >>> print(step.round(6))
    [-0.1 -0.1]
    """

    learning_rate: float = 0.01
    initial: float = 0.0
    epsilon: float = 1e-10

    def __post_init__(self) -> None:
        super().__post_init__()
        check_number(self, "initial", at_least=0)
        check_number(self, "epsilon", above=0)

    def transformation(self) -> optax.GradientTransformationExtraArgs:
        """Return the rule."""

        def start(p: jax.Array) -> Memory:
            return {"square": jnp.full_like(p, self.initial)}

        def step(g, p, memory, now):
            square = memory["square"] + g * g
            return -now.learning_rate * g / (jnp.sqrt(square) + self.epsilon), {"square": square}

        return by_leaf(step, start)


@dataclass(frozen=True)
class AdaDelta(Optimizer):
    """s <- decay s + (1 - decay) g²;  d = g sqrt(u + epsilon) / sqrt(s + epsilon);
    u <- decay u + (1 - decay) d²;  theta <- theta - lr d.

    As in PyTorch: epsilon stands inside both roots.

    Parameters
    ----------
    decay : float
        At least 0 and below 1.
    epsilon : float
        Above 0.

    Raises
    ------
    SpecError
        If a field is out of range.

    References
    ----------
    Zeiler (2012), ADADELTA: an adaptive learning rate method.

    Examples
    --------
    >>> rule = AdaDelta(decay=0.0, epsilon=1.0).transformation()
    >>> g = jnp.array([0.0])
    >>> step, state = rule.update(g, rule.init(g), g, learning_rate=1.0)
    >>> print(step)
    [-0.]
    """

    learning_rate: float = 1.0
    decay: float = 0.9
    epsilon: float = 1e-6

    def __post_init__(self) -> None:
        super().__post_init__()
        check_number(self, "decay", at_least=0, below=1)
        check_number(self, "epsilon", above=0)

    def transformation(self) -> optax.GradientTransformationExtraArgs:
        """Return the rule."""
        rho = self.decay

        def step(g, p, memory, now):
            square = rho * memory["square"] + (1 - rho) * g * g
            delta = jnp.sqrt(memory["moved"] + self.epsilon) / jnp.sqrt(square + self.epsilon) * g
            moved = rho * memory["moved"] + (1 - rho) * delta * delta
            return -now.learning_rate * delta, {"square": square, "moved": moved}

        return by_leaf(step, zeros("square", "moved"))


@dataclass(frozen=True)
class RMSProp(Optimizer):
    """s <- decay s + (1 - decay) g²;  d = g / (sqrt(s) + epsilon);  theta <- theta - lr d.

    Centred, the root is of s - m², with m <- decay m + (1 - decay) g: the variance of the
    gradient. With momentum, v <- momentum v + d;  theta <- theta - lr v.

    As in PyTorch: s starts at 0 without correction of the start, epsilon stands outside the root.
    Unlike there, a variance that rounding makes negative counts as 0 and not as nan.

    Parameters
    ----------
    decay : float
        At least 0 and below 1.
    epsilon : float
        Above 0.
    centered : bool
    momentum : float
        At least 0 and below 1.

    Raises
    ------
    SpecError
        If a field is out of range.

    References
    ----------
    Tieleman and Hinton (2012), Lecture 6.5; Graves (2013), Generating sequences with recurrent
    neural networks, for the centred form.

    Examples
    --------
    >>> rule = RMSProp(decay=0.75).transformation()
    >>> g = jnp.array([2.0])
    >>> step, state = rule.update(g, rule.init(g), g, learning_rate=0.1)
    >>> print(step.round(6))
    [-0.2]
    """

    learning_rate: float = 0.001
    decay: float = 0.99
    epsilon: float = 1e-8
    centered: bool = False
    momentum: float = 0.0

    def __post_init__(self) -> None:
        super().__post_init__()
        check_number(self, "decay", at_least=0, below=1)
        check_number(self, "epsilon", above=0)
        check_choice(self, "centered", (True, False))
        check_number(self, "momentum", at_least=0, below=1)

    def transformation(self) -> optax.GradientTransformationExtraArgs:
        """Return the rule."""
        rho = self.decay

        def step(g, p, memory, now):
            square = rho * memory["square"] + (1 - rho) * g * g
            after, size = {"square": square}, square
            if self.centered:
                after["mean"] = rho * memory["mean"] + (1 - rho) * g
                size = jnp.maximum(square - jnp.square(after["mean"]), 0)
            delta = g / (jnp.sqrt(size) + self.epsilon)
            if self.momentum:
                delta = after["velocity"] = self.momentum * memory["velocity"] + delta
            return -now.learning_rate * delta, after

        names = ["square"]
        names += ["mean"] if self.centered else []
        names += ["velocity"] if self.momentum else []
        return by_leaf(step, zeros(*names))
