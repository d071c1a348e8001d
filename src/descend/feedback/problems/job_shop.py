"""The job shop: order the operations on every machine so that all is done soonest."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import numpy as np

from descend.errors import DataError
from descend.feedback.arguments import (
    LARGEST,
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

__all__ = ["JobShop"]

TABU_TURNS = 200
MOST_TIME = 1_000_000


def _whole(numbers: Any) -> np.ndarray:
    """Return whole numbers as they are; others would be cut off."""
    given = float_array(numbers, "machines and durations must be tables (jobs, operations)")
    with np.errstate(invalid="ignore"):
        cut = (given != np.floor(given)) | ~np.isfinite(given)
    if cut.any():
        raise DataError(
            f"machines and durations are whole numbers, got {given[cut][0]:g}: "
            "measure times in a smaller unit"
        )
    if np.abs(given).max(initial=0.0) > MOST_TIME:
        raise DataError(
            f"machines and durations must be at most {MOST_TIME:,}, got {np.abs(given).max():g}: "
            "number machines from 0 on, and measure times in a larger unit"
        )
    return given.astype(int)


class JobShop(Problem):
    """x_ot = 1 when operation o starts at time t, inside the window its job leaves it.

    One start an operation; no operation before its predecessor ended; no two operations at once
    on one machine. Each broken pair costs A, and ending the last operation of a job at time e
    costs (e / horizon)², which presses the schedule together.

    Parameters
    ----------
    machines, durations : int arrays (jobs, operations)
        Row j lists job j's operations in order: machine (from 0) and time (at least 1).
    horizon : int or None
        Latest end of all; ``None``: the shortest of a few dozen greedy schedules.
    penalty : float

    Raises
    ------
    DataError
        If the tables differ in shape or hold anything but whole numbers in their range, or the
        horizon is too short for a job.

    References
    ----------
    Venturelli, Marchand and Rojo (2016), Job shop scheduling solver based on quantum annealing.
    """

    def __init__(
        self, machines: Any, durations: Any, horizon: int | None = None, penalty: float = 1.0
    ) -> None:
        self.machines, self.durations = _whole(machines), _whole(durations)
        if self.machines.ndim != 2 or self.machines.shape != self.durations.shape:
            raise DataError(
                "machines and durations must be tables (jobs, operations) of one shape, got "
                f"{self.machines.shape} and {self.durations.shape}"
            )
        if not self.machines.size:
            raise DataError("there are no operations to schedule")
        if (self.durations < 1).any() or (self.machines < 0).any():
            raise DataError("durations must be at least 1 and machines are numbered from 0")
        self.jobs, self.length = self.machines.shape
        ends = np.cumsum(self.durations, axis=1)
        self.before = ends - self.durations
        self.behind = ends[:, -1:] - self.before
        if horizon is None:
            horizon = self._short_horizon()
        horizon = whole(horizon, "horizon", error=DataError)
        if horizon < ends[:, -1].max():
            raise DataError(
                f"no schedule fits into {horizon}: one job alone takes {ends[:, -1].max()}"
            )
        self.horizon, self.penalty = horizon, real(penalty, "penalty", above=0, at_most=LARGEST)
        check_memory(
            self.machines.size * horizon,
            f"the starts of {self.machines.size} operations until {horizon:,}",
        )
        windows = (self.horizon - self.behind - self.before + 1).reshape(-1)
        self._starts = np.concatenate([[0], np.cumsum(windows)])
        self._operation = np.repeat(np.arange(windows.size), windows)
        offsets = np.arange(self._starts[-1]) - self._starts[self._operation]
        self._time = offsets + self.before.reshape(-1)[self._operation]

    def encode(self) -> Ising:
        """Return the energy; below A it belongs to a feasible schedule."""
        count = int(self._starts[-1])
        check_memory(count**2, f"the clashes of {count:,} possible starts")
        terms = Quadratic(count)
        for group in self.groups():
            terms.add_square(group, np.ones(len(group)), -1.0, self.penalty)
        duration = self.durations.reshape(-1)[self._operation]
        end = self._time + duration
        job = self._operation // self.length
        machine = self.machines.reshape(-1)[self._operation]
        last = self._operation % self.length == self.length - 1
        cost = (end / self.horizon) ** 2 * self.penalty / (2.0 * self.jobs)
        terms.linear[last] += cost[last]
        a, b = np.triu_indices(count, 1)
        different = self._operation[a] != self._operation[b]
        a, b = a[different], b[different]
        overlap = (self._time[a] < end[b]) & (self._time[b] < end[a])
        clash = (machine[a] == machine[b]) & (job[a] != job[b]) & overlap
        # Within a job operations are numbered in order, so a's operation comes first.
        early = (job[a] == job[b]) & (self._time[b] < end[a])
        wrong = clash | early
        terms.add_pairs(a[wrong], b[wrong], self.penalty)
        return terms.ising()

    def groups(self) -> list[list[int]]:
        """Return the possible starts of each operation."""
        bounds = zip(self._starts[:-1], self._starts[1:], strict=True)
        return [list(range(int(low), int(high))) for low, high in bounds]

    def decode(self, spins: np.ndarray) -> Answer:
        """Return start times (jobs, operations), −1 where an operation has none."""
        chosen = np.flatnonzero(sign_row(spins, "spins", int(self._starts[-1])) > 0)
        starts = np.full(self.jobs * self.length, -1)
        counts = np.bincount(self._operation[chosen], minlength=starts.size)
        starts[self._operation[chosen][::-1]] = self._time[chosen][::-1]
        broken = [
            f"operation {k + 1} of job {j + 1} starts {counts[j * self.length + k]} times"
            for j, k in np.argwhere(counts.reshape(self.machines.shape) != 1)
        ]
        if (starts < 0).any():
            return Answer(starts.reshape(self.machines.shape), float("inf"), tuple(broken))
        answer = self.judge(starts.reshape(self.machines.shape))
        return Answer(answer.value, answer.cost, (*broken, *answer.violations))

    def judge(self, starts: np.ndarray) -> Answer:
        """Judge start times; the cost is the end of the last operation."""
        starts = whole_array(starts, "starts", self.machines.shape)
        if starts.min() < 0:
            raise DataError(f"starts must be at least 0, got {starts.min()}")
        ends = starts + self.durations
        broken = [
            f"job {j + 1} starts operation {k + 2} before operation {k + 1} ended"
            for j, k in np.argwhere(starts[:, 1:] < ends[:, :-1])
        ]
        for machine in np.unique(self.machines):
            mine = np.argwhere(self.machines == machine)
            order = mine[np.argsort([starts[j, k] for j, k in mine], kind="stable")]
            for (i, a), (j, b) in pairwise(order):
                if starts[j, b] < ends[i, a]:
                    broken.append(f"machine {machine + 1} runs jobs {i + 1} and {j + 1} at once")
        return Answer(starts, float(ends.max()), tuple(broken))

    def repair(self, spins: np.ndarray, amplitudes: np.ndarray) -> Answer:
        """Order operations by the times their amplitudes favour; then tabu search.

        A move exchanges two neighbours on a machine that both lie on a longest path.

        References
        ----------
        van Laarhoven, Aarts and Lenstra (1992), Job shop scheduling by simulated annealing (moves).
        """
        spins, amplitudes = state_of(spins, amplitudes, int(self._starts[-1]))
        scores = amplitudes + 0.5 * spins
        favoured = np.array([self._time[g[int(scores[g].argmax())]] for g in self.groups()], float)
        priority = favoured.reshape(self.machines.shape)
        sequences = self._sequences(self._greedy(priority))
        starts = self._timed(sequences)
        if starts is None:  # cannot happen for orders read from a schedule
            return self.decode(spins)
        best, tabu = starts, {}
        for turn in range(TABU_TURNS):
            trials = []
            for machine, place in self._critical(starts, sequences):
                order = sequences[machine]
                pair = order[place], order[place + 1]
                trial = {**sequences, machine: [*order]}
                trial[machine][place], trial[machine][place + 1] = pair[1], pair[0]
                timed = self._timed(trial)
                if timed is None:
                    continue
                end = (timed + self.durations).max()
                if tabu.get(pair, -1) < turn or end < (best + self.durations).max():
                    trials.append((int(end), len(trials), trial, timed, pair))
            if not trials:
                break
            end, _, sequences, starts, pair = min(trials, key=lambda trial: trial[:2])
            tabu[pair[::-1]] = turn + 8
            if end < (best + self.durations).max():
                best = starts
        return self.judge(best)

    def _short_horizon(self) -> int:
        """Return the shortest end among greedy schedules by work left and by random priorities."""
        draw = np.random.default_rng(0)
        rules = [-self.behind.astype(float), self.before.astype(float)]
        rules += [-self.behind * draw.uniform(0.5, 1.5, self.behind.shape) for _ in range(30)]
        return min(int((self._greedy(rule) + self.durations).max()) for rule in rules)

    def _greedy(self, priority: np.ndarray) -> np.ndarray:
        """Start operations one by one, always the ready one of lowest priority (Giffler-Thompson).

        References
        ----------
        Giffler and Thompson (1960), Algorithms for solving production-scheduling problems.
        """
        starts = np.zeros(self.machines.shape, int)
        job_free = np.zeros(self.jobs, int)
        machine_free = np.zeros(self.machines.max() + 1, int)
        following = np.zeros(self.jobs, int)
        for _ in range(self.machines.size):
            ready = np.flatnonzero(following < self.length)
            step = following[ready]
            machine = self.machines[ready, step]
            earliest = np.maximum(job_free[ready], machine_free[machine])
            ends = earliest + self.durations[ready, step]
            k = int(ends.argmin())
            rivals = np.flatnonzero((machine == machine[k]) & (earliest < ends[k]))
            k = int(rivals[priority[ready[rivals], step[rivals]].argmin()])
            j = ready[k]
            starts[j, step[k]] = earliest[k]
            job_free[j] = machine_free[machine[k]] = ends[k]
            following[j] += 1
        return starts

    def _sequences(self, starts: np.ndarray) -> dict[int, list[tuple[int, int]]]:
        found: dict[int, list[tuple[int, int]]] = {}
        for o in np.argsort(starts.reshape(-1), kind="stable"):
            j, k = divmod(int(o), self.length)
            found.setdefault(int(self.machines[j, k]), []).append((j, k))
        return found

    def _timed(self, sequences: dict[int, list[tuple[int, int]]]) -> np.ndarray | None:
        """Return the earliest starts that respect these orders, or None if they go in circles."""
        durations = self.durations.tolist()
        before = {b: a for s in sequences.values() for a, b in pairwise(s)}
        after = {a: b for b, a in before.items()}
        waits = {
            (j, k): (k > 0) + ((j, k) in before)
            for j in range(self.jobs)
            for k in range(self.length)
        }
        ready = [o for o, count in waits.items() if not count]
        starts = dict.fromkeys(waits, 0)
        done = 0
        while ready:
            o = ready.pop()
            done += 1
            end = starts[o] + durations[o[0]][o[1]]
            for follower in ((o[0], o[1] + 1), after.get(o)):
                if follower in waits:
                    starts[follower] = max(starts[follower], end)
                    waits[follower] -= 1
                    if not waits[follower]:
                        ready.append(follower)
        if done < len(waits):
            return None
        return np.array(list(starts.values())).reshape(self.machines.shape)

    def _critical(
        self, starts: np.ndarray, sequences: dict[int, list[tuple[int, int]]]
    ) -> list[tuple[int, int]]:
        """Return (machine, place) of neighbours on a machine that both lie on a longest path."""
        ends = starts + self.durations
        tail = np.zeros(starts.shape, int)
        place = {o: (m, p) for m, s in sequences.items() for p, o in enumerate(s)}
        order = [divmod(int(o), self.length) for o in np.argsort(-ends.reshape(-1), kind="stable")]
        for j, k in order:
            after = tail[j, k + 1] + self.durations[j, k + 1] if k + 1 < self.length else 0
            machine, p = place[j, k]
            if p + 1 < len(sequences[machine]):
                i, m = sequences[machine][p + 1]
                after = max(after, tail[i, m] + self.durations[i, m])
            tail[j, k] = after
        critical = ends + tail == ends.max()
        return [
            (machine, p)
            for machine, s in sequences.items()
            for p in range(len(s) - 1)
            if critical[s[p]] and critical[s[p + 1]] and starts[s[p + 1]] == ends[s[p]]
        ]
