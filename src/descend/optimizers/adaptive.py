"""Optimizers with a learning rate of their own for each weight."""

from __future__ import annotations

from dataclasses import dataclass

import optax

from descend.optimizers.optimizer import Optimizer, descend_by
from descend.spec import check_number

__all__ = ["Adam"]


@dataclass(frozen=True)
class Adam(Optimizer):
    """m <- b1 m + (1-b1) g;  v <- b2 v + (1-b2) g²;  theta <- theta - lr m̂ / (sqrt(v̂) + eps).

    m̂ = m / (1 - b1^t) and v̂ = v / (1 - b2^t) correct the bias of the start; eps stands outside
    the root, as in PyTorch.

    References
    ----------
    Kingma and Ba (2015), Adam: a method for stochastic optimization.
    """

    learning_rate: float = 0.001
    beta1: float = 0.9
    beta2: float = 0.999
    epsilon: float = 1e-8

    def __post_init__(self) -> None:
        super().__post_init__()
        check_number(self, "beta1", at_least=0, below=1)
        check_number(self, "beta2", at_least=0, below=1)
        check_number(self, "epsilon", above=0)

    def transformation(self) -> optax.GradientTransformationExtraArgs:
        """Return the rule."""
        return optax.chain(optax.scale_by_adam(self.beta1, self.beta2, self.epsilon), descend_by())
