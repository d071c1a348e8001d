"""Continuous-time recurrent networks: units that follow a differential equation."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import jax
import jax.numpy as jnp
from jax import lax

from descend import activations
from descend.errors import SpecError
from descend.initializers import Glorot, Initializer, Zeros
from descend.layers.layer import Layer, Params, Shape, State
from descend.layers.product import product
from descend.spec import check_choice, check_integer, check_number, check_spec

__all__ = ["ContinuousTime"]


@dataclass(frozen=True)
class ContinuousTime(Layer):
    """τ_i dh_i/dt = −h_i + Σ_j f(h_j + θ_j) W_ji + (x(t) U)_i, over a sequence.

    Each input is held for one unit of time. τ_i = time_constant · exp(log_time_i) is learned.

    Parameters
    ----------
    units : int
    activation : str
        Name of f.
    method : "euler", "midpoint" or "adaptive"
        *euler*, *midpoint*: ``substeps`` equal steps an input. *adaptive*: Heun's method with
        Euler's as its error estimate; a step is repeated, shorter, while the estimate exceeds
        ``tolerance``, within ``substeps`` attempts an input; what is left of the interval after
        that is covered by one last step.
    substeps : int
        Euler's steps should stay below a fifth of the smallest τ.
    time_constant : float
        First τ, in inputs.
    tolerance : float
        Of the adaptive method, for one step, per unit.
    return_sequences : bool
        Whether the output is h after every input (time, units), or after the last (units,).
    weight_initializer, bias_initializer : Initializer

    References
    ----------
    Beer (1995), On the dynamics of small continuous-time recurrent neural networks.

    Examples
    --------
    >>> ContinuousTime(8, method="midpoint")
    ContinuousTime(units=8, activation='tanh', method='midpoint', ...)
    """

    units: int
    activation: str = "tanh"
    method: str = "euler"
    substeps: int = 5
    time_constant: float = 2.0
    tolerance: float = 1e-3
    return_sequences: bool = False
    weight_initializer: Initializer = Glorot()
    bias_initializer: Initializer = Zeros()

    def __post_init__(self) -> None:
        check_integer(self, "units", at_least=1)
        check_choice(self, "activation", activations.__all__)
        check_choice(self, "method", ("euler", "midpoint", "adaptive"))
        check_integer(self, "substeps", at_least=1)
        check_number(self, "time_constant", above=0)
        check_number(self, "tolerance", above=0)
        check_choice(self, "return_sequences", (True, False))
        check_spec(self, "weight_initializer", Initializer)
        check_spec(self, "bias_initializer", Initializer)

    def init(self, key: jax.Array, input_shape: Shape) -> tuple[Params, State, tuple[int, ...]]:
        """Draw U, W and θ; log_time starts at 0."""
        if not isinstance(input_shape, tuple) or len(input_shape) != 2:
            raise SpecError(
                "ContinuousTime takes sequences, input shape (time, channels), but got "
                f"{input_shape}"
            )
        time, channels = input_shape
        keys = jax.random.split(key, 3)
        fans, square = (channels, self.units), (self.units, self.units)
        params = {
            "input": {"weight": self.weight_initializer(keys[0], fans, *fans)},
            "feedback": {"weight": self.weight_initializer(keys[1], square, *square)},
            "bias": self.bias_initializer(keys[2], (self.units,), *square),
            "log_time": jnp.zeros((self.units,), jnp.float32),
        }
        shape = (time, self.units) if self.return_sequences else (self.units,)
        return params, {}, shape

    def apply(
        self, params: Params, state: State, x: jax.Array, *, key: jax.Array | None, train: bool
    ) -> tuple[jax.Array, State]:
        """Return h, (batch, units) or (batch, time, units)."""
        drives = jnp.swapaxes(product(x, params["input"]["weight"]), 0, 1)  # all in one product
        rate = jnp.exp(-params["log_time"]) / self.time_constant
        f = getattr(activations, self.activation)

        def slope(h: jax.Array, drive: jax.Array) -> jax.Array:
            return rate * (f(h + params["bias"]) @ params["feedback"]["weight"] + drive - h)

        advance = self._adaptive if self.method == "adaptive" else self._fixed

        def interval(h: jax.Array, drive: jax.Array) -> tuple[jax.Array, jax.Array | None]:
            h = advance(slope, h, drive)
            return h, h if self.return_sequences else None

        last, all_of_them = lax.scan(interval, jnp.zeros_like(drives[0]), drives)
        return (last if all_of_them is None else jnp.swapaxes(all_of_them, 0, 1)), state

    def _fixed(self, slope: Any, h: jax.Array, drive: jax.Array) -> jax.Array:
        dt = 1.0 / self.substeps

        def step(h: jax.Array, _: Any) -> tuple[jax.Array, None]:
            middle = h
            if self.method == "midpoint":
                middle = h + 0.5 * dt * slope(h, drive)
            return h + dt * slope(middle, drive), None

        return lax.scan(step, h, None, self.substeps)[0]

    def _adaptive(self, slope: Any, h: jax.Array, drive: jax.Array) -> jax.Array:
        """Attempts are a scan of fixed length, so that gradients flow backwards through them."""
        ones = jnp.ones((h.shape[0], 1), h.dtype)

        def attempt(carry: Any, _: Any) -> tuple[Any, None]:
            h, left, dt = carry
            dt = jnp.minimum(dt, left)
            first = slope(h, drive)
            second = slope(h + dt * first, drive)
            better = h + 0.5 * dt * (first + second)
            square = jnp.mean((0.5 * dt * (second - first)) ** 2, axis=1, keepdims=True)
            # The estimate is kept off 0, where the root below has no slope.
            error = jnp.sqrt(jnp.maximum(square, (1e-3 * self.tolerance) ** 2))
            taken = error <= self.tolerance
            h = jnp.where(taken, better, h)
            left = jnp.where(taken, left - dt, left)
            factor = jnp.clip(0.9 * jnp.sqrt(self.tolerance / error), 0.2, 4.0)
            return (h, left, jnp.where(left > 0, dt * factor, dt)), None

        carry = (h, ones, ones / self.substeps)
        (h, left, _), _ = lax.scan(attempt, carry, None, self.substeps)
        first = slope(h, drive)
        return h + 0.5 * left * (first + slope(h + left * first, drive))
