"""The entry point of the command line: its commands, its surroundings, its exit codes.

Nothing heavy is imported here, so that ``descend --help`` answers at once; each command's file is
loaded when it is called.
"""

from __future__ import annotations

import contextlib
import errno
import importlib
import io
import os
import sys
import warnings

import click

from descend import surroundings
from descend.cli.terminal import wrapped
from descend.errors import DescendError, OutputError, UsageError, did_you_mean
from descend.version import __version__

__all__ = [
    "Commands",
    "cli",
    "complain",
    "main",
    "prepare_surroundings",
    "run",
    "silence_output",
    "usage_hint",
]

DISK_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO)

COMMANDS = {
    "train": "Train a network on a table of examples.",
    "range": "Try learning rates side by side and suggest one.",
    "search": "Search for good settings: layers, rates, dropout, decay.",
    "test": "Test a model on rows with known targets.",
    "predict": "Predict the targets of new rows.",
    "explain": "Say which columns matter to a model.",
    "show": "Show what is in a model file.",
    "optimize": "Find the best arrangement of interconnected factors.",
}


class Commands(click.Group):
    """Commands that are imported when they are called."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the names in the order of their use."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import and return a command."""
        if cmd_name not in COMMANDS:
            return None
        return importlib.import_module(f"descend.cli.{cmd_name}").command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Suggest the nearest command when there is none of the given name."""
        if args and not args[0].startswith("-") and args[0] not in COMMANDS:
            choices = [*COMMANDS, "--help", "--version"]
            ctx.fail(
                f'there is no command "{args[0]}".{did_you_mean(args[0], choices)} '
                f"Commands: {', '.join(COMMANDS)}"
            )
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the list of commands without importing them."""
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))


@click.group(
    cls=Commands,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog="Exit codes: 0 done, 1 a bug, 2 wrong usage or data, 3 training diverged, "
    "4 not a model file, 5 cannot write, 130 stopped by Ctrl-C.",
)
@click.version_option(__version__, prog_name="descend", message="%(prog)s %(version)s")
def cli() -> None:
    """Neural networks that learn from your examples.

    \b
    descend train penguins.csv --target species
    descend test penguins.descend more.csv
    descend predict penguins.descend new.csv > answers.csv
    """


def prepare_surroundings() -> None:
    """Set up this process for JAX, before JAX is imported; whatever the user has set stays."""
    for name, value in surroundings.settings(os.environ).items():
        os.environ[name] = value
    surroundings.keep_memory()
    folder = surroundings.programs_folder()
    if folder is not None:
        surroundings.limit_cache(folder)
        # A cache that cannot be used costs time, but is nothing to be told about.
        warnings.filterwarnings("ignore", r"Error (reading|writing) persistent compilation cache")


def main(arguments: list[str] | None = None) -> None:
    """Run the command line and exit with its code."""
    arguments = list(sys.argv[1:] if arguments is None else arguments)
    debug = "--debug" in arguments
    if debug:
        arguments.remove("--debug")
    for stream in (sys.stdout, sys.stderr):
        # A terminal without the letters of a column name shows others; it is no reason to stop.
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")
    prepare_surroundings()
    sys.exit(run(arguments, debug=debug))


def run(arguments: list[str], *, debug: bool = False) -> int:
    """Run one command and return its exit code; every error becomes one line on stderr."""
    try:
        # Not cli.main, which makes exit code 1 of a closed pipe.
        with cli.make_context("descend", list(arguments)) as context:
            code = cli.invoke(context)
        sys.stdout.flush()
        return code if isinstance(code, int) else 0
    except click.exceptions.Exit as stop:
        return stop.exit_code
    except click.exceptions.NoArgsIsHelpError as error:
        click.echo(error.format_message())
        return 0
    except click.ClickException as error:
        message = error.format_message()
        return complain(message[:1].lower() + message[1:], 2, hint=usage_hint(error))
    except (click.Abort, KeyboardInterrupt):
        return complain("stopped", 130)
    except BrokenPipeError:
        # The reader of our output has closed it (| head): nothing is wrong.
        silence_output()
        return 0
    except DescendError as error:
        if debug:
            raise
        if isinstance(error, OutputError):
            silence_output()
        return complain(str(error), error.exit_code)
    except Exception as error:
        if debug:
            raise
        if isinstance(error, OSError) and error.errno in DISK_FULL:
            silence_output()
            return complain(f"cannot write the output: {error.strerror}", OutputError.exit_code)
        if isinstance(error, MemoryError) or "RESOURCE_EXHAUSTED" in str(error):
            return complain(
                "not enough memory for this network and these rows. "
                "Try fewer units (--layers) or fewer rows",
                UsageError.exit_code,
            )
        return complain(
            f"a bug in Descend: {type(error).__name__}: {error}. "
            "Please report it with what `descend --debug ...` prints",
            1,
        )


def silence_output() -> None:
    """Send what is still unwritten nowhere, or the interpreter would complain when it exits."""
    with contextlib.suppress(OSError, ValueError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def usage_hint(error: click.ClickException) -> str:
    """Return the way to the help of the command in question."""
    context = getattr(error, "ctx", None)
    return f"Help: {context.command_path} --help" if context is not None else ""


def complain(message: str, code: int, *, hint: str = "") -> int:
    """Print an error to stderr and return its exit code."""
    click.echo(wrapped(f"descend: {message}", sys.stderr), err=True)
    if hint:
        click.echo(hint, err=True)
    return code
