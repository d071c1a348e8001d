"""Random changes of training pictures and sounds, as they are asked for: ``flip,rotate15``."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar

from descend.data.encoders.array_encoder import ArrayEncoder
from descend.errors import UsageError, did_you_mean
from descend.layers import (
    Cutout,
    Layer,
    MirrorAverage,
    Parallel,
    PixelScaling,
    RandomColour,
    RandomFlip,
    RandomSound,
    RandomSpectrum,
    RandomWarp,
    Sequential,
)

__all__ = ["amounts", "augmented", "check_applicable", "unmirrored"]

_Kind = TypeVar("_Kind", bound=Layer)

PICTURE_WORDS = {
    "flip": 1.0, "shift": 0.08, "scale": 0.12, "rotate": 15.0, "colour": 0.2, "cutout": 0.25,
}  # fmt: skip
"""Changes of pictures, and how much where no number is written."""

SOUND_WORDS = {
    "shift": 0.1, "noise": 0.1, "mask": 0.15, "stretch": 0.15, "tempo": 0.3, "tilt": 1.0,
}  # fmt: skip
"""Changes of sounds, and how much where no number is written."""

_CHANGES = (RandomFlip, RandomWarp, RandomColour, Cutout, RandomSound, RandomSpectrum)


def amounts(words: Sequence[str]) -> dict[str, float | None]:
    """Return how much of each change is asked for; None where no number is written.

    Parameters
    ----------
    words : sequence of str
        Such as ``flip``, ``rotate15`` and ``shift0.1``.

    Raises
    ------
    UsageError
        For a word that is no change, or that stands twice.

    Examples
    --------
    >>> amounts(("flip", "rotate15"))
    {'flip': None, 'rotate': 15.0}
    """
    known = list(dict.fromkeys((*PICTURE_WORDS, *SOUND_WORDS)))
    asked: dict[str, float | None] = {}
    for word in words:
        found = re.fullmatch(r"([a-z]+)(\d*\.?\d+)?", word)
        name = found[1] if found else word
        if found is None or name not in known or (name == "flip" and found[2]):
            near = did_you_mean(name, known)
            raise UsageError(
                f'"{word}" is no random change.{near} Write {", ".join(known)}, each but flip '
                "also with a number, as rotate15, or none"
            )
        if name in asked:
            raise UsageError(f'the random change "{name}" is asked for twice')
        asked[name] = float(found[2]) if found[2] else None
    return asked


def check_applicable(words: Sequence[str], encoders: Sequence[ArrayEncoder]) -> None:
    """Refuse random changes that no column of a table can undergo."""
    own = {"image": PICTURE_WORDS, "sound": SOUND_WORDS}
    kinds = [encoder.column.kind for encoder in encoders if encoder.column.kind in own]
    if not kinds:
        raise UsageError("augment changes pictures and sounds, and no input is one")
    allowed = list(dict.fromkeys(word for kind in kinds for word in own[kind]))
    for name in amounts(words):
        if name not in allowed:
            what = " and ".join("pictures" if kind == "image" else "sounds" for kind in set(kinds))
            raise UsageError(f'"{name}" does not change {what}; these do: {", ".join(allowed)}')


def augmented(layer: Layer, words: Sequence[str]) -> Layer:
    """Return a network with these random changes, and no others.

    Pictures are changed after they are scaled, sounds before and after their spectra are taken.
    Without ``flip`` the mirror image is not looked at when predicting either.
    """
    asked = amounts(words)

    def amount(name: str, table: Mapping[str, float]) -> float:
        if name not in asked:
            return 0.0
        given = asked[name]
        return table[name] if given is None else given

    warp = [amount(name, PICTURE_WORDS) for name in ("shift", "scale", "rotate")]
    pictures: list[Layer] = [RandomFlip()] if "flip" in asked else []
    pictures += [RandomWarp(*warp)] if any(warp) else []
    pictures += [RandomColour(amount("colour", PICTURE_WORDS))] if "colour" in asked else []
    pictures += [Cutout(amount("cutout", PICTURE_WORDS))] if "cutout" in asked else []
    sounds = RandomSound(amount("shift", SOUND_WORDS), amount("noise", SOUND_WORDS))
    mask = amount("mask", SOUND_WORDS)
    others = [amount(name, SOUND_WORDS) for name in ("stretch", "tempo", "tilt")]
    spectra = RandomSpectrum(mask, mask, *others)

    def changed(inner: Layer) -> list[Layer] | None:
        if isinstance(inner, PixelScaling):
            return [inner, *pictures]
        if isinstance(inner, RandomSound):
            return [sounds] if {"shift", "noise"} & set(asked) else []
        if isinstance(inner, RandomSpectrum):
            return [spectra] if mask or any(others) else []
        return [] if isinstance(inner, _CHANGES) else None

    return _rewritten(layer, changed, mirrored="flip" in asked)


def unmirrored(layer: _Kind) -> _Kind:
    """Return a network without its `RandomFlip` and `MirrorAverage` layers."""
    return _rewritten(layer, lambda inner: [] if isinstance(inner, RandomFlip) else None)


def _rewritten(
    layer: Any, changed: Callable[[Layer], list[Layer] | None], *, mirrored: bool = False
) -> Any:
    """Return a network in whose sequences other layers stand for some.

    Parameters
    ----------
    layer : Layer
    changed : function of a layer -> list of layers or None
        What stands in its place; None looks inside it.
    mirrored : bool
        Whether `MirrorAverage` stays around what it holds.
    """
    if isinstance(layer, MirrorAverage):
        inner = _rewritten(layer.inner, changed, mirrored=mirrored)
        return layer.replace(inner=inner) if mirrored else inner
    if isinstance(layer, Sequential):
        found: list[Layer] = []
        for inner in layer.layers:
            new = changed(inner)
            found += [_rewritten(inner, changed, mirrored=mirrored)] if new is None else new
        return Sequential(tuple(found))
    if isinstance(layer, Parallel):
        inside = (_rewritten(inner, changed, mirrored=mirrored) for inner in layer.layers)
        return layer.replace(layers=tuple(inside))
    return layer
