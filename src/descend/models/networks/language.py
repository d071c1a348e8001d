"""The default network for running text: it reads token after token, and foresees the next."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import fields
from typing import Any

from descend.layers import (
    GRU,
    LSTM,
    Dense,
    Dropout,
    EachStep,
    Elman,
    Layer,
    MinimalGRU,
    Recurrent,
    Sequential,
    TokenEmbedding,
)
from descend.layers.cells import Cell

__all__ = ["CELLS", "carrying", "default_units", "language_network"]

CELLS: dict[str, Callable[[int], Cell]] = {
    "gru": GRU,
    "lstm": LSTM,
    "elman": Elman,
    "minimal_gru": MinimalGRU,
}

EMBEDDING = 64
"""Numbers that stand for a token, where there are few tokens."""

DROPOUT = 0.2


def default_units(tokens: int) -> int:
    """Return the units of the recurrent layer for so many training tokens."""
    if tokens >= 400_000:
        return 384
    return 256 if tokens >= 50_000 else 128


def language_network(
    size: int, units: tuple[int, ...], lanes: int, *, cell: str = "gru", dropout: float = DROPOUT
) -> Layer:
    """Return embedding -> recurrent layers -> one raw output a token, at every step.

    Parameters
    ----------
    size : int
        Different tokens.
    units : tuple of int
        Of each recurrent layer.
    lanes : int
        Texts read side by side, see `Recurrent`.
    cell : str
        A name of `CELLS`.
    dropout : float
        Share of each recurrent layer's outputs dropped in training.
    """
    layers: list[Layer] = [TokenEmbedding(size, EMBEDDING if size <= 512 else 2 * EMBEDDING)]
    for n in units:
        layers.append(Recurrent(CELLS[cell](n), return_sequences=True, lanes=lanes))
        if dropout:
            layers.append(Dropout(dropout))
    layers.append(EachStep(Dense(size)))
    return Sequential(tuple(layers))


def carrying(network: Layer, lanes: int) -> Layer:
    """Return a network of the same weights that carries what it remembers in use too.

    Parameters
    ----------
    network : Layer
        With recurrent layers in it.
    lanes : int
        Texts that it reads side by side.
    """
    if isinstance(network, Recurrent):
        return network.replace(lanes=lanes, always=True)

    def inside(value: Any) -> Any:
        if isinstance(value, tuple):
            return tuple(inside(part) for part in value)
        return carrying(value, lanes) if isinstance(value, Layer) else value

    return network.replace(**{f.name: inside(getattr(network, f.name)) for f in fields(network)})  # pyright: ignore[reportArgumentType]
