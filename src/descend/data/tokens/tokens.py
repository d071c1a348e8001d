"""The contract of tokens: how a running text becomes codes, and codes become text again."""

from __future__ import annotations

import codecs
from abc import abstractmethod
from collections.abc import Iterable, Iterator
from typing import ClassVar

import numpy as np

from descend.spec import Spec

__all__ = ["Tokens", "joined"]


class Tokens(Spec):
    """The tokens of a running text, fitted on its training part.

    Attributes
    ----------
    noun : str
        What one token is called: "character", "byte", "piece".
    unknown : int or None
        The code of everything that the training part does not have; it is never written.
    """

    noun: ClassVar[str]
    unknown: ClassVar[int | None]

    @property
    @abstractmethod
    def size(self) -> int:
        """How many codes there are."""

    @abstractmethod
    def encode(self, text: str | bytes) -> np.ndarray:
        """Return the codes of a text, int32."""

    @abstractmethod
    def written(self) -> tuple[bytes, ...]:
        """Return what each code stands for, in bytes of UTF-8 (or of any file)."""

    @abstractmethod
    def describe(self) -> str:
        """Return what the text is read as."""

    def unseen(self, text: str) -> tuple[str, ...]:
        """Return the different characters of a text that are read as unknown."""
        return ()


def joined(pieces: Iterable[bytes]) -> Iterator[str]:
    """Yield text as its bytes come in, whole characters at a time.

    Bytes that are no UTF-8, as a network may write them, become U+FFFD.

    Examples
    --------
    >>> list(joined([b"na", bytes([0xC3]), bytes([0xAF]), b"f"]))
    ['na', 'ï', 'f']
    """
    decoder = codecs.getincrementaldecoder("utf-8")("replace")
    for piece in pieces:
        if text := decoder.decode(piece):
            yield text
    if text := decoder.decode(b"", True):
        yield text
