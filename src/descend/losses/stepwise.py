"""The loss of a sequence whose every step has a target."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import jax

from descend.errors import SpecError
from descend.losses.loss import Loss

__all__ = ["Stepwise"]


@dataclass(frozen=True)
class Stepwise(Loss):
    """l = mean_t loss(raw_t, target_t): every step of a sequence has a target, all steps are real.

    ``raw`` is (batch, time, width) and the targets have a second axis for time too: int32 codes
    (batch, time) for classes. The link is that of every step.

    Parameters
    ----------
    loss : Loss
        Of one step: of a class or of numbers.

    Examples
    --------
    >>> import jax.numpy as jnp
    >>> from descend.losses import CategoricalCrossEntropy
    >>> each = Stepwise(CategoricalCrossEntropy())
    >>> print(each(jnp.zeros((1, 5, 2)), jnp.zeros((1, 5), jnp.int32)))
    [0.6931472]
    """

    loss: Loss
    target: ClassVar[str] = "several"  # of an instance: that of its loss

    def __post_init__(self) -> None:
        if not isinstance(self.loss, Loss) or isinstance(self.loss, Stepwise):
            raise SpecError(f"Stepwise: loss must be the loss of one step, got {self.loss!r}")
        object.__setattr__(self, "target", self.loss.target)

    def width(self, k: int) -> int:
        """Return the width of one step."""
        return self.loss.width(k)

    def __call__(self, raw: jax.Array, target: Any) -> jax.Array:
        """Return the mean over steps of the loss of each sequence."""
        flat = jax.tree.map(lambda a: a.reshape(-1, *a.shape[2:]), target)
        return self.loss(raw.reshape(-1, raw.shape[-1]), flat).reshape(raw.shape[:2]).mean(axis=1)

    def link(self, raw: jax.Array) -> Any:
        """Return the predictions of every step, (batch, time, ...)."""
        linked = self.loss.link(raw.reshape(-1, raw.shape[-1]))
        return jax.tree.map(lambda a: a.reshape(*raw.shape[:2], *a.shape[1:]), linked)
