"""Descent that needs no schedule: averaging does what a falling learning rate would."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import jax
import jax.numpy as jnp
import optax

from descend.optimizers.optimizer import Memory, Now, Optimizer, by_leaf, memory_of, unbias
from descend.spec import check_number

__all__ = ["ScheduleFreeAdamW", "ScheduleFreeSGD"]


@dataclass(frozen=True)
class _ScheduleFree(Optimizer):
    """z <- z - lr d;  x <- (1 - c) x + c z;  y = (1 - b) z + b x, with d taken at y.

    c = lr_max² / sum of lr_max² so far; lr_max is the largest lr so far.
    """

    def _blend(self) -> float:
        raise NotImplementedError

    def _start(self, p: jax.Array) -> Memory:
        return {"fast": jnp.array(p, copy=True), "average": jnp.array(p, copy=True)}

    def _advance(self, shared: Any, now: Now) -> dict[str, jax.Array]:
        largest = jnp.maximum(shared["largest"], now.learning_rate)
        total = shared["total"] + largest**2
        # A warm-up may start at a rate of 0, where nothing has moved and nothing is averaged.
        share = jnp.where(total > 0, largest**2 / jnp.where(total > 0, total, 1), 0)
        return {"largest": largest, "total": total, "share": share}

    def _step(self, direction: jax.Array, p: jax.Array, memory: Memory, now: Now):
        fast = memory["fast"] - now.learning_rate * direction
        average = memory["average"] + now.shared["share"] * (fast - memory["average"])
        ahead = fast + self._blend() * (average - fast)
        return ahead - p, {"fast": fast, "average": average}

    def evaluation_params(self, opt_state: Any, params: Any) -> Any:
        """Return x, the average."""
        return memory_of(opt_state, params, "average")


_SHARED = {"largest": 0.0, "total": 0.0, "share": 0.0}


@dataclass(frozen=True)
class ScheduleFreeSGD(_ScheduleFree):
    """z <- z - lr (g + weight_decay y);  x <- (1 - c) x + c z;  y = (1 - momentum) z + momentum x.

    g is taken at y, which is what training holds; predictions are made with x, a weighted average
    of z: c = r² / (sum of r² so far), r the largest lr so far. Use it with a constant schedule, or
    one that only warms up, and with a larger rate than `SGD` (1 to 50 times). The decay is for
    leaves called ``weight``; a decay from outside, applied to y, would be undone by the next step.

    The variant of the authors' package (1.4), with ``r=0`` and ``weight_lr_power=2``.

    Parameters
    ----------
    momentum : float
        At least 0 and below 1.
    weight_decay : float
        At least 0.

    Raises
    ------
    SpecError
        If a field is out of range.

    References
    ----------
    Defazio, Yang, Mehta, Mishchenko, Khaled and Cutkosky (2024), The road less scheduled.

    Examples
    --------
    >>> optimizer = ScheduleFreeSGD(momentum=0.5)
    >>> rule = optimizer.transformation()
    >>> params, g = jnp.array([4.0]), jnp.array([1.0])
    >>> state = rule.init(params)
    >>> for _ in range(2):
    ...     step, state = rule.update(g, state, params, learning_rate=1.0)
    ...     params = params + step
    >>> print(params, optimizer.evaluation_params(state, params))
    [2.25] [2.5]
    """

    learning_rate: float = 1.0
    momentum: float = 0.9
    weight_decay: float = 0.0

    def __post_init__(self) -> None:
        super().__post_init__()
        check_number(self, "momentum", at_least=0, below=1)
        check_number(self, "weight_decay", at_least=0)

    def _blend(self) -> float:
        return self.momentum

    def transformation(self) -> optax.GradientTransformationExtraArgs:
        """Return the rule."""

        def step(g, p, memory, now):
            if now.is_weight and self.weight_decay:
                g = g + self.weight_decay * p
            return self._step(g, p, memory, now)

        return by_leaf(step, self._start, shared=_SHARED, advance=self._advance)


@dataclass(frozen=True)
class ScheduleFreeAdamW(_ScheduleFree):
    """z <- z - lr (g / (sqrt(v̂) + epsilon) + weight_decay y);  x and y as in `ScheduleFreeSGD`.

    v̂ = v / (1 - beta2^t), v <- beta2 v + (1 - beta2) g²; beta1 stands in for momentum. The decay
    is for leaves called ``weight``.

    The variant of the authors' package (1.4), with ``r=0`` and ``weight_lr_power=2``.

    Parameters
    ----------
    beta1, beta2 : float
        At least 0 and below 1.
    epsilon : float
        Above 0.
    weight_decay : float
        At least 0.

    Raises
    ------
    SpecError
        If a field is out of range.

    References
    ----------
    Defazio, Yang, Mehta, Mishchenko, Khaled and Cutkosky (2024), The road less scheduled.

    Examples
    --------
    >>> rule = ScheduleFreeAdamW().transformation()
    >>> p, g = jnp.zeros(2), jnp.array([100.0, -0.01])
    >>> step, state = rule.update(g, rule.init(p), p, learning_rate=0.1)
    >>> print(f"{step[0]:.4f} {step[1]:.4f}")
    -0.1000 0.1000
    """

    learning_rate: float = 0.0025
    beta1: float = 0.9
    beta2: float = 0.999
    epsilon: float = 1e-8
    weight_decay: float = 0.0

    def __post_init__(self) -> None:
        super().__post_init__()
        check_number(self, "beta1", at_least=0, below=1)
        check_number(self, "beta2", at_least=0, below=1)
        check_number(self, "epsilon", above=0)
        check_number(self, "weight_decay", at_least=0)

    def _blend(self) -> float:
        return self.beta1

    def transformation(self) -> optax.GradientTransformationExtraArgs:
        """Return the rule."""

        def start(p: jax.Array) -> Memory:
            return self._start(p) | {"square": jnp.zeros_like(p)}

        def step(g, p, memory, now):
            square = self.beta2 * memory["square"] + (1 - self.beta2) * g * g
            direction = g / (jnp.sqrt(square / unbias(self.beta2, now.t)) + self.epsilon)
            if now.is_weight and self.weight_decay:
                direction = direction + self.weight_decay * p
            move, after = self._step(direction, p, memory, now)
            return move, after | {"square": square}

        return by_leaf(step, start, shared=_SHARED, advance=self._advance)
