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

from descend.feedback.ising import DENSE_UP_TO, Ising, table_shape

__all__ = ["Couplings", "Dense", "Edges", "Products", "on_device", "padded_size"]


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


class Products(NamedTuple):
    """Σ_t A_t ⊗ B_t without its diagonal: spins in a table of m rows and k columns.

    Permutation problems are made of such products (distance ⊗ neighbourhood, flow ⊗ distance), and
    a product costs m²k + mk² multiplications where the list of edges has up to m²k². Measured on
    two cores with 64 replicas, berlin52 (2,601 spins, 393,000 couplings): 2 ms against 19 ms.
    Unlike the others these are not padded: every size of table compiles its own program.

    Attributes
    ----------
    left, right : tuples of arrays (m, m) or None and (k, k) or None
        A_t and B_t; None is the identity.
    diagonal : array (padded n, 1)
        What the products put on the diagonal, to be taken off again.
    table : array (m, k)
        Its shape alone counts.
    """

    left: tuple[jax.Array | None, ...]
    right: tuple[jax.Array | None, ...]
    diagonal: jax.Array
    table: jax.Array

    def pull(self, x: jax.Array) -> jax.Array:
        """Return J x for x (padded n, replicas)."""
        m, k = self.table.shape
        spins = x[: m * k].reshape(m, k, -1)
        total = jnp.zeros_like(spins)
        for left, right in zip(self.left, self.right, strict=True):
            part = spins if left is None else jnp.einsum("ab,bkr->akr", left, spins)
            total += part if right is None else jnp.einsum("kl,alr->akr", right, part)
        flat = total.reshape(m * k, -1)
        padding = ((0, x.shape[0] - m * k), (0, 0))
        return jnp.pad(flat, padding) - self.diagonal * x


Couplings: TypeAlias = "Dense | Edges | Products"


def padded_size(size: int) -> int:
    """Return the padded size: powers of two up to 64, then four steps to each doubling.

    Examples
    --------
    >>> [padded_size(n) for n in (1, 9, 65, 800, 2000)]
    [8, 16, 80, 896, 2048]
    """
    if size <= 64:
        return max(8, 1 << (size - 1).bit_length()) if size else 8
    step = 1 << ((size - 1).bit_length() - 3)
    return -(-size // step) * step


def on_device(problem: Ising, scale: float) -> Couplings:
    """Return −scale · J, padded, as the operator that multiplies fastest.

    The sign turns energy into force: −∂E/∂s = −(h + J s).
    """
    matrix, n = problem.couplings, problem.size
    padded = padded_size(n)
    if problem.products and n > DENSE_UP_TO:
        return _products(problem, scale, padded)
    if not sparse.issparse(matrix):
        full = np.zeros((padded, padded), np.float32)
        full[:n, :n] = matrix * -scale
        return Dense(jnp.asarray(full))
    matrix = sparse.csr_array(matrix)
    degree = np.diff(matrix.indptr)
    values = (matrix.data * -scale).astype(np.float32)
    rows = np.repeat(np.arange(n), degree)
    length = padded_size(matrix.nnz)
    row = np.full(length, padded - 1, np.int32)  # padding stays sorted and weighs nothing
    column, weight = np.zeros(length, np.int32), np.zeros(length, np.float32)
    row[: matrix.nnz], column[: matrix.nnz], weight[: matrix.nnz] = rows, matrix.indices, values
    return Edges(jnp.asarray(row), jnp.asarray(column), jnp.asarray(weight))


def _products(problem: Ising, scale: float, padded: int) -> Products:
    rows, columns = table_shape(problem.size, *problem.products[0])
    diagonal = np.zeros((padded, 1), np.float32)
    lefts: list[Any] = []
    rights: list[Any] = []
    for left, right in problem.products:
        own = np.kron(*(
            np.ones(size) if side is None else np.diagonal(side)
            for side, size in ((left, rows), (right, columns))
        ))  # fmt: skip
        diagonal[: problem.size, 0] -= scale * own
        lefts.append(None if left is None else jnp.asarray(-scale * left, jnp.float32))
        factor = -scale if left is None else 1.0
        rights.append(None if right is None else jnp.asarray(factor * right, jnp.float32))
    table = jnp.zeros((rows, columns))
    return Products(tuple(lefts), tuple(rights), jnp.asarray(diagonal), table)
