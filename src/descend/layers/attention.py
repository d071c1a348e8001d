"""Self-attention: every step of a sequence looks at the others."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import jax
import jax.numpy as jnp

from descend.errors import SpecError
from descend.initializers import Glorot, Initializer, SmallNormal
from descend.layers.combinators import Residual, Sequential
from descend.layers.dense import Dense
from descend.layers.dropout import Dropout
from descend.layers.each_step import EachStep
from descend.layers.layer import Layer, Params, Shape, State
from descend.layers.normalization import LayerNormalization
from descend.layers.product import product
from descend.layers.sequence import (
    like_shape,
    masked,
    parts,
    real,
    rejoined,
    sequence_shape,
    shares,
)
from descend.spec import check_choice, check_integer, check_number, check_spec

__all__ = ["AttentionBlock", "SelfAttention"]

_POSITIONS = ("rotary", "learned", "none")


def _rotated(x: jax.Array) -> jax.Array:
    """Turn the pairs (x_i, x_{i + d/2}) of each head at step t by the angle t · 10000^(-2i/d)."""
    time, d = x.shape[-2:]
    rates = 10000.0 ** (-jnp.arange(0, d, 2, dtype=x.dtype) / d)
    angles = jnp.arange(time, dtype=x.dtype)[:, None] * rates
    sin, cos = jnp.sin(angles), jnp.cos(angles)
    first, second = x[..., : d // 2], x[..., d // 2 :]
    return jnp.concatenate([first * cos - second * sin, second * cos + first * sin], axis=-1)


@dataclass(frozen=True)
class SelfAttention(Layer):
    """y = softmax(Q Kᵀ / √d) V O for each head, with [Q, K, V] = x W + b; heads are joined.

    d = channels / heads; O has a bias. Steps of padding are never looked at.

    Parameters
    ----------
    heads : int
        Must divide the channels.
    causal : bool
        Whether a step looks only at itself and at earlier ones.
    positions : "rotary", "learned" or "none"
        *rotary* turns Q and K by an angle that grows with the step, so that only distances count;
        *learned* adds a learned vector for each step to what Q and K are made of.
    dropout : float
        Share of the attention dropped in training.
    weight_initializer : Initializer

    Raises
    ------
    SpecError
        If the input is not a sequence, or its channels cannot be divided among the heads.

    References
    ----------
    Vaswani et al. (2017), Attention is all you need; Su et al. (2021), RoFormer, for rotary
    positions (pairs half a head apart).

    Examples
    --------
    >>> SelfAttention(heads=2).init(jax.random.key(0), (10, 8))[2]
    (10, 8)
    """

    heads: int
    causal: bool = False
    positions: str = "rotary"
    dropout: float = 0.0
    weight_initializer: Initializer = Glorot()

    def __post_init__(self) -> None:
        check_integer(self, "heads", at_least=1)
        check_choice(self, "causal", (True, False))
        check_choice(self, "positions", _POSITIONS)
        check_number(self, "dropout", at_least=0, below=1)
        check_spec(self, "weight_initializer", Initializer)

    def init(self, key: jax.Array, input_shape: Shape) -> tuple[Params, State, Any]:
        """Draw W (channels, 3·channels), O (channels, channels), and learned positions."""
        time, channels = sequence_shape(self, input_shape)
        even = 2 if self.positions == "rotary" else 1
        if channels % (self.heads * even):
            raise SpecError(
                f"SelfAttention: {channels} channels cannot be divided among {self.heads} heads"
                + (", each of an even number (rotary positions turn pairs)" if even == 2 else "")
            )
        keys = jax.random.split(key, 5)
        fans = (channels, channels)
        three = [self.weight_initializer(k, fans, *fans) for k in keys[:3]]
        params: Params = {
            "input": {
                "weight": jnp.concatenate(three, axis=1),
                "bias": jnp.zeros((3 * channels,), jnp.float32),
            },
            "output": {
                "weight": self.weight_initializer(keys[3], fans, *fans),
                "bias": jnp.zeros((channels,), jnp.float32),
            },
        }
        if self.positions == "learned":
            params["positions"] = SmallNormal(0.02)(keys[4], (time, channels), time, channels)
        return params, {}, like_shape(input_shape, (time, channels))

    def apply(
        self, params: Params, state: State, x: Any, *, key: jax.Array | None, train: bool
    ) -> tuple[Any, State]:
        """Return what every step gathered, (batch, time, channels)."""
        values, length = parts(x)
        values = masked(values, length)
        batch, time, channels = values.shape
        weight, bias = params["input"]["weight"], params["input"]["bias"]
        if self.positions == "learned":
            placed = values + params["positions"][:time]
            looked = product(placed, weight[:, : 2 * channels]) + bias[: 2 * channels]
            told = product(values, weight[:, 2 * channels :]) + bias[2 * channels :]
        else:
            total = product(values, weight) + bias
            looked, told = total[..., : 2 * channels], total[..., 2 * channels :]

        def by_head(a: jax.Array) -> jax.Array:
            return a.reshape(batch, time, self.heads, -1).swapaxes(1, 2)

        q, k, v = by_head(looked[..., :channels]), by_head(looked[..., channels:]), by_head(told)
        if self.positions == "rotary":
            q, k = _rotated(q), _rotated(k)
        scores = q @ k.swapaxes(-1, -2) * (channels // self.heads) ** -0.5
        seen = real(values, length)[:, None, None, :]
        if self.causal:
            seen = seen & jnp.tril(jnp.ones((time, time), bool))
        looks = shares(scores, seen)
        if train and self.dropout:
            looks, _ = Dropout(self.dropout).apply({}, {}, looks, key=key, train=True)
        gathered = (looks @ v).swapaxes(1, 2).reshape(batch, time, channels)
        y = product(gathered, params["output"]["weight"]) + params["output"]["bias"]
        return rejoined(x, y), state

    @property
    def draws(self) -> bool:
        """Whether attention is dropped."""
        return self.dropout > 0

    @property
    def label(self) -> str:
        """How many heads, and whether they look back only."""
        return f"{'causal ' if self.causal else ''}attention {self.heads} heads"


@dataclass(frozen=True)
class AttentionBlock(Layer):
    """u = x + attention(norm(x)), y = u + W₂ gelu(norm(u) W₁): one block of a transformer.

    Normalisation comes first ("pre-norm"), which needs no warm-up.

    Parameters
    ----------
    heads : int
    hidden : int
        Units of W₁, as a multiple of the channels.
    causal, positions
        As of `SelfAttention`.
    dropout : float
        Share dropped from both branches, and from the attention.

    References
    ----------
    Xiong et al. (2020), On layer normalization in the transformer architecture.

    Examples
    --------
    >>> AttentionBlock(heads=2, causal=True).init(jax.random.key(0), (10, 8))[2]
    (10, 8)
    """

    heads: int
    hidden: int = 4
    causal: bool = False
    positions: str = "rotary"
    dropout: float = 0.0

    def __post_init__(self) -> None:
        check_integer(self, "heads", at_least=1)
        check_integer(self, "hidden", at_least=1)
        check_choice(self, "causal", (True, False))
        check_choice(self, "positions", _POSITIONS)
        check_number(self, "dropout", at_least=0, below=1)

    def _whole(self, channels: int) -> Sequential:
        drop = (EachStep(Dropout(self.dropout)),) if self.dropout else ()
        attention = SelfAttention(self.heads, self.causal, self.positions, self.dropout)
        dense = (LayerNormalization(), Dense(self.hidden * channels, "gelu"), Dense(channels))
        return Sequential(
            (
                Residual(Sequential((EachStep(LayerNormalization()), attention, *drop))),
                Residual(Sequential((EachStep(Sequential(dense)), *drop))),
            )
        )

    def init(self, key: jax.Array, input_shape: Shape) -> tuple[Params, State, Any]:
        """Draw the parameters of both branches."""
        return self._whole(sequence_shape(self, input_shape)[1]).init(key, input_shape)

    def apply(
        self, params: Params, state: State, x: Any, *, key: jax.Array | None, train: bool
    ) -> tuple[Any, State]:
        """Return y, same shape."""
        channels = parts(x)[0].shape[-1]
        return self._whole(channels).apply(params, state, x, key=key, train=train)

    @property
    def draws(self) -> bool:
        """Whether anything is dropped."""
        return self.dropout > 0

    @property
    def label(self) -> str:
        """How many heads, and whether they look back only."""
        return f"{'causal ' if self.causal else ''}attention block {self.heads} heads"
