"""Schedules: how the learning rate changes over a run.

A schedule is a multiplier of the optimizer's learning rate, as a function of *progress*, the share
of the planned steps already taken (0 at the first step, towards 1 at the last). It is therefore
independent of the number of rows, of the batch size and of the number of epochs.
"""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import dataclass
from itertools import pairwise

import jax
import jax.numpy as jnp

from descend.errors import SpecError
from descend.spec import Spec, check_integer, check_number

__all__ = [
    "Constant",
    "Cosine",
    "CosineLog",
    "Exponential",
    "FlatCosine",
    "OneCycle",
    "Schedule",
    "Step",
    "WarmupCosine",
]


class Schedule(Spec):
    """A multiplier of the learning rate as a function of progress."""

    @abstractmethod
    def __call__(self, progress: jax.Array) -> jax.Array:
        """Return the multiplier, floating and of the same shape, for progress in [0, 1]."""


def _cosine(share: jax.Array, start: float, end: float) -> jax.Array:
    """Go from start (share 0) to end (share 1) along half a cosine wave."""
    return end + (start - end) * 0.5 * (1 + jnp.cos(jnp.pi * share))


@dataclass(frozen=True)
class Constant(Schedule):
    """m(p) = 1.

    Examples
    --------
    >>> float(Constant()(jnp.float32(0.5)))
    1.0
    """

    def __call__(self, progress: jax.Array) -> jax.Array:
        """Return ones."""
        return jnp.ones_like(progress, jnp.result_type(progress, jnp.float32))


@dataclass(frozen=True)
class Cosine(Schedule):
    """m(p) = final + (1 - final) (1 + cos(pi p)) / 2.

    Parameters
    ----------
    final : float
        Multiplier at the end, in [0, 1].

    References
    ----------
    Loshchilov and Hutter (2017), SGDR, one cycle without restart.

    Examples
    --------
    >>> [round(float(Cosine()(jnp.float32(p))), 6) for p in (0.0, 0.5, 1.0)]
    [1.0, 0.5, 0.0]
    """

    final: float = 0.0

    def __post_init__(self) -> None:
        check_number(self, "final", at_least=0, at_most=1)

    def __call__(self, progress: jax.Array) -> jax.Array:
        """Return the multiplier."""
        return _cosine(progress, 1.0, self.final)


@dataclass(frozen=True)
class CosineLog(Schedule):
    """m(p) = (1 - cos(2 pi log2(1 + (2^cycles - 1) p))) / 2: cycles from 0 to 1 and back to 0.

    Each cycle is twice as long as the one before. The first step changes nothing, as m(0) = 0.

    Parameters
    ----------
    cycles : int
        At least 1.

    References
    ----------
    Holzmüller, Grinsztajn and Steinwart (2024), Better by default ("coslog4").

    Examples
    --------
    >>> [round(float(CosineLog(2)(jnp.float32(p))), 6) for p in (0.0, 1 / 3, 1.0)]
    [0.0, 0.0, 0.0]
    """

    cycles: int = 4

    def __post_init__(self) -> None:
        check_integer(self, "cycles", at_least=1, at_most=20)

    def __call__(self, progress: jax.Array) -> jax.Array:
        """Return the multiplier."""
        turns = jnp.log2(1 + (2**self.cycles - 1) * progress)
        return 0.5 * (1 - jnp.cos(2 * jnp.pi * turns))


@dataclass(frozen=True)
class Exponential(Schedule):
    """m(p) = final^p: the same factor at every step, ``final`` at the end.

    Parameters
    ----------
    final : float
        Multiplier at the end, above 0 and at most 1.

    Examples
    --------
    >>> round(float(Exponential(0.01)(jnp.float32(0.5))), 6)
    0.1
    """

    final: float = 0.01

    def __post_init__(self) -> None:
        check_number(self, "final", above=0, at_most=1)

    def __call__(self, progress: jax.Array) -> jax.Array:
        """Return the multiplier."""
        return jnp.power(self.final, progress)


@dataclass(frozen=True)
class FlatCosine(Schedule):
    """m(p) = 1 until p = flat, then down to 0 along a half cosine.

    Parameters
    ----------
    flat : float
        Share of the run before the descent, at least 0 and below 1.

    Examples
    --------
    >>> [round(float(FlatCosine()(jnp.float32(p))), 6) for p in (0.25, 0.75, 1.0)]
    [1.0, 0.5, 0.0]
    """

    flat: float = 0.5

    def __post_init__(self) -> None:
        check_number(self, "flat", at_least=0, below=1)

    def __call__(self, progress: jax.Array) -> jax.Array:
        """Return the multiplier."""
        share = jnp.maximum((progress - self.flat) / (1 - self.flat), 0)
        return _cosine(share, 1.0, 0.0)


@dataclass(frozen=True)
class OneCycle(Schedule):
    """Up from ``initial`` to 1 until p = warmup, then down to ``final``, each along a half cosine.

    PyTorch's ``OneCycleLR`` with ``three_phase=False`` has the same curve and the same defaults
    (``initial`` is 1 / div_factor, ``final`` 1 / (div_factor final_div_factor)).

    Parameters
    ----------
    warmup : float
        Share of the run before the peak, in (0, 1).
    initial, final : float
        Multipliers at the start and at the end, in [0, 1].

    References
    ----------
    Smith and Topin (2019), Super-convergence.

    Examples
    --------
    >>> float(OneCycle(warmup=0.25)(jnp.float32(0.25)))
    1.0
    """

    warmup: float = 0.3
    initial: float = 0.04
    final: float = 4e-6

    def __post_init__(self) -> None:
        check_number(self, "warmup", above=0, below=1)
        check_number(self, "initial", at_least=0, at_most=1)
        check_number(self, "final", at_least=0, at_most=1)

    def __call__(self, progress: jax.Array) -> jax.Array:
        """Return the multiplier."""
        up = _cosine(progress / self.warmup, self.initial, 1.0)
        down = _cosine((progress - self.warmup) / (1 - self.warmup), 1.0, self.final)
        return jnp.where(progress < self.warmup, up, down)


@dataclass(frozen=True)
class Step(Schedule):
    """m(p) = factor^(number of drops d with d <= p).

    Parameters
    ----------
    drops : tuple of float
        Shares of the run at which the rate is multiplied by ``factor``: in (0, 1), increasing.
    factor : float
        Above 0 and below 1.

    Examples
    --------
    >>> [round(float(Step()(jnp.float32(p))), 6) for p in (0.49, 0.5, 0.75)]
    [1.0, 0.1, 0.01]
    """

    drops: tuple[float, ...] = (0.5, 0.75)
    factor: float = 0.1

    def __post_init__(self) -> None:
        check_number(self, "factor", above=0, below=1)
        edges = (0, *self.drops, 1) if isinstance(self.drops, tuple) else ()
        numbers = len(edges) > 2 and all(isinstance(edge, int | float) for edge in edges)
        if not numbers or not all(a < b for a, b in pairwise(edges)):
            raise SpecError(
                "Step: drops must be a tuple of increasing numbers above 0 and below 1, "
                f"got {self.drops!r}"
            )

    def __call__(self, progress: jax.Array) -> jax.Array:
        """Return the multiplier."""
        multiplier = Constant()(progress)
        for drop in self.drops:
            multiplier = jnp.where(progress >= drop, multiplier * self.factor, multiplier)
        return multiplier


@dataclass(frozen=True)
class WarmupCosine(Schedule):
    """Straight up from ``initial`` to 1 until p = warmup, then a half cosine down to ``final``.

    Parameters
    ----------
    warmup : float
        Share of the run before the peak, in (0, 1).
    initial, final : float
        Multipliers at the start and at the end, in [0, 1]. With ``initial=0`` the first step
        would change nothing.

    References
    ----------
    Goyal et al. (2017), Accurate, large minibatch SGD, for the warm-up; Loshchilov and Hutter
    (2017), SGDR, for the cosine.

    Examples
    --------
    >>> [round(float(WarmupCosine(0.5)(jnp.float32(p))), 6) for p in (0.0, 0.5, 1.0)]
    [0.01, 1.0, 0.0]
    """

    warmup: float = 0.05
    initial: float = 0.01
    final: float = 0.0

    def __post_init__(self) -> None:
        check_number(self, "warmup", above=0, below=1)
        check_number(self, "initial", at_least=0, at_most=1)
        check_number(self, "final", at_least=0, at_most=1)

    def __call__(self, progress: jax.Array) -> jax.Array:
        """Return the multiplier."""
        up = self.initial + (1 - self.initial) * (progress / self.warmup)
        down = _cosine((progress - self.warmup) / (1 - self.warmup), 1.0, self.final)
        return jnp.where(progress < self.warmup, up, down)
