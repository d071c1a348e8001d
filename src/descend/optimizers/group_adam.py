"""Adam with a rate of its own for each kind of parameter."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import jax
import jax.numpy as jnp
import optax

from descend.errors import SpecError
from descend.optimizers.adam import Adam
from descend.schedules import Constant, Schedule
from descend.spec import check_number, check_spec

__all__ = ["GroupAdam"]


@dataclass(frozen=True)
class GroupAdam(Adam):
    """theta <- (1 - lr f² decay d(p)) theta, then an `Adam` step at the rate lr f.

    f is the factor of the leaf's name, 1 where none is given, and p the share of the run already
    done. The decay comes first, is multiplied by f twice (once with the rate, once as a factor of
    its own, as in RealMLP's original code), and is for every leaf but those called ``bias``.

    Parameters
    ----------
    beta1, beta2 : float
    epsilon : float
    decay : float
        At least 0.
    decay_schedule : Schedule
        d.
    factors : tuple of (name, factor)
        As ``(("bias", 0.1), ("scale", 6.0))``; factors above 0.

    Raises
    ------
    SpecError
        If a field is out of range.

    References
    ----------
    Holzmüller, Grinsztajn and Steinwart (2024), Better by default: strong pre-tuned MLPs and
    boosted trees on tabular data.

    Examples
    --------
    >>> rule = GroupAdam(factors=(("bias", 0.5),)).transformation()
    >>> g = {"weight": jnp.array([1.0]), "bias": jnp.array([1.0])}
    >>> step, state = rule.update(g, rule.init(g), g, learning_rate=0.1)
    >>> print(step["weight"].round(6), step["bias"].round(6))
    [-0.1] [-0.05]
    """

    decay: float = 0.0
    decay_schedule: Schedule = Constant()
    factors: tuple[tuple[str, float], ...] = ()

    def __post_init__(self) -> None:
        super().__post_init__()
        check_number(self, "decay", at_least=0)
        check_spec(self, "decay_schedule", Schedule)
        if not isinstance(self.factors, tuple) or not all(
            isinstance(pair, tuple)
            and len(pair) == 2
            and isinstance(pair[0], str)
            and type(pair[1]) in (int, float)
            and 0 < pair[1] < float("inf")
            for pair in self.factors
        ):
            raise SpecError(
                "GroupAdam: factors must be a tuple of (name, factor above 0), "
                f'as (("bias", 0.1),), got {self.factors!r}'
            )

    def transformation(self) -> optax.GradientTransformationExtraArgs:
        """Return the rule; its ``update`` also takes ``progress``, 0 where it is not given."""
        plain = optax.with_extra_args_support(super().transformation())
        factors = dict(self.factors)

        def name_of(path: tuple[Any, ...]) -> str:
            return getattr(path[-1], "key", "") if path else ""

        def update(
            updates: Any,
            state: Any,
            params: Any = None,
            *,
            learning_rate: Any = None,
            progress: Any = 0.0,
            **extra: Any,
        ) -> tuple[Any, Any]:
            del extra
            steps, state = plain.update(updates, state, params, learning_rate=learning_rate)
            if params is None:
                return steps, state
            share = self.decay_schedule(jnp.asarray(progress, float))

            def whole(path: tuple[Any, ...], step: jax.Array, p: jax.Array) -> jax.Array:
                factor = factors.get(name_of(path), 1.0)
                step = step * jnp.asarray(factor, step.dtype)
                if not self.decay or name_of(path) == "bias":
                    return step
                rate = self.decay * factor * factor * share * learning_rate
                return step - jnp.asarray(rate, p.dtype) * p

            return jax.tree_util.tree_map_with_path(whole, steps, params), state

        return optax.GradientTransformationExtraArgs(plain.init, update)
