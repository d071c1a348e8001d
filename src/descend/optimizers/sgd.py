"""Stochastic gradient descent."""

from __future__ import annotations

from dataclasses import dataclass

import optax

from descend.optimizers.optimizer import Optimizer, descend_by

__all__ = ["SGD"]


@dataclass(frozen=True)
class SGD(Optimizer):
    """theta <- theta - learning_rate * g.

    g is the gradient of the mean loss of the batch: of one row with ``batch_size=1`` (stochastic,
    row by row), of all rows with ``batch_size=None`` (full batch).

    References
    ----------
    Robbins and Monro (1951), A stochastic approximation method.
    """

    learning_rate: float = 0.01

    def transformation(self) -> optax.GradientTransformationExtraArgs:
        """Return the rule."""
        return descend_by()
