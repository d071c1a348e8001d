"""The default network and the default way down for a table."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise

import numpy as np

from descend.errors import UsageError
from descend.layers import Activation, Dense, Dropout, Embedding, Layer, Parallel, Sequential
from descend.optimizers import Adam
from descend.schedules import Cosine
from descend.training import Descent

__all__ = [
    "DROPOUT",
    "MOST_WEIGHTS",
    "default_descent",
    "default_layers",
    "embedding_dims",
    "linear_network",
    "table_network",
]


DROPOUT = 0.1
"""Share of hidden units dropped by default."""


def default_layers(rows: int) -> tuple[int, ...]:
    """Return the units of the hidden layers for so many training rows."""
    return (128, 64) if rows < 10_000 else (256, 128)


def default_descent(rows: int, seed: int) -> Descent:
    """Return the default way down for so many training rows.

    Found by measurement on nine tables of 344 to 54,000 rows (docs/decisions/0004). The batch grows
    with the rows, so that an epoch has about 256 steps at most, from 16 to 1,024 rows.
    """
    batch = 16
    while batch < 1024 and batch * 256 < rows:
        batch *= 2
    epochs = 200 if rows < 5_000 else 100 if rows < 50_000 else 40 if rows < 300_000 else 15
    return Descent(
        Adam(0.001 if rows < 50_000 else 0.002),
        Cosine(),
        batch_size=batch,
        epochs=epochs,
        patience=20 if rows < 50_000 else 10,
        weight_decay=0.1,
        seed=seed,
    )


MOST_WEIGHTS = 500_000_000
"""Of more weights a model file, which ends at 2 GiB, could not be made."""


def embedding_dims(sizes: Sequence[int]) -> tuple[int, ...]:
    """Return how many numbers stand for a value of each embedded column: about 1.6 size^0.56.

    The rule is fastai's; it gives 11 for 32 values and 50 at most.
    """
    return tuple(min(50, max(2, round(1.6 * size**0.56))) for size in sizes)


def _entrance(input_shape: object, sizes: Sequence[int]) -> tuple[Layer, ...]:
    """Return the layers that make one vector of the inputs."""
    if not isinstance(input_shape, Mapping):
        return ()
    embedding = Embedding(tuple(sizes), embedding_dims(sizes))
    if input_shape["numbers"] == (0,):
        return (Parallel((embedding,), inputs=("codes",)),)
    return (Parallel((Activation("identity"), embedding), inputs=("numbers", "codes")),)


def _entrance_width(input_shape: object, sizes: Sequence[int]) -> int:
    """Return how many numbers the first dense layer receives."""
    if not isinstance(input_shape, Mapping):
        return int(np.prod(np.array(input_shape)))
    return input_shape["numbers"][0] + sum(embedding_dims(sizes))


def table_network(
    input_shape: object,
    sizes: Sequence[int],
    outputs: int,
    hidden: Sequence[int],
    *,
    activation: str = "relu",
    dropout: float = 0.0,
) -> Sequential:
    """Return a feedforward network for a table.

    Parameters
    ----------
    input_shape : as ``Preprocessing.input_shape``
    sizes : sequence of int
        Numbers of codes of the embedded columns.
    outputs : int
        Raw outputs.
    hidden : sequence of int
        Units of each hidden layer.
    activation : str
    dropout : float
        Share of hidden units dropped at each training step.
    """
    layers = list(_entrance(input_shape, sizes))
    widths = (_entrance_width(input_shape, sizes), *hidden, outputs)
    weights = sum(a * b for a, b in pairwise(widths))
    if weights > MOST_WEIGHTS:
        raise UsageError(
            f"a network of {' -> '.join(map(str, widths))} units has {weights:,} weights, and a "
            f"model file holds {MOST_WEIGHTS:,} at most: ask for fewer units in --layers"
        )
    for units in hidden:
        layers.append(Dense(units, activation))
        if dropout:
            layers.append(Dropout(dropout))
    return Sequential((*layers, Dense(outputs)))


def linear_network(input_shape: object, sizes: Sequence[int], outputs: int) -> Sequential:
    """Return the network without hidden layers, which a deeper one has to beat."""
    return table_network(input_shape, sizes, outputs, ())
