"""Every error that Descend raises on purpose.

::

    DescendError                     exit code of the command line
    ├── UsageError                   2  an argument or option is wrong (also a ValueError)
    │   └── SpecError                2  a field of a spec is out of range
    ├── DataError                    2  the examples cannot be used as they are (also a ValueError)
    │   ├── TableError               2  a file cannot be read as a table
    │   ├── TargetError              2  the target column cannot be learned
    │   └── ColumnError              2  a column needed for prediction is missing or of another type
    ├── MissingExtraError            2  an extra is not installed (also an ImportError)
    ├── DivergedError                3  the loss became infinite or not a number
    ├── ModelFileError               4  a file is not a model that this version can read
    └── OutputError                  5  a file cannot be written (also an OSError)

Exit code 0 is success, 1 a bug in Descend, 130 stopped by Ctrl-C (the best model is kept).
Each message says what was expected, what came, where, and how to mend it.
"""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches

__all__ = [
    "ColumnError",
    "DataError",
    "DescendError",
    "DivergedError",
    "MissingExtraError",
    "ModelFileError",
    "OutputError",
    "SpecError",
    "TableError",
    "TargetError",
    "UsageError",
    "did_you_mean",
]


class DescendError(Exception):
    """Base of every error that Descend raises on purpose."""

    exit_code: int = 1


class UsageError(DescendError, ValueError):
    """An argument or a command-line option is wrong."""

    exit_code = 2


class SpecError(UsageError):
    """A field of a spec is of the wrong type or out of its range."""


class DataError(DescendError, ValueError):
    """The examples cannot be used as they are."""

    exit_code = 2


class TableError(DataError):
    """A file cannot be read as a table; the message names the file and, where known, the line."""


class TargetError(DataError):
    """The target column is missing or cannot be learned."""


class ColumnError(DataError):
    """A column that the model needs is missing, or its values are of another type."""


class MissingExtraError(DescendError, ImportError):
    """An optional dependency is not installed; the message names the extra that brings it."""

    exit_code = 2


class DivergedError(DescendError, ArithmeticError):
    """The loss became infinite or not a number.

    Attributes
    ----------
    step : int
        The optimizer step, counted from 1 over the whole run, at which it happened.
    """

    exit_code = 3

    def __init__(self, message: str, step: int) -> None:
        super().__init__(message)
        self.step = step


class ModelFileError(DescendError, ValueError):
    """A file is not a model that this version of Descend can read."""

    exit_code = 4


class OutputError(DescendError, OSError):
    """A file cannot be written; whatever stood there before is untouched."""

    exit_code = 5


def did_you_mean(word: str, choices: Iterable[str]) -> str:
    """Return `` Did you mean "x"?`` for the nearest choice, or an empty string.

    Examples
    --------
    >>> did_you_mean("speces", ["species", "island"])
    ' Did you mean "species"?'
    >>> did_you_mean("zzz", ["species", "island"])
    ''
    """
    choices = list(choices)
    lowered = {choice.lower(): choice for choice in choices}
    near = get_close_matches(word.lower(), lowered, n=1, cutoff=0.6)
    return f' Did you mean "{lowered[near[0]]}"?' if near else ""
