"""Texts into words: where each word stands, how it is written for a network, and its hashes."""

from __future__ import annotations

import re
import sys
import unicodedata
from functools import cache
from hashlib import blake2b
from typing import NamedTuple

import numpy as np

from descend.data.hashing import mix

__all__ = [
    "MOST_CHARACTERS",
    "PartHashes",
    "Word",
    "capital_hashes",
    "gram_hashes",
    "pair_hashes",
    "word_hash",
    "words_of",
]

MOST_CHARACTERS = 100_000
"""Of a longer text only so many characters are read: some 20,000 words."""


class Word(NamedTuple):
    """One word of a text.

    Attributes
    ----------
    text : str
        As the network knows it: compatible forms made one (NFKC), in lower case.
    start, stop : int
        Where it stands in the text as it came.
    cased : str
        With its capitals; empty where it has none.
    """

    text: str
    start: int
    stop: int
    cased: str = ""


@cache
def _pattern() -> re.Pattern[str]:
    """Return what a word is.

    A run of letters and digits with the marks on them (vowel signs of Indic scripts are marks); a
    single character of scripts written without blanks; an emoji with all that belongs to it; two
    letters that make a flag; any other single character that is no blank.
    """
    marks, start = [], None
    for code in range(0x300, 0x1100):
        mark = unicodedata.category(chr(code))[0] == "M"
        if mark and start is None:
            start = code
        elif not mark and start is not None:
            marks.append(f"{chr(start)}-{chr(code - 1)}")
            start = None
    one = "\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"
    letter = rf"(?:(?![{one}])\w)"
    emoji = "[\u2190-\u2bff\U0001f000-\U0001faff]"
    dress = "[\ufe0f\U0001f3fb-\U0001f3ff\u20e3\U000e0020-\U000e007f]*"
    return re.compile(
        rf"{letter}(?:{letter}|[{''.join(marks)}])*"
        rf"|[{one}]"
        rf"|[\U0001f1e6-\U0001f1ff]{{2}}"
        rf"|{emoji}{dress}(?:\u200d{emoji}{dress})*"
        r"|[^\w\s\x00-\x1f\x7f-\x9f]"
    )


def words_of(text: str) -> list[Word]:
    """Return the words of a text in their order, at most `MOST_CHARACTERS` far.

    Examples
    --------
    >>> [word.text for word in words_of("It's 9 o'clock!")]
    ['it', "'", 's', '9', 'o', "'", 'clock', '!']
    >>> [word.text for word in words_of("👩🏽‍🚀 ＯＫ")]
    ['👩🏽\u200d🚀', 'ok']
    """
    return [_word(match) for match in _pattern().finditer(text[:MOST_CHARACTERS])]


def _word(match: re.Match[str]) -> Word:
    found = match.group()
    cased = found if found.isascii() else unicodedata.normalize("NFKC", found)
    text = cased.lower()
    if len(text) < 30:
        text = sys.intern(text)
    return Word(text, match.start(), match.end(), "" if cased == text else cased)


def word_hash(word: str) -> int:
    """Return 64 bits that stand for a word, the same on every machine."""
    data = word.encode("utf-8", "surrogatepass")
    return int.from_bytes(blake2b(data, digest_size=8).digest(), "little")


def gram_hashes(word: str, shortest: int, longest: int) -> np.ndarray:
    """Return the hashes of the parts of a word, of its letters and its two ends.

    Examples
    --------
    >>> len(gram_hashes("cat", 3, 4))  # <ca cat at> <cat cat>
    5
    """
    whole = f"<{word[:64]}>"
    parts = [
        whole[i : i + n]
        for n in range(shortest, longest + 1)
        for i in range(len(whole) - n + 1)
        if n < len(whole)
    ]
    return np.array([word_hash(f"\x02{part}") for part in parts], np.uint64)


def capital_hashes(cased: str) -> np.ndarray:
    """Return the hashes of a word with its capitals, and of where they are: all, first, else.

    Examples
    --------
    >>> [len(capital_hashes(word)) for word in ("FREE", "Free", "")]
    [2, 2, 0]
    """
    if not cased:
        return np.empty(0, np.uint64)
    all_of_it = len(cased) > 1 and cased.isupper()
    shape = "A" if all_of_it else "Aa" if cased[:1].isupper() else "aA"
    return np.array([word_hash(f"\x03{cased}"), word_hash(f"\x04{shape}")], np.uint64)


def pair_hashes(hashes: np.ndarray) -> np.ndarray:
    """Return the hash of each word with the one after it, order counting."""
    if len(hashes) < 2:
        return np.empty(0, np.uint64)
    with np.errstate(over="ignore"):
        return mix(hashes[:-1] * np.uint64(0x9E3779B97F4A7C15) + hashes[1:])


class PartHashes:
    """The buckets of the parts of texts; what was found for a word is kept.

    Parameters
    ----------
    buckets : int
    letters : (int, int) or ()
        The shortest and the longest part of a word; none for ``()``.
    capitals : bool
        Whether a word with capitals has parts of its own.
    """

    def __init__(self, buckets: int, letters: tuple[int, ...], capitals: bool = False) -> None:
        self._buckets, self._letters = np.uint64(buckets - 1), letters
        self._capitals = capitals
        self._words: dict[str, np.uint64] = {}
        self._inner: dict[tuple[str, str], np.ndarray] = {}

    def _bucket(self, hashes: np.ndarray) -> np.ndarray:
        return (hashes % self._buckets).astype(np.int32) + 1

    def words(self, found: list[Word]) -> np.ndarray:
        """Return the hash of every word."""
        known = self._words
        for word in found:
            if word.text not in known:
                known[word.text] = np.uint64(word_hash(word.text))
        return np.array([known[word.text] for word in found], np.uint64)

    def inner(self, word: Word) -> np.ndarray:
        """Return the buckets of the parts of a word, and of its capitals."""
        key = (word.text, word.cased if self._capitals else "")
        if key not in self._inner:
            hashes = capital_hashes(key[1])
            if self._letters:
                hashes = np.concatenate([gram_hashes(key[0], *self._letters), hashes])
            self._inner[key] = self._bucket(hashes)
        return self._inner[key]

    def pieces(self, found: list[Word]) -> list[np.ndarray]:
        """Return the buckets of all words, of all pairs, and of what is in each word."""
        hashes = self.words(found)
        parts = [self._bucket(hashes), self._bucket(pair_hashes(hashes))]
        if self._letters or self._capitals:
            parts += [self.inner(word) for word in found]
        return parts

    def bag(self, found: list[Word], most: int) -> np.ndarray:
        """Return the different buckets of a text: of words first, then pairs, then the rest."""
        if not found:
            return np.empty(0, np.int32)
        everything = np.concatenate(self.pieces(found))
        _, first = np.unique(everything, return_index=True)
        return everything[np.sort(first)[:most]]
