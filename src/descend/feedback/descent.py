"""Greedy descent: flip the one best spin of each state until no single flip lowers the energy."""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy import sparse

from descend.feedback.arguments import sign_rows, whole
from descend.feedback.ising import Ising

__all__ = ["descend_greedily"]


def descend_greedily(problem: Ising, spins: Any, max_flips: int | None = None) -> np.ndarray:
    """Return states in which no single flip lowers the energy, reached by steepest descent.

    All states move together in float64, so that weights too small for the dynamics' single
    precision act here. Flipping spin i changes the energy by −2 s_i (h_i + Σ_j J_ij s_j).

    Parameters
    ----------
    problem : Ising
    spins : int array (reads, n)
    max_flips : int or None
        Bound on flips a state; ``None``: 20 n + 100, far above what descents take.

    Returns
    -------
    spins : int8 array (reads, n)

    Examples
    --------
    >>> problem = Ising([0.0, 0.0, 0.1], [[0, 1, 0], [1, 0, 1], [0, 1, 0]])
    >>> descend_greedily(problem, [[1, 1, 1]]).tolist()
    [[1, -1, 1]]
    """
    states = sign_rows(spins, "spins", problem.size).astype(np.int8)
    if max_flips is not None:
        max_flips = whole(max_flips, "max_flips", 0)
    if problem.size == 0 or len(states) == 0:
        return states
    s = np.ascontiguousarray(states.T.astype(np.float64))
    couplings = problem.couplings
    pulls = np.asarray(couplings @ s) + problem.fields[:, None]
    # A gain must exceed rounding of the largest weight, or equal states would swap for ever.
    least = 1e-11 * problem.largest_weight()
    active = np.arange(s.shape[1])
    for _ in range(20 * problem.size + 100 if max_flips is None else max_flips):
        gains = s[:, active] * pulls[:, active]
        chosen = np.argmax(gains, axis=0)
        going = gains[chosen, np.arange(active.size)] > least
        active, chosen = active[going], chosen[going]
        if not active.size:
            break
        old = s[chosen, active]
        s[chosen, active] = -old
        if isinstance(couplings, np.ndarray):
            pulls[:, active] -= 2.0 * couplings[:, chosen] * old
        else:
            _pull_rows(couplings, pulls, chosen, active, old)
    return np.ascontiguousarray(s.T).astype(np.int8)


def _pull_rows(
    couplings: sparse.csr_array,
    pulls: np.ndarray,
    chosen: np.ndarray,
    active: np.ndarray,
    old: np.ndarray,
) -> None:
    starts = couplings.indptr[chosen]
    lengths = couplings.indptr[chosen + 1] - starts
    steps = np.arange(lengths.sum()) - np.repeat(np.cumsum(lengths) - lengths, lengths)
    places = np.repeat(starts, lengths) + steps
    columns = np.repeat(active, lengths)
    changes = 2.0 * couplings.data[places] * np.repeat(old, lengths)
    pulls[couplings.indices[places], columns] -= changes  # a row names each neighbour once
