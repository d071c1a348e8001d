"""What a series looks like: its seasons, its trend, and whether its swings grow with its level."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

__all__ = ["autocorrelation", "find_seasons", "grows", "swings_with_level"]

_CYCLES = 2.5
"""How often a season must have come round for it to be seen."""

_CLEAR = 0.3
"""The autocorrelation that a season has at least, and its rise from the half of the season."""

_PEAK = 0.5
"""The same for a season that no calendar suggests."""

MOST_LAG = 2000


def find_seasons(series: Sequence[np.ndarray], calendar: Sequence[int]) -> tuple[int, ...]:
    """Return the seasons that show in some series, at most two, the shorter first.

    A season shows where the autocorrelation without the straight trend peaks. Those of the
    calendar (a day, a week, a year in steps) are looked at first; where none shows, the highest
    peak elsewhere is taken if it is high.

    Parameters
    ----------
    series : sequence of float array
        Without gaps; the training part of each.
    calendar : sequence of int
        Seasons to expect, `descend.data.forecasting.clock.Clock.seasons`.

    Examples
    --------
    >>> steps = np.arange(120)
    >>> find_seasons([np.sin(2 * np.pi * steps / 12) + 0.1 * steps], [12])
    (12,)
    >>> find_seasons([np.random.default_rng(0).normal(size=100)], [7])
    ()
    """
    longest = max(len(values) for values in series)
    most = int(min(longest / _CYCLES, MOST_LAG))
    if most < 2:
        return ()
    long_enough = [values for values in series if len(values) > most]
    curves = [autocorrelation(values, most) for values in long_enough[:200]]
    curve = np.mean(curves, axis=0)

    def rises(season: int) -> bool:
        return bool(curve[season] - curve[season // 2] >= _CLEAR)

    found = [s for s in calendar if s <= most and curve[s] >= _CLEAR and rises(s)]
    if found:
        return tuple(sorted(found)[:2])
    inner = np.arange(3, most)
    peaks = inner[(curve[inner] > curve[inner - 1]) & (curve[inner] >= curve[inner + 1])]
    peaks = [int(s) for s in peaks if curve[s] >= _PEAK and rises(int(s))]
    if not peaks:
        return ()
    # Twice a season peaks as high as the season, and long lags have few pairs: both count less.
    return (max(peaks, key=lambda s: curve[s] * (1 - s / longest)),)


def autocorrelation(values: np.ndarray, most: int) -> np.ndarray:
    """Return the autocorrelation of lags 0 to ``most``, after a straight line is taken out.

    ``r_k = sum_t x_t x_{t+k} / sum_t x_t^2 * n / (n - k)``, so that a pure season keeps 1.

    Examples
    --------
    >>> autocorrelation(np.tile([1.0, -1.0], 50), 2).round(1).tolist()
    [1.0, -1.0, 1.0]
    """
    n = len(values)
    steps = np.arange(n)
    x = values - np.polyval(np.polyfit(steps, values, 1), steps)
    size = float(x @ x)
    if size <= 1e-18 * n * (1 + float(np.abs(values).max())) ** 2:
        return np.zeros(most + 1)
    spectrum = np.fft.rfft(x, 2 * n)
    products = np.fft.irfft(spectrum * spectrum.conj(), 2 * n)[: most + 1]
    return products / size * n / (n - np.arange(most + 1))


def swings_with_level(series: Sequence[np.ndarray], season: int | None) -> bool:
    """Return whether a positive series swings in proportion to its level, as sales often do.

    Over blocks of a season the logarithm of the swing is compared with that of the level; a slope
    of 1 is proportion, 0 none. From 0.5 on, over levels that differ by a half, logarithms of the
    values are learned.

    Examples
    --------
    >>> steps = np.arange(100)
    >>> rising = np.exp(0.03 * steps) * (2 + np.sin(steps))
    >>> swings_with_level([rising], None), swings_with_level([3 * steps + np.sin(steps) + 9], None)
    (True, False)
    """
    if any(values.min() <= 0 for values in series):
        return False
    slopes, spans = [], []
    for values in series[:200]:
        block = max(season or 0, 8)
        count = len(values) // block
        if count < 4:
            continue
        blocks = values[len(values) - count * block :].reshape(count, block)
        levels, swings = blocks.mean(1), np.abs(np.diff(blocks, axis=1)).mean(1)
        if (swings <= 0).any() or np.ptp(levels) <= 1e-9 * levels.max():
            continue
        slopes.append(float(np.polyfit(np.log(levels), np.log(swings), 1)[0]))
        spans.append(float(levels.max() / levels.min()))
    return bool(slopes) and float(np.median(slopes)) >= 0.5 and float(np.median(spans)) >= 1.5


def grows(series: Sequence[np.ndarray]) -> bool:
    """Return whether series follow a trend, so that their level says little of where they go.

    Examples
    --------
    >>> grows([np.arange(50.0)]), grows([np.sin(np.arange(50.0))])
    (True, False)
    """
    found = []
    for values in series[:200]:
        if len(values) > 2 and np.ptp(values) > 0:
            found.append(abs(float(np.corrcoef(np.arange(len(values)), values)[0, 1])))
    return bool(found) and float(np.median(found)) > 0.7
