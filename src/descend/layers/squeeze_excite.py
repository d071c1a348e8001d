"""Channels that are weighed by what is in the whole picture."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import jax

from descend.layers.dense import Dense
from descend.layers.layer import Layer, Params, Shape, State
from descend.layers.pooling import GlobalPooling
from descend.layers.sequence import masked, parts, rejoined
from descend.layers.windows import spatial_shape
from descend.spec import check_integer

__all__ = ["SqueezeExcite"]


@dataclass(frozen=True)
class SqueezeExcite(Layer):
    """y = x * sigmoid(W2 relu(W1 mean(x) + b1) + b2): the mean over all places weighs each channel.

    Parameters
    ----------
    ratio : int
        W1 leads to channels / ratio units, at least 1.

    Raises
    ------
    SpecError
        If the ratio is below 1, or the input is neither pictures nor sequences.

    References
    ----------
    Hu, Shen and Sun (2018), Squeeze-and-excitation networks.

    Examples
    --------
    >>> params, _, shape = SqueezeExcite(4).init(jax.random.key(0), (7, 7, 64))
    >>> params["squeeze"]["weight"].shape, params["excite"]["weight"].shape, shape
    ((64, 16), (16, 64), (7, 7, 64))
    """

    ratio: int = 8

    def __post_init__(self) -> None:
        check_integer(self, "ratio", at_least=1)

    def init(self, key: jax.Array, input_shape: Shape) -> tuple[Params, State, Any]:
        """Draw W1 and W2."""
        channels = spatial_shape(self, input_shape)[-1]
        squeeze, excite = self._dense(channels)
        keys = jax.random.split(key)
        params = {"squeeze": squeeze.init(keys[0], (channels,))[0]}
        params["excite"] = excite.init(keys[1], (squeeze.units,))[0]
        return params, {}, input_shape

    def apply(
        self, params: Params, state: State, x: Any, *, key: jax.Array | None, train: bool
    ) -> tuple[Any, State]:
        """Return the weighed channels, same shape."""
        values = masked(*parts(x))
        factor, _ = GlobalPooling().apply({}, {}, x, key=None, train=train)
        for name, dense in zip(("squeeze", "excite"), self._dense(values.shape[-1]), strict=True):
            factor, _ = dense.apply(params[name], {}, factor, key=None, train=train)
        factor = factor.reshape(len(factor), *(1,) * (values.ndim - 2), values.shape[-1])
        return rejoined(x, values * factor), state

    def _dense(self, channels: int) -> tuple[Dense, Dense]:
        return Dense(max(1, channels // self.ratio), "relu"), Dense(channels, "sigmoid")
