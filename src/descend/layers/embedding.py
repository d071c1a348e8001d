"""Embeddings of category codes."""

from __future__ import annotations

from dataclasses import dataclass

import jax
import jax.numpy as jnp

from descend.errors import SpecError
from descend.initializers import Initializer, SmallUniform
from descend.layers.layer import Layer, Params, Shape, State, vector_length
from descend.spec import check_spec

__all__ = ["Embedding"]


@dataclass(frozen=True)
class Embedding(Layer):
    """y = [W_0[x_0], W_1[x_1], ...]: each column's code picks a learned vector; they are joined.

    Inputs are int32 codes (batch, columns); column i holds 0..sizes[i]-1 and has a table W_i
    (sizes[i], dims[i]), the leaf ``column_i/weight``. Outputs are float32 (batch, sum of dims).
    Tables reserve code 0 for values missing or never seen; here it is a code like any other.

    The caller checks the range of the codes. A code outside it does not fail: compiled code
    cannot raise, and takes the nearest row of the table.

    Parameters
    ----------
    sizes : tuple of int
        Number of codes of each column, at least 1.
    dims : tuple of int
        Length of each column's vectors, at least 1.
    weight_initializer : Initializer
        How each W_i starts.

    Raises
    ------
    SpecError
        If ``sizes`` and ``dims`` are not tuples of as many positive integers, or the input has
        another number of columns.

    References
    ----------
    Guo and Berkhahn (2016), Entity embeddings of categorical variables.

    Examples
    --------
    >>> layer = Embedding(sizes=(3, 10), dims=(2, 4))
    >>> params, state, shape = layer.init(jax.random.key(0), (2,))
    >>> shape
    (6,)
    >>> y, _ = layer.apply(params, state, jnp.array([[0, 9]]), key=None, train=False)
    >>> y.shape
    (1, 6)
    """

    sizes: tuple[int, ...]
    dims: tuple[int, ...]
    weight_initializer: Initializer = SmallUniform(0.05)

    def __post_init__(self) -> None:
        for name in ("sizes", "dims"):
            values = getattr(self, name)
            if (
                not isinstance(values, tuple)
                or not values
                or not all(type(v) is int and v >= 1 for v in values)
            ):
                raise SpecError(
                    f"Embedding: {name} must be a tuple of integers, each at least 1, "
                    f"got {values!r}"
                )
        if len(self.sizes) != len(self.dims):
            raise SpecError(
                f"Embedding: sizes has {len(self.sizes)} columns and dims {len(self.dims)}; "
                "give one of each a column"
            )
        check_spec(self, "weight_initializer", Initializer)

    def init(self, key: jax.Array, input_shape: Shape) -> tuple[Params, State, tuple[int, ...]]:
        """Draw the tables."""
        columns = vector_length(self, input_shape)
        if columns != len(self.sizes):
            raise SpecError(f"Embedding has {len(self.sizes)} columns, but the input {columns}")
        keys = jax.random.split(key, columns)
        params: Params = {
            f"column_{i}": {"weight": self.weight_initializer(keys[i], shape, *shape)}
            for i, shape in enumerate(zip(self.sizes, self.dims, strict=True))
        }
        return params, {}, (sum(self.dims),)

    def apply(
        self, params: Params, state: State, x: jax.Array, *, key: jax.Array | None, train: bool
    ) -> tuple[jax.Array, State]:
        """Return the joined vectors, (batch, sum of dims)."""
        picked = [
            jnp.take(params[f"column_{i}"]["weight"], x[:, i], axis=0, mode="clip")
            for i in range(len(self.sizes))
        ]
        return picked[0] if len(picked) == 1 else jnp.concatenate(picked, axis=-1), state

    @property
    def label(self) -> str:
        """``embedding`` and the lengths of the vectors."""
        return f"embedding {'+'.join(map(str, self.dims))}"
