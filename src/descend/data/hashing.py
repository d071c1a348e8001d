"""Mixing 64-bit words: one small function that is the same on every platform and for ever.

The hashes of NumPy, polars and Python differ between versions or runs; rows that are recognised
months later, and splits that are drawn again, need one that does not.
"""

from __future__ import annotations

import numpy as np

__all__ = ["mix"]


def mix(words: np.ndarray | np.uint64) -> np.ndarray:
    """Return words of which each bit depends on every bit of the word given.

    The finaliser of SplitMix64 (Steele, Lea and Flood 2014), after the golden-ratio step.

    Parameters
    ----------
    words : uint64 array

    Returns
    -------
    uint64 array
        A new array; different words give different results.

    Examples
    --------
    >>> [hex(word) for word in mix(np.array([0, 1], np.uint64)).tolist()]
    ['0xe220a8397b1dcdaf', '0x910a2dec89025cc1']
    """
    with np.errstate(over="ignore"):
        mixed = np.atleast_1d(np.asarray(words, np.uint64)) + np.uint64(0x9E3779B97F4A7C15)
        mixed ^= mixed >> np.uint64(30)
        mixed *= np.uint64(0xBF58476D1CE4E5B9)
        mixed ^= mixed >> np.uint64(27)
        mixed *= np.uint64(0x94D049BB133111EB)
        mixed ^= mixed >> np.uint64(31)
    return mixed
