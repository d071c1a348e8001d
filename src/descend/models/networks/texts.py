"""The default network for a column of texts."""

from __future__ import annotations

from descend.data.encoders.text import TextEncoder
from descend.initializers import Zeros
from descend.layers import (
    GRU,
    Dropout,
    EmbeddingBag,
    Layer,
    Parallel,
    Recurrent,
    SequencePooling,
    Sequential,
    TokenConvolution,
    TokenEmbedding,
)
from descend.models.networks.branches import Branch
from descend.optimizers import Adam
from descend.schedules import Cosine
from descend.training import Descent

__all__ = ["TEXT"]

_MANY = 5_000
"""Texts, from which on words recur often enough for the quicker network."""

_BRIEF = 32
"""Words read in order, up to which texts are as brief as questions: their order says much."""


def _much(encoder: TextEncoder, rows: int) -> bool:
    """Return whether there is so much text that whole words tell enough, without their order.

    The words are then read one by one, under their maximum, beside the bag of words and pairs:
    as accurate as convolutions of several words there, and several times as fast.
    """
    return not encoder.letters and encoder.tokens == "words" and rows >= _MANY


def _bag(encoder: TextEncoder, token_dropout: float) -> EmbeddingBag:
    """Return the sum over a bag; parts never met in training add nothing to it, for all start at 0.

    What is learned of a part that is dropped now and then must be known from others as well.
    """
    dim = 16 if encoder.letters else 8
    return EmbeddingBag(encoder.buckets, dim, "sum", token_dropout, Zeros())


def _order(encoder: TextEncoder, rows: int) -> Layer:
    """Return what reads the text in order: a GRU over characters, a convolution over words."""
    if encoder.tokens == "characters":
        layers = (TokenEmbedding(encoder.codes, 32), Recurrent(GRU(96), bidirectional=True))
        return Sequential((*layers, Dropout(0.3)))
    if _much(encoder, rows):
        units, widths = 64, (1,)
    else:
        units, widths = 96 if encoder.steps <= _BRIEF else 48, (2, 3, 4)
    return Sequential(
        (
            TokenEmbedding(encoder.codes, units, token_dropout=0.2),
            TokenConvolution(units, widths=widths),
            SequencePooling(("max",)),
            Dropout(0.5),
        )
    )


def _layer(encoder: TextEncoder, rows: int) -> Layer:
    """Return the network from a text to a vector: its bag, and what it says in order."""
    return Parallel((_bag(encoder, 0.5), _order(encoder, rows)), inputs=("bag", "words"))


def _linear(encoder: TextEncoder) -> Layer:
    """Return the bag alone: with the outputs behind it, a linear model of the parts of texts."""
    return Parallel((_bag(encoder, 0.0),), inputs=("bag",))


def _hidden(rows: int) -> tuple[int, ...]:
    """Return no hidden layers: the outputs read the vector."""
    return ()


def _descent(encoder: TextEncoder, rows: int, seed: int) -> Descent:
    """Return the default way down: few epochs, for texts are learned by heart soon."""
    much = _much(encoder, rows)
    batch = smallest = 128 if much else 32
    while batch < 256 and batch * 400 < rows:
        batch *= 2
    if much:
        rate, epochs = 0.003, max(4, min(8, 80_000 // rows))
    else:
        rate = 0.001
        few = max(15, min(40, 600 * batch // max(rows, 1)))
        epochs = few if rows < 20_000 else 6 if rows < 100_000 else 4
    adam = Adam(rate * (batch / smallest) ** 0.5)
    return Descent(
        adam,
        Cosine(),
        batch_size=batch,
        epochs=epochs,
        patience=3,
        ema=None if much or encoder.tokens == "characters" else _averaged(-(-rows // batch)),
        seed=seed,
    )


def _averaged(steps: int) -> float:
    """Return the share of the average that a step keeps: it reaches back about five epochs."""
    return 1 - 1 / (5 * steps)


TEXT = Branch(_layer, _linear, _hidden, _descent)
