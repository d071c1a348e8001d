"""The default network and the default way down for a table."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

from descend.data.preprocessing import Preprocessing
from descend.errors import UsageError
from descend.layers import Activation, Dense, Dropout, Embedding, Layer, Parallel, Sequential
from descend.layers.summary import output_shape
from descend.models.networks.branches import Branch, branch_of
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


def _only_branch(preprocessing: Preprocessing | None) -> Branch | None:
    """Return how the only input is read, where that is no matrix of numbers or codes."""
    if preprocessing is None or len(preprocessing.encoders) != 1:
        return None
    return branch_of(preprocessing.array_encoders[0]) if preprocessing.array_encoders else None


def default_layers(rows: int, preprocessing: Preprocessing | None = None) -> tuple[int, ...]:
    """Return the units of the hidden layers for so many training rows."""
    branch = _only_branch(preprocessing)
    if branch is not None:
        return branch.hidden(rows)
    return (128, 64) if rows < 10_000 else (256, 128)


def default_descent(rows: int, seed: int, preprocessing: Preprocessing | None = None) -> Descent:
    """Return the default way down for so many training rows.

    For tables it was found by measurement on nine of 344 to 54,000 rows (docs/decisions/0004). The
    batch grows with the rows, so that an epoch has about 256 steps at most, from 16 to 1,024 rows.
    """
    branch = _only_branch(preprocessing)
    if branch is not None and preprocessing is not None:
        return branch.descent(preprocessing.array_encoders[0], rows, seed)
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


def _entrance(
    preprocessing: Preprocessing, rows: int | None, stack: Sequence[str] | None
) -> tuple[Layer, ...]:
    """Return the layers that make one vector of the inputs; for the linear rival without rows."""
    shape, sizes = preprocessing.input_shape, preprocessing.embedding_sizes
    stacked = [branch_of(encoder).stack is not None for encoder in preprocessing.array_encoders]
    if stack and not any(stacked):
        raise UsageError(
            f'"{stack[0]}" in --layers: without a column of pictures layers are numbers of '
            "units, each at least 1, as 64,32"
        )
    if isinstance(shape, tuple):
        return ()
    branches: dict[str, Layer] = {}
    if shape.get("numbers", (0,)) != (0,):
        branches["numbers"] = Activation("identity")
    if sizes:
        branches["codes"] = Embedding(tuple(sizes), embedding_dims(sizes))
    for encoder in preprocessing.array_encoders:
        branch = branch_of(encoder)
        if rows is None:
            layer = branch.linear(encoder)
        elif stack is not None and branch.stack is not None:
            layer = branch.stack(encoder, stack)
        else:
            layer = branch.layer(encoder, rows)
        branches[encoder.input_name] = layer
    return (Parallel(tuple(branches.values()), inputs=tuple(branches)),)


def table_network(
    preprocessing: Preprocessing,
    outputs: int,
    hidden: Sequence[int],
    *,
    rows: int | None = None,
    stack: Sequence[str] | None = None,
    activation: str = "relu",
    dropout: float = 0.0,
    wide: bool = False,
) -> Sequential:
    """Return a feedforward network for a table.

    Parameters
    ----------
    preprocessing : Preprocessing
        Its inputs: numbers, codes to be embedded, and columns that are inputs of their own.
    outputs : int
        Raw outputs.
    hidden : sequence of int
        Units of each hidden layer.
    rows : int, optional
        Training rows, to which the branches of pictures, texts and series are suited; None is for
        the linear rival.
    stack : sequence of str, optional
        Layers for pictures as they are written, ``conv32``, ``pool``; ``()`` only flattens them.
    activation : str
    dropout : float
        Share of hidden units dropped at each training step.
    wide : bool
        The outputs read the inputs too, beside the last hidden layer: what is linear need not be
        learned by hidden units.
    """
    shape = preprocessing.input_shape
    layers: list[Layer] = list(_entrance(preprocessing, rows, stack))
    widths = (*(output_shape(layers[0], shape) if layers else shape), *hidden, outputs)
    weights = sum(a * b for a, b in pairwise(widths))
    if weights > MOST_WEIGHTS:
        raise UsageError(
            f"a network of {' -> '.join(map(str, widths))} units has {weights:,} weights, and a "
            f"model file holds {MOST_WEIGHTS:,} at most: ask for fewer units in --layers"
        )
    deep: list[Layer] = []
    for units in hidden:
        deep.append(Dense(units, activation))
        if dropout:
            deep.append(Dropout(dropout))
    if wide and deep:
        layers.append(Parallel((Activation("identity"), Sequential(tuple(deep)))))
    else:
        layers += deep
    return Sequential((*layers, Dense(outputs)))


def linear_network(preprocessing: Preprocessing, outputs: int) -> Sequential:
    """Return the network without hidden layers, which a deeper one has to beat."""
    return table_network(preprocessing, outputs, ())
