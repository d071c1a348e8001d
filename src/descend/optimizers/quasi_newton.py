"""L-BFGS: curvature learnt from the latest gradients."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import jax
import optax

from descend.optimizers.optimizer import Optimizer, check_told
from descend.spec import check_integer

__all__ = ["LBFGS"]


@dataclass(frozen=True)
class LBFGS(Optimizer):
    """theta <- theta - lr t H g: H from the last ``memory`` steps, t by a line search.

    H approximates the inverse Hessian by the two-loop recursion; t satisfies the strong Wolfe
    conditions (sufficient decrease 1e-4, curvature 0.9) and is found by bracketing and zooming, at
    the price of one or two further gradients a step, ``search_steps`` at most. lr is 1 unless the
    steps are to be shortened beyond that; use it with a constant schedule.

    For full batches only: gradients of different rows differ by more than curvature.

    Parameters
    ----------
    memory : int
        Steps remembered, at least 1.
    search_steps : int
        Trials of the line search, at least 1.

    Raises
    ------
    SpecError
        If a field is out of range.

    References
    ----------
    Liu and Nocedal (1989), On the limited memory BFGS method for large scale optimization;
    Nocedal and Wright (2006), Numerical optimization, algorithms 3.5, 3.6 and 7.4. The rule is
    `optax.lbfgs`.

    Examples
    --------
    >>> rule, bowl = LBFGS().transformation(), lambda p: 3 * ((p - 1) ** 2).sum()
    >>> p = jax.numpy.zeros(2)
    >>> state = rule.init(p)
    >>> for _ in range(2):
    ...     value, g = jax.value_and_grad(bowl)(p)
    ...     step, state = rule.update(g, state, p, learning_rate=1.0, value=value, value_fn=bowl)
    ...     p = p + step
    >>> print(p.round(4))
    [1. 1.]
    """

    learning_rate: float = 1.0
    memory: int = 10
    search_steps: int = 20

    full_batch: ClassVar[bool] = True
    looks_again: ClassVar[bool] = True

    def __post_init__(self) -> None:
        super().__post_init__()
        check_integer(self, "memory", at_least=1)
        check_integer(self, "search_steps", at_least=1)

    def transformation(self) -> optax.GradientTransformationExtraArgs:
        """Return the rule."""
        search = optax.scale_by_zoom_linesearch(self.search_steps, initial_guess_strategy="one")
        rule = optax.lbfgs(None, memory_size=self.memory, linesearch=search)

        def update(
            updates: Any,
            state: Any,
            params: Any = None,
            *,
            learning_rate: Any = None,
            value: Any = None,
            value_fn: Any = None,
            **extra: Any,
        ) -> tuple[Any, Any]:
            del extra
            check_told(self, learning_rate, value, value_fn)
            steps, state = rule.update(
                updates, state, params, value=value, grad=updates, value_fn=value_fn
            )
            return jax.tree.map(lambda s: (learning_rate * s).astype(s.dtype), steps), state

        return optax.GradientTransformationExtraArgs(rule.init, update)
