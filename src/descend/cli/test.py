"""``descend test``: how good is a model on rows with known targets?"""

from __future__ import annotations

from typing import Any

import click

from descend.cli.options import (
    json_option,
    naming,
    quiet_option,
    reading,
    reading_options,
)

__all__ = ["command"]


@click.command("test", short_help="Test a model on rows with known targets.")
@click.argument("model")
@click.argument("file")
@click.option("--picture", metavar="FILE", help="Draw how far to trust it, as SVG.")
@reading_options
@json_option
@quiet_option
def command(
    model: str, file: str, picture: str | None, as_json: bool, quiet: bool, **values: Any
) -> int:
    """Test MODEL on the rows of FILE, whose targets are known, or on a text.

    The report says how many of the rows the network was trained on: a score on those says little.
    A text is recognised by its passages, of some 65 tokens each: longer ones in very long texts.

    \b
    descend test penguins.descend more.csv
    descend test penguins.descend more.csv --picture p.svg
    descend test shakespeare.descend another.txt
    """
    from descend.cli import pictures, render
    from descend.cli.destination import check_picture
    from descend.cli.language import tell_report
    from descend.data.media.readable import readable_table
    from descend.data.reading import read_table
    from descend.errors import UsageError
    from descend.models import LanguageModel, load

    drawing = check_picture(picture)
    loaded = load(model)
    if isinstance(loaded, LanguageModel):
        if drawing is not None:
            raise UsageError(f"{model} writes text, and there is no picture of that")
        foreseen = loaded.test(file, values["encoding"])
        tell_report(render.Talk(quiet or as_json, to_stdout=True), foreseen)
        if as_json:
            click.echo(render.spec_json(foreseen))
        return 0
    if drawing is not None:
        pictures.check_drawable(loaded.plan)
    table = read_table(file, wanted=loaded.card.wanted, **reading(values))
    with naming(file):
        table, unreadable = readable_table(table, loaded.plan.columns)
        report = loaded.test(table)
    talk = render.Talk(quiet or as_json, to_stdout=True)
    talk.warn(unreadable)
    talk.report(report)
    if drawing is not None:
        pictures.draw_report(report, drawing)
    if as_json:
        click.echo(render.spec_json(report))
    return 0
