"""How a convolution is computed.

On a CPU, ``lax.conv`` inside a compiled loop is many times slower than matrix products, so that we
write it as those (measured: docs/decisions/0020). Each route gives the same sums, to rounding:

columns    the elements of each window side by side, and one product with all weights at once
bands      the same within each row of the windows, and the products of the rows summed: a third of
           the memory for windows of 3x3, where memory and not arithmetic takes the time
depthwise  one channel a group: the shifted inputs times one number a channel, summed
device     the device's own convolution, on everything that is not a CPU
"""

from __future__ import annotations

import functools

import jax
import jax.numpy as jnp

from descend.layers.product import product
from descend.layers.windows import Windows

__all__ = ["bands", "columns", "convolved", "depthwise", "device", "transposed"]


def convolved(x: jax.Array, weight: jax.Array, windows: Windows, groups: int = 1) -> jax.Array:
    """Return the convolution of x by the quickest route for this device and shape.

    Parameters
    ----------
    x : array (batch, *size, channels)
    weight : array (*kernel, channels / groups, filters)
    windows : Windows
    groups : int

    Returns
    -------
    y : array (batch, *counts, filters)
    """
    if jax.default_backend() != "cpu":
        return device(x, weight, windows, groups)
    if groups == x.shape[-1] == weight.shape[-1]:
        return depthwise(x, weight, windows)
    if groups == 1 and _is_wide(x, weight, windows):
        return bands(x, weight, windows)
    return columns(x, weight, windows, groups)


def _is_wide(x: jax.Array, weight: jax.Array, windows: Windows) -> bool:
    """Whether bands are quicker than columns, as measured (docs/decisions/0020).

    The columns must be large against the products: neither very few channels nor many. Each band
    reaches over the edge, which costs (size - 1) / count of the arithmetic.
    """
    channels, filters = weight.shape[-2:]
    return (
        x.ndim == 4
        and windows.sizes[0] > 1
        and windows.strides[0] == 1
        and 8 <= channels <= 48
        and filters <= 2 * channels
        and windows.counts[0] >= 7 * (windows.sizes[0] - 1) * windows.dilations[0]
    )


def bands(x: jax.Array, weight: jax.Array, windows: Windows) -> jax.Array:
    """Return the convolution as the sum of one product for each row of the windows.

    y_h = sum_i (A W_i)_(h + i dilation), where A holds for every row of x the elements side by side
    that a row of each window takes, and W_i the weights of row i. Windows move down by one.
    """
    padded = windows.padded(x)
    rows, (high, *others) = padded.shape[1], windows.sizes
    across = Windows(
        sizes=(1, *others),
        strides=windows.strides,
        dilations=windows.dilations,
        counts=(rows, *windows.counts[1:]),
        before=(0,) * len(windows.sizes),
        after=(0,) * len(windows.sizes),
    )
    elements = [across.element(padded, place) for place in across.offsets()]
    taken = jnp.concatenate(elements, axis=-1)
    by_row = jnp.moveaxis(weight, 0, -2).reshape(taken.shape[-1], -1)
    products = product(taken, by_row)
    products = products.reshape(*taken.shape[:-1], high, weight.shape[-1])
    starts = tuple(i * windows.dilations[0] for i in range(high))
    return _sum_of_rows(products, starts, windows.counts[0])


@functools.partial(jax.custom_vjp, nondiff_argnums=(1, 2))
def _sum_of_rows(products: jax.Array, starts: tuple[int, ...], count: int) -> jax.Array:
    """Return y_h = sum_i products_(h + starts_i, i), for h below count.

    JAX's own gradient is a sum of padded arrays. XLA computes it place by place, and with it, again
    for each row of the window, all that flows back into it, such as the slopes of a batch
    normalisation: with the slopes stored first and copied side by side, a small residual network
    takes 0.8 to 0.85 of the time (docs/decisions/0055).

    Parameters
    ----------
    products : array (batch, rows, ..., len(starts), filters)
    starts : tuple of int
        Increasing from 0.
    count : int
        Rows that are summed: all but the last of ``starts``.
    """
    return _forward(products, starts, count)[0]


def _forward(products: jax.Array, starts: tuple[int, ...], count: int) -> tuple[jax.Array, None]:
    terms = [products[:, start : start + count, ..., i, :] for i, start in enumerate(starts)]
    return functools.reduce(jnp.add, terms), None


def _backward(starts: tuple[int, ...], count: int, _: None, slopes: jax.Array) -> tuple[jax.Array]:
    beyond = starts[-1]
    edges = [(0, 0), (beyond, beyond), *[(0, 0)] * (slopes.ndim - 2)]
    stored = jax.lax.optimization_barrier(jnp.pad(slopes, edges))
    moved = [stored[:, beyond - start : 2 * beyond - start + count] for start in starts]
    return (jnp.stack(moved, axis=-2),)


_sum_of_rows.defvjp(_forward, _backward)


def columns(x: jax.Array, weight: jax.Array, windows: Windows, groups: int = 1) -> jax.Array:
    """Return the convolution as one product of the windows' elements with all weights."""
    padded = windows.padded(x)
    elements = [windows.element(padded, place) for place in windows.offsets()]
    if groups == 1:
        rows = jnp.concatenate(elements, axis=-1) if len(elements) > 1 else elements[0]
        return product(rows, weight.reshape(rows.shape[-1], -1))
    of_group = weight.shape[-2]
    rows = jnp.stack([e.reshape(-1, groups, of_group) for e in elements], axis=2)
    rows = rows.reshape(len(rows), groups, -1)
    by_group = weight.reshape(-1, groups, weight.shape[-1] // groups)
    flat = jnp.einsum("ngk,kgf->ngf", rows, by_group)
    return flat.reshape(*elements[0].shape[:-1], -1)


def depthwise(x: jax.Array, weight: jax.Array, windows: Windows) -> jax.Array:
    """Return the convolution of each channel with its own filter; weight (*kernel, 1, channels)."""
    padded = windows.padded(x)
    terms = [windows.element(padded, place) * weight[place][0] for place in windows.offsets()]
    return functools.reduce(jnp.add, terms)


def device(x: jax.Array, weight: jax.Array, windows: Windows, groups: int = 1) -> jax.Array:
    """Return the convolution as the device computes it."""
    axes = "HW"[: x.ndim - 2]
    return jax.lax.conv_general_dilated(
        x,
        weight,
        windows.strides,
        list(zip(windows.before, windows.after, strict=True)),
        rhs_dilation=windows.dilations,
        dimension_numbers=(f"N{axes}C", f"{axes}IO", f"N{axes}C"),
        feature_group_count=groups,
    )


def transposed(
    x: jax.Array, weight: jax.Array, windows: Windows, size: tuple[int, ...]
) -> jax.Array:
    """Return the transpose of a convolution applied to x.

    Parameters
    ----------
    x : array (batch, *counts, channels)
    weight : array (*kernel, channels, filters)
    windows : Windows
        Of the convolution that takes (batch, *size, filters) to the shape of x.
    size : tuple of int

    Returns
    -------
    y : array (batch, *size, filters)
    """
    # Zeros between the places of x, and windows over them that see each pattern turned round.
    spread = [(0, 0, 0), *[(0, 0, s - 1) for s in windows.strides], (0, 0, 0)]
    x = jax.lax.pad(x, jnp.zeros((), x.dtype), spread)
    axes = tuple(range(len(size)))
    around = Windows(
        sizes=windows.sizes,
        strides=(1,) * len(size),
        dilations=(1,) * len(size),
        counts=size,
        before=tuple(k - 1 - b for k, b in zip(windows.sizes, windows.before, strict=True)),
        after=tuple(
            n + b - x.shape[i + 1]
            for i, (n, b) in enumerate(zip(size, windows.before, strict=True))
        ),
    )
    return convolved(x, jnp.flip(weight, axes), around)
