"""``descend predict``: add predictions to a table."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from descend.cli.options import (
    json_option,
    naming,
    quiet_option,
    reading,
    reading_options,
)
from descend.cli.writing_on import refuse_prompt, write_on, writing_options
from descend.errors import UsageError

if TYPE_CHECKING:
    import polars as pl

    from descend.data.notes import Notes
    from descend.data.table import Table
    from descend.models import Model

__all__ = ["Answers", "command"]


@click.command("predict", short_help="Predict the targets of new rows.")
@click.argument("model")
@click.argument("file", default="-")
@click.option("-o", "--out", default="-", help="Table to write; - is standard output, as CSV.")
@click.option("--interval", type=float, metavar="LEVEL", help="Add intervals, as 0.9: low, high.")
@click.option("--top", type=click.IntRange(1), metavar="N", help="The N likeliest classes only.")
@click.option("--steps", type=int, metavar="N", help="Of a series the next N steps only.")
@click.option("--why", is_flag=True, help="Add the words of the text that carried each decision.")
@writing_options
@reading_options
@json_option
@quiet_option
@click.pass_context
def command(
    context: click.Context,
    model: str,
    file: str,
    out: str,
    interval: float | None,
    top: int | None,
    steps: int | None,
    why: bool,
    as_json: bool,
    quiet: bool,
    **values: Any,
) -> int:
    """Predict the targets of the rows of FILE with MODEL.

    The rows come back in their order, with all their columns, and with a column prediction and a
    column probability_CLASS for each class. --interval 0.9 adds the columns low and high around
    predicted numbers, which hold nine targets in ten. The column likeness is the share of usual
    rows that are as far from the training rows; unlike marks those of at most 0.01.

    The format of --out follows its ending: .csv, .tsv, .parquet, .arrow, .jsonl, and .gz after the
    first two. --json writes one object a row to standard output. Files larger than memory are
    read in pieces.

    For a network of pictures FILE may also be a picture, or a folder of them: the answer is a table
    of their paths. --top 5 writes the five likeliest classes and their probabilities in order, in
    the place of one column for each class.

    --why adds a column of the words of a text that did most for the prediction, or against it:
    gradient times input, each with its sign. On a terminal the texts are written in colour instead,
    green for and red against; with --json every word comes with its place.

    A model of a series (train --forecast) continues the series of FILE after its last known value.
    The answer is a table of time, forecast, lower and upper, with intervals of 0.9 unless
    --interval says otherwise.

    A network that was trained with --generate writes on after --prompt, or after the text of FILE.

    \b
    descend predict penguins.descend new.csv
    descend predict penguins.descend new.csv -o new.parquet
    descend predict photos.descend holiday/ --top 3
    cat new.csv | descend predict penguins.descend | head
    descend predict plays.descend --prompt ROMEO: --length 400
    """
    from descend.cli import render, words
    from descend.data.reading import read_table, stream_table
    from descend.data.writing import json_lines, write_table
    from descend.models import LanguageModel, load

    if as_json and out != "-":
        raise UsageError(
            "--json writes to standard output, so it does not go with --out; for JSON lines in a "
            "file name it so: --out answers.jsonl"
        )
    loaded = load(model)
    talk = render.Talk(quiet)
    if isinstance(loaded, LanguageModel):
        return write_on(context, loaded, talk)
    refuse_prompt(context)
    if loaded.plan.forecast is not None or steps is not None:
        options = {"--top": top, "--why": why or None}
        return _continue(loaded, file, out, interval, steps, as_json, quiet, options, values)
    form = None
    if why:
        lively = out == "-" and words.shows_colour(sys.stdout)
        form = "json" if as_json else "colour" if lively else "cell"
    sequences, how = loaded.plan.sequences, {"wanted": loaded.card.wanted, **reading(values)}
    if sequences is None:
        tables = stream_table(file, **how)
    else:
        # The rows of a group may stand anywhere in the file.
        with naming(file):
            tables = iter([sequences.gathered(read_table(file, **how))])
    answers = Answers(loaded, tables, interval, top, form)
    numbers = _numbers(loaded)
    with naming(file):
        if form == "colour":
            for frame in answers:
                for said, text in frame.select("prediction", "why").iter_rows():
                    click.echo(f"{said}  {text}", color=True)
        elif as_json:
            for frame in answers:
                click.echo(json_lines(frame, numbers), nl=False)
        else:
            write_table(answers, None if out == "-" else out, numbers)
    talk.warn(answers.unreadable)
    if answers.notes is not None:
        talk.notes(answers.notes, answers.replaced)
        if answers.unlike:
            talk.line(
                "Note",
                f"{render.count(answers.unlike, 'row')} of {answers.rows:,} marked unlike: far "
                "from the training rows, so trust them less (one in a hundred is usual)",
            )
    return 0


def _numbers(model: Model) -> list[str]:
    """Return the columns that the model reads as numbers and that are written as in JSON."""
    from descend.data.targets import ClassTarget

    columns = [column for column in model.plan.columns if column.kind == "number"]
    classes = []
    for target in model.card.targets:
        if not isinstance(target, ClassTarget):
            columns.append(target.column)
        elif type(target.classes[0]) in (int, float):
            classes.append(target.name)
    # The point of 1.234 may be a mark of thousands.
    return classes + [c.name for c in columns if c.decimal == "." and c.thousands != "."]


def _continue(
    model: Model,
    file: str,
    out: str,
    interval: float | None,
    steps: int | None,
    as_json: bool,
    quiet: bool,
    options: dict[str, Any],
    values: dict[str, Any],
) -> int:
    """Continue the series of a file, and write what follows."""
    from descend.cli import render
    from descend.cli.destination import check_apart
    from descend.data.reading import read_table
    from descend.data.writing import write_table
    from descend.models.series.forecasting import continued

    check_apart(Path(out), file)  # the answer holds nothing of the series itself
    for name, value in options.items():
        if value is not None:
            raise UsageError(f"{name} does not go with a forecast, which is of numbers in time")
    with naming(file):
        table = read_table(file, wanted=model.card.wanted, **reading(values))
        found = continued(model, table, interval=interval, steps=steps)
        if as_json:
            click.echo(found.frame.write_ndjson(), nl=False)
        else:
            write_table([found.frame], None if out == "-" else out)
    talk = render.Talk(quiet)
    for note in found.notes:
        talk.line("Note", note)
    return 0


class Answers:
    """The pieces of a table with their predictions, one after another."""

    def __init__(
        self,
        model: Model,
        tables: Any,
        interval: float | None = None,
        top: int | None = None,
        why: str | None = None,
    ) -> None:
        from descend.data.media.readable import Readability

        self.model, self.tables, self.interval, self.top = model, tables, interval, top
        self.why = why
        self.rows = self.unlike = 0
        self.unreadable: tuple[str, ...] = ()
        self.readability = Readability(model.plan.columns)
        self.notes: Notes | None = None
        self.replaced: tuple[str, ...] = ()

    def __iter__(self) -> Iterator[pl.DataFrame]:
        """Yield each piece with its new columns."""
        import polars as pl

        from descend.data.long_tables import STEPS

        for table in self.tables:
            table = self.readability.readable(table)
            self.unreadable = self.readability.notes()
            frame = table.frame
            predictions = self.model.predictions(table, first_row=self.rows, interval=self.interval)
            self.rows += len(frame)
            self.unlike += 0 if predictions.unlike is None else int(predictions.unlike.sum())
            notes = predictions.notes
            self.notes = notes if self.notes is None else self.notes.combined(notes)
            added = predictions.columns(self.top)
            self.replaced = tuple(name for name in added if name in frame.columns)
            if self.why is not None:
                added["why"] = self._why(table)
            # Arrays of pixels have no place in a table of text.
            flat = [name for name, dtype in frame.schema.items() if not dtype.is_nested()]
            if self.model.plan.sequences is not None:
                flat.remove(STEPS)
            yield frame.select(flat).with_columns(
                [pl.Series(name, values) for name, values in added.items()]
            )

    def _why(self, table: Table) -> Any:
        """Return what the words of each text did, in the form that is wanted."""
        from descend.cli import words
        from descend.models.inspection.why import word_credits

        found = word_credits(self.model, table)
        if self.why == "cell":
            return [words.as_cell(one) for one in found]
        if self.why == "json":
            return [words.as_json(one) for one in found]
        kinds = self.model.plan.columns
        column = next(c.name for c in kinds if c.kind == "text")
        texts = table.frame[column].to_list()
        return [
            words.coloured(str(text or "").strip(), one)
            for text, one in zip(texts, found, strict=True)
        ]
