"""What a search may try: for each option some choices, or everything between two numbers."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, replace
from typing import Any

import numpy as np

from descend.errors import UsageError, did_you_mean
from descend.models.networks.tables import default_descent, default_layers
from descend.models.options import EXTRAS, Options

__all__ = ["Between", "SEARCHED", "Space", "check_space", "default_space"]

SEARCHED = (
    "layers",
    "activation",
    "dropout",
    "optimizer",
    "learning_rate",
    "schedule",
    "batch_size",
    "weight_decay",
    "patience",
    *(name for name in EXTRAS if name != "restarts"),
)
"""Options that can be compared on the same rows by the same loss."""


@dataclass(frozen=True)
class Between:
    """Every number from one to another, drawn evenly by its logarithm.

    Parameters
    ----------
    low, high : float
        Above 0, low below high.

    Raises
    ------
    UsageError
        If they are not.

    Examples
    --------
    >>> 0.001 <= Between(0.001, 0.1).draw(np.random.default_rng(0)) <= 0.1
    True
    """

    low: float
    high: float

    def __post_init__(self) -> None:
        if not 0 < self.low < self.high < math.inf:
            raise UsageError(
                "a range goes from a number above 0 to a higher one, as 0.0003..0.03, got "
                f"{self.low:g}..{self.high:g}"
            )

    def draw(self, generator: np.random.Generator) -> float:
        """Return one number, to three digits."""
        power = generator.uniform(math.log(self.low), math.log(self.high))
        return min(max(float(f"{math.exp(power):.3g}"), self.low), self.high)


Space = Mapping[str, Sequence[Any] | Between]
"""Option name -> its choices, or a range."""


def check_space(space: Space, options: Options) -> None:
    """Refuse options that cannot be searched, ranges of what is no number, and bad choices.

    Raises
    ------
    UsageError, SpecError
        The latter for choices that the option itself refuses.
    """
    known = [field.name for field in fields(Options)]
    for name, choices in space.items():
        if name not in known:
            raise UsageError(f'there is no option "{name}".{did_you_mean(name, known)}')
        if name not in SEARCHED:
            raise UsageError(
                f"{name} cannot be searched: settings are compared on the same rows by the same "
                f"loss. Options to search: {', '.join(SEARCHED)}"
            )
        if isinstance(choices, Between):
            if name not in _NUMBERS:
                raise UsageError(
                    f"{name} takes a list of choices and no range: ranges are for "
                    f"{', '.join(_NUMBERS)}"
                )
            choices = (choices.low, choices.high)
        elif isinstance(choices, str) or not len(choices):
            raise UsageError(f"the space of {name} is a list of choices, got {choices!r}")
        for choice in choices:
            replace(options, **{name: choice})


_NUMBERS = tuple(f.name for f in fields(Options) if f.name in SEARCHED and "float |" in str(f.type))


def default_space(rows: int) -> dict[str, Sequence[Any] | Between]:
    """Return what is searched for so many training rows, unless asked otherwise.

    Examples
    --------
    >>> sorted(default_space(1000))
    ['batch_size', 'dropout', 'layers', 'learning_rate', 'weight_decay']
    """
    batch = default_descent(rows, 0).batch_size or rows
    units = default_layers(rows)
    return {
        "layers": (units, (units[0],), (2 * units[0], units[0]), (units[0], units[0], units[1])),
        "dropout": (0.0, 0.1, 0.2, 0.4),
        "batch_size": (batch, 2 * batch, max(8, batch // 2)),
        "learning_rate": Between(1e-4, 3e-2),
        "weight_decay": Between(1e-3, 1.0),
    }
