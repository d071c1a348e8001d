"""Cells: one time step of a recurrent layer, and its local derivatives beside it.

A cell knows nothing of time, padding or direction; `Recurrent` does. Each cell is written forward
and backward by hand: `step` hands on what `back` needs (the gates), and the gradient of the
feedback weights is formed for all steps at once, by `feedback_gradient`.
"""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import dataclass
from typing import Any, ClassVar

import jax
import jax.numpy as jnp

from descend.initializers import Glorot, Initializer, Orthogonal
from descend.layers.layer import Params
from descend.spec import Spec, check_choice, check_integer, check_number, check_spec

__all__ = ["Cell", "Elman", "GRU", "LSTM", "MinimalGRU"]

Carry = tuple[jax.Array, ...]


class Cell(Spec):
    """One time step: (carry, drive) -> carry, where drive = x W + b and carry[0] is h.

    Every cell has ``units`` and the initialisers of W and U, and so many ``blocks`` of units side
    by side in its weighted sums.
    """

    blocks: ClassVar[int]
    units: int
    weight_initializer: Initializer
    feedback_initializer: Initializer

    def __post_init__(self) -> None:
        check_integer(self, "units", at_least=1)
        check_spec(self, "weight_initializer", Initializer)
        check_spec(self, "feedback_initializer", Initializer)

    def init(self, key: jax.Array, channels: int) -> Params:
        """Draw W (channels, blocks·units), U (units, blocks·units), block by block, and b."""
        keys = jax.random.split(key, 2 * self.blocks)
        n = self.units

        def joined(draw: Initializer, keys: jax.Array, rows: int) -> jax.Array:
            return jnp.concatenate([draw(k, (rows, n), rows, n) for k in keys], axis=1)

        return {
            "input": {"weight": joined(self.weight_initializer, keys[: self.blocks], channels)},
            "feedback": {"weight": joined(self.feedback_initializer, keys[self.blocks :], n)},
            "bias": jnp.zeros((self.blocks * n,), jnp.float32),
        }

    def start(self, batch: int, dtype: Any) -> Carry:
        """Return the carry before the first step: zeros."""
        return (jnp.zeros((batch, self.units), dtype),)

    @abstractmethod
    def step(self, feedback: Params, before: Carry, drive: jax.Array) -> tuple[Carry, Any]:
        """Return the next carry, and what `back` needs."""

    @abstractmethod
    def back(
        self, turned: Params, before: Carry, after: Carry, saved: Any, slope: Carry
    ) -> tuple[Carry, jax.Array]:
        """Return the loss's slopes by the carry before and by the drive.

        ``turned`` are the feedback parameters transposed, once for all steps.
        ``slope`` is the slope by the carry after; the result is linear in it.
        """

    def feedback_gradient(self, before: Carry, saved: Any, drive_slope: jax.Array) -> Params:
        """Return the gradient of the feedback parameters, from all steps (steps·batch, ...)."""
        return {"weight": before[0].T @ drive_slope}

    @property
    def label(self) -> str:
        """The cell and its units, as ``64 GRU``."""
        return f"{self.units} {type(self).__name__}"


def _sigmoid_slope(gate: jax.Array) -> jax.Array:
    return gate * (1 - gate)


@dataclass(frozen=True)
class Elman(Cell):
    """h' = f(x W + b + h U): the simple recurrent network.

    Parameters
    ----------
    units : int
    activation : "tanh" or "relu"
    weight_initializer, feedback_initializer : Initializer

    References
    ----------
    Elman (1990), Finding structure in time.
    """

    units: int
    activation: str = "tanh"
    weight_initializer: Initializer = Glorot()
    feedback_initializer: Initializer = Orthogonal()
    blocks: ClassVar[int] = 1

    def __post_init__(self) -> None:
        super().__post_init__()
        check_choice(self, "activation", ("tanh", "relu"))

    def step(self, feedback: Params, before: Carry, drive: jax.Array) -> tuple[Carry, Any]:
        """Return h'."""
        total = drive + before[0] @ feedback["weight"]
        return ((jnp.tanh(total) if self.activation == "tanh" else jax.nn.relu(total)),), ()

    def back(
        self, turned: Params, before: Carry, after: Carry, saved: Any, slope: Carry
    ) -> tuple[Carry, jax.Array]:
        """Return the slopes by h and by the drive."""
        local = 1 - after[0] ** 2 if self.activation == "tanh" else after[0] > 0
        drive = slope[0] * local
        return (drive @ turned["weight"],), drive


@dataclass(frozen=True)
class GRU(Cell):
    """h' = (1 - z) n + z h, with the reset gate r and the update gate z.

    Blocks r, z, n: r, z = σ(x W + b + h U), and

    - ``reset="after"``: n = tanh(x W_n + b_n + r (h U_n + c)), as cuDNN, PyTorch and Keras;
    - ``reset="before"``: n = tanh(x W_n + b_n + (r h) U_n), as first published.

    Parameters
    ----------
    units : int
    reset : "after" or "before"
    weight_initializer, feedback_initializer : Initializer

    References
    ----------
    Cho et al. (2014), Learning phrase representations using RNN encoder-decoder.
    """

    units: int
    reset: str = "after"
    weight_initializer: Initializer = Glorot()
    feedback_initializer: Initializer = Orthogonal()
    blocks: ClassVar[int] = 3

    def __post_init__(self) -> None:
        super().__post_init__()
        check_choice(self, "reset", ("after", "before"))

    def init(self, key: jax.Array, channels: int) -> Params:
        """Draw W and U; b and c start at 0."""
        params = super().init(key, channels)
        if self.reset == "after":
            params["feedback"]["bias"] = jnp.zeros((self.units,), jnp.float32)
        return params

    def step(self, feedback: Params, before: Carry, drive: jax.Array) -> tuple[Carry, Any]:
        """Return h', and the gates."""
        (h,), n, u = before, self.units, feedback["weight"]
        if self.reset == "after":
            total = h @ u
            gates = jax.nn.sigmoid(drive[:, : 2 * n] + total[:, : 2 * n])
            recalled = total[:, 2 * n :] + feedback["bias"]
            new = jnp.tanh(drive[:, 2 * n :] + gates[:, :n] * recalled)
        else:
            gates = jax.nn.sigmoid(drive[:, : 2 * n] + h @ u[:, : 2 * n])
            recalled = gates[:, :n] * h
            new = jnp.tanh(drive[:, 2 * n :] + recalled @ u[:, 2 * n :])
        z = gates[:, n:]
        return (new + z * (h - new),), (gates, new, recalled)

    def back(
        self, turned: Params, before: Carry, after: Carry, saved: Any, slope: Carry
    ) -> tuple[Carry, jax.Array]:
        """Return the slopes by h and by the drive."""
        (h,), (dh,), n, u = before, slope, self.units, turned["weight"]
        gates, new, recalled = saved
        r, z = gates[:, :n], gates[:, n:]
        d_new = dh * (1 - z) * (1 - new**2)
        d_z = dh * (h - new) * _sigmoid_slope(z)
        if self.reset == "after":
            d_r = d_new * recalled * _sigmoid_slope(r)
            by_h = jnp.concatenate([d_r, d_z, d_new * r], axis=1) @ u
        else:
            d_recalled = d_new @ u[2 * n :]
            d_r = d_recalled * h * _sigmoid_slope(r)
            by_h = d_recalled * r + jnp.concatenate([d_r, d_z], axis=1) @ u[: 2 * n]
        return (dh * z + by_h,), jnp.concatenate([d_r, d_z, d_new], axis=1)

    def feedback_gradient(self, before: Carry, saved: Any, drive_slope: jax.Array) -> Params:
        """Return the gradient of U, and of c where there is one."""
        (h,), (gates, _, recalled), n = before, saved, self.units
        if self.reset == "after":
            inner = drive_slope[:, 2 * n :] * gates[:, :n]
            slopes = jnp.concatenate([drive_slope[:, : 2 * n], inner], axis=1)
            return {"weight": h.T @ slopes, "bias": inner.sum(0)}
        both = (h.T @ drive_slope[:, : 2 * n], recalled.T @ drive_slope[:, 2 * n :])
        return {"weight": jnp.concatenate(both, axis=1)}


@dataclass(frozen=True)
class LSTM(Cell):
    """c' = f c + i g, h' = o tanh(c'): long short-term memory, without peepholes.

    Blocks i, f, g, o: i, f, o = σ(x W + b + h U), g = tanh(x W_g + b_g + h U_g).

    Parameters
    ----------
    units : int
    forget_bias : float
        Where the forget gate's b starts; 1 keeps memories at first.
    weight_initializer, feedback_initializer : Initializer

    References
    ----------
    Hochreiter and Schmidhuber (1997), Long short-term memory; Gers, Schmidhuber and Cummins (2000)
    for the forget gate; Jozefowicz, Zaremba and Sutskever (2015) for its bias.
    """

    units: int
    forget_bias: float = 1.0
    weight_initializer: Initializer = Glorot()
    feedback_initializer: Initializer = Orthogonal()
    blocks: ClassVar[int] = 4

    def __post_init__(self) -> None:
        super().__post_init__()
        check_number(self, "forget_bias")

    def init(self, key: jax.Array, channels: int) -> Params:
        """Draw W and U; b starts at 0, the forget gate's at ``forget_bias``."""
        params = super().init(key, channels)
        forget = slice(self.units, 2 * self.units)
        params["bias"] = params["bias"].at[forget].set(self.forget_bias)
        return params

    def start(self, batch: int, dtype: Any) -> Carry:
        """Return zeros for h and c."""
        zeros = jnp.zeros((batch, self.units), dtype)
        return zeros, zeros

    def step(self, feedback: Params, before: Carry, drive: jax.Array) -> tuple[Carry, Any]:
        """Return h' and c', and the gates."""
        (h, c), n = before, self.units
        total = drive + h @ feedback["weight"]
        open_ = jax.nn.sigmoid(total[:, : 2 * n])
        g = jnp.tanh(total[:, 2 * n : 3 * n])
        o = jax.nn.sigmoid(total[:, 3 * n :])
        c = open_[:, n:] * c + open_[:, :n] * g
        return (o * jnp.tanh(c), c), (open_, g, o)

    def back(
        self, turned: Params, before: Carry, after: Carry, saved: Any, slope: Carry
    ) -> tuple[Carry, jax.Array]:
        """Return the slopes by h and c and by the drive."""
        (open_, g, o), (dh, dc), n = saved, slope, self.units
        i, f = open_[:, :n], open_[:, n:]
        bent = jnp.tanh(after[1])
        dc = dc + dh * o * (1 - bent**2)
        d_i, d_f = dc * g * _sigmoid_slope(i), dc * before[1] * _sigmoid_slope(f)
        d_g, d_o = dc * i * (1 - g**2), dh * bent * _sigmoid_slope(o)
        drive = jnp.concatenate([d_i, d_f, d_g, d_o], axis=1)
        return (drive @ turned["weight"], dc * f), drive


@dataclass(frozen=True)
class MinimalGRU(Cell):
    """h' = (1 - f) h + f n: one gate, f = σ(x W + b + h U), n = tanh(x W_n + b_n + (f h) U_n).

    Parameters
    ----------
    units : int
    weight_initializer, feedback_initializer : Initializer

    References
    ----------
    Zhou, Wu, Zhang and Zhou (2016), Minimal gated unit for recurrent neural networks.
    """

    units: int
    weight_initializer: Initializer = Glorot()
    feedback_initializer: Initializer = Orthogonal()
    blocks: ClassVar[int] = 2

    def step(self, feedback: Params, before: Carry, drive: jax.Array) -> tuple[Carry, Any]:
        """Return h', and the gate."""
        (h,), n, u = before, self.units, feedback["weight"]
        f = jax.nn.sigmoid(drive[:, :n] + h @ u[:, :n])
        new = jnp.tanh(drive[:, n:] + (f * h) @ u[:, n:])
        return (h + f * (new - h),), (f, new)

    def back(
        self, turned: Params, before: Carry, after: Carry, saved: Any, slope: Carry
    ) -> tuple[Carry, jax.Array]:
        """Return the slopes by h and by the drive."""
        (h,), (dh,), (f, new), n = before, slope, saved, self.units
        u = turned["weight"]
        d_new = dh * f * (1 - new**2)
        d_recalled = d_new @ u[n:]
        d_f = (dh * (new - h) + d_recalled * h) * _sigmoid_slope(f)
        by_h = dh * (1 - f) + d_recalled * f + d_f @ u[:n]
        return (by_h,), jnp.concatenate([d_f, d_new], axis=1)

    def feedback_gradient(self, before: Carry, saved: Any, drive_slope: jax.Array) -> Params:
        """Return the gradient of U."""
        (h,), (f, _), n = before, saved, self.units
        both = (h.T @ drive_slope[:, :n], (f * h).T @ drive_slope[:, n:])
        return {"weight": jnp.concatenate(both, axis=1)}
