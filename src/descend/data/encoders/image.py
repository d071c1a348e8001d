"""Columns of pictures into network inputs: bytes of one size, decoded once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl

from descend.data.columns import Column
from descend.data.encoders.array_encoder import ArrayEncoder
from descend.data.media.contents import content_digest, in_threads
from descend.data.media.decoded import DecodedStore, GatheredRows
from descend.data.media.pictures import PictureError, PictureSize, decode_picture, picture_size
from descend.data.notes import Tally
from descend.errors import ColumnError, SpecError
from descend.spec import check_choice, check_integer, check_number

__all__ = ["ImageEncoder", "fit_image", "pixels_of"]

IN_MEMORY = 256 << 20
"""Pictures of more bytes stay on disk and are read batch by batch."""

_SAMPLE = 512
_KEPT_AREA = 64 * 64
_SIDE = 64
_LARGEST = 4096


@dataclass(frozen=True)
class ImageEncoder(ArrayEncoder):
    """A fitted column of pictures: paths of files, or arrays of pixels in the cells.

    Parameters
    ----------
    column : Column
    height, width : int
        Of every picture, after resizing.
    channels : 1 or 3
        Grey, or red, green and blue.
    fit : "crop" or "pad"
        How a picture of another shape is resized; see `descend.data.media.pictures.decode_picture`.
    mean, deviation : float
        Of the pixels of training pictures, from 0 to 255: missing pictures are of the mean grey,
        and the network standardises by both.
    sizes : str
        What sizes the training pictures had, for the report.
    """

    column: Column
    height: int
    width: int
    channels: int = 3
    fit: str = "crop"
    mean: float = 127.5
    deviation: float = 64.0
    sizes: str = ""

    def __post_init__(self) -> None:
        if not isinstance(self.column, Column):
            raise SpecError(f"ImageEncoder: column must be a column, got {self.column!r}")
        check_integer(self, "height", at_least=1, at_most=_LARGEST)
        check_integer(self, "width", at_least=1, at_most=_LARGEST)
        check_choice(self, "channels", (1, 3))
        check_choice(self, "fit", ("crop", "pad"))
        check_number(self, "mean", at_least=0, at_most=255)
        check_number(self, "deviation", above=0, at_most=255)
        if not isinstance(self.sizes, str):
            raise SpecError(f"ImageEncoder: sizes must be text, got {self.sizes!r}")

    @property
    def input_shape(self) -> tuple[int, ...]:
        """Height, width and channels."""
        return (self.height, self.width, self.channels)

    def arrays(self, series: pl.Series, first_row: int = 0) -> tuple[Any, Tally]:
        """Return uint8 pixels (rows, height, width, channels), in memory or on disk."""
        missing = series.is_null().to_numpy()
        tally = Tally(missing=int(missing.sum()))
        if series.dtype != pl.String:
            return self._resized(pixels_of(series)), tally
        paths = series.to_list()
        blank = np.full(self.input_shape, round(self.mean), np.uint8)

        def decode(place: int) -> np.ndarray:
            path = paths[place]
            if path is None:
                return blank
            try:
                with open(path, "rb") as file:
                    content = file.read()
                return decode_picture(content, self.height, self.width, self.channels, self.fit)
            except (OSError, PictureError) as error:
                reason = error.strerror if isinstance(error, OSError) else error
                raise ColumnError(
                    f'column "{self.column.name}", row {first_row + place + 1}: {path} cannot be '
                    f"read: {reason}"
                ) from None

        way = f"picture {self.fit} 1"
        store = DecodedStore(way, np.uint8, self.input_shape)
        digests = in_threads(lambda p: content_digest(p or f"mean {round(self.mean)}"), paths)
        gathered = GatheredRows(*store.rows(digests, decode))
        return (gathered[:] if gathered.nbytes <= IN_MEMORY else gathered), tally

    def _resized(self, pixels: np.ndarray) -> np.ndarray:
        """Return pixels that came as arrays in the shape that the network reads."""
        if pixels.shape[-1] != self.channels:
            if self.channels == 1:
                # The weights of ITU-R 601-2, as Pillow's.
                pixels = np.round(pixels[..., :3] @ np.array([0.299, 0.587, 0.114])).astype(
                    np.uint8
                )
                pixels = pixels[..., None]
            else:
                pixels = np.repeat(pixels[..., :1], 3, axis=-1)
        if pixels.shape[1:3] == (self.height, self.width):
            return pixels
        from PIL import Image, ImageOps

        resize = ImageOps.fit if self.fit == "crop" else ImageOps.pad
        size, how = (self.width, self.height), Image.Resampling.BILINEAR

        def one(picture: np.ndarray) -> np.ndarray:
            image = Image.fromarray(picture[..., 0] if self.channels == 1 else picture)
            return np.asarray(resize(image, size, method=how)).reshape(self.input_shape)

        return np.stack(in_threads(one, list(pixels)))

    def describe(self) -> str:
        """Return the size and colours, and how other sizes come to them."""
        kind = "grey" if self.channels == 1 else "colour"
        size = f"{self.height}x{self.width} {kind}"
        if not self.sizes:
            return f"{self.column.name}: pictures, {size}"
        cut = "the middle cut out" if self.fit == "crop" else "padded"
        return f"{self.column.name}: pictures of {self.sizes}, resized to {size}, {cut}"

    @property
    def fill_note(self) -> str:
        """What stands in for a missing picture."""
        return "a plain grey picture"


def pixels_of(series: pl.Series) -> np.ndarray:
    """Return cells that are arrays of pixels as uint8 (rows, height, width, channels).

    Raises
    ------
    ColumnError
        If the cells are no arrays of 2 or 3 dimensions with 1, 3 or 4 channels, or the numbers are
        none of bytes, 16-bit numbers, and fractions from 0 to 1.
    """
    if not isinstance(series.dtype, pl.Array):
        raise ColumnError(
            f'column "{series.name}" must hold pictures: paths, or arrays of pixels, got '
            f"{series.dtype} values"
        )
    if series.null_count():
        raise ColumnError(f'column "{series.name}" has {series.null_count()} empty cells')
    pixels = series.to_numpy()
    if pixels.ndim == 3:
        pixels = pixels[..., None]
    if pixels.ndim != 4 or pixels.shape[-1] not in (1, 3, 4):
        raise ColumnError(
            f'column "{series.name}" holds arrays of shape {pixels.shape[1:]}; a picture is '
            "(height, width) or (height, width, channels) with 1, 3 or 4 channels"
        )
    pixels = pixels[..., :3] if pixels.shape[-1] == 4 else pixels
    if pixels.dtype == np.uint8:
        return pixels
    if pixels.dtype.kind == "f":
        low, high = float(pixels.min(initial=0)), float(pixels.max(initial=0))
        if not np.isfinite(pixels).all() or low < 0 or high > 255:
            raise ColumnError(
                f'column "{series.name}": pixels must be finite, from 0 to 1 or from 0 to 255; '
                f"got {low:g} to {high:g}. If these are sequences and no pictures, save an array "
                "length beside x, the steps of each: it marks an .npz file of sequences"
            )
        return np.round(pixels * (255 if high <= 1 else 1)).astype(np.uint8)
    low, high = int(pixels.min(initial=0)), int(pixels.max(initial=0))
    if low < 0 or high > 65535:
        raise ColumnError(
            f'column "{series.name}": pixels must be from 0 to 255, or to 65,535; got {low} to '
            f"{high}"
        )
    return (pixels // 257 if high > 255 else pixels).astype(np.uint8)


def fit_image(series: pl.Series, column: Column) -> ImageEncoder:
    """Choose the size and colours of pictures by the training cells.

    Pictures of one size, of at most 64x64 pixels, keep it. All others are resized to about as many
    pixels: to their common shape where they have one, and else to a square, from the middle.

    Raises
    ------
    ColumnError
        If there is no picture.
    """
    if series.dtype != pl.String:
        pixels = pixels_of(series)
        shape = pixels.shape[1:]
        sizes = [PictureSize(shape[0], shape[1], shape[2] == 3)]
    else:
        paths = series.drop_nulls().to_list()
        if not paths:
            raise ColumnError(f'column "{column.name}" has no picture')
        sizes = [size for size in in_threads(_size_of, paths) if size is not None]
        if not sizes:
            raise ColumnError(f'column "{column.name}": none of {len(paths):,} files is a picture')
    height, width, told = _common_size(sizes)
    channels = 3 if any(size.colour for size in sizes) else 1
    plain = ImageEncoder(column, height, width, channels, sizes=told)
    sample = np.unique(np.linspace(0, len(series) - 1, min(len(series), _SAMPLE)).astype(int))
    pixels = np.asarray(plain.arrays(series.gather(sample))[0][:], np.float64)
    deviation = float(min(255.0, max(1.0, pixels.std())))
    return plain.replace(mean=round(float(pixels.mean()), 2), deviation=round(deviation, 2))


def _size_of(path: str) -> PictureSize | None:
    try:
        with open(path, "rb") as file:
            return picture_size(file.read())
    except (OSError, PictureError):
        return None


def _common_size(sizes: Sequence[PictureSize]) -> tuple[int, int, str]:
    """Return the height and width to resize to, and what the sizes are where they change."""
    heights, widths = (np.array([getattr(s, n) for s in sizes]) for n in ("height", "width"))
    low, high = (f"{f(widths)}x{f(heights)}" for f in (np.min, np.max))
    one = low == high
    if one and heights[0] * widths[0] <= _KEPT_AREA:
        return int(heights[0]), int(widths[0]), ""
    shapes = widths / heights
    shape = float(np.median(shapes))
    alike = np.abs(shapes / shape - 1).max() < 0.05
    side = min(_SIDE, int(np.sqrt(np.median(heights * widths))))
    if not alike:
        shape = 1.0
    height = min(_LARGEST, max(1, round(side / shape**0.5)))
    width = min(_LARGEST, max(1, round(side * shape**0.5)))
    return height, width, f"{low} pixels" if one else f"{low} to {high} pixels"
