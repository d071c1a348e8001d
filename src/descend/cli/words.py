"""The words that carried a decision, as people read them: in colour, as a cell, as JSON."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import IO, TYPE_CHECKING, Any

if TYPE_CHECKING:
    from descend.data.text_credit import Credit

__all__ = ["as_cell", "as_json", "coloured", "shows_colour"]

_FOR, _AGAINST, _END = "\x1b[32m", "\x1b[31m", "\x1b[0m"
_STRONG = "\x1b[1m"
_TURNS = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")


def shows_colour(file: IO[str]) -> bool:
    """Return whether a stream is a terminal that may be written to in colour."""
    return file.isatty() and "NO_COLOR" not in os.environ and os.environ.get("TERM") != "dumb"


def as_cell(credits: Sequence[Credit], most: int = 5) -> str:
    """Return the words that did most, with how much, as one cell of a table.

    Examples
    --------
    >>> from descend.data.text_credit import Credit
    >>> as_cell([Credit("a", 0, 1, 0.1), Credit("free", 2, 6, 1.25), Credit("ok", 7, 9, -0.5)], 2)
    'free +1.25, ok -0.50'
    """
    strongest = sorted(credits, key=lambda one: -abs(one.credit))[:most]
    return ", ".join(f"{one.word} {one.credit:+.2f}" for one in strongest)


def as_json(credits: Sequence[Credit]) -> list[dict[str, Any]]:
    """Return every word with its place and credit."""
    return [one._asdict() | {"credit": round(one.credit, 6)} for one in credits]


def coloured(text: str, credits: Sequence[Credit]) -> str:
    """Return a text with its words in green where they spoke for the decision, in red against.

    Words of at least half the credit of the strongest are bold, those below a tenth plain.
    Characters that steer a terminal, or turn the direction of what follows, are left out.
    """
    strongest = max((abs(one.credit) for one in credits), default=0.0)
    written, end = [], 0
    for one in credits:
        written.append(_clean(text[end : one.start]))
        share = abs(one.credit) / strongest if strongest else 0.0
        word = _clean(one.word)
        if share >= 0.1:
            colour = _FOR if one.credit > 0 else _AGAINST
            word = f"{_STRONG if share >= 0.5 else ''}{colour}{word}{_END}"
        written.append(word)
        end = one.stop
    return "".join([*written, _clean(text[end:])])


def _clean(text: str) -> str:
    plain = (c if c >= " " and not "\x7f" <= c < "\xa0" else " " for c in text)
    return "".join(c for c in plain if c not in _TURNS)
