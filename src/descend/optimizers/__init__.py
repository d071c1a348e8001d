"""Optimizers: one file per family; ``__all__`` is the one list of them."""

from descend.optimizers.adaptive import Adam
from descend.optimizers.optimizer import Optimizer
from descend.optimizers.sgd import SGD

__all__ = ["Adam", "Optimizer", "SGD"]
