"""Passages of a running text: cut where the text itself says, so that excerpts have the same ones.

A text is cut after each token whose hash, of the last tokens up to it, is below those of all its
neighbours within some reach. So a cut depends on what stands around it and on nothing else: an
excerpt is cut in the same places as the whole, but for those near its ends. Passages are longer
than the reach, and twice as long in the middle.
"""

from __future__ import annotations

import numpy as np

from descend.data.fingerprints import fingerprint, known_rows
from descend.data.hashing import mix

__all__ = ["count_known", "passage_fingerprints", "reach_of"]

LEAST_REACH = 32
"""Tokens on each side of a cut; passages have some 65 then."""

MOST_PASSAGES = 16_384
"""Of a text with more, the reach is greater, so that a model file keeps 64 kB at most."""

_PIECE = 1 << 20
_LOOKS = (1, 2, 4, 8)
_BEFORE = sum(_LOOKS)
"""Tokens before one that its hash depends on."""

_LAST = np.uint32(0xFFFFFFFF)


def reach_of(tokens: int) -> int:
    """Return the reach for a text of so many tokens.

    Examples
    --------
    >>> reach_of(1_000_000), reach_of(10_000_000)
    (32, 512)
    """
    reach = LEAST_REACH
    while tokens > 2 * reach * MOST_PASSAGES:
        reach *= 2
    return reach


def passage_fingerprints(codes: np.ndarray, reach: int) -> np.ndarray:
    """Return what a model file keeps of a text: 32 bits of each passage, sorted, once each.

    Parameters
    ----------
    codes : int array
        The tokens of the text.
    reach : int
        As `reach_of` says.

    Returns
    -------
    uint32 array
    """
    starts, ends = _passages(codes, reach)
    return fingerprint(_hashes(codes, starts, ends))


def count_known(codes: np.ndarray, stored: np.ndarray, reach: int) -> int:
    """Return how many tokens of a text are in passages of another, by what was kept of that one.

    Where the text holds an excerpt of the other, the passages at the ends of the excerpt are cut
    and do not count; nor do passages of which a single token differs.

    Parameters
    ----------
    codes : int array
    stored : uint32 array
        `passage_fingerprints` of the other text.
    reach : int
        As it was there.

    Examples
    --------
    >>> text = np.random.default_rng(0).integers(0, 50, 5000)
    >>> stored = passage_fingerprints(text, 32)
    >>> count_known(text, stored, 32) > 4900, 800 < count_known(text[2000:3000], stored, 32) < 1000
    (True, True)
    >>> count_known(text[::-1], stored, 32)
    0
    """
    starts, ends = _passages(codes, reach)
    known = known_rows(stored, _hashes(codes, starts, ends))
    return int((ends - starts)[known].sum())


def _passages(codes: np.ndarray, reach: int) -> tuple[np.ndarray, np.ndarray]:
    """Return where passages start and end; those at the ends of a text count if long enough."""
    edges = [np.zeros(1, np.int64)]
    for first in range(0, len(codes), _PIECE):
        begin = max(0, first - reach - _BEFORE)
        part = codes[begin : first + _PIECE + reach]
        cuts = np.flatnonzero(_lowest(_windows(part), reach)) + begin
        edges.append(cuts[(cuts >= first) & (cuts < first + _PIECE)] + 1)
    bounds = np.concatenate([*edges, [len(codes)]])
    starts, ends = bounds[:-1], bounds[1:]
    long = ends - starts > reach
    return starts[long], ends[long]


def _windows(codes: np.ndarray) -> np.ndarray:
    """Return 32 bits for each token and those before it; the last value where those are few."""
    words = mix(np.asarray(codes).astype(np.uint64))
    for look in _LOOKS:
        words[look:] = mix(words[look:] ^ (words[:-look] << np.uint64(1)))
    found = (words >> np.uint64(32)).astype(np.uint32)
    found[:_BEFORE] = _LAST
    return found


def _lowest(values: np.ndarray, reach: int) -> np.ndarray:
    """Return which values are below all others within reach."""
    edge = np.full(reach, _LAST)
    least = np.concatenate([edge, values, edge])  # of the `width` values from each place on
    width = 1
    while 2 * width <= reach:
        least = np.minimum(least[:-width], least[width:])
        width *= 2
    count, rest = len(values), reach - width
    before = np.minimum(least[:count], least[rest : rest + count])
    after = np.minimum(
        least[reach + 1 : reach + 1 + count],
        least[reach + 1 + rest : reach + 1 + rest + count],
    )
    return (values < before) & (values < after)


def _hashes(codes: np.ndarray, starts: np.ndarray, ends: np.ndarray) -> np.ndarray:
    """Return 64 bits for the tokens of each passage, in their order."""
    found, first = np.zeros(len(starts), np.uint64), 0
    while first < len(starts):
        last = max(first + 1, int(np.searchsorted(ends, starts[first] + _PIECE)))
        lengths = ends[first:last] - starts[first:last]
        offsets = np.cumsum(lengths) - lengths
        places = np.arange(lengths.sum()) - np.repeat(offsets, lengths)
        tokens = codes[np.repeat(starts[first:last], lengths) + places]
        words = mix(tokens.astype(np.uint64) ^ mix(places.astype(np.uint64)))
        found[first:last] = mix(np.add.reduceat(words, offsets) ^ lengths.astype(np.uint64))
        first = last
    return found
