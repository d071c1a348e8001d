"""The default network for a column of sequences."""

from __future__ import annotations

from descend.data.encoders.series import SeriesEncoder
from descend.layers import (
    BatchNormalization,
    Dropout,
    Layer,
    Parallel,
    RandomConvolution,
    SequencePooling,
    Sequential,
)
from descend.models.networks.branches import Branch
from descend.optimizers import Adam
from descend.schedules import Cosine
from descend.training import Descent

__all__ = ["SERIES"]


def _layer(encoder: SeriesEncoder, rows: int) -> Layer:
    """Return random filters beside plain means, each standardised over the batch."""
    filters = 2000 if rows * encoder.steps < 2_000_000 else 800
    answers = RandomConvolution(filters, encoder.dilations, encoder.spreads)
    pooled = SequencePooling(("mean", "max", "last"))
    return Sequential((Parallel((answers, pooled)), BatchNormalization(), Dropout(0.3)))


def _linear(encoder: SeriesEncoder) -> Layer:
    """Return mean, maximum and last value of each channel."""
    return SequencePooling(("mean", "max", "last"))


def _hidden(rows: int) -> tuple[int, ...]:
    """Return no hidden layers: the outputs read the answers."""
    return ()


def _descent(encoder: SeriesEncoder, rows: int, seed: int) -> Descent:
    """Return the default way down: some 1,000 steps for few rows, at least 20 epochs for many."""
    batch = 32 if rows < 3_000 else 128
    epochs = max(20, min(150, 1000 * batch // max(rows, 1)))
    return Descent(
        Adam(0.001), Cosine(), batch_size=batch, epochs=epochs, patience=None, weight_decay=0.1,
        seed=seed,
    )  # fmt: skip


SERIES = Branch(_layer, _linear, _hidden, _descent)
