"""The contract of a problem: encode as spins, decode, judge, repair; and how one is solved."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from descend.feedback.ising import Ising
from descend.feedback.search import Result, minimize

__all__ = ["Answer", "Problem", "Report", "solve"]


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
        The states, energies and trace behind them.
    """

    raw: Answer
    raw_feasible: float
    repaired: Answer
    result: Result


class Problem(ABC):
    """A combinatorial problem with an encoding as interconnected spins.

    Attributes
    ----------
    maximize : bool
        Whether larger costs are better.
    """

    maximize: bool = False

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

    def better(self, answer: Answer, other: Answer) -> bool:
        """Whether an answer beats another: fewer violations first, then cost."""
        if len(answer.violations) != len(other.violations):
            return len(answer.violations) < len(other.violations)
        return answer.cost > other.cost if self.maximize else answer.cost < other.cost


def solve(problem: Problem, *, most_repairs: int = 64, **search: Any) -> Report:
    """Search for a good answer, and report it as found and as repaired.

    Parameters
    ----------
    problem : Problem
    most_repairs : int
        Reads that are repaired, best first.
    **search
        Arguments of `descend.feedback.minimize`.

    Examples
    --------
    >>> from descend.feedback.problems import NumberPartition
    >>> solve(NumberPartition([3, 1, 1, 2, 2, 1]), seed=0, num_steps=100).repaired.cost
    0.0
    """
    result = minimize(problem.encode(), groups=problem.groups(), **search)
    order = np.argsort(result.energies, kind="stable")
    answers = [problem.decode(result.spins[k]) for k in order]
    raw = answers[0]
    for answer in answers[1:]:
        raw = answer if problem.better(answer, raw) else raw
    repaired = raw
    for k in order[:most_repairs]:
        answer = problem.repair(result.spins[k], result.amplitudes[k])
        repaired = answer if problem.better(answer, repaired) else repaired
    share = float(np.mean([answer.feasible for answer in answers]))
    return Report(raw, share, repaired, result)
