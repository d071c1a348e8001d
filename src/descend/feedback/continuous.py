"""The continuous Hopfield network of 1984, and Hopfield and Tank's salesman of 1985."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax
from jax.core import Tracer

from descend.errors import DataError
from descend.feedback.arguments import (
    LARGEST,
    MOST_STEPS,
    float_rows,
    real,
    real_array,
    whole,
)
from descend.feedback.ising import check_memory

__all__ = ["ContinuousHopfield", "HopfieldTank", "TankReport"]


@dataclass(frozen=True, eq=False)
class ContinuousHopfield:
    """τ du/dt = −u + W v + I, v = tanh(gain · u): amplitudes that slide down an energy.

    E = −½ vᵀWv − I·v + (1/gain) Σ ∫₀^v artanh, which the exact flow never raises for symmetric W.

    Parameters
    ----------
    weights : array (n, n)
        Symmetric.
    inputs : array (n,) or None
        I.
    gain : float

    Raises
    ------
    UsageError
        If the gain is not a finite number above 0.
    DataError
        If the weights are not a symmetric square matrix of finite numbers, or inputs do not fit.

    References
    ----------
    Hopfield (1984), Neurons with graded response have collective computational properties like
    those of two-state neurons.

    Examples
    --------
    >>> network = ContinuousHopfield([[0.0, 1.0], [1.0, 0.0]], gain=4.0)
    >>> network.settle([[0.3, 0.1]])[0].round(2).tolist()
    [[1.0, 1.0]]
    """

    weights: Any
    inputs: Any = None
    gain: float = 1.0

    def __post_init__(self) -> None:
        w = real_array(self.weights, "weights")
        if w.ndim != 2 or w.shape[0] != w.shape[1] or not w.size:
            raise DataError(f"weights must be a square matrix, got shape {w.shape}")
        if not np.allclose(w, w.T, atol=1e-6 * max(1.0, float(np.abs(w).max(initial=0.0)))):
            raise DataError("weights must be symmetric, or there is no energy; give (W + Wᵀ)/2")
        given = np.zeros(len(w)) if self.inputs is None else self.inputs
        bias = real_array(given, "inputs", (len(w),))
        largest = max(float(np.abs(w).max()), float(np.abs(bias).max()))
        if largest * len(w) ** 2 > LARGEST_ENERGY:
            raise DataError(
                f"weights and inputs of up to {largest:.3g} are so large that energies are beyond "
                "single precision; divide them, and raise the gain by as much"
            )
        gain = real(self.gain, "gain", above=0, at_most=LARGEST_ENERGY)
        object.__setattr__(self, "gain", gain)
        object.__setattr__(self, "weights", jnp.asarray(w, jnp.float32))
        object.__setattr__(self, "inputs", jnp.asarray(bias, jnp.float32))

    def energy(self, v: Any) -> jax.Array:
        """Return E of each row of outputs v, in [−1, 1]."""
        return self._energy(self._outputs(v, "v"))

    def _outputs(self, v: Any, name: str) -> jax.Array:
        rows = float_rows(v, name, len(self.weights))
        if not isinstance(rows, Tracer) and rows.size and float(abs(rows).max()) > 1.0:
            raise DataError(
                f"{name} must be outputs of tanh, from -1 to 1, got {float(abs(rows).max()):g}"
            )
        return rows

    def _energy(self, v: jax.Array) -> jax.Array:
        v = jnp.clip(v, -1 + 1e-7, 1 - 1e-7)
        pull = jnp.einsum("bi,ij,bj->b", v, self.weights, v)
        # ∫ artanh = v artanh v + ½ ln(1 − v²)
        inverse = v * jnp.arctanh(v) + 0.5 * jnp.log1p(-v * v)
        return -0.5 * pull - v @ self.inputs + jnp.sum(inverse, axis=1) / self.gain

    def settle(self, start: Any, *, steps: int = 500, time_step: float = 0.1) -> tuple:
        """Follow the flow from outputs ``start`` (batch, n) by Euler steps of ``time_step`` τ.

        Parameters
        ----------
        start : array (batch, n)
            In [−1, 1].
        steps : int
        time_step : float
            Above 0 and below 2: from there on even a unit without weights never comes to rest.

        Returns
        -------
        v : array (batch, n)
        energies : array (steps + 1, batch)

        Raises
        ------
        UsageError
            For a number of steps or a time step out of its range.
        DataError
            For outputs of another length, or not from −1 to 1.
        """
        steps = whole(steps, "steps", 1, MOST_STEPS)
        time_step = real(time_step, "time_step", above=0, below=2)
        v = jnp.clip(self._outputs(start, "start"), -0.999999, 0.999999)

        def turn(u: jax.Array, _: Any) -> tuple[jax.Array, jax.Array]:
            v = jnp.tanh(self.gain * u)
            u = u + time_step * (v @ self.weights + self.inputs - u)
            return u, self._energy(jnp.tanh(self.gain * u))

        u, energies = lax.scan(turn, jnp.arctanh(v) / self.gain, None, steps)
        return jnp.tanh(self.gain * u), jnp.concatenate([self._energy(v)[None], energies])


LARGEST_ENERGY = 1e36


class TankReport(NamedTuple):
    """Share of valid tours, the best valid tour, its length, and the lengths of all valid ones."""

    valid: float
    tour: np.ndarray | None
    length: float
    lengths: np.ndarray


@dataclass(frozen=True)
class HopfieldTank:
    """The analogue network for the travelling salesman, as history: most runs end invalid.

    V_Xi = ½ (1 + tanh(u_Xi / u0)) says that city X stands at position i, and
    du/dt = −u/τ − A Σ_{j≠i} V_Xj − B Σ_{Y≠X} V_Yi − C (ΣV − n) − D Σ_Y d_XY (V_Y,i+1 + V_Y,i−1),
    with the published constants. Distances are scaled so that cities lie in a unit square.

    References
    ----------
    Hopfield and Tank (1985), "Neural" computation of decisions in optimization problems. Wilson
    and Pawley (1988) found about 15 % valid tours for 10 cities, and no way to mend it: use
    `TravellingSalesman` for answers.
    """

    row: float = 500.0
    column: float = 500.0
    whole: float = 200.0
    distance: float = 500.0
    target: float | None = None
    width: float = 0.02
    time_step: float = 1e-5

    def __post_init__(self) -> None:
        for name in ("row", "column", "whole", "distance"):
            object.__setattr__(self, name, real(getattr(self, name), name, at_least=0))
        for name in ("width", "time_step"):
            object.__setattr__(self, name, real(getattr(self, name), name, above=0, at_most=1e6))
        if self.target is not None:
            object.__setattr__(self, "target", real(self.target, "target", above=0))

    def solve(
        self, distances: Any, *, runs: int = 100, steps: int = 5000, seed: int = 0
    ) -> TankReport:
        """Run from ``runs`` random starts and count the valid tours.

        Raises
        ------
        UsageError
            If runs, steps or seed are no integers in their range.
        DataError
            If distances are not a symmetric matrix of finite numbers of at least 0, for at least
            3 cities that do not all lie in one place.
        """
        runs, steps = whole(runs, "runs", 1), whole(steps, "steps", 1, MOST_STEPS)
        seed = whole(seed, "seed", 0, 2**63 - 1)
        d = real_array(distances, "distances", largest=LARGEST)
        if d.ndim != 2 or d.shape[0] != d.shape[1] or len(d) < 3:
            raise DataError(
                f"distances must be a square matrix of at least 3 cities, got {d.shape}"
            )
        n = len(d)
        np.fill_diagonal(d, 0.0)
        if (d < 0).any() or not d.max() > 0 or not np.allclose(d, d.T, atol=1e-9 * d.max()):
            raise DataError(
                "distances must be at least 0, not all 0, and symmetric: this network counts both "
                "neighbours of a city alike"
            )
        check_memory(runs * n * n, f"{runs:,} runs of {n} cities")
        target = 1.5 * n if self.target is None else self.target
        key = jax.random.key(seed)
        noise = jax.random.uniform(key, (runs, n, n), jnp.float32, -0.1, 0.1) * self.width
        start = -0.5 * self.width * np.log(n - 1) + noise
        v = np.asarray(_flow(self, jnp.asarray(d / d.max()), start, target, steps))
        ones = v > 0.5
        valid = (ones.sum(1) == 1).all(1) & (ones.sum(2) == 1).all(1)
        tours = ones[valid].argmax(axis=1)
        lengths = np.array([d[t, np.roll(t, -1)].sum() for t in tours])
        best = int(lengths.argmin()) if lengths.size else -1
        tour = tours[best] if lengths.size else None
        return TankReport(
            float(valid.mean()), tour, float(lengths[best]) if lengths.size else np.inf, lengths
        )


def _flow(rule: HopfieldTank, d: jax.Array, u: jax.Array, target: float, steps: int) -> jax.Array:
    def turn(_: Any, u: jax.Array) -> jax.Array:
        v = 0.5 * (1.0 + jnp.tanh(u / rule.width))
        rows = v.sum(axis=2, keepdims=True) - v
        columns = v.sum(axis=1, keepdims=True) - v
        whole = v.sum(axis=(1, 2), keepdims=True) - target
        beside = jnp.roll(v, 1, axis=2) + jnp.roll(v, -1, axis=2)
        roads = jnp.einsum("xy,ryi->rxi", d, beside)
        pull = rule.row * rows + rule.column * columns + rule.whole * whole + rule.distance * roads
        return u + rule.time_step * (-u - pull)

    u = jax.jit(lambda u: lax.fori_loop(0, steps, turn, u))(u)
    return 0.5 * (1.0 + jnp.tanh(u / rule.width))
