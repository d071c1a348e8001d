"""Pooling: smaller pictures and sequences, by the largest or the mean of each window."""

from __future__ import annotations

import functools
import math
from abc import abstractmethod
from dataclasses import dataclass
from typing import Any

import jax
import jax.numpy as jnp

from descend.errors import SpecError
from descend.layers.layer import Layer, Params, Shape, State
from descend.layers.sequence import like_shape, masked, parts, real
from descend.layers.windows import (
    PADDINGS,
    Windows,
    check_sizes,
    spatial_shape,
    windowed,
    windowed_lengths,
)
from descend.spec import check_choice

__all__ = ["AveragePooling", "GlobalPooling", "MaxPooling"]


@dataclass(frozen=True)
class _WindowPooling(Layer):
    """What pooling over windows shares; subclasses say how a window becomes one number."""

    window: int | tuple[int, ...] = 2
    stride: int | tuple[int, ...] | None = None
    padding: str = "valid"

    def __post_init__(self) -> None:
        check_sizes(self, "window")
        if self.stride is not None:
            check_sizes(self, "stride")
        check_choice(self, "padding", PADDINGS)

    def init(self, key: jax.Array, input_shape: Shape) -> tuple[Params, State, Any]:
        """Return no parameters."""
        shape = spatial_shape(self, input_shape)
        return {}, {}, like_shape(input_shape, (*self._windows(shape).counts, shape[-1]))

    def apply(
        self, params: Params, state: State, x: Any, *, key: jax.Array | None, train: bool
    ) -> tuple[Any, State]:
        """Return one number for each window and channel."""
        values, length = parts(x)
        windows = self._windows(values.shape[1:])
        present = None if length is None else _present(values, length)
        y = self._pooled(values, present, windows)
        return windowed_lengths(x, y, windows, self.padding), state

    def _windows(self, shape: tuple[int, ...]) -> Windows:
        stride = self.window if self.stride is None else self.stride
        return windowed(self, shape, self.window, stride, 1, self.padding)

    @abstractmethod
    def _pooled(self, values: jax.Array, present: jax.Array | None, windows: Windows) -> jax.Array:
        """Return (batch, *counts, channels); only what is present counts, None for everything."""

    def _label(self, word: str) -> str:
        sizes = self.window if isinstance(self.window, tuple) else (self.window,) * 2
        return word if sizes == (2, 2) else f"{word} {'x'.join(map(str, sizes))}"


@dataclass(frozen=True)
class MaxPooling(_WindowPooling):
    """The largest number of each window, each channel for itself.

    Where several are largest, they share the gradient (PyTorch gives all of it to the first).
    Positions beyond the ends, and beyond the length of a sequence, do not count.

    Parameters
    ----------
    window : int or tuple of int
        For both axes, or (height, width).
    stride : int or tuple of int, optional
        Distance between windows; by default they lie side by side.
    padding : "valid" or "same"
        "valid" leaves out what fills no whole window; "same" gives ceil(n / stride) windows.

    Raises
    ------
    SpecError
        If a field is out of range, or no window fits into the input.

    Examples
    --------
    >>> x = jnp.arange(16.0).reshape(1, 4, 4, 1)
    >>> MaxPooling().apply({}, {}, x, key=None, train=False)[0][0, ..., 0].tolist()
    [[5.0, 7.0], [13.0, 15.0]]
    """

    def _pooled(self, values: jax.Array, present: jax.Array | None, windows: Windows) -> jax.Array:
        if present is not None:
            values = jnp.where(present, values, -jnp.inf)
        side_by_side = windows.sizes == windows.strides and not any(windows.before)
        if side_by_side and all(a <= 0 for a in windows.after):
            values = windows.padded(values)
            return _split(values, windows).max(axis=tuple(range(2, values.ndim * 2 - 3, 2)))
        padded = windows.padded(values, -jnp.inf)
        elements = (windows.element(padded, place) for place in windows.offsets())
        return functools.reduce(jnp.maximum, elements)

    @property
    def label(self) -> str:
        """``max pool``, with the window where it is not 2x2."""
        return self._label("max pool")


def _present(values: jax.Array, length: jax.Array) -> jax.Array:
    """Return which positions are real, for each axis of the values or 1."""
    keep = real(values, length)
    return keep.reshape(*keep.shape, *(1,) * (values.ndim - 2))


def _split(values: jax.Array, windows: Windows) -> jax.Array:
    """Return (batch, count, size, count, size, channels) for windows side by side."""
    shape = [values.shape[0]]
    for count, size in zip(windows.counts, windows.sizes, strict=True):
        shape += [count, size]
    return values.reshape(*shape, values.shape[-1])


@dataclass(frozen=True)
class AveragePooling(_WindowPooling):
    """The mean of each window, each channel for itself, over the positions that exist.

    Positions beyond the ends, and beyond the length of a sequence, do not count (as PyTorch's with
    ``count_include_pad=False``).

    Parameters
    ----------
    window : int or tuple of int
        For both axes, or (height, width).
    stride : int or tuple of int, optional
        Distance between windows; by default they lie side by side.
    padding : "valid" or "same"
        "valid" leaves out what fills no whole window; "same" gives ceil(n / stride) windows.

    Raises
    ------
    SpecError
        If a field is out of range, or no window fits into the input.

    Examples
    --------
    >>> x = jnp.arange(16.0).reshape(1, 4, 4, 1)
    >>> AveragePooling().apply({}, {}, x, key=None, train=False)[0][0, ..., 0].tolist()
    [[2.5, 4.5], [10.5, 12.5]]
    """

    def _pooled(self, values: jax.Array, present: jax.Array | None, windows: Windows) -> jax.Array:
        places = values.shape[1:-1]
        if present is None:
            present = jnp.ones((1, *places, 1), bool)
        else:
            values = jnp.where(present, values, 0)
            present = jnp.broadcast_to(present, (len(values), *places, 1))

        def total(a: jax.Array) -> jax.Array:
            padded = windows.padded(a)
            elements = (windows.element(padded, place) for place in windows.offsets())
            return functools.reduce(jnp.add, elements)

        return total(values) / jnp.maximum(total(present.astype(values.dtype)), 1)

    @property
    def label(self) -> str:
        """``average pool``, with the window where it is not 2x2."""
        return self._label("average pool")


@dataclass(frozen=True)
class GlobalPooling(Layer):
    """The mean or the largest number of each channel over all places: a picture becomes a vector.

    Of a sequence with lengths only the real positions count; one of length 0 gives 0.

    Parameters
    ----------
    way : "mean" or "max"

    Raises
    ------
    SpecError
        If the input is neither pictures nor sequences.

    References
    ----------
    Lin, Chen and Yan (2014), Network in network.

    Examples
    --------
    >>> GlobalPooling().init(jax.random.key(0), (7, 7, 64))[2]
    (64,)
    """

    way: str = "mean"

    def __post_init__(self) -> None:
        check_choice(self, "way", ("mean", "max"))

    def init(self, key: jax.Array, input_shape: Shape) -> tuple[Params, State, tuple[int, ...]]:
        """Return no parameters, and the number of channels."""
        shape = spatial_shape(self, input_shape)
        if 0 in shape[:-1]:
            raise SpecError(f"GlobalPooling needs at least one place, got shape {shape}")
        return {}, {}, (shape[-1],)

    def apply(
        self, params: Params, state: State, x: Any, *, key: jax.Array | None, train: bool
    ) -> tuple[jax.Array, State]:
        """Return (batch, channels)."""
        values, length = parts(x)
        axes = tuple(range(1, values.ndim - 1))
        if length is None:
            return (values.mean(axes) if self.way == "mean" else values.max(axes)), state
        if self.way == "mean":
            count = jnp.maximum(length, 1) * math.prod(values.shape[2:-1])
            total = masked(values, length).sum(axes)
            return total / count[:, None].astype(values.dtype), state
        largest = jnp.where(_present(values, length), values, -jnp.inf).max(axes)
        return jnp.where(length[:, None] > 0, largest, 0), state

    @property
    def label(self) -> str:
        """``global mean`` or ``global max``."""
        return f"global {self.way}"
