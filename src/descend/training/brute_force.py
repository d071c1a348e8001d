"""Trying every combination of weights, and what that would take."""

from __future__ import annotations

import itertools
import math
import time
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import jax
import jax.flatten_util
import jax.numpy as jnp
import numpy as np

from descend.errors import UsageError
from descend.layers import Layer
from descend.layers.summary import parameter_count
from descend.losses import Loss
from descend.spec import plain

__all__ = ["Found", "SearchCost", "brute_force", "search_cost"]

MOST = 10**12
"""More combinations than this are refused."""

TOGETHER = 2**17
"""Combinations evaluated in one call, about."""

YEAR = 365.25 * 24 * 3600
UNIVERSE = 1.38e10
"""Its age in years."""


@dataclass(frozen=True)
class SearchCost:
    """What trying every combination takes.

    Attributes
    ----------
    weights, values_per_weight : int
    rate : float
        Combinations a second.
    """

    weights: int
    values_per_weight: int
    rate: float

    @property
    def combinations(self) -> int:
        """``values_per_weight`` to the power of ``weights``, exactly."""
        return self.values_per_weight**self.weights

    @property
    def years(self) -> float:
        """Years at this rate; infinite where a float cannot say it."""
        power = self.weights * math.log10(self.values_per_weight) - math.log10(self.rate * YEAR)
        return 10**power if power < 308 else math.inf

    def __str__(self) -> str:
        power = self.weights * math.log10(self.values_per_weight)
        count = f"{self.combinations:,}" if power < 13 else f"10^{power:.4g}"
        lasts = f"{self.years:,.3g} years"
        if self.years < 1:
            lasts = f"{self.combinations / self.rate:,.3g} seconds"
        ages = self.years / UNIVERSE
        more = f", {ages:.2g} times the age of the universe" if ages > 1 else ""
        return (
            f"{self.weights} weights with {self.values_per_weight:,} values each are {count} "
            f"combinations: at {self.rate:,.3g} a second {lasts}{more}"
        )


def search_cost(
    network: Layer | int,
    values_per_weight: int,
    rate: float = 1e7,
    *,
    input_shape: tuple[int, ...] = (),
) -> SearchCost:
    """Return what it would take to try every combination of weights; print it to see.

    Parameters
    ----------
    network : Layer or int
        A network, or its number of weights and biases.
    values_per_weight : int
        At least 2.
    rate : float
        Combinations a second; `brute_force` tells its own.
    input_shape : tuple of int
        Of one row, for a network.

    Examples
    --------
    >>> print(search_cost(25, 1000, 1e7))  # doctest: +ELLIPSIS
    25 weights with 1,000 values each are 10^75 combinations: at 1e+07 a second 3.17e+60 years, ...
    """
    network, values_per_weight, rate = plain(network), plain(values_per_weight), plain(rate)
    count = network if isinstance(network, int) else _count(network, input_shape)
    if count < 1 or values_per_weight < 2 or not 0 < rate < math.inf:
        raise UsageError(
            f"search_cost needs at least 1 weight, 2 values and a rate above 0; got {count}, "
            f"{values_per_weight}, {rate}"
        )
    return SearchCost(count, values_per_weight, float(rate))


def _count(network: Layer, input_shape: Any) -> int:
    return parameter_count(network.init(jax.random.key(0), input_shape)[0])


@dataclass(frozen=True, eq=False)
class Found:
    """The best combination of weights.

    Attributes
    ----------
    params : dict of NumPy arrays
        The first one of the lowest loss.
    loss : float
        Mean over the rows.
    best : int
        How many combinations have exactly this loss.
    cost : SearchCost
        With the rate that was measured.
    seconds : float
    """

    params: Any
    loss: float
    best: int
    cost: SearchCost
    seconds: float


@lru_cache(maxsize=32)
def _evaluation(network: Layer, loss: Loss, shape: Any, low: int) -> Any:
    """Return the compiled (last weights, all their combinations, x, y) -> loss of each."""
    params, state, _ = network.init(jax.random.key(0), shape)
    flat, unravel = jax.flatten_util.ravel_pytree(params)

    @jax.jit
    def best_of(high: jax.Array, table: jax.Array, x: Any, y: Any) -> Any:
        def one(last: jax.Array) -> jax.Array:
            weights = unravel(jnp.concatenate([high, last]).astype(flat.dtype))
            return jnp.mean(loss(network.apply(weights, state, x, key=None, train=False)[0], y))

        losses = jax.vmap(one)(table)
        losses = jnp.where(jnp.isnan(losses), jnp.inf, losses)
        least = jnp.min(losses)
        return least, jnp.argmin(losses), jnp.sum(losses == least)

    return best_of, unravel


def brute_force(network: Layer, loss: Loss, x: Any, y: Any, values: Sequence[float]) -> Found:
    """Try every combination of weights from a grid: the best of them, with certainty.

    Parameters
    ----------
    network : Layer
        A very small one: with w weights and biases and v values, v^w combinations are tried.
    loss : Loss
    x, y : arrays
        Few rows.
    values : sequence of float
        What each weight may be.

    Raises
    ------
    UsageError
        If there are more than 10^12 combinations; the message says how long they would take.

    Examples
    --------
    >>> from descend.layers import Dense
    >>> from descend.losses import SquaredError
    >>> x = np.array([[0.0], [1.0], [2.0]], np.float32)
    >>> found = brute_force(Dense(1), SquaredError(), x, 2 * x - 1, [-2, -1, 0, 1, 2])
    >>> found.params["weight"].tolist(), found.params["bias"].tolist(), found.cost.combinations
    ([[2.0]], [-1.0], 25)
    """
    grid = np.asarray(values, np.float32)
    if grid.ndim != 1 or len(grid) < 2 or not np.isfinite(grid).all():
        raise UsageError(f"values must be at least 2 finite numbers, got {values!r}")
    shape = tuple(x.shape[1:])
    count = _count(network, shape)
    if len(grid) ** count > MOST:
        raise UsageError(
            f"too many combinations: {search_cost(count, len(grid))}. Brute force ends at "
            "10^12: take fewer values or weights, or descend the gradient, which finds its way in "
            "milliseconds"
        )
    low = max(1, min(count, int(math.log(TOGETHER) / math.log(len(grid)))))
    table = np.array(list(itertools.product(grid, repeat=low)), np.float32)
    best_of, unravel = _evaluation(network, loss, shape, low)
    x, y, table = jax.device_put((x, y, table))
    jax.block_until_ready(best_of(np.zeros(count - low, np.float32), table, x, y))  # compiles
    started = time.perf_counter()
    best, best_weights, ties = math.inf, np.zeros(count, np.float32), 0
    for high in itertools.product(grid, repeat=count - low):
        head = np.array(high, np.float32)
        least, place, same = jax.device_get(best_of(head, table, x, y))
        if least < best:
            best, ties = float(least), 0
            best_weights = np.concatenate([head, np.asarray(table[int(place)])])
        ties += int(same) if float(least) == best else 0
    seconds = time.perf_counter() - started
    cost = SearchCost(count, len(grid), len(grid) ** count / seconds)
    return Found(jax.device_get(unravel(best_weights)), best, ties, cost, seconds)
