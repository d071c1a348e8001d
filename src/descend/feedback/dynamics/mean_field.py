"""Mean-field annealing: spins become averages, tanh of the field on them, while it cools."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import jax
import jax.numpy as jnp

from descend.feedback.dynamics.rule import Clock, Rule, Setting, signs
from descend.feedback.spectrum import Spectrum

__all__ = ["MeanField", "Potts", "largest_members", "members_to_spins"]


@dataclass(frozen=True)
class MeanField(Rule):
    """Noisy mean-field annealing (NMFA).

    φ_i = (J x + h)_i / √(Σ_j J_ij² + h_i²) + noise, x ← α tanh(β φ) + (1 − α) x, β rising
    linearly. The noise is normal with standard deviation ``noise``.

    References
    ----------
    King et al. (2018), Emulating the coherent Ising machine with a mean-field algorithm,
    arXiv 1806.08422 (α = 0.15, noise 0.15, 1000 steps).
    """

    def knobs(self, spectrum: Spectrum) -> dict[str, float]:
        """Return the published values; ``cold`` is β at the end."""
        del spectrum
        return {"mixing": 0.15, "noise": 0.15, "cold": 5.0}

    def start(self, key: jax.Array, guess: jax.Array, knobs: Any) -> Any:
        """Return zeros (or the guess) and a key for the noise."""
        del knobs
        return {"x": 0.5 * guess.astype(jnp.float32), "key": key}

    def step(self, setting: Setting, knobs: Any, state: Any, clock: Clock) -> Any:
        """One synchronous, damped update of every average."""
        x = state["x"]
        key = jax.random.fold_in(state["key"], clock.step)
        # A sum of two uniforms has the wanted variance and costs a fraction of a normal.
        width = 6.0**0.5 / 2
        noise = jax.random.uniform(key, (2, *x.shape), jnp.float32, -width, width).sum(axis=0)
        force = (setting.couplings.pull(x) + setting.fields) / setting.strength
        inverse = knobs["cold"] * (clock.step + 1) / clock.total
        turned = jnp.tanh(inverse * (force + knobs["noise"] * noise))
        return {**state, "x": x + knobs["mixing"] * (turned - x)}


@dataclass(frozen=True)
class Potts(Rule):
    """Potts mean field: in each one-hot group, v_a = softmax_a(−∂E/∂v_a / T), T falling.

    Constraints "exactly one of this group" hold by construction at every temperature, so that
    their penalties cannot trap the dynamics. Spins outside every group follow tanh. A random
    half of the groups moves in each step: moving all at once oscillates.

    References
    ----------
    Peterson and Söderberg (1989), A new method for mapping optimization problems onto neural
    networks, International Journal of Neural Systems 1, 3.
    """

    grouped = True

    def knobs(self, spectrum: Spectrum) -> dict[str, float]:
        """Return temperatures relative to the critical one, λ_max = 1."""
        del spectrum
        return {"hot": 1.2, "cold": 0.01, "share": 0.3}

    def start(self, key: jax.Array, guess: jax.Array, knobs: Any) -> Any:
        """Return weak random preferences."""
        del knobs
        draw, key = jax.random.split(key)
        noise = 0.02 * jax.random.normal(draw, guess.shape, jnp.float32)
        return {"x": jnp.where(guess == 0, noise, 0.5 * guess), "key": key}

    def step(self, setting: Setting, knobs: Any, state: Any, clock: Clock) -> Any:
        """Update a random share of the groups."""
        x, groups, place = state["x"], setting.groups, setting.place
        progress = (clock.step + 1) / clock.total
        temperature = knobs["hot"] * (knobs["cold"] / knobs["hot"]) ** progress
        pull = setting.couplings.pull(x) + setting.fields
        key = jax.random.fold_in(state["key"], clock.step)
        if groups is None or place is None:
            moves = jax.random.uniform(key, x.shape) < knobs["share"]
            return {**state, "x": jnp.where(moves, jnp.tanh(pull / temperature), x)}
        inside = (groups >= 0)[..., None]
        # x = 2 v − 1, so that ∂E/∂v = −2 · force.
        logits = jnp.where(inside, 2.0 * pull[groups] / temperature, -jnp.inf)
        averages = 2.0 * jax.nn.softmax(logits, axis=1) - 1.0
        moves = jax.random.uniform(key, (groups.shape[0], 1, x.shape[1])) < knobs["share"]
        turned = jnp.where(moves, averages, x[groups])
        return {**state, "x": members_to_spins(turned, place, jnp.tanh(pull / temperature))}

    def spins(self, setting: Setting, state: Any) -> jax.Array:
        """Return the largest member of each group as +1, the rest of the group as −1."""
        x, groups, place = state["x"], setting.groups, setting.place
        if groups is None or place is None:
            return signs(x)
        return members_to_spins(largest_members(x, groups), place, signs(x))


def largest_members(x: jax.Array, groups: jax.Array) -> jax.Array:
    """Return +1 for the largest member of each group, −1 for others: (groups, states, replicas)."""
    inside = (groups >= 0)[..., None]
    top = jnp.argmax(jnp.where(inside, x[groups], -jnp.inf), axis=1)
    return 2.0 * jax.nn.one_hot(top, groups.shape[1], axis=1) - 1.0


def members_to_spins(grouped: jax.Array, place: jax.Array, free: jax.Array) -> jax.Array:
    """Bring (groups, states, replicas) back to (spins, replicas), by rows: a scatter is slow."""
    rows = jnp.take(grouped.reshape(-1, grouped.shape[-1]), place, axis=0, mode="clip")
    return jnp.where(place[:, None] >= 0, rows, free)
