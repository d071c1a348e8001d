"""Networks that write: training them on a text, and what is said of them."""

from __future__ import annotations

import shlex
from collections.abc import Callable
from dataclasses import fields
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from click.core import ParameterSource

from descend.cli.running import checkpoints, run_to_file
from descend.errors import UsageError

if TYPE_CHECKING:
    from descend.cli.render import Talk
    from descend.models import LanguageModel, LanguagePlan, LanguageReport, LanguageTraining

__all__ = [
    "language_options",
    "show_language_model",
    "take_language_options",
    "tell_report",
    "train_to_write",
]

NAMES = ("tokens", "cell", "steps")

FEW = 0.01
"""Share of a text that was trained on from which on its score flatters the model."""

SAMPLE = 300
"""Tokens written after training, to show what the network has learned."""


def language_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add the options of networks that write."""
    for option in reversed((
        click.option("--generate", is_flag=True, help="Learn to write FILE, a text, on."),
        click.option("--tokens", help="characters, bytes (of any file) or pieces (of words)."),
        click.option("--cell", help="gru, lstm, elman or minimal_gru.  [gru]"),
        click.option("--steps", type=int, help="Tokens that slopes go back in time.  [64]"),
    )):  # fmt: skip
        command = option(command)
    return command


def take_language_options(values: dict[str, Any]) -> None:
    """Take the options of `language_options` out of a command's values, where none may be given."""
    for name in NAMES:
        if values.pop(name) is not None:
            raise UsageError(f"--{name} goes with --generate, for networks that write")


def train_to_write(
    context: click.Context, destination: Path, repeated: LanguagePlan | None, talk: Talk
) -> int:
    """Train a network to write the text of a file on, test it, and save it."""
    from descend.cli.progress import Progress
    from descend.cli.render import descent_line, model_json, spec_json
    from descend.models import LanguageOptions, LanguageTraining

    given = context.params
    options = LanguageOptions.of(**_asked(context, LanguageOptions))
    training = LanguageTraining(given["file"], options, repeated, given["encoding"])
    plan, noun = training.plan, f"{training.tokens.noun}s"
    if training.limit is not None and training.limit.notes:
        talk.line("Time", *training.limit.notes)
    unit = "bytes" if plan.tokens == "bytes" else "characters"
    talk.line("Text", f"{training.source}, {training.size:,} {unit}", *training.notes)
    talk.line("Tokens", training.tokens.describe())
    talk.line("Split", _split(training))
    talk.line("Network", training.network_line())
    batch = f"{plan.descent.batch_size} lanes of {plan.steps} {noun}"
    talk.line("Descent", descent_line(training, batch))
    if given["dry_run"]:
        if given["as_json"]:
            click.echo(spec_json(plan))
        return 0
    keeper = checkpoints(
        given["checkpoint"], training, given["every"], given["resume"], given["force"], talk
    )

    def tell(model: LanguageModel) -> None:
        tell_report(talk, model.report)
        lines = "".join(model.stream("", SAMPLE)).strip("\n").split("\n")
        talk.line("Writes", *lines)

    progress = Progress(talk, training.run, unit=noun, each=plan.steps)
    model = run_to_file(training, destination, talk, progress, keeper, tell)
    talk.saved(destination, given["file"], f"--prompt {shlex.quote(training.opening())}")
    if given["as_json"]:
        click.echo(model_json(model, destination))
    return 130 if training.run.ended == "stopped" else 0


def _asked(context: click.Context, options: Any) -> dict[str, Any]:
    """Return the options given that networks that write have; refuse the others."""
    known = {field.name for field in fields(options)}
    free = {"file", "generate", "out", "plan_file", "dry_run", "as_json", "quiet", "encoding"}
    free |= {"checkpoint", "every", "resume", "force"}
    asked = {}
    for parameter in context.command.params:
        name = parameter.name or ""
        if context.get_parameter_source(name) is not ParameterSource.COMMANDLINE:
            continue
        if name in known:
            asked[name] = context.params[name]
        elif name not in free:
            raise UsageError(
                f"{parameter.opts[-1]} does not go with --generate, which learns to write a text "
                "and predicts no column: leave out one of both"
            )
    return asked


def _split(training: LanguageTraining) -> str:
    """Return which parts of the text do what."""
    plan, (train, held, whole) = training.plan, training.ends
    parts = [f"the first {train:,} {training.tokens.noun}s train"]
    if held > train:
        parts.append(f"the next {held - train:,} validate")
    if whole > held:
        parts.append(f"the last {whole - held:,} test")
    return ", ".join(parts) + f"; seed {plan.descent.seed}"


def tell_report(talk: Talk, report: LanguageReport | None) -> None:
    """Say how well a text is foreseen."""
    if report is None:
        talk.line("Test", "no part was set aside: nothing is known of its quality")
        return
    parts = [
        f"{report.nats_each:.3f} nats a {report.unit} ({report.bits_each:.3f} bits)",
        f"perplexity {report.perplexity:.2f}" + (" a piece" if report.noun == "piece" else ""),
    ]
    if report.rival_nats_each is not None:
        parts.append(f"{report.rival_order + 1}-gram counts {report.rival_nats_each:.3f}")
    parts.append(f"guessing {report.guess_nats_each:.3f}")
    head = f"{report.tokens:,} {report.noun}s of {report.source}"
    if report.trained_on:
        head += f"; at least {report.trained_on:,} of them were trained on"
        if report.trained_on >= FEW * report.tokens:
            head += ", so the score flatters the model"
    talk.line("Test", head, " · ".join(parts))
    if report.unseen:
        talk.line("", f"{report.unseen:,} of them are not in the training text: foreseen as others")


def show_language_model(talk: Talk, model: LanguageModel) -> None:
    """Write what is in a network that writes."""
    from descend.cli.render import parameter_lines
    from descend.layers.summary import summary_line

    plan = model.plan
    talk.line("Tokens", model.tokens.describe())
    talk.line("Network", summary_line(plan.network, (plan.steps,)))
    talk.line("", *parameter_lines(model))
    talk.line("Loss", repr(plan.loss))
    talk.line("Descent", repr(plan.descent))
    talk.trained(model.card.provenance, plan.descent.seed, f"{model.tokens.noun}s")
    tell_report(talk, model.report)
