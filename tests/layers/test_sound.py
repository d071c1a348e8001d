"""Log-mel spectra against NumPy's own Fourier transform, and random changes of sounds."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from descend.errors import SpecError
from descend.layers import LogMel, RandomSound, RandomSpectrum

KEY = jax.random.key(0)


def spectra(layer, values, length):
    x = {"values": jnp.asarray(values), "length": jnp.asarray(length, jnp.int32)}
    y, _ = layer.apply({}, {}, x, key=None, train=False)
    return np.asarray(y["values"]), np.asarray(y["length"])


def by_numpy(sound, rate, window, hop, bands, lowest):
    """Return standardised log-mel spectra, one frame after another, by the fast transform."""
    count = max(1, -(-(len(sound) - window) // hop) + 1)
    sound = np.pad(sound, (0, (count - 1) * hop + window))
    hann = 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(window) / window)
    hertz = np.arange(window // 2 + 1) * rate / window
    low, high = (2595 * np.log10(1 + f / 700) for f in (lowest, rate / 2))
    edges = 700 * (10 ** (np.linspace(low, high, bands + 2) / 2595) - 1)
    frames = []
    for i in range(count):
        power = np.abs(np.fft.rfft(sound[i * hop : i * hop + window] * hann)) ** 2
        triangles = [np.interp(hertz, edges[b : b + 3], [0, 1, 0], 0, 0) for b in range(bands)]
        bank = [np.sum(power * triangle) for triangle in triangles]
        frames.append(np.log(np.array(bank) + 1e-6))
    found = np.array(frames)
    return (found - found.mean()) / np.sqrt(found.var() + 1e-5)


@pytest.mark.parametrize(("window", "hop", "bands"), [(64, 32, 8), (60, 25, 6), (50, 50, 5)])
def test_spectra_are_those_of_the_fast_fourier_transform(window, hop, bands):
    rng = np.random.default_rng(0)
    sounds = rng.normal(size=(3, 300)) * 0.1
    lengths = [300, 170, 20]
    with jax.enable_x64(True):
        found, frames = spectra(LogMel(1000, window, hop, bands, 30.0), sounds, lengths)
    for i, length in enumerate(lengths):
        expected = by_numpy(sounds[i, :length], 1000, window, hop, bands, 30.0)
        assert frames[i] == len(expected)
        np.testing.assert_allclose(found[i, : frames[i], :, 0], expected, rtol=1e-6, atol=1e-6)
        assert np.all(found[i, frames[i] :] == 0)


def test_bytes_and_fractions_give_the_same_and_loudness_does_not_matter():
    rng = np.random.default_rng(0)
    whole = rng.integers(-20_000, 20_000, (2, 2000)).astype(np.int16)
    layer = LogMel(8000)
    one, _ = spectra(layer, whole, [2000, 900])
    same, _ = spectra(layer, whole / np.float32(32768), [2000, 900])
    np.testing.assert_allclose(one, same, atol=1e-5)
    quiet, _ = spectra(layer, whole / np.float32(32768) / 4, [2000, 900])
    np.testing.assert_allclose(one, quiet, atol=1e-2)


def test_a_tone_is_loudest_in_its_band():
    time = np.arange(4000) / 8000
    for hertz in (300, 1000, 3000):
        found, _ = spectra(LogMel(8000), np.sin(2 * np.pi * hertz * time)[None], [4000])
        mel = 2595 * np.log10(1 + hertz / 700)
        low, high = (2595 * np.log10(1 + f / 700) for f in (60, 4000))
        expected = (mel - low) / (high - low) * 41 - 1
        assert abs(found[0, 10, :, 0].argmax() - expected) <= 1


def test_random_sound_moves_and_adds_noise_within_the_length():
    values = jnp.broadcast_to(jnp.arange(1.0, 101.0), (50, 100))
    length = jnp.full(50, 80, jnp.int32)
    layer = RandomSound(0.25, 0.0)
    y, _ = layer.apply({}, {}, {"values": values, "length": length}, key=KEY, train=True)
    first, left = np.asarray(y["values"])[:, 0], np.asarray(y["length"])
    np.testing.assert_allclose(first - 1, 80 - left)
    assert 0 <= (80 - left).min() < 4
    assert 16 < (80 - left).max() < 20
    assert np.all(np.asarray(y["values"])[np.arange(100) >= left[:, None]] == 0)
    noisy, _ = RandomSound(0.0, 0.5).apply(
        {}, {}, {"values": values, "length": length}, key=KEY, train=True
    )
    assert np.all(np.asarray(noisy["length"]) == 80)
    assert np.any(noisy["values"][:, :80] != values[:, :80])
    assert np.all(noisy["values"][:, 80:] == 0)


def test_random_spectrum_changes_the_pace_and_the_length_with_it():
    ramp = jnp.tile(jnp.arange(1.0, 41.0)[:, None, None], (1, 4, 1))
    x = {"values": jnp.tile(ramp, (200, 1, 1, 1)), "length": jnp.full(200, 20, jnp.int32)}
    y, _ = RandomSpectrum(0.0, 0.0, 0.0, 0.5, 0.0).apply({}, {}, x, key=KEY, train=True)
    values, length = np.asarray(y["values"])[:, :, 0, 0], np.asarray(y["length"])
    assert (length.min(), length.max()) == (13, 30)
    for row, frames in zip(values, length, strict=True):
        factor = row[1] - row[0]
        assert frames == round(20 / factor)
        expected = np.minimum(1 + factor * np.arange(frames), 20)
        np.testing.assert_allclose(row[:frames], expected, rtol=1e-5)
        assert not row[frames:].any()


def test_random_spectrum_colours_all_frames_of_a_sound_alike():
    x = {"values": jnp.zeros((500, 6, 8, 1)), "length": jnp.full(500, 5, jnp.int32)}
    y, _ = RandomSpectrum(0.0, 0.0, 0.0, 0.0, 0.5).apply({}, {}, x, key=KEY, train=True)
    found = np.asarray(y["values"])[..., 0]
    np.testing.assert_array_equal(found[:, 0], found[:, 4])
    assert not found[:, 5].any()
    waves = np.cos(np.pi * np.outer(np.arange(1, 5), np.arange(8) / 7))
    deviation = 0.5 * np.sqrt(np.square(waves).T @ np.square([1, 0.7, 0.5, 0.35]))
    np.testing.assert_allclose(found[:, 0].std(axis=0), deviation, rtol=0.15)


def test_random_spectrum_blanks_a_run_of_frames_and_bands():
    x = {"values": jnp.ones((100, 20, 10, 1)), "length": jnp.full(100, 16, jnp.int32)}
    y, _ = RandomSpectrum(0.5, 0.5, 0.0, 0.0, 0.0).apply({}, {}, x, key=KEY, train=True)
    found = np.asarray(y["values"])[:, :16, :, 0]
    frames, bands = (found == 0).all(2), (found == 0).all(1)
    assert 6 <= frames.sum(1).max() <= 9
    assert 3 <= bands.sum(1).max() <= 6
    np.testing.assert_array_equal(found == 0, frames[:, :, None] | bands[:, None, :])
    with pytest.raises(SpecError, match="takes spectra"):
        RandomSpectrum().init(KEY, (20, 10))
    with pytest.raises(SpecError, match="takes sounds"):
        LogMel(8000).init(KEY, (20, 10))
