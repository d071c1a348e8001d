"""Names of specs as people type them: ``squared_error`` for ``SquaredError``.

The lists come from each module's ``__all__``, so that a new export can be chosen on the command
line, in a plan and in a model file without being listed anywhere else.
"""

from __future__ import annotations

import re
from functools import cache
from types import ModuleType

from descend import initializers, layers, losses, optimizers, schedules
from descend.errors import UsageError, did_you_mean
from descend.losses import Loss
from descend.optimizers import Optimizer
from descend.schedules import Schedule
from descend.spec import Spec

__all__ = ["LOSSES", "OPTIMIZERS", "SCHEDULES", "choose", "exported", "snake_case", "spec_classes"]


def snake_case(name: str) -> str:
    """Return a class name as people type it.

    Examples
    --------
    >>> snake_case("SquaredError"), snake_case("AdamW"), snake_case("RMSProp")
    ('squared_error', 'adamw', 'rmsprop')
    >>> snake_case("SGD"), snake_case("AveragedSGD"), snake_case("AdaGrad")
    ('sgd', 'averaged_sgd', 'adagrad')
    """
    return re.sub(r"(?<=[a-z])(?<!^Ada)(?=[A-Z][a-z]|[A-Z]{2})", "_", name).lower()


def exported(module: ModuleType, base: type) -> dict[str, type]:
    """Return the concrete specs of a module's ``__all__``, by their class names."""
    members = {name: getattr(module, name) for name in module.__all__}
    return {
        name: member
        for name, member in members.items()
        if isinstance(member, type) and issubclass(member, base) and member is not base
    }


def _typed(module: ModuleType, base: type) -> dict[str, type]:
    return {snake_case(name): member for name, member in exported(module, base).items()}


_COMPOSED = ("combined", "ensemble", "stepwise")
"""Losses made of losses; they come of several targets, members and steps."""

LOSSES = {name: cls for name, cls in _typed(losses, Loss).items() if name not in _COMPOSED}
OPTIMIZERS = _typed(optimizers, Optimizer)
SCHEDULES = _typed(schedules, Schedule)


def choose(kind: str, name: str, table: dict[str, type]) -> type:
    """Return the class of a typed name, or list the choices.

    Case, dashes and underscores do not matter: ``AdamW``, ``one-cycle``.
    """
    known = {_bare(key): cls for key, cls in table.items()}
    if _bare(name) not in known:
        listed = ", ".join(sorted(table))
        raise UsageError(
            f'there is no {kind} "{name}".{did_you_mean(name, table)} Choices: {listed}'
        )
    return known[_bare(name)]


def _bare(name: str) -> str:
    return name.lower().replace("-", "").replace("_", "")


@cache
def spec_classes() -> dict[str, type]:
    """Return the closed table of every spec that a plan or a model file may hold."""
    from descend import data, models, training

    modules = (initializers, layers, losses, optimizers, schedules, data, training, models)
    return {name: cls for module in modules for name, cls in exported(module, Spec).items()}
