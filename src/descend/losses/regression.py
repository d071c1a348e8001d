"""Losses for targets that are numbers; all sum over the outputs of an example."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import ClassVar

import jax
import jax.numpy as jnp

from descend.errors import SpecError
from descend.losses.loss import Loss
from descend.spec import check_number

__all__ = ["AbsoluteError", "Huber", "Poisson", "Quantile", "SquaredError"]


class _NumberLoss(Loss):
    """One raw output a target column; the link is the identity."""

    target: ClassVar[str] = "number"

    def width(self, k: int) -> int:
        """One raw output a target column."""
        return k

    def link(self, raw: jax.Array) -> jax.Array:
        """Identity."""
        return raw


@dataclass(frozen=True)
class SquaredError(_NumberLoss):
    """l = 1/2 sum_j (raw_j - target_j)^2, link identity.

    The factor 1/2 makes the slope at an output equal to its error.

    Examples
    --------
    >>> print(SquaredError()(jnp.array([[3.0, 1.0]]), jnp.array([[1.0, 0.0]])))
    [2.5]
    """

    def __call__(self, raw: jax.Array, target: jax.Array) -> jax.Array:
        """Return the loss of each example."""
        return 0.5 * jnp.sum(jnp.square(raw - target), axis=-1)


@dataclass(frozen=True)
class AbsoluteError(_NumberLoss):
    """l = sum_j abs(raw_j - target_j), link identity; its best constant is the median.

    Examples
    --------
    >>> print(AbsoluteError()(jnp.array([[3.0, 1.0]]), jnp.array([[1.0, 0.0]])))
    [3.]
    """

    def __call__(self, raw: jax.Array, target: jax.Array) -> jax.Array:
        """Return the loss of each example."""
        error = raw - target
        # The slope of a perfect prediction is 0, where JAX gives abs a slope of 1.
        return jnp.sum(jnp.maximum(error, -error), axis=-1)


@dataclass(frozen=True)
class Huber(_NumberLoss):
    """l = sum_j h(raw_j - target_j): squared error near the target, absolute error far from it.

    h(e) = e^2 / 2 for abs(e) <= delta, delta (abs(e) - delta / 2) beyond; link identity.

    Parameters
    ----------
    delta : float
        Where the line takes over; above 0, in the unit of the target as the network sees it.

    References
    ----------
    Huber (1964), Robust estimation of a location parameter.

    Examples
    --------
    >>> print(Huber(1.0)(jnp.array([[3.0, 1.0]]), jnp.array([[1.0, 0.0]])))
    [2.]
    """

    delta: float = 1.0

    def __post_init__(self) -> None:
        check_number(self, "delta", above=0)

    def __call__(self, raw: jax.Array, target: jax.Array) -> jax.Array:
        """Return the loss of each example."""
        error = jnp.abs(raw - target)
        near = jnp.minimum(error, self.delta)
        # near² / 2 + delta (error - near), without a branch.
        return jnp.sum(near * (0.5 * near) + self.delta * (error - near), axis=-1)


@dataclass(frozen=True)
class Quantile(_NumberLoss):
    """l = sum_j sum_i max(q_i e, (q_i - 1) e), e = target_j - raw_(j, i): the pinball loss.

    The best constant for level q_i is the q_i-quantile of the target, so that levels
    (0.05, 0.5, 0.95) give a median and an interval that holds 90 % of the targets.

    Layout: k target columns and L levels take k L raw outputs; raw output j L + i is level i of
    target column j (all levels of the first column come first).

    Parameters
    ----------
    levels : tuple of float
        Increasing, in (0, 1).

    References
    ----------
    Koenker and Bassett (1978), Regression quantiles; Chernozhukov, Fernández-Val and Galichon
    (2010), Quantile and probability curves without crossing, for the sorting in the link.

    Examples
    --------
    >>> print(Quantile((0.1, 0.9))(jnp.array([[0.0, 2.0]]), jnp.array([[10.0]])))
    [8.2]
    """

    levels: tuple[float, ...] = (0.05, 0.5, 0.95)

    def __post_init__(self) -> None:
        levels = self.levels if isinstance(self.levels, tuple) else ()
        numbers = len(levels) > 0 and all(isinstance(level, float) for level in levels)
        edges = (0.0, *levels, 1.0)
        if not numbers or not all(a < b for a, b in pairwise(edges)):
            raise SpecError(
                "Quantile: levels must be a tuple of increasing numbers above 0 and below 1, "
                f"got {self.levels!r}"
            )

    def width(self, k: int) -> int:
        """Return k times the number of levels."""
        return k * len(self.levels)

    def __call__(self, raw: jax.Array, target: jax.Array) -> jax.Array:
        """Return the loss of each example."""
        error = target[:, :, None] - self._by_column(raw)
        levels = jnp.asarray(self.levels, raw.dtype)
        return jnp.sum(jnp.maximum(levels * error, (levels - 1) * error), axis=(1, 2))

    def link(self, raw: jax.Array) -> jax.Array:
        """Sort the levels of each column, so that quantiles never cross; same layout."""
        return jnp.sort(self._by_column(raw), axis=-1).reshape(raw.shape)

    def _by_column(self, raw: jax.Array) -> jax.Array:
        return raw.reshape(raw.shape[0], -1, len(self.levels))


# exp(40) = 2e17: beyond any count, and its products with raw outputs stay finite in float32.
_LARGEST_LOG_RATE = 40.0


@dataclass(frozen=True)
class Poisson(_NumberLoss):
    """l = sum_j exp(raw_j) - target_j raw_j, link exp: counts, with raw the log of the rate.

    The negative log-likelihood less log(target!), which no weight changes. Above raw = 40 the
    exponential goes on as its tangent, so that one wild step does not end in infinity; the slope
    everywhere is link(raw) - target.

    Examples
    --------
    >>> print(Poisson()(jnp.array([[0.0]]), jnp.array([[3.0]])), Poisson().link(jnp.array([[0.0]])))
    [1.] [[1.]]
    """

    def __call__(self, raw: jax.Array, target: jax.Array) -> jax.Array:
        """Return the loss of each example."""
        rate = jnp.exp(jnp.minimum(raw, _LARGEST_LOG_RATE))
        # A choice and not a sum: exp(40) and its negative in the slope would swallow all else.
        rate = jnp.where(raw > _LARGEST_LOG_RATE, rate * (1 + raw - _LARGEST_LOG_RATE), rate)
        return jnp.sum(rate - target * raw, axis=-1)

    def link(self, raw: jax.Array) -> jax.Array:
        """Return the rate, at most exp(40)."""
        return jnp.exp(jnp.minimum(raw, _LARGEST_LOG_RATE))
