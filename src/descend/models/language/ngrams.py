"""A model that only counts: which token came after the last few, the rival of a network."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

__all__ = ["ngram_nats"]


class _Counts(NamedTuple):
    """What followed contexts of one length.

    Attributes
    ----------
    pairs, together : arrays
        Each context with a token that followed it, hashed, in order; how often.
    contexts, totals, followers : arrays
        Each context, in order; how often it occurred, and how many different tokens followed.
    discount : float
    """

    pairs: np.ndarray
    together: np.ndarray
    contexts: np.ndarray
    totals: np.ndarray
    followers: np.ndarray
    discount: float


def ngram_nats(train: np.ndarray, test: np.ndarray, size: int, order: int) -> np.ndarray:
    """Return -log p of every token of a text by interpolated Kneser-Ney counts, float64.

    p_k(c | context of k) = (max(n(context c) - d, 0) + d t(context) p_{k-1}(c)) / n(context), where
    n counts occurrences in the training text, and for contexts shorter than ``order`` the different
    tokens before them; t is how many different tokens followed; d = n_1 / (n_1 + 2 n_2) from how
    many pairs were counted once and twice; p_{-1} = 1 / size. The first tokens of ``test`` have
    shorter contexts.

    Parameters
    ----------
    train, test : int arrays of codes below size
    order : int
        k, tokens looked back at.

    References
    ----------
    Kneser and Ney (1995), Improved backing-off for m-gram language modeling; Chen and Goodman
    (1999), An empirical study of smoothing techniques for language modeling.

    Examples
    --------
    >>> text = np.array([0, 1] * 50)
    >>> bool(ngram_nats(text, text[:20], 2, 2)[3:].max() < 0.1)
    True
    """
    order = min(order, len(train) - 1)
    contexts = [np.zeros(len(train), np.uint64)]
    for k in range(1, order + 1):
        contexts.append(_longer(contexts[-1], train, k))
    positions = np.arange(order, len(train))
    counted: list[_Counts] = []
    while contexts:
        counts, positions = _count(contexts.pop(), train, positions)
        counted.append(counts)
    p = np.full(len(test), 1.0 / size)
    asked = np.zeros(len(test), np.uint64)
    for k, counts in enumerate(reversed(counted)):
        if k:
            asked = _longer(asked, test, k)
        p[k:] = _mixed(counts, asked[k:], test[k:], p[k:])
    return -np.log(p)


def _count(
    contexts: np.ndarray, codes: np.ndarray, positions: np.ndarray
) -> tuple[_Counts, np.ndarray]:
    """Count what followed at these positions; return also the first position of each pair."""
    here = contexts[positions]
    pairs, first, together = np.unique(
        _joined(here, codes[positions]), return_index=True, return_counts=True
    )
    keys, owner, followers = np.unique(here[first], return_inverse=True, return_counts=True)
    totals = np.bincount(owner, weights=together)
    once, twice = int((together == 1).sum()), int((together == 2).sum())
    discount = once / (once + 2 * twice) if once and twice else 0.5
    return _Counts(pairs, together, keys, totals, followers, discount), positions[first]


def _mixed(
    counts: _Counts, contexts: np.ndarray, codes: np.ndarray, shorter: np.ndarray
) -> np.ndarray:
    """Return the probabilities with what was counted after these contexts added."""
    totals = _found(counts.contexts, counts.totals, contexts)
    followers = _found(counts.contexts, counts.followers, contexts)
    together = _found(counts.pairs, counts.together, _joined(contexts, codes))
    d = counts.discount
    mixed = (np.maximum(together - d, 0) + d * followers * shorter) / np.maximum(totals, 1)
    return np.where(totals > 0, mixed, shorter)


def _longer(contexts: np.ndarray, codes: np.ndarray, k: int) -> np.ndarray:
    """Return hashes of the contexts with the token k places back added."""
    longer = np.zeros_like(contexts)
    longer[k:] = _joined(contexts[k:], codes[:-k])
    return longer


def _joined(hashes: np.ndarray, codes: np.ndarray) -> np.ndarray:
    """Return 64 bits that stand for both; two different pairs share them once in 10^19."""
    with np.errstate(over="ignore"):
        mixed = (hashes + np.uint64(0x9E3779B97F4A7C15)) * np.uint64(0xBF58476D1CE4E5B9)
        mixed ^= mixed >> np.uint64(31)
        mixed = (mixed ^ codes.astype(np.uint64)) * np.uint64(0x94D049BB133111EB)
        return mixed ^ (mixed >> np.uint64(29))


def _found(keys: np.ndarray, values: np.ndarray, asked: np.ndarray) -> np.ndarray:
    """Return the value of each key asked for, 0 for those not there."""
    places = np.minimum(np.searchsorted(keys, asked), len(keys) - 1)
    return np.where(keys[places] == asked, values[places], 0)
