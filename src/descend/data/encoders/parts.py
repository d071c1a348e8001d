"""The parts of many texts at once: their words numbered, and the buckets of all that is in them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np

from descend.data.encoders.words import (
    capital_hashes,
    gram_hashes,
    known_as,
    pair_hashes,
    word_hash,
    written_words,
)

__all__ = ["Bags", "Lexicon", "PartHashes"]

_TEXTS = 2048
"""Texts whose parts are sorted at a time."""


class Lexicon:
    """The different words of texts, as they are written, numbered in the order of their coming.

    Attributes
    ----------
    known : list of (str, str)
        Of each number the word as the network knows it, and with its capitals: see `Word`.

    Examples
    --------
    >>> lexicon = Lexicon()
    >>> numbers, counts = lexicon.read(["Once more", "once"])
    >>> numbers.tolist(), counts.tolist(), lexicon.known
    ([0, 1, 2], [2, 1], [('once', 'Once'), ('more', ''), ('once', '')])
    """

    def __init__(self) -> None:
        self._numbers: defaultdict[str, int] = defaultdict()
        self._numbers.default_factory = self._numbers.__len__
        self.known: list[tuple[str, str]] = []

    def numbered(self, words: Sequence[str]) -> np.ndarray:
        """Return the numbers of words as they are written; new ones are taken in."""
        numbers = self._numbers
        found = np.array([numbers[word] for word in words], np.int64)
        new = list(numbers)[len(self.known) :] if len(numbers) > len(self.known) else ()
        self.known += [known_as(word) for word in new]
        return found

    def read(self, texts: Sequence[str]) -> tuple[np.ndarray, np.ndarray]:
        """Return the numbers of all words, one text after another, and how many each text has."""
        words: list[str] = []
        counts = np.zeros(len(texts), np.int64)
        for i, text in enumerate(texts):
            before = len(words)
            words += written_words(text)
            counts[i] = len(words) - before
        return self.numbered(words), counts


class Bags(NamedTuple):
    """The different parts of some texts.

    Attributes
    ----------
    rows, places : int array (parts,)
        Of which text each part is, and its place in that text's bag.
    buckets : int32 array (parts,)
    """

    rows: np.ndarray
    places: np.ndarray
    buckets: np.ndarray


class PartHashes:
    """The hashes of words, of pairs of neighbours, and of what is in the words.

    Parameters
    ----------
    lexicon : Lexicon
        What it holds by now; words that come later need another `PartHashes`.
    letters : (int, int) or ()
        The shortest and the longest part of a word; none for ``()``.
    capitals : bool
        Whether a word with capitals has parts of its own.
    """

    def __init__(self, lexicon: Lexicon, letters: tuple[int, ...], capitals: bool) -> None:
        inner = []
        for text, cased in lexicon.known:
            hashes = capital_hashes(cased) if capitals else np.empty(0, np.uint64)
            if letters:
                hashes = np.concatenate([gram_hashes(text, *letters), hashes])
            inner.append(hashes)
        self._words = np.array([word_hash(text) for text, _ in lexicon.known], np.uint64)
        self._inner = np.concatenate([*inner, np.empty(0, np.uint64)])
        self._sizes = np.array([len(hashes) for hashes in inner], np.int64)
        self._starts = np.cumsum(self._sizes) - self._sizes

    def pieces(
        self, numbers: np.ndarray, buckets: int
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
        """Return the buckets of words one after another.

        Returns
        -------
        words : int32 array (n,)
        pairs : int32 array (n - 1,)
            Of each word with the one after it.
        inner : int32 array
            Of what is in the words.
        owners : int array, as long as ``inner``
            In which of the n words it is.
        """
        hashes, sizes = self._words[numbers], self._sizes[numbers]
        owners = np.repeat(np.arange(len(numbers)), sizes)
        within = np.arange(len(owners)) - np.repeat(np.cumsum(sizes) - sizes, sizes)
        inner = self._inner[self._starts[numbers][owners] + within]
        found = (hashes, pair_hashes(hashes), inner)
        spread = np.uint64(buckets - 1)
        words, pairs, inner = ((each % spread).astype(np.int32) + 1 for each in found)
        return words, pairs, inner, owners

    def bags(
        self, numbers: np.ndarray, counts: np.ndarray, buckets: int, most: int
    ) -> Iterator[Bags]:
        """Yield the different parts of texts: of each its words first, then pairs, then the rest.

        Parameters
        ----------
        numbers, counts : int arrays
            As `Lexicon.read` returned them.
        buckets : int
            At most 2**24.
        most : int
            Parts of a text; the rest is left out.
        """
        ends = np.cumsum(counts)
        for first in range(0, len(counts), _TEXTS):
            own = counts[first : first + _TEXTS]
            stop = ends[min(first + _TEXTS, len(counts)) - 1]
            rows = np.repeat(np.arange(len(own)), own)
            words, pairs, inner, owners = self.pieces(numbers[stop - own.sum() : stop], buckets)
            same = rows[1:] == rows[:-1]  # no pair of the last word of a text and the next one's
            row = np.concatenate([rows, rows[:-1][same], rows[owners]])
            bucket = np.concatenate([words, pairs[same], inner])
            # Sorted by text, bucket and place at once, the first of its like is the one to keep.
            bits = max(len(row), 2).bit_length()
            last = (1 << bits) - 1
            order = np.sort((row << 24 | bucket) << bits | np.arange(len(row)))
            kept = np.ones(len(order), bool)
            kept[1:] = order[1:] >> bits != order[:-1] >> bits
            at = order[kept] & last
            at = np.sort(row[at] << bits | at) & last
            row, bucket = row[at], bucket[at]
            sizes = np.bincount(row, minlength=len(own))
            places = np.arange(len(row)) - np.repeat(np.cumsum(sizes) - sizes, sizes)
            fits = places < most
            yield Bags(row[fits] + first, places[fits], bucket[fits])
