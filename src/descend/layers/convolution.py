"""Convolutions over sequences and pictures."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import jax

from descend import activations
from descend.errors import SpecError
from descend.initializers import He, Initializer, Zeros
from descend.layers.convolving import convolved, transposed
from descend.layers.layer import Layer, Params, Shape, State
from descend.layers.sequence import like_shape
from descend.layers.windows import (
    PADDINGS,
    check_sizes,
    moved_over,
    spatial_shape,
    windowed,
    windowed_lengths,
)
from descend.spec import check_choice, check_integer, check_spec

__all__ = ["Convolution", "TransposedConvolution"]


@dataclass(frozen=True)
class Convolution(Layer):
    """y[p, f] = activation(b[f] + sum over i and c of W[i, c, f] x[stride p + dilation i - q, c]).

    Each filter f is the same small pattern looked for at every place p: along time for inputs of
    shape (time, channels), along height and width for (height, width, channels). As everywhere in
    neural networks the pattern is not mirrored (a cross-correlation). On a CPU it is computed by
    matrix products (`convolving`), on other devices by the device's own convolution.

    ``params`` holds ``weight``, of shape (*kernel, channels / groups, filters), and ``bias``.

    A sequence with lengths, ``{"values": ..., "length": ...}``, keeps that form; positions beyond
    its length count as 0, as those beyond the ends do.

    Parameters
    ----------
    filters : int
        Channels of the output.
    kernel : int or tuple of int
        Size of the pattern: for both axes, or (height, width).
    activation : str
        Name of one of ``descend.activations.__all__``.
    stride : int or tuple of int
        Distance between places.
    dilation : int or tuple of int
        Distance between the positions that one pattern looks at.
    padding : "same" or "valid"
        "same": ceil(n / stride) places, zeros beyond the ends. "valid": places inside only.
        Which positions those are is said in `descend.layers.windows`.
    groups : int or "channels"
        Channels and filters are split into so many groups in order, and each group of filters sees
        its own group of channels only; "channels" is one group a channel (depthwise).
    use_bias : bool
    weight_initializer, bias_initializer : Initializer

    Raises
    ------
    SpecError
        If a field is out of range, the input is neither sequences nor pictures, the groups do not
        divide channels and filters, or no place fits.

    References
    ----------
    LeCun, Boser, Denker et al. (1989), Backpropagation applied to handwritten zip code recognition.

    Examples
    --------
    >>> layer = Convolution(16, 3, "relu", stride=2)
    >>> params, _, shape = layer.init(jax.random.key(0), (28, 28, 1))
    >>> params["weight"].shape, shape
    ((3, 3, 1, 16), (14, 14, 16))
    >>> Convolution(8, 5).init(jax.random.key(0), (100, 2))[2]
    (100, 8)
    """

    filters: int
    kernel: int | tuple[int, ...] = 3
    activation: str = "identity"
    stride: int | tuple[int, ...] = 1
    dilation: int | tuple[int, ...] = 1
    padding: str = "same"
    groups: int | str = 1
    use_bias: bool = True
    weight_initializer: Initializer = He()
    bias_initializer: Initializer = Zeros()

    def __post_init__(self) -> None:
        check_integer(self, "filters", at_least=1)
        for name in ("kernel", "stride", "dilation"):
            check_sizes(self, name)
        check_choice(self, "activation", activations.__all__)
        check_choice(self, "padding", PADDINGS)
        if self.groups != "channels":
            check_integer(self, "groups", at_least=1)
        check_choice(self, "use_bias", (True, False))
        check_spec(self, "weight_initializer", Initializer)
        check_spec(self, "bias_initializer", Initializer)

    def init(self, key: jax.Array, input_shape: Shape) -> tuple[Params, State, Any]:
        """Draw W and b."""
        shape = spatial_shape(self, input_shape)
        windows = self._windows(shape)
        groups = _groups(self, shape[-1])
        weight_key, bias_key = jax.random.split(key)
        area = math.prod(windows.sizes)
        fans = (area * shape[-1] // groups, area * self.filters // groups)
        weight_shape = (*windows.sizes, shape[-1] // groups, self.filters)
        params = {"weight": self.weight_initializer(weight_key, weight_shape, *fans)}
        if self.use_bias:
            params["bias"] = self.bias_initializer(bias_key, (self.filters,), *fans)
        return params, {}, like_shape(input_shape, (*windows.counts, self.filters))

    def apply(
        self, params: Params, state: State, x: Any, *, key: jax.Array | None, train: bool
    ) -> tuple[Any, State]:
        """Return the filters' outputs, (batch, *places, filters)."""
        values, _ = moved_over(x)
        windows = self._windows(values.shape[1:])
        y = convolved(values, params["weight"], windows, _groups(self, values.shape[-1]))
        if self.use_bias:
            y = y + params["bias"]
        y = getattr(activations, self.activation)(y)
        return windowed_lengths(x, y, windows, self.padding), state

    def _windows(self, shape: tuple[int, ...]):
        return windowed(self, shape, self.kernel, self.stride, self.dilation, self.padding)

    @property
    def label(self) -> str:
        """``conv 16 relu``, or with all that is unusual: ``conv 16 5x5 /2 relu``."""
        words = [f"conv {self.filters}"]
        if self.kernel not in (3, (3, 3)):
            sizes = self.kernel if isinstance(self.kernel, tuple) else (self.kernel,) * 2
            words.append("x".join(map(str, sizes)))
        if self.groups != 1:
            words.append("depthwise" if self.groups == "channels" else f"{self.groups} groups")
        if self.stride not in (1, (1,), (1, 1)):
            words.append(f"/{self.stride}")
        if self.activation != "identity":
            words.append(self.activation)
        return " ".join(words)


@dataclass(frozen=True)
class TransposedConvolution(Layer):
    """The transpose of a convolution's linear map, with a bias: makes pictures larger.

    y[stride p + i - before, f] += sum over c of x[p, c] W[i, c, f], for each place p of x: every
    place paints its pattern, and where patterns overlap they add up. With "same" the output has
    ``n * stride`` positions and the map is the transpose of `Convolution` with the same kernel,
    stride and padding; with "valid" it has ``(n - 1) * stride + kernel``.

    ``params`` holds ``weight``, of shape (*kernel, channels, filters), and ``bias``.

    Parameters
    ----------
    filters : int
    kernel, stride : int or tuple of int
    activation : str
    padding : "same" or "valid"
    use_bias : bool
    weight_initializer, bias_initializer : Initializer

    Raises
    ------
    SpecError
        If a field is out of range, or the input is not an array of sequences or pictures.

    References
    ----------
    Zeiler, Krishnan, Taylor and Fergus (2010), Deconvolutional networks.

    Examples
    --------
    >>> TransposedConvolution(8, 4, stride=2).init(jax.random.key(0), (7, 7, 16))[2]
    (14, 14, 8)
    """

    filters: int
    kernel: int | tuple[int, ...] = 3
    activation: str = "identity"
    stride: int | tuple[int, ...] = 2
    padding: str = "same"
    use_bias: bool = True
    weight_initializer: Initializer = He()
    bias_initializer: Initializer = Zeros()

    def __post_init__(self) -> None:
        check_integer(self, "filters", at_least=1)
        for name in ("kernel", "stride"):
            check_sizes(self, name)
        check_choice(self, "activation", activations.__all__)
        check_choice(self, "padding", PADDINGS)
        check_choice(self, "use_bias", (True, False))
        check_spec(self, "weight_initializer", Initializer)
        check_spec(self, "bias_initializer", Initializer)

    def init(self, key: jax.Array, input_shape: Shape) -> tuple[Params, State, tuple[int, ...]]:
        """Draw W and b."""
        if not isinstance(input_shape, tuple):
            raise SpecError(
                "TransposedConvolution takes arrays, and no sequences with lengths: "
                f"got {input_shape}"
            )
        shape = spatial_shape(self, input_shape)
        windows = self._windows(shape)
        weight_key, bias_key = jax.random.split(key)
        area = math.prod(windows.sizes)
        # Each output meets about kernel / stride patterns along an axis.
        fans = (
            max(1, area // math.prod(windows.strides)) * shape[-1],
            area * self.filters,
        )
        weight_shape = (*windows.sizes, shape[-1], self.filters)
        params = {"weight": self.weight_initializer(weight_key, weight_shape, *fans)}
        if self.use_bias:
            params["bias"] = self.bias_initializer(bias_key, (self.filters,), *fans)
        return params, {}, (*self._size(shape), self.filters)

    def apply(
        self, params: Params, state: State, x: jax.Array, *, key: jax.Array | None, train: bool
    ) -> tuple[jax.Array, State]:
        """Return the painted picture, (batch, *size, filters)."""
        y = transposed(x, params["weight"], self._windows(x.shape[1:]), self._size(x.shape[1:]))
        if self.use_bias:
            y = y + params["bias"]
        return getattr(activations, self.activation)(y), state

    def _windows(self, shape: tuple[int, ...]):
        """Return the windows that a convolution back to the input would have."""
        large = (*self._size(shape), shape[-1])
        return windowed(self, large, self.kernel, self.stride, 1, self.padding)

    def _size(self, shape: tuple[int, ...]) -> tuple[int, ...]:
        one = (1,) * (len(shape) - 1)
        small = windowed(self, (*one, 1), self.kernel, self.stride, 1, "same")  # sizes an axis
        return tuple(
            n * s if self.padding == "same" else (n - 1) * s + k
            for n, s, k in zip(shape, small.strides, small.sizes, strict=False)
        )

    @property
    def label(self) -> str:
        """``transposed conv 8 relu``."""
        shown = "" if self.activation == "identity" else f" {self.activation}"
        return f"transposed conv {self.filters}{shown}"


def _groups(layer: Convolution, channels: int) -> int:
    """Return the number of groups, or say what it must divide."""
    groups = channels if layer.groups == "channels" else layer.groups
    if not isinstance(groups, int) or channels % groups or layer.filters % groups:
        raise SpecError(
            f"Convolution: {groups} groups must divide {channels} channels and {layer.filters} "
            "filters evenly"
        )
    return groups
