"""``descend train``: from a table of examples to a tested model file."""

from __future__ import annotations

from contextlib import nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from click.core import ParameterSource

from descend.cli.descent_options import descent_options
from descend.cli.destination import check_apart, check_writable, model_name
from descend.cli.language import language_options, take_language_options, train_to_write
from descend.cli.options import (
    drop_option,
    json_option,
    naming,
    quiet_option,
    reading,
    reading_options,
    target_option,
)
from descend.cli.running import checkpoints, run_to_file
from descend.cli.sections import SectionedCommand
from descend.cli.values import BatchSize, Changes, Layers, Levels, Seconds, Share
from descend.errors import ModelFileError, UsageError

if TYPE_CHECKING:
    from descend.models import LanguagePlan, Model, Plan

__all__ = [
    "column_kind",
    "command",
    "read_plan",
    "refuse_changes",
]


SECTIONS = {
    "What to learn": (
        "target",
        "task",
        "drop",
        "kinds",
        "weight",
        "class_weight",
        "quantiles",
        "sequences",
        "forecast",
    ),
    "What comes of it": ("out", "dry_run", "plan_file", "as_json", "quiet"),
    "Rows that test and validate": (
        *("test_fraction", "validation", "split", "group", "time", "seed"),
    ),
    "The network": ("layers", "activation", "dropout", "network", "members", "scale", "augment"),
    "The way down": (
        *("epochs", "time_limit", "optimizer", "learning_rate", "schedule", "batch_size"),
        *("loss", "metric", "patience", "weight_decay", "restarts", "stream"),
    ),
    "Around the optimizer": (
        *("clip_norm", "clip_value", "clip_adaptive", "layer_rates", "accumulate", "sam"),
        *("mixup", "lookahead", "ema", "tail_average"),
    ),
    "A network that writes": ("generate", "tokens", "cell", "steps"),
    "Keeping the run": ("checkpoint", "every", "resume", "force"),
    "How files are read": (
        *("delimiter", "quote", "decimal", "header", "encoding", "bad_rows", "max_pixels"),
    ),
}


@click.command(
    "train",
    cls=SectionedCommand,
    sections=SECTIONS,
    short_help="Train a network on a table of examples.",
)
@click.argument("file")
@target_option
@click.option("-o", "--out", type=click.Path(), help="Model file to write [FILE's name].descend")
@click.option("--plan", "plan_file", type=click.Path(), help="Repeat the run of a plan (JSON).")
@click.option("--dry-run", is_flag=True, help="Show the plan and stop; with --json, print it.")
@click.option("--task", help="classification or regression [inferred from the target]")
@drop_option
@click.option("--kind", "kinds", multiple=True, metavar="COLUMN=KIND", help="What a column is.")
@click.option("--weight", metavar="COLUMN", help="Column of the importance of each row.")
@click.option("--class-weight", metavar="balanced", help="Let every class weigh the same.")
@click.option("--group", metavar="COLUMN", help="Rows of a group stay on one side of the split.")
@click.option("--time", metavar="COLUMN", help="Split by time: train on the oldest rows.")
@click.option("--split", metavar="COLUMN", help="Column of train, validation and test.")
@click.option(
    "--sequences/--no-sequences", default=None, help="Rows of a group are one example's steps."
)
@click.option("--forecast", type=int, metavar="STEPS", help="Continue the series so far ahead.")
@click.option("--scale", default="standard", help="standard, minmax, robust or none.")
@click.option("--layers", type=Layers(), help="Units of the hidden layers, as 64,32.")
@click.option("--activation", help="relu, tanh, sigmoid, gelu, ...")
@click.option("--loss", help="squared_error, huber, categorical_cross_entropy, focal, ...")
@click.option("--optimizer", help="sgd, momentum, adam, adamw, rmsprop, ...")
@click.option("--learning-rate", type=float, metavar="RATE", help="Length of the first steps.")
@click.option("--schedule", help="constant, cosine, step, exponential, one_cycle, ...")
@click.option("--batch-size", type=BatchSize(), help="Rows a step: 1, 32, ..., or all.")
@click.option("--epochs", type=int, help="Passes over the training rows, at most.")
@click.option("--patience", type=int, help="Stop after so many epochs without gain.")
@click.option("--dropout", type=float, metavar="SHARE", help="Units dropped at each step.")
@click.option("--augment", type=Changes(), help="Random changes: flip,shift0.1,rotate15, none.")
@click.option("--weight-decay", type=float, metavar="RATE", help="Decoupled decay of weights.")
@click.option(
    "--validation", type=Share(), help="Rows that decide when to stop: a share, or a file."
)
@click.option(
    "--test-fraction", type=float, metavar="SHARE", help="Rows that only test [0.2, or X_TEST]."
)
@click.option("--stream/--no-stream", default=None, help="Train from disk [large files].")
@click.option("--seed", type=int, default=0, show_default=True, help="Of splits, starts and order.")
@click.option(
    "--checkpoint", type=click.Path(), metavar="DIR", help="Keep the run on disk, in DIR."
)
@click.option(
    "--every",
    type=Seconds(),
    default="60s",
    show_default=True,
    metavar="TIME",
    help="Time from one checkpoint to the next.",
)
@click.option("--resume", is_flag=True, help="Go on from the newest checkpoint in DIR.")
@click.option("--force", is_flag=True, help="Resume although plan or rows are others.")
@click.option("--network", metavar="NAME", help="A named network: dense, periodic or realmlp.")
@click.option("--members", type=int, help="Networks in an ensemble, averaged.")
@click.option("--metric", help="What decides: accuracy, auc, log-loss, f1, rmse, mae, ...")
@click.option("--quantiles", type=Levels(), help="Predict quantiles, as 0.1,0.5,0.9.")
@click.option("--time-limit", type=Seconds(), metavar="TIME", help="For everything, as 60s.")
@language_options
@descent_options
@reading_options
@json_option
@quiet_option
@click.pass_context
def command(
    context: click.Context,
    file: str,
    generate: bool,
    out: str | None,
    plan_file: str | None,
    dry_run: bool,
    checkpoint: str | None,
    every: float,
    resume: bool,
    force: bool,
    as_json: bool,
    quiet: bool,
    **values: Any,
) -> int:
    """Train a network on FILE, test it on rows it has not seen, and save it.

    FILE is a table (CSV or TSV, also gzipped, Parquet, Arrow, JSON lines, ARFF; - is standard
    input), a folder of classes of pictures, sounds or texts, or a file of sequences; with
    --generate a text, which the network learns to write on. Everything not asked for is chosen to
    suit the data, and shown before it runs. With --forecast the rows are the steps of a series in
    time, and --group tells several series apart.

    \b
    descend train penguins.csv --target species
    descend train photos/
    descend train houses.parquet -t price --drop id
    descend train visits.csv -t churn --time date
    descend train airline.csv --forecast 12
    descend train letters.tsv -t letter --layers 256,128
    descend train shakespeare.txt --generate
    """
    # Options are checked before JAX is imported, so that a wrong one is told at once.
    destination = Path(out) if out else model_name(file)
    if not dry_run:
        check_apart(destination, file, plan_file, values["validation"])
        check_writable(destination)
    if generate:
        return _train_to_write(context, destination)
    how = reading(values)
    take_language_options(values)
    values["target"] = values["target"] or ()
    values["drop"] = values["drop"] or ()
    values["kinds"] = dict(column_kind(text) for text in values["kinds"])

    from descend.cli import render
    from descend.models import LanguagePlan, Options, TableTraining

    plan = read_plan(plan_file) if plan_file else None
    if plan is not None:
        refuse_changes(context)
    if isinstance(plan, LanguagePlan):
        raise UsageError(f"the plan {plan_file} is of a network that writes: add --generate")
    talk = render.Talk(quiet)
    options = Options.of(**values)
    with naming(file) if options.validation_file is None else nullcontext():
        training = TableTraining(file, options, plan, **how)
    if training.limit is not None and training.limit.notes:
        talk.line("Time", *training.limit.notes)
    talk.plan(training)
    if dry_run:
        if as_json:
            click.echo(render.spec_json(training.plan))
        return 0
    keeper = checkpoints(checkpoint, training, every, resume, force, talk)

    def tell(model: Model) -> None:
        talk.trust(model.card)
        talk.report(model.report)

    progress = render.table_progress(talk, training)
    model = run_to_file(training, destination, talk, progress, keeper, tell)
    talk.saved(destination, file)
    if as_json:
        click.echo(render.model_json(model, destination))
    return 130 if training.run.ended == "stopped" else 0


def _train_to_write(context: click.Context, destination: Path) -> int:
    """Train a network that writes, by the plan in a file where there is one."""
    from descend.cli.render import Talk
    from descend.models import LanguagePlan

    plan_file = context.params["plan_file"]
    plan = read_plan(plan_file) if plan_file else None
    if plan is not None:
        refuse_changes(context)
        if not isinstance(plan, LanguagePlan):
            raise UsageError(f"the plan {plan_file} is for a table: leave out --generate")
    return train_to_write(context, destination, plan, Talk(context.params["quiet"]))


def column_kind(text: str) -> tuple[str, str]:
    """Split ``column=kind``."""
    name, mark, kind = text.rpartition("=")
    if not mark or not name:
        raise UsageError(f'--kind takes COLUMN=KIND, as "zip code=category", got "{text}"')
    return name, kind


def read_plan(path: str) -> Plan | LanguagePlan:
    """Read a plan that ``--dry-run --json`` printed."""
    from descend.models import LanguagePlan, Plan
    from descend.models.files.modelfile import strict_json
    from descend.models.files.names import spec_classes
    from descend.spec import from_json

    try:
        text = Path(path).read_text("utf-8")
        plan = from_json(strict_json(text, path), spec_classes(), path)
    except OSError as error:
        raise UsageError(f"the plan {path} cannot be read: {error.strerror}") from None
    except (UnicodeDecodeError, ModelFileError):
        raise UsageError(f"{path} is not a plan; make one with --dry-run --json") from None
    if not isinstance(plan, Plan | LanguagePlan):
        raise UsageError(f"{path} is not a plan; make one with --dry-run --json")
    return plan


def refuse_changes(context: click.Context) -> None:
    """Refuse options beside --plan that the plan itself decides."""
    free = {"file", "out", "plan_file", "dry_run", "as_json", "quiet", "validation"}
    free |= {"checkpoint", "every", "resume", "force", "time_limit"}
    free |= {"generate", "stream", *SECTIONS["How files are read"]}
    for parameter in context.command.params:
        given = context.get_parameter_source(parameter.name or "")
        if given is ParameterSource.COMMANDLINE and parameter.name not in free:
            raise UsageError(
                f"{parameter.opts[-1]} does not go with --plan, which decides it: change the plan "
                "file, or leave out --plan"
            )
    if isinstance(context.params["validation"], float):
        raise UsageError(
            "--validation does not go with --plan, which decides the share: name a file of rows, "
            "or change the plan file"
        )
