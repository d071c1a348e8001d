"""Layers: one file per kind; ``__all__`` is the one list of them."""

from descend.layers.activation import Activation
from descend.layers.combinators import Parallel, Residual, Sequential
from descend.layers.dense import Dense
from descend.layers.dropout import Dropout
from descend.layers.embedding import Embedding
from descend.layers.layer import Layer
from descend.layers.normalization import BatchNormalization, LayerNormalization
from descend.layers.reshaping import Flatten, Reshape

__all__ = [
    "Activation",
    "BatchNormalization",
    "Dense",
    "Dropout",
    "Embedding",
    "Flatten",
    "Layer",
    "LayerNormalization",
    "Parallel",
    "Reshape",
    "Residual",
    "Sequential",
]
