"""The contract of a dynamics, and the one compiled loop that runs them all."""

from __future__ import annotations

from abc import abstractmethod
from functools import partial
from typing import Any, ClassVar, NamedTuple

import jax
import jax.numpy as jnp
from jax import lax

from descend.feedback.couplings import Couplings
from descend.spec import Spec

__all__ = [
    "Best",
    "Clock",
    "Critical",
    "KNOBS",
    "Rule",
    "Setting",
    "begin",
    "energy_of",
    "evolve",
    "signs",
]

LARGEST_KNOB = 1e6

KNOBS: dict[str, dict[str, Any]] = {
    "cold": {"above": 0.0, "at_most": LARGEST_KNOB},
    "control": {"at_least": 0.0, "at_most": LARGEST_KNOB},
    "coupling": {"above": 0.0, "at_most": LARGEST_KNOB},
    "growth": {"at_least": 0.0, "at_most": LARGEST_KNOB},
    "hot": {"above": 0.0, "at_most": LARGEST_KNOB},
    "mixing": {"above": 0.0, "at_most": 1.0},
    "noise": {"at_least": 0.0, "at_most": LARGEST_KNOB},
    "self": {"at_least": 0.0, "at_most": LARGEST_KNOB},
    "share": {"above": 0.0, "at_most": 1.0},
    "time_step": {"above": 0.0, "at_most": LARGEST_KNOB},
}
"""The bounds of every knob; one name means the same in every rule."""


class Critical(NamedTuple):
    """What a mean field over a square of groups needs to know of its couplings.

    Attributes
    ----------
    temperature : array ()
        The highest at which anything but the even table is stable; without couplings beside the
        penalties, of the size of the fields.
    exclusion : array ()
        The self-coupling that fixed sums of rows and columns leave of their penalties.
    """

    temperature: jax.Array
    exclusion: jax.Array


class Setting(NamedTuple):
    """The problem on the device, as forces: −∂E/∂s = ``couplings``·s + ``fields``.

    Attributes
    ----------
    couplings : Couplings
        Scaled so that its largest eigenvalue is 1.
    fields : array (n, 1)
    strength : array (n, 1)
        √(Σ_j J_ij² + h_i²), the typical force on each spin.
    groups : int array (groups, states) or None
        One-hot groups of spins for Potts dynamics; −1 where a group has fewer states.
    place : int array (n,) or None
        Where each spin stands in the flattened ``groups``; −1 for spins outside every group.
    critical : Critical or None
        Where ``groups`` are a square of rows and columns.
    """

    couplings: Couplings
    fields: jax.Array
    strength: jax.Array
    groups: jax.Array | None = None
    place: jax.Array | None = None
    critical: Critical | None = None


class Clock(NamedTuple):
    """Which step of how many, both traced: any length of run uses one program."""

    step: jax.Array
    total: jax.Array


class Best(NamedTuple):
    """The state of lowest energy so far, replica by replica."""

    energy: jax.Array  # (replicas,), scaled, single precision: only for comparing
    spins: jax.Array  # (n, replicas) int8
    amplitudes: jax.Array  # (n, replicas): the continuous state behind these spins


class Rule(Spec):
    """A dynamics over continuous states whose signs are the spins.

    ``knobs`` are arrays (replicas,): every replica may run at other parameters, so that a pilot
    over a grid of them is one run of one program.
    """

    grouped: ClassVar[bool] = False
    """Whether the rule uses one-hot groups."""

    @abstractmethod
    def knobs(self, spectrum: Any) -> dict[str, float]:
        """Return default knobs for couplings with this spectrum."""

    @abstractmethod
    def start(self, key: jax.Array, guess: jax.Array, knobs: Any) -> Any:
        """Return the first state; ``guess`` (n, replicas) holds spins, or 0 for a free choice."""

    @abstractmethod
    def step(self, setting: Setting, knobs: Any, state: Any, clock: Clock) -> Any:
        """Return the state one step later."""

    def amplitudes(self, state: Any) -> jax.Array:
        """Return the continuous state (n, replicas) that the spins are read from."""
        return state["x"]

    def spins(self, setting: Setting, state: Any) -> jax.Array:
        """Return spins −1 or +1 (n, replicas)."""
        del setting
        return signs(self.amplitudes(state))

    def told(self, state: Any, energy: jax.Array, best: jax.Array) -> Any:
        """Return the state after learning its energy; feedback of the energy goes here."""
        del energy, best
        return state


def signs(x: jax.Array) -> jax.Array:
    """Return −1 for negative x and +1 elsewhere: a spin is never 0."""
    return jnp.where(x < 0, -1.0, 1.0).astype(x.dtype)


def energy_of(setting: Setting, spins: jax.Array) -> jax.Array:
    """Return the scaled energies (replicas,) of spins (n, replicas)."""
    pull = 0.5 * setting.couplings.pull(spins) + setting.fields
    return -jnp.sum(spins * pull, axis=0)


@partial(jax.jit, static_argnames=("rule",))
def begin(
    rule: Rule, setting: Setting, knobs: Any, key: jax.Array, guess: jax.Array
) -> tuple[Any, Best]:
    """Return the first state and its best-so-far record."""
    state = rule.start(key, guess, knobs)
    given = jnp.where(guess == 0, rule.spins(setting, state), guess)
    energy = energy_of(setting, given)
    return state, Best(energy, given.astype(jnp.int8), rule.amplitudes(state))


@partial(jax.jit, static_argnames=("rule",), donate_argnames=("state", "best"))
def evolve(
    rule: Rule,
    setting: Setting,
    knobs: Any,
    state: Any,
    best: Best,
    first: jax.Array,
    total: jax.Array,
    rounds: jax.Array,
    every: jax.Array,
) -> tuple[Any, Best]:
    """Run ``rounds`` times ``every`` steps, comparing energies after each ``every``."""

    def sample(k: jax.Array, carry: tuple[Any, Best]) -> tuple[Any, Best]:
        state, best = carry

        def turn(j: jax.Array, state: Any) -> Any:
            return rule.step(setting, knobs, state, Clock(first + k * every + j, total))

        state = lax.fori_loop(0, every, turn, state)
        spins = rule.spins(setting, state)
        energy = energy_of(setting, spins)
        better = energy < best.energy
        state = rule.told(state, energy, best.energy)
        best = Best(
            jnp.where(better, energy, best.energy),
            jnp.where(better, spins.astype(jnp.int8), best.spins),
            jnp.where(better, rule.amplitudes(state), best.amplitudes),
        )
        return state, best

    return lax.fori_loop(0, rounds, sample, (state, best))
