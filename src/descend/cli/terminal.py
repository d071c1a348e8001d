"""How wide the lines are that a stream shows, and how an error is laid out in them."""

from __future__ import annotations

import contextlib
import os
import textwrap
from typing import IO

__all__ = ["line_width", "shortened", "wrapped"]

NARROWEST, WIDEST = 40, 100


def line_width(stream: IO[str]) -> int:
    """Return how many characters of a line there is room for: COLUMNS, or as the terminal says."""
    columns = 0
    with contextlib.suppress(ValueError):
        columns = int(os.environ.get("COLUMNS", ""))
    if columns <= 0:
        # What is no terminal has no width, and may be no file at all.
        with contextlib.suppress(OSError, ValueError, AttributeError):
            columns = os.get_terminal_size(stream.fileno()).columns
    return max(NARROWEST, min(WIDEST, columns or WIDEST))


def wrapped(text: str, stream: IO[str]) -> str:
    """Return a text in lines that fit a terminal; elsewhere, where programs read it, as it is.

    The lines after the first stand under the text behind ``descend:``.
    """
    if not stream.isatty():
        return text
    return "\n".join(
        textwrap.fill(
            line,
            line_width(stream),
            subsequent_indent=" " * len("descend: "),
            break_long_words=False,
            break_on_hyphens=False,
        )
        for line in text.split("\n")
    )


def shortened(texts: list[str], most: int) -> list[str]:
    """Return texts padded to the width of the longest; those too long end in ``…``.

    Examples
    --------
    >>> shortened(["island", "flipper length"], 9)
    ['island   ', 'flipper …']
    """
    width = min(most, max(map(len, texts), default=0))
    return [(t if len(t) <= width else t[: width - 1] + "…").ljust(width) for t in texts]
