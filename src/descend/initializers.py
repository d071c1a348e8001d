"""Initialisers: how the first weights are drawn.

Each is a frozen spec, called with a key, a shape and the two fans. For a dense weight of shape
(inputs, units), ``fan_in`` is the number of inputs and ``fan_out`` the number of units.
"""

from __future__ import annotations

import math
from abc import abstractmethod
from dataclasses import dataclass

import jax
import jax.numpy as jnp

from descend.errors import SpecError
from descend.spec import Spec, check_choice, check_number

__all__ = [
    "ConstantValue",
    "Glorot",
    "He",
    "Initializer",
    "LeCun",
    "Orthogonal",
    "SmallNormal",
    "SmallUniform",
    "Zeros",
]


class Initializer(Spec):
    """Draws a tensor of starting values."""

    @abstractmethod
    def __call__(
        self, key: jax.Array, shape: tuple[int, ...], fan_in: int, fan_out: int
    ) -> jax.Array:
        """Return a float32 array of the given shape.

        Parameters
        ----------
        key : jax.Array
            Random key; the same key gives the same array.
        shape : tuple of int
        fan_in, fan_out : int
            How many inputs feed one output, and how many outputs one input feeds.
        """


@dataclass(frozen=True)
class ConstantValue(Initializer):
    """All equal to one value.

    Hidden units that start equal stay equal: use it for biases, not for weights.

    Parameters
    ----------
    value : float

    Examples
    --------
    >>> print(ConstantValue(0.5)(jax.random.key(0), (3,), 2, 3))
    [0.5 0.5 0.5]
    """

    value: float

    def __post_init__(self) -> None:
        check_number(self, "value")

    def __call__(
        self, key: jax.Array, shape: tuple[int, ...], fan_in: int, fan_out: int
    ) -> jax.Array:
        """Return the constant."""
        return jnp.full(shape, self.value, jnp.float32)


@dataclass(frozen=True)
class Zeros(Initializer):
    """All zeros; the usual start of biases.

    Examples
    --------
    >>> print(Zeros()(jax.random.key(0), (3,), 2, 3))
    [0. 0. 0.]
    """

    def __call__(
        self, key: jax.Array, shape: tuple[int, ...], fan_in: int, fan_out: int
    ) -> jax.Array:
        """Return zeros."""
        return jnp.zeros(shape, jnp.float32)


@dataclass(frozen=True)
class SmallUniform(Initializer):
    """Uniform on [-scale, scale), whatever the fans.

    Parameters
    ----------
    scale : float
        Above 0.

    Examples
    --------
    >>> SmallUniform()(jax.random.key(0), (4, 2), 4, 2).shape
    (4, 2)
    """

    scale: float = 0.05

    def __post_init__(self) -> None:
        check_number(self, "scale", above=0)

    def __call__(
        self, key: jax.Array, shape: tuple[int, ...], fan_in: int, fan_out: int
    ) -> jax.Array:
        """Draw the array."""
        return jax.random.uniform(key, shape, jnp.float32, -self.scale, self.scale)


@dataclass(frozen=True)
class SmallNormal(Initializer):
    """Normal with mean 0 and standard deviation ``scale``, whatever the fans.

    Parameters
    ----------
    scale : float
        Above 0.

    Examples
    --------
    >>> SmallNormal()(jax.random.key(0), (4, 2), 4, 2).shape
    (4, 2)
    """

    scale: float = 0.01

    def __post_init__(self) -> None:
        check_number(self, "scale", above=0)

    def __call__(
        self, key: jax.Array, shape: tuple[int, ...], fan_in: int, fan_out: int
    ) -> jax.Array:
        """Draw the array."""
        return self.scale * jax.random.normal(key, shape, jnp.float32)


_DISTRIBUTIONS = ("uniform", "normal")


def _draw(key: jax.Array, shape: tuple[int, ...], distribution: str, variance: float) -> jax.Array:
    """Draw with mean 0 and the given variance; the normal is not truncated."""
    if distribution == "normal":
        return math.sqrt(variance) * jax.random.normal(key, shape, jnp.float32)
    limit = math.sqrt(3.0 * variance)
    return jax.random.uniform(key, shape, jnp.float32, -limit, limit)


@dataclass(frozen=True)
class Glorot(Initializer):
    """Glorot (Xavier): variance 2 / (fan_in + fan_out); for sigmoid, tanh and linear units.

    Parameters
    ----------
    distribution : "uniform" or "normal"
        Uniform on ±sqrt(6 / (fan_in + fan_out)), or normal with that variance.

    References
    ----------
    Glorot and Bengio (2010), Understanding the difficulty of training deep feedforward networks.

    Examples
    --------
    >>> Glorot()(jax.random.key(0), (4, 2), 4, 2).shape
    (4, 2)
    """

    distribution: str = "uniform"

    def __post_init__(self) -> None:
        check_choice(self, "distribution", _DISTRIBUTIONS)

    def __call__(
        self, key: jax.Array, shape: tuple[int, ...], fan_in: int, fan_out: int
    ) -> jax.Array:
        """Draw the array."""
        return _draw(key, shape, self.distribution, 2.0 / (fan_in + fan_out))


@dataclass(frozen=True)
class He(Initializer):
    """He (Kaiming): variance 2 / fan_in; for relu and its relatives.

    Parameters
    ----------
    distribution : "uniform" or "normal"
        Uniform on ±sqrt(6 / fan_in), or normal with that variance.

    References
    ----------
    He, Zhang, Ren and Sun (2015), Delving deep into rectifiers.

    Examples
    --------
    >>> He("normal")(jax.random.key(0), (4, 2), 4, 2).shape
    (4, 2)
    """

    distribution: str = "uniform"

    def __post_init__(self) -> None:
        check_choice(self, "distribution", _DISTRIBUTIONS)

    def __call__(
        self, key: jax.Array, shape: tuple[int, ...], fan_in: int, fan_out: int
    ) -> jax.Array:
        """Draw the array."""
        return _draw(key, shape, self.distribution, 2.0 / fan_in)


@dataclass(frozen=True)
class LeCun(Initializer):
    """LeCun: variance 1 / fan_in; for selu, and for linear units.

    Parameters
    ----------
    distribution : "uniform" or "normal"
        Uniform on ±sqrt(3 / fan_in), or normal with that variance.

    References
    ----------
    LeCun, Bottou, Orr and Müller (1998), Efficient backprop.

    Examples
    --------
    >>> LeCun("normal")(jax.random.key(0), (4, 2), 4, 2).shape
    (4, 2)
    """

    distribution: str = "uniform"

    def __post_init__(self) -> None:
        check_choice(self, "distribution", _DISTRIBUTIONS)

    def __call__(
        self, key: jax.Array, shape: tuple[int, ...], fan_in: int, fan_out: int
    ) -> jax.Array:
        """Draw the array."""
        return _draw(key, shape, self.distribution, 1.0 / fan_in)


@dataclass(frozen=True)
class Orthogonal(Initializer):
    """A random matrix Q with orthonormal rows or columns (whichever are fewer), times ``gain``.

    Tensors of more than two axes are drawn as a matrix whose columns run over the last axis.
    Q is uniform over all such matrices (Haar measure).

    Parameters
    ----------
    gain : float
        Above 0; sqrt(2) suits relu.

    Raises
    ------
    SpecError
        When called for a shape with fewer than two axes.

    References
    ----------
    Saxe, McClelland and Ganguli (2014), Exact solutions to the nonlinear dynamics of learning in
    deep linear neural networks; Mezzadri (2007), How to generate random matrices from the
    classical compact groups.

    Examples
    --------
    >>> w = Orthogonal()(jax.random.key(0), (5, 3), 5, 3)
    >>> bool(jnp.allclose(w.T @ w, jnp.eye(3), atol=1e-6))
    True
    """

    gain: float = 1.0

    def __post_init__(self) -> None:
        check_number(self, "gain", above=0)

    def __call__(
        self, key: jax.Array, shape: tuple[int, ...], fan_in: int, fan_out: int
    ) -> jax.Array:
        """Draw the array."""
        if len(shape) < 2:
            raise SpecError(
                f"Orthogonal draws matrices, and {shape} has fewer than two axes. "
                "Use Zeros() or ConstantValue(value) for biases."
            )
        rows, columns = math.prod(shape[:-1]), shape[-1]
        tall = (max(rows, columns), min(rows, columns))
        q, r = jnp.linalg.qr(jax.random.normal(key, tall, jnp.float32))
        # A QR routine picks the signs of R's diagonal; making them positive makes Q uniform.
        q = q * jnp.where(jnp.diagonal(r) < 0, -1.0, 1.0)
        return self.gain * (q if rows >= columns else q.T).reshape(shape)
