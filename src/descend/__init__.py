"""Descend: a neural network from your examples, trained, honestly tested and ready to use.

>>> import descend
>>> model = descend.train("examples/penguins.csv", target="species")  # doctest: +SKIP
>>> model.report.targets[0].accuracy  # doctest: +SKIP
0.985...

The names below are imported when they are first used, so that ``import descend`` is quick.
"""

from __future__ import annotations

import importlib

from descend.version import __version__

TYPE_CHECKING = False  # typing's own takes longer to import than all the rest here
if TYPE_CHECKING:
    from typing import Any

    from descend.layers import Dense, Sequential
    from descend.models import LanguageModel, Model, Plan, load, train
    from descend.training import Descent, fit

__all__ = [
    "Dense",
    "Descent",
    "LanguageModel",
    "Model",
    "Plan",
    "Sequential",
    "__version__",
    "fit",
    "load",
    "train",
]

_HOMES = {
    "Dense": "descend.layers",
    "Descent": "descend.training",
    "LanguageModel": "descend.models",
    "Model": "descend.models",
    "Plan": "descend.models",
    "Sequential": "descend.layers",
    "fit": "descend.training",
    "load": "descend.models",
    "train": "descend.models",
}


def __getattr__(name: str) -> Any:
    """Import a name from its home at its first use."""
    if name in _HOMES:
        return getattr(importlib.import_module(_HOMES[name]), name)
    raise AttributeError(f"module 'descend' has no attribute {name!r}")


def __dir__() -> list[str]:
    """Return the public names."""
    return __all__
