"""Dense associative memories: sharper energies that hold far more patterns than units."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from descend.errors import DataError
from descend.feedback.arguments import (
    LARGEST,
    float_rows,
    real,
    real_array,
    seed_of,
    sign_rows,
    whole,
)
from descend.feedback.hopfield import Recall
from descend.fixed_point import FixedPointSolver, Settling, fixed_point

__all__ = ["DenseMemory", "PolynomialMemory", "Retrieval"]


LARGEST_BETA = 1e30
LARGEST_SCORE = 1e36


class Retrieval(NamedTuple):
    """What a query settled to: states (queries, units), weights on patterns, and how."""

    states: jax.Array
    attention: jax.Array
    settling: Settling


def _turn(theta: Any, z: jax.Array) -> jax.Array:
    patterns, beta = theta
    return jax.nn.softmax(beta * (z @ patterns.T), axis=1) @ patterns


@dataclass(frozen=True, eq=False)
class DenseMemory:
    """Exponential memory over continuous patterns; nothing to learn.

    E(ξ) = −lse(β, Xξ) + ½ ξ·ξ + β⁻¹ ln N + ½ M², M the largest pattern norm, and one update is
    ξ ← Xᵀ softmax(β X ξ): attention of the query to the patterns. Large β recalls one pattern,
    usually in one step; small β settles on averages.

    Parameters
    ----------
    patterns : array (patterns, units)
    beta : float or None
        ``None``: 1/√units, as in attention.

    References
    ----------
    Demircigil et al. (2017); Ramsauer et al. (2020), Hopfield networks is all you need.

    Examples
    --------
    >>> memory = DenseMemory([[1.0, 0.0], [0.0, 1.0]], beta=20.0)
    >>> memory.retrieve([[0.8, 0.3]]).states.round(3).tolist()
    [[1.0, 0.0]]
    """

    patterns: Any
    beta: float | None = None

    def __post_init__(self) -> None:
        array = real_array(self.patterns, "patterns", largest=LARGEST)
        if array.ndim != 2 or not array.size:
            raise DataError(f"patterns must have shape (patterns, units), got {array.shape}")
        beta = array.shape[1] ** -0.5 if self.beta is None else self.beta
        beta = real(beta, "beta", above=0, at_most=LARGEST_BETA)
        if np.square(np.abs(array).max()) * array.shape[1] * max(beta, 1.0) > LARGEST_SCORE:
            raise DataError(
                f"patterns of values up to {np.abs(array).max():.3g} with beta {beta:.3g} are "
                "beyond single precision; scale the patterns to values around 1"
            )
        object.__setattr__(self, "patterns", jnp.asarray(array, jnp.float32))
        object.__setattr__(self, "beta", beta)

    def energy(self, states: Any) -> jax.Array:
        """Return E of each row; an update never raises it."""
        z = float_rows(states, "states", self.patterns.shape[1])
        beta, x = float(self.beta or 1.0), self.patterns
        scores = jax.nn.logsumexp(beta * (z @ x.T), axis=1) / beta
        largest = jnp.max(jnp.sum(x * x, axis=1))
        constant = jnp.log(x.shape[0]) / beta + 0.5 * largest
        return -scores + 0.5 * jnp.sum(z * z, axis=1) + constant

    def retrieve(
        self, queries: Any, *, max_steps: int = 50, tolerance: float = 1e-4, warn: bool = True
    ) -> Retrieval:
        """Settle from each query by repeating the update.

        Raises
        ------
        DataError
            For queries of another length, or with values that are not finite.
        """
        z = float_rows(queries, "queries", self.patterns.shape[1])
        solver = FixedPointSolver(
            "plain",
            tolerance=real(tolerance, "tolerance", above=0, at_most=LARGEST_BETA),
            max_steps=whole(max_steps, "max_steps", 1),
        )
        theta = (self.patterns, jnp.float32(self.beta))
        states, settling = fixed_point(_turn, theta, z, solver, warn=warn)
        attention = jax.nn.softmax(self.beta * (states @ self.patterns.T), axis=1)
        # One more turn, for the solver returns the point before its last image.
        return Retrieval(attention @ self.patterns, attention, settling)


class PolynomialMemory:
    """Polynomial memory over ±1 patterns: E = −Σ_μ (ξ_μ·s / N)ⁿ N, capacity of order N^(n−1).

    A unit turns to the sign that gives the lower energy, with all other units as they are;
    n = 2 is the Hebbian memory of `Hopfield`.

    Parameters
    ----------
    patterns : array (patterns, units) of −1 and +1
    order : int
        n, at least 2.

    References
    ----------
    Krotov and Hopfield (2016), Dense associative memory for pattern recognition.
    """

    def __init__(self, patterns: Any, order: int = 3) -> None:
        self.patterns, self.order = sign_rows(patterns, "patterns"), whole(order, "order", 2)
        if not self.patterns.size:
            raise DataError(f"there is nothing to store: patterns have shape {self.patterns.shape}")

    def energies(self, states: Any) -> np.ndarray:
        """Return the energy of every row of −1 and +1."""
        s = sign_rows(states, "states", self.patterns.shape[1])
        overlaps = s @ self.patterns.T / s.shape[1]
        return -s.shape[1] * (overlaps**self.order).sum(axis=1)

    def recall(self, queries: Any, *, max_sweeps: int = 20, seed: int = 0) -> Recall:
        """Settle from each query, one unit at a time in random order."""
        units = self.patterns.shape[1]
        states, max_sweeps = (
            sign_rows(queries, "queries", units),
            whole(max_sweeps, "max_sweeps", 1),
        )
        draw = np.random.default_rng(seed_of(seed))
        overlaps = states @ self.patterns.T
        trace = [self.energies(states)]
        for sweep in range(1, max_sweeps + 1):
            changed = False
            for i in draw.permutation(units):
                rest = (overlaps - states[:, i : i + 1] * self.patterns[:, i]) / units
                up = ((rest + self.patterns[:, i] / units) ** self.order).sum(axis=1)
                down = ((rest - self.patterns[:, i] / units) ** self.order).sum(axis=1)
                turned = np.where(up == down, states[:, i], np.where(up > down, 1.0, -1.0))
                change = turned - states[:, i]
                if change.any():
                    changed = True
                    overlaps += change[:, None] * self.patterns[:, i]
                    states[:, i] = turned
            trace.append(self.energies(states))
            if not changed:
                return Recall(states.astype(np.int8), trace, sweep, True)
        return Recall(states.astype(np.int8), trace, max_sweeps, False)
