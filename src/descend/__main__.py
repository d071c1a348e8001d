"""``python -m descend`` and ``descend`` are the command line."""

from descend.cli.interrupts import quit_on_interrupt

__all__ = ["main"]


def main() -> None:
    """Run the command line and exit with its code."""
    quit_on_interrupt()  # before the imports, which take longer than a change of mind
    from descend.cli.main import main as command_line

    command_line()


if __name__ == "__main__":
    main()
