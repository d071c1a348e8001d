"""Sound files into samples, with soundfile (the extra ``sound``).

WAV, FLAC, OGG, MP3 and what else libsndfile knows, told by their content. All channels are averaged
into one, and the sound is resampled where it has another rate. Of a long sound only the part that
is asked for is decoded.
"""

from __future__ import annotations

import io
import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from descend.errors import DataError, MissingExtraError

__all__ = [
    "SOUND_SUFFIXES",
    "SoundError",
    "SoundSize",
    "check_sound",
    "decode_sound",
    "sound_size",
]

SOUND_SUFFIXES = frozenset((".wav", ".flac", ".ogg", ".oga", ".mp3", ".aif", ".aiff"))
"""What the names of sounds end in, in lower case."""

_BLOCK = 1 << 20
_CHECKED = 60 << 20
"""So many frames are looked at to find whether a file is sound, 20 minutes and more."""


class SoundError(DataError):
    """A file is no sound that can be read; the message says why, without the file's name."""


@dataclass(frozen=True)
class SoundSize:
    """What the header of a sound says.

    Attributes
    ----------
    rate : int
        Samples a second.
    frames : int
        Samples of each channel.
    """

    rate: int
    frames: int


def _opened(content: Any) -> Any:
    """Open a sound: its bytes, or its path.

    Raises
    ------
    SoundError
    MissingExtraError
        If soundfile is not installed, which is no fault of the file.
    """
    try:
        import soundfile
    except ImportError:
        raise MissingExtraError(
            "sounds are read by soundfile, which is not installed: pip install 'descend[sound]'"
        ) from None
    if not content:
        raise SoundError("the file is empty")
    try:
        return soundfile.SoundFile(io.BytesIO(content) if isinstance(content, bytes) else content)
    except (soundfile.SoundFileError, TypeError, ValueError) as error:
        reason = str(error).split(": ")[-1].rstrip(".")
        raise SoundError(f"it is no sound of a known format ({reason})") from None


def sound_size(path: str) -> SoundSize:
    """Return what a sound's header says.

    Raises
    ------
    SoundError
    """
    with _opened(path) as sound:
        return SoundSize(sound.samplerate, sound.frames)


def check_sound(content: bytes) -> None:
    """Read a sound to know that it is one.

    Raises
    ------
    SoundError
        If it cannot be read, has no samples, or samples that are not finite numbers.
    """
    with _opened(content) as sound:
        seen = 0
        while seen < _CHECKED:
            block = _read(sound, _BLOCK)
            if not len(block):
                break
            seen += len(block)
        if not seen:
            raise SoundError("it has no samples")


def _read(sound: Any, frames: int) -> np.ndarray:
    """Return the mean of the channels of the next frames."""
    import soundfile

    try:
        block = sound.read(frames, dtype="float32", always_2d=True)
    except (soundfile.SoundFileError, RuntimeError, ValueError) as error:
        raise SoundError(f"it is damaged or cut short ({error})") from None
    mono = block.mean(axis=1, dtype=np.float32)
    if not np.isfinite(mono).all():
        raise SoundError("it has samples that are not finite numbers")
    return mono


def decode_sound(content: bytes, rate: int, samples: int) -> tuple[np.ndarray, int]:
    """Return the middle of a sound as samples of 16 bits, at a rate.

    Parameters
    ----------
    content : bytes
    rate : int
        Samples a second.
    samples : int
        At most so many; of a longer sound the middle is taken.

    Returns
    -------
    values : int16 array (samples,)
        32767 is full scale; zeros after the end.
    length : int
        How many samples are real, at least 1.

    Raises
    ------
    SoundError
    """
    with _opened(content) as sound:
        wanted = math.ceil(samples * sound.samplerate / rate) + 1
        if sound.frames > wanted and sound.seekable():
            sound.seek((sound.frames - wanted) // 2)
        mono = _read(sound, wanted)
        given = sound.samplerate
    if not len(mono):
        raise SoundError("it has no samples")
    if given != rate:
        from scipy.signal import resample_poly

        common = math.gcd(given, rate)
        mono = resample_poly(mono, rate // common, given // common)
    mono = mono[:samples]
    values = np.zeros(samples, np.int16)
    values[: len(mono)] = np.round(np.clip(mono, -1, 1) * 32767)
    return values, max(1, len(mono))
