"""The contract of a layer."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping
from typing import Any, TypeAlias

import jax

from descend.errors import SpecError
from descend.spec import Spec

__all__ = ["Layer", "Params", "Shape", "State", "vector_length"]

Shape: TypeAlias = "tuple[int, ...] | Mapping[str, tuple[int, ...]]"
Params: TypeAlias = dict[str, Any]
State: TypeAlias = dict[str, Any]


class Layer(Spec):
    """A layer turns a batch of inputs into a batch of outputs.

    A layer is a frozen spec; its numbers live outside it, in two nested dicts: ``params`` (what
    the optimizer changes) and ``state`` (what the forward pass itself updates, such as running
    means). Leaves are named with words: ``weight``, ``bias``, ``scale``, ``shift``. Weight decay
    applies to leaves called ``weight`` and to no others.

    Shapes never include the batch axis; ``x`` always has it, in front. An input may also be a
    dict of such arrays (see `Parallel`), and its shape then is a dict of shapes.
    """

    @abstractmethod
    def init(self, key: jax.Array, input_shape: Shape) -> tuple[Params, State, tuple[int, ...]]:
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
        output_shape : tuple of int
            Shape of one output.

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
            Random key for layers that draw (dropout). ``None`` is fine when ``train`` is false.
        train : bool
            Whether this is a training step (dropout drops, batch statistics are used).

        Returns
        -------
        y : array (batch, *output_shape)
        state : dict
            The updated state; equal to the given one when ``train`` is false.
        """


def vector_length(layer: Layer, input_shape: Shape) -> int:
    """Return the length of a one-dimensional input shape, or say what the layer expected."""
    if not isinstance(input_shape, tuple) or len(input_shape) != 1:
        raise SpecError(
            f"{type(layer).__name__} takes vectors, input shape (n,), but got {input_shape}. "
            "Put Flatten() before it."
        )
    return input_shape[0]
