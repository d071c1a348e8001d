"""Texts into what networks read: their words in order, and a bag of all that occurs in them."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from descend.data.cells import as_text, is_missing
from descend.data.columns import Column
from descend.data.encoders.array_encoder import ArrayEncoder
from descend.data.encoders.parts import Lexicon, PartHashes
from descend.data.encoders.words import MOST_CHARACTERS, Word, words_of
from descend.data.fields import check_flag, check_words
from descend.data.notes import Tally
from descend.errors import ColumnError
from descend.spec import SpecError, check_choice, check_integer, check_spec

if TYPE_CHECKING:
    import polars as pl

__all__ = ["TextEncoder", "fit_text"]

_MOST_STEPS = 256
"""Words of a text that are read in order; the bag takes in more."""

_MOST_PARTS = 1024
"""Different parts of a text that its bag holds."""

_MOST_WORDS = 50_000
"""Different words that are learned, the most frequent ones."""

_SHORT = 100
"""Texts of fewer words are taken apart into letters as well."""

_MANY = 300_000
"""Of more words in all texts together the words and pairs alone tell enough."""

_PLACES = 1 << 27
"""Places that the bags of all training rows have together: 1 GiB."""

_MOST_BUCKETS = 1 << 24

_LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
_STEP = 0.2
"""How finely weights of parts are kept."""

_LENGTH = 0.5
"""Of the weights of a bag: the smaller, the slower it is learned beside the words in order."""

_FIRST = 2
"""Codes below: 0 for padding, 1 for a word that was not learned."""


@dataclass(frozen=True)
class TextEncoder(ArrayEncoder):
    """A fitted column of texts.

    The input is a dict of two sequences, each with ``values``, ``length`` and ``weights``:

    - ``words``: the words in their order, as codes of `vocabulary`, 1 for one that was not learned;
    - ``bag``: which words, pairs of neighbours and parts of words occur in the text, hashed into
      ``buckets``. Rare ones weigh more: 1 + ln((1 + n) / (1 + n_b)), n_b of n training texts having
      bucket b (inverse document frequency, Spärck Jones 1972); those in no training text weigh
      nothing. Then all weights of a text are scaled to length ½ (without `rarity` to 1).

    Parameters
    ----------
    column : Column
    tokens : "words" or "characters"
        What is read in order: words, or single characters (for names, codes, single words).
    vocabulary : tuple of str
        The words, or characters, that occur twice or more in the training rows, most frequent
        first.
    steps : int
        How many are read in order.
    parts : int
        How many parts a bag holds.
    buckets : int
        Buckets that they are hashed into; the first, 0, is for padding.
    letters : (int, int) or ()
        The shortest and the longest part of a word, in letters; none for ``()``.
    rarity : str
        One letter a bucket of what it weighs: A nothing, B 1, C 1.2, and so on up to 13.4 in the
        order of base 64. Empty: all weigh the same.
    capitals : bool
        Whether the bag also has words as they are written with capitals, and where those are.
    """

    column: Column
    tokens: str
    vocabulary: tuple[str, ...]
    steps: int
    parts: int
    buckets: int
    letters: tuple[int, ...] = ()
    rarity: str = ""
    capitals: bool = False

    def __post_init__(self) -> None:
        check_spec(self, "column", Column)
        check_choice(self, "tokens", ("words", "characters"))
        check_words(self, "vocabulary")
        check_integer(self, "steps", at_least=1, at_most=_MOST_STEPS)
        check_integer(self, "parts", at_least=1, at_most=_MOST_PARTS)
        check_integer(self, "buckets", at_least=2, at_most=_MOST_BUCKETS)
        check_flag(self, "capitals")
        letters = self.letters
        fits = isinstance(letters, tuple) and all(type(n) is int and 0 < n < 64 for n in letters)
        if not fits or len(letters) not in (0, 2):
            raise SpecError(
                f"TextEncoder: letters must be a pair of lengths or empty, got {letters!r}"
            )
        rarity = self.rarity
        if not isinstance(rarity, str) or not set(rarity) <= set(_LETTERS):
            raise SpecError("TextEncoder: rarity must be letters of base 64")
        if len(rarity) not in (0, self.buckets):
            raise SpecError(
                f"TextEncoder: rarity must have one letter for each of {self.buckets:,} buckets, "
                f"or none, got {len(rarity):,}"
            )

    @property
    def input_shape(self) -> dict[str, Any]:
        """Words in order, and a bag of parts."""
        return {
            name: {"values": (n,), "length": (), "weights": (n,)}
            for name, n in (("words", self.steps), ("bag", self.parts))
        }

    @property
    def codes(self) -> int:
        """How many codes the words have, padding and unknown words included."""
        return len(self.vocabulary) + _FIRST

    @cached_property
    def _code(self) -> dict[str, int]:
        return {word: i + _FIRST for i, word in enumerate(self.vocabulary)}

    @cached_property
    def _bucket_weights(self) -> np.ndarray:
        """What each bucket weighs, before a text's weights are scaled."""
        if not self.rarity:
            return np.ones(self.buckets, np.float32)
        levels = np.frombuffer(self.rarity.encode(), np.uint8)
        table = np.zeros(128, np.float32)
        table[[ord(letter) for letter in _LETTERS]] = [0.0, *(1 + _STEP * i for i in range(63))]
        return table[levels]

    def part_hashes(self, lexicon: Lexicon) -> PartHashes:
        """Return what finds the parts of texts whose words are in a lexicon."""
        return PartHashes(lexicon, self.letters, self.capitals)

    def read(self, text: str) -> list[Word]:
        """Return what is read in order: the words of a text, or its characters."""
        found = words_of(text)
        if self.tokens == "words":
            return found
        return _characters(text, found)

    def arrays(self, series: pl.Series, first_row: int = 0) -> tuple[Any, Tally]:
        """Return words and bags; a missing text is an empty one."""
        texts, missing = _texts(series, self.column, first_row)
        count = len(texts)
        sides = {
            name: {
                "values": np.zeros((count, n), np.int32),
                "length": np.zeros(count, np.int32),
                "weights": np.zeros((count, n), np.float32),
            }
            for name, n in (("words", self.steps), ("bag", self.parts))
        }
        words, bag = sides["words"], sides["bag"]
        lexicon = Lexicon()
        numbers, counts = lexicon.read(texts)
        if self.tokens == "words":
            codes = np.array([self._code.get(word, 1) for word, _ in lexicon.known], np.int32)
            codes, lengths = codes[numbers], counts
        else:
            read = [self.read(text) for text in texts]
            codes = np.array([self._code.get(w.text, 1) for own in read for w in own], np.int32)
            lengths = np.array([len(own) for own in read], np.int64)
        rows, places = _places(lengths)
        fits = places < self.steps
        words["length"][:] = np.minimum(lengths, self.steps)
        rows, places, codes = rows[fits], places[fits], codes[fits]
        words["values"][rows, places] = codes
        words["weights"][rows, places] = 1.0
        for found in self.part_hashes(lexicon).bags(numbers, counts, self.buckets, self.parts):
            bag["values"][found.rows, found.places] = found.buckets
            bag["weights"][found.rows, found.places] = self._bucket_weights[found.buckets]
            bag["length"] += np.bincount(found.rows, minlength=count).astype(np.int32)
        norms = np.sqrt(np.einsum("ij,ij->i", bag["weights"], bag["weights"]))
        bag["weights"] *= ((_LENGTH if self.rarity else 1.0) / np.maximum(norms, 1e-9))[:, None]
        known = np.bincount(rows, codes >= _FIRST, count)
        unseen = np.flatnonzero((lengths > 0) & (known == 0))
        examples = tuple(dict.fromkeys(texts[row][:40] for row in unseen))[:3]
        cut = sum(len(text) > MOST_CHARACTERS for text in texts)
        return sides, Tally(missing, len(unseen), examples, cut)

    def describe(self) -> str:
        """Return what the texts become."""
        parts = ["words", "pairs of words"]
        if self.letters:
            parts.append(f"parts of {self.letters[0]} to {self.letters[1]} letters")
        if self.capitals:
            parts.append("capitals")
        return (
            f"{self.column.name}: text, lower case, NFKC; the first {self.steps} {self.tokens} in "
            f"order, {len(self.vocabulary):,} known; bag of {', '.join(parts)} in "
            f"{self.buckets:,} buckets"
        )

    @property
    def fill_note(self) -> str:
        """What stands in for a missing text."""
        return "read as empty texts"

    @property
    def range_note(self) -> tuple[str, str]:
        """How much of a text is read."""
        return "0 characters", f"{MOST_CHARACTERS:,} characters, of which the rest is not read"


def _characters(text: str, found: list[Word]) -> list[Word]:
    """Return the characters of the words, with one blank where there is any between two words."""
    characters: list[Word] = []
    end = 0
    for word in found:
        if word.start > end and characters:
            characters.append(Word(" ", end, word.start))
        if len(word.text) == word.stop - word.start:
            places = range(word.start, word.stop)
            characters += [Word(c, i, i + 1) for c, i in zip(word.text, places, strict=True)]
        else:
            characters.append(word)  # written otherwise than it came: kept whole
        end = word.stop
    return characters


def _texts(series: pl.Series, column: Column, first_row: int) -> tuple[list[str], int]:
    """Return the cells as texts, and how many are missing; refuse what is no text."""
    import polars as pl

    series = as_text(series)
    if series.dtype not in (pl.String, pl.Null) and series.dtype.is_nested():
        raise ColumnError(
            f'column "{column.name}" must hold texts, got {series.dtype} values, from row '
            f"{first_row + 1:,}"
        )
    missing = is_missing(series, column.missing)
    return series.cast(pl.String).fill_null("").to_list(), int(missing.sum())


def fit_text(series: pl.Series, column: Column) -> TextEncoder:
    """Fit the encoder of a column of texts on its training cells.

    Raises
    ------
    ColumnError
        Where no text has a word.
    """
    texts, _ = _texts(series, column, 0)
    lexicon = Lexicon()
    numbers, counts = lexicon.read(texts)
    if not counts.any():
        raise ColumnError(f'no text in column "{column.name}" has a word: nothing to learn from')
    usual = float(np.quantile(counts, 0.9))
    tokens = "characters" if usual <= 3 else "words"
    if tokens == "characters":
        found = [_characters(text, words_of(text)) for text in texts]
        seen = Counter(word.text for words in found for word in words)
        lengths = np.array([len(words) for words in found])
    else:
        seen = Counter()
        for (word, _), n in zip(lexicon.known, np.bincount(numbers).tolist(), strict=True):
            seen[word] += n
        lengths = counts
    vocabulary = [word for word, n in seen.most_common(_MOST_WORDS) if n >= 2]
    letters = (3, 5) if usual < _SHORT and counts.sum() <= _MANY else ()
    whole = 0.99 if letters or tokens == "characters" else 0.9
    steps = int(np.clip(np.quantile(lengths, whole), 5, _MOST_STEPS))
    capitals = any(cased for _, cased in lexicon.known)
    hashes = PartHashes(lexicon, letters, capitals)
    sizes = np.zeros(len(texts), np.int64)
    met = np.zeros(_MOST_BUCKETS, bool)
    for bags in hashes.bags(numbers, counts, _MOST_BUCKETS, _MOST_PARTS):
        sizes += np.bincount(bags.rows, minlength=len(texts))
        met[bags.buckets] = True
    parts = int(np.clip(np.quantile(sizes, 0.995), 1, min(_MOST_PARTS, _PLACES // len(texts) + 1)))
    buckets = 1 << int(np.clip(np.ceil(np.log2(max(met.sum(), 2))), 10, 17))
    having = np.zeros(buckets, np.int64)
    for bags in hashes.bags(numbers, counts, buckets, parts):
        having += np.bincount(bags.buckets, minlength=buckets)
    rarity = _rarity(having, len(texts))
    return TextEncoder(
        column, tokens, tuple(vocabulary), steps, parts, buckets, letters, rarity, capitals
    )


def _places(counts: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return of which text each word is, and its place in it."""
    rows = np.repeat(np.arange(len(counts)), counts)
    return rows, np.arange(len(rows)) - np.repeat(np.cumsum(counts) - counts, counts)


def _rarity(having: np.ndarray, texts: int) -> str:
    """Return the letters of how rare each bucket is, see `TextEncoder`."""
    steps = np.log((1 + texts) / (1 + having)) / _STEP
    levels = np.where(having > 0, 1 + np.clip(np.round(steps), 0, 62), 0)
    return "".join(np.array(list(_LETTERS))[levels.astype(int)])
