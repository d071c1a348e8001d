"""Binary Hopfield memories: patterns stored in symmetric couplings, recalled by settling."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from descend.errors import DataError
from descend.feedback.arguments import LARGEST, one_of, real_array, seed_of, sign_rows, whole
from descend.feedback.ising import check_memory

__all__ = ["Hopfield", "Recall"]

RULES = ("hebb", "pseudo-inverse", "storkey")
UPDATES = ("asynchronous", "blockwise", "synchronous")

ROUNDING = 1e-12
"""Sums below this, for each unit of the memory, are 0 but for rounding."""


class Recall(NamedTuple):
    """What a memory settled to.

    Attributes
    ----------
    states : array (queries, units)
    energies : list of arrays (queries,)
        The energy at the start and after every sweep.
    sweeps : int
    settled : bool
        Whether a whole sweep changed nothing in any query. Synchronous updates may fall into a
        cycle of two states, and then never settle.
    """

    states: np.ndarray
    energies: list[np.ndarray]
    sweeps: int
    settled: bool


class Hopfield:
    """A network of ±1 units that recalls stored patterns from parts of them.

    Unit i turns to sgn(Σ_j W_ij s_j + θ_i), and keeps its state where the sum is zero. With
    symmetric W and no self-coupling, E = −½ sᵀWs − θ·s never rises under asynchronous updates.

    Parameters
    ----------
    patterns : array (patterns, units) of −1 and +1
    rule : "hebb", "pseudo-inverse" or "storkey"
        *hebb*: W = XXᵀ/N; recalls about 0.138 N random patterns. *pseudo-inverse*:
        W = X(XᵀX)⁻¹Xᵀ; every independent pattern is a fixed point, basins shrink towards N/2.
        *storkey*: patterns added one by one, each corrected by the local fields of those before;
        about N/√(2 ln N), learned locally. The diagonal is zero in all three.
    bias : array (units,) or None
        θ.

    References
    ----------
    Hopfield (1982); Personnaz, Guyon and Dreyfus (1985); Storkey (1997).

    Examples
    --------
    >>> import numpy as np
    >>> patterns = np.array([[1, 1, 1, -1, -1, -1], [1, -1, 1, -1, 1, -1]])
    >>> Hopfield(patterns).recall([[1, 1, -1, -1, -1, -1]]).states.tolist()
    [[1, 1, 1, -1, -1, -1]]
    """

    weights: np.ndarray
    bias: np.ndarray

    def __init__(self, patterns: Any, rule: str = "hebb", bias: Any = None) -> None:
        one_of(rule, "rule", RULES)
        x = sign_rows(patterns, "patterns")
        count, units = x.shape
        if not count or not units:
            raise DataError(f"there is nothing to store: patterns have shape {x.shape}")
        check_memory(units**2, f"the couplings of {units:,} units")
        if rule == "hebb":
            weights = x.T @ x / units
        elif rule == "pseudo-inverse":
            # The pseudo-inverse also serves dependent patterns, where XᵀX has no inverse.
            weights = np.linalg.pinv(x) @ x
        else:
            weights = _storkey(x)
        weights = (weights + weights.T) / 2.0  # symmetric to the last bit
        np.fill_diagonal(weights, 0.0)
        self.weights = weights
        self.bias = (
            np.zeros(units) if bias is None else real_array(bias, "bias", (units,), largest=LARGEST)
        )

    @property
    def units(self) -> int:
        """Number of units."""
        return len(self.weights)

    def energies(self, states: Any) -> np.ndarray:
        """Return −½ sᵀWs − θ·s for every row of −1 and +1."""
        s = sign_rows(states, "states", self.units)
        return -0.5 * np.einsum("qi,qi->q", s @ self.weights, s) - s @ self.bias

    def recall(
        self,
        queries: Any,
        updates: str = "asynchronous",
        *,
        max_sweeps: int = 100,
        block: int = 32,
        seed: int = 0,
    ) -> Recall:
        """Settle from each query.

        Parameters
        ----------
        queries : array (queries, units) of −1 and +1
        updates : "asynchronous", "blockwise" or "synchronous"
            One unit at a time in random order; ``block`` units at a time (faster; the energy may
            rise if units of one block are strongly coupled); all at once.
        max_sweeps : int
            A sweep updates every unit once.
        block : int
        seed : int
            Of the order of updates.

        Raises
        ------
        UsageError
            For an unknown kind of update, or a number out of its range.
        DataError
            For queries of another length, or with values other than −1 and +1.
        """
        one_of(updates, "updates", UPDATES)
        max_sweeps, block = whole(max_sweeps, "max_sweeps", 1), whole(block, "block", 1)
        states = sign_rows(queries, "queries", self.units)
        size = {"asynchronous": 1, "blockwise": block, "synchronous": self.units}[updates]
        draw = np.random.default_rng(seed_of(seed))
        trace = [self.energies(states)]
        still = ROUNDING * self.units
        # Field Σ W s + θ, kept up to date by the rows that changed.
        fields = states @ self.weights + self.bias
        for sweep in range(1, max_sweeps + 1):
            order = draw.permutation(self.units)
            changed = False
            for first in range(0, self.units, size):
                units = order[first : first + size]
                local = fields[:, units]
                turned = np.where(np.abs(local) <= still, states[:, units], np.sign(local))
                change = turned - states[:, units]
                if change.any():
                    changed = True
                    states[:, units] = turned
                    fields += change @ self.weights[units]
            trace.append(self.energies(states))
            if not changed:
                return Recall(states.astype(np.int8), trace, sweep, True)
        return Recall(states.astype(np.int8), trace, max_sweeps, False)

    def overlap(self, states: Any, patterns: Any) -> np.ndarray:
        """Return s·ξ / N of each state with its pattern: 1 is perfect recall.

        One pattern alone is compared with every state.
        """
        s, x = (
            sign_rows(rows, what, self.units)
            for rows, what in ((states, "states"), (patterns, "patterns"))
        )
        if len(x) not in (1, len(s)):
            raise DataError(f"expected a pattern for each of {len(s)} states, got {len(x)}")
        return (s * x).mean(axis=1)


def _storkey(x: np.ndarray) -> np.ndarray:
    """W += (ξξᵀ − ξhᵀ − hξᵀ)/N, with h_ij = Σ_{k≠i,j} W_ik ξ_k."""
    units = x.shape[1]
    weights = np.zeros((units, units))
    for pattern in x:
        # W has no diagonal, so only the term k = j has to be taken out of W ξ.
        local = (weights @ pattern)[:, None] - weights * pattern
        step = np.outer(pattern, pattern) - pattern[:, None] * local.T - local * pattern
        weights += step / units
        np.fill_diagonal(weights, 0.0)
    return weights
