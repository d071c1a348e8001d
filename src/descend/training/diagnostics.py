"""What is going on inside a network while it trains, and what it means when it is stuck."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from descend.layers import Layer, Sequential
from descend.layers.layer import network_order, place_key
from descend.losses import Loss
from descend.surroundings import in_haste
from descend.training.records import EpochRecord

__all__ = ["advice", "diagnose", "inside", "movement"]

SAMPLE = 256
"""Training rows that are looked at once an epoch."""

ENDS = {"sigmoid": (0.0, 1.0), "tanh": (-1.0, 1.0)}
"""Where an activation is flat; an output within 0.02 of an end is saturated."""

STUCK = 0.95
"""A run whose training loss never fell below this share of its first is stuck."""


@lru_cache(maxsize=256)
def diagnose(network: Layer, loss: Loss) -> Callable[..., dict[str, Any]]:
    """Return the compiled (params, state, x, y, order) -> what the network does on these rows.

    Returns
    -------
    gradient_norm : dict of str to float
        Length of the gradient of the mean loss, for each layer.
    saturated : dict of str to float
        For each activation with flat ends: the share of its outputs that are at an end.
    dead : float or None
        Share of the relu units that are 0 for every row.
    """

    def look(params: Any, state: Any, x: Any, y: Any, order: jax.Array) -> dict[str, Any]:
        x, y = jax.tree.map(lambda a: jnp.take(a, order, axis=0, mode="clip"), (x, y))

        def mean_loss(params: Any) -> jax.Array:
            return jnp.mean(loss(network.apply(params, state, x, key=None, train=False)[0], y))

        gradient = jax.grad(mean_loss)(params)
        seen: list[tuple[str, jax.Array]] = []
        if isinstance(network, Sequential):
            _walk(network, params, state, x, seen)
        saturated = {
            name: jnp.mean(jnp.concatenate([_at_an_end(name, a) for n, a in seen if n == name]))
            for name in ENDS
            if any(n == name for n, _ in seen)
        }
        zeros = [jnp.all(a == 0, axis=tuple(range(a.ndim - 1))) for n, a in seen if n == "relu"]
        dead = {"dead": jnp.mean(jnp.concatenate(zeros))} if zeros else {}
        norms = {name: _norm(part) for name, part in _layers(gradient)}
        return {"gradient_norm": norms, "saturated": saturated} | dead

    return jax.jit(look, compiler_options=in_haste(1))


def inside(
    network: Layer, loss: Loss, params: Any, state: Any, x: Any, y: Any, rows: int
) -> dict[str, Any]:
    """Return what `diagnose` finds on the first rows of some examples, as plain numbers."""
    order = np.arange(min(SAMPLE, rows), dtype=np.int32)
    seen = jax.device_get(diagnose(network, loss)(params, state, x, y, order))
    found = jax.tree.map(float, seen)
    norms = found["gradient_norm"]  # what JAX returns is sorted by text
    return found | {
        "gradient_norm": {name: norms[name] for name in sorted(norms, key=network_order)}
    }


def _walk(network: Sequential, params: Any, state: Any, x: Any, seen: list) -> Any:
    """Propagate forward, and note the outputs of hidden layers with their activation's name."""
    for i, layer in enumerate(network.layers):
        name = place_key(i, layer)
        own, memory = params.get(name, {}), state.get(name, {})
        if isinstance(layer, Sequential):
            x = _walk(layer, own, memory, x, seen)
            continue
        x = layer.apply(own, memory, x, key=None, train=False)[0]
        activation = getattr(layer, "activation", None)
        if isinstance(activation, str) and isinstance(x, jax.Array):
            seen.append((activation, x))
    return x


def _at_an_end(name: str, outputs: jax.Array) -> jax.Array:
    low, high = ENDS[name]
    return ((outputs < low + 0.02) | (outputs > high - 0.02)).ravel()


def _norm(tree: Any) -> jax.Array:
    return jnp.sqrt(sum(jnp.sum(leaf * leaf) for leaf in jax.tree.leaves(tree)))


def _layers(params: Any) -> list[tuple[str, Any]]:
    """Return the layers of a network by their names, first to last; a lone layer is "layer"."""
    if all(isinstance(part, dict) for part in params.values()):
        return [(name, params[name]) for name in sorted(params, key=network_order)]
    return [("layer", params)]


def movement(before: Any, after: Any) -> dict[str, float]:
    """Return how far each layer's weights have moved, relative to their length before."""

    def length(tree: Any) -> float:
        return float(np.sqrt(sum(float(np.vdot(a, a)) for a in jax.tree.leaves(tree))))

    moved = jax.tree.map(np.subtract, after, before)
    ways, lengths = _layers(moved), _layers(before)
    return {
        name: length(way) / max(length(old), 1e-12)
        for (name, way), (_, old) in zip(ways, lengths, strict=True)
    }


def advice(history: Sequence[EpochRecord]) -> list[str]:
    """Return what may be wrong with a run that got stuck, in plain sentences; often none.

    A run is stuck where the training loss never fell by a twentieth of that of its first epoch,
    though it had three epochs or more.
    """
    if len(history) < 3 or min(record.loss for record in history) < STUCK * history[0].loss:
        return []
    seen = history[-1].diagnostics or {}
    sentences = []
    for name, share in seen.get("saturated", {}).items():
        if share >= 0.25:
            sentences.append(
                f"{share:.0%} of the outputs of the hidden {name} units are saturated: try relu, "
                "smaller initial weights, or a lower learning rate"
            )
    if seen.get("dead", 0) >= 0.4:
        sentences.append(
            f"{seen['dead']:.0%} of the hidden relu units are dead, 0 for every row: try a lower "
            "learning rate, or the activation gelu or elu"
        )
    norms = list(seen.get("gradient_norm", {}).values())
    if len(norms) > 1 and norms[-1] > 0 and norms[0] < 1e-4 * norms[-1]:
        sentences.append(
            f"the gradient of the first layer is {norms[-1] / max(norms[0], 1e-30):.0g} times "
            "smaller than that of the last: try fewer layers, relu, or normalisation"
        )
    moved = list(seen.get("movement", {}).values())
    if moved and max(moved) < 1e-4:
        sentences.append(
            f"the weights moved by {max(moved):.1g} of their length in the last epoch: try a "
            "higher learning rate"
        )
    elif moved and min(moved) > 1:
        sentences.append(
            "the weights move by more than their own length each epoch: try a lower learning rate"
        )
    return sentences
