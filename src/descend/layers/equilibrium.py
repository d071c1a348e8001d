"""Equilibrium layers: the output is where a feedback network comes to rest."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import jax
import jax.numpy as jnp

from descend import activations
from descend.errors import SpecError
from descend.fixed_point import FixedPointSolver, fixed_point
from descend.initializers import Glorot, Initializer, Zeros
from descend.layers.layer import Layer, Params, Shape, State, vector_length
from descend.spec import check_choice, check_integer, check_number, check_spec

__all__ = ["Equilibrium"]

SQUARINGS = 4
"""Of WᵀW, for the bound of its norm."""


@dataclass(frozen=True)
class Equilibrium(Layer):
    """z = f(z W + x U + b): a layer of units that act on one another until they rest.

    Gradients follow the implicit function theorem, so that memory does not grow with the steps.
    In training, ``state`` keeps the worst relative ``residual`` and the ``steps`` of the last
    batch. A batch that does not settle gives an `UnsettledWarning`, in training and in prediction.

    Parameters
    ----------
    units : int
    activation : str
        Name of f, one of ``descend.activations.__all__``.
    monotone : bool
        Whether W is built so that exactly one rest exists for every x:
        Wᵀ = (1 − m) I − AᵀA + B − Bᵀ with ``margin`` m > 0. Needs the activation "relu". The
        turn solved is then f(z + α (z W + x U + b − z)), which contracts for
        α = m / ‖I − W‖² and has the same rests.
    margin : float
    method, gradient : str
    tolerance : float
    max_steps : int
    damping : float
        How rests are found and differentiated: fields of `FixedPointSolver`.
    jacobian_penalty : float
        γ of an added cost γ E‖εᵀ ∂f/∂z‖² / units, one Gaussian ε a batch (needs a key): it keeps
        the feedback weak enough to settle quickly. It acts on the gradients only; the loss that
        training reports does not contain it.
    weight_initializer, bias_initializer : Initializer
        ``feedback_scale`` multiplies the first W (or A and B).
    feedback_scale : float
    contraction : float or None
        Bound c on ‖W‖₂: where b > c, W · c / b takes the place of W, with b = (tr (WᵀW)^16)^(1/32),
        which is ‖W‖₂ or up to 16 % more for 100 units. With c below 1, and an activation whose
        slope is at most 1 (tanh, relu, sigmoid), every x has exactly one rest, and plain iteration
        comes to it. None lets W grow; then training tends to end with ‖W‖₂ near 2, and some
        examples settle slowly or not at all.

    References
    ----------
    Bai, Kolter and Koltun (2019), Deep equilibrium models; (2021), Stabilizing equilibrium models
    by Jacobian regularization. Winston and Kolter (2020), Monotone operator equilibrium networks.

    Examples
    --------
    >>> Equilibrium(30)
    Equilibrium(units=30, activation='tanh', ...)
    """

    units: int
    activation: str = "tanh"
    monotone: bool = False
    margin: float = 1.0
    method: str = "anderson"
    gradient: str = "implicit"
    tolerance: float = 1e-4
    max_steps: int = 50
    damping: float = 1.0
    jacobian_penalty: float = 0.0
    feedback_scale: float = 0.5
    weight_initializer: Initializer = Glorot()
    bias_initializer: Initializer = Zeros()
    contraction: float | None = 0.95

    def __post_init__(self) -> None:
        check_integer(self, "units", at_least=1)
        check_choice(self, "activation", activations.__all__)
        check_choice(self, "monotone", (True, False))
        check_number(self, "margin", above=0)
        try:
            self._solver()
        except SpecError as error:
            raise SpecError(str(error).replace("FixedPointSolver", "Equilibrium")) from None
        if self.contraction is not None:
            check_number(self, "contraction", above=0)
        check_number(self, "jacobian_penalty", at_least=0)
        check_number(self, "feedback_scale", above=0)
        check_spec(self, "weight_initializer", Initializer)
        check_spec(self, "bias_initializer", Initializer)
        if self.monotone and self.activation != "relu":
            raise SpecError(
                'Equilibrium: monotone needs activation "relu", whose proximal form is known; '
                f"got {self.activation!r}"
            )

    def _solver(self) -> FixedPointSolver:
        return FixedPointSolver(
            self.method,
            self.gradient,
            tolerance=self.tolerance,
            max_steps=self.max_steps,
            damping=self.damping,
        )

    @property
    def draws(self) -> bool:
        """Whether training needs a key."""
        return self.jacobian_penalty > 0

    def init(self, key: jax.Array, input_shape: Shape) -> tuple[Params, State, tuple[int, ...]]:
        """Draw U, the feedback W (or A and the upper triangle of B) and b."""
        inputs = vector_length(self, input_shape)
        keys = jax.random.split(key, 4)
        fans, square = (inputs, self.units), (self.units, self.units)
        draw, scale = self.weight_initializer, self.feedback_scale
        params: Params = {
            "input": {"weight": draw(keys[0], fans, *fans)},
            "bias": self.bias_initializer(keys[1], (self.units,), *fans),
        }
        if self.monotone:
            skew = draw(keys[3], square, *square)[jnp.triu_indices(self.units, 1)]
            params["symmetric"] = {"weight": scale * draw(keys[2], square, *square)}
            params["skew"] = {"weight": scale * skew}
        else:
            params["feedback"] = {"weight": scale * draw(keys[2], square, *square)}
        state = {"residual": jnp.zeros((), jnp.float32), "steps": jnp.zeros((), jnp.float32)}
        return params, state, (self.units,)

    def apply(
        self, params: Params, state: State, x: jax.Array, *, key: jax.Array | None, train: bool
    ) -> tuple[jax.Array, State]:
        """Return the rest z (batch, units)."""
        drive = x @ params["input"]["weight"] + params["bias"]
        weight = self._feedback(params, drive.dtype)
        # α contracts with the bound ‖·‖₂² ≤ ‖·‖₁ ‖·‖∞; no gradient: it does not move the rest.
        step = jnp.ones((), drive.dtype)
        if self.monotone:
            gap = jnp.abs(jnp.eye(self.units, dtype=drive.dtype) - weight)
            norm = jnp.max(gap.sum(axis=0)) * jnp.max(gap.sum(axis=1))
            step = jax.lax.stop_gradient(self.margin / norm)
        theta = (weight, drive, step)
        z, settling = fixed_point(self._turn, theta, jnp.zeros_like(drive), self._solver())
        if train and self.jacobian_penalty > 0:
            if key is None:
                raise SpecError("Equilibrium: jacobian_penalty needs a random key in training")
            z = _with_cost(z, self._jacobian_cost(theta, z, key))
        if not train:
            return z, state
        worst = jnp.max(settling.residual).astype(state["residual"].dtype)
        return z, {"residual": worst, "steps": settling.steps.astype(state["steps"].dtype)}

    def _feedback(self, params: Params, dtype: Any) -> jax.Array:
        if not self.monotone:
            weight = params["feedback"]["weight"]
            if self.contraction is None:
                return weight
            return weight * jnp.minimum(1.0, self.contraction / _norm_bound(weight))
        a, upper = params["symmetric"]["weight"], params["skew"]["weight"]
        b = (
            jnp.zeros((self.units, self.units), dtype)
            .at[jnp.triu_indices(self.units, 1)]
            .set(upper)
        )
        return (1.0 - self.margin) * jnp.eye(self.units, dtype=dtype) - a.T @ a + b.T - b

    def _turn(self, theta: Any, z: jax.Array) -> jax.Array:
        weight, drive, step = theta
        total = z @ weight + drive
        return getattr(activations, self.activation)(z + step * (total - z))

    def _jacobian_cost(self, theta: Any, z: jax.Array, key: jax.Array) -> jax.Array:
        noise = jax.random.normal(key, z.shape, z.dtype)
        _, pull = jax.vjp(lambda z: self._turn(theta, z), z)
        size = jnp.sum(pull(noise)[0] ** 2) / (z.shape[0] * self.units)
        return self.jacobian_penalty * size


def _norm_bound(matrix: jax.Array) -> jax.Array:
    """Return (tr (WᵀW)^k)^(1 / 2k): at least ‖W‖₂, and at most n^(1 / 2k) ‖W‖₂, with k = 16.

    It costs five products of matrices of the size of W. Power iteration would cost less, but
    estimates from below: its 12 first turns were 20 % short of the norm of trained layers.
    """
    tiny = jnp.finfo(matrix.dtype).tiny
    # The little on the diagonal makes W = 0 a matrix like any other, also for gradients.
    power = matrix.T @ matrix + 1e-12 * jnp.eye(len(matrix), dtype=matrix.dtype)
    log_scale = jnp.zeros((), matrix.dtype)  # (WᵀW)^(2^i) = exp(log_scale) · power
    for _ in range(SQUARINGS):
        size = jnp.maximum(jnp.trace(power), tiny)
        power = (power / size) @ (power / size)
        log_scale = 2.0 * (log_scale + jnp.log(size))
    log_trace = log_scale + jnp.log(jnp.maximum(jnp.trace(power), tiny))
    return jnp.exp(log_trace / 2 ** (SQUARINGS + 1))


@jax.custom_vjp
def _with_cost(y: jax.Array, cost: jax.Array) -> jax.Array:
    """Return y, and add ``cost`` to whatever is minimised: its gradient is always 1."""
    del cost
    return y


def _with_cost_forward(y: jax.Array, cost: jax.Array) -> tuple[jax.Array, jax.Array]:
    return y, cost


def _with_cost_backward(cost: jax.Array, g: jax.Array) -> tuple[jax.Array, jax.Array]:
    return g, jnp.ones_like(cost)


_with_cost.defvjp(_with_cost_forward, _with_cost_backward)
