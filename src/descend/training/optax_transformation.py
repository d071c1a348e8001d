"""The record that an optax transformation descended, in the place of an optimizer."""

from __future__ import annotations

from dataclasses import dataclass

import optax

from descend.errors import UsageError
from descend.optimizers import Optimizer

__all__ = ["OptaxTransformation"]


@dataclass(frozen=True)
class OptaxTransformation(Optimizer):
    """What a plan says of a transformation that was handed over as it is.

    Functions are no plain values, so that neither plans nor model files can hold them; this says
    that there was one, and that what it was is not known.

    Parameters
    ----------
    learning_rate : float
        What weight decay was multiplied by; the transformation brings a rate of its own.

    Examples
    --------
    >>> from descend.training import Descent
    >>> Descent(OptaxTransformation()).optimizer
    OptaxTransformation(learning_rate=0.001)
    """

    learning_rate: float = 0.001

    def transformation(self) -> optax.GradientTransformationExtraArgs:
        """Refuse to go on.

        Raises
        ------
        UsageError
            Always.
        """
        raise UsageError(
            "this network was trained by an optax transformation, which a plan cannot hold, so "
            "that it cannot go on by itself. Give the estimator its optimizer again, as in "
            'NeuralClassifier.load("model.descend").set_params(optimizer=optax.adam(0.001)), and '
            "call its partial_fit"
        )
