"""What goes on inside a network: numbers by hand, and sentences that fit."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from descend.data.rows import RowsWriter
from descend.initializers import ConstantValue
from descend.layers import Activation, Dense, Dropout, Sequential
from descend.losses import SquaredError
from descend.optimizers import SGD, ImplicitSGD
from descend.schedules import Constant
from descend.training import Descent, Examples, Run, advice

R = np.random.default_rng(0)
X = R.normal(size=(80, 3)).astype(np.float32)
Y = R.normal(size=(80, 1)).astype(np.float32)


def looked(network, *, rate=0.01, epochs=1, x=X, optimizer=None, **more):
    descent = Descent(
        optimizer or SGD(rate), Constant(), batch_size=16, epochs=epochs, patience=None, **more
    )
    run = Run(network, SquaredError(), descent, Examples(x, Y), diagnostics=True)
    start = run.params
    for _ in run.epochs():
        pass
    return run, start, run.history[-1].diagnostics


def test_numbers_by_hand() -> None:
    network = Sequential((Dense(5, "tanh"), Dropout(0.0), Dense(4), Activation("relu"), Dense(1)))
    run, start, seen = looked(network)

    def loss(params):
        return 0.5 * jnp.mean((network.apply(params, {}, X, key=None, train=False)[0] - Y) ** 2)

    gradient = jax.grad(loss)(run.params)
    for name in ("0_dense", "2_dense", "4_dense"):
        leaves = jax.tree.leaves(gradient[name])
        norm = np.sqrt(sum(float(np.sum(np.square(a))) for a in leaves))
        assert seen["gradient_norm"][name] == pytest.approx(norm, rel=1e-4)
        old, new = (
            np.concatenate([a.ravel() for a in p[name].values()]) for p in (start, run.params)
        )
        moved = np.linalg.norm(new - old) / np.linalg.norm(old)
        assert seen["movement"][name] == pytest.approx(moved, rel=1e-4)
    hidden = np.tanh(X @ run.params["0_dense"]["weight"] + run.params["0_dense"]["bias"])
    assert seen["saturated"] == {"tanh": pytest.approx(np.mean(np.abs(hidden) > 0.98))}
    second = hidden @ run.params["2_dense"]["weight"] + run.params["2_dense"]["bias"]
    assert seen["dead"] == pytest.approx(np.mean((second <= 0).all(axis=0)))


def test_layers_are_told_first_to_last_also_beyond_the_tenth() -> None:
    network = Sequential((*(Dense(3, "tanh") for _ in range(11)), Dense(1)))
    _, _, seen = looked(network)
    names = [f"{i}_dense" for i in range(12)]
    assert list(seen["gradient_norm"]) == list(seen["movement"]) == names


def test_rows_in_a_file_and_a_lone_layer_and_side_by_side() -> None:
    with RowsWriter(np.float32, (3,)) as writer:
        writer.append(X)
        rows = writer.rows()
    _, _, seen = looked(Dense(1), x=rows, restarts=2)
    assert set(seen) == {"gradient_norm", "saturated", "movement"}
    assert list(seen["gradient_norm"]) == ["layer"]


def test_the_residual_of_implicit_steps_is_recorded() -> None:
    _, _, seen = looked(Dense(1), optimizer=ImplicitSGD(1.0))
    assert 0 <= seen["residual"] < 1e-4


def test_a_run_that_descends_gets_no_advice() -> None:
    run, _, _ = looked(Sequential((Dense(8, "tanh"), Dense(1))), rate=0.1, epochs=60)
    assert advice(run.history) == []


def hidden(activation: str, **more) -> Sequential:
    return Sequential((Dense(8, activation, **more), Dense(1)))


@pytest.mark.parametrize(
    ("network", "rate", "sentence"),
    [
        (hidden("sigmoid", weight_initializer=ConstantValue(40.0)), 1e-6, "saturated: try relu"),
        (hidden("relu", bias_initializer=ConstantValue(-50.0)), 1e-6, "dead"),
        (Sequential((Dense(8, "tanh"), Dense(1))), 1e-9, "higher learning rate"),
    ],
)  # fmt: skip
def test_a_stuck_run_is_told_why(network, rate: float, sentence: str) -> None:
    run, _, _ = looked(network, rate=rate, epochs=3)
    assert any(sentence in found for found in advice(run.history))
