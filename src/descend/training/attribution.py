"""How much each input of a network adds to its outputs: slopes here, and along a way."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import Any

import jax
import jax.numpy as jnp

from descend.layers import Layer
from descend.losses import Loss

__all__ = ["input_slopes", "path_gradients"]


@lru_cache(maxsize=64)
def path_gradients(
    network: Layer, loss: Loss, column: int, temperature: float = 1.0, target: int = 0
) -> Callable[..., tuple[Any, Any]]:
    """Return the compiled (params, state, numbers, rest) -> (predictions, slopes by numbers).

    Parameters
    ----------
    network : Layer
    loss : Loss
        Its link makes the predictions.
    column : int
        The column of the predictions that is explained.
    temperature : float
        Raw outputs are divided by it before the link.
    target : int
        Which target is explained, where the loss is of several.

    Returns
    -------
    function
        ``numbers`` and ``rest`` are dicts of arrays: inputs to differentiate by, and others. A
        network of one bare input takes it under the name "".
    """

    def total(numbers: Any, params: Any, state: Any, rest: Any) -> tuple[jax.Array, jax.Array]:
        inputs = {**numbers, **rest}
        raw, _ = network.apply(params, state, inputs.get("", inputs), key=None, train=False)
        linked = loss.link(raw / temperature)
        linked = linked[target] if isinstance(linked, tuple) else linked
        chosen = linked if linked.ndim == 1 else linked[:, column]
        return jnp.sum(chosen), chosen

    @jax.jit
    def both(params: Any, state: Any, numbers: Any, rest: Any) -> tuple[Any, Any]:
        slopes, predictions = jax.grad(total, has_aux=True)(numbers, params, state, rest)
        return predictions, slopes

    return both


@lru_cache(maxsize=64)
def input_slopes(network: Layer) -> Callable[..., Any]:
    """Return the compiled (params, state, x, directions) -> slopes by the numbers in x.

    The slopes are those of sum(raw outputs * directions), directions (batch, width); the integers
    in x have none, and give zeros.
    """

    def total(params: Any, state: Any, x: Any, directions: jax.Array) -> Any:
        leaves, tree = jax.tree.flatten(x)
        floats = [jnp.issubdtype(leaf.dtype, jnp.floating) for leaf in leaves]

        def weighed(numbers: Any) -> jax.Array:
            whole = [n if f else leaf for n, f, leaf in zip(numbers, floats, leaves, strict=True)]
            raw, _ = network.apply(
                params, state, jax.tree.unflatten(tree, whole), key=None, train=False
            )
            return jnp.sum(raw * directions)

        numbers = [
            leaf if f else jnp.zeros((), float) for leaf, f in zip(leaves, floats, strict=True)
        ]
        return jax.tree.unflatten(tree, jax.grad(weighed)(numbers))

    return jax.jit(total)
