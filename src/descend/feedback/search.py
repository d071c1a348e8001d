"""Minimise the energy of interconnected spins: pilot, runs, restarts, greedy descent."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from inspect import signature
from typing import Any, TypeAlias

import numpy as np

from descend.errors import UsageError, did_you_mean
from descend.feedback.arguments import (
    MOST_STEPS,
    check_callable,
    real,
    seed_of,
    whole,
)
from descend.feedback.descent import descend_greedily
from descend.feedback.dynamics import ALGORITHMS
from descend.feedback.dynamics.bifurcation import stable_step
from descend.feedback.dynamics.rule import KNOBS
from descend.feedback.ising import Ising
from descend.feedback.run import Machine, Outcome, Progress
from descend.feedback.search_arguments import (
    check_algorithm,
    check_room,
    checked_states,
    group_rows,
)

__all__ = ["Result", "minimize"]

LONGEST_RUN = 64_000
PILOT_SHARE = 0.15  # steps of a pilot, relative to those of a run
PILOT_TIME = 0.25  # share of the time limit that pilots may take
LEAST_PILOT = {False: 100, True: 600}  # steps of a pilot that is worth its time; sparse or not
READS, FEW_READS = 64, 8
FEW_STEPS = 5000  # where so many steps of all reads do not fit, fewer reads take more of them
PULL_SECONDS = 4e-10  # a coupling, a read and a step of sparse couplings, on two cores
LEAST_RUN = 200

Plan: TypeAlias = "tuple[str, dict[str, list[float]]]"


@dataclass(frozen=True)
class Result:
    """The states found.

    Attributes
    ----------
    spins : int8 array (reads, n)
        −1 or +1, each read's best.
    energies : float64 array (reads,)
    amplitudes : float32 array (reads, n)
        The continuous states behind the spins, before the final descent: how firmly each spin
        was decided. Repairs use them as scores.
    algorithm : str
        The dynamics that ran.
    knobs : dict
        Its parameters.
    seed : int
    steps, seconds : int, float
        Over all runs.
    trace : list of Progress
        Lowest energy after so many seconds.
    """

    spins: np.ndarray
    energies: np.ndarray
    amplitudes: np.ndarray
    algorithm: str
    knobs: dict[str, Any]
    seed: int
    steps: int
    seconds: float
    trace: list[Progress]

    @property
    def best(self) -> np.ndarray:
        """The spins of lowest energy, (n,)."""
        return self.spins[int(np.argmin(self.energies))]

    @property
    def energy(self) -> float:
        """The lowest energy."""
        return float(self.energies.min())

    @property
    def binary(self) -> np.ndarray:
        """The states as 0 and 1, (reads, n)."""
        return ((self.spins + 1) // 2).astype(np.int8)


def minimize(
    problem: Ising,
    *,
    algorithm: str = "auto",
    num_reads: int | None = None,
    num_steps: int = 2000,
    timeout: float | None = None,
    seed: int | None = None,
    initial_states: Any = None,
    groups: Any = None,
    interrupt_function: Callable[[], bool] | None = None,
    progress: Callable[[Progress], Any] | None = None,
    **knobs: float,
) -> Result:
    """Search for the spins of lowest energy by feedback dynamics.

    Every read is a network of continuous amplitudes in which each spin acts on all the spins it
    is coupled to; reads run side by side in one compiled program. Each read keeps the best state
    that it ever passed, and a greedy descent in float64 ends it.

    Parameters
    ----------
    problem : Ising
        Make one with `Ising`, `Ising.from_qubo` or `Ising.from_edges`.
    algorithm : str
        "bsb", "dsb", "gsb" (simulated bifurcation: ballistic, discrete, generalised), "cac"
        (chaotic amplitude control), "nmfa" (mean-field annealing), "potts" (mean field over
        one-hot groups), "softassign" (over a square of groups whose columns are one-hot too: a
        permutation), or "auto": a pilot over a grid of time steps and coupling strengths.
    num_reads : int or None
        States returned. ``None``: 64; with couplings that are sparse and a ``timeout`` too
        short for some 5,000 steps of 64, 8, which take more steps in that time.
    num_steps : int
        Length of the first run.
    timeout : float or None
        Seconds, compilation included. With it, runs of doubling length are repeated until the
        time is up and ``num_steps`` is shortened where it would not fit.
    seed : int or None
        The same seed gives the same states on the same machine, unless ``timeout`` cuts runs.
    initial_states : array (k, n) of −1 and +1, or None
        Start of the first k reads; no read returns a state worse than its start.
    groups : array (groups, states) of int, or None
        One-hot groups for "potts"; −1 pads shorter groups. With them, "auto" tries it as well.
    interrupt_function : function () -> bool
        Asked several times a second; true stops, and the best states so far are returned.
    progress : function (Progress)
        Called several times a second.
    **knobs : float
        Parameters of the dynamics, such as ``time_step`` or ``coupling``.

    Returns
    -------
    Result

    Raises
    ------
    UsageError
        For an unknown algorithm or knob, a number out of its range, or groups that name a spin
        that is not there, or one spin twice.
    DataError
        For initial states of the wrong size or with values other than −1 and +1.

    Examples
    --------
    >>> problem = Ising.from_edges(4, [0, 1, 2, 3], [1, 2, 3, 0], [1.0, 1.0, 1.0, 1.0])
    >>> result = minimize(problem, algorithm="dsb", num_reads=8, num_steps=100, seed=0)
    >>> result.energy
    -4.0
    """
    if not isinstance(problem, Ising):
        raise UsageError(
            "minimize takes an Ising, as from Ising(...), Ising.from_qubo or Ising.from_edges, got "
            f"{type(problem).__name__}; problems are solved by descend.feedback.problems.solve"
        )
    timeout = None if timeout is None else real(timeout, "timeout", above=0)
    num_reads = _reads_for(problem, timeout) if num_reads is None else num_reads
    num_reads = whole(num_reads, "num_reads", 1)
    num_steps = whole(num_steps, "num_steps", 1, MOST_STEPS)
    members = group_rows(groups, problem.size)
    check_algorithm(algorithm, members, problem.size)
    check_callable(interrupt_function, "interrupt_function", "no argument")
    check_callable(progress, "progress", "one argument, a Progress")
    if seed is None:
        seed = int(np.random.SeedSequence().generate_state(1)[0] >> 1)
    seed = seed_of(seed)
    check_room(num_reads, problem.size)
    guess = checked_states(initial_states, problem.size, num_reads)
    started = time.perf_counter()
    deadline = np.inf if timeout is None else started + timeout
    if problem.size == 0:
        nothing = np.zeros((num_reads, 0))
        energies = np.full(num_reads, problem.offset)
        amplitudes = nothing.astype(np.float32)
        return Result(
            nothing.astype(np.int8), energies, amplitudes, algorithm, {}, seed, 0, 0.0, []
        )
    trace: list[Progress] = []

    def watch(now: Progress) -> None:
        if not trace or now.energy < trace[-1].energy:
            trace.append(now)
        if progress is not None:
            progress(now)

    def stop() -> bool:
        late = time.perf_counter() >= deadline
        return late or (interrupt_function is not None and bool(interrupt_function()))

    machine = Machine(problem, members, num_reads, stop, watch, started)
    search = _Search(machine, deadline, seed, num_reads)
    if guess is not None:
        search.keep(guess, guess.astype(np.float32))
    candidates = _candidates(algorithm, machine, knobs)
    name, chosen = search.runs(search.pilot(candidates, num_steps), num_steps, guess)
    spins = descend_greedily(problem, search.spins)
    energies = problem.energies(spins)
    machine.tell_energy(float(energies.min()))
    seconds = time.perf_counter() - started
    used = {k: np.unique(np.asarray(v, float)).tolist() for k, v in chosen.items()}
    return Result(
        spins, energies, search.amplitudes, name, used, seed, machine.steps, seconds, trace
    )


class _Search:
    """The best states so far, and the plan of pilots and runs that improves them."""

    def __init__(self, machine: Machine, deadline: float, seed: int, reads: int) -> None:
        self.machine, self.deadline, self.reads = machine, deadline, reads
        self.seeds = iter(np.random.SeedSequence(seed).generate_state(4096) >> 1)
        self.spins = np.ones((reads, machine.problem.size), np.int8)
        self.amplitudes = np.zeros(self.spins.shape, np.float32)
        self.energies = np.full(reads, np.inf)
        self.rate = 0.0  # steps a second of the last run

    def keep(self, spins: np.ndarray, amplitudes: np.ndarray) -> np.ndarray:
        """Keep what is better, read by read; return the energies."""
        energies = self.machine.problem.energies(spins)
        k = len(spins)
        better = energies < self.energies[:k]
        self.spins[:k][better] = spins[better]
        self.amplitudes[:k][better] = amplitudes[better]
        self.energies[:k] = np.minimum(self.energies[:k], energies)
        return energies

    def left(self) -> float:
        return self.deadline - time.perf_counter()

    def play(self, name: str, knobs: dict, steps: int, guess: np.ndarray | None) -> np.ndarray:
        seed = int(next(self.seeds))
        out: Outcome = self.machine.run(ALGORITHMS[name], knobs, steps, seed, guess)
        if out.seconds > 0 and out.steps:
            self.rate = out.steps / out.seconds
        return self.keep(out.spins, out.amplitudes)

    def pilot(self, candidates: dict[str, list[dict]], num_steps: int) -> list[Plan]:
        """Try every candidate on a few replicas in short runs; return one plan a rule, best first.

        A plan holds the two best settings of its rule. Without the time for trying, plans are
        made of the first candidates, those expected to be best.
        """
        prior = [(name, _stack(grid[:1])) for name, grid in candidates.items()]
        if sum(map(len, candidates.values())) == 1:
            return prior
        steps = max(50, int(PILOT_SHARE * num_steps))
        if np.isfinite(self.deadline):
            name, knobs = prior[0]
            self.play(name, knobs, 20, None)  # compiles, and shows how fast steps are
            affordable = int(self.rate * self.left() * PILOT_TIME / len(candidates))
            if affordable < LEAST_PILOT[self.machine.problem.is_sparse]:
                return prior
            steps = min(steps, affordable)
        tried: list[tuple[float, Plan]] = []
        for name, grid in candidates.items():
            if tried and self.machine.stop():
                break
            energies = self.play(name, _stack(grid), steps, None)
            scores = []
            for k in range(len(grid)):
                own = np.sort(energies[k :: len(grid)])
                scores.append(own[: max(1, own.size // 2)].mean() if own.size else np.inf)
            order = np.argsort(scores, kind="stable")
            tried.append((scores[order[0]], (name, _stack([grid[k] for k in order[:2]]))))
        return [plan for _, plan in sorted(tried, key=lambda entry: entry[0])]

    def runs(self, plans: list[Plan], steps: int, guess: np.ndarray | None) -> Plan:
        """Run the best plan once, or all plans in turn until the deadline; return the best.

        With time for several runs their lengths double, and the runner-up gets every third run:
        a dynamics whose replicas all fall into one state gains nothing from another run.
        """
        if not np.isfinite(self.deadline):
            self.play(*plans[0], steps, guess)
            return plans[0]
        lowest = [np.inf] * len(plans)
        for turn in range(4096):
            second = turn % 3 == 1 and len(plans) > 1
            order = sorted(range(len(plans)), key=lambda k: (lowest[k], k))
            k = 1 if turn == 1 and second else order[int(second)] if turn > 1 else 0
            if self.rate:
                # A run that is cut before its pump is up is worth little: fit it to the time.
                fits = int(0.93 * self.rate * max(self.left(), 0.0))
                if turn and fits < LEAST_RUN:
                    break
                if fits < 2 * steps:
                    steps = max(50, fits)
            energies = self.play(*plans[k], steps, None if turn else guess)
            lowest[k] = min(lowest[k], float(energies.min()))
            if self.left() <= 0 or self.machine.stop():
                break
            if turn % 3 == 1 or len(plans) == 1:
                steps = min(2 * steps, LONGEST_RUN)
        return plans[int(np.argmin(lowest))]


def _stack(grid: list[dict[str, float]]) -> dict[str, list[float]]:
    """Turn a list of settings into one setting with a list for each knob."""
    return {knob: [setting[knob] for setting in grid] for knob in grid[0]}


def _candidates(algorithm: str, machine: Machine, knobs: dict[str, float]) -> dict[str, list]:
    """Return the parameter grids to try; one entry means that nothing needs trying."""
    if algorithm != "auto":
        rule = ALGORITHMS[algorithm]
        known = rule.knobs(machine.spectrum)
        for knob in knobs:
            if knob not in known:
                raise UsageError(
                    f'algorithm "{algorithm}" has no parameter {knob!r}; it has '
                    f"{', '.join(known)}.{did_you_mean(knob, known)}"
                )
        set_ = {knob: real(value, knob, **KNOBS[knob]) for knob, value in knobs.items()}
        return {algorithm: [{**known, **set_}]}
    for knob in knobs:
        if knob not in KNOBS:
            raise UsageError(
                f"unknown argument {knob!r}.{did_you_mean(knob, signature(minimize).parameters)}"
            )
    if knobs:
        raise UsageError(f"name an algorithm to set {', '.join(knobs)}; auto chooses them itself")
    found = {}
    grids = {
        "dsb": [(1.0, 0.5), (1.0, 0.9), (2.0, 0.9), (2.0, 0.5)],
        "gsb": [(1.0, 0.9), (1.0, 0.5), (0.5, 0.5), (0.5, 0.9), (2.0, 0.5), (2.0, 0.9), (4.0, 0.9)],
    }
    # What is expected to be best stands first: it is taken when there is no time for a pilot.
    for name in ("dsb", "gsb") if machine.problem.is_sparse else ("gsb", "dsb"):
        known = ALGORITHMS[name].knobs(machine.spectrum)
        found[name] = [
            {**known, "coupling": c, "time_step": f * stable_step(machine.spectrum, c)}
            for c, f in grids[name]
        ]
    if machine.groups is not None:
        found["potts"] = [ALGORITHMS["potts"].knobs(machine.spectrum)]
    return found


def _reads_for(problem: Ising, timeout: float | None) -> int:
    """Return how many reads to make where nobody says: fewer where time is short."""
    couplings: Any = problem.couplings
    if timeout is None or not problem.is_sparse or not timeout > 0:
        return READS
    steps = timeout / max(PULL_SECONDS * READS * couplings.nnz, 1e-9)
    return READS if steps >= FEW_STEPS else FEW_READS
