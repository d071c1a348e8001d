"""The order in which rows are visited, and the padding that keeps shapes few.

The order is a pure function of (seed, epoch, position): nothing else needs to be stored for a
stopped run to go on exactly where it stopped.
"""

from __future__ import annotations

import numpy as np

__all__ = ["bucket", "epoch_order", "steps_per_epoch"]

SMALL = 65_536
"""Below this many rows, arrays are padded to a bucket, so that fits of similar size share one
compiled program. Above it, compiling is cheap beside training, and a copy would be costly."""


def bucket(n: int) -> int:
    """Return the padded length for n rows: the next 2**k or 3 * 2**(k-1), at least 8.

    Examples
    --------
    >>> [bucket(n) for n in (1, 8, 9, 100, 130, 200)]
    [8, 8, 12, 128, 192, 256]
    """
    if n > SMALL:
        return n
    power = 8
    while power < n:
        if power * 3 // 2 >= n:
            return power * 3 // 2
        power *= 2
    return power


def steps_per_epoch(n: int, batch_size: int) -> int:
    """Return how many mini-batches cover n rows; the last may be short."""
    return -(-n // batch_size)


def epoch_order(n: int, batch_size: int, *, seed: int, epoch: int, shuffle: bool) -> np.ndarray:
    """Return the rows of one epoch in the order of their visit.

    Parameters
    ----------
    n : int
        Number of rows.
    batch_size : int
        Rows a step, at most n.
    seed, epoch : int
        Choose the permutation.
    shuffle : bool
        False keeps the rows in their given order.

    Returns
    -------
    order : int32 array (steps * batch_size,)
        The first n entries are a permutation of the rows. The short last batch, if any, is filled
        up with the first rows of the same epoch; training gives those fillers weight zero.

    Examples
    --------
    >>> epoch_order(5, 2, seed=0, epoch=0, shuffle=False)
    array([0, 1, 2, 3, 4, 0], dtype=int32)
    """
    if shuffle:
        generator = np.random.Generator(np.random.Philox(key=[seed, epoch]))
        order = generator.permutation(np.arange(n, dtype=np.int32))
    else:
        order = np.arange(n, dtype=np.int32)
    missing = steps_per_epoch(n, batch_size) * batch_size - n
    return np.concatenate([order, order[:missing]]) if missing else order
