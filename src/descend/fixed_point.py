"""Fixed points: solve z = f(theta, z), and differentiate through the solution.

A feedback network at rest satisfies z = f(theta, z): it is at a fixed point of its own update. One
solver finds such points (plain iteration, damped iteration, Anderson acceleration) and one rule
carries gradients through them, so that equilibrium layers, memories and mean fields share both.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
from jax import lax

from descend.errors import SpecError
from descend.spec import Spec, check_choice, check_integer, check_number

__all__ = ["FixedPointSolver", "Settling", "UnsettledWarning", "fixed_point"]

Update = Callable[[Any, jax.Array], jax.Array]


class UnsettledWarning(UserWarning):
    """A feedback network was stopped before it came to rest."""


class Settling(NamedTuple):
    """How a fixed point was reached.

    Attributes
    ----------
    residual : array (batch,)
        ‖f(z) − z‖ / ‖f(z)‖ of each example, at the point returned.
    steps : int array ()
        Evaluations of f.
    """

    residual: jax.Array
    steps: jax.Array


@dataclass(frozen=True)
class FixedPointSolver(Spec):
    """How to solve z = f(theta, z) and how to differentiate the solution.

    Parameters
    ----------
    method : "anderson", "damped" or "plain"
        *plain*: z ← f(z). *damped*: z ← (1 − damping) z + damping f(z). *anderson*: z ← a
        combination of the last ``memory`` points whose residuals cancel best, each mixed with
        its image by ``damping``; an example whose residual is not finite restarts from f(z).
    gradient : "implicit", "one-step" or "unrolled:k"
        *implicit*: the exact derivative of the fixed point, by the implicit function theorem:
        y = g + (∂f/∂z)ᵀ y is solved by this same solver, then (∂f/∂theta)ᵀ y. *one-step*: y = g
        (Jacobian-free; cheap and approximate). *unrolled:k*: derivative of k further updates.
    tolerance : float
        Settled when the relative residual of every example is at most this, or 8 roundings of
        the numbers used where that is more.
    backward_tolerance : float or None
        The same for the linear problem of the backward pass; ``None``: ``tolerance``.
    max_steps : int
        Largest number of evaluations of f.
    damping : float
        Step towards f(z), in (0, 1]; ignored by "plain".
    memory : int
        Points that Anderson acceleration combines.
    ridge : float
        Relative ridge of Anderson's least squares; keeps a singular system solvable.

    References
    ----------
    Anderson (1965), Iterative procedures for nonlinear integral equations. Bai, Kolter and Koltun
    (2019), Deep equilibrium models. Fung et al. (2022), JFB (the one-step gradient).

    Examples
    --------
    >>> FixedPointSolver("plain", max_steps=30)
    FixedPointSolver(method='plain', gradient='implicit', ..., max_steps=30, ...)
    """

    method: str = "anderson"
    gradient: str = "implicit"
    tolerance: float = 1e-4
    backward_tolerance: float | None = None
    max_steps: int = 50
    damping: float = 1.0
    memory: int = 5
    ridge: float = 1e-8

    def __post_init__(self) -> None:
        check_choice(self, "method", ("anderson", "damped", "plain"))
        check_number(self, "tolerance", above=0)
        if self.backward_tolerance is not None:
            check_number(self, "backward_tolerance", above=0)
        check_integer(self, "max_steps", at_least=1)
        check_number(self, "damping", above=0, at_most=1)
        check_integer(self, "memory", at_least=1)
        check_number(self, "ridge", above=0)
        self.unrolled_steps()

    def unrolled_steps(self) -> int:
        """Return k of "unrolled:k", or 0 for the other gradients."""
        if self.gradient in ("implicit", "one-step"):
            return 0
        word, _, count = str(self.gradient).partition(":")
        if word != "unrolled" or not count.isdigit() or int(count) < 1:
            raise SpecError(
                'FixedPointSolver: gradient must be "implicit", "one-step" or "unrolled:k" with k '
                f"at least 1, got {self.gradient!r}"
            )
        return int(count)


def fixed_point(
    update: Update,
    theta: Any,
    start: jax.Array,
    solver: FixedPointSolver = FixedPointSolver(),
    *,
    warn: bool = True,
) -> tuple[jax.Array, Settling]:
    """Solve z = update(theta, z), row by row, and return z and how it settled.

    Parameters
    ----------
    update : function (theta, z) -> array like z
        One turn of the feedback; example i of the result may depend on theta and on z[i] only.
        It must not close over traced values: whatever needs a gradient goes into ``theta``.
    theta : any tree of arrays
        Parameters and inputs; gradients flow to them. None flows to ``start``.
    start : array (batch, ...)
        First guess. The first axis counts the examples.
    solver : FixedPointSolver
    warn : bool
        Whether to give an `UnsettledWarning` when an example misses the tolerance. A warning is
        given at run time, also from inside compiled code.

    Returns
    -------
    z : array (batch, ...)
        The iterate with the smallest residual that was met, example by example.
    settling : Settling
        Relative residuals and number of steps; gradients do not flow through it.

    Examples
    --------
    >>> import jax.numpy as jnp
    >>> halve = lambda x, z: 0.5 * jnp.cos(z) + x
    >>> z, settling = fixed_point(halve, jnp.zeros((1, 1)), jnp.zeros((1, 1)))
    >>> round(float(z[0, 0]), 3), bool(settling.residual[0] < 1e-4)
    (0.45, True)
    """
    start = lax.stop_gradient(start)
    unrolled = solver.unrolled_steps()
    if unrolled:
        frozen = jax.tree.map(lax.stop_gradient, theta)
        z, settling = _search(partial(update, frozen), start, solver, solver.tolerance)
        z = lax.stop_gradient(z)
        for _ in range(unrolled):
            z = update(theta, z)
        settling = Settling(settling.residual, settling.steps + unrolled)
    else:
        z, settling = _implicit(update, solver, theta, start)
    settling = jax.tree.map(lax.stop_gradient, settling)
    if warn:
        _warn_unless_settled(settling, solver)
    return z, settling


def _warn_unless_settled(settling: Settling, solver: FixedPointSolver) -> None:
    def tell(worst: Any, steps: Any) -> None:
        if not worst <= tolerance:
            warnings.warn(
                f"a fixed point was not reached: relative residual {float(worst):.2g} after "
                f"{int(steps)} steps, wanted {tolerance:g}. Raise max_steps, lower damping, "
                "scale the feedback weights down, or use the monotone variant.",
                UnsettledWarning,
                stacklevel=2,
            )

    worst = jnp.max(settling.residual, initial=0.0)
    tolerance = _reachable(solver.tolerance, worst.dtype)
    lax.cond(
        worst <= tolerance,
        lambda: None,
        lambda: jax.debug.callback(tell, worst, settling.steps),
    )


def _solve(
    update: Update, solver: FixedPointSolver, theta: Any, start: jax.Array
) -> tuple[jax.Array, Settling]:
    return _search(partial(update, theta), start, solver, solver.tolerance)


_implicit = jax.custom_vjp(_solve, nondiff_argnums=(0, 1))


def _implicit_forward(update: Update, solver: FixedPointSolver, theta: Any, start: jax.Array):
    z, settling = _solve(update, solver, theta, start)
    return (z, settling), (theta, z)


def _implicit_backward(update: Update, solver: FixedPointSolver, kept: Any, cotangent: Any):
    theta, z = kept
    g = cotangent[0]
    _, pull = jax.vjp(update, theta, z)
    if solver.gradient == "one-step":
        y = g
    else:
        tolerance = solver.backward_tolerance or solver.tolerance
        y, _ = _search(lambda y: g + pull(y)[1], g, solver, tolerance)
    return pull(y)[0], jnp.zeros_like(z)


_implicit.defvjp(_implicit_forward, _implicit_backward)


def _reachable(tolerance: float, dtype: Any) -> float:
    return max(tolerance, 8.0 * float(jnp.finfo(dtype).eps))


class _Iterate(NamedTuple):
    z: jax.Array  # (batch, features): where f is evaluated next
    best: jax.Array  # (batch, features): iterate of smallest residual
    residual: jax.Array  # (batch,)
    step: jax.Array
    points: jax.Array  # (batch, memory, features), a ring
    images: jax.Array


def _search(
    f: Callable[[jax.Array], jax.Array],
    start: jax.Array,
    solver: FixedPointSolver,
    tolerance: float,
) -> tuple[jax.Array, Settling]:
    shape, batch = start.shape, start.shape[0]
    flat = start.reshape(batch, -1)
    tolerance = _reachable(tolerance, flat.dtype)
    memory = min(solver.memory, solver.max_steps) if solver.method == "anderson" else 0
    damping = 1.0 if solver.method == "plain" else solver.damping
    ring = jnp.zeros((batch, memory, flat.shape[1]), flat.dtype)

    def going(now: _Iterate) -> jax.Array:
        unsettled = jnp.any(~(now.residual <= tolerance))
        return (now.step < solver.max_steps) & unsettled

    def turn(now: _Iterate) -> _Iterate:
        image = f(now.z.reshape(shape)).reshape(flat.shape)
        # A zero image (f(z) = 0 at z = 0) is a fixed point, not a division by zero.
        size = jnp.maximum(jnp.linalg.norm(image, axis=1), jnp.finfo(flat.dtype).tiny)
        residual = jnp.linalg.norm(image - now.z, axis=1) / size
        better = residual < now.residual
        best = jnp.where(better[:, None], now.z, now.best)
        points, images = now.points, now.images
        if memory:
            slot = now.step % memory
            points = points.at[:, slot].set(now.z)
            images = images.at[:, slot].set(image)
            z = _mix(points, images, now.step + 1, damping, solver.ridge)
            z = jnp.where(jnp.all(jnp.isfinite(z), axis=1, keepdims=True), z, image)
        else:
            z = now.z + damping * (image - now.z)
        residual = jnp.where(better, residual, now.residual)
        return _Iterate(z, best, residual, now.step + 1, points, images)

    worst = jnp.full((batch,), jnp.inf, flat.dtype)
    first = _Iterate(flat, flat, worst, jnp.asarray(0, jnp.int32), ring, ring)
    last = lax.while_loop(going, turn, first)
    return last.best.reshape(shape), Settling(last.residual, last.step)


def _mix(
    points: jax.Array, images: jax.Array, filled: jax.Array, damping: float, ridge: float
) -> jax.Array:
    """Combine past points with weights that sum to one and make the residuals cancel."""
    memory = points.shape[1]
    known = jnp.arange(memory) < filled
    residuals = jnp.where(known[:, None], images - points, 0.0)
    gram = jnp.einsum("bif,bjf->bij", residuals, residuals)
    # The ridge is relative to each example's own newest residual, so that Anderson keeps working
    # however small the residuals become; empty slots get the identity and the weight zero.
    scale = jnp.trace(gram, axis1=1, axis2=2)[:, None, None] / memory
    gram = gram / jnp.where(scale > 0, scale, 1.0)
    gram = gram + jnp.diag(jnp.where(known, ridge, 1.0)).astype(gram.dtype)
    ones = jnp.broadcast_to(known.astype(gram.dtype), gram.shape[:2])
    weights = jnp.linalg.solve(gram, ones[..., None])[..., 0]
    weights = weights / jnp.sum(weights, axis=1, keepdims=True)
    return jnp.einsum("bi,bif->bf", weights, points + damping * residuals)
