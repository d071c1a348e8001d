"""Couplings on the device: products J x for many replicas at once, padded to few sizes.

States have the layout (spins, replicas), so that gathering the neighbours of a spin reads whole
rows of replicas. Sizes are rounded up to a few buckets; the padding has weight zero, so that it
never acts, and problems of similar size share one compiled program.
"""

from __future__ import annotations

from typing import Any, NamedTuple, TypeAlias

import jax
import jax.numpy as jnp
import numpy as np
from scipy import sparse

__all__ = ["Couplings", "Dense", "Edges", "bucket", "on_device"]


class Dense(NamedTuple):
    """A full matrix (n, n)."""

    matrix: jax.Array

    def pull(self, x: jax.Array) -> jax.Array:
        """Return J x for x (n, replicas)."""
        return self.matrix @ x


class Edges(NamedTuple):
    """All couplings as (row, column, weight), sorted by row.

    Measured on a CPU inside the compiled loop, 64 replicas: G1 0.6 ms and G22 0.6 ms a product;
    a table of neighbours, gathered slot by slot, took 3.8 and 3.7 ms (its programs also depend on
    the largest degree, and hubs ruin it), a dense product 0.9 and 5.9 ms.
    """

    row: jax.Array
    column: jax.Array
    weight: jax.Array

    def pull(self, x: jax.Array) -> jax.Array:
        """Return J x for x (n, replicas)."""
        messages = jnp.take(x, self.column, axis=0, mode="clip") * self.weight[:, None]
        return jax.ops.segment_sum(
            messages, self.row, num_segments=x.shape[0], indices_are_sorted=True
        )


Couplings: TypeAlias = "Dense | Edges"


def bucket(size: int) -> int:
    """Return the padded size: powers of two up to 64, then four steps to each doubling.

    Examples
    --------
    >>> [bucket(n) for n in (1, 9, 65, 800, 2000)]
    [8, 16, 80, 896, 2048]
    """
    if size <= 64:
        return max(8, 1 << (size - 1).bit_length()) if size else 8
    step = 1 << ((size - 1).bit_length() - 3)
    return -(-size // step) * step


def on_device(matrix: Any, scale: float) -> Couplings:
    """Return −scale · J, padded, as the operator that multiplies fastest.

    The sign turns energy into force: −∂E/∂s = −(h + J s).
    """
    n = matrix.shape[0]
    padded = bucket(n)
    if not sparse.issparse(matrix):
        full = np.zeros((padded, padded), np.float32)
        full[:n, :n] = matrix * -scale
        return Dense(jnp.asarray(full))
    matrix = sparse.csr_array(matrix)
    degree = np.diff(matrix.indptr)
    values = (matrix.data * -scale).astype(np.float32)
    rows = np.repeat(np.arange(n), degree)
    length = bucket(matrix.nnz)
    row = np.full(length, padded - 1, np.int32)  # padding stays sorted and weighs nothing
    column, weight = np.zeros(length, np.int32), np.zeros(length, np.float32)
    row[: matrix.nnz], column[: matrix.nnz], weight[: matrix.nnz] = rows, matrix.indices, values
    return Edges(jnp.asarray(row), jnp.asarray(column), jnp.asarray(weight))
