"""Reading sound files, and columns of them."""

import io
import struct

import numpy as np
import polars as pl
import pytest
import soundfile

from descend.data.columns import Column
from descend.data.encoders.sound import SoundEncoder, fit_sound
from descend.data.media.sounds import SoundError, check_sound, decode_sound
from descend.errors import ColumnError, MissingExtraError

COLUMN = Column("clip", "sound")
TONE = np.sin(2 * np.pi * 200 * np.arange(4000) / 8000)


def encoded(samples, rate=8000, kind="WAV", subtype=None):
    buffer = io.BytesIO()
    soundfile.write(buffer, samples, rate, format=kind, subtype=subtype)
    return buffer.getvalue()


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch):
    monkeypatch.setenv("DESCEND_CACHE", str(tmp_path / "cache"))


@pytest.mark.parametrize(
    ("kind", "subtype", "error"),
    [
        ("WAV", "PCM_16", 1e-4),
        ("WAV", "PCM_24", 1e-4),
        ("WAV", "PCM_U8", 1e-2),
        ("WAV", "FLOAT", 1e-4),
        ("FLAC", None, 1e-4),
        ("OGG", None, 0.1),
    ],
)
def test_formats_give_their_samples(kind, subtype, error):
    values, length = decode_sound(encoded(TONE * 0.5, kind=kind, subtype=subtype), 8000, 5000)
    assert abs(length - 4000) <= 64
    assert abs(values[:3900] / 32767 - TONE[:3900] * 0.5).max() < error
    assert np.all(values[length:] == 0)


def test_channels_are_averaged():
    many = np.stack([TONE * share for share in (0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6)], axis=1)
    values, _ = decode_sound(encoded(many, subtype="FLOAT"), 8000, 4000)
    assert abs(values / 32767 - TONE * 0.3).max() < 1e-3


def test_another_rate_is_resampled():
    fast = 0.5 * np.sin(2 * np.pi * 200 * np.arange(22050) / 44100)
    values, length = decode_sound(encoded(fast, 44100), 8000, 8000)
    assert length == 4000
    assert abs(values[200:3800] / 32767 - 0.5 * TONE[200:3800]).max() < 0.01


def test_of_a_long_sound_the_middle_is_taken():
    steps = np.repeat(np.linspace(0, 0.9, 10), 1000)
    values, length = decode_sound(encoded(steps), 8000, 2000)
    assert length == 2000
    assert abs(values / 32767 - steps[4000:6000]).max() < 0.11


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "the file is empty"),
        (b"no sound at all, but long enough", "no sound of a known format"),
        (encoded(np.zeros(0)), "has no samples"),
        (encoded(np.array([0, np.nan, 0]), subtype="FLOAT"), "not finite"),
    ],
)
def test_broken_files_say_why(content, message):
    for read in (check_sound, lambda c: decode_sound(c, 8000, 100)):
        with pytest.raises(SoundError, match=message):
            read(content)


def test_a_header_that_promises_more_gives_what_is_there():
    content = bytearray(encoded(TONE))
    content[40:44] = struct.pack("<I", 1_000_000_000)
    check_sound(bytes(content))
    values, length = decode_sound(bytes(content), 8000, 4000)
    assert length == 4000
    assert abs(values / 32767 - TONE).max() < 1e-3


def test_without_soundfile_the_extra_is_named(monkeypatch):
    import sys

    monkeypatch.setitem(sys.modules, "soundfile", None)
    with pytest.raises(MissingExtraError, match=r"pip install 'descend\[sound\]'"):
        check_sound(encoded(TONE))


def files(folder, lengths, rate=8000):
    paths = []
    for i, length in enumerate(lengths):
        paths.append(str(folder / f"klang {i} ü.wav"))
        soundfile.write(paths[-1], np.full(length, 0.1 * (i % 5 + 1)), rate)
    return pl.Series("clip", paths)


def test_rate_and_length_suit_the_sounds(tmp_path):
    encoder = fit_sound(files(tmp_path, [800] * 200 + [8000]), COLUMN)
    assert (encoder.rate, encoder.samples) == (8000, 880)
    assert "the middle 0.11 s" in encoder.describe()
    encoder = fit_sound(files(tmp_path, [4410, 2205], 44100), COLUMN)
    assert (encoder.rate, encoder.samples) == (16_000, 1600)


def test_sounds_and_lengths_come_from_the_cache_alike(tmp_path):
    series = files(tmp_path, [800, 300, 1])
    encoder = SoundEncoder(COLUMN, 8000, 500)
    first, _ = encoder.arrays(series)
    assert first["length"].tolist() == [500, 300, 1]
    assert first["values"].dtype == np.int16
    assert np.all(first["values"][1, :300] == round(0.2 * 32767))
    again, tally = encoder.arrays(pl.Series("clip", [*series, None]))
    np.testing.assert_array_equal(again["values"][:3], first["values"])
    assert again["length"].tolist() == [500, 300, 1, 1]
    assert tally.missing == 1
    (tmp_path / "klang 0 ü.wav").write_bytes(b"changed")
    with pytest.raises(ColumnError, match=r"row 1: .*klang 0 ü\.wav cannot be read: it is no"):
        encoder.arrays(series)
