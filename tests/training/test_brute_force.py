"""Brute force finds what enumeration in NumPy finds, and says when it would take too long."""

from __future__ import annotations

import itertools
import sys

import numpy as np
import pytest

from descend.errors import UsageError
from descend.layers import Dense, Sequential
from descend.losses import BinaryCrossEntropy, SquaredError
from descend.training import brute_force, search_cost

XOR = np.array([[0, 0], [0, 1], [1, 0], [1, 1]], np.float32)


def test_equals_enumeration() -> None:
    r = np.random.default_rng(0)
    x, y = r.normal(size=(9, 3)).astype(np.float32), r.normal(size=(9, 1)).astype(np.float32)
    grid = [-1.0, -0.4, 0.3, 1.1]
    found = brute_force(Dense(1), SquaredError(), x, y, grid)
    losses = {
        weights: 0.5 * np.mean((x @ np.array(weights[1:]) + weights[0] - y[:, 0]) ** 2)
        for weights in itertools.product(grid, repeat=4)
    }
    best = min(losses, key=losses.__getitem__)
    got = (float(found.params["bias"][0]), *found.params["weight"][:, 0].tolist())
    assert got == pytest.approx(best)
    assert found.loss == pytest.approx(losses[best], rel=1e-5)
    assert (found.best, found.cost.combinations) == (1, 256)


def test_many_calls_are_put_together(monkeypatch: pytest.MonkeyPatch) -> None:
    network = Sequential((Dense(2, "threshold"), Dense(1)))
    y = np.array([0, 1, 1, 0], np.float32)
    found = brute_force(network, BinaryCrossEntropy(), XOR, y, [-1, 0, 1])
    module = sys.modules["descend.training.brute_force"]
    monkeypatch.setattr(module, "TOGETHER", 100)
    pieces = brute_force(network, BinaryCrossEntropy(), XOR, y, [-1, 0, 1])
    assert found.cost.combinations == pieces.cost.combinations == 3**9
    assert found.loss == pytest.approx(pieces.loss)
    assert found.best == pieces.best


def test_the_cost_of_25_weights() -> None:
    cost = search_cost(25, 1000, 1e7)
    assert cost.combinations == 10**75
    assert cost.years == pytest.approx(1e68 / (365.25 * 86400))
    assert "10^75" in str(cost)
    assert "times the age of the universe" in str(cost)
    assert search_cost(Dense(3), 2, 1e6, input_shape=(2,)).combinations == 2**9
    assert "seconds" in str(search_cost(4, 10, 1e6))
    assert search_cost(10_000, 1000).years == float("inf")


def test_refuses_what_would_not_end() -> None:
    with pytest.raises(UsageError, match=r"years.*milliseconds"):
        brute_force(Dense(20), SquaredError(), XOR, XOR, [0.0, 1.0, 2.0])
    with pytest.raises(UsageError, match="finite"):
        brute_force(Dense(1), SquaredError(), XOR, XOR[:, :1], [0.0])
    with pytest.raises(UsageError, match="at least 1 weight"):
        search_cost(0, 10)
