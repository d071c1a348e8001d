"""The energy of interconnected spins, in float64: what every dynamics here descends."""

from __future__ import annotations

import warnings
from typing import Any, TypeAlias

import numpy as np
from scipy import sparse

from descend.errors import DataError
from descend.feedback.arguments import (
    check_shape,
    edge_ends,
    float_array,
    real,
    real_array,
    sign_rows,
    whole,
)

__all__ = ["Ising", "Product", "WeightRangeWarning", "check_memory", "table_shape"]

Matrix: TypeAlias = "np.ndarray | sparse.csr_array"

Product: TypeAlias = "tuple[np.ndarray | None, np.ndarray | None]"
"""left ⊗ right; None is the identity."""

DENSE_ABOVE = (
    0.12  # share of non-zero couplings at which a dense product is as fast as a sparse one
)
DENSE_UP_TO = 256  # spins; below this the dense product always wins
WIDEST_RANGE = 1e12


class WeightRangeWarning(UserWarning):
    """Weights differ so much in size that single precision cannot see the small ones."""


def check_memory(entries: int, what: str, limit: int = 4 << 30) -> None:
    """Refuse an array of float64 that would need more than ``limit`` bytes.

    Examples
    --------
    >>> check_memory(10, "a small matrix")
    >>> check_memory(10**12, "the couplings of 1,000,000 spins")
    Traceback (most recent call last):
        ...
    descend.errors.DataError: the couplings of 1,000,000 spins would need 8,000,000,000,000 bytes...
    """
    size = 8 * entries
    if size > limit:
        raise DataError(
            f"{what} would need {size:,} bytes; the limit is {limit:,}. Give a smaller problem, or "
            "sparse couplings (scipy.sparse or a list of edges) where most are 0."
        )


def table_shape(size: int, left: Any, right: Any) -> tuple[int, int]:
    """Return (rows, columns) of the table of spins that left ⊗ right acts on.

    Examples
    --------
    >>> table_shape(6, np.eye(2), None)
    (2, 3)
    """
    if left is not None:
        return len(left), size // len(left)
    return size // len(right), len(right)


class Ising:
    """E(s) = Σ_i h_i s_i + Σ_{i<j} J_ij s_i s_j + offset, for spins s_i = −1 or +1.

    Couplings are kept dense or sparse, whichever multiplies faster. The signs are those of dimod:
    a positive J_ij wants its two spins to differ.

    Parameters
    ----------
    fields : array (n,)
        h.
    couplings : array (n, n) or scipy.sparse array
        J, symmetric; what stands on the diagonal is a constant (s² = 1) and goes to the offset as
        half its sum, since E is h·s + ½ sᵀJs.
    offset : float
    products : list of pairs of arrays
        Where the spins stand in a table and J = Σ A ⊗ B but for its diagonal: the pairs (A, B),
        None for an identity. A dynamics multiplies with them in less time than with ``couplings``,
        which must say the same.

    Raises
    ------
    DataError
        If a matrix is not square or not symmetric, sizes disagree, or a weight is not finite.

    Examples
    --------
    >>> problem = Ising([0.0, 0.5], [[0, 1], [1, 0]])
    >>> problem.energies([[1, -1], [1, 1]]).tolist()
    [-1.5, 1.5]
    """

    fields: np.ndarray
    couplings: Matrix
    offset: float
    products: tuple[Product, ...]

    def __init__(
        self, fields: Any, couplings: Any, offset: float = 0.0, products: Any = ()
    ) -> None:  # fmt: skip
        matrix: Any = _square(couplings)
        self.fields = float_array(fields, "expected one field for each spin, as numbers")
        if self.fields.size == 0:
            self.fields = self.fields.reshape(-1)
        check_shape(self.fields, "fields", (None,))
        if matrix.shape[0] != self.fields.size:
            raise DataError(
                f"expected one field for each of {matrix.shape[0]} spins, got {self.fields.size}"
            )
        _check_finite(self.fields, matrix)
        _check_symmetric(matrix)
        diagonal = matrix.diagonal()
        self.offset = real(offset, "offset", error=DataError) + 0.5 * float(diagonal.sum())
        self.couplings = _without_diagonal(matrix, diagonal)
        _check_size(self.offset, self.fields, self.couplings)
        self.products = _check_products(products, self.size)
        self._warn_of_range()

    @classmethod
    def from_edges(
        cls, size: int, first: Any, second: Any, weights: Any, fields: Any = None, offset: float = 0
    ) -> Ising:
        """Build from a list of couplings; repeated pairs add up, and a pair (i, i) is a constant.

        Examples
        --------
        >>> Ising.from_edges(3, [0, 1, 1], [1, 2, 0], [1.0, 2.0, 1.0]).energies([[1, 1, -1]])
        array([0.])
        """
        size = whole(size, "size", 0, error=DataError)
        check_memory(size, f"the fields of {size:,} spins")
        first, second = edge_ends(size, first, second, "spin")
        weights = real_array(weights, "weights", (len(first),))
        loops = first == second
        offset = real(offset, "offset", error=DataError) + float(weights[loops].sum())
        u, v, w = first[~loops], second[~loops], weights[~loops]
        pairs = (np.concatenate([u, v]), np.concatenate([v, u]))
        matrix = sparse.csr_array((np.concatenate([w, w]), pairs), shape=(size, size))
        matrix.sum_duplicates()
        return cls(np.zeros(size) if fields is None else fields, matrix, offset)

    @classmethod
    def from_qubo(cls, matrix: Any, linear: Any = None, offset: float = 0.0) -> Ising:
        """Build from min xᵀQx + linear·x + offset, x_i = 0 or 1; s = 2x − 1.

        Q may be symmetric or triangular: only Q_ij + Q_ji counts.

        Examples
        --------
        >>> problem = Ising.from_qubo([[1.0, -3.0], [0.0, 1.0]])
        >>> problem.energies([[-1, -1], [1, 1], [1, -1]]).tolist()
        [0.0, -1.0, 1.0]
        """
        q = _square(matrix)
        _check_finite(np.zeros(0), q)
        offset = real(offset, "offset", error=DataError)
        diagonal = q.diagonal().astype(np.float64)
        # Quarters first, for the sum of two numbers of 1e308 is not finite.
        both = _without_diagonal(q / 4 + q.T / 4, diagonal / 2)
        rows = np.asarray(both.sum(axis=1)).reshape(-1)
        terms = np.zeros(len(diagonal)) if linear is None else linear
        with np.errstate(over="ignore"):
            single = diagonal + real_array(terms, "linear", diagonal.shape)
        _check_size(offset, single, both)
        constant = offset + 0.5 * single.sum() + rows.sum() / 2
        return cls(single / 2 + rows, both, constant)

    @property
    def size(self) -> int:
        """Number of spins."""
        return self.fields.size

    @property
    def is_sparse(self) -> bool:
        """Whether the couplings are kept as a sparse matrix."""
        return sparse.issparse(self.couplings)

    def energies(self, spins: Any) -> np.ndarray:
        """Return E of each row of ``spins`` (reads, n), computed in float64.

        Raises
        ------
        DataError
            If a row has another length, or holds anything but −1 and +1.
        """
        s = sign_rows(spins, "spins", self.size)
        pulls = (self.couplings @ s.T).T
        return s @ self.fields + 0.5 * np.einsum("rn,rn->r", s, pulls) + self.offset

    def largest_weight(self) -> float:
        """Return max(|h|, |J|), 0 for no weights at all."""
        values = self.couplings.data if self.is_sparse else self.couplings
        parts = [np.abs(a).max() for a in (self.fields, np.asarray(values)) if a.size]
        return float(max(parts, default=0.0))

    def _warn_of_range(self) -> None:
        values = self.couplings.data if self.is_sparse else self.couplings
        sizes = np.abs(np.concatenate([self.fields, np.asarray(values).reshape(-1)]))
        sizes = sizes[sizes > 0]
        if sizes.size and sizes.max() / sizes.min() >= WIDEST_RANGE:
            warnings.warn(
                f"weights run from {sizes.min():.3g} to {sizes.max():.3g}; the dynamics rescale "
                "them by the largest and work in single precision, so the smallest act only in "
                "the final descent. Lower the penalties or drop the negligible weights.",
                WeightRangeWarning,
                stacklevel=3,
            )


def _square(matrix: Any) -> Any:
    if sparse.issparse(matrix):
        if matrix.dtype.kind not in "biuf":
            raise DataError(f"expected a square matrix of numbers, got type {matrix.dtype}")
        result: Any = sparse.csr_array(matrix, dtype=np.float64)
        result.sum_duplicates()
    else:
        result = float_array(matrix, "expected a square matrix of numbers")
        if result.size == 0:
            result = result.reshape(0, 0)
    if result.ndim != 2 or result.shape[0] != result.shape[1]:
        raise DataError(f"expected a square matrix, got shape {result.shape}")
    n = result.shape[0]
    filled = result.nnz if sparse.issparse(result) else np.count_nonzero(result)
    dense = n <= DENSE_UP_TO or filled > DENSE_ABOVE * n * n
    if sparse.issparse(result):
        if dense and 8 * n * n <= 1 << 30:
            return result.toarray()
        return result
    return result if dense else sparse.csr_array(result)


def _check_products(products: Any, size: int) -> tuple[Product, ...]:
    """Refuse pairs of matrices that do not act on a table of so many spins."""
    found: list[Product] = []
    if not isinstance(products, tuple | list):
        raise DataError(f"products must be a list of pairs of matrices, got {products!r}")
    for pair in products:
        if not isinstance(pair, tuple | list) or len(pair) != 2 or all(a is None for a in pair):
            raise DataError(
                "products must be pairs of two matrices, or of a matrix and None for an identity, "
                f"got {pair!r}"
            )
        sides = [None if side is None else real_array(side, "a product") for side in pair]
        given = [side for side in sides if side is not None]
        square = all(side.ndim == 2 and side.shape[0] == side.shape[1] > 0 for side in given)
        if not square or size % int(np.prod([len(side) for side in given])):
            raise DataError(f"products must be square matrices for a table of {size} spins")
        found.append((sides[0], sides[1]))
    shapes = {table_shape(size, *pair) for pair in found}
    if len(shapes) > 1 or any(rows * columns != size for rows, columns in shapes):
        raise DataError(f"products must all act on one table of {size} spins, got {shapes}")
    return tuple(found)


def _without_diagonal(matrix: Matrix, diagonal: np.ndarray) -> Matrix:
    if not np.any(diagonal):
        return matrix
    if isinstance(matrix, np.ndarray):
        result = matrix.copy()
        np.fill_diagonal(result, 0.0)
        return result
    cleared = sparse.csr_array(matrix - sparse.diags_array(diagonal, format="csr"))
    cleared.eliminate_zeros()
    return cleared


def _entries(matrix: Any) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    if sparse.issparse(matrix):
        triple = sparse.coo_array(matrix)
        return triple.coords[0], triple.coords[1], triple.data
    rows, columns = np.nonzero(matrix)
    return rows, columns, matrix[rows, columns]


def _check_finite(fields: np.ndarray, matrix: Matrix) -> None:
    bad = np.flatnonzero(~np.isfinite(fields))
    if bad.size:
        raise DataError(f"field {bad[0]} is {fields[bad[0]]}; every weight must be finite")
    values = matrix if isinstance(matrix, np.ndarray) else matrix.data
    if not np.isfinite(values).all():
        rows, columns, entries = _entries(matrix)
        k = int(np.flatnonzero(~np.isfinite(entries))[0])
        raise DataError(
            f"the coupling in row {rows[k]}, column {columns[k]} (counted from 0) is {entries[k]}; "
            "every weight must be finite"
        )


def _check_size(offset: float, fields: np.ndarray, couplings: Matrix) -> None:
    """Refuse weights whose sum float64 cannot hold."""
    values = couplings if isinstance(couplings, np.ndarray) else couplings.data
    with np.errstate(over="ignore"):
        total = abs(offset) + np.abs(fields).sum() + np.abs(np.asarray(values)).sum()
    if not np.isfinite(total):
        raise DataError(
            "the weights are so large that energies are beyond what float64 can hold; divide them "
            "all by one number"
        )


def _check_symmetric(matrix: Any) -> None:
    difference = abs(matrix - matrix.T)
    size = abs(matrix).max() if matrix.shape[0] else 0.0
    if matrix.shape[0] and difference.max() > 1e-9 * size:
        rows, columns, _ = _entries(difference > 1e-9 * size)
        i, j = int(rows[0]), int(columns[0])
        raise DataError(
            f"the couplings are not symmetric: row {i}, column {j} holds {matrix[i, j]:g} but row "
            f"{j}, column {i} holds {matrix[j, i]:g} (counted from 0). Give (J + Jᵀ) / 2, or use "
            "from_qubo, where only the sum counts."
        )
