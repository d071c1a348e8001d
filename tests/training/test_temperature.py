"""The temperature of the lowest log loss, and the loss that is left with it."""

from __future__ import annotations

import numpy as np
import pytest

from descend.layers import Dense, Members, Sequential
from descend.losses import (
    BinaryCrossEntropy,
    CategoricalCrossEntropy,
    Ensemble,
    Hinge,
    SquaredError,
)
from descend.optimizers import Adam
from descend.schedules import Constant
from descend.training import Descent, Examples, Run, linked_outputs, mean_loss, raw_outputs
from descend.training.temperature import best_temperature, refined_loss, tempered_log_loss

RNG = np.random.default_rng(5)


def noisy(rows: int, width: int) -> tuple[np.ndarray, np.ndarray]:
    """Return raw outputs that are four times too sure, and labels drawn from what they mean."""
    raw = RNG.normal(size=(rows, width)).astype(np.float32)
    p = np.exp(raw) / np.exp(raw).sum(1, keepdims=True)
    y = np.array([RNG.choice(width, p=row / row.sum()) for row in p])
    return 4 * raw, y


def test_a_network_four_times_too_sure_has_temperature_four() -> None:
    raw, y = noisy(4000, 3)
    loss = CategoricalCrossEntropy()
    value = best_temperature(loss, raw, y)
    assert value == pytest.approx(4, rel=0.1)
    grid = np.exp(np.linspace(np.log(0.1), np.log(10), 400))
    least = min(tempered_log_loss(loss, raw, y, None, float(t)) for t in grid)
    assert refined_loss(loss, raw, y) == pytest.approx(least, abs=1e-4)
    assert refined_loss(loss, raw, y) < mean_loss(loss, raw, y) - 0.1


def test_confidence_alone_changes_nothing() -> None:
    raw, y = noisy(500, 2)
    surer = refined_loss(CategoricalCrossEntropy(), 2 * raw, y)
    assert surer == pytest.approx(refined_loss(CategoricalCrossEntropy(), raw, y), abs=1e-4)


def test_of_members_it_is_their_mean_probability() -> None:
    raw, y = noisy(300, 6)
    y = y % 3
    loss = Ensemble(CategoricalCrossEntropy(label_smoothing=0.1), 2)
    t = best_temperature(loss, raw, y)
    p = np.asarray(linked_outputs(loss, raw / np.float32(t)))
    assert p.shape == (300, 3)
    assert refined_loss(loss, raw, y) == pytest.approx(
        float(np.mean(-np.log(p[np.arange(300), y]))), rel=1e-5
    )


def test_weights_count() -> None:
    raw, y = noisy(400, 2)
    weights = np.r_[np.ones(200), np.zeros(200)]
    some = refined_loss(CategoricalCrossEntropy(), raw, y, weights)
    alone = refined_loss(CategoricalCrossEntropy(), raw[:200], y[:200])
    # The rule of succession counts rows, so the temperatures differ by a hair.
    assert some == pytest.approx(alone, abs=2e-3)


@pytest.mark.parametrize("loss", [SquaredError(), Hinge(), Ensemble(SquaredError(), 2)])
def test_what_gives_no_probabilities_has_its_mean(loss: SquaredError | Hinge | Ensemble) -> None:
    width = loss.width(2 if isinstance(loss, Hinge) else 1)
    raw = RNG.normal(size=(50, width)).astype(np.float32)
    y = np.arange(50) % 2 if isinstance(loss, Hinge) else np.ones((50, 1), np.float32)
    assert refined_loss(loss, raw, y) == mean_loss(loss, raw, y)


def test_a_run_keeps_the_epoch_of_the_least_refined_loss() -> None:
    x = RNG.normal(size=(80, 20)).astype(np.float32)
    y = ((x[:, 0] + RNG.normal(size=80)) > 0).astype(np.float32)
    train, held = Examples(x[:40], y[:40]), Examples(x[40:], y[40:])
    network = Sequential((Members(Sequential((Dense(16, "relu"), Dense(1))), 2),))
    loss = Ensemble(BinaryCrossEntropy(), 2)
    way = Descent(Adam(0.02), Constant(), epochs=60, patience=None)
    seen: list[tuple[float, float]] = []

    def look(raw: np.ndarray, y: np.ndarray, weights: np.ndarray | None) -> float:
        seen.append((mean_loss(loss, raw, y), refined_loss(loss, raw, y)))
        return 0.0

    run = Run(network, loss, way.replace(watch="refined"), train, held, look)
    list(run.epochs())
    plain, refined = np.array(seen).T
    assert run.best_epoch == int(np.argmin(refined)) + 1
    assert run.best_epoch != int(np.argmin(plain)) + 1
    raw = raw_outputs(network, run.params, run.state, held.x)
    assert refined_loss(loss, raw, held.y) == pytest.approx(refined.min(), rel=1e-5)
