"""Reading picture files: every format and mode, turned upright, and every way to be broken."""

import numpy as np
import pytest
from PIL import Image

from descend.data.media.pictures import PictureError, check_picture, decode_picture, picture_size

from ..pictures import claimed_png, encoded

RNG = np.random.default_rng(0)
GREY = np.kron(RNG.integers(0, 256, (4, 5)), np.ones((8, 8))).astype(np.uint8)
COLOUR = np.kron(RNG.integers(0, 256, (4, 5, 3)), np.ones((8, 8, 1))).astype(np.uint8)
NOISE = RNG.integers(0, 256, (32, 40), np.uint8)


@pytest.mark.parametrize("kind", ["PNG", "BMP", "GIF", "TIFF", "PPM"])
def test_exact_formats_give_every_pixel(kind):
    np.testing.assert_array_equal(decode_picture(encoded(GREY, kind), 32, 40, 1)[..., 0], GREY)
    if kind != "GIF":
        np.testing.assert_array_equal(decode_picture(encoded(COLOUR, kind), 32, 40, 3), COLOUR)


@pytest.mark.parametrize("kind", ["JPEG", "WEBP"])
def test_lossy_formats_come_near(kind):
    found = decode_picture(encoded(COLOUR, kind, quality=95), 32, 40, 3)
    assert abs(found.astype(int) - COLOUR).mean() < 12


def test_every_mode_becomes_grey_or_colour():
    image = Image.fromarray(COLOUR)
    cmyk = decode_picture(encoded(image.convert("CMYK"), "JPEG", quality=95), 32, 40, 3)
    assert abs(cmyk.astype(int) - COLOUR).mean() < 12
    palette = decode_picture(encoded(image.quantize(64)), 32, 40, 3)
    assert abs(palette.astype(int) - COLOUR).mean() < 12
    deep = GREY.astype(np.uint16) * 257
    for content in (encoded(deep), encoded(deep, "TIFF"), encoded(Image.fromarray(GREY), "TIFF")):
        np.testing.assert_array_equal(decode_picture(content, 32, 40, 1)[..., 0], GREY)
    bits = GREY > 127
    np.testing.assert_array_equal(decode_picture(encoded(bits), 32, 40, 1)[..., 0], bits * 255)
    see_through = np.dstack([COLOUR, np.zeros((32, 40), np.uint8)])
    assert np.all(decode_picture(encoded(see_through), 32, 40, 3) == 255)


def test_sizes_and_colours_are_in_the_header():
    assert picture_size(encoded(GREY)).colour is False
    size = picture_size(encoded(COLOUR))
    assert (size.height, size.width, size.colour) == (32, 40, True)
    assert picture_size(encoded(Image.fromarray(GREY).convert("P"))).colour is False


@pytest.mark.parametrize("orientation", range(1, 9))
def test_pictures_are_turned_upright(orientation):
    exif = Image.Exif()
    exif[0x0112] = orientation
    # What a camera stores so that this turning makes it upright.
    stored = {1: COLOUR, 2: COLOUR[:, ::-1], 3: COLOUR[::-1, ::-1], 4: COLOUR[::-1]}
    turned = COLOUR.transpose(1, 0, 2)
    stored |= {5: turned, 6: turned[::-1], 7: turned[::-1, ::-1], 8: turned[:, ::-1]}
    content = encoded(np.ascontiguousarray(stored[orientation]), "PNG", exif=exif)
    assert picture_size(content).height == 32
    np.testing.assert_array_equal(decode_picture(content, 32, 40, 3), COLOUR)


def test_other_shapes_are_cut_or_padded():
    wide = np.zeros((20, 60), np.uint8)
    wide[:, 20:40] = 200
    assert np.all(decode_picture(encoded(wide), 20, 20, 1) == 200)
    padded = decode_picture(encoded(wide), 20, 20, 1, "pad")[..., 0]
    assert np.all(padded[:6] == 0)
    assert padded[10, 10] == 200


def test_the_first_frame_of_a_moving_picture_is_taken():
    frames = [Image.fromarray(np.full((8, 8), level, np.uint8)) for level in (10, 200)]
    content = encoded(frames[0], "GIF", save_all=True, append_images=frames[1:])
    assert np.all(decode_picture(content, 8, 8, 1) == 10)


def test_one_pixel_is_enough():
    assert (
        decode_picture(encoded(np.full((1, 1), 7, np.uint8)), 4, 4, 3).tolist()
        == [[[7] * 3] * 4] * 4
    )


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "the file is empty"),
        (b"this is a text", "no picture of a known format"),
        (encoded(COLOUR, "JPEG", quality=95)[:-200], "cut short"),
        (encoded(NOISE)[:-400], "cut short"),
        (encoded(NOISE, "TIFF")[:-400], "damaged|cut short"),
        (
            claimed_png(10_000, 10_000),
            "claims 10,000 x 10,000 pixels.*--max-pixels 100000000 allows it",
        ),
        (claimed_png(60_000, 60_000), "exceeds limit|claims 60,000"),
    ],
)
def test_broken_files_say_why(content, message):
    for read in (check_picture, lambda c: decode_picture(c, 8, 8, 3)):
        with pytest.raises(PictureError, match=message):
            read(content)


def test_the_limit_can_be_raised(monkeypatch):
    content = encoded(np.zeros((40, 50), np.uint8))
    monkeypatch.setenv("DESCEND_MAX_PIXELS", "1999")
    with pytest.raises(PictureError, match="at most 1,999"):
        check_picture(content)
    monkeypatch.setenv("DESCEND_MAX_PIXELS", "2000")
    check_picture(content)
