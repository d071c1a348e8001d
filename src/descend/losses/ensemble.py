"""The loss of several members of one network, each with raw outputs of its own."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import jax
import jax.numpy as jnp

from descend.errors import SpecError
from descend.losses.loss import Loss
from descend.spec import check_integer

__all__ = ["Ensemble"]


@dataclass(frozen=True)
class Ensemble(Loss):
    """l = mean_m loss(raw_m, target): every member learns by itself; predictions are averaged.

    ``raw`` (batch, members width) holds the members' raw outputs side by side, as
    `descend.layers.Members` returns them. The link is the mean of the members' links: of
    probabilities, and not of raw outputs. A loss of the mean prediction would let members lean on
    one another and lose what an ensemble is for.

    Parameters
    ----------
    loss : Loss
        Of one member; not itself an `Ensemble`.
    members : int
        At least 2.

    References
    ----------
    Lakshminarayanan, Pritzel and Blundell (2017), Simple and scalable predictive uncertainty
    estimation using deep ensembles.

    Examples
    --------
    >>> from descend.losses import SquaredError
    >>> both = Ensemble(SquaredError(), 2)
    >>> raw = jnp.array([[1.0, 3.0]])
    >>> print(both(raw, jnp.array([[1.0]])), both.link(raw))
    [1.] [[2.]]
    """

    loss: Loss
    members: int
    target: ClassVar[str] = "several"  # of an instance: that of its loss

    def __post_init__(self) -> None:
        if not isinstance(self.loss, Loss) or isinstance(self.loss, Ensemble):
            raise SpecError(f"Ensemble: loss must be the loss of one member, got {self.loss!r}")
        check_integer(self, "members", at_least=2)
        object.__setattr__(self, "target", self.loss.target)

    def width(self, k: int) -> int:
        """Return the members' widths together."""
        return self.members * self.loss.width(k)

    def __call__(self, raw: jax.Array, target: Any) -> jax.Array:
        """Return the mean over members of the loss of each example."""
        each = jax.vmap(lambda own: self.loss(own, target), in_axes=1, out_axes=1)
        return jnp.mean(each(self._by_member(raw)), axis=1)

    def link(self, raw: jax.Array) -> Any:
        """Return the mean over members of their predictions."""
        linked = jax.vmap(self.loss.link, in_axes=1, out_axes=1)(self._by_member(raw))
        return jax.tree.map(lambda values: jnp.mean(values, axis=1), linked)

    def _by_member(self, raw: jax.Array) -> jax.Array:
        return raw.reshape(raw.shape[0], self.members, -1)
