"""Texts into words: where each word stands, how it is written for a network, and its hashes."""

from __future__ import annotations

import re
import sys
import unicodedata
from collections.abc import Callable
from functools import cache, lru_cache, wraps
from hashlib import blake2b
from typing import Any, NamedTuple, TypeVar, cast

import numpy as np

from descend.data.hashing import mix

__all__ = [
    "MOST_CHARACTERS",
    "Word",
    "capital_hashes",
    "gram_hashes",
    "known_as",
    "pair_hashes",
    "word_hash",
    "words_of",
    "written_words",
]

MOST_CHARACTERS = 100_000
"""Of a longer text only so many characters are read: some 20,000 words."""


F = TypeVar("F", bound=Callable[..., Any])


def _remembered(function: F) -> F:
    """Keep what a function makes of short words: most words of a text are in other texts too."""
    kept = lru_cache(maxsize=1 << 16)(function)

    @wraps(function)
    def remembering(word: str, *rest: int) -> Any:
        return (kept if len(word) < 64 else function)(word, *rest)

    return cast(F, remembering)


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


_ASCII = re.compile(r"\w+|[^\w\s\x00-\x1f\x7f]", re.ASCII)
"""The same for texts in ASCII, twice as quick."""


def _matching(text: str) -> re.Pattern[str]:
    """Return the pattern of the words of a text."""
    return _ASCII if text.isascii() else _pattern()


def words_of(text: str) -> list[Word]:
    """Return the words of a text in their order, at most `MOST_CHARACTERS` far.

    Examples
    --------
    >>> [word.text for word in words_of("It's 9 o'clock!")]
    ['it', "'", 's', '9', 'o', "'", 'clock', '!']
    >>> [word.text for word in words_of("👩🏽‍🚀 ＯＫ")]
    ['👩🏽\u200d🚀', 'ok']
    """
    return [_word(match) for match in _matching(text).finditer(text[:MOST_CHARACTERS])]


def written_words(text: str) -> list[str]:
    """Return the words of a text as they are written, at most `MOST_CHARACTERS` far.

    Examples
    --------
    >>> written_words("It's 9")
    ['It', "'", 's', '9']
    """
    return _matching(text).findall(text[:MOST_CHARACTERS])


def known_as(written: str) -> tuple[str, str]:
    """Return a word as the network knows it, and with its capitals: see `Word`.

    Examples
    --------
    >>> known_as("ＯＫ"), known_as("ok")
    (('ok', 'OK'), ('ok', ''))
    """
    cased = written if written.isascii() else unicodedata.normalize("NFKC", written)
    text = cased.lower()
    return text, "" if cased == text else cased


def _word(match: re.Match[str]) -> Word:
    text, cased = known_as(match.group())
    if len(text) < 30:
        text = sys.intern(text)
    return Word(text, match.start(), match.end(), cased)


@_remembered
def word_hash(word: str) -> int:
    """Return 64 bits that stand for a word, the same on every machine."""
    return _digest(word)


def _digest(text: str) -> int:
    data = text.encode("utf-8", "surrogatepass")
    return int.from_bytes(blake2b(data, digest_size=8).digest(), "little")


@_remembered
def gram_hashes(word: str, shortest: int, longest: int) -> np.ndarray:
    """Return the hashes of the parts of a word, of its letters and its two ends.

    The array is the same when asked again: it is to be read only.

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
    return np.array([_digest(f"\x02{part}") for part in parts], np.uint64)


@_remembered
def capital_hashes(cased: str) -> np.ndarray:
    """Return the hashes of a word with its capitals, and of where they are: all, first, else.

    The array is the same when asked again: it is to be read only.

    Examples
    --------
    >>> [len(capital_hashes(word)) for word in ("FREE", "Free", "")]
    [2, 2, 0]
    """
    if not cased:
        return np.empty(0, np.uint64)
    all_of_it = len(cased) > 1 and cased.isupper()
    shape = "A" if all_of_it else "Aa" if cased[:1].isupper() else "aA"
    return np.array([_digest(f"\x03{cased}"), _shape_hash(shape)], np.uint64)


@cache
def _shape_hash(shape: str) -> int:
    """Return the hash of one of the three shapes of words with capitals."""
    return _digest(f"\x04{shape}")


def pair_hashes(hashes: np.ndarray) -> np.ndarray:
    """Return the hash of each word with the one after it, order counting."""
    if len(hashes) < 2:
        return np.empty(0, np.uint64)
    with np.errstate(over="ignore"):
        return mix(hashes[:-1] * np.uint64(0x9E3779B97F4A7C15) + hashes[1:])
