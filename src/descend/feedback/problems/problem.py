"""The contract of a problem: encode as spins, decode, judge, repair; and how one is solved."""

from __future__ import annotations

import time
from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from descend.errors import UsageError
from descend.feedback.arguments import MOST_STEPS, check_callable, real, seed_of, whole
from descend.feedback.ising import Ising
from descend.feedback.search import Result, minimize

__all__ = ["Answer", "Problem", "Report", "solve"]

PERMUTING = 4
"""Soft assignment has settled after so small a part of the steps that other dynamics need."""


@dataclass(frozen=True)
class Answer:
    """One answer in the words of the problem.

    Attributes
    ----------
    value : Any
        The tour, colours, assignment, schedule or chosen items.
    cost : float
        The problem's own objective, whether or not the answer is feasible.
    violations : tuple of str
        Every constraint that is broken; empty when feasible.
    """

    value: Any
    cost: float
    violations: tuple[str, ...] = ()

    @property
    def feasible(self) -> bool:
        """Whether no constraint is broken."""
        return not self.violations


@dataclass(frozen=True)
class Report:
    """What a search found, before and after repair.

    Attributes
    ----------
    raw : Answer
        The best answer as the network left it: feasible before infeasible, then by cost.
    raw_feasible : float
        Share of the reads that were feasible as they were.
    repaired : Answer
        The best answer after the problem's repair.
    result : Result
        The states, energies and trace of the search that reached the lowest energy.
    reads : int
        States that were judged.
    """

    raw: Answer
    raw_feasible: float
    repaired: Answer
    result: Result
    reads: int


class Problem(ABC):
    """A combinatorial problem with an encoding as interconnected spins.

    Attributes
    ----------
    maximize : bool
        Whether larger costs are better.
    permutes : bool
        Whether ``groups`` are the rows of a square whose columns are one-hot as well.
    """

    maximize: bool = False

    permutes: bool = False

    @abstractmethod
    def encode(self) -> Ising:
        """Return the energy whose lowest state is the best answer."""

    @abstractmethod
    def decode(self, spins: np.ndarray) -> Answer:
        """Read an answer from spins (n,), broken constraints included."""

    def repair(self, spins: np.ndarray, amplitudes: np.ndarray) -> Answer:
        """Return a feasible answer near this state, or the nearest that can be reached."""
        del amplitudes
        return self.decode(spins)

    def groups(self) -> Sequence[Sequence[int]] | None:
        """Return the one-hot groups of spins, if the encoding has them."""
        return None

    def perfect(self, answer: Answer) -> bool:
        """Whether this answer is known to be the best possible, so that a search may stop."""
        del answer
        return False

    def better(self, answer: Answer, other: Answer) -> bool:
        """Whether an answer beats another: fewer violations first, then cost."""
        if len(answer.violations) != len(other.violations):
            return len(answer.violations) < len(other.violations)
        return answer.cost > other.cost if self.maximize else answer.cost < other.cost


def solve(problem: Problem, *, timeout: float | None = None, **search: Any) -> Report:
    """Search for a good answer, and report it as found and as repaired.

    With a ``timeout``, problems that have a repair are searched again and again, from new seeds
    and with changing dynamics, so that many different states are repaired; problems without one
    leave all the time to a single search.

    Parameters
    ----------
    problem : Problem
    timeout : float or None
        Seconds in all.
    **search
        Arguments of `descend.feedback.minimize`, but for ``groups``, which the problem gives.

    Raises
    ------
    UsageError
        If this is no problem, or an argument of the search is unknown or out of its range.

    Examples
    --------
    >>> from descend.feedback.problems import NumberPartition
    >>> solve(NumberPartition([3, 1, 1, 2, 2, 1]), seed=0, num_steps=100).repaired.cost
    0.0
    """
    if not isinstance(problem, Problem):
        raise UsageError(
            f"solve takes a problem, as MaxCut(...), got {type(problem).__name__}; an Ising is "
            "minimised by descend.feedback.minimize"
        )
    if "groups" in search:
        raise UsageError("groups are the problem's own; leave them out, or use minimize")
    if timeout is not None:
        timeout = real(timeout, "timeout", above=0)
    search = _checked(search)
    energy, groups = problem.encode(), problem.groups()
    repairs = type(problem).repair is not Problem.repair
    if timeout is None or not repairs:
        return _judge(problem, minimize(energy, groups=groups, timeout=timeout, **search))
    deadline = time.perf_counter() + timeout
    asked = search.pop("interrupt_function", None) or (lambda: False)
    search = {**search, "interrupt_function": lambda: time.perf_counter() > deadline or asked()}
    seed, wanted = search.pop("seed", None), search.pop("algorithm", "auto")
    seeds = np.random.SeedSequence(seed).generate_state(4096) >> 1
    names = ["dsb", "gsb", "bsb"] + (["potts"] if groups is not None else [])
    if wanted == "auto" and problem.permutes:
        wanted = "softassign"
        search["num_steps"] = max(1, search.get("num_steps", 2000) // PERMUTING)
    turns = [wanted, *(names * 1024 if wanted == "auto" else [wanted] * 4095)]
    report = None
    for turn, name in zip(seeds.tolist(), turns, strict=False):
        left = deadline - time.perf_counter()
        if report is not None and (left <= 0 or asked() or problem.perfect(report.repaired)):
            break
        result = minimize(energy, groups=groups, algorithm=name, seed=turn, **search)
        report = _merge(problem, report, _judge(problem, result, deadline))
    if report is None:
        raise RuntimeError("a search makes at least one turn")
    return report


def _checked(search: dict[str, Any]) -> dict[str, Any]:
    """Return the arguments that are split among several searches, checked before the encoding."""
    found = dict(search)
    if found.get("seed") is not None:
        found["seed"] = seed_of(found["seed"])
    if "num_steps" in found:
        found["num_steps"] = whole(found["num_steps"], "num_steps", 1, MOST_STEPS)
    check_callable(found.get("interrupt_function"), "interrupt_function", "no argument")
    return found


def _judge(problem: Problem, result: Result, deadline: float = np.inf) -> Report:
    order = np.argsort(result.energies, kind="stable")
    answers = [problem.decode(result.spins[k]) for k in order]
    raw = answers[0]
    for answer in answers[1:]:
        raw = answer if problem.better(answer, raw) else raw
    repaired, seen = raw, set()
    for k in order:
        state = result.spins[k].tobytes()
        if state in seen or (seen and time.perf_counter() > deadline):
            continue
        seen.add(state)
        answer = problem.repair(result.spins[k], result.amplitudes[k])
        repaired = answer if problem.better(answer, repaired) else repaired
    share = float(np.mean([answer.feasible for answer in answers]))
    return Report(raw, share, repaired, result, len(answers))


def _merge(problem: Problem, first: Report | None, second: Report) -> Report:
    if first is None:
        return second
    raw = second.raw if problem.better(second.raw, first.raw) else first.raw
    better = problem.better(second.repaired, first.repaired)
    repaired = second.repaired if better else first.repaired
    lower = second.result.energy < first.result.energy
    result = second.result if lower else first.result
    reads = first.reads + second.reads
    share = (first.raw_feasible * first.reads + second.raw_feasible * second.reads) / reads
    return Report(raw, share, repaired, result, reads)
