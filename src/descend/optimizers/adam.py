"""Adam and its relatives."""

from __future__ import annotations

from dataclasses import dataclass

import jax
import jax.numpy as jnp
import optax

from descend.optimizers.optimizer import Memory, Now, Optimizer, by_leaf, unbias, zeros
from descend.spec import check_number

__all__ = ["AMSGrad", "AdaMax", "Adam", "AdamW", "NAdam", "RAdam"]


@dataclass(frozen=True)
class _AdamFamily(Optimizer):
    """What they share: m <- b1 m + (1 - b1) g;  v <- b2 v + (1 - b2) g²."""

    learning_rate: float = 0.001
    beta1: float = 0.9
    beta2: float = 0.999
    epsilon: float = 1e-8

    def __post_init__(self) -> None:
        super().__post_init__()
        check_number(self, "beta1", at_least=0, below=1)
        check_number(self, "beta2", at_least=0, below=1)
        check_number(self, "epsilon", above=0)

    def _moments(self, g: jax.Array, memory: Memory) -> tuple[jax.Array, jax.Array]:
        mean = self.beta1 * memory["mean"] + (1 - self.beta1) * g
        square = self.beta2 * memory["square"] + (1 - self.beta2) * g * g
        return mean, square

    def _direction(self, mean: jax.Array, square: jax.Array, t: jax.Array) -> jax.Array:
        """Return m̂ / (sqrt(v̂) + epsilon)."""
        size = jnp.sqrt(square / unbias(self.beta2, t)) + self.epsilon
        return mean / unbias(self.beta1, t) / size


@dataclass(frozen=True)
class Adam(_AdamFamily):
    """m <- b1 m + (1 - b1) g;  v <- b2 v + (1 - b2) g²;  theta <- theta - lr m̂ / (sqrt(v̂) + eps).

    m̂ = m / (1 - b1^t) and v̂ = v / (1 - b2^t) correct the bias of the start at 0. As in PyTorch:
    eps stands outside the root and is added after the correction.

    Parameters
    ----------
    beta1, beta2 : float
        b1 and b2, at least 0 and below 1.
    epsilon : float
        eps, above 0.

    Raises
    ------
    SpecError
        If a field is out of range.

    References
    ----------
    Kingma and Ba (2015), Adam: a method for stochastic optimization.

    Examples
    --------
    >>> rule = Adam().transformation()
    >>> g = jnp.array([100.0, -0.01])
    >>> step, state = rule.update(g, rule.init(g), g, learning_rate=0.1)
    >>> print(f"{step[0]:.4f} {step[1]:.4f}")
    -0.1000 0.1000
    """

    def transformation(self) -> optax.GradientTransformationExtraArgs:
        """Return the rule."""

        return by_leaf(self.step, zeros("mean", "square"))

    def step(
        self, g: jax.Array, p: jax.Array, memory: Memory, now: Now
    ) -> tuple[jax.Array, Memory]:
        """Return what to add to one leaf p, and its new m and v."""
        mean, square = self._moments(g, memory)
        direction = self._direction(mean, square, now.t)
        return -now.learning_rate * direction, {"mean": mean, "square": square}


@dataclass(frozen=True)
class AdamW(_AdamFamily):
    """theta <- theta - lr (m̂ / (sqrt(v̂) + eps) + weight_decay theta), m̂ and v̂ as in `Adam`.

    The decay is decoupled (it does not pass through m and v), is multiplied by lr as in PyTorch,
    and is for leaves called ``weight``: not for biases, scales and shifts.

    Parameters
    ----------
    beta1, beta2 : float
        b1 and b2, at least 0 and below 1.
    epsilon : float
        eps, above 0.
    weight_decay : float
        At least 0.

    Raises
    ------
    SpecError
        If a field is out of range.

    References
    ----------
    Loshchilov and Hutter (2019), Decoupled weight decay regularization.

    Examples
    --------
    >>> rule = AdamW(weight_decay=0.5).transformation()
    >>> p = {"weight": jnp.array([1.0]), "bias": jnp.array([1.0])}
    >>> g = {"weight": jnp.array([0.0]), "bias": jnp.array([0.0])}
    >>> step, state = rule.update(g, rule.init(p), p, learning_rate=0.1)
    >>> print(step["weight"].round(6), step["bias"])
    [-0.05] [-0.]
    """

    weight_decay: float = 0.01

    def __post_init__(self) -> None:
        super().__post_init__()
        check_number(self, "weight_decay", at_least=0)

    def transformation(self) -> optax.GradientTransformationExtraArgs:
        """Return the rule."""

        def step(g, p, memory, now):
            mean, square = self._moments(g, memory)
            direction = self._direction(mean, square, now.t)
            if now.is_weight and self.weight_decay:
                direction = direction + self.weight_decay * p
            return -now.learning_rate * direction, {"mean": mean, "square": square}

        return by_leaf(step, zeros("mean", "square"))


@dataclass(frozen=True)
class AMSGrad(_AdamFamily):
    """`Adam` with the largest v so far in the place of v: steps that cannot grow again.

    As in PyTorch: the largest v is taken before the correction of the start (optax: after).

    Parameters
    ----------
    beta1, beta2 : float
        At least 0 and below 1.
    epsilon : float
        Above 0.

    Raises
    ------
    SpecError
        If a field is out of range.

    References
    ----------
    Reddi, Kale and Kumar (2018), On the convergence of Adam and beyond.

    Examples
    --------
    >>> rule = AMSGrad().transformation()
    >>> g = jnp.array([100.0, -0.01])
    >>> step, state = rule.update(g, rule.init(g), g, learning_rate=0.1)
    >>> print(f"{step[0]:.4f} {step[1]:.4f}")
    -0.1000 0.1000
    """

    def transformation(self) -> optax.GradientTransformationExtraArgs:
        """Return the rule."""

        def step(g, p, memory, now):
            mean, square = self._moments(g, memory)
            largest = jnp.maximum(memory["largest"], square)
            direction = self._direction(mean, largest, now.t)
            after = {"mean": mean, "square": square, "largest": largest}
            return -now.learning_rate * direction, after

        return by_leaf(step, zeros("mean", "square", "largest"))


@dataclass(frozen=True)
class AdaMax(_AdamFamily):
    """u <- max(b2 u, abs(g) + eps);  theta <- theta - lr m̂ / u, m̂ as in `Adam`.

    Parameters
    ----------
    beta1, beta2 : float
        b1 and b2, at least 0 and below 1.
    epsilon : float
        eps, above 0.

    Raises
    ------
    SpecError
        If a field is out of range.

    References
    ----------
    Kingma and Ba (2015), Adam, section 7.1; eps as in PyTorch.

    Examples
    --------
    >>> rule = AdaMax().transformation()
    >>> g = jnp.array([100.0, -0.01])
    >>> step, state = rule.update(g, rule.init(g), g, learning_rate=0.1)
    >>> print(f"{step[0]:.4f} {step[1]:.4f}")
    -0.1000 0.1000
    """

    learning_rate: float = 0.002

    def transformation(self) -> optax.GradientTransformationExtraArgs:
        """Return the rule."""

        def step(g, p, memory, now):
            mean = self.beta1 * memory["mean"] + (1 - self.beta1) * g
            largest = jnp.maximum(self.beta2 * memory["largest"], jnp.abs(g) + self.epsilon)
            direction = mean / unbias(self.beta1, now.t) / largest
            return -now.learning_rate * direction, {"mean": mean, "largest": largest}

        return by_leaf(step, zeros("mean", "largest"))


@dataclass(frozen=True)
class NAdam(_AdamFamily):
    """theta <- theta - lr (mu' m / (1 - P mu') + (1 - mu) g / (1 - P)) / (sqrt(v̂) + eps).

    `Adam` with Nesterov's look ahead. mu = b1 (1 - 0.96^(t momentum_decay) / 2) is the momentum
    of step t, mu' that of step t + 1 and P the product of all mu up to t. As in PyTorch.

    Parameters
    ----------
    beta1, beta2 : float
        b1 and b2, at least 0 and below 1.
    epsilon : float
        eps, above 0.
    momentum_decay : float
        At least 0.

    Raises
    ------
    SpecError
        If a field is out of range.

    References
    ----------
    Dozat (2016), Incorporating Nesterov momentum into Adam.

    Examples
    --------
    >>> rule = NAdam().transformation()
    >>> g = jnp.array([100.0])
    >>> step, state = rule.update(g, rule.init(g), g, learning_rate=0.1)
    >>> bool(step[0] < -0.1)
    True
    """

    learning_rate: float = 0.002
    momentum_decay: float = 0.004

    def __post_init__(self) -> None:
        super().__post_init__()
        check_number(self, "momentum_decay", at_least=0)

    def _momentum(self, t: jax.Array) -> jax.Array:
        return self.beta1 * (1 - 0.5 * 0.96 ** (t * self.momentum_decay))

    def transformation(self) -> optax.GradientTransformationExtraArgs:
        """Return the rule."""

        def advance(shared, now):
            return {"product": shared["product"] * self._momentum(now.t)}

        def step(g, p, memory, now):
            mean, square = self._moments(g, memory)
            product = now.shared["product"]
            here, ahead = self._momentum(now.t), self._momentum(now.t + 1)
            look = ahead / (1 - product * ahead) * mean + (1 - here) / (1 - product) * g
            size = jnp.sqrt(square / unbias(self.beta2, now.t)) + self.epsilon
            return -now.learning_rate * look / size, {"mean": mean, "square": square}

        return by_leaf(step, zeros("mean", "square"), shared={"product": 1.0}, advance=advance)


@dataclass(frozen=True)
class RAdam(_AdamFamily):
    """theta <- theta - lr m̂ r sqrt(1 - b2^t) / (sqrt(v) + eps) once rho > 5, before: - lr m̂.

    rho = rho∞ - 2 t b2^t / (1 - b2^t), with rho∞ = 2 / (1 - b2) - 1, tells how many gradients v
    has seen; r² = (rho - 4) (rho - 2) rho∞ / ((rho∞ - 4) (rho∞ - 2) rho) makes up for the
    variance of v. As in PyTorch: eps is added before the correction of the start.

    Parameters
    ----------
    beta1, beta2 : float
        b1 and b2, at least 0 and below 1.
    epsilon : float
        eps, above 0.

    Raises
    ------
    SpecError
        If a field is out of range.

    References
    ----------
    Liu et al. (2020), On the variance of the adaptive learning rate and beyond.

    Examples
    --------
    >>> rule = RAdam().transformation()
    >>> g = jnp.array([2.0])
    >>> step, state = rule.update(g, rule.init(g), g, learning_rate=0.1)
    >>> print(f"{step[0]:.4f}")
    -0.2000
    """

    def transformation(self) -> optax.GradientTransformationExtraArgs:
        """Return the rule."""
        limit = 2 / (1 - self.beta2) - 1

        # rho = 1 + 2 (mean age of the gradients in v): a sum of positive terms, where the formula
        # of the paper subtracts two numbers near rho∞ and in float32 loses four digits.
        def advance(shared, now):
            age = now.t - 1
            return {"ages": shared["ages"] + age * self.beta2**age}

        def step(g, p, memory, now):
            mean, square = self._moments(g, memory)
            seen = unbias(self.beta2, now.t)
            rho = 1 + 2 * now.shared["ages"] * (1 - self.beta2) / seen
            enough = rho > 5
            rho = jnp.where(enough, rho, 6.0)  # no root of a negative number
            spread = (rho - 4) * (rho - 2) * limit / ((limit - 4) * (limit - 2) * rho)
            rectified = jnp.sqrt(spread * seen) / (jnp.sqrt(square) + self.epsilon)
            direction = mean / unbias(self.beta1, now.t) * jnp.where(enough, rectified, 1.0)
            return -now.learning_rate * direction, {"mean": mean, "square": square}

        return by_leaf(step, zeros("mean", "square"), shared={"ages": 0.0}, advance=advance)
