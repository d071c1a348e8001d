"""Random convolutions: many fixed windows over a sequence, and how each of them answers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from descend.errors import SpecError
from descend.layers.layer import Layer, Params, Shape, State
from descend.layers.sequence import masked, parts, real, sequence_shape
from descend.layers.token_convolution import windows
from descend.spec import check_integer

__all__ = ["RandomConvolution"]

_WIDTH = 9


@dataclass(frozen=True)
class RandomConvolution(Layer):
    """For each of many random filters, at what share of steps it answers above 0, and its maximum.

    A filter sees nine steps, ``dilation`` apart, of a few channels; its weights are normal numbers
    with mean 0, so that it answers to shapes and not to levels, divided by the spread of what it
    sees; its threshold is a normal number. Nothing is learned here: the filters are drawn from
    ``seed``, the same on every machine, and stand in no file. What is learned is how to weigh their
    answers, which takes few examples.

    Parameters
    ----------
    filters : int
        Shared out among the dilations; each gives two outputs.
    dilations : tuple of int
    spreads : tuple of float
        For each dilation, the standard deviation inside its windows.
    seed : int

    References
    ----------
    Dempster, Petitjean and Webb (2020), ROCKET: exceptionally fast and accurate time series
    classification using random convolutional kernels. Theirs vary in width and are not scaled.

    Examples
    --------
    >>> RandomConvolution(100).init(jax.random.key(0), (50, 1))[2]
    (200,)
    """

    filters: int
    dilations: tuple[int, ...] = (1, 2, 4)
    spreads: tuple[float, ...] = (1.0, 1.0, 1.0)
    seed: int = 0

    def __post_init__(self) -> None:
        check_integer(self, "filters", at_least=1)
        check_integer(self, "seed", at_least=0)
        for name, kind in (("dilations", int), ("spreads", float)):
            values = getattr(self, name)
            if (
                not isinstance(values, tuple)
                or not values
                or not all(type(v) is kind and v > 0 for v in values)
            ):
                raise SpecError(
                    f"RandomConvolution: {name} must be a tuple of positive "
                    f"{'integers' if kind is int else 'numbers'}, got {values!r}"
                )
        if len(self.dilations) != len(self.spreads):
            raise SpecError("RandomConvolution: dilations and spreads must be as many")

    def init(self, key: jax.Array, input_shape: Shape) -> tuple[Params, State, tuple[int, ...]]:
        """Return no parameters."""
        sequence_shape(self, input_shape)
        return {}, {}, (2 * self.filters,)

    def _drawn(self, channels: int) -> list[tuple[np.ndarray, np.ndarray]]:
        """Return weights (9 · channels, filters) and thresholds for each dilation."""
        rng = np.random.Generator(np.random.Philox(key=[self.seed, channels]))
        shares = np.array_split(np.arange(self.filters), len(self.dilations))
        drawn = []
        for share, spread in zip(shares, self.spreads, strict=True):
            n = len(share)
            weights = rng.standard_normal((_WIDTH, channels, n))
            weights -= weights.mean(axis=0)
            if channels > 1:
                most = np.log2(min(channels, _WIDTH) + 1)
                count = np.floor(2 ** rng.uniform(0, most, n)).astype(int)
                order = rng.random((channels, n)).argsort(axis=0)
                weights *= order < count
            weights /= np.sqrt((weights**2).sum((0, 1))) * spread
            drawn.append((weights.reshape(-1, n), rng.standard_normal(n)))
        return drawn

    def apply(
        self, params: Params, state: State, x: Any, *, key: jax.Array | None, train: bool
    ) -> tuple[jax.Array, State]:
        """Return shares and maxima, (batch, 2 · filters)."""
        values, length = parts(x)
        values = masked(values, length)
        keep = real(values, length)[..., None]
        steps = jnp.maximum(keep.sum(axis=1), 1)
        shares, tops = [], []
        pairs = zip(self._drawn(values.shape[-1]), self.dilations, strict=True)
        for (weights, thresholds), dilation in pairs:
            if not len(thresholds):
                continue
            around = windows(values, _WIDTH, dilation)
            answers = around @ jnp.asarray(weights, values.dtype)
            answers = answers - jnp.asarray(thresholds, values.dtype)
            above = jnp.where(keep, answers > 0, False)
            shares.append(above.sum(axis=1) / steps)
            tops.append(jnp.where(keep, answers, -10.0).max(axis=1))
        y = jnp.concatenate([*shares, *tops], axis=-1)
        return y.astype(values.dtype), state

    @property
    def label(self) -> str:
        """How many filters."""
        return f"{self.filters:,} random filters"
