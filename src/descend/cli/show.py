"""``descend show``: what is in a model file."""

from __future__ import annotations

import click

from descend.cli.options import json_option

__all__ = ["command"]


@click.command("show", short_help="Show what is in a model file.")
@click.argument("model")
@click.option("--picture", metavar="FILE", help="Draw how far to trust it, as SVG.")
@json_option
def command(model: str, picture: str | None, as_json: bool) -> int:
    """Show the network, the preprocessing, the plan, the scores and the origin of MODEL.

    \b
    descend show penguins.descend
    descend show penguins.descend --json > penguins.json
    """
    from descend.cli import pictures, render
    from descend.errors import UsageError
    from descend.models import load

    drawing = pictures.check_picture(picture)
    loaded = load(model)
    if drawing is not None:
        if loaded.report is None:
            raise UsageError(f"{model} was not tested, so there is nothing to draw")
        pictures.draw_report(loaded.report, drawing)
    if as_json:
        click.echo(render.spec_json(loaded.card))
    else:
        render.Talk(to_stdout=True).model(loaded)
    return 0
