"""Options that several commands share, and the reading of their values."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import click

from descend.cli.values import Names
from descend.errors import ColumnError, TargetError

__all__ = [
    "drop_option",
    "json_option",
    "naming",
    "quiet_option",
    "reading",
    "reading_options",
    "target_option",
]


json_option = click.option("--json", "as_json", is_flag=True, help="Write JSON to stdout.")
quiet_option = click.option("-q", "--quiet", is_flag=True, help="Write errors only.")


def _together(
    context: click.Context, parameter: click.Parameter, values: tuple[tuple[str, ...], ...]
) -> tuple[str, ...] | None:
    """Return all names in one tuple, None where the option was not given."""
    return tuple(name for names in values for name in names) if values else None


def _names_option(*flags: str, help: str) -> Callable[..., Any]:
    """Return an option that takes names, with commas or given several times."""
    return click.option(*flags, type=Names(), multiple=True, callback=_together, help=help)


target_option = _names_option("-t", "--target", help="Column to predict; several with commas.")
drop_option = _names_option("--drop", help="Columns to leave out.")


def _most_pixels(
    context: click.Context, parameter: click.Parameter, value: int | None
) -> int | None:
    """Hand the limit to the reader of pictures, in this process and in those that it starts."""
    if value is not None:
        os.environ["DESCEND_MAX_PIXELS"] = str(value)
    return value


def reading_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add the options that say how a text table is written, and how large pictures may be."""
    for option in (
        click.option(
            "--max-pixels",
            type=click.IntRange(min=1),
            metavar="N",
            callback=_most_pixels,
            expose_value=False,
            help="Read pictures of up to N pixels [50,000,000].",
        ),
        click.option("--encoding", metavar="NAME", help="Encoding of a text file, as latin-1."),
        click.option(
            "--delimiter", metavar="CHAR", help="What separates the cells of a text file."
        ),
        click.option("--quote", metavar="CHAR", help="What encloses cells, or none."),
        click.option("--decimal", metavar="MARK", help="The decimal mark of numbers: . or ,"),
        click.option(
            "--header/--no-header", default=None, help="Whether the first row names the columns."
        ),
        click.option(
            "--bad-rows",
            type=click.Choice(["error", "skip"]),
            default="error",
            show_default=True,
            help="What to do with rows of too few or too many cells.",
        ),
    ):
        command = option(command)
    return command


def reading(values: dict[str, Any]) -> dict[str, Any]:
    """Take the options of `reading_options` out of a command's values."""
    names = ("encoding", "delimiter", "quote", "decimal", "header", "bad_rows")
    return {name: values.pop(name) for name in names}


@contextmanager
def naming(file: str) -> Iterator[None]:
    """Say which file it is that has the column or cell of an error."""
    try:
        yield
    except (ColumnError, TargetError) as error:
        message, name = str(error), "standard input" if file == "-" else file
        if Path(file).name in message or name in message:
            raise
        raise type(error)(f"{name}: {message}") from None
