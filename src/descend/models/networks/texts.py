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

_DIM = 16
"""Numbers that stand for a part of a text in its bag."""


def _bag(encoder: TextEncoder, token_dropout: float) -> EmbeddingBag:
    """Return the sum over a bag; parts never met in training add nothing to it, for all start at 0.

    What is learned of a part that is dropped now and then must be known from others as well.
    """
    return EmbeddingBag(encoder.buckets, _DIM, "sum", token_dropout, Zeros())


def _order(encoder: TextEncoder) -> Layer:
    """Return what reads the text in order: a GRU over characters, a convolution over words."""
    if encoder.tokens == "characters":
        layers = (TokenEmbedding(encoder.codes, 32), Recurrent(GRU(96), bidirectional=True))
        return Sequential((*layers, Dropout(0.3)))
    return Sequential(
        (
            TokenEmbedding(encoder.codes, 48, token_dropout=0.2),
            TokenConvolution(48, widths=(2, 3, 4)),
            SequencePooling(("max",)),
            Dropout(0.5),
        )
    )


def _layer(encoder: TextEncoder, rows: int) -> Layer:
    """Return the network from a text to a vector: its bag, and what it says in order."""
    return Parallel((_bag(encoder, 0.5), _order(encoder)), inputs=("bag", "words"))


def _linear(encoder: TextEncoder) -> Layer:
    """Return the bag alone: with the outputs behind it, a linear model of the parts of texts."""
    return Parallel((_bag(encoder, 0.0),), inputs=("bag",))


def _hidden(rows: int) -> tuple[int, ...]:
    """Return no hidden layers: the outputs read the vector."""
    return ()


def _descent(encoder: TextEncoder, rows: int, seed: int) -> Descent:
    """Return the default way down: few epochs, for texts are learned by heart soon."""
    batch = 32
    while batch < 256 and batch * 400 < rows:
        batch *= 2
    few = max(15, min(40, 600 * batch // max(rows, 1)))
    epochs = few if rows < 20_000 else 6 if rows < 100_000 else 4
    rate = 0.001 * (batch / 32) ** 0.5
    return Descent(Adam(rate), Cosine(), batch_size=batch, epochs=epochs, patience=3, seed=seed)


TEXT = Branch(_layer, _linear, _hidden, _descent)
