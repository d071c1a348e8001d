"""Several members of one network in one layer: an ensemble that trains as one network."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import jax
import jax.numpy as jnp

from descend.errors import SpecError
from descend.layers.layer import Layer, Params, Shape, State
from descend.spec import check_integer, check_spec

__all__ = ["Members"]


@dataclass(frozen=True)
class Members(Layer):
    """y = [inner_1(x), inner_2(x), ...]: members that share their inputs and nothing else.

    Every leaf of ``params/inner`` and ``state/inner`` has an axis of members in front. Together
    with the loss `descend.losses.Ensemble` each member descends its own loss; one compiled program
    trains them all, and their predictions are averaged.

    Parameters
    ----------
    inner : Layer
        The network of one member; it must return vectors.
    count : int
        How many members, at least 2.

    Raises
    ------
    SpecError
        If the inner layer does not return vectors.

    References
    ----------
    Lakshminarayanan, Pritzel and Blundell (2017), Simple and scalable predictive uncertainty
    estimation using deep ensembles.

    Examples
    --------
    >>> from descend.layers import Dense
    >>> params, _, shape = Members(Dense(3), 4).init(jax.random.key(0), (5,))
    >>> params["inner"]["weight"].shape, shape
    ((4, 5, 3), (12,))
    """

    inner: Layer
    count: int

    def __post_init__(self) -> None:
        check_spec(self, "inner", Layer)
        check_integer(self, "count", at_least=2, at_most=1000)

    def init(self, key: jax.Array, input_shape: Shape) -> tuple[Params, State, tuple[int, ...]]:
        """Draw the parameters of every member, each with a key of its own."""
        shape: Any = None

        def one(own_key: jax.Array) -> tuple[Params, State]:
            nonlocal shape
            params, state, shape = self.inner.init(own_key, input_shape)
            return params, state

        params, state = jax.vmap(one)(jax.random.split(key, self.count))
        if not isinstance(shape, tuple) or len(shape) != 1:
            raise SpecError(f"Members: the inner layer must return vectors, but returns {shape}")
        return {"inner": params}, {"inner": state} if state else {}, (self.count * shape[0],)

    def apply(
        self, params: Params, state: State, x: Any, *, key: jax.Array | None, train: bool
    ) -> tuple[jax.Array, State]:
        """Return the members' outputs side by side, (batch, members * units)."""
        keys = jax.random.split(key, self.count) if key is not None and self.draws else None

        def one(params: Params, state: State, own: jax.Array | None) -> tuple[jax.Array, State]:
            return self.inner.apply(params, state, x, key=own, train=train)

        # Within a trace, vmap would hand NumPy's arrays to custom gradients, which refuse them.
        own, inner = jax.tree.map(jnp.asarray, (params["inner"], state.get("inner", {})))
        axes = (0, 0, None if keys is None else 0)
        y, after = jax.vmap(one, axes, (1, 0))(own, inner, keys)
        return y.reshape(y.shape[0], -1), {"inner": after} if inner else {}

    def adapt(
        self, key: jax.Array, params: Params, state: State, x: Any
    ) -> tuple[Params, State, Any]:
        """Adapt every member with a key of its own."""
        inner = state.get("inner", {})

        def one(key: jax.Array, params: Params, state: State) -> tuple[Params, State, Any]:
            return self.inner.adapt(key, params, state, x)

        keys = jax.random.split(key, self.count)
        own, own_state, y = jax.vmap(one, out_axes=(0, 0, 1))(keys, params["inner"], inner)
        return {"inner": own}, {"inner": own_state} if inner else {}, y.reshape(y.shape[0], -1)

    @property
    def adapts(self) -> bool:
        """Whether the inner layer does."""
        return self.inner.adapts

    @property
    def draws(self) -> bool:
        """Whether the inner layer draws."""
        return self.inner.draws

    @property
    def label(self) -> str:
        """How many members there are of what."""
        return f"{self.count} members of {self.inner.label}"
