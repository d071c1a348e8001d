"""Layers: one file per kind; ``__all__`` is the one list of them."""

from descend.layers.activation import Activation, ParametricActivation
from descend.layers.attention import AttentionBlock, SelfAttention
from descend.layers.augmentation import (
    Cutout,
    PixelScaling,
    RandomColour,
    RandomFlip,
    RandomWarp,
)
from descend.layers.cells import GRU, LSTM, Cell, Elman, MinimalGRU
from descend.layers.combinators import Parallel, Residual, Sequential
from descend.layers.continuous_time import ContinuousTime
from descend.layers.convolution import Convolution, TransposedConvolution
from descend.layers.dense import Dense
from descend.layers.dropout import Dropout, FadingDropout
from descend.layers.each_step import EachStep
from descend.layers.embedding import Embedding
from descend.layers.equilibrium import Equilibrium
from descend.layers.hopfield import HopfieldLookup, HopfieldPooling
from descend.layers.layer import Layer
from descend.layers.members import Members
from descend.layers.mirror_average import MirrorAverage
from descend.layers.normalization import BatchNormalization, GroupNormalization, LayerNormalization
from descend.layers.numeric_embedding import PeriodicEmbedding, PiecewiseLinear
from descend.layers.pooling import AveragePooling, GlobalPooling, MaxPooling
from descend.layers.random_convolution import RandomConvolution
from descend.layers.recurrent import Recurrent
from descend.layers.reshaping import Flatten, Reshape
from descend.layers.scaling import RobustScaling, Scaling
from descend.layers.sequence_pooling import SequencePooling
from descend.layers.sound import LogMel, RandomSound, RandomSpectrum
from descend.layers.squeeze_excite import SqueezeExcite
from descend.layers.tangent import TangentDense
from descend.layers.token_convolution import TokenConvolution
from descend.layers.token_embedding import EmbeddingBag, TokenEmbedding

__all__ = [
    "Activation",
    "AttentionBlock",
    "AveragePooling",
    "BatchNormalization",
    "Cell",
    "ContinuousTime",
    "Convolution",
    "Cutout",
    "Dense",
    "Dropout",
    "EachStep",
    "Elman",
    "Embedding",
    "EmbeddingBag",
    "Equilibrium",
    "FadingDropout",
    "Flatten",
    "GRU",
    "GlobalPooling",
    "GroupNormalization",
    "HopfieldLookup",
    "HopfieldPooling",
    "LSTM",
    "Layer",
    "LayerNormalization",
    "LogMel",
    "MaxPooling",
    "Members",
    "MinimalGRU",
    "MirrorAverage",
    "Parallel",
    "ParametricActivation",
    "PeriodicEmbedding",
    "PiecewiseLinear",
    "PixelScaling",
    "RandomColour",
    "RandomConvolution",
    "RandomFlip",
    "RandomSound",
    "RandomSpectrum",
    "RandomWarp",
    "Recurrent",
    "Reshape",
    "Residual",
    "RobustScaling",
    "Scaling",
    "SelfAttention",
    "SequencePooling",
    "Sequential",
    "SqueezeExcite",
    "TangentDense",
    "TokenConvolution",
    "TokenEmbedding",
    "TransposedConvolution",
]
