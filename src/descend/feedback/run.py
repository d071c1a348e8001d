"""One run of one dynamics on the device: chunks short enough to stop, watch and time."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from scipy import sparse
from scipy.sparse.linalg import LinearOperator

from descend.feedback.couplings import on_device, padded_size
from descend.feedback.dynamics.rule import Critical, Rule, Setting, begin, evolve
from descend.feedback.ising import Ising
from descend.feedback.spectrum import Spectrum, extreme_eigenvalues

__all__ = ["Machine", "Outcome", "Progress"]

CHUNK_SECONDS = 0.1


class Progress(NamedTuple):
    """What is known while a search runs."""

    seconds: float
    steps: int
    energy: float


class Outcome(NamedTuple):
    """What one run found, read by read."""

    spins: np.ndarray  # (reads, n) int8
    amplitudes: np.ndarray  # (reads, n) float32
    steps: int
    seconds: float  # without compilation


@dataclass
class Machine:
    """A problem loaded on the device, ready to run any rule on it.

    Parameters
    ----------
    problem : Ising
    groups : int array (groups, states) or None
        One-hot groups; −1 pads groups that are shorter.
    replicas : int
        States that run at once; padded to a power of two.
    stop : function () -> bool
        Asked between chunks.
    watch : function (Progress) or None
    """

    problem: Ising
    groups: np.ndarray | None
    replicas: int
    stop: Callable[[], bool] = lambda: False
    watch: Callable[[Progress], Any] | None = None
    started: float = field(default_factory=time.perf_counter)
    steps: int = 0
    lowest: float = float("inf")

    def __post_init__(self) -> None:
        problem, n = self.problem, self.problem.size
        couplings: Any = problem.couplings
        # A power of two changes no digit, and brings any weights into the range of float32.
        unit = 2.0 ** np.frexp(problem.largest_weight())[1]
        # In single precision: half the memory traffic, and the estimate needs three digits.
        low, high = extreme_eigenvalues((couplings / unit).astype(np.float32))
        low, high = low * unit, high * unit
        strongest = float(np.abs(problem.fields).max(initial=0.0))
        size = max(-low, 0.05 * strongest) or 1.0
        self.spectrum = Spectrum(-high / size, max(-low / size, 0.0))
        scaled = couplings / unit
        squares = scaled.multiply(scaled) if sparse.issparse(scaled) else scaled**2
        total = np.asarray(squares.sum(axis=1)).reshape(-1) + (problem.fields / unit) ** 2
        self._padded = padded_size(n)
        self._width = max(8, 1 << max(self.replicas - 1, 0).bit_length())
        fields = np.zeros((self._padded, 1), np.float32)
        fields[:n, 0] = -problem.fields / size
        strength = np.ones((self._padded, 1), np.float32)
        strength[:n, 0] = np.maximum(np.sqrt(total) / (size / unit), 1e-6)
        self._setting = Setting(
            on_device(problem, 1.0 / size), jnp.asarray(fields), jnp.asarray(strength)
        )
        if self.groups is not None:
            groups = _pad_groups(self.groups)
            place = np.full(self._padded, -1, np.int32)
            inside = groups >= 0
            place[groups[inside]] = np.flatnonzero(inside)
            self._setting = self._setting._replace(
                groups=jnp.asarray(groups), place=jnp.asarray(place),
                critical=_critical(problem, self.groups, size),
            )  # fmt: skip

    def run(
        self,
        rule: Rule,
        knobs: dict[str, Any],
        steps: int,
        seed: Any,
        guess: np.ndarray | None = None,
        every: int = 20,
    ) -> Outcome:
        """Run ``steps`` steps from random states, or near the spins in ``guess`` (reads, n)."""
        n, width = self.problem.size, self._width
        device_knobs = {
            name: jnp.asarray(_spread(value, width), jnp.float32) for name, value in knobs.items()
        }
        start = np.zeros((self._padded, width), np.float32)
        if guess is not None:
            start[:n, : len(guess)] = np.asarray(guess, np.float32).T
        # Without groups where none are needed, programs serve problems with and without them.
        setting = self._setting
        setting = (
            setting if rule.grouped else setting._replace(groups=None, place=None, critical=None)
        )
        # The generator "rbg" costs a tenth of the default on a CPU.
        key = jax.random.key(seed, impl="rbg")
        state, best = begin(rule, setting, device_knobs, key, jnp.asarray(start))
        every = max(1, min(every, steps))

        def advance(state: Any, best: Any, first: int, rounds: int, every: int) -> Any:
            places = (jnp.int32(v) for v in (first, steps, rounds, every))
            return evolve(rule, setting, device_knobs, state, best, *places)

        state, best = advance(state, best, 0, 0, every)  # compiles
        jax.block_until_ready(best)
        begun, done, rounds = time.perf_counter(), 0, 1
        while done < steps and not self.stop():
            chunk = time.perf_counter()
            every = min(every, steps - done)  # the last may be short
            rounds = max(1, min(rounds, (steps - done) // every))
            state, best = advance(state, best, done, rounds, every)
            jax.block_until_ready(best)
            done += rounds * every
            self.steps += rounds * every
            self._tell(best)
            spent = time.perf_counter() - chunk
            rounds = max(1, min(4 * rounds, int(rounds * CHUNK_SECONDS / max(spent, 1e-6))))
        spins = np.asarray(best.spins)[:n, : self.replicas].T
        amplitudes = np.asarray(best.amplitudes)[:n, : self.replicas].T
        return Outcome(spins, amplitudes, done, time.perf_counter() - begun)

    def _tell(self, best: Any) -> None:
        if self.watch is None:
            return
        leader = int(np.argmin(np.asarray(best.energy)[: self.replicas]))
        spins = np.asarray(best.spins[:, leader])[: self.problem.size]
        self.tell_energy(float(self.problem.energies(spins[None])[0]))

    def tell_energy(self, energy: float) -> None:
        """Report the lowest energy so far."""
        self.lowest = min(self.lowest, energy)
        if self.watch is not None:
            self.watch(Progress(time.perf_counter() - self.started, self.steps, self.lowest))


def _spread(value: Any, width: int) -> np.ndarray:
    """Repeat knobs cyclically over the replicas."""
    return np.resize(np.atleast_1d(np.asarray(value, np.float32)), width)


def _critical(problem: Ising, groups: np.ndarray, size: float) -> Critical | None:
    """Return at what temperature a square of groups orders, None for groups of another shape."""
    rows, columns = groups.shape
    if rows != columns or rows < 2 or not np.array_equal(
        np.sort(groups, axis=None), np.arange(problem.size)
    ):  # fmt: skip
        return None
    couplings: Any = problem.couplings

    def beside(table: np.ndarray) -> float:
        return float(
            np.mean([couplings[a, b] for a, b in zip(table[:, 0], table[:, 1], strict=True)])
        )

    exclusion = beside(groups) + beside(groups.T)

    def force(flat: np.ndarray) -> np.ndarray:
        """Return the force, without the penalties, over tables with sums 0."""
        out = -(couplings @ _centred(flat, groups)) - exclusion * _centred(flat, groups)
        return _centred(out, groups)

    operator = LinearOperator((problem.size, problem.size), matvec=force)  # pyright: ignore[reportCallIssue]
    least, largest = 1e-6 * size, extreme_eigenvalues(operator).largest
    if largest < least:  # nothing but fields and penalties, as in linear assignment
        largest = max(float(np.std(_centred(problem.fields, groups))), least)
    temperature = 4.0 * largest / (columns * size)
    return Critical(jnp.float32(temperature), jnp.float32(exclusion / size))


def _centred(flat: np.ndarray, groups: np.ndarray) -> np.ndarray:
    """Return values of spins with the means of rows and columns taken off."""
    table = flat[groups]
    table = table - table.mean(axis=0) - table.mean(axis=1, keepdims=True) + table.mean()
    out = np.empty_like(flat)
    out[groups] = table
    return out


def _pad_groups(groups: np.ndarray) -> np.ndarray:
    rows, columns = (padded_size(size) for size in groups.shape)
    padded = np.full((rows, columns), -1, np.int32)
    padded[: groups.shape[0], : groups.shape[1]] = groups
    return padded
