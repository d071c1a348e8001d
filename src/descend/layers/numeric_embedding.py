"""Embeddings of numbers: each number becomes several, so that a network can bend it sharply."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import jax
import jax.numpy as jnp

from descend.errors import SpecError
from descend.layers.layer import Layer, Params, Shape, State, vector_length
from descend.spec import check_integer, check_number

__all__ = ["PeriodicEmbedding", "PiecewiseLinear"]


def _check_columns(spec: Any) -> None:
    columns = spec.columns
    if (
        not isinstance(columns, tuple)
        or not columns
        or not all(type(column) is int and column >= 0 for column in columns)
        or len(set(columns)) != len(columns)
    ):
        raise SpecError(
            f"{type(spec).__name__}: columns must be a tuple of different places of inputs, "
            f"from 0, got {columns!r}"
        )


def _others(layer: Any, input_shape: Shape) -> int:
    """Return how many inputs are not embedded."""
    inputs = vector_length(layer, input_shape)
    if max(layer.columns) >= inputs:
        raise SpecError(
            f"{type(layer).__name__} embeds column {max(layer.columns)}, but there are {inputs}"
        )
    return inputs - len(layer.columns)


def _split(columns: tuple[int, ...], x: jax.Array) -> tuple[jax.Array, jax.Array]:
    """Return the inputs to be embedded, in the order given, and the others in theirs."""
    chosen = set(columns)
    rest = [i for i in range(x.shape[-1]) if i not in chosen]
    return x[:, jnp.array(columns)], x[:, jnp.array(rest, jnp.int32)]


@dataclass(frozen=True)
class PeriodicEmbedding(Layer):
    """y = [e_1, e_2, ..., x_1, x_2, ..., others]; e_j = cos(2 pi x_j w_j + p_j) W_j + b_j.

    The variant "PBLD" (periodic, bias, linear, dense) of RealMLP: frequencies w_j
    (``frequency``) normal with deviation ``sigma``, phases p_j (``phase``) uniform on ±pi, W_j
    (``readout``) and b_j (``offset``) uniform on ±1/sqrt(frequencies). All e_j come first, then the
    numbers as they are, then the inputs that are not embedded.

    Parameters
    ----------
    columns : tuple of int
        Places of the numbers to embed.
    units : int
        Length of each e_j.
    frequencies : int
    sigma : float
        Deviation of the first frequencies, above 0.

    References
    ----------
    Gorishniy, Rubachev and Babenko (2022), On embeddings for numerical features in tabular deep
    learning; Holzmüller, Grinsztajn and Steinwart (2024), for the variant.

    Examples
    --------
    >>> layer = PeriodicEmbedding((0, 2))
    >>> params, _, shape = layer.init(jax.random.key(0), (5,))
    >>> params["readout"].shape, shape
    ((2, 16, 3), (11,))
    """

    columns: tuple[int, ...]
    units: int = 3
    frequencies: int = 16
    sigma: float = 0.1

    def __post_init__(self) -> None:
        _check_columns(self)
        check_integer(self, "units", at_least=1)
        check_integer(self, "frequencies", at_least=1)
        check_number(self, "sigma", above=0)

    def init(self, key: jax.Array, input_shape: Shape) -> tuple[Params, State, tuple[int, ...]]:
        """Draw the four tensors of all columns."""
        others = _others(self, input_shape)
        d, f, u = len(self.columns), self.frequencies, self.units
        keys = jax.random.split(key, 4)
        limit = f**-0.5
        params = {
            "frequency": self.sigma * jax.random.normal(keys[0], (d, f), jnp.float32),
            "phase": jax.random.uniform(keys[1], (d, f), jnp.float32, -jnp.pi, jnp.pi),
            "readout": jax.random.uniform(keys[2], (d, f, u), jnp.float32, -limit, limit),
            "offset": jax.random.uniform(keys[3], (d, u), jnp.float32, -limit, limit),
        }
        return params, {}, (d * (u + 1) + others,)

    def apply(
        self, params: Params, state: State, x: jax.Array, *, key: jax.Array | None, train: bool
    ) -> tuple[jax.Array, State]:
        """Return y, (batch, columns * (units + 1) + others)."""
        numbers, others = _split(self.columns, x)
        waves = jnp.cos(2 * jnp.pi * numbers[:, :, None] * params["frequency"] + params["phase"])
        embedded = jnp.einsum("bdf,dfu->bdu", waves, params["readout"]) + params["offset"]
        return jnp.concatenate([embedded.reshape(len(x), -1), numbers, others], axis=-1), state


@dataclass(frozen=True)
class PiecewiseLinear(Layer):
    """y = [x, t_1, t_2, ..., others]: each number beside its place on a scale of its quantiles.

    t_j has one entry for each of ``bins`` intervals between the quantiles q_0 < q_1 < ... of the
    column: (x - q_i) / (q_{i+1} - q_i), clipped to [0, 1]; the first is not clipped from below,
    nor the last from above. A layer behind it can hence bend the number at every quantile, and sees
    skewed columns spread out evenly. `adapt` sets the quantiles from the training rows; intervals
    between equal quantiles give 0. Nothing is learned here.

    Parameters
    ----------
    columns : tuple of int
        Places of the numbers.
    bins : int

    References
    ----------
    Gorishniy, Rubachev and Babenko (2022), as for `PeriodicEmbedding`: "PLE".

    Examples
    --------
    >>> layer = PiecewiseLinear((0,), bins=2)
    >>> x = jnp.array([[0.0], [1.0], [9.0]])
    >>> _, state, y = layer.adapt(jax.random.key(0), {}, layer.init(jax.random.key(0), (1,))[1], x)
    >>> print(state["edges"], y[1], y[2])
    [[0. 1. 9.]] [1. 1. 0.] [9. 1. 1.]
    """

    columns: tuple[int, ...]
    bins: int = 16

    def __post_init__(self) -> None:
        _check_columns(self)
        check_integer(self, "bins", at_least=1)

    def init(self, key: jax.Array, input_shape: Shape) -> tuple[Params, State, tuple[int, ...]]:
        """Return edges from -2 to 2."""
        others = _others(self, input_shape)
        d = len(self.columns)
        edges = jnp.tile(jnp.linspace(-2, 2, self.bins + 1, dtype=jnp.float32), (d, 1))
        return {}, {"edges": edges}, (d * (1 + self.bins) + others,)

    def apply(
        self, params: Params, state: State, x: jax.Array, *, key: jax.Array | None, train: bool
    ) -> tuple[jax.Array, State]:
        """Return y, (batch, columns * (1 + bins) + others)."""
        numbers, others = _split(self.columns, x)
        edges = state["edges"]
        widths = edges[:, 1:] - edges[:, :-1]
        share = (numbers[:, :, None] - edges[:, :-1]) / jnp.where(widths > 0, widths, 1)
        low = jnp.where(jnp.arange(self.bins) == 0, -jnp.inf, 0.0)
        high = jnp.where(jnp.arange(self.bins) == self.bins - 1, jnp.inf, 1.0)
        share = jnp.where(widths > 0, jnp.clip(share, low, high), 0)
        parts = [numbers, share.reshape(len(x), -1), others]
        return jnp.concatenate(parts, axis=-1), state

    def adapt(
        self, key: jax.Array, params: Params, state: State, x: Any
    ) -> tuple[Params, State, Any]:
        """Set the edges."""
        numbers, _ = _split(self.columns, x)
        levels = jnp.linspace(0, 1, self.bins + 1)
        state = {"edges": jnp.quantile(numbers, levels, axis=0).T.astype(jnp.float32)}
        return params, state, self.apply(params, state, x, key=None, train=False)[0]

    @property
    def adapts(self) -> bool:
        """It does."""
        return True
