"""Networks for columns of pictures: the default ones, and those written as ``conv32,pool,...``."""

from __future__ import annotations

import re
from collections.abc import Sequence

from descend.data.encoders.image import ImageEncoder
from descend.data.target_kinds import ClassTarget, Target
from descend.errors import UsageError
from descend.layers import (
    Activation,
    BatchNormalization,
    Convolution,
    Dropout,
    Flatten,
    GlobalPooling,
    Layer,
    MaxPooling,
    MirrorAverage,
    Parallel,
    PixelScaling,
    RandomColour,
    RandomFlip,
    RandomWarp,
    Residual,
    Sequential,
)
from descend.models.networks.branches import Branch
from descend.optimizers import Adam
from descend.schedules import OneCycle
from descend.training import Descent

__all__ = ["PICTURES", "are_symbols"]

_MANY = 20_000
"""From so many training pictures on, they need little changing."""

_SMALL = 32
"""Pictures of at most so many pixels a side are small."""


def _block(filters: int) -> tuple[Layer, ...]:
    """Return a convolution, normalised over the batch, and its activation."""
    return (Convolution(filters, use_bias=False), BatchNormalization(), Activation("relu"))


def _branch(encoder: ImageEncoder, rows: int) -> Layer:
    """Return the default network from pictures to a vector, for so many training rows.

    Each stage is a convolution and a pooling that halves the picture, with twice the filters of the
    stage before, until about 8 places are left along the shorter side; the last two stages have a
    residual block each. Then the mean and the maximum over all places are taken; of many small
    pictures, where it can be learned which place means what, all places are kept. Small sets are
    shifted, scaled and coloured more.
    """
    side = min(encoder.height, encoder.width)
    many = rows >= _MANY
    stages = 1
    while side / 2**stages > 8 and stages < 5:
        stages += 1
    layers: list[Layer] = [*_block(16), MaxPooling()] if side >= 4 else [*_block(16)]
    filters = 16
    for stage in range(1, stages + 1):
        filters = min(128, filters * 2)
        layers += _block(filters)
        if stage >= stages - 1 and (stage > 1 or many):
            layers.append(Residual(Sequential(_block(filters))))
        if stage < stages and side / 2 ** (stage + 1) >= 2:
            layers.append(MaxPooling())
    if many and side <= _SMALL:
        layers += [Flatten(), Dropout(0.3)]
    else:
        layers += [Parallel((GlobalPooling("mean"), GlobalPooling("max"))), Dropout(0.2)]
    changes = _changes(encoder, rows) if side >= 8 else ()
    network = Sequential(tuple(layers))
    scaling = PixelScaling(encoder.mean, encoder.deviation)
    return Sequential((scaling, *changes, MirrorAverage(network)))


def _changes(encoder: ImageEncoder, rows: int) -> tuple[Layer, ...]:
    """Return how training pictures are changed at random: the fewer there are, the more."""
    if rows >= _MANY:
        return (RandomFlip(), RandomWarp(0.04))
    colour = (RandomColour(0.2),) if encoder.channels == 3 else (RandomColour(0.1),)
    return (RandomFlip(), RandomWarp(0.08, scale=0.12), *colour)


def _descent(encoder: ImageEncoder, rows: int, seed: int) -> Descent:
    """Return the default way down for so many training pictures: one cycle, to its end."""
    batch = 32 if rows < 5_000 else 64 if rows < _MANY else 128
    epochs = 60 if rows < 1_000 else 40 if rows < 5_000 else 25 if rows < _MANY else 20
    return Descent(
        Adam(0.004),
        OneCycle(),
        batch_size=batch,
        epochs=epochs,
        patience=None,
        weight_decay=0.05,
        seed=seed,
    )


def _flattened(encoder: ImageEncoder) -> Layer:
    """Return the pixels, standardised, as one vector."""
    return Sequential((PixelScaling(encoder.mean, encoder.deviation), Flatten()))


def _stack(encoder: ImageEncoder, words: Sequence[str]) -> Layer:
    """Return the network that words stand for, from pictures to a vector.

    ``conv32`` is a convolution of 3x3 with 32 filters, normalised over the batch, and relu;
    ``res32`` the same added to its input; ``pool`` halves the picture by the largest of 2x2;
    ``mean`` takes the mean over all places. What is left is flattened.

    Raises
    ------
    UsageError
        For a word that means nothing here.
    """
    layers: list[Layer] = [PixelScaling(encoder.mean, encoder.deviation)]
    for word in words:
        found = re.fullmatch(r"(conv|res)([1-9]\d*)|(pool|mean)", word)
        if not found:
            raise UsageError(
                f'"{word}" is no layer for pictures; write conv32, res32, pool, mean, and behind '
                "them dense128 or plain numbers"
            )
        if found[1]:
            block = _block(int(found[2]))
            layers += block if found[1] == "conv" else [Residual(Sequential(block))]
        else:
            layers.append(MaxPooling() if word == "pool" else GlobalPooling("mean"))
    if tuple(words[-1:]) != ("mean",):
        layers.append(Flatten())
    return Sequential(tuple(layers))


PICTURES = Branch(
    layer=_branch,
    linear=_flattened,
    hidden=lambda rows: (),
    descent=_descent,
    stack=_stack,
)
"""How columns of pictures are read."""


def are_symbols(targets: Sequence[Target]) -> bool:
    """Return whether classes are named by single letters or numbers, as those of written digits.

    The mirror image of a symbol is another one, or none.

    Examples
    --------
    >>> are_symbols([ClassTarget("class", ("0", "1"), (5, 5))])
    True
    >>> are_symbols([ClassTarget("class", ("cat", "dog"), (5, 5))])
    False
    """
    return any(
        isinstance(target, ClassTarget)
        and all(len(name) == 1 or name.isdecimal() for name in map(str, target.classes))
        for target in targets
    )
