"""``descend show``: what is in a model file."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from descend.cli.options import json_option, naming

if TYPE_CHECKING:
    from descend.models import Model

__all__ = ["command"]


@click.command("show", short_help="Show what is in a model file.")
@click.argument("model")
@click.option("--picture", metavar="FILE", help="Draw how far to trust it, as SVG.")
@click.option("--layer", type=int, metavar="N", help="Draw what excites layer N of pictures.")
@click.option("--examples", metavar="FILE", help="Pictures to look through [the training ones]")
@click.option("-o", "--out", metavar="FILE", help="The picture of the layer.  [layers.png]")
@json_option
def command(
    model: str,
    picture: str | None,
    layer: int | None,
    examples: str | None,
    out: str | None,
    as_json: bool,
) -> int:
    """Show the network, the preprocessing, the plan, the scores and the origin of MODEL.

    With --layer, for networks of pictures, draw the patches of real pictures that excite each unit
    of a layer most, one row a unit; in layer 1 its weights stand before them.

    \b
    descend show penguins.descend
    descend show penguins.descend --json > penguins.json
    descend show p.descend --layer 2 --examples photos/
    """
    from descend.cli import pictures, render
    from descend.cli.destination import check_apart, check_picture
    from descend.cli.language import show_language_model
    from descend.errors import UsageError
    from descend.models import LanguageModel, load

    drawing = check_picture(picture)
    loaded = load(model)
    if isinstance(loaded, LanguageModel):
        if drawing is not None or layer is not None or examples is not None or out is not None:
            raise UsageError(f"{model} writes text, and there is no picture of that")
        if as_json:
            click.echo(render.spec_json(loaded.card))
        else:
            show_language_model(render.Talk(to_stdout=True), loaded)
        return 0
    if layer is not None:
        check_apart(Path(out or "layers.png"), model, examples)
        return _show_layer(loaded, layer, examples, out or "layers.png")
    if examples is not None or out is not None:
        raise UsageError("--examples and --out go with --layer N")
    if drawing is not None:
        pictures.check_drawable(loaded.plan)
        if loaded.report is None:
            raise UsageError(f"{model} was not tested, so there is nothing to draw")
        pictures.draw_report(loaded.report, drawing)
    if as_json:
        click.echo(render.spec_json(loaded.card))
    else:
        render.Talk(to_stdout=True).model(loaded)
    return 0


def _show_layer(model: Model, layer: int, examples: str | None, out: str) -> int:
    """Draw what excites the units of a layer."""
    from descend.cli import render
    from descend.cli.destination import check_writable
    from descend.cli.layer_picture import draw_layer
    from descend.data.media.readable import readable_table
    from descend.data.reading import read_table
    from descend.errors import UsageError
    from descend.models.inspection.excitation import excitation, layer_count

    layers = layer_count(model)
    source = examples or model.card.provenance.source
    if not Path(source).exists():
        raise UsageError(
            f"{source}, which the model was trained on, is not here: name pictures to look through "
            "with --examples"
        )
    path = Path(out)
    check_writable(path)
    with naming(source):
        table, unreadable = readable_table(read_table(source), model.plan.columns)
        found = excitation(model, table, layer)
    draw_layer(found, path)
    units, count = found.outputs.shape
    talk = render.Talk()
    talk.warn(unreadable)
    talk.line(
        "Layer",
        f"{layer} of {layers}: {units} units, each with the {count} patches of "
        f"{source} that excite it most, {found.patches.shape[2]} pixels wide",
    )
    talk.line("Saved", str(path))
    return 0
