"""Recurrent layers: a cell, carried along a sequence.

Only this file knows time. The weighted sums of all inputs are one product before the loop; the
backward pass is written by hand, keeps the gates instead of computing them again, and forms the
gradients of all weights by one product after its loop.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
from jax import lax

from descend.errors import SpecError, UsageError
from descend.layers.cells import Cell
from descend.layers.dropout import Dropout
from descend.layers.layer import Layer, Params, Shape, State
from descend.layers.product import product
from descend.layers.sequence import like_shape, masked, parts, rejoined, sequence_shape
from descend.spec import check_choice, check_integer, check_number, check_spec

__all__ = ["Recurrent"]


def _kept(length: jax.Array | None, t: jax.Array, new: Any, old: Any) -> Any:
    """Return the new arrays (batch, ...) where step t is real, and the old ones where not."""
    if length is None:
        return new
    keep = (t < length)[:, None]
    return jax.tree.map(lambda a, b: jnp.where(keep, a, b), new, old)


def _scan(
    cell: Cell, backwards: bool, feedback: Params, start: Any, drives: jax.Array, length: Any
) -> tuple[Any, Any, Any]:
    """Return the last carry, and all carries and what `Cell.back` needs, (time, batch, ...)."""

    def step(before: Any, now: Any) -> tuple[Any, Any]:
        t, drive = now
        after, saved = cell.step(feedback, before, drive)
        after = _kept(length, t, after, before)
        return after, (after, saved)

    times = jnp.arange(len(drives))
    last, (carries, saved) = lax.scan(step, start, (times, drives), reverse=backwards)
    return last, carries, saved


@partial(jax.custom_vjp, nondiff_argnums=(0, 1))
def _run(
    cell: Cell, backwards: bool, feedback: Params, start: Any, drives: jax.Array, length: Any
) -> tuple[Any, jax.Array]:
    """Return the last carry and h after every step, (time, batch, units)."""
    last, carries, _ = _scan(cell, backwards, feedback, start, drives, length)
    return last, carries[0]


def _run_forward(
    cell: Cell, backwards: bool, feedback: Params, start: Any, drives: jax.Array, length: Any
) -> tuple[Any, Any]:
    last, carries, saved = _scan(cell, backwards, feedback, start, drives, length)
    return (last, carries[0]), (feedback, start, carries, saved, length)


def _run_backward(cell: Cell, backwards: bool, kept: Any, slopes: Any) -> Any:
    feedback, start, carries, saved, length = kept
    last_slope, h_slopes = slopes

    def shifted(first: jax.Array, after: jax.Array) -> jax.Array:
        """Return the carries before every step."""
        if backwards:
            return jnp.concatenate([after[1:], first[None]])
        return jnp.concatenate([first[None], after[:-1]])

    befores = jax.tree.map(shifted, start, carries)
    turned = jax.tree.map(jnp.transpose, feedback)

    def step(slope: Any, now: Any) -> tuple[Any, jax.Array]:
        t, before, after, saved, by_h = now
        slope = (slope[0] + by_h, *slope[1:])
        nothing = jax.tree.map(jnp.zeros_like, slope)
        inner = _kept(length, t, slope, nothing)
        passed = _kept(length, t, nothing, slope)
        earlier, by_drive = cell.back(turned, before, after, saved, inner)
        if length is not None:
            earlier = jax.tree.map(jnp.add, earlier, passed)
        return earlier, by_drive

    times = jnp.arange(len(h_slopes))
    first_slope, drive_slopes = lax.scan(
        step, last_slope, (times, befores, carries, saved, h_slopes), reverse=not backwards
    )

    def flat(tree: Any) -> Any:
        return jax.tree.map(lambda a: a.reshape(-1, a.shape[-1]), tree)

    gradient = cell.feedback_gradient(flat(befores), flat(saved), flat(drive_slopes))
    return gradient, first_slope, drive_slopes, None


_run.defvjp(_run_forward, _run_backward)


@dataclass(frozen=True)
class Recurrent(Layer):
    """h_t = cell(h_{t-1}, x_t), along a sequence (time, channels), from h = 0.

    Parameters
    ----------
    cell : Cell
        `Elman`, `GRU`, `LSTM` or `MinimalGRU`.
    depth : int
        Layers one on another, all of this cell; each reads the sequence that the one below gives.
    bidirectional : bool
        Run a second set of weights from the end to the start, and join both: 2·units outputs.
    return_sequences : bool
        Give h after every step, (time, units), instead of after the last real one, (units,). The
        last of the backward direction is its h after the first element.
    dropout : float
        Share of the outputs dropped between the layers.
    lanes : int
        When above 0, training carries h from one batch to the next (truncated back-propagation
        through time): batches have just so many rows, and row i of each goes on where row i of the
        one before ended. The h carried stands in ``state``; nothing is carried otherwise.
    always : bool
        Carry in use as in training: a text is then read, and written, piece by piece.

    Raises
    ------
    SpecError
        If the input is not a sequence, or ``lanes`` is asked for with ``bidirectional``.

    Notes
    -----
    ``params`` has an entry for each layer and direction, ``0_forward``, ``0_backward``,
    ``1_forward``, ..., with ``input/weight``, ``feedback/weight`` and ``bias``.

    Examples
    --------
    >>> from descend.layers import GRU
    >>> layer = Recurrent(GRU(8), bidirectional=True)
    >>> params, state, shape = layer.init(jax.random.key(0), {"values": (20, 3), "length": ()})
    >>> list(params), shape
    (['0_backward', '0_forward'], (16,))
    """

    cell: Cell
    depth: int = 1
    bidirectional: bool = False
    return_sequences: bool = False
    dropout: float = 0.0
    lanes: int = 0
    always: bool = False

    def __post_init__(self) -> None:
        check_spec(self, "cell", Cell)
        check_integer(self, "depth", at_least=1)
        check_choice(self, "bidirectional", (True, False))
        check_choice(self, "return_sequences", (True, False))
        check_number(self, "dropout", at_least=0, below=1)
        check_integer(self, "lanes", at_least=0)
        check_choice(self, "always", (True, False))
        if self.lanes and self.bidirectional:
            raise SpecError(
                "Recurrent: what comes later cannot be carried backwards, so lanes and "
                "bidirectional exclude one another"
            )

    @property
    def _directions(self) -> tuple[str, ...]:
        return ("forward", "backward") if self.bidirectional else ("forward",)

    def init(self, key: jax.Array, input_shape: Shape) -> tuple[Params, State, Any]:
        """Draw the parameters of every layer and direction."""
        time, channels = sequence_shape(self, input_shape)
        width = self.cell.units * len(self._directions)
        names = [f"{i}_{way}" for i in range(self.depth) for way in self._directions]
        params = {
            name: self.cell.init(k, width if int(name.split("_")[0]) else channels)
            for name, k in zip(names, jax.random.split(key, len(names)), strict=True)
        }
        state: State = {}
        if self.lanes:
            carry = self.cell.start(self.lanes, jnp.float32)
            state = {name: {f"carry_{i}": part for i, part in enumerate(carry)} for name in names}
        shape = like_shape(input_shape, (time, width)) if self.return_sequences else (width,)
        return dict(sorted(params.items())), state, shape

    def apply(
        self, params: Params, state: State, x: Any, *, key: jax.Array | None, train: bool
    ) -> tuple[Any, State]:
        """Return h after the last step, or after every step."""
        values, length = parts(x)
        inner = jnp.swapaxes(masked(values, length), 0, 1)  # (time, batch, channels)
        carried = bool(self.lanes) and (train or self.always)
        if carried and len(values) != self.lanes:
            raise UsageError(
                f"Recurrent carries {self.lanes} lanes, but the batch has {len(values)} rows"
            )
        after: State = dict(state)
        run: Any = _run
        lasts: list[jax.Array] = []
        for i in range(self.depth):
            if i and train and self.dropout:
                own = None if key is None else jax.random.fold_in(key, i)
                inner, _ = Dropout(self.dropout).apply({}, {}, inner, key=own, train=True)
            outputs, lasts = [], []
            for way in self._directions:
                name = f"{i}_{way}"
                own = params[name]
                drives = product(inner, own["input"]["weight"]) + own["bias"]
                start = self.cell.start(drives.shape[1], drives.dtype)
                if carried:
                    start = tuple(state[name][f"carry_{k}"] for k in range(len(start)))
                last, h = run(self.cell, way == "backward", own["feedback"], start, drives, length)
                if carried:
                    after[name] = {
                        f"carry_{k}": lax.stop_gradient(part) for k, part in enumerate(last)
                    }
                outputs.append(h)
                lasts.append(last[0])
            inner = outputs[0] if len(outputs) == 1 else jnp.concatenate(outputs, axis=-1)
        if not self.return_sequences:
            return (lasts[0] if len(lasts) == 1 else jnp.concatenate(lasts, axis=-1)), after
        return rejoined(x, jnp.swapaxes(inner, 0, 1)), after

    @property
    def draws(self) -> bool:
        """Whether anything is dropped between layers."""
        return self.dropout > 0 and self.depth > 1

    @property
    def label(self) -> str:
        """The cell, its units, how many layers, and whether both ways."""
        ways = " both ways" if self.bidirectional else ""
        depth = f" x {self.depth}" if self.depth > 1 else ""
        return f"{self.cell.label}{depth}{ways}"
