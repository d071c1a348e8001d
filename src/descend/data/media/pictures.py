"""Picture files into arrays of bytes, with Pillow.

PNG, JPEG, WebP, BMP, GIF (its first frame), TIFF and PPM, told by their content. The picture is
turned as its EXIF orientation says. Colours become grey or RGB: CMYK and palettes are converted,
what is transparent stands on white, 16 bits a channel become the upper 8.
"""

from __future__ import annotations

import io
import os
import warnings
from dataclasses import dataclass
from typing import Any

import numpy as np

from descend.errors import DataError

__all__ = [
    "MOST_PIXELS",
    "PICTURE_SUFFIXES",
    "PictureError",
    "PictureSize",
    "check_picture",
    "decode_picture",
    "picture_size",
]

PICTURE_SUFFIXES = frozenset(
    (".bmp", ".gif", ".jpeg", ".jpg", ".pgm", ".png", ".ppm", ".tif", ".tiff", ".webp")
)
"""What the names of pictures end in, in lower case."""

MOST_PIXELS = 50_000_000
"""A picture that claims more is refused: a file of a few kB can claim thousands of millions.
``DESCEND_MAX_PIXELS`` in the environment takes the place of this number."""

_FORMATS = ("PNG", "JPEG", "WEBP", "BMP", "GIF", "TIFF", "PPM")
_WHITE = 255


class PictureError(DataError):
    """A file is no picture that can be read; the message says why, without the file's name."""


@dataclass(frozen=True)
class PictureSize:
    """What the header of a picture says.

    Attributes
    ----------
    height, width : int
        After turning it upright.
    colour : bool
        Whether it has colours, or only greys.
    """

    height: int
    width: int
    colour: bool


def _most_pixels() -> int:
    text = os.environ.get("DESCEND_MAX_PIXELS", "")
    return int(text) if text.isdecimal() else MOST_PIXELS


def _opened(content: bytes) -> Any:
    """Open a picture and look at its header only."""
    from PIL import Image, UnidentifiedImageError

    if not content:
        raise PictureError("the file is empty")
    most = _most_pixels()
    if Image.MAX_IMAGE_PIXELS is not None and most > MOST_PIXELS:
        Image.MAX_IMAGE_PIXELS = max(Image.MAX_IMAGE_PIXELS, most)  # as the person asked
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            image = Image.open(io.BytesIO(content), formats=_FORMATS)
    except UnidentifiedImageError:
        raise PictureError("it is no picture of a known format") from None
    except Image.DecompressionBombError as error:
        raise PictureError(f"{error}".lower()) from None
    except Exception as error:  # Pillow's readers raise many kinds for damaged headers
        raise PictureError(f"its header is damaged ({error})") from None
    pixels = image.width * image.height
    if pixels > most:
        raise PictureError(
            f"it claims {image.width:,} x {image.height:,} pixels, and at most {most:,} are read; "
            f"--max-pixels {pixels} allows it (from Python, DESCEND_MAX_PIXELS={pixels} in the "
            "environment)"
        )
    return image


def picture_size(content: bytes) -> PictureSize:
    """Return what a picture's header says, without decoding it.

    Raises
    ------
    PictureError
    """
    image = _opened(content)
    turned = _lies(image)
    height, width = (image.width, image.height) if turned else (image.height, image.width)
    colour = image.mode not in ("1", "L", "LA", "La", "I", "F") and not image.mode.startswith("I;")
    if image.mode == "P":
        palette = image.getpalette() or [0, 0, 0]
        colour = palette[0::3] != palette[1::3] or palette[0::3] != palette[2::3]
    return PictureSize(height, width, colour)


def check_picture(content: bytes) -> None:
    """Decode a picture, as small as its format allows, to know that the whole file is sound.

    Raises
    ------
    PictureError
    """
    image = _opened(content)
    image.draft(None, (1, 1))  # of a JPEG an eighth of the size, which is quick
    _loaded(image)


def decode_picture(
    content: bytes, height: int, width: int, channels: int, fit: str = "crop"
) -> np.ndarray:
    """Decode a picture, resize it, and return its pixels.

    Parameters
    ----------
    content : bytes
    height, width : int
    channels : 1 or 3
        Grey, or red, green and blue.
    fit : "crop" or "pad"
        "crop": resized until it covers the size, and what sticks out is cut on both sides alike.
        "pad": resized until the whole picture fits, on black.

    Returns
    -------
    uint8 array (height, width, channels)

    Raises
    ------
    PictureError
    """
    from PIL import Image, ImageOps

    image = _opened(content)
    turned = _lies(image)
    side = (height, width) if turned else (width, height)
    image.draft(None, (side[0] * 2, side[1] * 2))
    image = _upright(_loaded(image))
    image = _plain(image, channels)
    if image.size != (width, height):
        resize = ImageOps.fit if fit == "crop" else ImageOps.pad
        image = resize(image, (width, height), method=Image.Resampling.BILINEAR)
    return np.asarray(image, np.uint8).reshape(height, width, channels)


def _loaded(image: Any) -> Any:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            image.load()
    except Exception as error:  # as above
        reason = str(error).split("\n")[0] or type(error).__name__
        raise PictureError(f"it is damaged or cut short ({reason})") from None
    return image


def _lies(image: Any) -> bool:
    """Return whether height and width change places when a picture is turned upright."""
    if image.format == "PNG" and "exif" not in image.info:
        return False  # to look behind the pixels, a PNG would be decoded
    try:
        return image.getexif().get(0x0112, 1) in (5, 6, 7, 8)
    except Exception as error:  # as above
        raise PictureError(f"its EXIF data are damaged ({error})") from None


def _upright(image: Any) -> Any:
    from PIL import ImageOps

    if image.getexif().get(0x0112, 1) == 1:
        return image
    return ImageOps.exif_transpose(image)


def _plain(image: Any, channels: int) -> Any:
    """Return a picture of 8-bit greys or colours."""
    from PIL import Image

    if image.mode in ("I", "F") or image.mode.startswith("I;"):
        values = np.asarray(image, np.float64)
        deep = values.max(initial=0) > _WHITE
        scale = 1 / 257 if deep else 1.0
        image = Image.fromarray(np.clip(np.round(values * scale), 0, _WHITE).astype(np.uint8))
    if "transparency" in image.info or image.mode in ("RGBA", "LA", "PA", "RGBa", "La"):
        image = image.convert("RGBA")
        white = Image.new("RGBA", image.size, (_WHITE,) * 4)
        image = Image.alpha_composite(white, image)
    return image.convert("L" if channels == 1 else "RGB")
