"""Windows that move over pictures and sequences: their sizes, their places, and what pads them.

Of sequences with lengths, and of pictures of different heights (spectra of sounds, whose rows are
moments), positions beyond the length are padding.

Axes that windows move along (time; or height and width) stand between the batch axis and the
channels. A window of `size`, spread by `dilation`, spans ``(size - 1) * dilation + 1`` positions.

"valid" windows lie inside: ``floor((n - span) / stride) + 1`` of them. "same" windows are centred
on the positions 0, stride, 2 stride, ...: ``ceil(n / stride)`` of them, with
``q = floor((span - 1) / 2)`` positions of padding before the first and what is needed after the
last; for odd windows that is PyTorch's ``padding=(span - 1) // 2``, whatever n and the stride.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import jax
import jax.numpy as jnp

from descend.errors import SpecError
from descend.layers.layer import Layer, Shape
from descend.layers.sequence import masked, parts

__all__ = [
    "PADDINGS",
    "Windows",
    "check_sizes",
    "moved_over",
    "spatial_shape",
    "windowed",
    "windowed_lengths",
]

PADDINGS = ("same", "valid")


@dataclass(frozen=True)
class Windows:
    """Where windows lie along the axes they move over; every field has one entry an axis.

    Attributes
    ----------
    sizes, strides, dilations : tuple of int
    counts : tuple of int
        How many windows.
    before, after : tuple of int
        Padding that the first and the last window need; what the last does not reach, negative.
    """

    sizes: tuple[int, ...]
    strides: tuple[int, ...]
    dilations: tuple[int, ...]
    counts: tuple[int, ...]
    before: tuple[int, ...]
    after: tuple[int, ...]

    def padded(self, x: jax.Array, value: float = 0.0) -> jax.Array:
        """Return x with its padding, cut where no window reaches."""
        edges = [(0, 0, 0), *[(b, a, 0) for b, a in zip(self.before, self.after, strict=True)]]
        return jax.lax.pad(x, jnp.asarray(value, x.dtype), [*edges, (0, 0, 0)])

    def offsets(self) -> list[tuple[int, ...]]:
        """Return the place of each element within a window, last axis fastest."""
        places = [()]
        for size in self.sizes:
            places = [(*place, i) for place in places for i in range(size)]
        return places

    def element(self, padded: jax.Array, offset: tuple[int, ...]) -> jax.Array:
        """Return one element of every window: (batch, *counts, channels)."""
        start, stop, step = [0], [padded.shape[0]], [1]
        for i, count in enumerate(self.counts):
            first = offset[i] * self.dilations[i]
            start.append(first)
            stop.append(first + (count - 1) * self.strides[i] + 1)
            step.append(self.strides[i])
        return jax.lax.slice(padded, [*start, 0], [*stop, padded.shape[-1]], [*step, 1])


def check_sizes(spec: Any, name: str) -> None:
    """Refuse a field that is not an integer of at least 1, or a tuple of one or two of them."""
    value = getattr(spec, name)
    several = value if isinstance(value, tuple) else (value,)
    if not 1 <= len(several) <= 2 or not all(type(n) is int and n >= 1 for n in several):
        raise SpecError(
            f"{type(spec).__name__}: {name} must be an integer, at least 1, or one for each axis "
            f"such as (3, 3), got {value!r}"
        )


def spatial_shape(layer: Layer, input_shape: Shape) -> tuple[int, ...]:
    """Return the shape of a sequence (time, channels) or picture (height, width, channels).

    Raises
    ------
    SpecError
        If the input is neither.
    """
    shape: Any = input_shape
    if not isinstance(shape, tuple):
        shape = tuple(shape["values"]) if {"values", "length"} <= set(shape) else ()
    if len(shape) not in (2, 3):
        raise SpecError(
            f"{type(layer).__name__} takes sequences, input shape (time, channels), or pictures, "
            f"input shape (height, width, channels), but got {input_shape}. Reshape((28, 28, 1)) "
            "before it makes a grey picture of 784 numbers."
        )
    return shape


def windowed(
    layer: Layer,
    shape: tuple[int, ...],
    size: int | tuple[int, ...],
    stride: int | tuple[int, ...],
    dilation: int | tuple[int, ...] = 1,
    padding: str = "valid",
) -> Windows:
    """Lay windows over an input of shape (time, channels) or (height, width, channels).

    Raises
    ------
    SpecError
        If a size is given for another number of axes, or no window fits.
    """
    axes = len(shape) - 1
    sizes, strides, dilations = (_for_axes(layer, v, axes) for v in (size, stride, dilation))
    counts, before, after = [], [], []
    for n, k, s, d in zip(shape, sizes, strides, dilations, strict=False):
        span = (k - 1) * d + 1
        count = -(-n // s) if padding == "same" else (n - span) // s + 1
        if count < 1:
            raise SpecError(
                f"{type(layer).__name__}: a window of {span} does not fit into the "
                f"{n} positions of an input of shape {shape}. Use a smaller window, fewer layers "
                'that make the input smaller, or padding="same".'
            )
        first = (span - 1) // 2 if padding == "same" else 0
        counts.append(count)
        before.append(first)
        after.append((count - 1) * s + span - first - n)
    return Windows(sizes, strides, dilations, tuple(counts), tuple(before), tuple(after))


def _for_axes(layer: Layer, value: int | tuple[int, ...], axes: int) -> tuple[int, ...]:
    if isinstance(value, int):
        return (value,) * axes
    if len(value) != axes:
        what = "a sequence has one axis" if axes == 1 else "a picture has two axes"
        raise SpecError(f"{type(layer).__name__}: {what}, but {value} has {len(value)} entries")
    return value


def moved_over(x: Any) -> tuple[jax.Array, jax.Array | None]:
    """Return the array to lay windows over, padding of sequences set to 0, and the lengths."""
    values, length = parts(x)
    return masked(values, length), length


def windowed_lengths(x: Any, y: jax.Array, windows: Windows, padding: str) -> Any:
    """Return y in the form of x: where x is a dict of sequences, with the lengths that are left.

    As many windows are real as a sequence without padding would have had.
    """
    length = parts(x)[1]
    if length is None:
        return y
    stride = windows.strides[0]
    if padding == "same":
        left = -(-length // stride)
    else:
        span = (windows.sizes[0] - 1) * windows.dilations[0] + 1
        left = jnp.maximum((length - span) // stride + 1, 0)
    return {"values": masked(y, left), "length": left.astype(length.dtype)}
