"""Simulated bifurcation: spins as oscillators that a rising pump splits into two branches."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import jax
import jax.numpy as jnp

from descend.feedback.dynamics.rule import Clock, Rule, Setting, signs
from descend.feedback.spectrum import Spectrum

__all__ = ["Ballistic", "Discrete", "GeneralizedBifurcation", "stable_step"]


def stable_step(spectrum: Spectrum, coupling: float) -> float:
    """Return the largest stable time step, 2 / √(1 + c |λ_min|).

    Each mode λ of the couplings is an oscillator with ω² = 1 − a − c λ, and symplectic Euler is
    stable while Δt ω < 2; the worst case is a = 0 at the most negative eigenvalue.
    """
    return 2.0 / (1.0 + coupling * max(0.0, -spectrum.smallest)) ** 0.5


def _start(key: jax.Array, guess: jax.Array) -> dict[str, jax.Array]:
    place, momentum = jax.random.split(key)
    x = jax.random.uniform(place, guess.shape, jnp.float32, -0.1, 0.1)
    y = jax.random.uniform(momentum, guess.shape, jnp.float32, -0.1, 0.1)
    return {"x": jnp.where(guess == 0, x, 0.3 * guess + x), "y": jnp.where(guess == 0, y, 0.0)}


def _walls(x: jax.Array, y: jax.Array) -> dict[str, jax.Array]:
    """Stop at ±1: perfectly inelastic walls."""
    return {"x": jnp.clip(x, -1.0, 1.0), "y": jnp.where(jnp.abs(x) > 1.0, 0.0, y)}


@dataclass(frozen=True)
class Ballistic(Rule):
    """Ballistic simulated bifurcation (bSB): fast, good in few steps and with strong penalties.

    ẏ = −(1 − a(t)) x + c (J x + h ρ), ẋ = y, walls at ±1, a(t) from 0 to 1 over the run. The field
    is multiplied by the replica's mean amplitude ρ = √⟨x²⟩, which is what a reference spin that
    bifurcates with the others would do: an unscaled field would decide every spin at the start.

    References
    ----------
    Goto et al. (2021), High-performance combinatorial optimization based on classical mechanics,
    Science Advances 7, eabe7953. The time step follows the spectrum instead of their table.
    """

    def knobs(self, spectrum: Spectrum) -> dict[str, float]:
        """Return c = 1 (couplings are scaled to λ_max = 1) and 0.7 of the stable step."""
        return {"coupling": 1.0, "time_step": 0.7 * stable_step(spectrum, 1.0)}

    def start(self, key: jax.Array, guess: jax.Array, knobs: Any) -> Any:
        """Return positions and momenta uniform in ±0.1."""
        del knobs
        return _start(key, guess)

    def step(self, setting: Setting, knobs: Any, state: Any, clock: Clock) -> Any:
        """Kick, then drift (symplectic Euler), then walls."""
        x, y, dt = state["x"], state["y"], knobs["time_step"]
        slack = 1.0 - clock.step / clock.total
        amplitude = jnp.sqrt(jnp.mean(x * x, axis=0))
        force = setting.couplings.pull(x) + setting.fields * amplitude
        y = y + dt * (knobs["coupling"] * force - slack * x)
        return _walls(x + dt * y, y)


@dataclass(frozen=True)
class Discrete(Rule):
    """Discrete simulated bifurcation (dSB): the force comes from the signs, J sgn(x) + h.

    Slower to settle than bSB and better in the end, on sparse and dense ±1 problems alike.

    References
    ----------
    Goto et al. (2021), as for `Ballistic`.
    """

    def knobs(self, spectrum: Spectrum) -> dict[str, float]:
        """Return c = 1 (couplings are scaled to λ_max = 1) and half the stable step."""
        return {"coupling": 1.0, "time_step": 0.5 * stable_step(spectrum, 1.0)}

    def start(self, key: jax.Array, guess: jax.Array, knobs: Any) -> Any:
        """Return positions and momenta uniform in ±0.1."""
        del knobs
        return _start(key, guess)

    def step(self, setting: Setting, knobs: Any, state: Any, clock: Clock) -> Any:
        """Kick, then drift (symplectic Euler), then walls."""
        x, y, dt = state["x"], state["y"], knobs["time_step"]
        slack = 1.0 - clock.step / clock.total
        force = setting.couplings.pull(signs(x)) + setting.fields
        y = y + dt * (knobs["coupling"] * force - slack * x)
        return _walls(x + dt * y, y)


@dataclass(frozen=True)
class GeneralizedBifurcation(Rule):
    """Generalised simulated bifurcation (GSB): every spin has a pump of its own.

    p_i ← p_i − (1 − A x_i²) p_i / (M − m), p_i(0) = 1; ẏ_i = −p_i x_i + c (J x + h ρ)_i; ẋ = y;
    walls. A = 0 is bSB; larger A holds back the pumps of spins that have moved far, which keeps
    the network near the edge of chaos.

    References
    ----------
    Goto, Hidaka and Tatsumura (2025), arXiv 2508.17655.
    """

    def knobs(self, spectrum: Spectrum) -> dict[str, float]:
        """Return c = 1, A = 0.2 and 0.7 of the stable step."""
        return {"coupling": 1.0, "time_step": 0.7 * stable_step(spectrum, 1.0), "control": 0.2}

    def start(self, key: jax.Array, guess: jax.Array, knobs: Any) -> Any:
        """Return positions and momenta uniform in ±0.1, pumps 1."""
        del knobs
        return {**_start(key, guess), "pump": jnp.ones(guess.shape, jnp.float32)}

    def step(self, setting: Setting, knobs: Any, state: Any, clock: Clock) -> Any:
        """Lower the pumps, kick, drift, walls."""
        x, y, dt = state["x"], state["y"], knobs["time_step"]
        left = jnp.maximum(clock.total - clock.step, 1)
        pump = state["pump"] * (1.0 - (1.0 - knobs["control"] * x * x) / left)
        amplitude = jnp.sqrt(jnp.mean(x * x, axis=0))
        force = setting.couplings.pull(x) + setting.fields * amplitude
        y = y + dt * (knobs["coupling"] * force - pump * x)
        return {**_walls(x + dt * y, y), "pump": pump}
