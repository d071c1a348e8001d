"""What excites the units of a network of pictures most: real patches, unit by unit, layer by layer.

The first layers of a trained network answer to edges and spots, later ones to parts, the last ones
to whole things. Nothing is synthesised here: each unit is shown by the places of real pictures at
which its output was largest, at most one place a picture.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import jax
import numpy as np

from descend.data.columns import listed
from descend.data.encoders.image import ImageEncoder
from descend.data.media.paths import located
from descend.data.reading import read_table
from descend.data.table import Table
from descend.errors import ColumnError, UsageError
from descend.layers import (
    Activation,
    BatchNormalization,
    Convolution,
    Layer,
    MaxPooling,
    MirrorAverage,
    PixelScaling,
    Residual,
    Sequential,
)
from descend.layers.layer import place_key
from descend.models.model import Model

__all__ = ["Excitation", "excitation", "layer_count"]

MOST_PICTURES = 2_000
"""So many of the given pictures are looked at, spread evenly."""

_BATCH = 64


@dataclass(frozen=True, eq=False)
class Excitation:
    """What excites the units of one layer.

    Attributes
    ----------
    layer : int
        From 1.
    units : int array (units,)
        The units shown, those whose outputs vary most first.
    patches : uint8 array (units, count, size, size, channels)
        What each unit saw where it was excited most, the strongest first; grey beyond the edge.
    outputs : float32 array (units, count)
        Its outputs there.
    pictures : int array (units, count)
        The row of the picture in the table.
    places : int array (units, count, 2)
        Row and column of the patch's middle, in pixels of the resized picture.
    kernels : float32 array (units, height, width, channels) or None
        The weights of each unit, for the first layer only.
    """

    layer: int
    units: np.ndarray
    patches: np.ndarray
    outputs: np.ndarray
    pictures: np.ndarray
    places: np.ndarray
    kernels: np.ndarray | None


@dataclass(frozen=True)
class _Step:
    """One layer on the way, with its numbers."""

    layer: Layer
    params: Any
    state: Any


def _steps(layer: Layer, params: Any, state: Any) -> Iterator[_Step]:
    """Yield the layers of a network in their order, the inner ones of `Sequential` one by one."""
    if isinstance(layer, MirrorAverage):
        yield from _steps(layer.inner, params, state)
    elif isinstance(layer, Sequential):
        for place, inner in enumerate(layer.layers):
            name = place_key(place, inner)
            yield from _steps(inner, params.get(name, {}), state.get(name, {}))
    else:
        yield _Step(layer, params, state)


def _blocks(model: Model) -> tuple[ImageEncoder, list[list[_Step]]]:
    """Return the encoder of pictures, and the steps up to the end of each block of units."""
    preprocessing = model.card.preprocessing
    encoders = [e for e in preprocessing.array_encoders if isinstance(e, ImageEncoder)]
    if not encoders:
        raise UsageError("the model reads no pictures, so that none can excite its layers")
    entrance: Any = model.plan.network.layers[0]  # pyright: ignore[reportAttributeAccessIssue]
    place = entrance.inputs.index(encoders[0].input_name)
    branch = entrance.layers[place]
    keys = ("0_parallel", place_key(place, branch))
    params, state = model.params, model.state
    for key in keys:
        params, state = params.get(key, {}), state.get(key, {})
    done: list[_Step] = []
    blocks: list[list[_Step]] = []
    for step in _steps(branch, params, state):
        spatial = (Activation, BatchNormalization, Convolution, MaxPooling, PixelScaling, Residual)
        if not isinstance(step.layer, spatial) and not step.layer.draws:
            break
        done.append(step)
        if isinstance(step.layer, Activation | Residual):
            blocks.append(list(done))
    if not blocks:
        raise UsageError("the network has no convolution whose units could be shown")
    return encoders[0], blocks


def layer_count(model: Model) -> int:
    """Return how many layers of units can be shown: convolutions, residual blocks as one."""
    return len(_blocks(model)[1])


def excitation(
    model: Model, examples: Any, layer: int = 1, *, units: int = 16, count: int = 9
) -> Excitation:
    """Find what excites the units of one layer most.

    Parameters
    ----------
    model : Model
        A network that reads pictures.
    examples : folder, file, table or DataFrame
        Pictures to look through.
    layer : int
        From 1, counted over convolutions with their activation, residual blocks as one.
    units : int
        At most so many units, those whose outputs vary most over the pictures.
    count : int
        Patches a unit.

    Raises
    ------
    UsageError
        If the model reads no pictures, or has no such layer.
    DataError
        If there is no column of the pictures, or they cannot be read.
    """
    encoder, blocks = _blocks(model)
    if not 1 <= layer <= len(blocks):
        raise UsageError(f"the network has layers 1 to {len(blocks)} to be shown, not {layer}")
    steps = blocks[layer - 1]
    wanted = model.card.wanted
    table = examples if isinstance(examples, Table) else read_table(examples, wanted=wanted)
    if encoder.column.name not in table.frame.columns:
        raise ColumnError(
            f'a column "{encoder.column.name}" of pictures is needed, and the table has none. '
            f"Columns: {listed(table.frame.columns)}"
        )
    series = located(table.frame, [encoder.column], table.base)[encoder.column.name]
    rows = np.unique(np.linspace(0, len(series) - 1, min(len(series), MOST_PICTURES)).astype(int))
    pixels = encoder.arrays(series.gather(rows))[0]
    peaks, where = _peaks(steps, pixels)
    order = np.argsort(-peaks.std(axis=0), kind="stable")[:units]
    count = min(count, len(rows))
    best = np.argsort(-peaks[:, order], axis=0, kind="stable")[:count].T
    size, jump, first = _field(steps)
    middles = where[best, order[:, None]] * jump + first
    size = min(size, 2 * max(encoder.height, encoder.width) - 1)
    patches = np.stack(
        [
            [_patch(pixels[np.array([row])][0], at, size, encoder.mean) for row, at in unit]
            for unit in (zip(*pair, strict=True) for pair in zip(best, middles, strict=True))
        ]
    )
    kernels = None
    if layer == 1:
        weight = next(s.params["weight"] for s in steps if isinstance(s.layer, Convolution))
        kernels = np.moveaxis(np.asarray(weight), -1, 0)[order]
    return Excitation(
        layer,
        order,
        patches,
        np.take_along_axis(peaks[:, order], best.T, axis=0).T,
        rows[best],
        np.round(middles).astype(int),
        kernels,
    )


def _peaks(steps: list[_Step], pixels: Any) -> tuple[np.ndarray, np.ndarray]:
    """Return the largest output of each picture and unit, and its place (pictures, units, 2)."""

    @jax.jit
    def outputs(numbers: Any, x: jax.Array) -> tuple[jax.Array, jax.Array]:
        for step, (params, state) in zip(steps, numbers, strict=True):
            x, _ = step.layer.apply(params, state, x, key=None, train=False)
        flat = x.reshape(len(x), -1, x.shape[-1])
        best = flat.argmax(axis=1)
        width = x.shape[2]
        return flat.max(axis=1), jax.numpy.stack([best // width, best % width], axis=-1)

    numbers = [(step.params, step.state) for step in steps]
    peaks, places = [], []
    for start in range(0, len(pixels), _BATCH):
        batch = pixels[start : start + _BATCH]
        missing = _BATCH - len(batch)
        padded = np.concatenate([batch, np.repeat(batch[:1], missing, axis=0)])
        peak, place = outputs(numbers, padded)
        peaks.append(np.asarray(peak)[: len(batch)])
        places.append(np.asarray(place)[: len(batch)])
    return np.concatenate(peaks), np.concatenate(places)


def _field(steps: list[_Step]) -> tuple[int, int, float]:
    """Return the size of what a unit sees, and distance and first middle of neighbouring units.

    In pixels; of both axes the height's, as all default networks treat them alike.
    """
    size, jump, first = 1, 1, 0.0
    for step in steps:
        layer = step.layer.inner if isinstance(step.layer, Residual) else step.layer
        for inner in _steps(layer, {}, {}):
            if isinstance(inner.layer, Convolution):
                kernel, stride = _one(inner.layer.kernel), _one(inner.layer.stride)
                span = (kernel - 1) * _one(inner.layer.dilation) + 1
                inside = inner.layer.padding == "valid"
                first += jump * ((span - 1) / 2 if inside or span % 2 == 0 else 0)
            elif isinstance(inner.layer, MaxPooling):
                span = _one(inner.layer.window)
                stride = span if inner.layer.stride is None else _one(inner.layer.stride)
                first += jump * (span - 1) / 2
            else:
                continue
            size += (span - 1) * jump
            jump *= stride
    return size, jump, first


def _one(value: int | tuple[int, ...]) -> int:
    return value if isinstance(value, int) else value[0]


def _patch(picture: np.ndarray, middle: np.ndarray, size: int, grey: float) -> np.ndarray:
    """Cut a square around a place out of a picture."""
    top, left = (int(np.round(m - (size - 1) / 2)) for m in middle)
    out = np.full((size, size, picture.shape[-1]), round(grey), np.uint8)
    height, width = picture.shape[:2]
    rows = slice(max(0, top), min(height, top + size))
    columns = slice(max(0, left), min(width, left + size))
    inside = picture[rows, columns]
    out[
        rows.start - top : rows.start - top + inside.shape[0],
        columns.start - left : columns.start - left + inside.shape[1],
    ] = inside
    return out
