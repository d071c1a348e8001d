"""The entry point of the command line: its commands, its surroundings, its exit codes.

Nothing heavy is imported here, so that ``descend --help`` answers at once; each command's file is
loaded when it is called.
"""

from __future__ import annotations

import importlib
import os
import sys
from pathlib import Path

import click

from descend.errors import DescendError, did_you_mean
from descend.version import __version__

__all__ = ["SMALL_LOOPS", "cli", "main"]

SMALL_LOOPS = "--xla_backend_extra_options=xla_cpu_small_while_loop_byte_threshold=262144"
"""Compiles a training loop over little data a step into one piece of machine code: measured 3 times
faster row by row on small networks, without effect on large ones (docs/decisions/0003)."""

COMMANDS = {
    "train": "Train a network on a table of examples.",
    "test": "Test a model on rows with known targets.",
    "predict": "Predict the targets of new rows.",
    "show": "Show what is in a model file.",
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
            ctx.fail(
                f'there is no command "{args[0]}".{did_you_mean(args[0], COMMANDS)} '
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
    flags = os.environ.get("XLA_FLAGS", "")
    if "xla_backend_extra_options" not in flags:
        os.environ["XLA_FLAGS"] = f"{flags} {SMALL_LOOPS}".strip()
    os.environ.setdefault("XLA_PYTHON_CLIENT_PREALLOCATE", "false")
    folder = cache_folder()
    if folder is not None:
        os.environ.setdefault("JAX_COMPILATION_CACHE_DIR", str(folder))
        os.environ.setdefault("JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS", "0.05")
        os.environ.setdefault("JAX_COMPILATION_CACHE_MAX_SIZE", str(512 * 1024**2))


def cache_folder() -> Path | None:
    """Return the folder of compiled programs, or None where no private one can be had.

    Its entries are machine code that will be run, so the folder must belong to this user and be
    closed to all others.
    """
    root = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    folder = Path(root) / "descend" / "compiled"
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        info = folder.stat()
        if hasattr(os, "getuid") and (info.st_uid != os.getuid() or info.st_mode & 0o022):
            return None
        if not os.access(folder, os.W_OK):
            return None
    except (OSError, RuntimeError):
        return None
    return folder


def main(arguments: list[str] | None = None) -> None:
    """Run the command line and exit with its code."""
    arguments = list(sys.argv[1:] if arguments is None else arguments)
    debug = "--debug" in arguments
    if debug:
        arguments.remove("--debug")
    prepare_surroundings()
    sys.exit(run(arguments, debug=debug))


def run(arguments: list[str], *, debug: bool = False) -> int:
    """Run one command and return its exit code; every error becomes one line on stderr."""
    try:
        code = cli.main(arguments, prog_name="descend", standalone_mode=False)
        sys.stdout.flush()
        return code if isinstance(code, int) else 0
    except click.exceptions.NoArgsIsHelpError as error:
        click.echo(error.format_message())
        return 0
    except click.ClickException as error:
        return complain(error.format_message(), 2, hint=usage_hint(error))
    except (click.Abort, KeyboardInterrupt):
        return complain("stopped", 130)
    except BrokenPipeError:
        # The reader of our output has closed it (| head): nothing is wrong. The null device keeps
        # the interpreter from complaining when it flushes at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except DescendError as error:
        if debug:
            raise
        return complain(str(error), error.exit_code)
    except Exception as error:
        if debug:
            raise
        return complain(
            f"a bug in Descend: {type(error).__name__}: {error}. "
            "Please report it with what `descend --debug ...` prints",
            1,
        )


def usage_hint(error: click.ClickException) -> str:
    """Return the way to the help of the command in question."""
    context = getattr(error, "ctx", None)
    return f"Help: {context.command_path} --help" if context is not None else ""


def complain(message: str, code: int, *, hint: str = "") -> int:
    """Print an error to stderr and return its exit code."""
    text = message[:1].lower() + message[1:] if message[1:2].islower() else message
    click.echo(f"descend: {text}", err=True)
    if hint:
        click.echo(hint, err=True)
    return code
