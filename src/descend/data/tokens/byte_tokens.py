"""Bytes as tokens: for any file, text or not."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from descend.data.tokens.tokens import Tokens

__all__ = ["ByteTokens"]


@dataclass(frozen=True)
class ByteTokens(Tokens):
    """Each byte is a token, and its value is its code.

    Examples
    --------
    >>> ByteTokens().encode("aé").tolist()
    [97, 195, 169]
    """

    noun: ClassVar[str] = "byte"
    unknown: ClassVar[int | None] = None

    @property
    def size(self) -> int:
        """256."""
        return 256

    def encode(self, text: str | bytes) -> np.ndarray:
        """Return each byte, int32; what a terminal passed on undecoded is itself again."""
        data = text if isinstance(text, bytes) else text.encode("utf-8", "surrogateescape")
        return np.frombuffer(data, np.uint8).astype(np.int32)

    def written(self) -> tuple[bytes, ...]:
        """Return every byte."""
        return tuple(bytes([value]) for value in range(256))

    def describe(self) -> str:
        """Return what the file is read as."""
        return "bytes"
