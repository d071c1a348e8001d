"""``python -m descend`` and ``descend`` are the command line.

Ctrl-C is answered from here on; what Python itself does before, it says itself.
"""

import sys

try:
    from descend.cli.interrupts import quit_on_interrupt
except KeyboardInterrupt:
    sys.exit(130)

__all__ = ["main"]


def main() -> None:
    """Run the command line and exit with its code."""
    try:
        quit_on_interrupt()  # before the imports, which take longer than a change of mind
    except KeyboardInterrupt:
        sys.exit(130)
    from descend.cli.main import main as command_line

    command_line()


if __name__ == "__main__":
    main()
