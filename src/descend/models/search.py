"""Searching for good settings: random search and successive halving, many networks at a time."""

from __future__ import annotations

import dataclasses
import json
import math
import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from descend.errors import DivergedError, OutputError, UsageError
from descend.models.options import Options
from descend.models.search_space import Between, Space, check_space, default_space
from descend.models.tables.training import TableTraining, plan_for
from descend.training import Run
from descend.training.records import arrays_digest

__all__ = ["Search", "Trial"]

LANES = 8
"""Networks of one shape that are drawn, and trained, together."""

VARIED = 4
"""First trials that each draw a shape of their own, so that few trials show more than one."""

KEEP = 3
"""Successive halving keeps one of so many, and trains it for so many times the epochs."""

RUNGS = 3


@dataclass(frozen=True)
class Trial:
    """Some settings, and what they came to.

    Attributes
    ----------
    number : int
        From 1.
    rung : int
        Of successive halving, from 0.
    epochs : int
        At most.
    values : dict
        Options.
    loss, score : float or None
        The best on the validation rows; None where it diverged.
    best_epoch : int
    """

    number: int
    rung: int
    epochs: int
    values: dict[str, Any]
    loss: float | None = None
    score: float | None = None
    best_epoch: int = 0

    @property
    def worth(self) -> tuple[int, float]:
        """What trials are compared by: later rungs, then lower losses."""
        return self.rung, -math.inf if self.loss is None else -self.loss


class Search:
    """A search over options of `descend.train`, on one table.

    Trials whose networks have one shape are trained side by side. Settings are judged on the
    validation rows; the test rows are not looked at.

    Parameters
    ----------
    source : file name, DataFrame, Arrow table or NumPy array
    options : Options
        What is not searched.
    space : mapping, optional
        Option name -> choices, or `Between`; `default_space` by default. Options: `SEARCHED`.
    trials : int
    halving : bool
        Train all for a ninth of the epochs, the best third for a third, and the best third of
        those for all (Jamieson and Talwalkar 2016, Non-stochastic best arm identification and
        hyperparameter optimization). Otherwise all for all.
    folder : path, optional
        Where finished trials are kept (``trials.jsonl``); a search that was stopped goes on from
        them.
    **reading
        Options of `descend.data.reading.read_table`.

    Attributes
    ----------
    finished : list of Trial
    stopped : bool
        Whether `stop` was called.
    training : TableTraining
        Of the options without any search.

    Raises
    ------
    UsageError
        If the space names unknown options, there are no validation rows, or the folder holds
        another search.
    """

    def __init__(
        self,
        source: Any,
        options: Options,
        *,
        space: Space | None = None,
        trials: int = 50,
        halving: bool = False,
        folder: str | os.PathLike[str] | None = None,
        **reading: Any,
    ) -> None:
        if trials < 1:
            raise UsageError(f"trials is at least 1, got {trials}")
        self.options, self.trials, self.halving = options, trials, halving
        self.training = TableTraining(source, options, None, **reading)
        if not self.training.validation.rows:
            raise UsageError("a search needs validation rows to compare by: --validation 0.2")
        self.space = dict(space or default_space(self.training.train.rows))
        check_space(self.space, options)
        self.finished: list[Trial] = []
        self.stopped = False
        self._run: Run | None = None
        self._file = None if folder is None else self._opened(Path(folder))

    def stop(self) -> None:
        """End now; the networks that are being trained do not count."""
        self.stopped = True
        if self._run is not None:
            self._run.stop()

    def run(self, on_trials: Callable[[list[Trial]], object] | None = None) -> Trial:
        """Try everything, and return the best trial.

        Parameters
        ----------
        on_trials : function of list of Trial, optional
            Called with those that have just finished.
        """
        epochs = self.training.plan.descent.epochs
        alive = [Trial(i + 1, 0, epochs, values) for i, values in enumerate(self._drawn())]
        for rung in range(RUNGS if self.halving else 1):
            share = KEEP ** (RUNGS - 1 - rung) if self.halving else 1
            length = max(1, epochs // share)
            alive = [dataclasses.replace(t, rung=rung, epochs=length, loss=None) for t in alive]
            done = {(t.number, t.rung): t for t in self.finished}
            for group in self._groups([t for t in alive if (t.number, rung) not in done]):
                found = [] if self.stopped else self._tried(group)
                if self.stopped:
                    return self.best()
                self._keep(found)
                if on_trials is not None:
                    on_trials(found)
            done = {t.number: t for t in self.finished if t.rung == rung}
            ranked = sorted((done[t.number] for t in alive), key=lambda t: t.worth, reverse=True)
            alive = ranked[: max(1, len(ranked) // KEEP)]
        return self.best()

    def ranking(self) -> list[Trial]:
        """Return every trial at its latest rung, best first."""
        latest = {trial.number: trial for trial in sorted(self.finished, key=lambda t: t.rung)}
        return sorted(latest.values(), key=lambda trial: trial.worth, reverse=True)

    def best(self) -> Trial:
        """Return the best trial so far."""
        if not any(trial.loss is not None for trial in self.finished):
            raise UsageError("no trial has come to an end without diverging")
        return max(self.finished, key=lambda trial: trial.worth)

    def best_options(self) -> Options:
        """Return the options of the best trial, to train with."""
        return dataclasses.replace(self.options, **self.best().values)

    def _drawn(self) -> list[dict[str, Any]]:
        """Draw the settings of all trials: a function of the seed and the space only."""
        generator = np.random.Generator(np.random.Philox(key=[self.options.seed, 50]))
        ranges = {name: c for name, c in self.space.items() if isinstance(c, Between)}
        drawn: list[dict[str, Any]] = []
        shape: dict[str, Any] = {}
        for i in range(self.trials):
            if i % LANES == 0 or i < VARIED:
                shape = {
                    name: choices[int(generator.integers(len(choices)))]
                    for name, choices in self.space.items()
                    if not isinstance(choices, Between)
                }
            values = shape | {name: ranges[name].draw(generator) for name in sorted(ranges)}
            drawn.append({name: values[name] for name in self.space})
        return drawn

    def _groups(self, trials: Sequence[Trial]) -> list[list[Trial]]:
        """Put together what one compiled program can train."""
        groups: dict[Any, list[Trial]] = {}
        for trial in trials:
            plan = self._plan(trial)
            way = plan.descent
            shared = way.replace(
                optimizer=way.optimizer.replace(learning_rate=1.0), weight_decay=0.0, seed=0
            )
            groups.setdefault((plan.network, plan.loss, shared), []).append(trial)
        return list(groups.values())

    def _plan(self, trial: Trial) -> Any:
        options = dataclasses.replace(self.options, **trial.values, epochs=trial.epochs)
        return plan_for(self.training.examples, options)

    def _tried(self, group: Sequence[Trial]) -> list[Trial]:
        """Train some networks of one shape side by side."""
        training, plans = self.training, [self._plan(trial) for trial in group]
        run = self._run = Run(
            plans[0].network, plans[0].loss, plans[0].descent, training.train,
            training.validation, training.score, side_by_side=[plan.descent for plan in plans],
        )  # fmt: skip
        try:
            for _ in run.epochs():
                pass
        except DivergedError:
            pass
        found = []
        for trial, lane in zip(group, run.lanes, strict=True):
            best = next((r for r in lane.history if r.epoch == lane.best_epoch), None)
            loss = best.validation_loss if best is not None else None
            if loss is None or not math.isfinite(loss) or best is None:
                found.append(trial)
                continue
            found.append(
                dataclasses.replace(
                    trial, loss=loss, score=best.validation_score, best_epoch=best.epoch
                )
            )
        return found

    def _identity(self) -> dict[str, Any]:
        """Return what must be the same for a search to go on.

        More trials are the same search, but where halving chooses among all of them.
        """
        parts = (self.training.train, self.training.validation)
        told = arrays_digest([(part.y, part.weights) for part in parts])
        return json.loads(json.dumps({
            "data": self.training.examples.digest, "told": told,
            "options": repr(self.options), "space": repr(self.space),
            "halving": self.trials if self.halving else None,
        }))  # fmt: skip

    def _opened(self, folder: Path) -> Path:
        """Read what an earlier process has finished, or begin."""
        path = folder / "trials.jsonl"
        try:
            folder.mkdir(parents=True, exist_ok=True)
            lines = path.read_text("utf-8").splitlines() if path.exists() else []
            if not lines:
                _append(path, [self._identity()])
                return path
        except OSError as error:
            raise OutputError(f"{folder} cannot hold the trials: {error.strerror}") from None
        whole = []
        for i, line in enumerate(lines):
            try:
                whole.append(json.loads(line))
            except ValueError:  # cut off in the middle of a line
                if i == len(lines) - 1 and i:
                    path.write_text("".join(f"{kept}\n" for kept in lines[:-1]), "utf-8")
                    break
                raise UsageError(f"{path} is not the table of a search: line {i + 1}") from None
        if whole[0] != self._identity():
            raise UsageError(
                f"{path} is of another search: other rows, options, space or halving. Use another "
                "folder"
            )
        for found in whole[1:]:
            values = found.pop("values")
            plain = {k: tuple(v) if isinstance(v, list) else v for k, v in values.items()}
            self.finished.append(Trial(values=plain, **found))
        return path

    def _keep(self, trials: Sequence[Trial]) -> None:
        self.finished += trials
        if self._file is not None:
            try:
                _append(self._file, [dataclasses.asdict(trial) for trial in trials])
            except OSError as error:
                raise OutputError(f"{self._file} cannot be written: {error.strerror}") from None


def _append(path: Path, lines: Sequence[Any]) -> None:
    with path.open("a", encoding="utf-8") as file:
        file.write("".join(f"{json.dumps(line)}\n" for line in lines))
        file.flush()
        os.fsync(file.fileno())
