"""Several networks in one program: each goes the way that it would go alone."""

from __future__ import annotations

import logging

import jax
import numpy as np
import pytest

from descend.errors import DivergedError, UsageError
from descend.layers import Dense, Dropout, Sequential
from descend.losses import CategoricalCrossEntropy, SquaredError
from descend.optimizers import SGD, Adam, Momentum, ScheduleFreeSGD
from descend.schedules import Constant
from descend.training import Descent, Examples, Run, linked_outputs, raw_outputs

NETWORK = Sequential((Dense(6, "tanh"), Dropout(0.1), Dense(3)))
LOSS = CategoricalCrossEntropy()


def blobs(n: int, seed: int = 0) -> Examples:
    generator = np.random.default_rng(seed)
    y = generator.integers(0, 3, n).astype(np.int32)
    return Examples(generator.normal(size=(n, 4)).astype(np.float32) + y[:, None], y)


def finished(run: Run) -> Run:
    for _ in run.epochs():
        pass
    return run


@pytest.mark.parametrize(
    ("optimizer", "batch"), [(Adam(), 16), (Momentum(), None), (ScheduleFreeSGD(), 16), (SGD(), 1)]
)
def test_each_goes_its_own_way(optimizer, batch) -> None:
    descent = Descent(optimizer, batch_size=batch, epochs=4, patience=2, seed=5)
    outside = not isinstance(optimizer, ScheduleFreeSGD)  # which takes no decay from outside
    ways = [
        descent.replace(optimizer=optimizer.replace(learning_rate=rate), weight_decay=decay)
        for rate, decay in ((0.1, 0.0), (0.01, 0.1 * outside), (0.001, 0.01 * outside))
    ]
    train, held = blobs(50), blobs(40, 1)
    together = finished(Run(NETWORK, LOSS, descent, train, held, side_by_side=ways))
    for way, lane in zip(ways, together.lanes, strict=True):
        alone = finished(Run(NETWORK, LOSS, way, train, held))
        assert (lane.best_epoch, lane.ended) == (alone.best_epoch, alone.ended)
        for a, b in zip(*map(jax.tree.leaves, (lane.params, alone.params)), strict=True):
            np.testing.assert_allclose(a, b, rtol=2e-4, atol=2e-6)
        for a, b in zip(lane.history, alone.history, strict=True):
            assert a.loss == pytest.approx(b.loss, rel=1e-4)
            assert a.validation_loss == pytest.approx(b.validation_loss, rel=1e-4)
            assert a.learning_rate == pytest.approx(b.learning_rate)


def test_the_winner_is_the_best_on_the_validation_rows() -> None:
    descent = Descent(Adam(0.02), batch_size=8, epochs=6, patience=None)
    ways = [descent.replace(seed=seed) for seed in range(5)]
    train, held = blobs(60), blobs(80, 1)
    run = Run(NETWORK, LOSS, descent, train, held, side_by_side=ways)
    assert len({float(lane.params["0_dense"]["weight"][0, 0]) for lane in run.lanes}) == 5
    yielded = [record for record in run.epochs() if record.complete]
    assert [record.epoch for record in yielded] == list(range(1, 7))
    lowest = [min(r.validation_loss for r in lane.history) for lane in run.lanes]
    assert run.winner is run.lanes[int(np.argmin(lowest))]
    assert run.params is run.winner.params
    assert run.history[run.best_epoch - 1].validation_loss == min(lowest)
    raw = raw_outputs(NETWORK, run.params, run.state, held.x)
    probabilities = linked_outputs(LOSS, raw)
    kept = -np.log(probabilities[np.arange(80), held.y]).mean()
    assert kept == pytest.approx(min(lowest), rel=1e-5)


def test_without_validation_rows_the_lowest_loss_wins() -> None:
    descent = Descent(batch_size=8, epochs=3)
    ways = [descent.replace(optimizer=Adam(rate)) for rate in (1e-5, 1e-2, 1e-4)]
    run = finished(Run(NETWORK, LOSS, descent, blobs(60), side_by_side=ways))
    assert run.winner is run.lanes[1]


def test_one_that_diverges_leaves_the_others_alone() -> None:
    x = np.linspace(-1, 1, 40, dtype=np.float32)[:, None]
    descent = Descent(SGD(0.1), Constant(), batch_size=10, epochs=60, patience=None)
    ways = [descent.replace(optimizer=SGD(rate)) for rate in (1e6, 0.3)]
    run = finished(
        Run(Dense(1), SquaredError(), descent, Examples(x, 2 * x - 1), side_by_side=ways)
    )
    assert [lane.ended for lane in run.lanes] == ["diverged", "epochs"]
    assert run.ended == "epochs"
    np.testing.assert_allclose(run.params["weight"], [[2.0]], atol=1e-3)
    worst = [descent.replace(optimizer=SGD(rate)) for rate in (1e6, 1e7)]
    with pytest.raises(DivergedError):
        finished(Run(Dense(1), SquaredError(), descent, Examples(x, 2 * x), side_by_side=worst))


def test_goes_on_from_a_snapshot_to_the_same_bits() -> None:
    descent = Descent(Adam(0.01), batch_size=4, epochs=4, patience=2)
    ways = [descent.replace(seed=seed) for seed in (3, 9)]

    def fresh() -> Run:
        return Run(NETWORK, LOSS, descent, blobs(50), blobs(20, 1), side_by_side=ways)

    whole, begun, rest = fresh(), fresh(), fresh()
    finished(whole)
    records = begun.epochs()
    for _ in range(2):
        next(records)
    rest.restore(*begun.snapshot())
    finished(rest)
    for one, other in zip(whole.lanes, rest.lanes, strict=True):
        for a, b in zip(*map(jax.tree.leaves, (one.params, other.params)), strict=True):
            np.testing.assert_array_equal(a, b)
        assert one.best_epoch == other.best_epoch


def test_other_rates_and_seeds_compile_nothing(caplog: pytest.LogCaptureFixture) -> None:
    def train(rates: tuple[float, ...], seed: int) -> None:
        descent = Descent(Adam(0.5), batch_size=8, epochs=2, seed=seed)
        ways = [descent.replace(optimizer=Adam(rate)) for rate in rates]
        finished(Run(NETWORK, LOSS, descent, blobs(60), side_by_side=ways))

    train((0.1, 0.2), 0)
    with jax.log_compiles(), caplog.at_level(logging.WARNING):
        train((0.3, 0.004), 8)
    assert not [r.message for r in caplog.records if "Finished XLA compilation" in r.message]


@pytest.mark.parametrize(
    "change", [{"batch_size": 4}, {"optimizer": SGD()}, {"epochs": 3}, {"patience": 1}]
)
def test_refuses_ways_that_do_not_go_together(change: dict) -> None:
    descent = Descent(epochs=2)
    with pytest.raises(UsageError, match="may differ in seed"):
        Run(NETWORK, LOSS, descent, blobs(20), side_by_side=[descent, descent.replace(**change)])


def test_refuses_none() -> None:
    with pytest.raises(UsageError, match="at least one"):
        Run(NETWORK, LOSS, Descent(), blobs(20), side_by_side=[])
