"""Layers that scale each feature by itself: learned, or fitted once on the training rows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import jax
import jax.numpy as jnp

from descend.layers.layer import Layer, Params, Shape, State, vector_length
from descend.spec import check_number

__all__ = ["RobustScaling", "Scaling"]

FARTHEST = 1e15
"""Beyond it a scaled number is as good as at the limit, and its square would overflow float32."""


@dataclass(frozen=True)
class Scaling(Layer):
    """y_j = x_j scale_j, with scale 1 at the start: a soft choice of inputs.

    Under weight decay the scales of inputs that do not help shrink towards 0.

    References
    ----------
    Holzmüller, Grinsztajn and Steinwart (2024), Better by default: strong pre-tuned MLPs and
    boosted trees on tabular data.

    Examples
    --------
    >>> params, _, shape = Scaling().init(jax.random.key(0), (3,))
    >>> params["scale"].tolist(), shape
    ([1.0, 1.0, 1.0], (3,))
    """

    def init(self, key: jax.Array, input_shape: Shape) -> tuple[Params, State, tuple[int, ...]]:
        """Return ones."""
        features = vector_length(self, input_shape)
        return {"scale": jnp.ones(features, jnp.float32)}, {}, (features,)

    def apply(
        self, params: Params, state: State, x: jax.Array, *, key: jax.Array | None, train: bool
    ) -> tuple[jax.Array, State]:
        """Return y, same shape."""
        return x * params["scale"], state


@dataclass(frozen=True)
class RobustScaling(Layer):
    """y = z / sqrt(1 + (z / limit)²), z_j = (x_j - center_j) factor_j: no input beyond ±limit.

    `adapt` sets center to the median and factor to 1 / (upper quartile - lower quartile) of the
    training rows; where the quartiles are equal to 2 / (maximum - minimum), and for constants to
    0. Before that they are 0 and 1. Nothing is learned.

    Parameters
    ----------
    limit : float
        Above 0.

    References
    ----------
    Holzmüller, Grinsztajn and Steinwart (2024), as for `Scaling`: "robust scale, smooth clip".

    Examples
    --------
    >>> layer = RobustScaling()
    >>> x = jnp.array([[0.0], [1.0], [2.0], [3.0], [400.0]])
    >>> _, state, y = layer.adapt(jax.random.key(0), {}, layer.init(jax.random.key(0), (1,))[1], x)
    >>> print(state["center"], state["factor"], [f"{v:.2f}" for v in y.ravel()])
    [2.] [0.5] ['-0.95', '-0.49', '0.00', '0.49', '3.00']
    """

    limit: float = 3.0

    def __post_init__(self) -> None:
        check_number(self, "limit", above=0)

    def init(self, key: jax.Array, input_shape: Shape) -> tuple[Params, State, tuple[int, ...]]:
        """Return a state that scales nothing."""
        features = vector_length(self, input_shape)
        state = {
            "center": jnp.zeros(features, jnp.float32),
            "factor": jnp.ones(features, jnp.float32),
        }
        return {}, state, (features,)

    def apply(
        self, params: Params, state: State, x: jax.Array, *, key: jax.Array | None, train: bool
    ) -> tuple[jax.Array, State]:
        """Return y, same shape."""
        z = jnp.clip((x - state["center"]) * state["factor"], -FARTHEST, FARTHEST)
        return z * jax.lax.rsqrt(1 + jnp.square(z / self.limit)), state

    def adapt(
        self, key: jax.Array, params: Params, state: State, x: Any
    ) -> tuple[Params, State, Any]:
        """Fit center and factor."""
        lower, center, upper = jnp.quantile(x, jnp.array([0.25, 0.5, 0.75]), axis=0)
        quartile, span = upper - lower, 0.5 * (jnp.max(x, axis=0) - jnp.min(x, axis=0))
        width = jnp.where(quartile > 0, quartile, span)
        factor = jnp.where(width > 0, 1 / jnp.where(width > 0, width, 1), 0)
        state = {"center": center, "factor": factor}
        return params, state, self.apply(params, state, x, key=None, train=False)[0]

    @property
    def adapts(self) -> bool:
        """It does."""
        return True
