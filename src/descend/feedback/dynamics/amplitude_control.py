"""Chaotic amplitude control: a coherent Ising machine that will not rest in local minima."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import jax
import jax.numpy as jnp

from descend.feedback.dynamics.rule import Clock, Rule, Setting, signs
from descend.feedback.spectrum import Spectrum

__all__ = ["AmplitudeControl"]

LARGEST_ERROR = 32.0


@dataclass(frozen=True)
class AmplitudeControl(Rule):
    """Chaotic amplitude control (CAC).

    ẋ = x ((r − 1) − x²) + β e (J x + h ρ), ė = −ξ e (x² − a), a = α (1 + tanh(δ (H − H_best))),
    ξ̇ = γ, with ξ back to 0 whenever the replica improved; r rises from −0.5 to 1 and α from 1 to 3
    over nine tenths of the run (a schedule for short runs; the paper keeps both constant). The
    error signals e keep pushing every amplitude towards √a, so that no local minimum is stable:
    only the best state seen counts. The field is scaled by ρ = √⟨x²⟩, as in `Ballistic`; H is
    relative to the best energy, δ = 100.

    References
    ----------
    Leleu et al. (2021), Scaling advantage of chaotic amplitude control for high-performance
    combinatorial optimization, Communications Physics 4, 266.
    """

    def knobs(self, spectrum: Spectrum) -> dict[str, float]:
        """Return knobs for a few thousand steps and couplings with λ_max = 1."""
        del spectrum
        return {"time_step": 0.075, "coupling": 1.0, "growth": 0.2}

    def start(self, key: jax.Array, guess: jax.Array, knobs: Any) -> Any:
        """Return small random amplitudes, errors 1 and rates 0."""
        del knobs
        x = 0.01 * jax.random.normal(key, guess.shape, jnp.float32)
        none = jnp.zeros(guess.shape[1], jnp.float32)
        return {
            "x": jnp.where(guess == 0, x, 0.5 * guess),
            "error": jnp.ones(guess.shape, jnp.float32),
            "rate": none,
            "target": none + 1.0,
        }

    def step(self, setting: Setting, knobs: Any, state: Any, clock: Clock) -> Any:
        """Euler step of amplitudes, errors and rates."""
        x, e, dt = state["x"], state["error"], knobs["time_step"]
        ramp = jnp.minimum(clock.step / (0.9 * clock.total), 1.0)
        gain, target = 1.5 * ramp - 0.5, (1.0 + 2.0 * ramp) * state["target"]
        amplitude = jnp.sqrt(jnp.mean(x * x, axis=0))
        force = setting.couplings.pull(x) + setting.fields * amplitude
        square = x * x
        grown = x + dt * (x * (gain - 1.0 - square) + knobs["coupling"] * e * force)
        limit = 1.5 * jnp.sqrt(target)
        error = e - dt * state["rate"] * (square - target) * e
        return {
            **state,
            "x": jnp.clip(grown, -limit, limit),
            "error": jnp.clip(error, 0.0, LARGEST_ERROR),
            "rate": state["rate"] + dt * knobs["growth"],
        }

    def told(self, state: Any, energy: jax.Array, best: jax.Array) -> Any:
        """Raise the target amplitude away from the best energy; restart the rate after a gain."""
        size = jnp.maximum(jnp.abs(best), 1e-9)
        distance = jnp.tanh(100.0 * (energy - best) / size)
        return {
            **state,
            "rate": jnp.where(energy < best, 0.0, state["rate"]),
            "target": 1.0 + jnp.maximum(distance, -0.5),
        }

    def spins(self, setting: Setting, state: Any) -> jax.Array:
        """Return the signs of the amplitudes."""
        del setting
        return signs(state["x"])
