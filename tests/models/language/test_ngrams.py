"""The counting rival: its probabilities, against sums done by hand."""

import math
from collections import Counter
from itertools import pairwise

import numpy as np

from descend.models.language.ngrams import ngram_nats


def by_hand(train, context, token, size):
    """Return the Kneser-Ney probability of order 1, from its definition."""
    pairs = Counter(pairwise(train))

    def discount(counts):
        once = sum(n == 1 for n in counts)
        twice = sum(n == 2 for n in counts)
        return once / (once + 2 * twice) if once and twice else 0.5

    after = Counter(second for _, second in pairs)  # different tokens before each
    d0 = discount(after.values())
    total = sum(after.values())
    lower = (max(after[token] - d0, 0) + d0 * len(after) / size) / total
    seen = sum(n for (first, _), n in pairs.items() if first == context)
    if not seen:
        return lower
    followers = sum(first == context for first, _ in pairs)
    d1 = discount(pairs.values())
    return (max(pairs[context, token] - d1, 0) + d1 * followers * lower) / seen


def test_as_defined():
    rng = np.random.default_rng(0)
    train, test = rng.choice(6, 300, p=[0.4, 0.3, 0.1, 0.1, 0.06, 0.04]), np.array([0, 1, 5, 7, 2])
    nats = ngram_nats(train, test, 8, 1)
    for i in range(1, len(test)):
        expected = by_hand(train.tolist(), int(test[i - 1]), int(test[i]), 8)
        np.testing.assert_allclose(nats[i], -math.log(expected), rtol=1e-9)


def test_probabilities_sum_to_one():
    rng = np.random.default_rng(1)
    train = rng.integers(0, 5, 2000)
    for order in (0, 1, 3, 6):
        for context in (train[50:60], np.full(10, 6)):  # known, and never seen
            p = [np.exp(-ngram_nats(train, np.append(context, c), 7, order)[-1]) for c in range(7)]
            np.testing.assert_allclose(sum(p), 1, rtol=1e-9)


def test_texts_shorter_than_the_order():
    assert np.isfinite(ngram_nats(np.array([0, 1]), np.array([1]), 2, 5)).all()
