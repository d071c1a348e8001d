"""What a network is, in numbers and in one line."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import jax

from descend.layers.combinators import Parallel, Residual, Sequential
from descend.layers.dense import Dense
from descend.layers.layer import Layer, Params, Shape, State
from descend.layers.members import Members
from descend.layers.mirror_average import MirrorAverage

__all__ = ["has_one_weighted_sum", "output_shape", "parameter_count", "summary_line"]


def parameter_count(params: Params) -> int:
    """Return how many numbers ``params`` holds.

    Examples
    --------
    >>> from descend.layers import Dense
    >>> parameter_count(Dense(3).init(jax.random.key(0), (14,))[0])
    45
    """
    return sum(leaf.size for leaf in jax.tree.leaves(params))


def has_one_weighted_sum(network: Layer) -> bool:
    """Return whether all a network does is f(x w + b) with one output.

    The gradients of one row, wherever they are taken, then all lie along (x, 1).

    Examples
    --------
    >>> from descend.layers import Dense
    >>> has_one_weighted_sum(Sequential((Dense(1, "sigmoid"),))), has_one_weighted_sum(Dense(2))
    (True, False)
    """
    while isinstance(network, Sequential) and len(network.layers) == 1:
        network = network.layers[0]
    return isinstance(network, Dense) and network.units == 1


def output_shape(layer: Layer, input_shape: Shape) -> tuple[int, ...]:
    """Return the shape of one output, without drawing any parameters.

    Raises
    ------
    SpecError
        If the layer cannot take inputs of this shape.

    Examples
    --------
    >>> from descend.layers import Dense
    >>> output_shape(Dense(3), (14,))
    (3,)
    """
    shape: tuple[int, ...] = ()

    def init(key: jax.Array) -> tuple[Params, State]:
        nonlocal shape
        params, state, shape = layer.init(key, input_shape)
        return params, state

    jax.eval_shape(init, jax.random.key(0))
    return shape


def summary_line(network: Layer, input_shape: Shape) -> str:
    """Return a network in one line: ``14 -> 64 relu -> 32 relu -> 3``.

    An arrow stands before every layer with weights or another shape; what acts element by element
    (activations, dropout) or normalises follows the layer it belongs to. Branches of a `Parallel`
    stand in parentheses with ``|`` (``+`` if summed) between them, a `Residual` as ``x + (...)``.

    Raises
    ------
    SpecError
        If the network cannot take inputs of this shape.

    Examples
    --------
    >>> from descend.layers import Activation, BatchNormalization, Dense
    >>> layers = (Dense(64), BatchNormalization(), Activation("relu"), Dense(3))
    >>> summary_line(Sequential(layers), (14,))
    '14 -> 64 batch norm relu -> 3'
    """
    return f"{_shape(input_shape)} {_steps(network, input_shape)}".replace("  ", " ")


def _shape(shape: Shape) -> str:
    if isinstance(shape, Mapping):
        return "(" + ", ".join(f"{name} {_shape(own)}" for name, own in shape.items()) + ")"
    return "x".join(map(str, shape)) or "1"


def _steps(layer: Layer, shape: Any) -> str:
    """Return the part of the line that one layer makes, with its arrow."""
    if isinstance(layer, Sequential):
        parts = []
        for inner in layer.layers:
            parts.append(_steps(inner, shape))
            shape = output_shape(inner, shape)
        return " ".join(parts)
    if isinstance(layer, MirrorAverage):
        return _steps(layer.inner, shape)
    if isinstance(layer, Members):
        return f"-> {layer.count} members, each ({_bare(layer.inner, shape)})"
    if isinstance(layer, Residual):
        return f"-> x + ({_bare(layer.inner, shape)})"
    if isinstance(layer, Parallel):
        names = layer.inputs or ("",) * len(layer.layers)
        branches = [
            f"{name} {_bare(inner, shape[name] if name else shape)}".strip()
            for name, inner in zip(names, layer.layers, strict=True)
        ]
        return "-> (" + (" | " if layer.merge == "concatenate" else " + ").join(branches) + ")"
    return f"{'-> ' if _stands_alone(layer, shape) else ''}{layer.label}"


def _bare(layer: Layer, shape: Any) -> str:
    return _steps(layer, shape).removeprefix("-> ")


def _stands_alone(layer: Layer, shape: Any) -> bool:
    params = jax.eval_shape(lambda key: layer.init(key, shape)[0], jax.random.key(0))
    names = {
        getattr(path[-1], "key", "") for path, _ in jax.tree_util.tree_leaves_with_path(params)
    }
    return "weight" in names or output_shape(layer, shape) != shape
