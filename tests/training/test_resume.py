"""A run that goes on from a snapshot ends with the same bits as one that never stopped."""

from __future__ import annotations

import json

import jax
import numpy as np
import pytest

from descend.layers import BatchNormalization, Dense, Dropout, LayerNormalization, Sequential
from descend.losses import CategoricalCrossEntropy
from descend.optimizers import SGD, Adam, AveragedSGD, Momentum, Optimizer, ScheduleFreeAdamW
from descend.training import Descent, Examples, Run

BY_BATCH = Sequential((Dense(6, "relu"), BatchNormalization(), Dropout(0.2), Dense(3)))
BY_ROW = Sequential((Dense(6, "relu"), LayerNormalization(), Dropout(0.2), Dense(3)))


def blobs(n: int, seed: int) -> Examples:
    generator = np.random.default_rng(seed)
    y = generator.integers(0, 3, n).astype(np.int32)
    return Examples(generator.normal(size=(n, 4)).astype(np.float32) + y[:, None], y)


def new_run(optimizer: Optimizer, batch: int | None, patience: int | None = None) -> Run:
    descent = Descent(optimizer, batch_size=batch, epochs=4, seed=5, patience=patience)
    network = BY_ROW if batch == 1 else BY_BATCH
    run = Run(network, CategoricalCrossEntropy(), descent, blobs(45, 0), blobs(20, 1))
    run._chunk, run._adapt_chunk = 2, lambda seconds, steps: None  # records inside epochs too
    return run


def outcome(run: Run) -> list[np.ndarray]:
    return [np.asarray(leaf) for leaf in jax.tree.leaves((run.params, run.state))]


@pytest.mark.parametrize(
    "optimizer",
    [
        pytest.param(SGD(0.1), marks=pytest.mark.slow),
        pytest.param(Momentum(0.05), marks=pytest.mark.slow),
        Adam(0.01),
        pytest.param(AveragedSGD(0.1), marks=pytest.mark.slow),
        ScheduleFreeAdamW(0.02),
    ],
)
@pytest.mark.parametrize("batch", [1, 8, None])
def test_from_every_record_the_same_bits(optimizer: Optimizer, batch: int | None) -> None:
    whole = new_run(optimizer, batch)
    snapshots = [whole.snapshot() for _ in whole.epochs()]
    wanted = outcome(whole)
    step = max(1, len(snapshots) // 6)
    assert len(snapshots) >= 4
    for facts, tensors in snapshots[::step]:
        again = new_run(optimizer, batch)
        again.restore(facts, tensors)
        for _ in again.epochs():
            pass
        assert again.best_epoch == whole.best_epoch
        assert again.ended == whole.ended
        losses = [(r.epoch, r.step, r.loss, r.validation_loss) for r in again.history]
        assert losses == [(r.epoch, r.step, r.loss, r.validation_loss) for r in whole.history]
        for got, want in zip(outcome(again), wanted, strict=True):
            np.testing.assert_array_equal(got, want)


def test_patience_goes_on_counting() -> None:
    whole = new_run(Adam(0.5), 8, patience=1)
    snapshots = [whole.snapshot() for _ in whole.epochs()]
    again = new_run(Adam(0.5), 8, patience=1)
    again.restore(*snapshots[len(snapshots) // 2])
    for _ in again.epochs():
        pass
    assert (again.ended, again.best_epoch, len(again.history)) == (
        whole.ended,
        whole.best_epoch,
        len(whole.history),
    )


def test_a_snapshot_of_another_network_is_refused() -> None:
    run = new_run(Adam(0.01), 8)
    facts, tensors = next(run.snapshot() for _ in run.epochs())
    tensors["carry/00000"] = np.zeros((2, 2), np.float32)
    with pytest.raises(ValueError, match="carry/00000"):
        new_run(Adam(0.01), 8).restore(facts, tensors)


def test_what_is_no_number_goes_through_json_and_the_looks_inside_go_on() -> None:
    def fresh() -> Run:
        descent = Descent(Adam(0.05), batch_size=8, epochs=3, seed=5, patience=None)
        return Run(
            BY_BATCH, CategoricalCrossEntropy(), descent, blobs(45, 0), blobs(20, 1),
            score=lambda raw, y, weights: float("nan"), diagnostics=True,
        )  # fmt: skip

    whole, begun, rest = fresh(), fresh(), fresh()
    for _ in whole.epochs():
        pass
    for record in begun.epochs():
        if record.complete and record.epoch == 2:
            break
    facts, tensors = begun.snapshot()
    rest.restore(json.loads(json.dumps(facts, allow_nan=False)), tensors)
    for _ in rest.epochs():
        pass
    last = [run.history[-1].diagnostics["movement"] for run in (whole, rest)]
    assert last[1] == pytest.approx(last[0])
