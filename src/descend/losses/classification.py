"""Losses for targets that are classes: one of two, one of k, or any of k."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import jax
import jax.numpy as jnp

from descend.errors import SpecError
from descend.losses.loss import Loss
from descend.spec import check_number

__all__ = [
    "BinaryCrossEntropy",
    "CategoricalCrossEntropy",
    "Focal",
    "Hinge",
    "MultiLabelCrossEntropy",
]


class _ClassLoss(Loss):
    """One raw output a class; the link is softmax."""

    target: ClassVar[str] = "class"

    def width(self, k: int) -> int:
        """One raw output a class; at least 2."""
        if k < 2:
            raise SpecError(f"{type(self).__name__} needs at least 2 classes, got {k}")
        return k

    def link(self, raw: jax.Array) -> jax.Array:
        """Softmax."""
        return jax.nn.softmax(raw, axis=-1)


class _BinaryLoss(Loss):
    """A single raw output; the link is the sigmoid."""

    target: ClassVar[str] = "binary"

    def width(self, k: int) -> int:
        """One raw output; k must be 2."""
        if k != 2:
            raise SpecError(f"{type(self).__name__} needs exactly 2 classes, got {k}")
        return 1

    def link(self, raw: jax.Array) -> jax.Array:
        """Sigmoid, (batch,)."""
        return jax.nn.sigmoid(raw[:, 0])


def _logistic(raw: jax.Array, q: jax.Array) -> jax.Array:
    """Return -q log sigmoid(raw) - (1 - q) log(1 - sigmoid(raw)), without overflow."""
    # At raw = 0 the slope is to be 1/2 - q: JAX gives maximum the mean of both sides, but abs 1.
    return jnp.maximum(raw, 0) - raw * q + jnp.log1p(jnp.exp(jnp.minimum(raw, -raw)))


@dataclass(frozen=True)
class BinaryCrossEntropy(_BinaryLoss):
    """l = -q log p - (1 - q) log(1 - p), p = sigmoid(raw); q is the target, 0 or 1.

    With smoothing s, q is (1 - s) target + s / 2 (as in Keras).

    Parameters
    ----------
    label_smoothing : float
        s, in [0, 1).

    Examples
    --------
    >>> print(BinaryCrossEntropy()(jnp.array([[0.0], [100.0]]), jnp.array([1.0, 1.0])))
    [0.6931472 0.       ]
    """

    label_smoothing: float = 0.0

    def __post_init__(self) -> None:
        check_number(self, "label_smoothing", at_least=0, below=1)

    def __call__(self, raw: jax.Array, target: jax.Array) -> jax.Array:
        """Return the loss of each example."""
        return _logistic(raw[:, 0], (1 - self.label_smoothing) * target + self.label_smoothing / 2)


@dataclass(frozen=True)
class MultiLabelCrossEntropy(Loss):
    """l = sum_j -q_j log p_j - (1 - q_j) log(1 - p_j), p = sigmoid(raw): k yes-or-no questions.

    With smoothing s, q_j is (1 - s) target_j + s / 2.

    Parameters
    ----------
    label_smoothing : float
        s, in [0, 1).

    Examples
    --------
    >>> print(MultiLabelCrossEntropy()(jnp.zeros((1, 2)), jnp.array([[1.0, 0.0]])))
    [1.3862944]
    """

    label_smoothing: float = 0.0
    target: ClassVar[str] = "labels"

    def __post_init__(self) -> None:
        check_number(self, "label_smoothing", at_least=0, below=1)

    def width(self, k: int) -> int:
        """One raw output a label."""
        return k

    def __call__(self, raw: jax.Array, target: jax.Array) -> jax.Array:
        """Return the loss of each example."""
        q = (1 - self.label_smoothing) * target + self.label_smoothing / 2
        return jnp.sum(_logistic(raw, q), axis=-1)

    def link(self, raw: jax.Array) -> jax.Array:
        """Sigmoid, (batch, k); the probabilities of an example need not sum to 1."""
        return jax.nn.sigmoid(raw)


@dataclass(frozen=True)
class Hinge(_BinaryLoss):
    """l = max(0, 1 - y raw), y = 2 target - 1: the loss of the support vector machine.

    Its link is the sigmoid of raw, which keeps the order of the examples and has 1/2 at the
    border between the classes, but is *not* a calibrated probability: this loss learns on which
    side of the border an example lies and says nothing about how often.

    References
    ----------
    Cortes and Vapnik (1995), Support-vector networks.

    Examples
    --------
    >>> print(Hinge()(jnp.array([[0.25], [2.0]]), jnp.array([1.0, 1.0])))
    [0.75 0.  ]
    """

    def __call__(self, raw: jax.Array, target: jax.Array) -> jax.Array:
        """Return the loss of each example."""
        return jax.nn.relu(1 - (2 * target - 1) * raw[:, 0])


def _is_class(raw: jax.Array, target: jax.Array) -> jax.Array:
    """Return a boolean array like raw: whether the column is the class of the row.

    A comparison, because the gradient of indexing is a scatter, which keeps small training loops
    from being compiled into one piece of machine code (docs/decisions/0003).
    """
    return target[:, None] == jnp.arange(raw.shape[-1])


@dataclass(frozen=True)
class CategoricalCrossEntropy(_ClassLoss):
    """l = -sum_c q_c log softmax(raw)_c, link softmax.

    q is 1 for the true class, or with smoothing s: (1 - s) for it plus s / k for every class.

    Parameters
    ----------
    label_smoothing : float
        s, in [0, 1).

    References
    ----------
    Szegedy et al. (2016), Rethinking the Inception architecture, for the smoothing.

    Examples
    --------
    >>> print(CategoricalCrossEntropy()(jnp.array([[0.0, 0.0], [9.0, 0.0]]), jnp.array([0, 1])))
    [0.6931472 9.000123 ]
    """

    label_smoothing: float = 0.0

    def __post_init__(self) -> None:
        check_number(self, "label_smoothing", at_least=0, below=1)

    def __call__(self, raw: jax.Array, target: jax.Array) -> jax.Array:
        """Return the loss of each example."""
        log_p = jax.nn.log_softmax(raw, axis=-1)
        hit = jnp.sum(jnp.where(_is_class(raw, target), log_p, 0.0), axis=-1)
        s = self.label_smoothing
        return -((1 - s) * hit + s * jnp.mean(log_p, axis=-1)) if s else -hit


@dataclass(frozen=True)
class Focal(_ClassLoss):
    """l = -(1 - p)^gamma log p, p = softmax(raw) at the true class: hard examples count more.

    Parameters
    ----------
    gamma : float
        At least 0; 0 is the cross-entropy.

    References
    ----------
    Lin, Goyal, Girshick, He and Dollár (2017), Focal loss for dense object detection.

    Examples
    --------
    >>> print(Focal(gamma=2.0)(jnp.array([[0.0, 0.0]]), jnp.array([1])))
    [0.1732868]
    """

    gamma: float = 2.0

    def __post_init__(self) -> None:
        check_number(self, "gamma", at_least=0)

    def __call__(self, raw: jax.Array, target: jax.Array) -> jax.Array:
        """Return the loss of each example."""
        total = jax.nn.logsumexp(raw, axis=-1)
        true = _is_class(raw, target)
        # log(1 - p) from the other classes: exact where p rounds to 1, and so is its slope.
        others = jax.nn.logsumexp(jnp.where(true, -jnp.inf, raw), axis=-1)
        hit = jnp.sum(jnp.where(true, raw, 0.0), axis=-1)
        return jnp.exp(self.gamma * (others - total)) * (total - hit)
