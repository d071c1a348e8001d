"""What stands at the entrance of a network for each kind of column that is an input of its own."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from descend.data.columns import Column, input_columns
from descend.data.encoders.array_encoder import ArrayEncoder
from descend.errors import UsageError
from descend.layers import Layer
from descend.training import Descent

__all__ = ["Branch", "branch_of", "branches", "default_validation"]


class Branch(NamedTuple):
    """How columns of one kind are read by a network.

    Attributes
    ----------
    layer : function (encoder, rows) -> Layer
        From the input to a vector, suited to so many training rows.
    linear : function (encoder) -> Layer
        The same for the linear rival: the input as a vector without anything learned, or as
        little as that kind allows.
    hidden : function (rows) -> tuple of int
        Units of the hidden layers behind it, where it is the only input.
    descent : function (encoder, rows, seed) -> Descent
        The default way down, where it is the only input.
    stack : function (encoder, words) -> Layer, optional
        From the input to a vector by layers as they are written: ``conv32``, ``pool``.
    """

    layer: Callable[[Any, int], Layer]
    linear: Callable[[Any], Layer]
    hidden: Callable[[int], tuple[int, ...]]
    descent: Callable[[Any, int, int], Descent]
    stack: Callable[[Any, Sequence[str]], Layer] | None = None


def default_validation(columns: Sequence[Column]) -> float | None:
    """Return the share of rows to validate by, by the kinds of the inputs; None is the usual one.

    Sequences are few, and their way down has a fixed length; texts and pictures need every row they
    can get.
    """
    kinds = {column.kind for column in input_columns(columns)}
    shares = {"series": 0.0, "text": 0.1, "image": 0.1}
    return shares.get(kinds.pop()) if len(kinds) == 1 else None


def branches() -> dict[type[ArrayEncoder], Branch]:
    """Return the branch of each encoder."""
    from descend.data.encoders.image import ImageEncoder
    from descend.data.encoders.series import SeriesEncoder
    from descend.data.encoders.sound import SoundEncoder
    from descend.data.encoders.text import TextEncoder
    from descend.models.networks.pictures import PICTURES
    from descend.models.networks.series import SERIES
    from descend.models.networks.sounds import SOUNDS
    from descend.models.networks.texts import TEXT

    return {ImageEncoder: PICTURES, SeriesEncoder: SERIES, SoundEncoder: SOUNDS, TextEncoder: TEXT}


def branch_of(encoder: ArrayEncoder) -> Branch:
    """Return how a column is read by a network."""
    known = branches()
    if type(encoder) not in known:
        raise UsageError(f"no network reads columns of kind {encoder.column.kind}")
    return known[type(encoder)]
