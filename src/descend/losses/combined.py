"""A loss for several targets at once."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import jax
import jax.numpy as jnp

from descend.errors import SpecError
from descend.losses.loss import Loss

__all__ = ["Combined"]


@dataclass(frozen=True)
class Combined(Loss):
    """l = sum_i weights_i losses_i(raw_i, target_i): several targets at once, each of its kind.

    ``raw`` (batch, sum of widths) is the raw outputs of the parts side by side; the target and
    what `link` returns are tuples with one entry a part.

    Parameters
    ----------
    losses : tuple of Loss
        At least one; none of them a `Combined`.
    widths : tuple of int
        Raw outputs of each part, what its ``width(k)`` returns.
    weights : tuple of float
        How much each part counts, above 0; empty for 1 each.

    Examples
    --------
    >>> from descend.losses import BinaryCrossEntropy, SquaredError
    >>> both = Combined((SquaredError(), BinaryCrossEntropy()), widths=(2, 1))
    >>> raw = jnp.array([[3.0, 1.0, 0.0]])
    >>> print(both(raw, (jnp.array([[1.0, 0.0]]), jnp.array([1.0]))))
    [3.1931472]
    >>> [part.shape for part in both.link(raw)]
    [(1, 2), (1,)]
    """

    losses: tuple[Loss, ...]
    widths: tuple[int, ...]
    weights: tuple[float, ...] = ()
    target: ClassVar[str] = "several"

    def __post_init__(self) -> None:
        if not isinstance(self.losses, tuple) or not self.losses:
            raise SpecError(f"Combined: losses must be a tuple of losses, got {self.losses!r}")
        for loss in self.losses:
            if not isinstance(loss, Loss) or isinstance(loss, Combined):
                raise SpecError(f"Combined: losses must be losses of one target, got {loss!r}")
        self._check("widths", int, len(self.losses))
        if self.weights != ():
            self._check("weights", float | int, len(self.losses))

    def _check(self, name: str, kind: Any, length: int) -> None:
        values = getattr(self, name)
        if (
            not isinstance(values, tuple)
            or len(values) != length
            or not all(isinstance(v, kind) and 0 < v < float("inf") for v in values)
        ):
            raise SpecError(
                f"Combined: {name} must be a tuple of {length} numbers above 0, got {values!r}"
            )

    def width(self, k: int) -> int:
        """Return the sum of the widths, whatever ``k``."""
        return sum(self.widths)

    def __call__(self, raw: jax.Array, target: tuple[Any, ...]) -> jax.Array:
        """Return the loss of each example."""
        total = jnp.zeros(raw.shape[0], raw.dtype)
        weights = self.weights or (1.0,) * len(self.losses)
        parts = zip(self.losses, self._parts(raw), target, weights, strict=True)
        for loss, part, goal, weight in parts:
            total = total + weight * loss(part, goal)
        return total

    def link(self, raw: jax.Array) -> tuple[Any, ...]:
        """Return a tuple: the link of each part, of its raw outputs."""
        return tuple(
            loss.link(part) for loss, part in zip(self.losses, self._parts(raw), strict=True)
        )

    def _parts(self, raw: jax.Array) -> list[jax.Array]:
        ends = [sum(self.widths[: i + 1]) for i in range(len(self.widths))]
        return jnp.split(raw, ends[:-1], axis=-1)
