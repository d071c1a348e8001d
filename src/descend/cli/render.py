"""What the commands say: plans, progress, reports and models, in words and small tables."""

from __future__ import annotations

import dataclasses
import json
import os
import shlex
import sys
import textwrap
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from descend.cli.progress import Progress
from descend.cli.scores import matrix_lines, score_lines, step_lines
from descend.cli.terminal import line_width, wrapped
from descend.models.report import ClassReport, Report
from descend.models.series.report import ForecastReport
from descend.spec import Spec, to_json

if TYPE_CHECKING:
    from descend.data.notes import Notes
    from descend.models import LanguageModel, Model, ModelCard, Provenance, TableTraining
    from descend.training import Descent, Run

__all__ = [
    "Talk",
    "batch_words",
    "count",
    "descent_line",
    "model_json",
    "parameter_lines",
    "size",
    "spec_json",
    "starts_line",
    "table_progress",
]

LABEL = 10
"""Width of the labels on the left."""


def spec_json(spec: Spec) -> str:
    """Return a spec as indented JSON."""
    return json.dumps(to_json(spec), indent=2, ensure_ascii=False)


def model_json(model: Model | LanguageModel, path: Path) -> str:
    """Return what ``descend train --json`` prints: the file, the plan and the scores."""
    card = model.card
    whole = {
        "model": str(path),
        "report": None if card.report is None else to_json(card.report),
        "plan": to_json(card.plan),
        "provenance": to_json(card.provenance),
    }
    return json.dumps(whole, indent=2, ensure_ascii=False)


def size(length: int) -> str:
    """Return a number of bytes as people say it."""
    return f"{length / 1000:,.0f} kB" if length < 1e6 else f"{length / 1e6:,.1f} MB"


def count(things: int, noun: str) -> str:
    """Return a number of things: ``1 row``, ``2,000 rows``."""
    return f"{things:,} {noun}" if things == 1 else f"{things:,} {noun}s"


class Talk:
    """Writes lines with a label on the left: to stderr, or to stdout where they are the answer.

    Parameters
    ----------
    quiet : bool
        Say nothing.
    to_stdout : bool
    """

    def __init__(self, quiet: bool = False, *, to_stdout: bool = False) -> None:
        self.quiet = quiet
        self.file = sys.stdout if to_stdout else sys.stderr
        self.width = line_width(self.file)

    def say(self, text: str) -> None:
        """Write one line."""
        if not self.quiet:
            click.echo(text, file=self.file)

    def interject(self, text: str) -> None:
        """Write one line from a signal handler, which may interrupt another line being written."""
        if not self.quiet:
            # Python's own files refuse to be entered twice.
            with suppress(OSError, ValueError):
                os.write(self.file.fileno(), f"\n{text}\n".encode())

    def line(self, label: str, *parts: str) -> None:
        """Write a label and its text, wrapped under itself; further parts on lines of their own."""
        room = self.width - LABEL
        for part in parts:
            for text in textwrap.wrap(part, room, break_on_hyphens=False) or [""]:
                self.say(f"{label:<{LABEL}}{text}")
                label = ""

    def warn(self, warnings: Sequence[str]) -> None:
        """Write what a person should know, each on a line of its own; not even quiet hides it."""
        for warning in warnings:
            print(wrapped(f"descend: warning: {warning}", sys.stderr), file=sys.stderr)

    def plan(self, training: TableTraining) -> None:
        """Say what the data are and what will be done with them."""
        examples, plan = training.examples, training.plan
        rows, columns = examples.shape
        self.line("Data", f"{rows:,} rows, {columns:,} columns", *examples.notes)
        if examples.unlabelled:
            self.line("", f"{examples.unlabelled:,} rows without a target: left out")
        if plan.forecast is not None:
            self.line("Forecast", *plan.forecast.describe())
        else:
            for target in examples.found:
                self.line("Target", target.describe())
        self.line("Inputs", *examples.preprocessing.describe())
        left = [c for c in examples.columns if c.kind in ("constant", "identifier", "dropped")]
        if left:
            told = [f"{c.name} ({c.note or c.kind})" for c in left if c.kind != "dropped"]
            told += [f"{c.name} (as asked)" for c in left if c.kind == "dropped"]
            self.line("", f"left out: {', '.join(told)}")
        self.line("Checks", *[finding.message for finding in examples.findings])
        self.line("Split", f"{examples.split.describe()}, seed {plan.descent.seed}")
        for note in examples.split.notes:
            self.line("", note)
        if training.far:
            count = f"{training.far} validation row{'s have' if training.far > 1 else ' has'}"
            self.line("", f"{count} a number far outside the training rows': left out of judging")
        self.line("Network", training.network_line())
        self.line("Descent", descent_line(training))

    def stopped(self, training: Any) -> None:
        """Say how the run ended."""
        from descend.training import advice

        run = training.run
        if not run.history:
            return
        last = run.history[-1]
        best = f", best was {run.best_epoch}" if run.best_epoch != last.epoch else ""
        why = "Finished" if run.ended == "epochs" else "Stopped"
        text = f"at epoch {last.epoch}{best}, {last.seconds:.1f} s"
        if run.ended == "time":
            text += f": the {training.limit.seconds:g} s are over, but for the test"
        self.line(why, text)
        for sentence in advice(run.history):
            self.line("Stuck", sentence)
        if starts := training.starts():
            kept = run.lanes.index(run.winner)
            self.line("", starts_line(starts, kept))

    def report(self, report: Report | None) -> None:
        """Write the scores on test rows."""
        if report is None:
            self.line("Test", "no rows were set aside: nothing is known of its quality")
            return
        ahead = any(isinstance(part, ForecastReport) for part in report.targets)
        tested = count(report.rows, "start" if ahead else "row")
        if report.seen:
            was = "was" if report.seen == 1 else "were"
            head = (
                f"{tested}; {report.seen:,} of them {was} trained on, "
                "so the scores below flatter the model"
            )
        else:
            head = f"{tested} it has never seen"
        self.line("Test", head)
        for part in report.targets:
            if len(report.targets) > 1:
                self.line("", f"{part.target}:")
            for text in score_lines(part):
                self.line("", text)
            if isinstance(part, ForecastReport):
                for text in step_lines(part, self.width - LABEL):
                    self.say(" " * LABEL + text)
            if isinstance(part, ClassReport):
                for text in matrix_lines(part, self.width - LABEL):
                    self.say(" " * LABEL + text)

    def trust(self, card: ModelCard) -> None:
        """Say what the validation rows did to the probabilities."""
        for target, temperature in zip(card.targets, card.temperatures, strict=False):
            if temperature is not None:
                several = f"{target.name}: " if len(card.targets) > 1 else ""
                self.line("Certainty", several + temperature.describe())
        for target, decision in zip(card.targets, card.decisions, strict=False):
            if decision is not None:
                several = f"{target.name}: " if len(card.targets) > 1 else ""
                self.line("Decision", several + decision.describe(target))

    def saved(self, path: Path, file: str, following: str = "") -> None:
        """Say where the model is and what to do next: with rows like those of a file, or else."""
        example = Path("new.csv" if file == "-" else file)
        plain = example.name.removesuffix(".gz")
        own = "-idx3-ubyte" if plain.endswith("-idx3-ubyte") else Path(plain).suffix
        new = "new/" if example.is_dir() else f"new{own}{example.name[len(plain) :]}"
        self.line(
            "Saved",
            f"{path}, {size(path.stat().st_size)}.  Next: descend predict "
            f"{shlex.quote(str(path))} {following or new}",
        )

    def notes(self, notes: Notes, replaced: Sequence[str] = ()) -> None:
        """Say what was met in rows that were predicted."""
        ignored = tuple(name for name in notes.ignored if name not in replaced)
        for text in dataclasses.replace(notes, ignored=ignored).lines():
            self.line("Note", text)
        if replaced:
            self.line("Note", f"replaced columns of the same name: {', '.join(replaced)}")

    def model(self, model: Model) -> None:
        """Write what is in a model."""
        from descend.layers.summary import summary_line

        card, plan = model.card, model.plan
        if plan.forecast is not None:
            self.line("Forecast", *plan.forecast.describe())
        else:
            for target in card.targets:
                self.line("Target", target.describe())
        self.line("Inputs", *card.preprocessing.describe())
        left = [c.name for c in plan.columns if c.kind in ("constant", "identifier", "dropped")]
        if left:
            self.line("", f"left out: {', '.join(left)}")
        shape = card.preprocessing.input_shape
        self.line("Network", summary_line(plan.network, shape))
        self.line("", *parameter_lines(model))
        self.line("Loss", repr(plan.loss))
        descent = plan.descent
        self.line("Descent", repr(descent))
        self.trained(card.provenance, descent.seed, "rows")
        self.trust(card)
        self.report(card.report)

    def trained(self, origin: Provenance, seed: int, noun: str) -> None:
        """Say where a model came from."""
        self.line(
            "Trained",
            f"on {origin.source}, {origin.rows:,} {noun}, {origin.made}",
            f"{origin.epochs} epochs in {origin.seconds:.1f} s, weights of epoch "
            f"{origin.best_epoch}, ended by {origin.ended}",
            f"seed {seed}, data {origin.data_digest[:16]}",
            f"descend {origin.descend}, jax {origin.jax}, numpy {origin.numpy}, Python "
            f"{origin.python}, {origin.device}, {origin.cores} cores",
        )


def starts_line(starts: Sequence[float], kept: int) -> str:
    """Return how the starts compare, in one line."""
    ordered = sorted(starts)
    middle = 0.5 * (ordered[(len(starts) - 1) // 2] + ordered[len(starts) // 2])
    return (
        f"{len(starts)} starts: validation score {ordered[0]:.3f} to {ordered[-1]:.3f}, median "
        f"{middle:.3f}; kept start {kept + 1}, {starts[kept]:.3f}"
    )


def descent_line(training: Any, batch: str = "") -> str:
    """Return the way down in one line.

    Parameters
    ----------
    training : TableTraining, or another with ``plan``, ``run`` and ``validation``
    batch : str
        What a batch is, where it is not so many rows.
    """
    from descend.models.files.names import snake_case
    from descend.models.options import EXTRAS

    descent, run = training.plan.descent, training.run
    optimizer = descent.optimizer
    schedule = snake_case(type(descent.schedule).__name__).replace("_", " ")
    batch = batch or batch_words(descent, run)
    parts = [f"{type(optimizer).__name__} {optimizer.learning_rate:g}", schedule, batch]
    if descent.weight_decay:
        parts.append(f"weight decay {descent.weight_decay:g}")
    parts.append(f"up to {count(descent.epochs, 'epoch')}")
    if descent.patience and training.validation.rows:
        parts.append(f"stops after {descent.patience} without gain")
    if descent.restarts > 1:
        parts.append(f"{descent.restarts} starts side by side")
    for name in EXTRAS:
        value = getattr(descent, name)
        if name != "restarts" and value not in (None, (), 1):
            rates = ", ".join(f"{a} {b:g}" for a, b in value) if isinstance(value, tuple) else ""
            parts.append(f"{name.replace('_', ' ')} {rates or f'{value:g}'}")
    return ", ".join(parts)


def batch_words(descent: Descent, run: Run) -> str:
    """Return what a batch of rows is, in words."""
    if descent.batch_size is None:
        return "full batch"
    if descent.batch_size == 1:
        return "row by row"
    few = f" (all training rows, fewer than {descent.batch_size:,})"
    return f"batch {run.batch_size}" + few * (descent.batch_size > run.batch_size)


def parameter_lines(model: Model | LanguageModel) -> list[str]:
    """Return one line for each array of weights: its path, its shape and its spread."""
    from descend.models.files.tensors import flat

    return [
        f"{name.removeprefix('params/'):<32} {'x'.join(map(str, array.shape)):>12}  "
        f"{array.min():+.3f} to {array.max():+.3f}, mean size {abs(array).mean():.3f}"
        for name, array in flat(model.params, "params")
    ]


def table_progress(talk: Talk, training: TableTraining) -> Progress:
    """Return what shows the run of a training on a table."""
    plan = training.plan
    usual = "accuracy" if plan.tasks[0] == "classification" else "R2"
    inputs = training.examples.preprocessing.encoders
    kind = inputs[0].column.kind if len(inputs) == 1 else ""
    return Progress(
        talk,
        training.run,
        score=usual if plan.metric is None else plan.metric.replace("_", " "),
        sign=-1 if plan.metric in ("log_loss", "mae", "pinball", "rmse") else 1,
        unit={"image": "images", "sound": "sounds"}.get(kind, "rows"),
    )
