"""Training within a time: how many members and epochs fit, found by a short trial."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any, TypeVar

from descend.layers import Members
from descend.losses import Ensemble
from descend.training import EpochRecord, Examples, Run

__all__ = ["TimeLimit", "trial_seconds"]

_Plan = TypeVar("_Plan", bound=Any)

TRIAL = 0.15
"""Share of the time that the trial may take."""

FINISH = 0.25
"""Share kept back for the linear rival, the temperature and the test."""

USUAL_SHARE = 0.5
"""Share of the planned epochs that runs take before they stop for want of gain."""

MEMBERS = (8, 4, 2)


class TimeLimit:
    """A clock that starts when it is made.

    Parameters
    ----------
    seconds : float
    finish : float
        Share of it kept back for what comes after training.
    """

    def __init__(self, seconds: float, finish: float = FINISH) -> None:
        self.seconds, self.finish = seconds, finish
        self.began = time.monotonic()
        self.notes: list[str] = []

    @property
    def left(self) -> float:
        """Seconds left for training itself."""
        return self.seconds * (1 - self.finish) - (time.monotonic() - self.began)

    def suited(self, plan: _Plan, train: Examples, *, free: bool) -> _Plan:
        """Return the plan with as many members and epochs as fit, and note what was decided.

        Parameters
        ----------
        plan : Plan, or another with network, loss and descent
        train : Examples
        free : bool
            Whether the number of members is Descend's to choose.
        """
        seconds, compiling = trial_seconds(plan, train, max(self.seconds * TRIAL, 0.2))
        planned = plan.descent.epochs
        left = max(self.left, 0.0)
        members = 1
        if free and not isinstance(plan.loss, Ensemble):
            usual = max(1.0, USUAL_SHARE * planned) * seconds
            # An ensemble is another program, whose first step takes as long again at least.
            members = next((k for k in MEMBERS if k * usual + 2 * compiling <= left), 1)
            left -= 2 * compiling if members > 1 else 0.0
        each = seconds * members
        epochs = max(1, min(planned, int(left / each)))
        if each > left:
            self.notes.append(
                f"one epoch takes about {each:.2g} s and {left:.2g} s are left: the network sees "
                f"about {100 * min(1.0, left / each):.0f} % of the rows once. A limit of "
                f"{(planned * USUAL_SHARE * each) / (1 - self.finish - TRIAL):.0f} s would do"
            )
        else:
            count = plan.loss.members if isinstance(plan.loss, Ensemble) else members
            who = f"{count} members" if count > 1 else "one network"
            self.notes.append(
                f"{self.seconds:g} s: {who}, up to {epochs} epochs of about {each:.2g} s"
            )
        changes: dict[str, object] = {"descent": plan.descent.replace(epochs=epochs)}
        if members > 1:
            changes["network"] = Members(plan.network, members)
            changes["loss"] = Ensemble(plan.loss, members)
        return plan.replace(**changes)

    def watched(self, run: Run) -> Iterator[EpochRecord]:
        """Pass on the records of a run, and stop it when the time is up."""
        for record in run.epochs():
            yield record
            if self.left <= 0:
                run.stop("time")


def trial_seconds(plan: Any, train: Examples, most: float) -> tuple[float, float]:
    """Return how many seconds an epoch takes, and the first piece of work, which compiles.

    Found by the first steps of a run that is thrown away.
    """
    run = Run(plan.network, plan.loss, plan.descent, train)
    began = time.monotonic()
    seen: list[EpochRecord] = []
    for record in run.epochs():
        seen.append(record)
        if len(seen) >= 2 and (len(seen) >= 6 or time.monotonic() - began > most):
            break
    # The first piece of work may have been compiled: only what came after it is timed.
    first, last = seen[0], seen[-1]
    if last.step > first.step:
        each = run.steps * (last.seconds - first.seconds) / (last.step - first.step)
    else:
        each = run.steps * last.seconds / max(last.step, 1)
    return each, first.seconds
