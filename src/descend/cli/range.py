"""``descend range``: which learning rate?"""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import click

from descend.cli.destination import check_picture
from descend.cli.options import (
    drop_option,
    json_option,
    naming,
    quiet_option,
    reading,
    reading_options,
    target_option,
)
from descend.cli.values import BatchSize, Layers

__all__ = ["command"]

BAR = 30


@click.command("range", short_help="Try learning rates side by side and suggest one.")
@click.argument("file")
@target_option
@drop_option
@click.option("--layers", type=Layers(), help="Units of the hidden layers, as 64,32.")
@click.option("--activation", default="relu", help="relu, tanh, sigmoid, gelu, ...")
@click.option("--loss", help="squared_error, huber, categorical_cross_entropy, focal, ...")
@click.option("--optimizer", help="sgd, momentum, adam, implicit_sgd, ...")
@click.option("--batch-size", type=BatchSize(), help="Rows a step: 1, 32, ..., or all.")
@click.option("--seed", type=int, default=0, show_default=True)
@click.option("--lowest", type=float, default=1e-5, show_default=True, metavar="RATE")
@click.option("--highest", type=float, default=10.0, show_default=True, metavar="RATE")
@click.option("--tries", type=int, default=25, show_default=True, help="Rates to try.")
@click.option("--steps", type=int, default=300, show_default=True, help="Steps for each rate.")
@click.option("--picture", metavar="FILE", help="Draw the loss over the rate, as SVG.")
@reading_options
@json_option
@quiet_option
def command(
    file: str,
    lowest: float,
    highest: float,
    tries: int,
    steps: int,
    picture: str | None,
    as_json: bool,
    quiet: bool,
    **values: Any,
) -> int:
    """Train networks on FILE at many learning rates, side by side, and compare them.

    They start from the same weights and see the same rows; the loss is that of validation rows.

    \b
    descend range penguins.csv --target species
    descend range houses.csv -t price --optimizer sgd --picture rates.svg
    """
    how = reading(values)
    values["target"], values["drop"] = values["target"] or (), values["drop"] or ()
    drawing = check_picture(picture)

    from descend.cli.render import Talk
    from descend.data.files import write_atomically
    from descend.models import Options, TableTraining
    from descend.training import range_test, rate_picture, suggested_rate

    talk = Talk(quiet)
    with naming(file):
        training = TableTraining(file, Options.of(**values), None, **how)
    plan = training.plan
    talk.line("Network", training.network_line())
    held = training.validation if training.validation.rows else None
    found = range_test(
        plan.network, plan.loss, plan.descent, training.train, held,
        lowest=lowest, highest=highest, tries=tries, steps=steps,
    )  # fmt: skip
    rate = suggested_rate(found)
    finite = [one.loss for one in found if math.isfinite(one.loss)]
    label = "Rates"
    for one in found:
        if math.isfinite(one.loss):
            share = min(1.0, one.loss / (max(finite[0], 1e-12)))
            text = f"{one.rate:<10.3g}{one.loss:<10.4g}{'█' * round(BAR * share)}"
        else:
            text = f"{one.rate:<10.3g}diverged"
        talk.line(label, text)
        label = ""
    name = type(plan.descent.optimizer).__name__
    if drawing is not None:
        drawn = rate_picture({name: found}, f"{Path(file).name}: loss after {steps} steps", rate)
        write_atomically(drawing, drawn.encode())
        talk.line("Picture", str(drawing))
    if rate is None:
        talk.line("Advice", f"every rate diverged: try a lower --lowest than {lowest:g}")
    else:
        talk.line(
            "Advice",
            f"{name} learns fastest at about {rate:g}: "
            f"descend train {file} --learning-rate {rate:g} ...",
        )
    if as_json:
        tried = [
            {"rate": one.rate, "loss": one.loss if math.isfinite(one.loss) else None}
            for one in found
        ]
        click.echo(json.dumps({"suggested": rate, "tried": tried}, indent=2))
    return 0
