"""Losses: what training descends, each with the link that turns raw outputs into predictions.

A loss maps the network's raw outputs (batch, width) and the targets to one number an example.
Weighting, averaging and masking are done once, by training (`descend.losses.weights` turns class
weights into weights of examples). The link of a loss is the function that turns raw outputs into
what a person reads: probabilities, a rate, a number.

Losses over several outputs sum them (a mean would make the gradient of one output depend on how
many others there are). Values and slopes are finite for raw outputs up to ±1e4 in float32.
``__all__`` is the one list of losses.
"""

from descend.losses.classification import (
    BinaryCrossEntropy,
    CategoricalCrossEntropy,
    Focal,
    Hinge,
    MultiLabelCrossEntropy,
)
from descend.losses.combined import Combined
from descend.losses.ensemble import Ensemble
from descend.losses.loss import Loss
from descend.losses.regression import AbsoluteError, Huber, Poisson, Quantile, SquaredError
from descend.losses.stepwise import Stepwise

__all__ = [
    "AbsoluteError",
    "BinaryCrossEntropy",
    "CategoricalCrossEntropy",
    "Combined",
    "Ensemble",
    "Focal",
    "Hinge",
    "Huber",
    "Loss",
    "MultiLabelCrossEntropy",
    "Poisson",
    "Quantile",
    "SquaredError",
    "Stepwise",
]
