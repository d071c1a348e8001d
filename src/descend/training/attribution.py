"""How much each input of a network adds to one output, along the way from a usual row."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import Any

import jax
import jax.numpy as jnp

from descend.layers import Layer
from descend.losses import Loss

__all__ = ["path_gradients"]


@lru_cache(maxsize=64)
def path_gradients(
    network: Layer, loss: Loss, column: int, temperature: float = 1.0
) -> Callable[..., tuple[Any, Any]]:
    """Return the compiled (params, state, numbers, rest) -> (predictions, slopes by numbers).

    Parameters
    ----------
    network : Layer
    loss : Loss
        Of one target; its link makes the predictions.
    column : int
        The column of the predictions that is explained.
    temperature : float
        Raw outputs are divided by it before the link.

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
        chosen = linked if linked.ndim == 1 else linked[:, column]
        return jnp.sum(chosen), chosen

    @jax.jit
    def both(params: Any, state: Any, numbers: Any, rest: Any) -> tuple[Any, Any]:
        slopes, predictions = jax.grad(total, has_aux=True)(numbers, params, state, rest)
        return predictions, slopes

    return both
