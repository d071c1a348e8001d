"""Convolutional networks: a training step against PyTorch and, where installed, Keras; decoding."""

from __future__ import annotations

import io
import time
from collections.abc import Callable
from typing import Any

import numpy as np

from benchmarks.interleaved import compare, show
from benchmarks.keras_fit import fitting, has_keras

__all__ = ["main"]

RATE = 0.001
STEPS = 8


def _blocks(filters: int, *, torch: Any = None, before: int = 0) -> list[Any]:
    """Return a convolution of 3x3, batch normalisation and relu, ours or PyTorch's."""
    if torch is not None:
        return [
            torch.nn.Conv2d(before, filters, 3, padding=1, bias=False),
            torch.nn.BatchNorm2d(filters),
            torch.nn.ReLU(),
        ]
    from descend.layers import Activation, BatchNormalization, Convolution

    return [Convolution(filters, use_bias=False), BatchNormalization(), Activation("relu")]


def ours(name: str) -> Any:
    """Return one of the three networks as layers."""
    from descend.layers import (
        Convolution,
        Dense,
        Flatten,
        GlobalPooling,
        MaxPooling,
        Residual,
        Sequential,
    )

    def conv(filters: int) -> Any:
        return Convolution(filters, activation="relu")

    if name == "two convolutions":
        layers = [conv(32), MaxPooling(), conv(64), MaxPooling(), Flatten(), Dense(128, "relu")]
    elif name == "small residual network":
        layers = _blocks(16)
        for filters in (16, 32, 64):
            layers += [] if filters == 16 else _blocks(filters)
            layers += [Residual(Sequential(tuple(_blocks(filters) * 2)))]
            layers += [] if filters == 64 else [MaxPooling()]
        layers += [GlobalPooling()]
    else:
        layers = [conv(64), MaxPooling(), conv(128), MaxPooling(), conv(128), GlobalPooling()]
    return Sequential((*layers, Dense(10)))


def theirs(name: str) -> Any:
    """Return the same network in PyTorch."""
    import torch
    from torch import nn

    class Residual(nn.Module):
        def __init__(self, inner: nn.Module) -> None:
            super().__init__()
            self.inner = inner

        def forward(self, x: Any) -> Any:
            return x + self.inner(x)

    class Mean(nn.Module):
        def forward(self, x: Any) -> Any:
            return x.flatten(2).mean(2)

    if name == "two convolutions":
        return nn.Sequential(
            nn.Conv2d(1, 32, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2),
            nn.Conv2d(32, 64, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2),
            nn.Flatten(), nn.Linear(3136, 128), nn.ReLU(), nn.Linear(128, 10),
        )  # fmt: skip
    if name == "small residual network":
        layers = _blocks(16, torch=torch, before=3)
        for filters in (16, 32, 64):
            layers += [] if filters == 16 else _blocks(filters, torch=torch, before=filters // 2)
            pair = [
                layer for _ in range(2) for layer in _blocks(filters, torch=torch, before=filters)
            ]
            layers += [Residual(nn.Sequential(*pair))]
            layers += [] if filters == 64 else [nn.MaxPool2d(2)]
        return nn.Sequential(*layers, Mean(), nn.Linear(64, 10))
    return nn.Sequential(
        nn.Conv1d(128, 64, 3, padding=1), nn.ReLU(), nn.MaxPool1d(2),
        nn.Conv1d(64, 128, 3, padding=1), nn.ReLU(), nn.MaxPool1d(2),
        nn.Conv1d(128, 128, 3, padding=1), nn.ReLU(), Mean(), nn.Linear(128, 10),
    )  # fmt: skip


def descend(name: str, batch: int, x: np.ndarray, y: np.ndarray) -> Callable[[], float]:
    """Some steps a call, through the public Run."""
    from descend.losses import CategoricalCrossEntropy
    from descend.optimizers import Adam
    from descend.schedules import Constant
    from descend.training import Descent, Examples, Run

    descent = Descent(Adam(RATE), Constant(), batch_size=batch, epochs=1000, patience=None)
    records = Run(ours(name), CategoricalCrossEntropy(), descent, Examples(x, y)).epochs()

    def work() -> float:
        while not next(records).complete:
            pass
        return STEPS

    return work


def pytorch(name: str, batch: int, x: np.ndarray, y: np.ndarray, last: bool) -> Callable[[], float]:
    """Eager PyTorch with its default number of threads; channels in front, or last in memory."""
    import torch

    network, loss = theirs(name), torch.nn.CrossEntropyLoss()
    rows = torch.from_numpy(np.ascontiguousarray(np.moveaxis(x, -1, 1)))
    if last:
        network = network.to(memory_format=torch.channels_last)
        rows = rows.contiguous(memory_format=torch.channels_last)
    optimizer = torch.optim.Adam(network.parameters(), lr=RATE)
    labels = torch.from_numpy(y.astype(np.int64))

    def work() -> float:
        for chosen in torch.randperm(len(rows)).split(batch):
            optimizer.zero_grad()
            loss(network(rows[chosen]), labels[chosen]).backward()
            optimizer.step()
        return STEPS

    return work


def in_keras(name: str) -> Any:
    """Return the same network in Keras, channels last."""
    from keras import Model
    from keras import layers as k

    def blocks(filters: int, x: Any) -> Any:
        x = k.Conv2D(filters, 3, padding="same", use_bias=False)(x)
        return k.ReLU()(k.BatchNormalization()(x))

    if name == "two convolutions":
        start = x = k.Input((28, 28, 1))
        for filters in (32, 64):
            x = k.MaxPooling2D()(k.Conv2D(filters, 3, padding="same", activation="relu")(x))
        x = k.Dense(128, activation="relu")(k.Flatten()(x))
    elif name == "small residual network":
        start = k.Input((32, 32, 3))
        x = blocks(16, start)
        for filters in (16, 32, 64):
            x = x if filters == 16 else blocks(filters, x)
            x = k.Add()([x, blocks(filters, blocks(filters, x))])
            x = x if filters == 64 else k.MaxPooling2D()(x)
        x = k.GlobalAveragePooling2D()(x)
    else:
        start = x = k.Input((64, 128))
        for filters in (64, 128):
            x = k.MaxPooling1D()(k.Conv1D(filters, 3, padding="same", activation="relu")(x))
        x = k.Conv1D(128, 3, padding="same", activation="relu")(x)
        x = k.GlobalAveragePooling1D()(x)
    return Model(start, k.Dense(10)(x))


def decoding() -> None:
    """Print how many JPEGs a second are decoded and resized by all cores."""
    from PIL import Image

    from descend.data.media.contents import in_threads
    from descend.data.media.pictures import decode_picture

    generator = np.random.default_rng(0)
    rough = generator.integers(0, 256, (38, 50, 3), np.uint8)
    picture = Image.fromarray(rough).resize((500, 375))
    buffer = io.BytesIO()
    picture.save(buffer, "JPEG", quality=90)
    contents = [buffer.getvalue()] * 200
    start = time.perf_counter()
    in_threads(lambda content: decode_picture(content, 64, 64, 3), contents)
    rate = len(contents) / (time.perf_counter() - start)
    print(f"\nDecoding JPEGs of 500x375 to 64x64: {rate:,.0f} a second")


def predicting() -> None:
    """Print how many pictures a second the default network for 64x64 colour pictures predicts."""
    import jax

    from descend.data.columns import Column
    from descend.data.encoders.image import ImageEncoder
    from descend.models.networks.branches import branch_of
    from descend.training.evaluation import raw_outputs

    encoder = ImageEncoder(Column("photo", "image"), 64, 64, 3)
    network = branch_of(encoder).layer(encoder, 2000)
    params, state, _ = network.init(jax.random.key(0), encoder.input_shape)
    x = np.random.default_rng(0).integers(0, 256, (1024, 64, 64, 3), np.uint8)
    raw_outputs(network, params, state, x)
    start = time.perf_counter()
    raw_outputs(network, params, state, x)
    rate = len(x) / (time.perf_counter() - start)
    print(f"Predicting 64x64 colour pictures, both sides averaged: {rate:,.0f} a second")


def main() -> None:
    """Print one table a network, then the rates."""
    generator = np.random.default_rng(0)
    for name, batch, shape in (
        ("two convolutions", 32, (28, 28, 1)),
        ("two convolutions", 128, (28, 28, 1)),
        ("small residual network", 64, (32, 32, 3)),
        ("1-D convolutions on log-mel", 32, (64, 128)),
    ):
        x = generator.normal(size=(batch * STEPS, *shape)).astype(np.float32)
        y = generator.integers(0, 10, len(x)).astype(np.int32)
        contestants = {"Descend": descend(name, batch, x, y)}
        contestants["PyTorch"] = pytorch(name, batch, x, y, last=False)
        if len(shape) == 3:
            contestants["PyTorch, channels last"] = pytorch(name, batch, x, y, last=True)
        if has_keras():
            contestants["Keras"] = fitting(in_keras(name), x, y, batch, RATE, shuffle=True)
        seconds = compare(contestants, rounds=3)
        show(f"{name} on {'x'.join(map(str, shape))}, batch {batch}", seconds, "step")
    decoding()
    predicting()
