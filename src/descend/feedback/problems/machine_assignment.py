"""Scheduling as assignment: spread jobs over machines so that the busiest is done soonest."""

from __future__ import annotations

from typing import Any

import numpy as np

from descend.errors import DataError
from descend.feedback.arguments import (
    LARGEST,
    check_largest,
    float_array,
    real,
    sign_row,
    state_of,
    whole,
    whole_array,
)
from descend.feedback.ising import Ising, check_memory
from descend.feedback.problems.problem import Answer, Problem
from descend.feedback.problems.quadratic import Quadratic

__all__ = ["MachineAssignment"]


class MachineAssignment(Problem):
    """A (Σ_m x_jm − 1)² for every job, plus Σ_m load_m²; the cost reported is the largest load.

    Parameters
    ----------
    times : array (jobs,) or (jobs, machines)
        Time of each job, on each machine where machines differ; infinite: not possible there.
    machines : int or None
        Needed when ``times`` has one axis.
    penalty : float or None
        A; ``None``: (largest time)² + 2 · largest time · mean load, what adding a job can cost.

    Raises
    ------
    DataError
        If times are no numbers of at least 0, their shape does not fit the number of machines, or
        a job is possible nowhere.
    """

    def __init__(
        self, times: Any, machines: int | None = None, penalty: float | None = None
    ) -> None:
        table = float_array(times, "times must be an array of numbers")
        if machines is not None:
            machines = whole(machines, "machines", 1, error=DataError)
            check_memory(table.size * machines, f"the times of {machines:,} machines")
            if table.ndim == 1:
                table = np.repeat(table[:, None], machines, axis=1)
            elif table.ndim == 2 and table.shape[1] != machines:
                raise DataError(
                    f"times have a column for each of {table.shape[1]} machines, but machines is "
                    f"{machines}; leave it out"
                )
        if table.ndim != 2 or not table.size:
            raise DataError("give times (jobs,) with a number of machines, or (jobs, machines)")
        if np.isnan(table).any() or (table < 0).any():
            raise DataError("times must be numbers of at least 0 (infinite: not possible)")
        check_largest(table, "times", LARGEST)
        stuck = np.flatnonzero(np.isinf(table).all(axis=1))
        if stuck.size:
            raise DataError(f"job {stuck[0] + 1} is possible on no machine")
        self.times, (self.jobs, self.count) = table, table.shape
        self.allowed = np.isfinite(table)
        self._scale = float(table[self.allowed].max() or 1.0)
        finite = np.where(self.allowed, table, 0.0) / self._scale
        mean = np.where(self.allowed, finite, np.inf).min(axis=1).sum() / self.count
        self._finite = finite
        given = 1.0 + 2.0 * mean if penalty is None else penalty
        self.penalty = real(given, "penalty", above=0, at_most=LARGEST)

    def encode(self) -> Ising:
        """Return the energy, times scaled by the largest."""
        check_memory(self.count * self.jobs**2, f"the couplings of {self.jobs} jobs")
        terms = Quadratic(self.jobs * self.count)
        numbers = np.arange(self.jobs * self.count).reshape(self.jobs, self.count)
        terms.add_one_hot(numbers, self.penalty)
        for machine in range(self.count):
            terms.add_square(numbers[:, machine], self._finite[:, machine], 0.0, 1.0)
        terms.linear[numbers[~self.allowed]] += 4.0 * self.penalty
        return terms.ising()

    def groups(self) -> list[list[int]]:
        """Return the machines of each job."""
        return np.arange(self.jobs * self.count).reshape(self.jobs, self.count).tolist()

    def decode(self, spins: np.ndarray) -> Answer:
        """Return the machine of each job, −1 for none."""
        spins = sign_row(spins, "spins", self.jobs * self.count)
        ones = spins.reshape(self.jobs, self.count) > 0
        counts = ones.sum(axis=1)
        machine = np.where(counts > 0, ones.argmax(axis=1), -1)
        broken = [f"job {j + 1} is on {counts[j]} machines" for j in np.flatnonzero(counts != 1)]
        if (machine < 0).any():
            return Answer(machine, float("inf"), tuple(broken))
        answer = self.judge(machine)
        return Answer(answer.value, answer.cost, (*broken, *answer.violations))

    def judge(self, machine: np.ndarray) -> Answer:
        """Judge a machine for each job."""
        machine = whole_array(machine, "machine", (self.jobs,))
        if machine.min() < 0 or machine.max() >= self.count:
            raise DataError(
                f"machines are numbered 0 to {self.count - 1}, got {machine.min()} to "
                f"{machine.max()}"
            )
        jobs = np.arange(self.jobs)
        broken = tuple(
            f"job {j + 1} is not possible on machine {machine[j] + 1}"
            for j in np.flatnonzero(~self.allowed[jobs, machine])
        )
        times = np.where(self.allowed, self.times, 0.0)[jobs, machine]
        return Answer(machine, float(np.bincount(machine, times, self.count).max()), broken)

    def repair(self, spins: np.ndarray, amplitudes: np.ndarray) -> Answer:
        """Take each job's strongest machine; then move or swap jobs off the busiest machine."""
        spins, amplitudes = state_of(spins, amplitudes, self.jobs * self.count)
        scores = (amplitudes + 0.5 * spins).reshape(self.jobs, self.count)
        machine = np.where(self.allowed, scores, -np.inf).argmax(axis=1)
        table = np.where(self.allowed, self.times, np.inf)
        jobs = np.arange(self.jobs)
        for _ in range(10 * self.jobs):
            loads = np.bincount(machine, table[jobs, machine], self.count)
            top = int(loads.argmax())
            best, change = loads[top] * (1 - 1e-12), None
            for j in np.flatnonzero(machine == top):
                after = np.maximum(loads + table[j], loads[top] - table[j, top])
                after[top] = np.inf
                if after.min() < best:
                    best, change = after.min(), [(j, int(after.argmin()))]
                others = np.flatnonzero(machine != top)
                m = machine[others]
                here = loads[top] - table[j, top] + table[others, top]
                there = loads[m] - table[others, m] + table[j, m]
                after = np.maximum(here, there)
                if after.size and after.min() < best:
                    k = int(after.argmin())
                    best, change = after[k], [(j, int(m[k])), (int(others[k]), top)]
            if change is None:
                break
            for j, to in change:
                machine[j] = to
        return self.judge(machine)
