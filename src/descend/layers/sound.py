"""Layers for sounds: log-mel spectra of samples, and random changes in training.

Sounds are ``{"values": (batch, samples), "length": (batch,)}``, their samples int16 or floats;
spectra are ``{"values": (batch, frames, bands, 1), "length": (batch,)}``, pictures whose rows are
frames. Frames at or beyond the length are padding.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from descend.errors import SpecError
from descend.layers.layer import Layer, Params, Shape, State
from descend.layers.sequence import masked, real
from descend.spec import check_choice, check_integer, check_number

__all__ = ["LogMel", "RandomSound", "RandomSpectrum", "mel_filters"]

_FULL_SCALE = 32768.0


@dataclass(frozen=True)
class LogMel(Layer):
    """Log-mel spectra: how loud each band of pitch is, frame by frame, as ears hear it.

    Frames of ``window`` samples, ``hop`` apart, are weighed by a Hann window; their power spectrum
    is summed in triangular bands, evenly spaced on the mel scale from ``lowest`` Hz to half the
    rate, and its logarithm is standardised over each sound's own real frames, so that loudness does
    not matter. The Fourier transform is a matrix product, which is quick in a compiled loop.

    Parameters
    ----------
    rate : int
        Samples a second.
    window, hop : int
        Samples; the hop at most the window.
    bands : int
    lowest : float
        Hz.
    picture : bool
        Whether the spectra are pictures (frames, bands, 1), or sequences (frames, bands).

    Raises
    ------
    SpecError
        If a field is out of range, or the input is no sound.

    References
    ----------
    Davis and Mermelstein (1980), Comparison of parametric representations for monosyllabic word
    recognition. The mel scale is 2595 log10(1 + f / 700).

    Examples
    --------
    >>> LogMel(8000).init(jax.random.key(0), {"values": (8000,), "length": ()})[2]
    {'values': (98, 40, 1), 'length': ()}
    """

    rate: int
    window: int = 256
    hop: int = 80
    bands: int = 40
    lowest: float = 60.0
    picture: bool = True

    def __post_init__(self) -> None:
        check_integer(self, "rate", at_least=1)
        check_integer(self, "window", at_least=2)
        check_integer(self, "hop", at_least=1, at_most=self.window)
        check_integer(self, "bands", at_least=1)
        check_number(self, "lowest", at_least=0, below=self.rate / 2)
        check_choice(self, "picture", (True, False))

    def init(self, key: jax.Array, input_shape: Shape) -> tuple[Params, State, Any]:
        """Return no parameters, and the number of frames and bands."""
        samples = _sound_samples(self, input_shape)
        shape = (self._frames(samples), self.bands)
        return {}, {}, {"values": (*shape, 1) if self.picture else shape, "length": ()}

    def _frames(self, samples: int) -> int:
        return max(1, math.ceil((samples - self.window) / self.hop) + 1)

    def apply(
        self, params: Params, state: State, x: Any, *, key: jax.Array | None, train: bool
    ) -> tuple[Any, State]:
        """Return the spectra."""
        values, length = x["values"], x["length"]
        scale = 1 / _FULL_SCALE if jnp.issubdtype(values.dtype, jnp.integer) else 1.0
        sound = masked(jnp.asarray(values).astype(float) * scale, length)
        frames = self._frames(values.shape[1])
        whole = (frames - 1) * self.hop + self.window
        sound = jnp.pad(sound, ((0, 0), (0, max(0, whole - sound.shape[1]))))
        pieces = -(-self.window // self.hop)
        needed = (frames + pieces - 1) * self.hop
        sound = jnp.pad(sound, ((0, 0), (0, max(0, needed - sound.shape[1]))))[:, :needed]
        hops = sound.reshape(len(sound), frames + pieces - 1, self.hop)
        cut = jnp.concatenate([hops[:, i : i + frames] for i in range(pieces)], axis=2)
        basis = jnp.asarray(_fourier(self.window, pieces * self.hop), cut.dtype)
        spectrum = cut @ basis
        bins = basis.shape[1] // 2
        power = jnp.square(spectrum[..., :bins]) + jnp.square(spectrum[..., bins:])
        filters = mel_filters(self.rate, self.window, self.bands, self.lowest)
        loudness = jnp.log(power @ jnp.asarray(filters, cut.dtype) + 1e-6)
        frames_left = jnp.clip(-(-(length - self.window) // self.hop) + 1, 1, frames)
        spectra = _standardised(loudness, frames_left)
        spectra = spectra[..., None] if self.picture else spectra
        return {"values": spectra, "length": frames_left.astype(length.dtype)}, state

    @property
    def label(self) -> str:
        """``log mel``."""
        return "log mel"


def _sound_samples(layer: Layer, shape: Shape) -> int:
    if isinstance(shape, Mapping) and {"values", "length"} <= set(shape):
        values = tuple(shape["values"])
        if len(values) == 1:
            return values[0]
    raise SpecError(
        f'{type(layer).__name__} takes sounds, input shape {{"values": (samples,), "length": ()}}, '
        f"but got {shape}"
    )


def _fourier(window: int, padded: int) -> np.ndarray:
    """Return the Hann-weighed real Fourier transform (padded, 2 bins): cosines, then sines."""
    places = np.arange(window)
    hann = 0.5 - 0.5 * np.cos(2 * np.pi * places / window)
    angles = 2 * np.pi * np.outer(places, np.arange(window // 2 + 1)) / window
    basis = np.concatenate([np.cos(angles), -np.sin(angles)], axis=1) * hann[:, None]
    return np.pad(basis, ((0, padded - window), (0, 0)))


def mel_filters(rate: int, window: int, bands: int, lowest: float) -> np.ndarray:
    """Return triangular filters of height 1, (window // 2 + 1, bands).

    Examples
    --------
    >>> mel_filters(8000, 256, 20, 0.0).shape
    (129, 20)
    """

    def mel(hertz: Any) -> Any:
        return 2595 * np.log10(1 + np.asarray(hertz) / 700)

    edges = 700 * (10 ** (np.linspace(mel(lowest), mel(rate / 2), bands + 2) / 2595) - 1)
    bins = np.arange(window // 2 + 1) * rate / window
    rising = (bins[:, None] - edges[:-2]) / (edges[1:-1] - edges[:-2])
    falling = (edges[2:] - bins[:, None]) / (edges[2:] - edges[1:-1])
    return np.maximum(0, np.minimum(rising, falling))


def _standardised(x: jax.Array, length: jax.Array) -> jax.Array:
    """Return x with mean 0 and deviation 1 over the real frames of each sound, padding 0."""
    there = real(x, length)[..., None]
    count = (length * x.shape[2]).astype(x.dtype)[:, None, None]
    mean = jnp.where(there, x, 0).sum((1, 2), keepdims=True) / count
    centred = jnp.where(there, x - mean, 0)
    variance = jnp.square(centred).sum((1, 2), keepdims=True) / count
    return centred * jax.lax.rsqrt(variance + 1e-5)


@dataclass(frozen=True)
class RandomSound(Layer):
    """In training: leave out a random part of each sound's beginning, and add white noise.

    Parameters
    ----------
    shift : float
        Up to so much of the sound's length is left out.
    noise : float
        Deviation of the noise, up to so much of the sound's own.

    Raises
    ------
    SpecError
        If a field is out of range, or the input is no sound.

    Examples
    --------
    >>> RandomSound(0.1, 0.02).label
    'shift 0.1 noise 0.02'
    """

    shift: float = 0.1
    noise: float = 0.02

    def __post_init__(self) -> None:
        check_number(self, "shift", at_least=0, below=1)
        check_number(self, "noise", at_least=0)

    def init(self, key: jax.Array, input_shape: Shape) -> tuple[Params, State, Any]:
        """Return no parameters and the same shape."""
        _sound_samples(self, input_shape)
        return {}, {}, input_shape

    def apply(
        self, params: Params, state: State, x: Any, *, key: jax.Array | None, train: bool
    ) -> tuple[Any, State]:
        """Return the changed sounds in training, x otherwise."""
        values, length = x["values"], x["length"]
        scale = 1 / _FULL_SCALE if jnp.issubdtype(values.dtype, jnp.integer) else 1.0
        sound = masked(jnp.asarray(values).astype(float) * scale, length)
        if not train:
            return {"values": sound, "length": length}, state
        if key is None:
            raise SpecError("RandomSound draws in training, and needs a key")
        shift_key, size_key, noise_key = jax.random.split(key, 3)
        share = self.shift * jax.random.uniform(shift_key, length.shape, sound.dtype)
        left_out = jnp.minimum((share * length).astype(length.dtype), length - 1)
        place = jnp.arange(sound.shape[1]) + left_out[:, None]
        sound = jnp.take_along_axis(sound, jnp.minimum(place, sound.shape[1] - 1), axis=1)
        length = length - left_out
        sound = masked(sound, length)
        own = jnp.sqrt(jnp.square(sound).sum(1, keepdims=True) / length[:, None] + 1e-12)
        size = self.noise * jax.random.uniform(size_key, own.shape, sound.dtype) * own
        noise = size * jax.random.normal(noise_key, sound.shape, sound.dtype)
        return {"values": masked(sound + noise, length), "length": length}, state

    @property
    def draws(self) -> bool:
        """True: it needs a key in training."""
        return True

    @property
    def label(self) -> str:
        """``shift 0.1 noise 0.02``."""
        return f"shift {self.shift:g} noise {self.noise:g}"


@dataclass(frozen=True)
class RandomSpectrum(Layer):
    """In training: another pace, pitch and colour for each sound, and blanks (SpecAugment).

    What speakers and microphones do to the same word, so that a network learns to look beyond it:

    - pace: time runs faster or slower by a factor of up to 1 + ``tempo``;
    - pitch: a band's place is multiplied by a factor of up to 1 + ``stretch``;
    - colour: all frames gain ``tilt`` sum_k a_k c_k cos(pi k t), with t from 0 at the lowest band
      to 1 at the highest, a = (1, 0.7, 0.5, 0.35), and c_k standard normal;
    - blanks: a run of frames and one of bands are set to 0, the mean.

    Factors are drawn evenly on a logarithmic scale; between frames and between bands values are
    interpolated.

    Parameters
    ----------
    frames, bands : float
        Up to so much of a sound's frames, and of the bands, is blank.
    stretch, tempo : float
        Factors less 1.
    tilt : float
        In deviations of the spectrum.

    Raises
    ------
    SpecError
        If a field is out of range, or the input is no spectra.

    References
    ----------
    Park, Chan, Zhang et al. (2019), SpecAugment. Jaitly and Hinton (2013), Vocal tract length
    perturbation. Ko, Peddinti, Povey and Khudanpur (2015), Audio augmentation for speech
    recognition.

    Examples
    --------
    >>> RandomSpectrum(0.1, 0.2, 0.1, 0.3, 1).label
    'blank 0.1 frames 0.2 bands stretch 0.1 tempo 0.3 tilt 1'
    """

    frames: float = 0.15
    bands: float = 0.2
    stretch: float = 0.15
    tempo: float = 0.3
    tilt: float = 1.0

    def __post_init__(self) -> None:
        check_number(self, "frames", at_least=0, at_most=1)
        check_number(self, "bands", at_least=0, at_most=1)
        check_number(self, "stretch", at_least=0, at_most=1)
        check_number(self, "tempo", at_least=0, at_most=1)
        check_number(self, "tilt", at_least=0)

    def init(self, key: jax.Array, input_shape: Shape) -> tuple[Params, State, Any]:
        """Return no parameters and the same shape."""
        shape: Any = input_shape
        if not isinstance(shape, Mapping) or len(shape.get("values", ())) != 3:
            raise SpecError(
                "RandomSpectrum takes spectra, input shape "
                f'{{"values": (frames, bands, 1), "length": ()}}, but got {input_shape}'
            )
        return {}, {}, input_shape

    def apply(
        self, params: Params, state: State, x: Any, *, key: jax.Array | None, train: bool
    ) -> tuple[Any, State]:
        """Return the changed spectra in training, x otherwise."""
        values, length = masked(jnp.asarray(x["values"]), x["length"]), x["length"]
        if not train:
            return {"values": values, "length": length}, state
        if key is None:
            raise SpecError("RandomSpectrum draws in training, and needs a key")
        bands = values.shape[2]
        pace_key, pitch_key, colour_key, frame_key, band_key = jax.random.split(key, 5)
        values, length = _paced(values, length, _factors(pace_key, len(values), self.tempo))
        place = jnp.arange(bands, dtype=values.dtype) * _factors(
            pitch_key, len(values), self.stretch
        )
        nearness = 1 - jnp.abs(
            jnp.clip(place, 0, bands - 1)[..., None] - jnp.arange(bands, dtype=values.dtype)
        )
        values = jnp.einsum("bij,btjc->btic", jnp.maximum(0, nearness), values)
        waves = jnp.cos(jnp.pi * np.outer(np.arange(1, 5), np.linspace(0, 1, bands)))
        heights = self.tilt * np.array([1, 0.7, 0.5, 0.35])
        colour = heights * jax.random.normal(colour_key, (len(values), 4), values.dtype) @ waves
        values = masked(values + colour[:, None, :, None].astype(values.dtype), length)
        in_time = _run(frame_key, values.shape[1], length.astype(values.dtype), self.frames)
        in_pitch = _run(band_key, bands, jnp.full(len(values), bands, values.dtype), self.bands)
        blank = in_time[:, :, None] | in_pitch[:, None, :]
        return {"values": jnp.where(blank[..., None], 0, values), "length": length}, state

    @property
    def draws(self) -> bool:
        """True: it needs a key in training."""
        return True

    @property
    def label(self) -> str:
        """``blank 0.15 frames 0.2 bands stretch 0.15 tempo 0.3 tilt 1``."""
        return (
            f"blank {self.frames:g} frames {self.bands:g} bands stretch {self.stretch:g} "
            f"tempo {self.tempo:g} tilt {self.tilt:g}"
        )


def _factors(key: jax.Array, rows: int, most: float) -> jax.Array:
    """Return random factors (rows, 1) from 1 / (1 + most) to 1 + most."""
    return (1 + most) ** jax.random.uniform(key, (rows, 1), minval=-1, maxval=1)


def _paced(values: jax.Array, length: jax.Array, factor: jax.Array) -> tuple[jax.Array, jax.Array]:
    """Return spectra that run by so much faster, cut where they do not fit, and their lengths."""
    frames = values.shape[1]
    after = jnp.clip(jnp.round(length / factor[:, 0]), 1, frames).astype(length.dtype)
    place = jnp.clip(jnp.arange(frames) * factor, 0, (length - 1)[:, None])
    before = jnp.floor(place).astype(jnp.int32)
    share = (place - before).astype(values.dtype)[..., None, None]

    def frame(i: jax.Array) -> jax.Array:
        return jnp.take_along_axis(values, i[..., None, None], axis=1, mode="clip")

    return (1 - share) * frame(before) + share * frame(before + 1), after


def _run(key: jax.Array, size: int, length: jax.Array, share: float) -> jax.Array:
    """Return a random run of each row's first ``length`` places, up to a share of them."""
    drawn = jax.random.uniform(key, (2, len(length), 1), length.dtype)
    width = drawn[0] * share * length[:, None]
    first = drawn[1] * (length[:, None] - width)
    places = jnp.arange(size, dtype=length.dtype)
    return (places >= first) & (places < first + width)
