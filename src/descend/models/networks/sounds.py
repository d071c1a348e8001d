"""Networks for columns of sounds."""

from __future__ import annotations

from descend.data.encoders.sound import SoundEncoder
from descend.layers import (
    BatchNormalization,
    Convolution,
    Dropout,
    GlobalPooling,
    Layer,
    LogMel,
    MaxPooling,
    Parallel,
    RandomSound,
    RandomSpectrum,
    Residual,
    Sequential,
)
from descend.models.networks.branches import Branch
from descend.optimizers import Adam
from descend.schedules import OneCycle
from descend.training import Descent

__all__ = ["SOUNDS"]


def _log_mel(encoder: SoundEncoder) -> LogMel:
    """Return spectra of frames of about 32 ms, 10 ms apart; of long sounds, farther apart."""
    rate = encoder.rate
    window = 16
    while window * 2 <= 0.033 * rate:
        window *= 2
    hop = max(1, round(max(0.01 * rate, encoder.samples / 400)))
    window = max(window, hop)
    lowest = 60.0 if rate > 240 else 0.0
    return LogMel(rate, window, hop, 40 if window >= 128 else 16, lowest)


def _block(filters: int) -> tuple[Layer, ...]:
    return (Convolution(filters, activation="relu"), BatchNormalization())


def _branch(encoder: SoundEncoder, rows: int) -> Layer:
    """Return the default network from sounds to a vector: a small one for pictures of spectra."""
    return Sequential(
        (
            RandomSound(0.1, 0.1),
            _log_mel(encoder),
            RandomSpectrum(),
            *_block(16),
            MaxPooling(2, padding="same"),
            *_block(32),
            MaxPooling(2, padding="same"),
            *_block(48),
            Residual(Sequential(_block(48))),
            MaxPooling(2, padding="same"),
            *_block(64),
            Parallel((GlobalPooling("mean"), GlobalPooling("max"))),
            Dropout(0.2),
        )
    )


def _linear(encoder: SoundEncoder) -> Layer:
    """Return the mean of each band over time."""
    return Sequential((_log_mel(encoder).replace(picture=False), GlobalPooling("mean")))


def _descent(encoder: SoundEncoder, rows: int, seed: int) -> Descent:
    """Return the default way down: one cycle, to its end."""
    batch = 32 if rows < 5_000 else 64
    epochs = 60 if rows < 1_000 else 30 if rows < 10_000 else 12
    return Descent(
        Adam(0.004),
        OneCycle(),
        batch_size=batch,
        epochs=epochs,
        patience=None,
        weight_decay=0.05,
        seed=seed,
    )


SOUNDS = Branch(layer=_branch, linear=_linear, hidden=lambda rows: (), descent=_descent)
"""How columns of sounds are read."""
