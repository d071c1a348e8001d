"""Learning single rows through the compiled program, for every network and rule."""

from __future__ import annotations

import math
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from descend.layers import Layer
from descend.losses import Loss
from descend.optimizers import Optimizer
from descend.schedules import Constant
from descend.training.passes import forward
from descend.training.step import Carry, Settings, program

__all__ = ["CompiledRows"]

ORDER = np.zeros(1, np.int32)


class CompiledRows:
    """A network that takes one step of descent a row, whatever its layers and its rule.

    The same methods as `SingleRows`, which is quicker for the networks that it can do.

    Parameters
    ----------
    network : Layer
        That reads vectors.
    loss : Loss
    optimizer : Optimizer
    params : dict of arrays
        Where it starts.

    Attributes
    ----------
    step : int
        Rows learned.
    """

    def __init__(
        self, network: Layer, loss: Loss, optimizer: Optimizer, params: dict[str, Any]
    ) -> None:
        self._specs = network, loss, optimizer
        self.step = 0
        self._prepare()
        self._carry = self._program.start(params, {}, jax.random.key(0))

    def learn(self, x: np.ndarray, y: Any) -> float:
        """Take one step, and return the loss before it; not a number once it was not finite."""
        before = self._carry._replace(loss_sum=jnp.zeros_like(self._carry.loss_sum))
        self._carry = self._program.run(
            before, x[None], np.asarray(y)[None], None, ORDER, 1, 0, 1, self._settings
        )
        if self._carry.bad_step:
            return math.nan
        self.step += 1
        return float(self._carry.loss_sum)

    def raw(self, x: np.ndarray) -> np.ndarray:
        """Return the raw outputs for one row."""
        return np.asarray(self._forward(self._carry.params, {}, x[None]))[0]

    def take_over(self, smaller: CompiledRows) -> None:
        """Take over what a network with fewer inputs or outputs has learned, memory included."""

        def inside(new: jax.Array, old: jax.Array) -> jax.Array:
            if new.shape == old.shape:
                return old
            return new.at[tuple(slice(0, length) for length in old.shape)].set(old)

        self._carry = jax.tree.map(inside, self._carry, smaller._carry)
        self.step = smaller.step

    def _prepare(self) -> None:
        network, loss, optimizer = self._specs
        rule = optimizer.replace(learning_rate=1.0)  # so that all rates share a program
        self._program = program(network, loss, rule, Constant(), 1)
        self._forward = forward(network)
        self._settings = Settings(optimizer.learning_rate, 1, 0.0, 0.0)

    def __getstate__(self) -> dict[str, Any]:
        plain = self._carry._replace(key=jax.random.key_data(self._carry.key))
        held = jax.tree.map(np.asarray, tuple(plain))
        return {"_specs": self._specs, "step": self.step, "_carry": held}

    def __setstate__(self, kept: dict[str, Any]) -> None:
        self.__dict__.update(kept)
        self._prepare()
        carry = jax.tree.map(jnp.array, Carry(*kept["_carry"]))
        self._carry = carry._replace(key=jax.random.wrap_key_data(carry.key))
