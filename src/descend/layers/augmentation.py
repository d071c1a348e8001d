"""Pictures changed at random in training, so that each is never seen twice the same.

Every layer here draws anew for each example and step, inside the compiled step, and hands its input
on as it is when nothing is trained. They take pictures (batch, height, width, channels) and keep
their shape.
"""

from __future__ import annotations

from dataclasses import dataclass

import jax
import jax.numpy as jnp

from descend.errors import SpecError
from descend.layers.layer import Layer, Params, Shape, State, array_shape
from descend.spec import check_number

__all__ = ["Cutout", "PixelScaling", "RandomColour", "RandomFlip", "RandomWarp"]


class _PictureLayer(Layer):
    """A layer from pictures to pictures of the same shape, without parameters."""

    def init(self, key: jax.Array, input_shape: Shape) -> tuple[Params, State, tuple[int, ...]]:
        """Return no parameters and the same shape."""
        shape = array_shape(self, input_shape)
        if len(shape) != 3:
            raise SpecError(
                f"{type(self).__name__} takes pictures, input shape (height, width, channels), "
                f"but got {shape}"
            )
        return {}, {}, shape


@dataclass(frozen=True)
class PixelScaling(_PictureLayer):
    """y = (x - mean) / deviation, as float32: bytes of pictures into numbers around 0.

    Parameters
    ----------
    mean, deviation : float
        In the unit of x, for bytes from 0 to 255; the deviation above 0.

    Examples
    --------
    >>> x = jnp.full((1, 1, 1, 1), 255, jnp.uint8)
    >>> PixelScaling(127.5, 127.5).apply({}, {}, x, key=None, train=False)[0].item()
    1.0
    """

    mean: float = 127.5
    deviation: float = 64.0

    def __post_init__(self) -> None:
        check_number(self, "mean")
        check_number(self, "deviation", above=0)

    def apply(
        self, params: Params, state: State, x: jax.Array, *, key: jax.Array | None, train: bool
    ) -> tuple[jax.Array, State]:
        """Return the scaled numbers."""
        return (jnp.asarray(x).astype(float) - self.mean) * (1 / self.deviation), state

    @property
    def label(self) -> str:
        """``scaled``."""
        return "scaled"


class _Augmentation(_PictureLayer):
    """A layer that draws in training, and hands its input on otherwise."""

    @property
    def draws(self) -> bool:
        """True: it needs a key in training."""
        return True

    def apply(
        self, params: Params, state: State, x: jax.Array, *, key: jax.Array | None, train: bool
    ) -> tuple[jax.Array, State]:
        """Return the changed pictures in training, x otherwise."""
        if not train:
            return x, state
        if key is None:
            raise SpecError(f"{type(self).__name__} draws in training, and needs a key")
        return self._changed(x, key), state

    def _changed(self, x: jax.Array, key: jax.Array) -> jax.Array:
        raise NotImplementedError


def _mirrored(x: jax.Array) -> jax.Array:
    return x[:, :, ::-1]


@dataclass(frozen=True)
class RandomFlip(_Augmentation):
    """Mirror each picture left to right, or not, with equal chance.

    Only for pictures whose mirror image means the same: not for digits and letters.

    Examples
    --------
    >>> RandomFlip().init(jax.random.key(0), (28, 28, 1))
    ({}, {}, (28, 28, 1))
    """

    def _changed(self, x: jax.Array, key: jax.Array) -> jax.Array:
        flip = jax.random.bernoulli(key, 0.5, (len(x), 1, 1, 1))
        return jnp.where(flip, _mirrored(x), x)

    @property
    def label(self) -> str:
        """``flip``."""
        return "flip"


@dataclass(frozen=True)
class RandomWarp(_Augmentation):
    """Shift, scale and rotate each picture about its middle by random amounts.

    Between pixels it is interpolated linearly; beyond the edge, the edge goes on. Where nothing is
    rotated, rows and columns are interpolated one after another by two matrix products, which is
    several times quicker than picking pixels.

    Parameters
    ----------
    shift : float
        Up to so much of height and width, each way.
    scale : float
        Larger or smaller by a factor of up to 1 + scale.
    rotate : float
        Up to so many degrees, each way.

    Examples
    --------
    >>> RandomWarp(shift=0.1, rotate=10).label
    'shift 0.1 rotate 10'
    """

    shift: float = 0.1
    scale: float = 0.0
    rotate: float = 0.0

    def __post_init__(self) -> None:
        check_number(self, "shift", at_least=0, at_most=1)
        check_number(self, "scale", at_least=0, at_most=4)
        check_number(self, "rotate", at_least=0, at_most=180)

    def _changed(self, x: jax.Array, key: jax.Array) -> jax.Array:
        rows, (height, width) = len(x), x.shape[1:3]
        shift_key, scale_key, rotate_key = jax.random.split(key, 3)
        move = self.shift * jax.random.uniform(shift_key, (2, rows, 1), x.dtype, -1, 1)
        size = (1 + self.scale) ** jax.random.uniform(scale_key, (rows, 1), x.dtype, -1, 1)
        down = (jnp.arange(height, dtype=x.dtype) - (height - 1) / 2) / size + move[0] * height
        right = (jnp.arange(width, dtype=x.dtype) - (width - 1) / 2) / size + move[1] * width
        if not self.rotate:
            first = _interpolation(down + (height - 1) / 2, height)
            second = _interpolation(right + (width - 1) / 2, width)
            rows_done = jnp.einsum("bih,bhwc->biwc", first, x)
            return jnp.einsum("bjw,biwc->bijc", second, rows_done)
        angle = jnp.deg2rad(self.rotate) * jax.random.uniform(
            rotate_key, (rows, 1, 1), x.dtype, -1, 1
        )
        cos, sin = jnp.cos(angle), jnp.sin(angle)
        y = cos * down[:, :, None] - sin * right[:, None, :] + (height - 1) / 2
        z = sin * down[:, :, None] + cos * right[:, None, :] + (width - 1) / 2
        return _sampled(x, y, z)

    @property
    def label(self) -> str:
        """``shift 0.1 scale 0.1 rotate 10``."""
        named = (("shift", self.shift), ("scale", self.scale), ("rotate", self.rotate))
        return " ".join(f"{word} {value:g}" for word, value in named if value) or "no shift"


def _interpolation(places: jax.Array, size: int) -> jax.Array:
    """Return matrices (batch, places, size) that interpolate linearly at the places."""
    inside = jnp.clip(places, 0, size - 1)[..., None]
    return jnp.maximum(0, 1 - jnp.abs(inside - jnp.arange(size, dtype=places.dtype)))


def _sampled(x: jax.Array, y: jax.Array, z: jax.Array) -> jax.Array:
    """Return pictures at rows y and columns z (batch, height, width), linear between pixels."""
    rows, height, width, channels = x.shape
    flat = x.reshape(rows, height * width, channels)
    y, z = jnp.clip(y, 0, height - 1), jnp.clip(z, 0, width - 1)
    top = jnp.minimum(y.astype(jnp.int32), max(0, height - 2))
    left = jnp.minimum(z.astype(jnp.int32), max(0, width - 2))
    below, beside = y - top, z - left
    total = jnp.zeros_like(x)
    for i in range(min(2, height)):
        for j in range(min(2, width)):
            share = (below if i else 1 - below) * (beside if j else 1 - beside)
            place = ((top + i) * width + left + j).reshape(rows, -1, 1)
            picked = jnp.take_along_axis(flat, place, axis=1).reshape(x.shape)
            total = total + share[..., None] * picked
    return total


@dataclass(frozen=True)
class RandomColour(_Augmentation):
    """Other light: brightness, contrast and, with several channels, saturation of each picture.

    y = a (m + s (x - m) - M) + M + b, where m is the mean of a pixel's channels and M that of the
    picture; a and s are up to 1 ± amount, and b up to ± amount of the picture's deviation.

    Parameters
    ----------
    amount : float
        From 0 to 1.

    Examples
    --------
    >>> RandomColour(0.2).label
    'colour 0.2'
    """

    amount: float = 0.2

    def __post_init__(self) -> None:
        check_number(self, "amount", at_least=0, at_most=1)

    def _changed(self, x: jax.Array, key: jax.Array) -> jax.Array:
        drawn = self.amount * jax.random.uniform(key, (3, len(x), 1, 1, 1), x.dtype, -1, 1)
        grey = x.mean(-1, keepdims=True)
        level = x.mean((1, 2, 3), keepdims=True)
        spread = jnp.sqrt(jnp.mean(jnp.square(x - level), (1, 2, 3), keepdims=True) + 1e-12)
        coloured = grey + (1 + drawn[0]) * (x - grey) if x.shape[-1] > 1 else x
        return (1 + drawn[1]) * (coloured - level) + level + drawn[2] * spread

    @property
    def label(self) -> str:
        """``colour 0.2``."""
        return f"colour {self.amount:g}"


@dataclass(frozen=True)
class Cutout(_Augmentation):
    """Set one random square of each picture to 0, the mean of scaled pictures.

    Parameters
    ----------
    share : float
        Side of the square, as a share of the shorter side of the picture. Its middle may be
        anywhere, so that parts of it may lie outside.

    References
    ----------
    DeVries and Taylor (2017), Improved regularization of convolutional neural networks with cutout.

    Examples
    --------
    >>> Cutout(0.25).label
    'cutout 0.25'
    """

    share: float = 0.25

    def __post_init__(self) -> None:
        check_number(self, "share", above=0, at_most=1)

    def _changed(self, x: jax.Array, key: jax.Array) -> jax.Array:
        height, width = x.shape[1:3]
        half = self.share * min(height, width) / 2
        middle = jax.random.uniform(key, (2, len(x), 1), x.dtype)
        down = jnp.abs(jnp.arange(height) - middle[0] * (height - 1)) < half
        right = jnp.abs(jnp.arange(width) - middle[1] * (width - 1)) < half
        return jnp.where((down[:, :, None] & right[:, None, :])[..., None], 0, x)

    @property
    def label(self) -> str:
        """``cutout 0.25``."""
        return f"cutout {self.share:g}"
