"""Passages of texts: the same in every excerpt, and their fingerprints for ever."""

import numpy as np
import pytest

from descend.data.tokens import passages
from descend.data.tokens.passages import count_known, passage_fingerprints, reach_of

TEXT = np.random.default_rng(0).integers(0, 30, 20_000)
STORED = passage_fingerprints(TEXT, 32)


def test_the_lowest_of_their_neighbours():
    values = np.random.default_rng(1).integers(0, 1000, 500).astype(np.uint32)
    for reach in (1, 2, 5, 8, 13):
        expected = [
            all(values[i] < v for j, v in enumerate(values) if 0 < abs(j - i) <= reach)
            for i in range(len(values))
        ]
        np.testing.assert_array_equal(passages._lowest(values, reach), expected)


def test_passages_cover_the_text_and_have_their_length():
    starts, ends = passages._passages(TEXT, 32)
    lengths = ends - starts
    assert lengths.min() > 32
    assert 60 < lengths.mean() < 70
    assert lengths.sum() > 0.99 * len(TEXT)


def test_pieces_change_nothing(monkeypatch):
    monkeypatch.setattr(passages, "_PIECE", 700)
    np.testing.assert_array_equal(passage_fingerprints(TEXT, 32), STORED)
    assert count_known(TEXT, STORED, 32) > 0.99 * len(TEXT)


@pytest.mark.parametrize("start", [1, 777, 19_000])
def test_excerpts_are_recognised_but_for_their_ends(start):
    excerpt = TEXT[start : start + 1000]
    assert 750 < count_known(excerpt, STORED, 32) < 1000
    changed = excerpt.copy()
    changed[500] += 1
    assert 0 < count_known(excerpt, STORED, 32) - count_known(changed, STORED, 32) < 300
    assert count_known(excerpt[::-1], STORED, 32) == 0


@pytest.mark.parametrize("length", [0, 1, 5, 16, 40, 300])
def test_short_and_repeated_texts(length):
    for text in (np.zeros(length, int), np.arange(length) % 7, TEXT[:length]):
        stored = passage_fingerprints(text, 32)
        known = count_known(text, stored, 32)
        assert 0 <= known <= length
        assert count_known(TEXT[:length], np.zeros(0, np.uint32), 32) == 0


def test_fingerprints_stay_small_and_the_same():
    for tokens in (1_000, 10**6, 10**7, 10**9):
        assert tokens / (2 * reach_of(tokens)) <= passages.MOST_PASSAGES
    # Models stored years ago must recognise their texts.
    first = [252_084_729, 711_583_546, 740_782_884]
    assert passage_fingerprints(np.arange(2000) % 997, 32)[:3].tolist() == first
