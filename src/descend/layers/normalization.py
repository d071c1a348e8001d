"""Normalisation over a batch, and within an example or groups of its channels."""

from __future__ import annotations

import functools
import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import jax
import jax.numpy as jnp

from descend.errors import SpecError, UsageError
from descend.layers.layer import Layer, Params, Shape, State, array_shape
from descend.layers.sequence import masked, parts, rejoined
from descend.spec import check_integer, check_number

__all__ = ["BatchNormalization", "GroupNormalization", "LayerNormalization"]


def _features(layer: Layer, input_shape: Shape) -> int:
    """Return the length of the last axis."""
    shape = array_shape(layer, input_shape)
    if not shape:
        raise SpecError(f"{type(layer).__name__} needs at least one axis, got shape ()")
    return shape[-1]


def _moments(values: jax.Array, length: jax.Array | None) -> tuple[jax.Array, jax.Array, Any]:
    """Return mean and biased variance of each feature over all real positions, and their number."""
    axes = tuple(range(values.ndim - 1))
    # The mean of squares less the squared mean would cancel for a mean far from 0.
    if length is None:
        mean = jnp.mean(values, axes)
        return mean, jnp.mean(jnp.square(values - mean), axes), values.size // values.shape[-1]
    count = jnp.maximum(1, length.sum()) * math.prod(values.shape[2:-1])
    mean = values.sum(axes) / count
    return mean, masked(jnp.square(values - mean), length).sum(axes) / count, count


@functools.partial(jax.custom_vjp, nondiff_argnums=(4,))
def _normalized(
    values: jax.Array,
    length: jax.Array | None,
    scale: jax.Array,
    shift: jax.Array,
    epsilon: float,
) -> tuple[jax.Array, jax.Array, jax.Array]:
    """Return values normalised by their own mean and variance, and those; padding holds 0.

    With r = 1 / sqrt(variance + epsilon), n real positions and slopes g of the result, those of the
    values are scale r (g - sum(g) / n - r² (x - mean) sum(g (x - mean)) / n): two sums over the
    batch in the place of four in JAX's own gradient (docs/decisions/0056).
    """
    return _forward(values, length, scale, shift, epsilon)[0]


def _forward(
    values: jax.Array, length: Any, scale: jax.Array, shift: jax.Array, epsilon: float
) -> tuple[tuple[jax.Array, jax.Array, jax.Array], Any]:
    mean, variance, count = _moments(values, length)
    r = jax.lax.rsqrt(variance + epsilon)
    y = (values - mean) * (scale * r) + shift
    return (y, mean, variance), (values, scale, mean, r, count)


def _backward(epsilon: float, held: Any, slopes: Any) -> tuple[Any, ...]:
    values, scale, mean, r, count = held
    of_y, of_mean, of_variance = slopes
    axes = tuple(range(values.ndim - 1))
    of_shift = of_y.sum(axes)
    of_scale = (of_y * (values - mean)).sum(axes) * r
    factor = scale * r
    each = (2 * of_variance - factor * r * of_scale) / count
    of_values = factor * of_y + each * (values - mean) + (of_mean - factor * of_shift) / count
    return of_values, None, of_scale, of_shift


_normalized.defvjp(_forward, _backward)


@dataclass(frozen=True)
class BatchNormalization(Layer):
    """y = scale (x - mean) / sqrt(variance + epsilon) + shift, each feature over the batch.

    Features are the last axis; mean and variance are taken over all others. In training they are
    those of the batch; later they are running averages over the batches seen. All variances are
    the biased ones (divided by n), for the running average too, as in Keras; PyTorch normalises
    with the biased one and averages the unbiased one, n / (n - 1) as large.

    The running averages move by the share max(1 - momentum, 1 / t) at batch t: the plain mean
    over the first batches, an exponential one from then on. They hence owe nothing to their start,
    and training and inference agree from the first batch: after any number of batches all equal,
    exactly so. (PyTorch's ``momentum`` is 1 - momentum here.)

    Of sequences with lengths, ``{"values": ..., "length": ...}``, only the real positions count.

    The batch size must be at least 2 (or each example have several positions): over one value
    the variance is 0 and y would not depend on x.

    Parameters
    ----------
    momentum : float
        Share of the running average that each batch leaves, at least 0 and below 1.
    epsilon : float
        Above 0.

    Raises
    ------
    SpecError
        If a field is out of range.
    UsageError
        If it is trained on single values, such as with ``batch_size=1``.

    References
    ----------
    Ioffe and Szegedy (2015), Batch normalization.

    Examples
    --------
    >>> layer = BatchNormalization()
    >>> params, state, _ = layer.init(jax.random.key(0), (1,))
    >>> y, state = layer.apply(params, state, jnp.array([[2.0], [4.0]]), key=None, train=True)
    >>> print(y.round(3).tolist(), state["mean"], state["variance"])
    [[-1.0], [1.0]] [3.] [1.]
    """

    momentum: float = 0.9
    epsilon: float = 1e-5

    def __post_init__(self) -> None:
        check_number(self, "momentum", at_least=0, below=1)
        check_number(self, "epsilon", above=0)

    def init(self, key: jax.Array, input_shape: Shape) -> tuple[Params, State, Any]:
        """Return scale 1, shift 0; mean 0, variance 1 before any batch."""
        shape: Any = input_shape
        if isinstance(shape, Mapping) and {"values", "length"} <= set(shape):
            shape = tuple(shape["values"])
        features = _features(self, shape)
        params = {
            "scale": jnp.ones(features, jnp.float32),
            "shift": jnp.zeros(features, jnp.float32),
        }
        state = {
            "mean": jnp.zeros(features, jnp.float32),
            "variance": jnp.ones(features, jnp.float32),
            "batches": jnp.zeros((), jnp.float32),
        }
        return params, state, input_shape

    def apply(
        self, params: Params, state: State, x: Any, *, key: jax.Array | None, train: bool
    ) -> tuple[Any, State]:
        """Return y, same shape, and the new running averages."""
        values, length = parts(x)
        if train:
            if values.size == values.shape[-1]:
                raise UsageError(
                    "BatchNormalization cannot be trained on one row at a time: the variance of "
                    "one value is 0. Use a batch size of 2 or more, or LayerNormalization()."
                )
            real = masked(values, length)
            found: Any = _normalized(real, length, params["scale"], params["shift"], self.epsilon)
            y, mean, variance = found
            batches = state["batches"] + 1
            share = jnp.maximum(1 - self.momentum, 1 / batches)
            state = {
                "mean": state["mean"] + share * (mean - state["mean"]),
                "variance": state["variance"] + share * (variance - state["variance"]),
                "batches": batches,
            }
        else:
            factor = params["scale"] * jax.lax.rsqrt(state["variance"] + self.epsilon)
            y = (masked(values, length) - state["mean"]) * factor + params["shift"]
        return rejoined(x, y), state

    @property
    def label(self) -> str:
        """``batch norm``."""
        return "batch norm"


@dataclass(frozen=True)
class LayerNormalization(Layer):
    """y = scale (x - mean) / sqrt(variance + epsilon) + shift, each example over its last axis.

    The variance is the biased one (divided by n), as in PyTorch. Training and inference are the
    same, and any batch size will do.

    Parameters
    ----------
    epsilon : float
        Above 0.

    Raises
    ------
    SpecError
        If a field is out of range.

    References
    ----------
    Ba, Kiros and Hinton (2016), Layer normalization.

    Examples
    --------
    >>> layer = LayerNormalization()
    >>> params, state, _ = layer.init(jax.random.key(0), (2,))
    >>> y, _ = layer.apply(params, state, jnp.array([[2.0, 4.0]]), key=None, train=True)
    >>> print(y.round(3).tolist())
    [[-1.0, 1.0]]
    """

    epsilon: float = 1e-5

    def __post_init__(self) -> None:
        check_number(self, "epsilon", above=0)

    def init(self, key: jax.Array, input_shape: Shape) -> tuple[Params, State, tuple[int, ...]]:
        """Return scale 1 and shift 0."""
        features = _features(self, input_shape)
        params = {
            "scale": jnp.ones(features, jnp.float32),
            "shift": jnp.zeros(features, jnp.float32),
        }
        return params, {}, array_shape(self, input_shape)

    def apply(
        self, params: Params, state: State, x: jax.Array, *, key: jax.Array | None, train: bool
    ) -> tuple[jax.Array, State]:
        """Return y, same shape."""
        centred = x - jnp.mean(x, axis=-1, keepdims=True)
        variance = jnp.mean(jnp.square(centred), axis=-1, keepdims=True)
        y = centred * jax.lax.rsqrt(variance + self.epsilon)
        return y * params["scale"] + params["shift"], state

    @property
    def label(self) -> str:
        """``layer norm``."""
        return "layer norm"


@dataclass(frozen=True)
class GroupNormalization(Layer):
    """y = scale (x - mean) / sqrt(variance + epsilon) + shift, over groups of channels.

    The channels (the last axis) are split into groups in order; mean and variance are those of one
    example's group over all places. One group a channel is instance normalisation. Training and
    inference are the same, and any batch size will do. The variance is the biased one, as in
    PyTorch.

    Parameters
    ----------
    groups : int
        Must divide the number of channels.
    epsilon : float
        Above 0.

    Raises
    ------
    SpecError
        If a field is out of range, or the groups do not divide the channels.

    References
    ----------
    Wu and He (2018), Group normalization.

    Examples
    --------
    >>> GroupNormalization(2).init(jax.random.key(0), (7, 7, 16))[2]
    (7, 7, 16)
    """

    groups: int = 8
    epsilon: float = 1e-5

    def __post_init__(self) -> None:
        check_integer(self, "groups", at_least=1)
        check_number(self, "epsilon", above=0)

    def init(self, key: jax.Array, input_shape: Shape) -> tuple[Params, State, tuple[int, ...]]:
        """Return scale 1 and shift 0."""
        features = _features(self, input_shape)
        if features % self.groups:
            raise SpecError(
                f"GroupNormalization: {self.groups} groups do not divide {features} channels"
            )
        params = {
            "scale": jnp.ones(features, jnp.float32),
            "shift": jnp.zeros(features, jnp.float32),
        }
        return params, {}, array_shape(self, input_shape)

    def apply(
        self, params: Params, state: State, x: jax.Array, *, key: jax.Array | None, train: bool
    ) -> tuple[jax.Array, State]:
        """Return y, same shape."""
        split = x.reshape(*x.shape[:-1], self.groups, -1)
        axes = (*range(1, x.ndim - 1), x.ndim)
        centred = split - jnp.mean(split, axes, keepdims=True)
        variance = jnp.mean(jnp.square(centred), axes, keepdims=True)
        y = (centred * jax.lax.rsqrt(variance + self.epsilon)).reshape(x.shape)
        return y * params["scale"] + params["shift"], state

    @property
    def label(self) -> str:
        """``group norm``."""
        return "group norm"
