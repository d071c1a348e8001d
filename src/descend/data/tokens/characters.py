"""Characters as tokens."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from descend.data.fields import check_words
from descend.data.tokens.tokens import Tokens
from descend.errors import SpecError

__all__ = ["CharacterTokens", "fit_characters"]

_MOST = 20_000
"""Different characters that are learned, the most frequent ones."""


@dataclass(frozen=True)
class CharacterTokens(Tokens):
    """Each character is a token; code 0 is any other character.

    Parameters
    ----------
    characters : tuple of str
        Those that occur twice or more in the training part, in the order of Unicode.

    Examples
    --------
    >>> tokens = CharacterTokens(("a", "b"))
    >>> tokens.encode("abc").tolist(), tokens.unseen("abc")
    ([1, 2, 0], ('c',))
    """

    characters: tuple[str, ...]
    noun: ClassVar[str] = "character"
    unknown: ClassVar[int | None] = 0

    def __post_init__(self) -> None:
        check_words(self, "characters")
        lone = all(len(character) == 1 for character in self.characters)
        if not lone or not self.characters or list(self.characters) != sorted(self.characters):
            raise SpecError("CharacterTokens: characters must be single ones, in order")

    @property
    def size(self) -> int:
        """How many codes there are, with that of other characters."""
        return len(self.characters) + 1

    def encode(self, text: str | bytes) -> np.ndarray:
        """Return the code of each character, int32."""
        points = _code_points(text if isinstance(text, str) else text.decode())
        known = _code_points("".join(self.characters))
        places = np.minimum(np.searchsorted(known, points), len(known) - 1)
        return np.where(known[places] == points, places + 1, 0).astype(np.int32)

    def written(self) -> tuple[bytes, ...]:
        """Return each character in UTF-8; U+FFFD for other ones."""
        return ("\ufffd".encode(), *(character.encode() for character in self.characters))

    def unseen(self, text: str) -> tuple[str, ...]:
        """Return the different characters of a text that are not known."""
        return tuple(sorted(set(text) - set(self.characters)))

    def describe(self) -> str:
        """Return how many characters are known."""
        return f"characters, {len(self.characters):,} different ones known"


def _code_points(text: str) -> np.ndarray:
    return np.frombuffer(text.encode("utf-32-le", "surrogatepass"), np.uint32)


def fit_characters(text: str) -> CharacterTokens:
    """Return the tokens of the characters that a training text has twice or more."""
    points, counts = np.unique(_code_points(text), return_counts=True)
    kept = points[counts >= 2]
    if len(kept) > _MOST:
        kept = np.sort(points[np.argsort(-counts, kind="stable")[:_MOST]])
    return CharacterTokens(tuple(map(chr, kept)))
