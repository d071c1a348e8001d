"""Random changes as they are asked for, in networks of pictures and of sounds."""

import pytest

from descend.errors import SpecError, UsageError
from descend.layers import (
    Convolution,
    Cutout,
    Dense,
    Flatten,
    LogMel,
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
from descend.models import Options
from descend.models.networks.augmentation import amounts, augmented

SCALING, BODY = PixelScaling(), Sequential((Convolution(2, 3), Flatten()))
PICTURES = Sequential((SCALING, RandomFlip(), RandomWarp(0.3), MirrorAverage(BODY)))
MEL = LogMel(100, 8, 4, 1, 0.0)


def whole(branch):
    return Sequential((Parallel((branch,), inputs=("a",)), Dense(2)))


def test_none_leaves_no_random_change():
    assert augmented(whole(PICTURES), ()) == whole(Sequential((SCALING, BODY)))


def test_only_what_is_asked_for_is_there_and_in_the_usual_order():
    got = augmented(whole(PICTURES), ("cutout", "rotate5", "flip", "colour0.5"))
    changes = (RandomFlip(), RandomWarp(0.0, 0.0, 5.0), RandomColour(0.5), Cutout())
    assert got == whole(Sequential((SCALING, *changes, MirrorAverage(BODY))))


def test_sounds_are_changed_before_and_after_their_spectra_are_taken():
    sound = Sequential((RandomSound(), MEL, RandomSpectrum(), Flatten()))
    got = augmented(whole(sound), ("noise", "stretch0.3"))
    changed = Sequential((RandomSound(0.0, 0.1), MEL, RandomSpectrum(0, 0, 0.3, 0, 0), Flatten()))
    assert got == whole(changed)
    assert augmented(whole(sound), ()) == whole(Sequential((MEL, Flatten())))


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("spin",), "no random change"), (("flip2",), "no random change"),
        (("rotat15",), 'Did you mean "rotate"'), (("shift", "shift0.2"), "twice"),
    ],
)  # fmt: skip
def test_refuses(words, message):
    with pytest.raises(UsageError, match=message):
        amounts(words)
    with pytest.raises(UsageError, match=message):
        Options(augment=words)


def test_amounts_out_of_range_name_the_layer():
    with pytest.raises(SpecError, match="RandomWarp: rotate"):
        augmented(whole(PICTURES), ("rotate999",))
