"""Descent whose predictions come from an average of the points it passed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import jax
import jax.numpy as jnp
import optax

from descend.optimizers.optimizer import Optimizer, by_leaf, memory_of
from descend.spec import check_integer, check_number

__all__ = ["AveragedSGD"]


@dataclass(frozen=True)
class AveragedSGD(Optimizer):
    """theta <- theta - eta (g + decay theta);  eta = lr / (1 + decay lr (t - 1))^power;
    average <- average + (theta - average) / max(1, t - start).

    Predictions are made with the average, the gradient is taken at theta. As in PyTorch (where
    ``decay`` is ``lambd``, ``power`` ``alpha`` and ``start`` ``t0`` plus 1): decay is part of
    the schedule of Bottou and acts on every leaf, biases too.

    With ``decay=0`` the rate stays lr, and this is `SGD` with a plain average over the tail of the
    run, from step ``start + 1`` on. Until then the average is theta itself.

    Parameters
    ----------
    decay : float
        At least 0.
    power : float
        At least 0; 3/4 is Bottou's choice, 0 keeps the rate.
    start : int
        Steps before averaging begins, at least 0; best where theta has stopped falling and
        begins to wander, such as after half of the run.

    Raises
    ------
    SpecError
        If a field is out of range.

    References
    ----------
    Polyak and Juditsky (1992), Acceleration of stochastic approximation by averaging; Ruppert
    (1988); Bottou (2012), Stochastic gradient descent tricks, for the schedule.

    Examples
    --------
    >>> optimizer = AveragedSGD(decay=0.0)
    >>> rule = optimizer.transformation()
    >>> params, g = jnp.array([4.0]), jnp.array([1.0])
    >>> state = rule.init(params)
    >>> for _ in range(3):
    ...     step, state = rule.update(g, state, params, learning_rate=1.0)
    ...     params = params + step
    >>> print(params, optimizer.evaluation_params(state, params))
    [1.] [2.]
    """

    learning_rate: float = 0.01
    decay: float = 1e-4
    power: float = 0.75
    start: int = 0

    def __post_init__(self) -> None:
        super().__post_init__()
        check_number(self, "decay", at_least=0)
        check_number(self, "power", at_least=0)
        check_integer(self, "start", at_least=0)

    def transformation(self) -> optax.GradientTransformationExtraArgs:
        """Return the rule."""

        def step(g, p, memory, now):
            rate = now.learning_rate
            eta = rate / (1 + self.decay * rate * (now.t - 1)) ** self.power
            share = 1 / jnp.maximum(now.t - 1 - self.start, 1)
            average = memory["average"] + share * (p - memory["average"])
            return -eta * (g + self.decay * p), {"average": average}

        return by_leaf(step, lambda p: {"average": jnp.array(p, copy=True)})

    def evaluation_params(self, opt_state: Any, params: Any) -> Any:
        """Return the average.

        A step adds to the average where it starts: where the one before ended, with everything that
        went around the rule, such as a decay. Where the last one ended is added here.
        """
        t = opt_state.step

        def blend(average: Any, p: Any) -> Any:
            count = jnp.maximum(t - self.start, 1)
            return average + (p - average) / count.reshape(t.shape + (1,) * (p.ndim - t.ndim))

        return jax.tree.map(blend, memory_of(opt_state, params, "average"), params)
