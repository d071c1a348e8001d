"""``descend predict`` with a network that writes: a prompt, and what comes after it."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from click.core import ParameterSource

from descend.errors import UsageError

if TYPE_CHECKING:
    from descend.cli.render import Talk
    from descend.models import LanguageModel

__all__ = ["refuse_prompt", "write_on", "writing_options"]

TABLE_NAMES = (
    "interval",
    "top",
    "steps",
    "why",
    "delimiter",
    "quote",
    "decimal",
    "header",
    "bad_rows",
)
NAMES = ("prompt", "length", "temperature", "top_k", "top_p", "seed")


def writing_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add the options of writing on."""
    for option in reversed((
        click.option("--prompt", metavar="TEXT", help="Write on after TEXT (networks that write)."),
        click.option("--length", type=int, default=500, help="Tokens to write.  [500]"),
        click.option(
            "--temperature", type=float, default=0.8, metavar="T",
            help="Low keeps to the likely, high dares; 0 is always the likeliest.  [0.8]",
        ),
        click.option("--top-k", type=int, metavar="K", help="Draw among the K likeliest tokens."),
        click.option("--top-p", type=float, metavar="P", help="Draw among the likeliest share P."),
        click.option("--seed", type=int, default=0, help="Another seed, another text.  [0]"),
    )):  # fmt: skip
        command = option(command)
    return command


def _given(context: click.Context, names: tuple[str, ...]) -> list[str]:
    """Return the options among these that were given, as they are written."""
    return [
        parameter.opts[-1]
        for parameter in context.command.params
        if parameter.name in names
        and context.get_parameter_source(parameter.name) is ParameterSource.COMMANDLINE
    ]


def refuse_prompt(context: click.Context) -> None:
    """Refuse the options of writing for a model that predicts columns."""
    given = _given(context, NAMES)
    if given:
        raise UsageError(
            f"{given[0]} is for networks that write (descend train TEXT --generate), but "
            f"{context.params['model']} predicts columns of a table: give it a table"
        )


def write_on(context: click.Context, model: LanguageModel, talk: Talk) -> int:
    """Write the prompt and what the network writes after it."""
    given = context.params
    wrong = _given(context, TABLE_NAMES)
    if wrong:
        raise UsageError(
            f"{wrong[0]} is for models that predict columns, but {given['model']} writes text"
        )
    prompt = _prompt(context, model)
    unseen = model.tokens.unseen(prompt)
    if unseen:
        shown = ", ".join(repr(c) for c in unseen[:10]) + (", ..." if len(unseen) > 10 else "")
        talk.line(
            "Note",
            f"{shown}: not in the text it learned from, so read as an unknown character",
        )
    draw = {name: given[name] for name in NAMES[2:]}
    written = model.written(prompt, given["length"], **draw)
    if given["as_json"]:
        text = b"".join(written).decode("utf-8", "replace")
        answer = {"prompt": prompt, "text": text, "length": given["length"], **draw}
        click.echo(json.dumps(answer, ensure_ascii=False))
    elif given["out"] != "-":
        from descend.data.files import write_atomically

        write_atomically(Path(given["out"]), _bytes(prompt) + b"".join(written))
    else:
        _stream(prompt, written, raw=model.tokens.noun == "byte" and not sys.stdout.isatty())
    return 0


def _prompt(context: click.Context, model: LanguageModel) -> str:
    """Return the prompt: as an option, of a file, of a pipe, or none."""
    from descend.data.tokens.reading import read_bytes, read_running_text

    given, file = context.params, context.params["file"]
    named = context.get_parameter_source("file") is ParameterSource.COMMANDLINE
    if given["prompt"] is not None:
        if named:
            raise UsageError(f"the prompt is either --prompt or the text of {file}: leave out one")
        return given["prompt"]
    if not named and sys.stdin.isatty():
        return ""
    if model.plan.tokens == "bytes":
        return read_bytes(file)[0].decode("utf-8", "surrogateescape")
    return read_running_text(file, given["encoding"])[0]


def _bytes(text: str) -> bytes:
    return text.encode("utf-8", "surrogateescape")


def _stream(prompt: str, written: Iterator[bytes], *, raw: bool) -> None:
    """Write to standard output as it comes."""
    from descend.data.tokens.tokens import joined

    out = sys.stdout
    if raw:
        out.flush()
        for piece in (_bytes(prompt), *written):
            out.buffer.write(piece)
        out.buffer.flush()
        return
    last = prompt
    click.echo(prompt, nl=False)
    for text in joined(written):
        click.echo(text, nl=False)
        last = text
    if not last.endswith("\n"):
        click.echo()
