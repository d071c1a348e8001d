"""Byte-pair pieces as tokens: frequent words and parts of words, learned from the text."""

from __future__ import annotations

import importlib
import json
from dataclasses import dataclass
from functools import cached_property
from typing import Any, ClassVar

import numpy as np

from descend.data.fields import check_words
from descend.data.tokens.tokens import Tokens
from descend.errors import DataError, MissingExtraError, SpecError

__all__ = ["PieceTokens", "fit_pieces"]


def _alphabet() -> dict[str, int]:
    """Return the 256 printable characters that stand for bytes in pieces, as GPT-2 has them."""
    plain = [*range(33, 127), *range(161, 173), *range(174, 256)]
    others = [value for value in range(256) if value not in plain]
    pairs = [(chr(value), value) for value in plain]
    pairs += [(chr(256 + i), value) for i, value in enumerate(others)]
    return dict(pairs)


_BYTES = _alphabet()


@dataclass(frozen=True)
class PieceTokens(Tokens):
    """Pieces of text, made by joining the most frequent pair of neighbours again and again.

    Codes 0 to 255 are the single bytes, so that there is nothing unknown; code 256 + i is what
    join i makes. Words are split before joining as GPT-2 does; a blank belongs to the word after.

    Parameters
    ----------
    joins : tuple of str
        The two parts of each join with a blank between them, each byte written as a printable
        character.

    References
    ----------
    Sennrich, Haddow and Birch (2016), Neural machine translation of rare words with subword units;
    Radford et al. (2019) for its form on bytes.
    """

    joins: tuple[str, ...]
    noun: ClassVar[str] = "piece"
    unknown: ClassVar[int | None] = None

    def __post_init__(self) -> None:
        check_words(self, "joins")
        known = set(_BYTES)
        for join in self.joins:
            first, blank, second = join.partition(" ")
            if not blank or first not in known or second not in known or first + second in known:
                raise SpecError(f"PieceTokens: joins must be of two pieces made before, got {join}")
            known.add(first + second)

    @cached_property
    def _names(self) -> tuple[str, ...]:
        return (*_BYTES, *(join.replace(" ", "") for join in self.joins))

    @cached_property
    def _encoder(self) -> Any:
        library = _library()
        codes = {name: i for i, name in enumerate(self._names)}
        joins = [tuple(join.split(" ")) for join in self.joins]
        return _byte_level(library, library.models.BPE(codes, joins))

    @property
    def size(self) -> int:
        """How many codes there are."""
        return len(_BYTES) + len(self.joins)

    def encode(self, text: str | bytes) -> np.ndarray:
        """Return the codes of the pieces, int32."""
        if isinstance(text, bytes):
            text = text.decode("utf-8", "replace")
        # What a terminal passed on undecoded has no place in UTF-8.
        clean = text.encode("utf-8", "replace").decode()
        return np.array(self._encoder.encode(clean).ids, np.int32)

    def written(self) -> tuple[bytes, ...]:
        """Return the bytes of every piece."""
        return tuple(bytes(_BYTES[mark] for mark in name) for name in self._names)

    def describe(self) -> str:
        """Return how many pieces there are."""
        return f"pieces of words, {self.size:,} different ones (byte pairs)"


def fit_pieces(text: str, size: int) -> PieceTokens:
    """Learn so many pieces from a training text.

    Raises
    ------
    MissingExtraError
        Where the library ``tokenizers`` is not installed.
    """
    library = _library()
    tokenizer = _byte_level(library, library.models.BPE())
    trainer = library.trainers.BpeTrainer(
        vocab_size=size,
        show_progress=False,
        initial_alphabet=library.pre_tokenizers.ByteLevel.alphabet(),
    )
    tokenizer.train_from_iterator([text], trainer)
    joins = json.loads(tokenizer.to_str())["model"]["merges"]
    if not joins:
        raise DataError("the text repeats nothing that could be joined to pieces")
    return PieceTokens(tuple(j if isinstance(j, str) else " ".join(j) for j in joins))


def _byte_level(library: Any, model: Any) -> Any:
    tokenizer = library.Tokenizer(model)
    tokenizer.pre_tokenizer = library.pre_tokenizers.ByteLevel(add_prefix_space=False)
    return tokenizer


def _library() -> Any:
    try:
        return importlib.import_module("tokenizers")
    except ImportError:
        raise MissingExtraError(
            'pieces of words need tokenizers. Install it with: pip install "descend[pieces]"; '
            "characters and bytes need nothing more"
        ) from None
