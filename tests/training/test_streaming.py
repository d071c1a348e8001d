"""Rows that stay in a file train to the same bits as rows in memory."""

from __future__ import annotations

import threading
from typing import Any

import jax
import numpy as np
import pytest

from descend.data.rows import Rows, RowsWriter
from descend.layers import (
    BatchNormalization,
    Dense,
    Dropout,
    Parallel,
    RobustScaling,
    Sequential,
)
from descend.layers.activation import Activation
from descend.losses import CategoricalCrossEntropy
from descend.optimizers import Adam
from descend.training import Descent, Examples, Run, feed, raw_outputs

PLAIN = Sequential((Dense(16, "relu"), Dropout(0.2), Dense(3)))
NETWORK = Sequential((Dense(16, "relu"), BatchNormalization(), Dropout(0.2), Dense(3)))
LOSS = CategoricalCrossEntropy()


def on_disk(array: np.ndarray) -> Rows:
    with RowsWriter(array.dtype, array.shape[1:]) as writer:
        writer.append(array)
        return writer.rows()


def examples(n: int, seed: int = 0, weighted: bool = False) -> Examples:
    generator = np.random.default_rng(seed)
    y = generator.integers(0, 3, n).astype(np.int32)
    x = (generator.normal(size=(n, 5)) + y[:, None]).astype(np.float32)
    weights = generator.uniform(0.1, 2, n).astype(np.float32) if weighted else None
    return Examples(x, y, weights)


def trained(
    train: Examples, held: Examples | None, descent: Descent, network: Any = NETWORK
) -> Run:
    run = Run(network, LOSS, descent, train, held)
    for _ in run.epochs():
        pass
    return run


@pytest.mark.parametrize(
    ("batch", "shuffle", "weighted"),
    [
        pytest.param(1, True, False, marks=pytest.mark.slow),
        (32, True, True),
        (32, False, False),
        pytest.param(None, True, False, marks=pytest.mark.slow),
    ],
)
def test_same_bits_as_in_memory(
    monkeypatch: pytest.MonkeyPatch, batch: int | None, shuffle: bool, weighted: bool
) -> None:
    monkeypatch.setattr(feed, "WINDOW_BYTES", 28 * 32 * 8)  # so that an epoch has several windows
    memory, held = examples(1003, weighted=weighted), examples(200, 1)
    disk = Examples(on_disk(memory.x), memory.y, memory.weights)
    descent = Descent(Adam(0.01), batch_size=batch, epochs=2, shuffle=shuffle)
    network = PLAIN if batch == 1 else NETWORK
    one = trained(memory, held, descent, network)
    other = trained(disk, Examples(on_disk(held.x), held.y), descent, network)
    for a, b in zip(*(jax.tree.leaves((r.params, r.state)) for r in (one, other)), strict=True):
        np.testing.assert_array_equal(a, b)
    for a, b in zip(one.history, other.history, strict=True):
        assert (a.loss, a.validation_loss, a.step) == (b.loss, b.validation_loss, b.step)


def test_some_leaves_in_memory_and_targets_on_disk() -> None:
    memory = examples(300)
    numbers, codes = memory.x[:, :2], memory.x[:, 2:]
    network = Sequential(
        (Parallel((Activation("identity"), Dense(2)), inputs=("a", "b")), Dense(3))
    )
    descent = Descent(batch_size=16, epochs=2)
    one = trained(Examples({"a": numbers, "b": codes}, memory.y), None, descent, network)
    mixed = Examples({"a": on_disk(numbers), "b": codes}, on_disk(memory.y))
    other = trained(mixed, None, descent, network)
    for a, b in zip(jax.tree.leaves(one.params), jax.tree.leaves(other.params), strict=True):
        np.testing.assert_array_equal(a, b)


def test_goes_on_from_the_middle_of_an_epoch(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(feed, "WINDOW_BYTES", 24 * 4 * 8)
    memory = examples(1003)
    disk = Examples(on_disk(memory.x), memory.y)
    descent = Descent(Adam(0.01), batch_size=4, epochs=2)
    whole = trained(disk, None, descent)
    begun = Run(NETWORK, LOSS, descent, disk)
    records = begun.epochs()
    for _ in range(7):
        next(records)
    facts, tensors = begun.snapshot()
    assert 0 < facts["done"] < begun.steps
    rest = Run(NETWORK, LOSS, descent, disk)
    rest.restore(facts, tensors)
    for _ in rest.epochs():
        pass
    for a, b in zip(jax.tree.leaves(whole.params), jax.tree.leaves(rest.params), strict=True):
        np.testing.assert_array_equal(a, b)


def test_a_thread_reads_ahead(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(feed, "WINDOW_BYTES", 28 * 32 * 4)
    memory, readers = examples(1024), []

    class Watched(Rows):
        def __getitem__(self, chosen: Any) -> np.ndarray:
            readers.append(threading.current_thread().name)
            return super().__getitem__(chosen)

    rows = on_disk(memory.x)
    rows.__class__ = Watched
    run = Run(NETWORK, LOSS, Descent(batch_size=32, epochs=1), Examples(rows, memory.y))
    for _ in run.epochs():
        pass
    assert readers[0] == "MainThread"
    assert len(readers) == 8
    assert all(name.startswith("descend-reader") for name in readers[1:])


def test_forward_reads_piece_by_piece() -> None:
    memory = examples(9000)
    run = Run(NETWORK, LOSS, Descent(), memory)
    np.testing.assert_array_equal(
        raw_outputs(NETWORK, run.params, run.state, memory.x),
        raw_outputs(NETWORK, run.params, run.state, on_disk(memory.x)),
    )


def test_first_weights_are_fitted_without_reading_everything(monkeypatch) -> None:
    def whole(self: Rows, *_: Any, **__: Any) -> np.ndarray:
        raise AssertionError("all rows were read")

    train = examples(50)
    streamed = Examples(on_disk(train.x), train.y)
    network = Sequential((RobustScaling(), Dense(3)))
    descent = Descent(Adam(0.01), batch_size=10, epochs=1, patience=None)
    monkeypatch.setattr(Rows, "__array__", whole)
    found, wanted = (trained(some, None, descent, network) for some in (streamed, train))
    for a, b in zip(*(jax.tree.leaves(run.params) for run in (found, wanted)), strict=True):
        np.testing.assert_array_equal(a, b)
