"""The picture of what excites the units of a layer: one row a unit."""

from __future__ import annotations

import io
from pathlib import Path
from typing import TYPE_CHECKING

from descend.data.files import write_atomically

if TYPE_CHECKING:
    from descend.models.inspection.excitation import Excitation

__all__ = ["draw_layer"]

_CELL, _GAP = 56, 4


def draw_layer(found: Excitation, path: Path) -> None:
    """Write a PNG: for each unit its kernel, in the first layer, and the patches that excite it.

    Kernels are drawn from black (the most negative weight) to white; 0 is the middle grey.

    Raises
    ------
    OutputError
        If the file cannot be written.
    """
    import numpy as np
    from PIL import Image

    rows, count = found.patches.shape[:2]
    columns = count + (found.kernels is not None)
    step = _CELL + _GAP
    sheet = Image.new("RGB", (columns * step + _GAP, rows * step + _GAP), (255, 255, 255))

    def put(pixels: np.ndarray, row: int, column: int) -> None:
        flat = pixels[..., 0] if pixels.shape[-1] == 1 else pixels
        picture = Image.fromarray(flat).convert("RGB").resize((_CELL, _CELL), Image.Resampling.BOX)
        sheet.paste(picture, (_GAP + column * step, _GAP + row * step))

    for row in range(rows):
        first = 0
        if found.kernels is not None:
            kernel = found.kernels[row]
            shown = 127.5 * (1 + kernel / max(float(np.abs(kernel).max()), 1e-12))
            put(np.round(shown).astype(np.uint8), row, 0)
            first = 1
        for column in range(count):
            put(found.patches[row, column], row, first + column)
    buffer = io.BytesIO()
    sheet.save(buffer, "PNG")
    write_atomically(path, buffer.getvalue())
