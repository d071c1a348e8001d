"""Pooling: smaller pictures and sequences, by the largest or the mean of each window."""

from __future__ import annotations

import functools
import itertools
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

UNROLLED = 16
"""Elements of a window up to which they are compared one by one, in one pass: the quicker way."""


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

    Where several are largest, the first of them gets the gradient, as in PyTorch.
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
            return _largest(_split(windows.padded(values), windows), windows.sizes)
        padded = windows.padded(values, -jnp.inf)
        elements = (windows.element(padded, place) for place in windows.offsets())
        return functools.reduce(_larger, elements)

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


def _larger(one: jax.Array, other: jax.Array) -> jax.Array:
    """Return the larger numbers, where equal with the gradient of the first; NaN stays."""
    return jnp.where((other <= one) | jnp.isnan(one), one, other)


@functools.partial(jax.custom_vjp, nondiff_argnums=(1,))
def _largest(split: jax.Array, sizes: tuple[int, ...]) -> jax.Array:
    """Return the largest number of each window, of windows side by side as `_split` has them.

    What is kept for the gradient is the place of the first largest element of each window. JAX's
    own gradient reads all elements again and counts how many are largest, which takes a quarter of
    the training step of a small network (docs/decisions/0058).
    """
    return _largest_forward(split, sizes)[0]


def _largest_forward(split: jax.Array, sizes: tuple[int, ...]) -> tuple[jax.Array, jax.Array]:
    places, across = _places(sizes), _across(sizes)
    if places.size > UNROLLED:
        largest = split.max(across, keepdims=True)
        first = jnp.where(split == largest, places, places.size - 1).min(across)
        return largest.squeeze(across), first.astype(places.dtype)
    elements = [
        split[(slice(None), *(i for n in place for i in (slice(None), n)))]
        for place in itertools.product(*map(range, sizes))
    ]
    largest, first = elements[0], jnp.zeros(elements[0].shape, places.dtype)
    for i, element in enumerate(elements):
        first = jnp.where(element > largest, jnp.asarray(i, places.dtype), first)
        largest = jnp.maximum(largest, element)
    return largest, first


def _largest_backward(
    sizes: tuple[int, ...], first: jax.Array, slopes: jax.Array
) -> tuple[jax.Array]:
    across = _across(sizes)
    here = jnp.expand_dims(first, across) == _places(sizes)
    return (jnp.where(here, jnp.expand_dims(slopes, across), 0),)


def _across(sizes: tuple[int, ...]) -> tuple[int, ...]:
    """Return which axes of split windows lie within a window."""
    return tuple(range(2, 2 * len(sizes) + 1, 2))


def _places(sizes: tuple[int, ...]) -> jax.Array:
    """Return which element of a window stands where, last axis fastest: (size, 1, size, 1)."""
    count = math.prod(sizes)
    places = jnp.arange(count).astype(jnp.uint8 if count <= 256 else jnp.int32)
    return places.reshape(*(n for size in sizes for n in (size, 1)))


_largest.defvjp(_largest_forward, _largest_backward)


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
