"""``descend search``: good settings for a table."""

from __future__ import annotations

import json
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from descend.cli.destination import check_apart, check_writable, model_name
from descend.cli.options import (
    drop_option,
    json_option,
    naming,
    quiet_option,
    reading,
    reading_options,
    target_option,
)
from descend.cli.running import stopping
from descend.cli.train import command as train
from descend.errors import UsageError, did_you_mean

if TYPE_CHECKING:
    from descend.cli.render import Talk
    from descend.models.search import Search, Trial

__all__ = ["command"]

SHOWN = 10
"""Trials in the table on the screen."""


class _Choices(click.ParamType[Any]):
    """An option of `descend train` and what to try for it: ``a|b|c``, or ``low..high``."""

    name = "option=choices"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Return the option's name, and a `Between` or a tuple of what the option itself takes."""
        if not isinstance(value, str):
            return value
        written, mark, text = value.partition("=")
        name = written.strip().removeprefix("--").replace("-", "_")
        if not mark or not text.strip():
            self.fail(f'"{value}" is not OPTION=CHOICES, as layers=64,32|128,64', param, ctx)
        known = {option.name: option for option in train.params}
        if name not in known:
            near = did_you_mean(written, [option.opts[-1].strip("-") for option in train.params])
            self.fail(f'descend train has no option "{written}".{near}', param, ctx)
        kind = known[name].type
        low, dots, high = text.partition("..")
        if not dots:
            return name, tuple(kind.convert(part.strip(), param, ctx) for part in text.split("|"))
        from descend.models.search_space import Between

        number: Any = click.FLOAT
        return name, Between(*(number.convert(end, param, ctx) for end in (low, high)))


@click.command("search", short_help="Search for good settings: layers, rates, dropout, decay.")
@click.argument("file")
@target_option
@click.option("-o", "--out", type=click.Path(), help="Model file to write [FILE's name].descend")
@drop_option
@click.option(
    "--try",
    "space",
    type=_Choices(),
    multiple=True,
    help="What to search, as learning-rate=0.0003..0.03 or layers=64,32|128,64; again for more.",
)
@click.option("--trials", type=int, default=50, show_default=True, help="Settings to try.")
@click.option("--halving", is_flag=True, help="Give up two thirds early, twice.")
@click.option("--epochs", type=int, help="Passes over the training rows, at most.")
@click.option("--folder", type=click.Path(), metavar="DIR", help="Keep trials; go on from them.")
@click.option("--seed", type=int, default=0, show_default=True)
@reading_options
@json_option
@quiet_option
def command(
    file: str,
    out: str | None,
    space: tuple[tuple[str, Any], ...],
    trials: int,
    halving: bool,
    folder: str | None,
    as_json: bool,
    quiet: bool,
    **values: Any,
) -> int:
    """Try many settings on FILE, and train and save the best.

    Networks of one shape are trained side by side. Settings are compared on the validation rows;
    the test rows are seen by the best one only. Without --try, layers, dropout, batch size,
    learning rate and weight decay are searched. With --folder a search that was stopped goes on,
    also to more --trials.

    \b
    descend search penguins.csv --target species --trials 50
    descend search houses.csv -t price --halving --folder houses-search
    descend search houses.csv -t price --try "layers=64,32|128,64" \\
      --try learning-rate=0.0003..0.03 --try optimizer=momentum
    """
    how = reading(values)
    twice = [name for i, (name, _) in enumerate(space) if name in dict(space[:i])]
    if twice:
        raise UsageError(f"--try {twice[0]} is there twice: put its choices together, as a|b")
    values["target"], values["drop"] = values["target"] or (), values["drop"] or ()
    destination = Path(out) if out else model_name(file)
    check_apart(destination, file)
    check_writable(destination)

    from descend.cli.render import Talk, table_progress
    from descend.models import Options, TableTraining
    from descend.models.search import Search

    talk, options = Talk(quiet), Options.of(**values)
    with naming(file):
        search = Search(
            file, options, space=dict(space), trials=trials, halving=halving, folder=folder, **how
        )
    if search.finished:
        talk.line("Resumed", f"{len(search.finished)} trials are done already")
    talk.line("Search", f"{trials} trials" + (", successive halving" if halving else ""))

    def told(found: list[Trial]) -> None:
        best = search.best() if any(t.loss is not None for t in search.finished) else None
        score = "" if best is None else f", best loss {best.loss:.4g}, score {best.score:.4f}"
        talk.line("", f"{len(search.finished)} done{score}")

    with stopping(search, talk):
        search.run(told)
    _table(talk, search)
    best = search.best_options()
    training = TableTraining(file, best, None, **how)
    progress = table_progress(talk, training)
    with stopping(training.run, talk), closing(progress):
        for record in training.epochs():
            progress.update(record)
    talk.stopped(training)
    model = training.finish()
    talk.report(model.report)
    model.save(destination)
    talk.saved(destination, file)
    if as_json:
        import dataclasses

        found = [dataclasses.asdict(trial) for trial in search.finished]
        click.echo(json.dumps({"model": str(destination), "trials": found}, indent=2))
    return 130 if search.stopped else 0


def _table(talk: Talk, search: Search) -> None:
    """Write the best trials, best first."""
    from descend.cli.render import LABEL

    names = list(search.space)
    rows, numbers = [names], ["   loss  score  epoch"]
    for trial in search.ranking()[:SHOWN]:
        rows.append([_cell(trial.values[name]) for name in names])
        if trial.loss is None:
            numbers.append("diverged             ")
        else:
            numbers.append(f"{trial.loss:7.4g}  {trial.score or 0:5.3f}  {trial.best_epoch:5d}")
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    labels = ["Trials"] + [""] * len(rows)
    if LABEL + len(numbers[0]) + sum(width + 2 for width in widths) > talk.width:
        # In a narrow terminal the values of a trial stand below its scores.
        talk.say(f"{labels[0]:<{LABEL}}{numbers[0]}")
        for number, row in zip(numbers[1:], rows[1:], strict=True):
            told = ", ".join(f"{name} {cell}" for name, cell in zip(names, row, strict=True))
            talk.say(f"{'':<{LABEL}}{number}".rstrip())
            talk.line("", told)
        return
    for label, number, row in zip(labels, numbers, rows, strict=False):
        cells = "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True))
        talk.say(f"{label:<{LABEL}}{number}  {cells}".rstrip())


def _cell(value: Any) -> str:
    return ",".join(map(str, value)) if isinstance(value, list | tuple) else f"{value}"
