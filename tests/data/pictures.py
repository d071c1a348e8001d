"""Small picture files for tests."""

import io
import struct
import zlib

import numpy as np
from PIL import Image

__all__ = ["claimed_png", "encoded", "folder_of_classes"]


def encoded(pixels, kind="PNG", **options):
    """Return an array as the bytes of a picture file."""
    buffer = io.BytesIO()
    image = pixels if isinstance(pixels, Image.Image) else Image.fromarray(pixels)
    image.save(buffer, kind, **options)
    return buffer.getvalue()


def claimed_png(width, height):
    """Return a small PNG whose header claims any size."""

    def chunk(name, content):
        whole = name + content
        return struct.pack(">I", len(content)) + whole + struct.pack(">I", zlib.crc32(whole))

    head = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    body = zlib.compress(bytes(12_000_000), 9)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", body) + chunk(b"IEND", b"")


def folder_of_classes(path, classes=("dark", "light"), count=12, size=(12, 10), seed=0):
    """Make a folder of grey pictures whose brightness is their class."""
    rng = np.random.default_rng(seed)
    for place, name in enumerate(classes):
        (path / name).mkdir(parents=True)
        level = 40 + 150 * place // max(1, len(classes) - 1)
        for i in range(count):
            pixels = rng.integers(level - 30, level + 30, size).astype(np.uint8)
            (path / name / f"bild {i} é.png").write_bytes(encoded(pixels))
    return path
