"""Implicit stochastic gradient descent: the gradient is taken where the step ends."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, ClassVar, NamedTuple

import jax
import jax.flatten_util
import jax.numpy as jnp
import optax

from descend.optimizers.optimizer import Optimizer, check_told
from descend.spec import check_integer, check_number

__all__ = ["ImplicitSGD", "ImplicitState"]

BISECTIONS = 60
"""Steps along one way, at most; Newton's need 1 for squared error, and 3 to 8 for others."""

HALVINGS = 12
"""Times that a Newton step is halved, at most, until the objective falls."""


class ImplicitState(NamedTuple):
    """The memory of `ImplicitSGD`.

    Attributes
    ----------
    step : int32
        Steps taken.
    residual : float
        How far the latest step d is from solving its equation: |d + lr g(theta + d)| relative to
        the longer of the two.
    """

    step: jax.Array
    residual: jax.Array


@dataclass(frozen=True)
class ImplicitSGD(Optimizer):
    """theta' = argmin loss(theta') + |theta' - theta|² / (2 lr), so theta' = theta - lr g(theta').

    The proximal update: with the gradient at the end of the step instead of its beginning, a rate
    that is too large shortens the step by itself instead of throwing theta far away. For small
    rates it is `SGD`.

    The minimum is found by Newton's method, whose linear systems are solved by conjugate gradients
    through products with the Hessian. For linear and generalised linear models, whose Hessian on b
    rows and k outputs has rank b k at most, this ends at the exact minimum: squared error after
    one Newton step, others after a few. One row of a model with a single output, whose gradients
    all lie along (x, 1), is solved along that line alone, by Newton's method within a bracket
    (`Run` says so with ``one_way``). For networks it is an approximation with bounded work: it
    stops at ``tolerance``, or after ``newton_steps``, or where the objective falls no more; the
    ``residual`` of the latest step is in the optimizer's state. A step costs about 3 to
    2 ``newton_steps`` (``cg_steps`` + 2) times a gradient.

    Parameters
    ----------
    newton_steps, cg_steps : int
        At most so many Newton steps, and conjugate gradients in each; at least 1.
    tolerance : float
        Relative error of the step at which it is good enough, at least 0.

    Raises
    ------
    SpecError
        If a field is out of range.

    References
    ----------
    Toulis and Airoldi (2017), Asymptotic and finite-sample properties of estimators based on
    stochastic gradients; Fagan and Iyengar (2020), Robust implicit backpropagation; conjugate
    gradients end at negative curvature as in Steihaug (1983).

    Examples
    --------
    A loss of (theta - 1)² / 2 at a rate of 9, where SGD would diverge:

    >>> rule = ImplicitSGD().transformation()
    >>> theta = jnp.array([0.0])
    >>> step, state = rule.update(theta - 1, rule.init(theta), theta, learning_rate=9.0,
    ...                           value=0.5, value_fn=lambda t: 0.5 * jnp.sum((t - 1) ** 2))
    >>> print(step.round(4))
    [0.9]
    """

    learning_rate: float = 0.1
    newton_steps: int = 12
    cg_steps: int = 16
    tolerance: float = 1e-5

    looks_again: ClassVar[bool] = True

    def __post_init__(self) -> None:
        super().__post_init__()
        check_integer(self, "newton_steps", at_least=1)
        check_integer(self, "cg_steps", at_least=1)
        check_number(self, "tolerance", at_least=0)

    def transformation(self) -> optax.GradientTransformationExtraArgs:
        """Return the rule."""

        def init(params: Any) -> ImplicitState:
            del params
            return ImplicitState(jnp.zeros((), jnp.int32), jnp.zeros((), float))

        def update(
            updates: Any,
            state: Any,
            params: Any = None,
            *,
            learning_rate: Any = None,
            value: Any = None,
            value_fn: Any = None,
            one_way: bool = False,
            **extra: Any,
        ) -> tuple[Any, ImplicitState]:
            del extra
            check_told(self, learning_rate, value, value_fn)
            flat, unravel = jax.flatten_util.ravel_pytree(params)
            gradient, _ = jax.flatten_util.ravel_pytree(updates)
            rate = jnp.asarray(learning_rate, flat.dtype)
            told = (flat, jnp.asarray(value, flat.dtype), gradient, rate)
            step, residual = self._solve(lambda p: value_fn(unravel(p)), *told, one_way)
            count = state.step + (state.step < jnp.iinfo(jnp.int32).max)
            return unravel(step), ImplicitState(count, residual.astype(float))

        return optax.GradientTransformationExtraArgs(init, update)

    def _solve(self, loss, start, value, gradient, rate, one_way) -> tuple[jax.Array, jax.Array]:
        """Return the step d that solves d + rate g(start + d) = 0, and its residual."""
        slope = jax.grad(loss)

        def residual_of(d: jax.Array, g: jax.Array) -> jax.Array:
            longer = jnp.maximum(jnp.linalg.norm(d), rate * jnp.linalg.norm(g))
            return jnp.linalg.norm(d + rate * g) / jnp.maximum(longer, 1e-30)

        def objective(d: jax.Array, value: jax.Array) -> jax.Array:
            return rate * value + 0.5 * jnp.vdot(d, d)

        def going(held: Any) -> jax.Array:
            i, _, _, _, residual, fell = held
            return (i < self.newton_steps) & (residual > self.tolerance) & fell

        def newton(held: Any) -> Any:
            i, d, value, g, residual, _ = held
            r = -(d + rate * g)

            def times(p: jax.Array) -> jax.Array:
                return p + rate * jax.jvp(slope, (start + d,), (p,))[1]

            way = _conjugate_gradients(times, r, self.cg_steps)
            before, falls = objective(d, value), -jnp.vdot(r, way)

            def too_long(trial: Any) -> jax.Array:
                halvings, length, value = trial
                after = objective(d + length * way, value)
                wanted = before + 1e-4 * length * falls
                # Near the minimum rounding hides the fall: as good as equal is good enough.
                slack = 4 * jnp.finfo(start.dtype).eps * jnp.abs(before)
                return ~(after <= wanted + slack) & (halvings < HALVINGS)

            def halve(trial: Any) -> Any:
                halvings, length, _ = trial
                length = length / 2
                return halvings + 1, length, loss(start + d + length * way)

            one = jnp.ones((), start.dtype)
            first = (0, one, loss(start + d + way))
            halvings, length, after = jax.lax.while_loop(too_long, halve, first)
            moved = d + length * way
            there = slope(start + moved)
            better = residual_of(moved, there)
            # A Newton step that neither lowers the objective nor the residual is not taken.
            fell = (halvings < HALVINGS) & jnp.isfinite(better)
            fell &= (better < residual) | (objective(moved, after) < before)
            kept = (moved, after, there, better)
            kept = jax.tree.map(lambda a, b: jnp.where(fell, a, b), kept, (d, value, g, residual))
            return i + 1, *kept, fell

        d = jnp.zeros_like(start)
        if one_way:
            d = _along(slope, start, gradient, rate, self.tolerance)
            value, gradient = jax.value_and_grad(loss)(start + d)
        begin = (0, d, value, gradient, residual_of(d, gradient), jnp.array(True))
        held = jax.lax.while_loop(going, newton, begin)
        return held[1], held[4]


def _along(slope, start: jax.Array, gradient: jax.Array, rate: Any, tolerance: float) -> jax.Array:
    """Return the step -s u along the unit gradient u whose s is the root of s - rate u.g(s).

    For a convex loss the root lies between 0 and rate |gradient|, because u.g falls on the way.
    """
    size = jnp.linalg.norm(gradient)
    way = gradient / jnp.maximum(size, jnp.finfo(start.dtype).tiny)

    def excess(s: jax.Array) -> jax.Array:
        return s - rate * jnp.vdot(way, slope(start - s * way))

    def going(held: Any) -> jax.Array:
        i, low, high, s, moved = held
        return (i < BISECTIONS) & (jnp.abs(moved) > tolerance * jnp.abs(s)) & (low < high)

    def newton(held: Any) -> Any:
        i, low, high, s, _ = held
        error, steepness = jax.jvp(excess, (s,), (jnp.ones_like(s),))
        low, high = jnp.where(error > 0, low, s), jnp.where(error > 0, s, high)
        after = s - error / steepness
        after = jnp.where((low < after) & (after < high), after, 0.5 * (low + high))
        after = jnp.where(error == 0, s, after)
        return i + 1, low, high, after, after - s

    zero = jnp.zeros_like(size)
    held = jax.lax.while_loop(going, newton, (0, zero, rate * size, zero, rate * size))
    return -held[3] * way


def _conjugate_gradients(times: Callable, b: jax.Array, most: int) -> jax.Array:
    """Return x with times(x) about b; where the curvature is not positive, the way so far."""
    tiny = jnp.finfo(b.dtype).tiny

    def going(held: Any) -> jax.Array:
        i, _, _, _, square, up = held
        return (i < most) & (square > (0.1 * jnp.finfo(b.dtype).eps) ** 2 * jnp.vdot(b, b)) & ~up

    def step(held: Any) -> Any:
        i, x, r, p, square, _ = held
        q = times(p)
        curvature = jnp.vdot(p, q)
        up = ~(curvature > tiny)
        length = square / jnp.where(up, 1, curvature)
        # The first direction is that of steepest descent: better than nothing.
        x = jnp.where(up, jnp.where(i == 0, b, x), x + length * p)
        r = r - length * q
        after = jnp.vdot(r, r)
        return i + 1, x, r, r + after / jnp.maximum(square, tiny) * p, after, up

    begin = (0, jnp.zeros_like(b), b, b, jnp.vdot(b, b), jnp.array(False))
    return jax.lax.while_loop(going, step, begin)[1]
