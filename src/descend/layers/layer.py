"""The contract of a layer."""

from __future__ import annotations

import math
import re
from abc import abstractmethod
from collections.abc import Mapping
from typing import Any, TypeAlias

import jax

from descend.errors import SpecError
from descend.spec import Spec

__all__ = [
    "Layer",
    "Params",
    "Shape",
    "State",
    "array_shape",
    "network_order",
    "place_key",
    "vector_length",
    "word",
]

Shape: TypeAlias = "tuple[int, ...] | Mapping[str, Any]"
Params: TypeAlias = dict[str, Any]
State: TypeAlias = dict[str, Any]


class Layer(Spec):
    """A layer turns a batch of inputs into a batch of outputs.

    A layer is a frozen spec; its numbers live outside it, in two nested dicts: ``params`` (what
    the optimizer changes) and ``state`` (what the forward pass itself updates, such as running
    means). Leaves are named with words: ``weight``, ``bias``, ``scale``, ``shift``. Weight decay
    applies to leaves called ``weight`` and to no others.

    Shapes never include the batch axis; ``x`` always has it, in front. An input may also be a
    dict of such arrays (see `Parallel`), and its shape then is a dict of shapes. Sequences of
    different lengths are a dict of values and lengths (``sequence.py``).
    """

    @abstractmethod
    def init(self, key: jax.Array, input_shape: Shape) -> tuple[Params, State, Any]:
        """Draw the first parameters.

        Parameters
        ----------
        key : jax.Array
            A JAX random key; the same key gives the same parameters.
        input_shape : tuple of int, or dict of them
            Shape of one example.

        Returns
        -------
        params, state : dict
            Empty where the layer has none.
        output_shape : tuple of int, or dict of them
            Shape of one output; a dict for sequences of different lengths.

        Raises
        ------
        SpecError
            If the layer cannot take inputs of this shape.
        """

    @abstractmethod
    def apply(
        self, params: Params, state: State, x: Any, *, key: jax.Array | None, train: bool
    ) -> tuple[jax.Array, State]:
        """Propagate a batch forward.

        Parameters
        ----------
        params, state : dict
            As `init` returned them, or as training left them.
        x : array (batch, *input_shape)
        key : jax.Array or None
            Random key for layers that draw (dropout). ``None`` is fine when ``train`` is false,
            or when `draws` is.
        train : bool
            Whether this is a training step (dropout drops, batch statistics are used).

        Returns
        -------
        y : array (batch, *output_shape)
        state : dict
            The updated state; equal to the given one when ``train`` is false.
        """

    def adapt(
        self, key: jax.Array, params: Params, state: State, x: Any
    ) -> tuple[Params, State, Any]:
        """Fit to training rows what of the first numbers depends on them: scales, quantiles.

        Most layers have nothing of the kind, and hand the rows on.

        Parameters
        ----------
        key : jax.Array
        params, state : dict
            As `init` returned them.
        x : array (rows, *input_shape)
            Training rows, as the layers before this one hand them on.

        Returns
        -------
        params, state : dict
        y : array (rows, *output_shape)
            What the adapted layer makes of the rows, as `apply` does when ``train`` is false.
        """
        del key
        return params, state, self.apply(params, state, x, key=None, train=False)[0]

    @property
    def adapts(self) -> bool:
        """Whether `adapt` changes anything."""
        return False

    @property
    def draws(self) -> bool:
        """Whether `apply` needs its key when ``train`` is true."""
        return False

    @property
    def label(self) -> str:
        """What a one-line summary of a network calls this layer."""
        return word(self).replace("_", " ")


def word(layer: Layer) -> str:
    """Return a layer's class name as a key of ``params``: ``LayerNormalization`` is
    ``layer_normalization``."""
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", type(layer).__name__).lower()


def place_key(place: int, layer: Layer) -> str:
    """Return the key of the parameters and state of a layer among others, as ``0_dense``."""
    return f"{place}_{word(layer)}"


def network_order(path: str) -> tuple[tuple[int, str], ...]:
    """Return what paths of parameters are sorted by, so that layer 2 comes before layer 10.

    Examples
    --------
    >>> sorted(["10_dense/bias", "2_dense/weight", "2_dense/bias"], key=network_order)
    ['2_dense/bias', '2_dense/weight', '10_dense/bias']
    """
    parts = path.split("/")
    places = (part.partition("_")[0] for part in parts)
    return tuple(
        (int(place) if place.isdecimal() else -1, part)
        for place, part in zip(places, parts, strict=True)
    )


def array_shape(layer: Layer, input_shape: Shape) -> tuple[int, ...]:
    """Return the shape of an input that is one array, or say what the layer expected."""
    if not isinstance(input_shape, tuple):
        raise SpecError(
            f"{type(layer).__name__} takes one array, but its input is a dict of arrays: "
            f"{', '.join(input_shape)}. Put a Parallel(layers, inputs=names) before it."
        )
    return input_shape


def vector_length(layer: Layer, input_shape: Shape) -> int:
    """Return the length of a one-dimensional input shape, or say what the layer expected."""
    shape = array_shape(layer, input_shape)
    if len(shape) != 1:
        raise SpecError(
            f"{type(layer).__name__} takes vectors, input shape (n,), but got {shape}. "
            f"Put Flatten() before it, which makes that ({math.prod(shape)},)."
        )
    return shape[0]
