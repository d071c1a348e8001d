"""Dropout."""

from __future__ import annotations

from dataclasses import dataclass

import jax
import jax.numpy as jnp

from descend.errors import UsageError
from descend.layers.coins import coins
from descend.layers.layer import Layer, Params, Shape, State, array_shape
from descend.schedules import FlatCosine
from descend.spec import check_number

__all__ = ["Dropout", "FadingDropout"]


@dataclass(frozen=True)
class Dropout(Layer):
    """In training y = x m / (1 - rate), each m 0 with probability ``rate``, else 1; later y = x.

    The division ("inverted" dropout, as in PyTorch and Keras) keeps the mean of y equal to x, so
    that nothing needs scaling afterwards.

    Parameters
    ----------
    rate : float
        Probability that an element is dropped, at least 0 and below 1.

    Raises
    ------
    SpecError
        If the rate is out of range.
    UsageError
        If `apply` is to train without a key.

    References
    ----------
    Srivastava, Hinton, Krizhevsky, Sutskever and Salakhutdinov (2014), Dropout.

    Examples
    --------
    >>> y, _ = Dropout(0.5).apply({}, {}, jnp.ones((1, 3)), key=None, train=False)
    >>> print(y)
    [[1. 1. 1.]]
    """

    rate: float

    def __post_init__(self) -> None:
        check_number(self, "rate", at_least=0, below=1)

    def init(self, key: jax.Array, input_shape: Shape) -> tuple[Params, State, tuple[int, ...]]:
        """Return no parameters and the same shape."""
        return {}, {}, array_shape(self, input_shape)

    def apply(
        self, params: Params, state: State, x: jax.Array, *, key: jax.Array | None, train: bool
    ) -> tuple[jax.Array, State]:
        """Return y, same shape."""
        if not train or self.rate == 0:
            return x, state
        if key is None:
            raise UsageError("Dropout draws when train is true: give apply a random key")
        keep = 1.0 - self.rate
        kept = coins(key, keep, x.shape)
        return jnp.where(kept, x / keep, 0), state

    @property
    def draws(self) -> bool:
        """Whether anything is dropped."""
        return self.rate > 0

    @property
    def label(self) -> str:
        """``dropout`` and the rate."""
        return f"dropout {self.rate:g}"


@dataclass(frozen=True)
class FadingDropout(Layer):
    """Dropout with the full ``rate`` for the first half of a run, falling to 0 along a half cosine.

    rate(p) = rate for p < 1/2, else rate (1 + cos(pi (2 p - 1))) / 2, where p is the share of the
    run already done. Training sets the leaf ``progress`` of the state to p before every step.

    Parameters
    ----------
    rate : float
        At least 0 and below 1.

    References
    ----------
    Holzmüller, Grinsztajn and Steinwart (2024), Better by default ("flat_cos").

    Examples
    --------
    >>> layer = FadingDropout(0.5)
    >>> state = {"progress": jnp.ones(())}
    >>> y, _ = layer.apply({}, state, jnp.ones((1, 3)), key=jax.random.key(0), train=True)
    >>> print(y)
    [[1. 1. 1.]]
    """

    rate: float

    def __post_init__(self) -> None:
        check_number(self, "rate", at_least=0, below=1)

    def init(self, key: jax.Array, input_shape: Shape) -> tuple[Params, State, tuple[int, ...]]:
        """Return no parameters, and progress 0."""
        return {}, {"progress": jnp.zeros((), jnp.float32)}, array_shape(self, input_shape)

    def apply(
        self, params: Params, state: State, x: jax.Array, *, key: jax.Array | None, train: bool
    ) -> tuple[jax.Array, State]:
        """Return y, same shape."""
        if not train or self.rate == 0:
            return x, state
        if key is None:
            raise UsageError("FadingDropout draws when train is true: give apply a random key")
        keep = 1 - self.rate * FlatCosine()(state["progress"])
        kept = coins(key, keep, x.shape)
        return jnp.where(kept, x / keep, 0), state

    @property
    def draws(self) -> bool:
        """Whether anything is dropped."""
        return self.rate > 0

    @property
    def label(self) -> str:
        """``fading dropout`` and the rate."""
        return f"fading dropout {self.rate:g}"
