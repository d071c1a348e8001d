"""``descend show``: what is in a model file."""

from __future__ import annotations

import click

from descend.cli.options import json_option

__all__ = ["command"]


@click.command("show", short_help="Show what is in a model file.")
@click.argument("model")
@json_option
def command(model: str, as_json: bool) -> int:
    """Show the network, the preprocessing, the plan, the scores and the origin of MODEL.

    \b
    descend show penguins.descend
    descend show penguins.descend --json > penguins.json
    """
    from descend.cli import render
    from descend.models import load

    loaded = load(model)
    if as_json:
        click.echo(render.spec_json(loaded.card))
    else:
        render.Talk(to_stdout=True).model(loaded)
    return 0
