"""The River adapters: River's own checks, growth, and learning."""

from __future__ import annotations

import copy
import pickle

import numpy as np
import pytest
from river.checks import yield_checks

from descend.errors import DivergedError
from descend.estimators import river as module
from descend.estimators.river import RiverClassifier, RiverRegressor
from descend.training.compiled_rows import CompiledRows
from descend.training.single_rows import SingleRows

MODELS = (RiverClassifier(), RiverRegressor())
CHECKS = [(model, check) for model in MODELS for check in yield_checks(model)]


@pytest.mark.parametrize(
    ("model", "check"), CHECKS, ids=[f"{type(m).__name__}-{c.__name__}" for m, c in CHECKS]
)
def test_rivers_own_checks(model, check) -> None:
    check(model.clone())


def test_classes_and_features_turn_up_and_what_is_learned_stays() -> None:
    r, model = np.random.default_rng(0), RiverClassifier(learning_rate=0.02)
    assert model.predict_proba_one({"a": 1.0}) == {}
    for _ in range(300):
        a = float(r.normal())
        model.learn_one({"a": a}, "up" if a > 0 else "down")
    before = model.predict_proba_one({"a": 1.0})
    for i in range(9):
        model.learn_one({"a": 0.0, f"new{i}": 0.0, "city": "Rome"}, f"class{i % 5}")
    after = model.predict_proba_one({"a": 1.0})
    assert before["up"] > 0.9
    assert after["up"] / (after["up"] + after["down"]) > 0.9
    assert len(after) == 7
    assert sum(after.values()) == pytest.approx(1)


def test_a_copy_and_a_pickle_go_on_to_the_same_bits() -> None:
    r, model = np.random.default_rng(0), RiverRegressor()
    rows = [({"a": float(a), "b": float(b)}, float(a - b)) for a, b in r.normal(size=(60, 2))]
    for x, y in rows[:30]:
        model.learn_one(x, y)
    others = [copy.deepcopy(model), pickle.loads(pickle.dumps(model))]
    for one in (model, *others):
        for x, y in rows[30:]:
            one.learn_one(x, y)
    want = model.predict_one({"a": 0.3, "b": 1.0})
    assert all(other.predict_one({"a": 0.3, "b": 1.0}) == want for other in others)


@pytest.mark.parametrize("limit", [0, 10**9])
def test_large_networks_go_through_the_compiled_program(
    limit: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "MOST", limit)
    model = RiverRegressor()
    model.learn_one({"a": 1.0}, 2.0)
    monkeypatch.setattr(module, "MOST", 10**9)
    model.learn_one({f"x{i}": 1.0 for i in range(9)}, 2.0)
    assert isinstance(model._rows, SingleRows if limit else CompiledRows)
    assert model._rows.step == 2


def test_divergence_is_told() -> None:
    model = RiverRegressor(optimizer="sgd", learning_rate=1e6)

    def learn() -> None:
        for i in range(100):
            model.learn_one({"a": 1e3 * i}, 1e6)

    with pytest.raises(DivergedError, match="StandardScaler"):
        learn()
