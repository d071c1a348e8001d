"""Texts as characters, bytes and pieces: there and back, and what is not known."""

import sys

import numpy as np
import pytest

from descend import data
from descend.data import ByteTokens, CharacterTokens, PieceTokens
from descend.data.tokens.characters import fit_characters
from descend.data.tokens.pieces import fit_pieces
from descend.data.tokens.tokens import joined
from descend.errors import MissingExtraError, SpecError
from descend.spec import from_json, to_json

TEXT = "naïve 日本 👩🏽‍🚀 שלום\n" * 3
CLASSES = {name: getattr(data, name) for name in data.__all__}


def back(tokens, text):
    table = tokens.written()
    return "".join(joined(table[code] for code in tokens.encode(text)))


def test_characters_there_and_back():
    tokens = fit_characters(TEXT + "x")
    assert back(tokens, TEXT) == TEXT
    assert tokens.size == len(set(TEXT)) + 1
    assert tokens.encode("x日").tolist()[0] == tokens.unknown == 0  # x came once
    assert tokens.unseen("x日é") == ("x", "é")
    assert back(tokens, "é") == "\ufffd"


def test_lone_surrogates_are_unknown_characters():
    tokens = fit_characters("abab")
    assert tokens.encode("a\udcffb").tolist() == [1, 0, 2]


def test_bytes_there_and_back():
    tokens = ByteTokens()
    assert back(tokens, TEXT) == TEXT
    assert tokens.encode(b"\x00\xff").tolist() == [0, 255]
    assert tokens.encode("\udcff").tolist() == [255]  # as a terminal hands on a byte
    assert tokens.unseen("é") == ()


def test_pieces_there_and_back():
    pytest.importorskip("tokenizers")
    tokens = fit_pieces("the cat and the dog and the bird\n" * 20, 280)
    assert 256 < tokens.size <= 280
    assert back(tokens, TEXT) == TEXT  # nothing is unknown
    assert len(tokens.encode("the cat and the dog")) <= 6
    assert back(tokens, "a\udcff") == "a?"
    assert tokens == from_json(to_json(tokens), CLASSES)


def test_pieces_name_their_extra(monkeypatch):
    monkeypatch.setitem(sys.modules, "tokenizers", None)
    with pytest.raises(MissingExtraError, match=r'pip install "descend\[pieces\]"'):
        PieceTokens(("a b",)).encode("ab")


def test_most_frequent_characters_are_kept():
    many = "".join(chr(0x4E00 + i) * 2 for i in range(20_500)) + chr(0x4E00) * 5
    tokens = fit_characters(many)
    assert tokens.size == 20_001
    assert tokens.encode(chr(0x4E00)).tolist() != [0]


@pytest.mark.parametrize("wrong", [(), ("b", "a"), ("ab",), ("a", "a"), "ab", ("\ud800",)])
def test_hostile_characters_are_refused(wrong):
    with pytest.raises(SpecError):
        CharacterTokens(wrong)


@pytest.mark.parametrize("wrong", [("ab",), ("a b", "a b"), ("ab c",), ("a b", "a c b"), ("日 a",)])
def test_hostile_pieces_are_refused(wrong):
    with pytest.raises(SpecError):
        PieceTokens(wrong)


def test_characters_come_whole():
    assert list(joined([b"\xe2", b"\x82", b"\xac", b"\xff", b"a\xc3"])) == [
        "€",
        "\ufffd",
        "a",
        "\ufffd",
    ]


def test_codes_are_int32():
    assert fit_characters("aabb").encode("ab").dtype == np.int32
