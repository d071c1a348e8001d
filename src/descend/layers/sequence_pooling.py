"""From a sequence to one vector."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import jax
import jax.numpy as jnp

from descend.errors import SpecError
from descend.layers.layer import Layer, Params, Shape, State
from descend.layers.sequence import masked, parts, real, sequence_shape

__all__ = ["SequencePooling"]

_WAYS = ("max", "mean", "last")


@dataclass(frozen=True)
class SequencePooling(Layer):
    """The maximum, the mean, or the last of each channel over the real steps; several are joined.

    Each is 0 for a sequence of length 0.

    Parameters
    ----------
    ways : tuple of "max", "mean", "last"

    Examples
    --------
    >>> pooling = SequencePooling(("max", "mean"))
    >>> x = {"values": jnp.array([[[1.0], [3.0], [9.0]]]), "length": jnp.array([2])}
    >>> pooling.apply({}, {}, x, key=None, train=False)[0].tolist()
    [[3.0, 2.0]]
    """

    ways: tuple[str, ...] = ("max",)

    def __post_init__(self) -> None:
        ways = self.ways
        if not isinstance(ways, tuple) or not ways or any(way not in _WAYS for way in ways):
            raise SpecError(
                f"SequencePooling: ways must be a tuple of {', '.join(_WAYS)}, got {ways!r}"
            )

    def init(self, key: jax.Array, input_shape: Shape) -> tuple[Params, State, tuple[int, ...]]:
        """Return no parameters."""
        return {}, {}, (sequence_shape(self, input_shape)[1] * len(self.ways),)

    def apply(
        self, params: Params, state: State, x: Any, *, key: jax.Array | None, train: bool
    ) -> tuple[jax.Array, State]:
        """Return the pooled channels, (batch, channels · ways)."""
        values, length = parts(x)
        pooled = [getattr(self, f"_{way}")(values, length) for way in self.ways]
        return (pooled[0] if len(pooled) == 1 else jnp.concatenate(pooled, axis=-1)), state

    @staticmethod
    def _max(values: jax.Array, length: jax.Array | None) -> jax.Array:
        if length is None:
            return values.max(axis=1)
        keep = real(values, length)[..., None]
        lowest = jnp.finfo(values.dtype).min
        top = jnp.where(keep, values, lowest).max(axis=1)
        return jnp.where((length > 0)[:, None], top, 0)

    @staticmethod
    def _mean(values: jax.Array, length: jax.Array | None) -> jax.Array:
        if length is None:
            return values.mean(axis=1)
        return masked(values, length).sum(axis=1) / jnp.maximum(length, 1)[:, None]

    @staticmethod
    def _last(values: jax.Array, length: jax.Array | None) -> jax.Array:
        if length is None:
            return values[:, -1]
        place = jnp.maximum(length - 1, 0)[:, None, None]
        last = jnp.take_along_axis(masked(values, length), place, axis=1)
        return last[:, 0]

    @property
    def label(self) -> str:
        """``max over time``."""
        return f"{' and '.join(self.ways)} over time"
