"""Options of ``descend train`` for what goes around an optimizer's rule."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import click

from descend.cli.values import Rates

__all__ = ["descent_options"]


def descent_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add the options that are fields of `descend.training.Descent` of the same names."""
    for option in reversed((
        click.option("--restarts", type=int, help="Train so many starts at once; keep the best."),
        click.option("--clip-norm", type=float, metavar="LENGTH", help="Shorten longer gradients."),
        click.option(
            "--clip-value", type=float, metavar="BOUND", help="Bound every entry of gradients."
        ),
        click.option(
            "--clip-adaptive", type=float, metavar="SHARE", help="Bound by each unit's weights."
        ),
        click.option(
            "--layer-rates", type=Rates(), help="Factors of the rate by layer, as 0_dense=0.1."
        ),
        click.option("--accumulate", type=int, help="Compute each batch in so many pieces."),
        click.option("--sam", type=float, metavar="RADIUS", help="Sharpness-aware, as 0.05."),
        click.option(
            "--mixup", type=float, metavar="ALPHA", help="Blend pairs of examples, as 0.2."
        ),
        click.option(
            "--lookahead", type=int, metavar="STEPS", help="Go half back after so many steps."
        ),
        click.option("--ema", type=float, metavar="DECAY", help="Predict with a moving average."),
        click.option(
            "--tail-average", type=float, metavar="SHARE", help="Predict with the last steps' mean."
        ),
    )):  # fmt: skip
        command = option(command)
    return command
