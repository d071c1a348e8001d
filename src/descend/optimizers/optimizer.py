"""The contract of an optimizer, and the frame that most rules share."""

from __future__ import annotations

import math
from abc import abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, NamedTuple

import jax
import jax.numpy as jnp
import optax

from descend.errors import UsageError
from descend.spec import Spec, check_number

__all__ = [
    "ByLeafState",
    "Now",
    "Optimizer",
    "by_leaf",
    "check_told",
    "memory_of",
    "unbias",
    "zeros",
]


@dataclass(frozen=True)
class Optimizer(Spec):
    """A rule that turns gradients into steps.

    The learning rate is not built into the transformation: training passes its current value
    (after the schedule) at every step, as the extra argument ``learning_rate`` of ``update``.
    One compiled program therefore serves every rate.

    In the equations, theta are the parameters, g the gradient of the mean loss of the batch, lr
    the current learning rate and t the number of the step, from 1; products, quotients and roots
    are element by element. "As in PyTorch" means: the same trajectory but for rounding.

    Attributes
    ----------
    full_batch : bool
        Whether the rule needs the same rows at every step.
    looks_again : bool
        Whether it computes the loss of the batch at further points: ``update`` then also needs
        ``value`` (the loss at the parameters) and ``value_fn`` (parameters -> loss).
    """

    learning_rate: float

    full_batch: ClassVar[bool] = False
    looks_again: ClassVar[bool] = False

    def __post_init__(self) -> None:
        check_number(self, "learning_rate", above=0)

    @abstractmethod
    def transformation(self) -> optax.GradientTransformationExtraArgs:
        """Return the rule; its ``update`` takes ``learning_rate`` as an extra argument."""

    def evaluation_params(self, opt_state: Any, params: Any) -> Any:
        """Return the parameters to predict with, which for averaging rules are not those trained.

        Parameters
        ----------
        opt_state : pytree
            What ``transformation().init`` and ``update`` return.
        params : pytree
            The parameters that go with it: those at which gradients are taken.
        """
        del opt_state
        return params


class Now(NamedTuple):
    """What a step of one leaf may look at.

    Attributes
    ----------
    t : scalar array of the leaf's dtype
        Number of this step, from 1.
    learning_rate : scalar array of the leaf's dtype
    is_weight : bool
        Whether the leaf is called ``weight``: weight decay is for these only.
    shared : dict of scalar arrays
        The memory that all leaves share, already advanced to this step.
    """

    t: jax.Array
    learning_rate: jax.Array
    is_weight: bool
    shared: Mapping[str, jax.Array]


class ByLeafState(NamedTuple):
    """The memory of a rule made by `by_leaf`.

    Attributes
    ----------
    step : int32
        Steps taken.
    shared : dict of scalar arrays
    leaves : like params, with a dict of arrays in the place of each leaf
    """

    step: jax.Array
    shared: dict[str, jax.Array]
    leaves: Any


Memory = dict[str, jax.Array]
Step = Callable[[jax.Array, Any, Memory, Now], tuple[jax.Array, Memory]]


def zeros(*names: str) -> Callable[[jax.Array], Memory]:
    """Return a memory that starts, for each name, as zeros like the leaf."""
    return lambda p: {name: jnp.zeros_like(p) for name in names}


def by_leaf(
    step: Step,
    start: Callable[[jax.Array], Memory] = lambda p: {},
    *,
    shared: Mapping[str, float] | None = None,
    advance: Callable[[Mapping[str, jax.Array], Now], dict[str, jax.Array]] | None = None,
) -> optax.GradientTransformationExtraArgs:
    """Return the transformation that applies one rule to every leaf by itself.

    Parameters
    ----------
    step : function (g, p, memory, now) -> (what to add to p, new memory)
        Gradient, value and memory of one leaf. p is None where ``update`` is given no params.
    start : function (p) -> memory
        The leaf's memory before the first step.
    shared : dict of float, optional
        Starting values of scalars that all leaves share.
    advance : function (shared, now) -> shared
        Called once a step, before the leaves; the leaves see what it returns.
    """

    def init(params: Any) -> ByLeafState:
        scalars = {name: jnp.asarray(value, float) for name, value in (shared or {}).items()}
        return ByLeafState(jnp.zeros((), jnp.int32), scalars, jax.tree.map(start, params))

    def update(
        updates: Any, state: Any, params: Any = None, *, learning_rate: Any = None, **extra: Any
    ) -> tuple[Any, ByLeafState]:
        del extra
        if learning_rate is None:
            raise UsageError("update needs the current rate: update(..., learning_rate=0.01)")
        # Row by row at a microsecond each, an int32 is full within the hour: stop, do not wrap.
        count = state.step + (state.step < jnp.iinfo(jnp.int32).max)
        scalars = state.shared
        if advance is not None:
            now = Now(count.astype(float), jnp.asarray(learning_rate, float), False, scalars)
            scalars = advance(scalars, now)
        paths, tree = jax.tree_util.tree_flatten_with_path(updates)
        values = [None] * len(paths) if params is None else tree.flatten_up_to(params)
        results = []
        for (path, g), p, memory in zip(
            paths, values, tree.flatten_up_to(state.leaves), strict=True
        ):
            now = Now(
                count.astype(g.dtype),
                jnp.asarray(learning_rate, g.dtype),
                bool(path) and getattr(path[-1], "key", None) == "weight",
                {name: value.astype(g.dtype) for name, value in scalars.items()},
            )
            results.append(step(g, p, memory, now))
        steps = tree.unflatten([result[0] for result in results])
        leaves = tree.unflatten([result[1] for result in results])
        return steps, ByLeafState(count, scalars, leaves)

    return optax.GradientTransformationExtraArgs(init, update)


def check_told(rule: Optimizer, learning_rate: Any, value: Any, value_fn: Any) -> None:
    """Refuse an ``update`` of a rule that looks again without what it needs for that."""
    if learning_rate is None or value is None or value_fn is None:
        raise UsageError(
            f"update of {type(rule).__name__} needs learning_rate=, value= (the loss) and "
            "value_fn= (parameters -> loss)"
        )


def memory_of(state: ByLeafState, params: Any, name: str) -> Any:
    """Return the memory called ``name`` of all leaves, as a tree like ``params``."""
    tree = jax.tree.structure(params)
    return tree.unflatten([memory[name] for memory in tree.flatten_up_to(state.leaves)])


def unbias(beta: float, t: jax.Array) -> jax.Array:
    """Return 1 - beta^t, what the weights of an exponential average sum to after t steps.

    Written so that it is exact to rounding: the plain formula in float32 is off by 5e-5 for
    beta = 0.999 at the first step.
    """
    return -jnp.expm1(t * math.log(beta)) if beta > 0 else jnp.ones_like(t)
