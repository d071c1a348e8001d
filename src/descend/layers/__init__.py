"""Layers: one file per kind; ``__all__`` is the one list of them."""

from descend.layers.dense import Dense
from descend.layers.layer import Layer

__all__ = ["Dense", "Layer"]
