"""Fully connected layers."""

from __future__ import annotations

from dataclasses import dataclass

import jax

from descend import activations
from descend.initializers import Glorot, Initializer, Zeros
from descend.layers.layer import Layer, Params, Shape, State, vector_length
from descend.spec import check_choice, check_integer, check_spec

__all__ = ["Dense"]


@dataclass(frozen=True)
class Dense(Layer):
    """y = f(x W + b): every input is connected to every unit.

    Parameters
    ----------
    units : int
        Number of outputs.
    activation : str
        Name of f, one of ``descend.activations.__all__``.
    use_bias : bool
        Whether b is there.
    weight_initializer, bias_initializer : Initializer
        How W (inputs, units) and b (units,) start.

    Raises
    ------
    SpecError
        If a field is out of range, or the input is not a vector.

    Examples
    --------
    >>> layer = Dense(30, "relu")
    >>> params, state, shape = layer.init(jax.random.key(0), (14,))
    >>> params["weight"].shape, params["bias"].shape, shape
    ((14, 30), (30,), (30,))
    """

    units: int
    activation: str = "identity"
    use_bias: bool = True
    weight_initializer: Initializer = Glorot()
    bias_initializer: Initializer = Zeros()

    def __post_init__(self) -> None:
        check_integer(self, "units", at_least=1)
        check_choice(self, "activation", activations.__all__)
        check_choice(self, "use_bias", (True, False))
        check_spec(self, "weight_initializer", Initializer)
        check_spec(self, "bias_initializer", Initializer)

    def init(self, key: jax.Array, input_shape: Shape) -> tuple[Params, State, tuple[int, ...]]:
        """Draw W and b."""
        inputs = vector_length(self, input_shape)
        weight_key, bias_key = jax.random.split(key)
        fans = (inputs, self.units)
        params = {"weight": self.weight_initializer(weight_key, fans, *fans)}
        if self.use_bias:
            params["bias"] = self.bias_initializer(bias_key, (self.units,), *fans)
        return params, {}, (self.units,)

    def apply(
        self, params: Params, state: State, x: jax.Array, *, key: jax.Array | None, train: bool
    ) -> tuple[jax.Array, State]:
        """Return f(x W + b), (batch, units)."""
        y = x @ params["weight"]
        if y.shape[-1] > self.units:  # weights stored in longer rows, see `training.whole_rows`
            y = y[..., : self.units]
        if self.use_bias:
            y = y + params["bias"]
        return getattr(activations, self.activation)(y), state

    @property
    def label(self) -> str:
        """The number of units, and the activation unless it is the identity."""
        shown = "" if self.activation == "identity" else f" {self.activation}"
        return f"{self.units}{shown}"
