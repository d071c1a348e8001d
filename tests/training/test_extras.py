"""What goes around an optimizer's rule: PyTorch's numbers, and what must not change."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import jax
import numpy as np
import pytest

from descend.errors import SpecError, UsageError
from descend.layers import Dense, Dropout, Sequential
from descend.layers.equilibrium import _with_cost  # pyright: ignore[reportPrivateUsage]
from descend.losses import CategoricalCrossEntropy, SquaredError
from descend.optimizers import (
    LBFGS,
    SGD,
    Adam,
    AveragedSGD,
    ImplicitSGD,
    Momentum,
    ScheduleFreeSGD,
)
from descend.schedules import Constant
from descend.training import Descent, Examples, Run

REFERENCE = dict(np.load(Path(__file__).parents[1] / "reference" / "descent_fields.npz"))
SMALL = Sequential((Dense(4, "tanh"), Dense(2)))
FIELDS = {
    "none": {}, "sam": {"sam": 0.05}, "clip_value": {"clip_value": 0.05},
    "clip_norm": {"clip_norm": 0.1}, "clip_adaptive": {"clip_adaptive": 0.05},
    "lookahead": {"lookahead": 5}, "ema": {"ema": 0.8}, "tail_average": {"tail_average": 0.4},
    "layer_rates": {"layer_rates": (("1_dense", 0.1),)},
}  # fmt: skip


def nested(name: str) -> dict[str, dict[str, np.ndarray]]:
    tree: dict[str, dict[str, np.ndarray]] = {}
    for key, value in REFERENCE.items():
        prefix, _, rest = key.partition(".")
        if prefix == name and rest:
            layer, leaf = rest.split(".")
            tree.setdefault(layer, {})[leaf] = value.astype(np.float32)
    return tree


def finished(run: Run) -> Run:
    for _ in run.epochs():
        pass
    return run


@pytest.mark.parametrize("name", FIELDS)
@pytest.mark.parametrize("together", [False, True])
def test_equals_pytorch(name: str, together: bool) -> None:
    examples = Examples(*(REFERENCE[k].astype(np.float32) for k in ("x", "y")))
    descent = Descent(
        Momentum(0.05), Constant(), batch_size=None, epochs=20, patience=None, **FIELDS[name]
    )
    run = Run(
        SMALL, SquaredError(), descent, examples, params=nested("start"),
        side_by_side=[descent, descent] if together else None,
    )  # fmt: skip
    finished(run)
    want = nested(name)
    for lane in run.lanes:
        for layer, leaves in want.items():
            for leaf, value in leaves.items():
                np.testing.assert_allclose(lane.params[layer][leaf], value, rtol=2e-5, atol=2e-6)
    if name != "none":
        assert any(
            np.abs(want[k]["weight"] - nested("none")[k]["weight"]).max() > 1e-3 for k in want
        )


def blobs(n: int = 60, seed: int = 0) -> Examples:
    generator = np.random.default_rng(seed)
    y = generator.integers(0, 3, n).astype(np.int32)
    weights = generator.uniform(0.1, 2, n).astype(np.float32)
    return Examples(generator.normal(size=(n, 4)).astype(np.float32) + y[:, None], y, weights)


@pytest.mark.parametrize(("batch", "pieces"), [(16, 4), (16, 5), (None, 3), (4, 16)])
def test_accumulating_pieces_is_the_same_step(batch: int | None, pieces: int) -> None:
    network = Sequential((Dense(5, "tanh"), Dense(3)))
    descent = Descent(Adam(0.01), batch_size=batch, epochs=3, patience=None)
    one = finished(Run(network, CategoricalCrossEntropy(), descent, blobs()))
    pieced = descent.replace(accumulate=pieces)
    other = finished(Run(network, CategoricalCrossEntropy(), pieced, blobs()))
    for a, b in zip(*(jax.tree.leaves(r.params) for r in (one, other)), strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-3, atol=1e-5)
    assert other.history[-1].loss == pytest.approx(one.history[-1].loss, rel=1e-5)


@dataclass(frozen=True)
class Penalised(Dense):
    """A layer with a cost of its own, the mean over its rows of the squares of its outputs."""

    def apply(self, params: Any, state: Any, x: Any, *, key: Any, train: bool) -> tuple[Any, Any]:
        y, state = super().apply(params, state, x, key=key, train=train)
        return (_with_cost(y, (y**2).sum(axis=1).mean()) if train else y), state


def test_accumulating_pieces_counts_the_cost_of_a_layer_once() -> None:
    descent = Descent(SGD(0.1), batch_size=8, epochs=3, patience=None)
    one, other = (
        finished(
            Run(Penalised(2), SquaredError(), descent.replace(accumulate=n), blobs_of_numbers())
        )
        for n in (1, 4)
    )
    np.testing.assert_allclose(one.params["weight"], other.params["weight"], rtol=1e-4, atol=1e-6)


def test_all_at_once_goes_on_from_a_snapshot_to_the_same_bits() -> None:
    network = Sequential((Dense(5, "tanh"), Dropout(0.2), Dense(3)))
    descent = Descent(
        Adam(0.01), batch_size=8, epochs=3, clip_value=0.5, clip_norm=1.0, clip_adaptive=0.5,
        layer_rates=(("0_dense", 0.5),), accumulate=2, sam=0.02, lookahead=3, ema=0.9,
        mixup=0.4, weight_decay=0.01, restarts=2,
    )  # fmt: skip

    def fresh() -> Run:
        return Run(network, CategoricalCrossEntropy(), descent, blobs(), blobs(30, 1))

    whole, begun, rest = finished(fresh()), fresh(), fresh()
    assert len(whole.lanes) == 2
    next(begun.epochs())
    rest.restore(*begun.snapshot())
    finished(rest)
    for a, b in zip(*(jax.tree.leaves(r.params) for r in (whole, rest)), strict=True):
        np.testing.assert_array_equal(a, b)


def test_a_layer_rate_of_0_keeps_the_layer() -> None:
    descent = Descent(Adam(0.01), epochs=2, weight_decay=0.1, layer_rates=(("0_dense", 0.0),))
    run = Run(
        SMALL, SquaredError(), descent, Examples(np.ones((9, 3), np.float32), np.ones((9, 2)))
    )
    before = run.params
    finished(run)
    np.testing.assert_array_equal(run.params["0_dense"]["weight"], before["0_dense"]["weight"])
    assert (run.params["1_dense"]["weight"] != before["1_dense"]["weight"]).any()


def test_a_layer_that_is_not_there_is_named() -> None:
    descent = Descent(layer_rates=(("20_dense", 0.1),))
    with pytest.raises(UsageError, match="0_dense, 1_dense"):
        Run(SMALL, SquaredError(), descent, Examples(np.ones((9, 3)), np.ones((9, 2))))
    deep = Sequential((*(Dense(2) for _ in range(12)),))
    with pytest.raises(UsageError, match=r"1_dense, 2_dense, .* 9_dense, 10_dense, 11_dense"):
        Run(deep, SquaredError(), descent, Examples(np.ones((9, 3)), np.ones((9, 2))))


def test_restarts_start_from_the_seeds_that_follow() -> None:
    descent = Descent(Adam(0.01), epochs=2, seed=4)
    run = Run(SMALL, SquaredError(), descent.replace(restarts=3), blobs_of_numbers())
    for i, lane in enumerate(run.lanes):
        alone = Run(SMALL, SquaredError(), descent.replace(seed=4 + i), blobs_of_numbers())
        for a, b in zip(*(jax.tree.leaves(r.params) for r in (lane, alone)), strict=True):
            np.testing.assert_array_equal(a, b)


def blobs_of_numbers() -> Examples:
    generator = np.random.default_rng(0)
    return Examples(*(generator.normal(size=(40, k)).astype(np.float32) for k in (3, 2)))


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"ema": 1.0}, "ema"), ({"ema": 0.9, "tail_average": 0.5}, "choose one"),
        ({"tail_average": 0.0}, "tail_average"), ({"lookahead": 1}, "lookahead"),
        ({"sam": 0.0}, "sam"), ({"clip_value": -1.0}, "clip_value"), ({"accumulate": 0}, "accum"),
        ({"mixup": 0.0}, "mixup"), ({"mixup": 0.2, "batch_size": 1}, "above 1"),
        ({"mixup": 0.2, "optimizer": LBFGS(), "batch_size": None}, "cannot follow"),
        ({"restarts": 0}, "restarts"), ({"layer_rates": (("a", -1.0),)}, "factor"),
        ({"layer_rates": {"a": 1.0}}, "factor"), ({"clip_adaptive": float("nan")}, "clip_adapt"),
        ({"optimizer": LBFGS(), "batch_size": 32}, "--batch-size all"),
        ({"optimizer": LBFGS(), "batch_size": None, "accumulate": 2}, "do not go together"),
        ({"optimizer": ImplicitSGD(), "accumulate": 2}, "do not go together"),
        ({"optimizer": ScheduleFreeSGD(), "ema": 0.9}, "average of its own"),
        ({"optimizer": AveragedSGD(), "lookahead": 5}, "average of its own"),
        ({"optimizer": ScheduleFreeSGD(), "weight_decay": 0.1}, r"FreeSGD\(weight_decay=0.1\)"),
    ],
)  # fmt: skip
def test_refuses(fields: dict[str, Any], message: str) -> None:
    with pytest.raises(SpecError, match=message):
        Descent(**({"optimizer": SGD()} | fields))


def test_the_average_of_a_short_run_owes_nothing_to_its_start() -> None:
    descent = Descent(SGD(0.1), Constant(), batch_size=20, epochs=1, patience=None, ema=0.9999)
    network, seen = Sequential((Dense(3),)), []
    for epochs in (1, 2, 3):
        plain = descent.replace(ema=None, epochs=epochs)
        seen.append(finished(Run(network, CategoricalCrossEntropy(), plain, blobs(20))).params)
    kept = finished(Run(network, CategoricalCrossEntropy(), descent.replace(epochs=3), blobs(20)))
    mean = jax.tree.map(lambda *some: np.mean(some, axis=0), *seen)
    for found, wanted in zip(*map(jax.tree.leaves, (kept.params, mean)), strict=True):
        np.testing.assert_allclose(found, wanted, rtol=1e-5, atol=1e-6)
