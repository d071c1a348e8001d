"""One layer, applied to every step of a sequence."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import jax
import jax.numpy as jnp

from descend.errors import SpecError
from descend.layers.layer import Layer, Params, Shape, State
from descend.layers.sequence import like_shape, masked, parts, real, rejoined, sequence_shape
from descend.spec import check_spec

__all__ = ["EachStep"]


@dataclass(frozen=True)
class EachStep(Layer):
    """y_t = f(x_t): the same layer, with the same weights, at every step on its own.

    ``EachStep(Dense(30))`` turns (time, channels) into (time, 30). f must not mix rows: statistics
    over the batch, as batch normalisation takes them, would see the padding.

    Parameters
    ----------
    inner : Layer
        f, from a vector to a vector.

    Raises
    ------
    SpecError
        If f keeps a state, or the input is not a sequence.

    Examples
    --------
    >>> from descend.layers import Dense
    >>> EachStep(Dense(30, "relu")).init(jax.random.key(0), (20, 8))[2]
    (20, 30)
    """

    inner: Layer

    def __post_init__(self) -> None:
        check_spec(self, "inner", Layer)

    def init(self, key: jax.Array, input_shape: Shape) -> tuple[Params, State, Any]:
        """Draw the parameters of f."""
        time, channels = sequence_shape(self, input_shape)
        params, state, shape = self.inner.init(key, (channels,))
        if state:
            raise SpecError(
                f"EachStep: {type(self.inner).__name__} keeps statistics of its batch, which would "
                "see the padding of sequences; take LayerNormalization"
            )
        return {"inner": params} if params else {}, {}, like_shape(input_shape, (time, *shape))

    def apply(
        self, params: Params, state: State, x: Any, *, key: jax.Array | None, train: bool
    ) -> tuple[Any, State]:
        """Return the outputs at every step."""
        values, length = parts(x)
        flat = masked(values, length).reshape(-1, values.shape[-1])
        y, _ = self.inner.apply(params.get("inner", {}), {}, flat, key=key, train=train)
        return rejoined(x, y.reshape(*values.shape[:2], *y.shape[1:])), state

    def adapt(
        self, key: jax.Array, params: Params, state: State, x: Any
    ) -> tuple[Params, State, Any]:
        """Adapt f to the real steps of all sequences."""
        values, length = parts(x)
        flat = masked(values, length).reshape(-1, values.shape[-1])
        keep = real(values, length).ravel()
        # Real steps, over and over, take the place of padding: the number of rows stays.
        rows = jnp.argsort(~keep)[jnp.arange(len(flat)) % jnp.maximum(jnp.sum(keep), 1)]
        inner, _, _ = self.inner.adapt(key, params.get("inner", {}), {}, flat[rows])
        params = {"inner": inner} if inner else {}
        return params, state, self.apply(params, state, x, key=None, train=False)[0]

    @property
    def adapts(self) -> bool:
        """Whether f does."""
        return self.inner.adapts

    @property
    def draws(self) -> bool:
        """Whether f draws."""
        return self.inner.draws

    @property
    def label(self) -> str:
        """What f is called."""
        return self.inner.label
