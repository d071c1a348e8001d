"""Mixup: training on blends of two examples, so that the network is less sure between them."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp

from descend.errors import UsageError

__all__ = ["check_mixable", "mixed"]

MIXABLE = ("uint8", "int16")
"""Integers that measure (pixels, samples of sound), unlike codes of words and categories."""


def mixed(x: Any, alpha: float, key: jax.Array) -> tuple[Any, jax.Array, jax.Array]:
    """Blend each example of a batch with another one of it.

    x <- s x + (1 - s) x[p], with one share s ~ Beta(alpha, alpha) and one permutation p a batch;
    the loss is s w loss(x, y) + (1 - s) w[p] loss(x, y[p]), w the weights of the examples. Pixels
    and samples are rounded to what they were. Of the two lengths of sequences that are blended, the
    longer counts.

    Parameters
    ----------
    x : pytree of arrays with a leading batch axis
    alpha : float
        Above 0: the larger, the nearer to halves. 0.2 is usual, 1 draws the share evenly.
    key : jax.Array

    Returns
    -------
    tuple
        Blended x, the permutation p, and the share s of the examples themselves.

    References
    ----------
    Zhang, Cisse, Dauphin and Lopez-Paz (2018), mixup: beyond empirical risk minimization.
    """
    share_key, partner_key = jax.random.split(jax.random.fold_in(key, 2**31 - 1))
    share = jax.random.beta(share_key, alpha, alpha, dtype=jnp.zeros((), float).dtype)
    rows = jax.tree.leaves(x)[0].shape[0]
    partner = jax.random.permutation(partner_key, rows)

    def blend(path: tuple[Any, ...], leaf: jax.Array) -> jax.Array:
        other = leaf[partner]
        if _is_length(path):
            return jnp.maximum(leaf, other)
        between = share * leaf + (1 - share) * other
        if not jnp.issubdtype(leaf.dtype, jnp.floating):
            between = jnp.round(between)
        return between.astype(leaf.dtype)

    return jax.tree_util.tree_map_with_path(blend, x), partner, share


def check_mixable(x: Any) -> None:
    """Refuse inputs that have no blend.

    Raises
    ------
    UsageError
        Where an input is made of codes, as those of words and categories.
    """
    for path, leaf in jax.tree_util.tree_leaves_with_path(x):
        kind = jnp.dtype(leaf.dtype)
        if kind.kind != "f" and str(kind) not in MIXABLE and not _is_length(path):
            name = next((str(part.key) for part in path if hasattr(part, "key")), "")
            of_whom = f'the input "{name}" is made' if name else "the inputs are made"
            raise UsageError(
                f"mixup blends numbers, pictures and sounds, and {of_whom} of codes (words or "
                "categories), which have no blend: leave mixup out"
            )


def _is_length(path: tuple[Any, ...]) -> bool:
    return bool(path) and getattr(path[-1], "key", None) == "length"
