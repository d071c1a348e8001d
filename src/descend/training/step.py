"""The compiled steps: forward, backward and the optimizer's rule, many at once.

The one place where networks are trained. A program is made once for each combination of network,
loss and optimizer, whatever the learning rate and the number of rows (within a bucket), and in
haste or with care by how many steps are planned; JAX then compiles it once for each shape of its
arrays.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import optax

from descend.layers import Layer
from descend.layers.summary import has_one_weighted_sum
from descend.losses import Loss
from descend.optimizers import Optimizer
from descend.schedules import Schedule
from descend.surroundings import in_haste
from descend.training.extras import Extras
from descend.training.mixup import mixed
from descend.training.whole_rows import can_fill, filled_rows, unfilled_rows

__all__ = [
    "Carry",
    "Program",
    "Settings",
    "is_short",
    "program",
    "squared_weights",
]


class Carry(NamedTuple):
    """What one step hands to the next.

    Attributes
    ----------
    params, state : dict
        As the layers left them.
    optimizer_state : pytree
    key : jax.Array
        The run's random key; each step folds its number into it.
    step : int32
        Steps taken since the start of the run.
    loss_sum, rows : float
        Loss summed over the rows seen since the caller last set both to 0. Floats are float32, and
        float64 where the caller enables 64 bits.
    learning_rate : float
        Of the latest step, after the schedule.
    bad_step : int32
        Number, from 1, of the first step whose loss was not finite; 0 while all is well.
    memory : dict
        Of what goes around the optimizer's rule, see `Extras`.
    """

    params: Any
    state: Any
    optimizer_state: Any
    key: jax.Array
    step: jax.Array
    loss_sum: jax.Array
    rows: jax.Array
    learning_rate: jax.Array
    bad_step: jax.Array
    memory: dict[str, Any]


class Settings(NamedTuple):
    """Numbers that a program takes at run time, so that changing them compiles nothing."""

    learning_rate: float
    total_steps: int
    weight_decay: float
    clip_norm: float
    ridge: float = 0.0


NO_EXTRAS = Extras()

BESIDE = Settings(0, None, 0, 0, 0)  # pyright: ignore[reportArgumentType]
"""Which numbers each of several networks side by side has for itself."""


class Program(NamedTuple):
    """The compiled functions of one training set-up.

    Attributes
    ----------
    start : function (params, state, key) -> Carry
    run : function (carry, x, y, weights, order, rows, first, last, settings) -> Carry
        Takes the steps ``first`` to ``last - 1`` of an epoch, and consumes ``carry``. Step i
        visits the rows ``order[i * batch_size : (i + 1) * batch_size]``; entries of ``order`` at
        or beyond position ``rows`` are fillers that weigh nothing.
    run_epochs : function (carry, x, y, weights, orders, rows, count, last, settings)
        Takes ``last`` steps along each of the first ``count`` of ``orders`` (epochs, entries), and
        consumes ``carry``; returns the new one and the mean loss of each epoch (epochs,). One call
        for many short epochs, where the call itself would take most of the time.
    """

    start: Callable[..., Carry]
    run: Callable[..., Carry]
    run_epochs: Callable[..., tuple[Carry, jax.Array]]


def _with_decay(updates: Any, params: Any, rate: jax.Array) -> Any:
    """Take ``rate * p`` off the update of every leaf named ``weight``, and leave others alone."""

    def leaf(path: tuple[Any, ...], update: jax.Array, p: jax.Array) -> jax.Array:
        return update - rate * p if getattr(path[-1], "key", None) == "weight" else update

    return jax.tree_util.tree_map_with_path(leaf, updates, params)


def _share_done(carry: Carry, settings: Settings) -> jax.Array:
    """Return the share of the planned steps already taken; 1 for a run that goes on beyond."""
    return jnp.minimum(carry.step.astype(float) / settings.total_steps, 1.0)


def _told(state: Any, progress: jax.Array) -> Any:
    """Set every leaf named ``progress`` to the share of the run already done."""

    def leaf(path: tuple[Any, ...], value: jax.Array) -> jax.Array:
        if getattr(path[-1], "key", None) != "progress":
            return value
        share = progress.reshape(progress.shape + (1,) * (value.ndim - progress.ndim))
        return jnp.broadcast_to(share, value.shape).astype(value.dtype)

    return jax.tree_util.tree_map_with_path(leaf, state)


def squared_weights(params: Any) -> jax.Array:
    """Return the sum of squares over every leaf named ``weight``."""
    leaves = jax.tree_util.tree_leaves_with_path(params)
    squares = [jnp.vdot(p, p) for path, p in leaves if getattr(path[-1], "key", "") == "weight"]
    return jnp.sum(jnp.stack(squares)) if squares else jnp.zeros((), float)


def is_short(params: Any, steps: int) -> bool:
    """Whether a run of so many steps is over sooner if its program is compiled in haste.

    That saves 0.3 seconds and more, and lengthens a step by at most a nanosecond a weight; by
    nothing where weights are few (docs/decisions/0057).
    """
    weights = sum(leaf.size for leaf in jax.tree.leaves(params))
    return weights <= 2**16 or weights * steps <= 5e8


@lru_cache(maxsize=256)
def program(
    network: Layer,
    loss: Loss,
    optimizer: Optimizer | optax.GradientTransformation,
    schedule: Schedule,
    batch_size: int,
    *,
    decay: bool = False,
    clip: bool = False,
    ridge: bool = False,
    together: bool = False,
    haste: bool = False,
    extras: Extras = NO_EXTRAS,
) -> Program:
    """Return the compiled training functions for one set-up (the same ones when asked again).

    Parameters
    ----------
    network, loss, schedule : specs
    optimizer : Optimizer or optax.GradientTransformation
        An `Optimizer` should come with ``learning_rate=1.0``, so that all rates share a program.
        A bare optax transformation brings its own learning rate.
    batch_size : int
    decay, clip : bool
        Whether weight decay and gradient clipping are part of the program at all.
    ridge : bool
        Descend (sum w l + ridge / 2 sum weight²) / sum w, over the rows of a batch with their
        weights w. Without it, sum w l / rows. Not for batches in pieces (``accumulate``).
    together : bool
        Several networks side by side: params, state, key, every array of the carry, and the
        numbers of the settings but ``total_steps`` have a leading axis, one entry a network. All
        visit the same rows at the same time. `Program.run_epochs` is not for them.
    haste : bool
        Compile in haste (of degree 2), where `is_short` says that it pays.
    extras : Extras
        What goes around the optimizer's rule.
    """
    rule = optax.with_extra_args_support(
        optimizer.transformation() if isinstance(optimizer, Optimizer) else optimizer
    )

    fills = batch_size == 1 and not together and extras == NO_EXTRAS
    fills = fills and can_fill(network, optimizer)
    looks_again = not isinstance(optimizer, Optimizer) or optimizer.looks_again

    def start(params: Any, state: Any, key: jax.Array) -> Carry:
        zero = jnp.zeros((), float)
        none = jnp.zeros((), jnp.int32)
        return Carry(
            params, state, rule.init(params), key, none, zero, zero, zero, none,
            extras.start(params),
        )  # fmt: skip

    def batch_loss(params, state, x, y, weights, count, key, settings):
        partner, share = None, 1.0
        if extras.mixup is not None:
            x, partner, share = mixed(x, extras.mixup, key)
        raw, state = network.apply(params, state, x, key=key, train=True)

        def summed(y: Any, weights: Any) -> jax.Array:
            each = loss(raw, y)
            return jnp.sum(each if weights is None else each * weights)

        total = summed(y, weights)
        if partner is not None:
            others = jax.tree.map(lambda a: a[partner], (y, weights))
            total = share * total + (1 - share) * summed(*others)
        if ridge:
            total = total + 0.5 * settings.ridge * squared_weights(params)
            if weights is not None:
                heavy = jnp.sum(weights)
                total = jnp.where(heavy > 0, total, 0)  # a batch that weighs nothing: no step
                count = jnp.where(heavy > 0, heavy, 1)
        return total / count, state

    def in_pieces(params, state, x, y, weights, count, key, settings):
        """Return what one pass over the whole batch would, from passes over pieces of it."""
        pieces = min(extras.accumulate, batch_size)
        length = -(-batch_size // pieces)
        missing = length * pieces - batch_size  # filled with the last row, which weighs nothing
        weights = jnp.pad(jnp.ones(batch_size, float) if weights is None else weights, (0, missing))

        def cut(a: jax.Array) -> jax.Array:
            a = jnp.pad(a, [(0, missing)] + [(0, 0)] * (a.ndim - 1), mode="edge")
            return a.reshape(pieces, length, *a.shape[1:])

        def add(held, part):
            (total, state), gradient = held
            i, (x, y, w) = part

            def magnified(params: Any, state: Any) -> tuple[jax.Array, Any]:
                # What a layer adds to the gradient by itself, as jacobian_penalty does, is a mean
                # over the piece: divided by their number, and the loss not.
                own_key = jax.random.fold_in(key, i)
                value, state = batch_loss(params, state, x, y, w, count, own_key, settings)
                return pieces * value, state

            (value, state), g = jax.value_and_grad(magnified, has_aux=True)(params, state)
            gradient = jax.tree.map(lambda a, b: a + b / pieces, gradient, g)
            return ((total + value / pieces, state), gradient), None

        nothing = jax.tree.map(jnp.zeros_like, params)
        shares = weights.reshape(pieces, length)
        parts = (jnp.arange(pieces), (*jax.tree.map(cut, (x, y)), shares))
        return jax.lax.scan(add, ((jnp.zeros((), float), state), nothing), parts)[0]

    def one_step(i: jax.Array, carry: Carry, x, y, weights, order, rows, settings) -> Carry:
        first = i * batch_size
        chosen = jax.lax.dynamic_slice(order, (first,), (batch_size,))

        def take(array: jax.Array) -> jax.Array:
            return jnp.take(array, chosen, axis=0, mode="clip")  # order is checked on the host

        x, y, w = jax.tree.map(take, (x, y, weights))
        if together:
            one = jax.vmap(update, in_axes=(0, None, None, None, None, None, BESIDE))
            return one(carry, x, y, w, first, rows, settings)
        return update(carry, x, y, w, first, rows, settings)

    def update(carry: Carry, x, y, w, first, rows, settings) -> Carry:
        if batch_size == 1:
            count = jnp.ones((), float)
        else:
            real = first + jnp.arange(batch_size) < rows
            w = real.astype(float) if w is None else jnp.where(real, w, 0.0)
            count = jnp.minimum(batch_size, rows - first).astype(float)
        key = jax.random.fold_in(carry.key, carry.step)
        batch = (carry.state, x, y, w, count, key, settings)

        def value_and_gradient(params: Any) -> Any:
            if extras.accumulate > 1:
                return in_pieces(params, *batch)
            return jax.value_and_grad(batch_loss, has_aux=True)(params, *batch)

        (value, state), gradient = value_and_gradient(carry.params)
        if extras.sam is not None:
            gradient = value_and_gradient(extras.sharp(carry.params, gradient))[1]
        gradient = extras.clipped(gradient, carry.params)
        if clip:
            norm = optax.tree.norm(gradient)
            shrink = jnp.minimum(1.0, settings.clip_norm / jnp.maximum(norm, 1e-30))
            gradient = jax.tree.map(lambda g: g * shrink, gradient)
        progress = _share_done(carry, settings)
        rate = jnp.asarray(settings.learning_rate * schedule(progress), float)
        told: dict[str, Any] = {}
        if isinstance(optimizer, Optimizer):
            one_way = batch_size == 1 and not ridge and has_one_weighted_sum(network)
            told = {"learning_rate": rate, "progress": progress, "one_way": one_way}
        if looks_again:
            told["value"], told["grad"] = value, gradient
            told["value_fn"] = lambda params: batch_loss(params, *batch)[0]
        updates, optimizer_state = rule.update(
            gradient, carry.optimizer_state, carry.params, **told
        )
        if decay:
            updates = _with_decay(updates, carry.params, rate * settings.weight_decay)
        params = optax.apply_updates(carry.params, extras.scaled(updates))
        step, fine = carry.step + 1, jnp.isfinite(value)
        params, memory = extras.after(carry.memory, params, step, settings.total_steps)
        if together:  # the others go on, and the first bad step is the one to tell
            fine = fine | (carry.bad_step > 0)
        return Carry(
            params,
            state,
            optimizer_state,
            carry.key,
            step,
            carry.loss_sum + value * count,
            carry.rows + count,
            rate,
            jnp.where(fine, carry.bad_step, step),
            memory,
        )

    def steps(carry: Carry, x, y, weights, order, rows, first, last, settings: Settings) -> Carry:
        def going(position: tuple[jax.Array, Carry]) -> jax.Array:
            i, carry = position
            return (i < last) & jnp.any(carry.bad_step == 0)

        def forward_one(position: tuple[jax.Array, Carry]) -> tuple[jax.Array, Carry]:
            i, carry = position
            carry = carry._replace(state=_told(carry.state, _share_done(carry, settings)))
            return i + 1, one_step(i, carry, x, y, weights, order, rows, settings)

        if not fills:
            return jax.lax.while_loop(going, forward_one, (first, carry))[1]
        held = carry.params, carry.optimizer_state

        def with_weights(carry: Carry, weights: tuple[Any, Any]) -> Carry:
            return carry._replace(params=weights[0], optimizer_state=weights[1])

        carry = with_weights(carry, filled_rows(held))
        carry = jax.lax.while_loop(going, forward_one, (first, carry))[1]
        return with_weights(carry, unfilled_rows((carry.params, carry.optimizer_state), held))

    def epochs(
        carry: Carry, x, y, weights, orders, rows, count, last, settings: Settings
    ) -> tuple[Carry, jax.Array]:
        def one(epoch: jax.Array, held: tuple[Carry, jax.Array]) -> tuple[Carry, jax.Array]:
            carry, losses = held
            zero = jnp.zeros((), float)
            carry = carry._replace(loss_sum=zero, rows=zero)
            carry = steps(carry, x, y, weights, orders[epoch], rows, 0, last, settings)
            return carry, losses.at[epoch].set(carry.loss_sum / rows)

        return jax.lax.fori_loop(0, count, one, (carry, jnp.zeros(len(orders), float)))

    hasty = in_haste(2) if haste and batch_size > 1 else None
    run = jax.jit(steps, donate_argnums=0, compiler_options=hasty)
    start_all = jax.vmap(start) if together else start
    begin = jax.jit(start_all, compiler_options=in_haste())
    return Program(begin, run, jax.jit(epochs, donate_argnums=0, compiler_options=hasty))
