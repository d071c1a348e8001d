"""The learning-rate range test: what it tries, what it suggests, what it draws."""

from __future__ import annotations

import math
import xml.etree.ElementTree as ET

import numpy as np
import pytest

from descend.errors import UsageError
from descend.layers import Dense
from descend.losses import SquaredError
from descend.optimizers import SGD, ImplicitSGD
from descend.schedules import Constant
from descend.training import Descent, Examples, Run, range_test, rate_picture, suggested_rate
from descend.training.range_test import Tried

X = np.random.default_rng(0).normal(size=(80, 3)).astype(np.float32)
TRAIN = Examples(X, X[:, :1] - 2 * X[:, 1:2])


def test_each_rate_is_what_a_run_at_that_rate_gives() -> None:
    descent = Descent(SGD(), batch_size=16)
    found = range_test(
        Dense(1), SquaredError(), descent, TRAIN, TRAIN, lowest=0.01, highest=100, tries=5, steps=20
    )
    assert [one.rate for one in found] == pytest.approx([0.01, 0.1, 1, 10, 100])
    assert [math.isfinite(one.loss) for one in found][:2] == [True, True]
    assert found[-1].loss == math.inf
    way = descent.replace(optimizer=SGD(0.1), schedule=Constant(), epochs=4, patience=None)
    run = Run(Dense(1), SquaredError(), way, TRAIN, TRAIN)
    for _ in run.epochs():
        pass
    assert found[1].loss == pytest.approx(run.history[-1].validation_loss, rel=1e-4)
    assert suggested_rate(found) == pytest.approx(min(found, key=lambda one: one.loss).rate)


def test_implicit_steps_survive_ten_times_the_rate_of_plain_ones() -> None:
    def survives(optimizer) -> list[float]:
        found = range_test(
            Dense(1), SquaredError(), Descent(optimizer, batch_size=8), TRAIN, TRAIN,
            lowest=1e-3, highest=100, tries=11, steps=60,
        )  # fmt: skip
        return [one.rate for one in found if one.loss < 1e3]

    assert max(survives(ImplicitSGD())) >= 10 * max(survives(SGD()))


def test_where_all_diverge_nothing_is_suggested() -> None:
    found = range_test(
        Dense(1), SquaredError(), Descent(SGD()), TRAIN, lowest=1e8, highest=1e9, tries=3
    )
    assert suggested_rate(found) is None
    ET.fromstring(rate_picture({"SGD": found}, "none < all & more"))


def test_the_suggestion_shuns_the_edge() -> None:
    losses = [1.0, 0.5, 0.2, 0.19, 9.0, math.inf]
    found = [Tried(2.0**i, loss) for i, loss in enumerate(losses)]
    assert suggested_rate(found) == 4
    apart = [Tried(10.0**i, loss) for i, loss in enumerate(losses)]
    assert suggested_rate(apart) == 1000


def test_the_picture_has_a_point_for_each_finite_loss() -> None:
    curves = {"a": [Tried(0.1, 1.0), Tried(1, 0.1)], "b": [Tried(0.1, 2.0), Tried(1, math.inf)]}
    drawn = rate_picture(curves, "two", 0.3)
    assert drawn.count("<circle") == 3
    assert drawn.count("l8 8m0 -8l-8 8") == drawn.count("not finite") == 1
    ET.fromstring(drawn)


@pytest.mark.parametrize("wrong", [{"lowest": 0}, {"lowest": 2, "highest": 1}, {"tries": 1}])
def test_refuses(wrong: dict) -> None:
    with pytest.raises(UsageError, match="ascending"):
        range_test(Dense(1), SquaredError(), Descent(SGD()), TRAIN, **wrong)
