"""Two looks at a picture: as it is, and in the mirror."""

from __future__ import annotations

from dataclasses import dataclass

import jax

from descend.layers.layer import Layer, Params, Shape, State, array_shape
from descend.spec import check_spec

__all__ = ["MirrorAverage"]


@dataclass(frozen=True)
class MirrorAverage(Layer):
    """y = (f(x) + f(x mirrored left to right)) / 2 in prediction; f(x) in training.

    Where pictures and their mirror images mean the same, the mean of both answers is better than
    either, for twice the work.

    Parameters
    ----------
    inner : Layer
        f, from pictures to anything. Its parameters and state are those of this layer.

    Examples
    --------
    >>> from descend.layers import Flatten
    >>> import jax.numpy as jnp
    >>> x = jnp.array([[[[1.0], [3.0]]]])
    >>> MirrorAverage(Flatten()).apply({}, {}, x, key=None, train=False)[0].tolist()
    [[2.0, 2.0]]
    """

    inner: Layer

    def __post_init__(self) -> None:
        check_spec(self, "inner", Layer)

    def init(self, key: jax.Array, input_shape: Shape) -> tuple[Params, State, tuple[int, ...]]:
        """Draw the parameters of f."""
        return self.inner.init(key, array_shape(self, input_shape))

    def apply(
        self, params: Params, state: State, x: jax.Array, *, key: jax.Array | None, train: bool
    ) -> tuple[jax.Array, State]:
        """Return f(x) in training, the mean of both looks otherwise."""
        if train:
            return self.inner.apply(params, state, x, key=key, train=True)
        one, _ = self.inner.apply(params, state, x, key=None, train=False)
        other, _ = self.inner.apply(params, state, x[:, :, ::-1], key=None, train=False)
        return (one + other) / 2, state

    def adapt(
        self, key: jax.Array, params: Params, state: State, x: jax.Array
    ) -> tuple[Params, State, jax.Array]:
        """Adapt f to the pictures as they are, which is how training shows them."""
        params, state, _ = self.inner.adapt(key, params, state, x)
        return params, state, self.apply(params, state, x, key=None, train=False)[0]

    @property
    def adapts(self) -> bool:
        """Whether f does."""
        return self.inner.adapts

    @property
    def draws(self) -> bool:
        """Whether f draws."""
        return self.inner.draws
