"""Soft assignment: mean-field annealing over tables whose rows and columns are both one-hot."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import jax
import jax.numpy as jnp

from descend.feedback.dynamics.mean_field import largest_members, members_to_spins
from descend.feedback.dynamics.rule import Clock, Rule, Setting, signs
from descend.feedback.spectrum import Spectrum
from descend.spec import check_integer

__all__ = ["SoftAssignment"]

FORBIDDEN = -1e9
"""Logit of a place that is only padding."""


@dataclass(frozen=True)
class SoftAssignment(Rule):
    """v ← (1 − m) v + m S((−∂E/∂v + s v) / T), T falling, S making all row and column sums 1.

    Every state is a doubly stochastic table: half a permutation at each temperature, a whole one
    in the end. What the penalties of rows and columns would do is taken out of the force, for the
    sums hold by construction; what is left of it would be a self-coupling that freezes
    the first table it meets. The self-coupling s is then chosen: it makes the energy convex enough
    for all averages to move at once. Temperatures and s are in units of the critical
    temperature, below which the even table is unstable: λ / k for tables of k columns, with λ the
    largest eigenvalue of the force over tables whose rows and columns sum to 0.

    References
    ----------
    Rangarajan, Gold and Mjolsness (1996), A novel optimizing network architecture with
    applications, Neural Computation 8. Sinkhorn (1964), for S.
    """

    grouped: ClassVar[bool] = True
    turns: int = 3

    def __post_init__(self) -> None:
        check_integer(self, "turns", at_least=1)

    def knobs(self, spectrum: Spectrum) -> dict[str, float]:
        """Return a fall from the critical temperature on, and m = 0.6."""
        del spectrum
        return {"hot": 1.0, "cold": 0.2, "self": 3.0, "mixing": 0.6}

    def start(self, key: jax.Array, guess: jax.Array, knobs: Any) -> Any:
        """Return weak random preferences."""
        del knobs
        noise = 0.04 * jax.random.normal(key, guess.shape, jnp.float32)
        return {"x": jnp.where(guess == 0, noise, 0.5 * guess)}

    def step(self, setting: Setting, knobs: Any, state: Any, clock: Clock) -> Any:
        """Move every average towards what the others ask of it."""
        x, groups, place, critical = (
            state["x"], setting.groups, setting.place, setting.critical,
        )  # fmt: skip
        progress = clock.step / clock.total
        temperature = knobs["hot"] * (knobs["cold"] / knobs["hot"]) ** progress
        pull = setting.couplings.pull(x) + setting.fields
        if groups is None or place is None or critical is None:
            return {**state, "x": jnp.tanh(pull / temperature)}
        # x = 2 v − 1, so that −∂E/∂v = 2 pull, and a self-coupling s of v is one of s / 4 of x.
        own = knobs["self"] * critical.temperature / 4.0 - critical.exclusion
        inside = (groups >= 0)[..., None]
        logits = 2.0 * (pull + own * x)[groups] / (temperature * critical.temperature)
        logits = jnp.where(inside, logits, FORBIDDEN)
        for _ in range(self.turns):
            for axis in (1, 0):
                logits = logits - jax.nn.logsumexp(logits, axis=axis, keepdims=True)
                logits = jnp.where(inside, logits, FORBIDDEN)
        averages = 2.0 * jnp.exp(logits) - 1.0
        free = jnp.tanh(pull / temperature)
        turned = members_to_spins(averages, place, free)
        return {**state, "x": x + knobs["mixing"] * (turned - x)}

    def spins(self, setting: Setting, state: Any) -> jax.Array:
        """Return the largest member of each row as +1, the rest of the row as −1."""
        x, groups, place = state["x"], setting.groups, setting.place
        if groups is None or place is None:
            return signs(x)
        return members_to_spins(largest_members(x, groups), place, signs(x))
