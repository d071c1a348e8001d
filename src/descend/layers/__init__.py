"""Layers: one file per kind; ``__all__`` is the one list of them."""

from descend.layers.activation import Activation
from descend.layers.combinators import Parallel, Residual, Sequential
from descend.layers.continuous_time import ContinuousTime
from descend.layers.dense import Dense
from descend.layers.dropout import Dropout
from descend.layers.embedding import Embedding
from descend.layers.equilibrium import Equilibrium
from descend.layers.hopfield import HopfieldLookup, HopfieldPooling
from descend.layers.layer import Layer
from descend.layers.normalization import BatchNormalization, LayerNormalization
from descend.layers.reshaping import Flatten, Reshape

__all__ = [
    "Activation",
    "BatchNormalization",
    "ContinuousTime",
    "Dense",
    "Dropout",
    "Embedding",
    "Equilibrium",
    "Flatten",
    "HopfieldLookup",
    "HopfieldPooling",
    "Layer",
    "LayerNormalization",
    "Parallel",
    "Reshape",
    "Residual",
    "Sequential",
]
