"""Embeddings of sequences of token codes: one vector a token, or one vector a bag of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import jax
import jax.numpy as jnp

from descend.errors import UsageError
from descend.initializers import Initializer, SmallNormal
from descend.layers.coins import coins
from descend.layers.layer import Layer, Params, Shape, State
from descend.layers.sequence import (
    like_shape,
    masked,
    parts,
    real,
    rejoined,
    shares,
    token_steps,
)
from descend.spec import check_choice, check_integer, check_number, check_spec

__all__ = ["EmbeddingBag", "TokenEmbedding"]


def _vectors(
    layer: Any, params: Params, x: Any, key: jax.Array | None, train: bool
) -> tuple[jax.Array, jax.Array | None]:
    """Return the vectors of the tokens (batch, time, dim), weighed, some dropped; and lengths."""
    codes, length = parts(x)
    vectors = jnp.take(params["weight"], codes, axis=0, mode="clip")
    if isinstance(x, Mapping) and "weights" in x:
        vectors = vectors * x["weights"][..., None].astype(vectors.dtype)
    if train and layer.token_dropout:
        if key is None:
            raise UsageError(
                f"{type(layer).__name__} draws when train is true: give apply a random key"
            )
        keep = 1.0 - layer.token_dropout
        kept = coins(key, keep, codes.shape)
        vectors = jnp.where(kept[..., None], vectors / keep, 0)
    return vectors, length


def _check(layer: Any) -> None:
    check_integer(layer, "size", at_least=1)
    check_integer(layer, "dim", at_least=1)
    check_number(layer, "token_dropout", at_least=0, below=1)
    check_spec(layer, "weight_initializer", Initializer)


@dataclass(frozen=True)
class TokenEmbedding(Layer):
    """y_t = w_t W[x_t]: each token of a sequence picks a learned vector.

    Inputs are int32 codes (time,), or a dict of them with lengths (see ``sequence.py``) and, if
    there is ``weights`` (time,) in it, importances w_t; they are 1 otherwise. A code out of range
    takes the nearest row: the caller checks.

    Parameters
    ----------
    size : int
        Number of codes.
    dim : int
        Length of the vectors.
    token_dropout : float
        Share of whole tokens dropped in training; the others grow by 1 / (1 - share).
    weight_initializer : Initializer

    Examples
    --------
    >>> layer = TokenEmbedding(100, 8)
    >>> layer.init(jax.random.key(0), {"values": (20,), "length": ()})[2]
    {'values': (20, 8), 'length': ()}
    """

    size: int
    dim: int
    token_dropout: float = 0.0
    weight_initializer: Initializer = SmallNormal(0.1)

    def __post_init__(self) -> None:
        _check(self)

    def init(self, key: jax.Array, input_shape: Shape) -> tuple[Params, State, Any]:
        """Draw W (size, dim)."""
        time = token_steps(self, input_shape)
        shape = (self.size, self.dim)
        params = {"weight": self.weight_initializer(key, shape, *shape)}
        return params, {}, like_shape(input_shape, (time, self.dim))

    def apply(
        self, params: Params, state: State, x: Any, *, key: jax.Array | None, train: bool
    ) -> tuple[Any, State]:
        """Return the vectors, (batch, time, dim)."""
        return rejoined(x, _vectors(self, params, x, key, train)[0]), state

    @property
    def draws(self) -> bool:
        """Whether tokens are dropped."""
        return self.token_dropout > 0

    @property
    def label(self) -> str:
        """How many codes, and the length of their vectors."""
        return f"{self.size:,} tokens embedded in {self.dim}"


@dataclass(frozen=True)
class EmbeddingBag(Layer):
    """One vector for all tokens of a sequence, whatever their order.

    - ``sum``: y = Σ_t w_t W[x_t];
    - ``mean``: that, divided by the number of tokens (0 for an empty sequence);
    - ``attention``: y = Σ_t a_t w_t W[x_t], a = softmax over t of w_t W[x_t] · q, q learned.

    Parameters
    ----------
    size, dim, token_dropout, weight_initializer
        As of `TokenEmbedding`.
    mode : "mean", "sum" or "attention"

    References
    ----------
    Joulin, Grave, Bojanowski and Mikolov (2017), Bag of tricks for efficient text classification;
    Iyyer et al. (2015), Deep averaging networks, for the dropping of whole words.

    Examples
    --------
    >>> layer = EmbeddingBag(100, 8)
    >>> params, _, _ = layer.init(jax.random.key(0), (3,))
    >>> y, _ = layer.apply(params, {}, jnp.array([[7, 7, 7]]), key=None, train=False)
    >>> bool(jnp.allclose(y[0], params["weight"][7]))
    True
    """

    size: int
    dim: int
    mode: str = "mean"
    token_dropout: float = 0.0
    weight_initializer: Initializer = SmallNormal(0.1)

    def __post_init__(self) -> None:
        _check(self)
        check_choice(self, "mode", ("mean", "sum", "attention"))

    def init(self, key: jax.Array, input_shape: Shape) -> tuple[Params, State, tuple[int, ...]]:
        """Draw W (size, dim), and q (dim,) where there is attention."""
        token_steps(self, input_shape)
        shape = (self.size, self.dim)
        table_key, query_key = jax.random.split(key)
        params: Params = {"weight": self.weight_initializer(table_key, shape, *shape)}
        if self.mode == "attention":
            params["query"] = self.weight_initializer(query_key, (self.dim,), self.dim, 1)
        return params, {}, (self.dim,)

    def apply(
        self, params: Params, state: State, x: Any, *, key: jax.Array | None, train: bool
    ) -> tuple[jax.Array, State]:
        """Return the vector of the whole, (batch, dim)."""
        vectors, length = _vectors(self, params, x, key, train)
        if self.mode == "attention":
            looks = shares(vectors @ params["query"], real(vectors, length))
            vectors = vectors * looks[..., None]
        total = masked(vectors, length).sum(axis=1)
        if self.mode == "mean":
            count = vectors.shape[1] if length is None else jnp.maximum(length, 1)[:, None]
            total = total / count
        return total, state

    @property
    def draws(self) -> bool:
        """Whether tokens are dropped."""
        return self.token_dropout > 0

    @property
    def label(self) -> str:
        """How many codes, the length of their vectors, and how they are joined."""
        return f"{self.mode} of {self.size:,} tokens embedded in {self.dim}"
