"""Schedules: how the learning rate changes over a run.

A schedule is a multiplier of the optimizer's learning rate, as a function of *progress*, the share
of the planned steps already taken (0 at the first step, towards 1 at the last). It is therefore
independent of the number of rows, of the batch size and of the number of epochs.
"""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import dataclass

import jax
import jax.numpy as jnp

from descend.spec import Spec, check_number

__all__ = ["Constant", "Cosine", "Schedule"]


class Schedule(Spec):
    """A multiplier of the learning rate as a function of progress."""

    @abstractmethod
    def __call__(self, progress: jax.Array) -> jax.Array:
        """Return the multiplier, float32 of the same shape, for progress in [0, 1]."""


@dataclass(frozen=True)
class Constant(Schedule):
    """m(p) = 1."""

    def __call__(self, progress: jax.Array) -> jax.Array:
        """Return ones."""
        return jnp.ones_like(progress)


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
    """

    final: float = 0.0

    def __post_init__(self) -> None:
        check_number(self, "final", at_least=0, at_most=1)

    def __call__(self, progress: jax.Array) -> jax.Array:
        """Return the multiplier."""
        return self.final + (1 - self.final) * 0.5 * (1 + jnp.cos(jnp.pi * progress))
