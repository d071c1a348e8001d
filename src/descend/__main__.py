"""``python -m descend`` is the command line."""

from descend.cli.main import main

__all__ = ["main"]

if __name__ == "__main__":
    main()
