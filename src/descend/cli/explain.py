"""``descend explain``: which columns matter, over a table or in one row."""

from __future__ import annotations

import json
from dataclasses import asdict, replace
from typing import Any

import click

from descend.cli.options import json_option, naming, quiet_option, reading, reading_options

__all__ = ["command"]

MOST_LINES = 30
"""Columns that are written and drawn; JSON has all of them."""

LEAST_NAME, MOST_NAME = 8, 28
"""Characters of a column's name: where fewer are left its interval is, and more are cut."""


@click.command("explain", short_help="Say which columns matter to a model.")
@click.argument("model")
@click.argument("file")
@click.option("-t", "--target", metavar="NAME", help="Which target, where MODEL has several.")
@click.option("--row", type=int, help="Explain the prediction of this row, from 1.")
@click.option("--picture", metavar="FILE", help="Draw it as SVG.")
@reading_options
@json_option
@quiet_option
def command(
    model: str,
    file: str,
    target: str | None,
    row: int | None,
    picture: str | None,
    as_json: bool,
    quiet: bool,
    **values: Any,
) -> int:
    """Say which columns of FILE matter to MODEL.

    Without --row: each column is shuffled, and what counts is how much worse the predictions
    become, with a 95 % interval. FILE must have the target, and is best not the training rows.
    With --row: what each column adds to the prediction of that row, compared with a usual row of
    FILE; the parts add up to the whole difference.

    \b
    descend explain penguins.descend new.csv
    descend explain penguins.descend new.csv --row 17 --picture row17.svg
    """
    from descend.cli import pictures, render
    from descend.cli.destination import check_picture
    from descend.cli.scores import number
    from descend.cli.terminal import shortened
    from descend.data.files import write_atomically
    from descend.data.media.readable import readable_table
    from descend.data.reading import read_table
    from descend.data.targets import ClassTarget
    from descend.models import load_table_model
    from descend.models.inspection.explanation import (
        check_explained,
        contributions,
        importances,
        place_of_target,
    )

    drawing = check_picture(picture)
    loaded = load_table_model(model)
    check_explained(loaded)
    with naming(file):
        given = read_table(file, wanted=loaded.card.wanted, **reading(values))
        table, unreadable = readable_table(loaded.rows_of(given)[0], loaded.plan.columns)
    talk = render.Talk(quiet or as_json, to_stdout=True)
    talk.warn(unreadable)
    place = place_of_target(loaded, target)
    explained = loaded.card.targets[place]
    name, classes = explained.name, isinstance(explained, ClassTarget)
    if row is None:
        found = importances(loaded, table, target=name)
        unit = "nats of log loss" if classes else f"mean absolute error of {name}"
        title = f"{name}: how much worse without the column, in {unit}"
        talk.line("Matters", title)
        shown = found[:MOST_LINES]
        numbers = [f" {number(one.rise):>9}" for one in shown]
        spans = [f"  ({number(one.low)} to {number(one.high)})" for one in shown]
        room = talk.width - render.LABEL - max(map(len, numbers), default=0)
        if room - max(map(len, spans), default=0) >= LEAST_NAME:
            numbers = [text + span for text, span in zip(numbers, spans, strict=True)]
            room = talk.width - render.LABEL - max(map(len, numbers), default=0)
        remark = "  could be nothing"
        narrow = room - len(remark) < min(
            MOST_NAME, max((len(one.column) for one in shown), default=0)
        )
        columns = shortened([one.column for one in shown], min(MOST_NAME, room))
        for one, column, text in zip(shown, columns, numbers, strict=True):
            nothing = remark if one.low <= 0 and not narrow else ""
            talk.say(" " * render.LABEL + column + text + nothing)
        unsure = [one.column for one in shown if one.low <= 0]
        if unsure and narrow:
            talk.line("", f"could be nothing: {', '.join(unsure)}")
        whole: Any = [asdict(one) for one in found]
        names = [one.column for one in found[:MOST_LINES]]
        bars = [one.rise for one in found[:MOST_LINES]]
        ends = [(one.low, one.high) for one in found[:MOST_LINES]]
    else:
        parts, usual, final, gap = contributions(loaded, table, row - 1, target=name)
        alone = replace(table, frame=table.frame[row - 1 : row])
        answer = loaded.predictions(alone).answers[place]
        what = f"probability of {answer.prediction[0]}" if classes else name
        title = f"row {row}, {what}: {number(final)}; a usual row {number(usual)}"
        talk.line("Matters", title)
        shares = [f"{'+' if p.share >= 0 else ''}{number(p.share)}" for p in parts[:MOST_LINES]]
        cells = shortened([one.value for one in parts[:MOST_LINES]], 20)
        room = talk.width - render.LABEL - max(map(len, cells)) - max(map(len, shares)) - 2
        columns = shortened([one.column for one in parts[:MOST_LINES]], min(MOST_NAME, room))
        for column, cell, share in zip(columns, cells, shares, strict=True):
            talk.say(" " * render.LABEL + f"{column} {cell} {share}")
        talk.line("", f"not accounted for: {gap:.2g} (numerical integration)")
        whole = {
            "row": row,
            "prediction": str(answer.prediction[0]),
            "value": final,
            "usual": usual,
            "gap": gap,
            "contributions": [asdict(one) for one in parts],
        }
        names = [f"{one.column} = {one.value}" for one in parts[:MOST_LINES]]
        bars, ends = [one.share for one in parts[:MOST_LINES]], []
    if drawing is not None:
        write_atomically(drawing, pictures.bars_svg(title, names, bars, ends).encode())
    if as_json:
        click.echo(json.dumps(whole, indent=2, ensure_ascii=False))
    return 0
