"""The compiled programs that read a running text, and write it on.

Their networks carry what they remember in their state (`Recurrent` with ``always``), so that a text
of any length is read window after window, and written token after token.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import lru_cache
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from descend.layers import Layer
from descend.losses import Stepwise

__all__ = ["Draw", "start_state", "text_nats", "written_codes"]

WINDOW = 128
"""Tokens read by one call."""

WRITTEN = 16
"""Tokens written by one call: few, so that they can be shown as they come."""

LANES = 16
"""Parts of a text that are scored side by side."""

CONTEXT = 512
"""Tokens that each part but the first has behind it before it is scored."""


class Draw(NamedTuple):
    """How tokens are drawn from probabilities p.

    Attributes
    ----------
    temperature : float
        p becomes p^(1/temperature), normalised: below 1 the likely becomes likelier; at 0 the
        likeliest is taken.
    top_k : int
        Only so many of the likeliest tokens may come; 0 for all.
    top_p : float
        Only the likeliest tokens that have this probability together may come; 1 for all.
    """

    temperature: float = 1.0
    top_k: int = 0
    top_p: float = 1.0


def start_state(network: Layer) -> Any:
    """Return what a network that carries remembers before its first token: zeros."""
    shapes = jax.eval_shape(lambda key: network.init(key, (1,))[1], jax.random.key(0))
    return jax.tree.map(lambda leaf: jnp.zeros(leaf.shape, leaf.dtype), shapes)


@lru_cache(maxsize=16)
def _scorer(network: Layer, loss: Stepwise) -> Callable[..., Any]:
    """Return the compiled (params, state, codes, next codes, weights) -> (state, sum of losses)."""

    @jax.jit
    def score(params: Any, state: Any, x: Any, y: Any, weights: Any) -> Any:
        raw, state = network.apply(params, state, x, key=None, train=False)
        each = loss.loss(raw.reshape(-1, raw.shape[-1]), y.reshape(-1))
        return state, jnp.sum(each * weights.reshape(-1))

    return score


@lru_cache(maxsize=16)
def _reader(network: Layer) -> Callable[..., Any]:
    """Return the compiled (params, state, codes and their length) -> state."""

    @jax.jit
    def read(params: Any, state: Any, x: Any) -> Any:
        return network.apply(params, state, x, key=None, train=False)[1]

    return read


@lru_cache(maxsize=16)
def _writer(network: Layer, banned: int | None) -> Callable[..., Any]:
    """Return the compiled (params, state, last code, key, first, draw) -> (state, last, codes)."""

    @jax.jit
    def write(params: Any, state: Any, last: Any, key: Any, first: Any, draw: Draw) -> Any:
        def one(held: tuple[Any, Any], place: Any) -> tuple[tuple[Any, Any], Any]:
            state, last = held
            raw, state = network.apply(params, state, last[None, None], key=None, train=False)
            logits = raw[0, -1]
            if banned is not None:
                logits = logits.at[banned].set(-jnp.inf)
            code = _drawn(logits, jax.random.fold_in(key, place), draw)
            return (state, code), code

        (state, last), codes = jax.lax.scan(one, (state, last), first + jnp.arange(WRITTEN))
        return state, last, codes

    return write


def _drawn(logits: jax.Array, key: jax.Array, draw: Draw) -> jax.Array:
    """Return one code, drawn as asked."""
    likeliest = jnp.argmax(logits).astype(jnp.int32)
    logits = logits / jnp.maximum(draw.temperature, 1e-6)
    ordered = jnp.sort(logits)[::-1]
    most = len(logits) - 1
    kth = ordered[jnp.where(draw.top_k > 0, jnp.clip(draw.top_k - 1, 0, most), most)]
    ordered = jnp.where(ordered < kth, -jnp.inf, ordered)
    p = jax.nn.softmax(ordered)
    inside = jnp.cumsum(p) - p < draw.top_p  # those before it do not yet have enough
    lowest = jnp.min(jnp.where(inside & (ordered > -jnp.inf), ordered, jnp.inf))
    drawn = jax.random.categorical(key, jnp.where(logits < lowest, -jnp.inf, logits))
    return jnp.where(draw.temperature > 0, drawn.astype(jnp.int32), likeliest)


def text_nats(network: Layer, loss: Stepwise, params: Any, codes: np.ndarray, first: int) -> float:
    """Return the sum of the losses of the tokens of a text from ``first`` on.

    Parts of the text are read side by side, each with at least `CONTEXT` tokens behind it, or all
    from the start of the text where there are fewer.

    Parameters
    ----------
    network : Layer
        With `LANES` lanes.
    codes : int array
    first : int
        At least 1: before it there must be a token to foresee from.
    """
    foreseen = len(codes) - first
    each = -(-foreseen // LANES)
    windows = -(-(each + CONTEXT) // WINDOW)
    length = windows * WINDOW
    score, state = _scorer(network, loss), start_state(network)
    ends = np.minimum(first + each * np.arange(1, LANES + 1), len(codes))
    starts = np.minimum(first + each * np.arange(LANES), len(codes))
    # Of the tokens to foresee. A part near the start of the text is read from there, past its end.
    places = np.maximum(ends - length, 1)[:, None] + np.arange(length)
    inside = (places >= starts[:, None]) & (places < ends[:, None])
    weights, places = inside.astype(np.float32), np.minimum(places, len(codes) - 1)
    x, y = codes[places - 1], codes[places]
    total = 0.0
    for i in range(0, length, WINDOW):
        part = slice(i, i + WINDOW)
        state, nats = score(params, state, x[:, part], y[:, part], weights[:, part])
        total += float(nats)
    return total


def written_codes(
    network: Layer,
    params: Any,
    prompt: np.ndarray,
    seed: int,
    draw: Draw,
    banned: int | None = None,
) -> Iterator[int]:
    """Read a prompt, and yield the codes that the network writes after it, without end.

    Parameters
    ----------
    network : Layer
        With 1 lane.
    prompt : int array, at least one code
    seed : int
        The same seed gives the same codes, however many are taken.
    draw : Draw
    banned : int, optional
        A code that never comes.
    """
    read, state = _reader(network), start_state(network)
    before, last = prompt[:-1], jnp.asarray(prompt[-1], jnp.int32)
    for i in range(0, len(before), WINDOW):
        part = before[i : i + WINDOW]
        values = np.zeros((1, WINDOW), np.int32)
        values[0, : len(part)] = part
        length = np.array([len(part)], np.int32)
        state = read(params, state, {"values": values, "length": length})
    write, key, first = _writer(network, banned), jax.random.key(seed), 0
    while True:
        state, last, codes = write(params, state, last, key, first, draw)
        yield from np.asarray(codes).tolist()
        first += WRITTEN
