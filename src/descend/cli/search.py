"""``descend search``: good settings for a table."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from descend.cli.destination import check_writable, model_name
from descend.cli.options import json_option, naming, quiet_option, reading, reading_options
from descend.cli.train import stopping
from descend.cli.values import Names

if TYPE_CHECKING:
    from descend.cli.render import Talk
    from descend.models.search import Search, Trial

__all__ = ["command"]

SHOWN = 10
"""Trials in the table on the screen."""


@click.command("search", short_help="Search for good settings: layers, rates, dropout, decay.")
@click.argument("file")
@click.option("-t", "--target", type=Names(), help="Column to predict; several with commas.")
@click.option("-o", "--out", type=click.Path(), help="Model file to write [FILE's name].descend")
@click.option("--drop", type=Names(), help="Columns to leave out.")
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
    trials: int,
    halving: bool,
    folder: str | None,
    as_json: bool,
    quiet: bool,
    **values: Any,
) -> int:
    """Try many settings on FILE, and train and save the best.

    Networks of one shape are trained side by side. Settings are compared on the validation rows;
    the test rows are seen by the best one only.

    \b
    descend search penguins.csv --target species --trials 50
    descend search houses.csv -t price --halving --folder houses-search
    """
    how = reading(values)
    values["target"], values["drop"] = values["target"] or (), values["drop"] or ()
    destination = Path(out) if out else model_name(file)
    check_writable(destination)

    from descend.cli.render import Talk
    from descend.models import Options, TableTraining
    from descend.models.search import Search

    talk, options = Talk(quiet), Options.of(**values)
    with naming(file):
        search = Search(
            file, options, trials=trials, halving=halving, folder=folder, **how
        )  # fmt: skip
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
    with stopping(training.run, talk), talk.progress(training) as progress:
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
    return 0


def _table(talk: Talk, search: Search) -> None:
    """Write the best trials, best first."""
    names = list(search.space)
    talk.line("Trials", "   loss  score  epoch  " + "  ".join(names))
    for trial in search.ranking()[:SHOWN]:
        cells = [_cell(trial.values[name]).ljust(len(name)) for name in names]
        if trial.loss is None:
            numbers = "diverged             "
        else:
            numbers = f"{trial.loss:7.4g}  {trial.score or 0:5.3f}  {trial.best_epoch:5d}"
        talk.say(f"{'':10}{numbers}  {'  '.join(cells)}".rstrip())


def _cell(value: Any) -> str:
    return ",".join(map(str, value)) if isinstance(value, list | tuple) else f"{value}"
