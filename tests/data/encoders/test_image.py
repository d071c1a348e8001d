"""Columns of pictures: the size chosen, pixels of files and arrays, and the cache on disk."""

import numpy as np
import polars as pl
import pytest

from descend.data.columns import Column
from descend.data.encoders import image as encode_image
from descend.data.encoders.image import ImageEncoder, fit_image, pixels_of
from descend.data.fingerprints import row_hashes
from descend.data.media import decoded
from descend.data.media.decoded import DecodedStore, GatheredRows
from descend.errors import ColumnError, OutputError

from ..pictures import encoded

COLUMN = Column("photo", "image")


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch):
    monkeypatch.setenv("DESCEND_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


def files(folder, sizes, colour=False):
    paths = []
    for i, size in enumerate(sizes):
        shape = (*size, 3) if colour else size
        pixels = np.random.default_rng(i).integers(0, 256, shape).astype(np.uint8)
        paths.append(str(folder / f"{i}.png"))
        (folder / f"{i}.png").write_bytes(encoded(pixels))
    return pl.Series("photo", paths)


@pytest.mark.parametrize(
    ("sizes", "colour", "expected"),
    [
        ([(12, 10)] * 3, False, (12, 10, 1)),
        ([(12, 10)] * 3, True, (12, 10, 3)),
        ([(128, 256)] * 3, False, (45, 91, 1)),
        ([(90, 60), (60, 90), (80, 80)], False, (64, 64, 1)),
        ([(30, 20), (20, 30), (20, 20)], False, (24, 24, 1)),
        ([(1, 1)], False, (1, 1, 1)),
    ],
)
def test_the_size_suits_the_pictures(tmp_path, sizes, colour, expected):
    encoder = fit_image(files(tmp_path, sizes, colour), COLUMN)
    assert encoder.input_shape == expected
    pixels, _ = encoder.arrays(files(tmp_path, sizes, colour))
    assert (pixels.shape, pixels.dtype) == ((len(sizes), *expected), np.uint8)
    resized = len(set(sizes)) > 1 or sizes[0] == (128, 256)
    assert ("resized" in encoder.describe()) == resized


def test_a_picture_is_decoded_once_wherever_it_is(tmp_path, cache, monkeypatch):
    series = files(tmp_path, [(6, 5)] * 4)
    encoder = ImageEncoder(COLUMN, 6, 5, 1)
    first, _ = encoder.arrays(series)
    moved = str(tmp_path / "moved.png")
    (tmp_path / "2.png").rename(moved)
    monkeypatch.setattr(encode_image, "decode_picture", None)  # never called again
    again, _ = encoder.arrays(pl.Series("photo", [moved, series[0], series[0]]))
    np.testing.assert_array_equal(again, first[[2, 0, 0]])
    monkeypatch.undo()
    monkeypatch.setenv("DESCEND_CACHE", str(cache))
    for shard in cache.glob("decoded/*/*.rows"):
        shard.write_bytes(shard.read_bytes()[:-1])  # damaged: decoded anew
    rest = pl.Series("photo", [moved, series[0]])
    np.testing.assert_array_equal(encoder.arrays(rest)[0], first[[2, 0]])


def test_many_pictures_stay_on_disk(tmp_path, monkeypatch):
    series = files(tmp_path, [(6, 5)] * 4)
    encoder = ImageEncoder(COLUMN, 6, 5, 1)
    inside, _ = encoder.arrays(series)
    monkeypatch.setattr(encode_image, "IN_MEMORY", 0)
    kept, _ = encoder.arrays(series)
    assert isinstance(kept, GatheredRows)
    assert (kept.shape, len(kept), kept.nbytes) == ((4, 6, 5, 1), 4, 120)
    np.testing.assert_array_equal(kept[np.array([3, 1, 1])], inside[[3, 1, 1]])
    np.testing.assert_array_equal(kept[1:3], inside[1:3])


def test_the_cache_is_bounded(tmp_path, cache, monkeypatch):
    monkeypatch.setenv("DESCEND_CACHE_BYTES", "3000")
    store = DecodedStore("test", np.uint8, (1000,))
    for i in range(5):
        store.rows([bytes([i]) * 16], lambda place, i=i: np.full(1000, i, np.uint8))
    left = list(cache.glob("decoded/*/*.rows"))
    assert len(left) == 2
    assert not list(cache.glob("decoded/*/*.part"))


@pytest.mark.parametrize("home", ["file", "none"])
def test_without_a_folder_to_write_the_pictures_are_decoded_all_the_same(
    tmp_path, monkeypatch, home
):
    series = files(tmp_path, [(6, 5)] * 9)
    encoder = ImageEncoder(COLUMN, 6, 5, 1)
    kept, _ = encoder.arrays(series)
    (tmp_path / "file").write_text("no folder")
    monkeypatch.delenv("DESCEND_CACHE")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "file") if home == "file" else "")
    if home == "none":
        monkeypatch.setattr(decoded.Path, "home", lambda: (_ for _ in ()).throw(RuntimeError))
    np.testing.assert_array_equal(encoder.arrays(series)[0], kept)
    monkeypatch.setattr(encode_image, "IN_MEMORY", 0)
    rows, _ = encoder.arrays(series)
    np.testing.assert_array_equal(rows[np.array([8, 0, 0])], kept[[8, 0, 0]])


def test_a_folder_that_was_asked_for_must_be_writable(tmp_path, monkeypatch):
    series = files(tmp_path, [(6, 5)])
    monkeypatch.setenv("DESCEND_CACHE", str(tmp_path / "0.png"))
    with pytest.raises(
        OutputError, match=r"0\.png, the folder that DESCEND_CACHE names: Not a dir"
    ):
        ImageEncoder(COLUMN, 6, 5, 1).arrays(series)


def test_a_file_that_changed_meanwhile_is_named(tmp_path):
    series = files(tmp_path, [(6, 5)] * 2)
    (tmp_path / "1.png").write_bytes(b"other")
    with pytest.raises(ColumnError, match=r'"photo", row 12: .*1\.png cannot be read: it is no'):
        ImageEncoder(COLUMN, 6, 5, 1).arrays(series, first_row=10)


def test_missing_cells_are_plain_grey_and_counted(tmp_path):
    series = pl.Series("photo", [*files(tmp_path, [(6, 5)]), None])
    pixels, tally = ImageEncoder(COLUMN, 6, 5, 1, mean=99.6).arrays(series)
    assert np.all(pixels[1] == 100)
    assert tally.missing == 1


def test_colours_become_grey_and_grey_becomes_colours(tmp_path):
    colour = files(tmp_path, [(6, 5)], colour=True)
    assert ImageEncoder(COLUMN, 6, 5, 1).arrays(colour)[0].shape == (1, 6, 5, 1)
    cells = pl.Series("photo", np.random.default_rng(0).integers(0, 256, (2, 6, 5, 3), np.uint8))
    grey, _ = ImageEncoder(COLUMN, 6, 5, 1).arrays(cells)
    expected = np.round(cells.to_numpy() @ np.array([0.299, 0.587, 0.114]))
    np.testing.assert_array_equal(grey[..., 0], expected)
    back, _ = ImageEncoder(COLUMN, 6, 5, 3).arrays(pl.Series("photo", grey[..., 0]))
    assert np.all(back == grey)


def test_cells_of_pixels_in_every_unit():
    rng = np.random.default_rng(0)
    pixels = rng.integers(0, 256, (3, 4, 5), np.uint8)
    for cells in (
        pixels,
        pixels / 255.0,
        pixels.astype(np.float32),
        pixels.astype(np.uint16) * 257,
    ):
        np.testing.assert_array_equal(pixels_of(pl.Series("p", cells))[..., 0], pixels)
    with pytest.raises(ColumnError, match=r"from 0 to 255; got -1.*an array length beside x"):
        pixels_of(pl.Series("p", pixels - 1.0 - pixels))
    with pytest.raises(ColumnError, match="a picture is"):
        pixels_of(pl.Series("p", rng.integers(0, 9, (3, 4, 5, 2))))
    with pytest.raises(ColumnError, match="must hold pictures"):
        pixels_of(pl.Series("p", [1, 2]))


def test_fingerprints_go_by_content(tmp_path):
    series = files(tmp_path, [(6, 5)] * 2)
    (tmp_path / "copy.png").write_bytes((tmp_path / "0.png").read_bytes())
    frame = pl.DataFrame({"photo": [*series, str(tmp_path / "copy.png"), None]})
    hashes = row_hashes(frame, [COLUMN])
    assert hashes[0] == hashes[2]
    assert len(set(hashes.tolist())) == 3
    cells = pl.DataFrame({"photo": np.zeros((2, 3, 3), np.uint8)})
    assert len(set(row_hashes(cells, [COLUMN]).tolist())) == 1
