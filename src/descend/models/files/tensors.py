"""The tensors of a model: their names in its file, and the shapes that its network must have."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import jax
import numpy as np

from descend.errors import ModelFileError
from descend.layers import Layer
from descend.layers.layer import network_order

__all__ = ["expected", "flat", "plan_errors", "taken"]


def flat(tree: Any, name: str) -> Iterator[tuple[str, np.ndarray]]:
    """Yield (path, array) for every leaf of nested dicts, first layer first."""
    if isinstance(tree, dict):
        for key in sorted(tree, key=network_order):
            yield from flat(tree[key], f"{name}/{key}")
    else:
        yield name, np.asarray(tree)


def expected(network: Layer, shape: Any) -> tuple[Any, Any]:
    """Return the shapes of a network's tensors, without making any."""

    def start(key: jax.Array) -> tuple[Any, Any]:
        return network.init(key, shape)[:2]

    return jax.eval_shape(start, jax.random.key(0))


@contextmanager
def plan_errors(path: Any) -> Iterator[None]:
    """Say of a card that cannot be used which file it is in, whatever is wrong with it."""
    try:
        yield
    except (
        ArithmeticError,
        AttributeError,
        LookupError,
        MemoryError,
        RecursionError,
        TypeError,
        ValueError,
    ) as error:
        raise ModelFileError(f"{Path(path)}: the plan cannot be read: {error}") from None


def taken(tensors: dict[str, np.ndarray], shapes: Any, name: str, path: Any) -> Any:
    """Take the tensors of one tree out of the dict, each of exactly the expected shape and type.

    Raises
    ------
    ModelFileError
        Names the tensor that is missing or of another shape.
    """
    if isinstance(shapes, dict):
        return {key: taken(tensors, part, f"{name}/{key}", path) for key, part in shapes.items()}
    array = tensors.pop(name, None)
    if array is None:
        raise ModelFileError(f"{Path(path)} lacks the tensor {name}")
    if array.shape != shapes.shape or array.dtype != shapes.dtype:
        raise ModelFileError(
            f"{Path(path)}: tensor {name} is {array.dtype} {array.shape}, but the plan's network "
            f"has {shapes.dtype} {shapes.shape} there"
        )
    return array
