"""What excites units: a network that is known shows what it must."""

import numpy as np
import polars as pl
import pytest

import descend
from descend.errors import ColumnError, UsageError
from descend.models.inspection.excitation import excitation, layer_count


@pytest.fixture(scope="module")
def frame():
    """Pictures with one bright spot each; its column is the class."""
    rng = np.random.default_rng(0)
    pixels = rng.integers(0, 40, (60, 12, 14), np.uint8)
    spots = [(int(rng.integers(2, 10)), 3 if i % 2 else 10) for i in range(60)]
    for i, (row, column) in enumerate(spots):
        pixels[i, row - 1 : row + 2, column - 1 : column + 2] = 250
    return pl.DataFrame({"photo": pixels, "side": ["right", "left"] * 30}), spots


@pytest.fixture(scope="module")
def model(frame):
    table, _ = frame
    layers = ("conv4", "pool", "conv6", "res6", 8)
    return descend.train(table, "side", kinds={"photo": "image"}, layers=layers, epochs=2)


def test_patches_are_cut_where_the_outputs_are_largest(model, frame):
    table, spots = frame
    assert layer_count(model) == 3
    for layer, size in ((1, 3), (2, 8), (3, 12)):
        found = excitation(model, table, layer, units=4, count=3)
        assert found.patches.shape == (4, 3, size, size, 1)
        assert np.all(np.diff(found.outputs, axis=1) <= 0)
        assert (found.kernels is None) == (layer > 1)
    first = excitation(model, table, 1, units=4, count=3)
    assert first.kernels is not None
    # A unit whose weights are positive in sum is excited by the spot, in the middle of its patch.
    pixels = table["photo"].to_numpy()
    for unit, rows, places in zip(range(4), first.pictures, first.places, strict=True):
        for place, (row, at) in enumerate(zip(rows, places, strict=True)):
            top, left = at - 1
            if 0 <= top < 10 and 0 <= left < 12:
                expected = pixels[row, top : top + 3, left : left + 3]
                np.testing.assert_array_equal(first.patches[unit, place, ..., 0], expected)
    bright = [unit for unit in range(4) if first.patches[unit].mean() > 200]
    for unit in bright:
        for row, at in zip(first.pictures[unit], first.places[unit], strict=True):
            assert np.abs(np.array(spots[row]) - at).max() <= 2


def test_what_cannot_be_shown_is_said(model, frame):
    table, _ = frame
    with pytest.raises(UsageError, match="layers 1 to 3 to be shown, not 4"):
        excitation(model, table, 4)
    with pytest.raises(ColumnError, match=r'"photo" of pictures is needed.* Columns: side'):
        excitation(model, table.drop("photo"))
    flat = descend.train(table, "side", kinds={"photo": "image"}, layers=(4,), epochs=1)
    with pytest.raises(UsageError, match="no convolution"):
        excitation(flat, table)
    numbers = descend.train({"a": list(range(20)), "b": ["x", "y"] * 10}, "b", epochs=1)
    with pytest.raises(UsageError, match="reads no pictures"):
        excitation(numbers, table)
