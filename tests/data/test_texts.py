"""Texts into words, hashes and arrays; odd texts of every kind."""

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from descend.data.columns import Column
from descend.data.encoders.parts import Lexicon, PartHashes
from descend.data.encoders.text import fit_text
from descend.data.encoders.words import (
    MOST_CHARACTERS,
    capital_hashes,
    gram_hashes,
    pair_hashes,
    word_hash,
    words_of,
    written_words,
)
from descend.errors import ColumnError, SpecError
from descend.models.networks.texts import TEXT

COLUMN = Column("text", "text")


def texts(*values):
    return pl.Series("text", list(values), dtype=pl.String)


def written(text):
    return [word.text for word in words_of(text)]


def test_words_stand_where_they_are_and_emoji_stay_whole():
    text = "Café 👩🏽‍🚀🇩🇪 नमस्ते שלום!"
    words = words_of(text)
    assert [text[w.start : w.stop] for w in words] == [
        "Café", "👩🏽‍🚀", "🇩🇪", "नमस्ते", "שלום", "!",
    ]  # fmt: skip
    assert written("日本 ＡＢＣ") == ["日", "本", "abc"]
    assert written("a\x00b\ud800c") == ["a", "b", "\ud800", "c"]
    assert written("") == written(" \n\t\x00") == []


@given(st.text(st.characters(max_codepoint=0x7F)))
def test_texts_in_ascii_have_the_words_that_they_have_among_others(text):
    assert written_words(text) == written_words(text + " é")[:-1]


def test_hashes_are_the_same_for_ever():
    assert word_hash("cat") == 3429664268601861939
    assert len(gram_hashes("cat", 3, 5)) == 5
    hashes = np.array([1, 2, 3], np.uint64)
    assert len(np.unique(pair_hashes(hashes))) == 2
    assert pair_hashes(hashes)[0] != pair_hashes(hashes[1::-1])[0]  # order counts
    assert pair_hashes(hashes[:1]).size == 0


def test_arrays_hold_words_and_bags():
    encoder = fit_text(texts("a good film", "a bad film", "a good day out", "the day"), COLUMN)
    assert set(encoder.vocabulary) == {"a", "film", "good", "day"}
    x, tally = encoder.arrays(texts("Good FILM!", "", None, "квантовый"))
    words, bag = x["words"], x["bag"]
    assert words["length"].tolist() == [3, 0, 0, 1]
    known = [encoder.vocabulary.index(w) + 2 for w in ("good", "film")]
    assert words["values"][0].tolist()[:3] == [*known, 1]
    assert (tally.missing, tally.unseen) == (2, 1)
    assert tally.examples == ("квантовый",)
    assert bag["values"].max() < encoder.buckets
    assert bag["values"][0, : bag["length"][0]].min() > 0
    np.testing.assert_allclose((bag["weights"] ** 2).sum(1)[0], 0.25, rtol=1e-5)  # of length ½
    parts = len(encoder.rarity) - encoder.rarity.count("A")
    assert 20 < parts < 200  # those never met weigh nothing
    again, _ = encoder.arrays(texts("Good FILM!"))
    np.testing.assert_array_equal(again["bag"]["values"][0], bag["values"][0])


def test_rare_parts_weigh_more():
    many = ["the film", "the day", "the cat", "the good"] * 5 + ["the odd"]
    encoder = fit_text(texts(*many), COLUMN)
    x, _ = encoder.arrays(texts("the film odd"))
    the, film, odd = x["bag"]["weights"][0, :3]
    steps = [round(np.log(22 / (1 + n)) / 0.2) * 0.2 + 1 for n in (21, 5, 1)]
    np.testing.assert_allclose(
        [film / the, odd / the], [s / steps[0] for s in steps[1:]], rtol=1e-5
    )
    plain = encoder.replace(rarity="")
    same = plain.arrays(texts("the film odd"))[0]["bag"]["weights"][0]
    assert len(set(same[same > 0])) == 1
    for wrong in ("AB", "é" * encoder.buckets, None):
        with pytest.raises(SpecError, match="rarity"):
            encoder.replace(rarity=wrong)


def test_single_words_are_read_by_their_characters():
    encoder = fit_text(texts("Smith", "Schmidt", "Müller", "O'Hara"), COLUMN)
    assert encoder.tokens == "characters"
    assert "characters in order" in encoder.describe()
    assert [word.text for word in encoder.read("O 'h")] == ["o", " ", "'", "h"]


def test_a_text_beyond_all_measure_is_cut_and_told():
    encoder = fit_text(texts("a b c d e f", "a b c d e g"), COLUMN)
    x, tally = encoder.arrays(texts("a " * (MOST_CHARACTERS // 2 + 10)))
    assert tally.outside == 1
    assert x["words"]["length"][0] == encoder.steps


def test_texts_without_words_are_refused():
    with pytest.raises(ColumnError, match=r"no text.*has a word"):
        fit_text(texts("", "  ", None), COLUMN)


def test_parts_of_many_texts_at_once_are_those_of_each_alone():
    rows = ["The cat, the CAT and the cat", "", "cat", "dog cat dog cat"]
    rows += [f"word{i} cat {i}" for i in range(3000)]  # more than are sorted at a time
    lexicon = Lexicon()
    numbers, counts = lexicon.read(rows)
    hashes = PartHashes(lexicon, (3, 4), capitals=True)
    bags = list(hashes.bags(numbers, counts, 64, 20))
    found = {row: [] for row in range(len(rows))}
    for bag in bags:
        for row, place, bucket in zip(*bag, strict=True):
            assert place == len(found[row])
            found[row].append(int(bucket))
    for row in (0, 1, 2, 3, 2047, 2048, 3003):
        words = words_of(rows[row])
        own = np.array([word_hash(word.text) for word in words], np.uint64)
        inner = [
            np.concatenate([gram_hashes(word.text, 3, 4), capital_hashes(word.cased)])
            for word in words
        ]
        every = np.concatenate([own, pair_hashes(own), *inner])
        buckets = (every % np.uint64(63)).astype(int) + 1
        assert found[row] == list(dict.fromkeys(buckets.tolist()))[:20]


def test_of_much_text_whole_words_tell_enough():
    many = fit_text(texts(*["one two three four five six"] * 50_001), COLUMN)
    assert many.letters == ()
    assert TEXT.layer(many, 5_000) != TEXT.layer(many, 4_999)
    assert TEXT.descent(many, 5_000, 0).batch_size == 128
