"""Which words of a text carried a decision: what its codes and parts did, credited to its words."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np

from descend.data.encoders.parts import Lexicon
from descend.data.encoders.text import TextEncoder
from descend.data.encoders.words import words_of

__all__ = ["Credit", "credits"]


class Credit(NamedTuple):
    """What one word did.

    Attributes
    ----------
    word : str
        As it stands in the text.
    start, stop : int
        Where.
    credit : float
        How much it moved the output towards the decision; below 0 away from it.
    """

    word: str
    start: int
    stop: int
    credit: float


def credits(
    encoder: TextEncoder, text: str, inputs: Mapping[str, Any], slopes: Mapping[str, Any]
) -> list[Credit]:
    """Share out gradient times input among the words of one text.

    The credit of a code read in order goes to its word. The credit of a part in the bag is shared
    by all places where it occurs; of a pair, each word gets half.

    Parameters
    ----------
    encoder : TextEncoder
    text : str
    inputs, slopes : dict
        The row of the encoder's input and the output's slopes by its weights: ``words`` and
        ``bag``, each (n,) arrays of ``values`` and ``weights``.
    """
    found = words_of(text)
    credit = np.zeros(len(found))
    place = {word.start: i for i, word in enumerate(found)}
    owner = {c: i for i, word in enumerate(found) for c in range(word.start, word.stop)}
    products = np.asarray(slopes["words"]) * np.asarray(inputs["words"]["weights"])
    for word, product in zip(encoder.read(text)[: encoder.steps], products, strict=False):
        i = place.get(word.start, owner.get(word.start))
        if i is not None:
            credit[i] += product
    codes = np.asarray(inputs["bag"]["values"])
    shares = np.asarray(slopes["bag"]) * np.asarray(inputs["bag"]["weights"])
    carried = {int(code): float(share) for code, share in zip(codes, shares, strict=True) if code}
    if found:
        lexicon = Lexicon()
        numbers = lexicon.numbered([text[word.start : word.stop] for word in found])
        pieces = encoder.part_hashes(lexicon).pieces(numbers, encoder.buckets)
        words, pairs, inner, owners = pieces
        buckets, counts = np.unique(np.concatenate(pieces[:3]), return_counts=True)
        shared = np.array([carried.get(int(bucket), 0.0) for bucket in buckets]) / counts
        each = [shared[np.searchsorted(buckets, piece)] for piece in (words, pairs, inner)]
        credit += each[0]
        credit[:-1] += each[1] / 2
        credit[1:] += each[1] / 2
        credit += np.bincount(owners, each[2], len(found))
    return [
        Credit(text[w.start : w.stop], w.start, w.stop, float(c))
        for w, c in zip(found, credit, strict=True)
    ]
