"""The run: exact arithmetic, determinism, early stopping, divergence, and few compilations."""

from __future__ import annotations

import logging

import jax
import numpy as np
import optax
import pytest

from descend.data.batches import epoch_order
from descend.errors import DataError, DivergedError
from descend.layers import BatchNormalization, Dense, Dropout, Sequential
from descend.losses import CategoricalCrossEntropy, SquaredError
from descend.optimizers import SGD, Adam, AveragedSGD, Optimizer, ScheduleFreeSGD
from descend.schedules import Constant, Cosine
from descend.training import Descent, Examples, Run, raw_outputs

NETWORK = Sequential((Dense(5, "tanh"), Dense(3)))


def blobs(n: int = 50, seed: int = 0) -> Examples:
    generator = np.random.default_rng(seed)
    y = generator.integers(0, 3, n).astype(np.int32)
    x = generator.normal(size=(n, 4)).astype(np.float32) + y[:, None]
    return Examples(x, y)


def finished(run: Run) -> Run:
    for _ in run.epochs():
        pass
    return run


def leaves(run: Run) -> list[np.ndarray]:
    return jax.tree.leaves((run.params, run.state))


def reference_epochs(
    start: dict, examples: Examples, batch: int, epochs: int, rate: float, seed: int
) -> dict:
    """SGD on NETWORK in plain NumPy, float64: the arithmetic written out by hand."""
    w1, b1 = (start["0_dense"][k].astype(np.float64) for k in ("weight", "bias"))
    w2, b2 = (start["1_dense"][k].astype(np.float64) for k in ("weight", "bias"))
    weights = np.ones(examples.rows) if examples.weights is None else examples.weights
    weights = weights / weights.mean()
    for epoch in range(1, epochs + 1):
        n = examples.rows
        order = epoch_order(n, batch, seed=seed, epoch=epoch, shuffle=batch < n)[:n]
        for first in range(0, n, batch):
            rows = order[first : first + batch]
            x = examples.x[rows].astype(np.float64)
            a = np.tanh(x @ w1 + b1)
            z = a @ w2 + b2
            p = np.exp(z - z.max(1, keepdims=True))
            p /= p.sum(1, keepdims=True)
            p[np.arange(len(rows)), examples.y[rows]] -= 1
            d = p * weights[rows][:, None] / len(rows)
            e = (d @ w2.T) * (1 - a**2)
            w2, b2 = w2 - rate * a.T @ d, b2 - rate * d.sum(0)
            w1, b1 = w1 - rate * x.T @ e, b1 - rate * e.sum(0)
    return {"0_dense": {"weight": w1, "bias": b1}, "1_dense": {"weight": w2, "bias": b2}}


@pytest.mark.parametrize("batch", [1, 8, 16, None])
@pytest.mark.parametrize("weighted", [False, True])
def test_equals_sgd_by_hand(batch: int | None, weighted: bool) -> None:
    examples = blobs(50)
    if weighted:
        examples = Examples(examples.x, examples.y, np.linspace(0.1, 3, 50, dtype=np.float32))
    descent = Descent(SGD(0.1), Constant(), batch_size=batch, epochs=3, patience=None, seed=7)
    run = Run(NETWORK, CategoricalCrossEntropy(), descent, examples)
    expected = reference_epochs(run.params, examples, batch or 50, 3, 0.1, 7)
    finished(run)
    for got, want in zip(leaves(run), jax.tree.leaves(expected), strict=True):
        np.testing.assert_allclose(got, want, rtol=2e-5, atol=2e-6)


@pytest.mark.parametrize("batch", [1, 8, None])
def test_same_seed_same_bits_and_another_seed_others(batch: int | None) -> None:
    descent = Descent(Adam(0.01), batch_size=batch, epochs=3, seed=3)
    network = Sequential((Dense(6, "relu"), Dropout(0.3), Dense(3)))

    def weights(seed: int) -> list[np.ndarray]:
        run = Run(network, CategoricalCrossEntropy(), descent.replace(seed=seed), blobs())
        return leaves(finished(run))

    first, second, other = weights(3), weights(3), weights(4)
    for a, b in zip(first, second, strict=True):
        np.testing.assert_array_equal(a, b)
    assert any((a != b).any() for a, b in zip(first, other, strict=True))


def test_best_epoch_is_kept_and_patience_stops() -> None:
    train, validation = blobs(30, 0), blobs(200, 1)
    descent = Descent(Adam(0.05), Constant(), batch_size=None, epochs=2000, patience=15)
    run = Run(NETWORK, CategoricalCrossEntropy(), descent, train, validation)
    finished(run)
    losses = [record.validation_loss for record in run.history]
    assert run.ended == "patience"
    assert run.best_epoch == int(np.argmin(losses)) + 1
    assert len(losses) == run.best_epoch + 15
    from descend.training import mean_loss, raw_outputs

    raw = raw_outputs(NETWORK, run.params, run.state, validation.x)
    kept = mean_loss(CategoricalCrossEntropy(), raw, validation.y)
    assert kept == pytest.approx(min(losses), rel=1e-6)


def test_watching_the_score_breaks_ties_by_loss() -> None:
    descent = Descent(Adam(0.02), batch_size=None, epochs=60, watch="score", patience=None)

    def score(raw: np.ndarray, y: np.ndarray, weights: np.ndarray | None) -> float:
        return float(np.mean(raw.argmax(1) == y))

    run = Run(NETWORK, CategoricalCrossEntropy(), descent, blobs(), blobs(40, 2), score)
    finished(run)
    ranked = [(r.validation_score, -r.validation_loss) for r in run.history]
    assert run.best_epoch == ranked.index(max(ranked)) + 1


def test_divergence_names_the_step_and_a_rate_that_works_and_keeps_good_weights() -> None:
    x = np.linspace(-1, 1, 64, dtype=np.float32)[:, None]
    examples = Examples(x, 3 * x + 1)
    descent = Descent(SGD(1e5), Constant(), epochs=50)
    run = Run(Dense(1), SquaredError(), descent, examples, examples)
    with pytest.raises(
        DivergedError, match=r"at step \d+ .*learning rate.*SGD had 100000. Try 0.01,"
    ) as e:
        finished(run)
    assert e.value.step > 0
    assert all(np.isfinite(leaf).all() for leaf in leaves(run))
    assert "weights of epoch" in str(e.value)
    tried = Descent(SGD(0.01), Constant(), epochs=50)
    again = Run(Dense(1), SquaredError(), tried, examples, examples)
    finished(again)
    assert again.history[-1].loss < again.history[0].loss


def test_divergence_in_the_first_step_keeps_the_first_weights() -> None:
    examples = Examples(np.full((8, 1), 3e38, np.float32), np.ones((8, 1), np.float32))
    run = Run(Dense(1), SquaredError(), Descent(epochs=2), examples)
    before = leaves(run)
    with pytest.raises(DivergedError, match=r"step 1 .*the first weights"):
        finished(run)
    for a, b in zip(before, leaves(run), strict=True):
        np.testing.assert_array_equal(a, b)


def test_stop_ends_after_the_current_piece_and_keeps_the_best() -> None:
    run = Run(NETWORK, CategoricalCrossEntropy(), Descent(epochs=500), blobs(), blobs(20, 1))
    for record in run.epochs():
        if record.epoch == 4 and record.complete:
            run.stop()
    assert run.ended == "stopped"
    assert len(run.history) == 4
    assert 1 <= run.best_epoch <= 4


def test_loss_is_the_mean_over_real_rows_only() -> None:
    # A rate near zero leaves the weights as they are, so every row is judged by the same weights.
    examples = blobs(50)
    descent = Descent(SGD(1e-12), batch_size=16, epochs=1)
    run = finished(Run(NETWORK, CategoricalCrossEntropy(), descent, examples))
    from descend.training import mean_loss, raw_outputs

    raw = raw_outputs(NETWORK, run.params, run.state, examples.x)
    whole = mean_loss(CategoricalCrossEntropy(), raw, examples.y)
    assert run.history[0].loss == pytest.approx(whole, rel=1e-5)


def test_learning_rate_follows_the_schedule_over_all_steps() -> None:
    descent = Descent(SGD(0.5), Cosine(), batch_size=10, epochs=4, patience=None)
    run = finished(Run(NETWORK, CategoricalCrossEntropy(), descent, blobs(50)))
    for record in run.history:
        progress = (record.step - 1) / 20
        assert record.learning_rate == pytest.approx(
            0.25 * (1 + np.cos(np.pi * progress)), rel=1e-4
        )


def test_weight_decay_shrinks_weights_and_not_biases() -> None:
    x = np.zeros((16, 4), np.float32)
    examples = Examples(x, np.zeros((16, 2), np.float32))
    network = Dense(2)
    descent = Descent(SGD(0.1), Constant(), batch_size=8, epochs=1, weight_decay=0.5, patience=None)
    run = Run(network, SquaredError(), descent, examples)
    weight, bias = run.params["weight"].copy(), run.params["bias"].copy()
    finished(run)
    np.testing.assert_allclose(run.params["weight"], weight * (1 - 0.1 * 0.5) ** 2, rtol=1e-6)
    np.testing.assert_array_equal(run.params["bias"], bias)


@pytest.mark.parametrize("together", [False, True])
def test_an_average_is_of_the_weights_after_their_decay(together: bool) -> None:
    examples = Examples(np.zeros((16, 4), np.float32), np.zeros((16, 2), np.float32))
    descent = Descent(
        AveragedSGD(0.1, decay=0.0), Constant(), batch_size=8, epochs=1, weight_decay=0.5,
        patience=None,
    )  # fmt: skip
    run = Run(
        Dense(2), SquaredError(), descent, examples,
        side_by_side=[descent, descent.replace(weight_decay=0.25)] if together else None,
    )  # fmt: skip
    starts = [lane.params["weight"] for lane in run.lanes]
    finished(run)
    for lane, start, left in zip(run.lanes, starts, (0.95, 0.975), strict=False):
        np.testing.assert_allclose(lane.params["weight"], start * (left + left**2) / 2, rtol=1e-6)


def test_clipping_bounds_the_step() -> None:
    x = np.full((8, 1), 100.0, np.float32)
    examples = Examples(x, np.full((8, 1), 1000.0, np.float32))
    descent = Descent(SGD(1.0), Constant(), batch_size=None, epochs=1, clip_norm=0.01)
    run = Run(Dense(1), SquaredError(), descent, examples)
    before = np.concatenate([leaf.ravel() for leaf in leaves(run)])
    finished(run)
    after = np.concatenate([leaf.ravel() for leaf in leaves(run)])
    assert np.linalg.norm(after - before) == pytest.approx(0.01, rel=1e-3)


def test_any_optax_transformation_takes_the_place_of_the_optimizer() -> None:
    descent = Descent(SGD(0.1), Constant(), batch_size=8, epochs=2, seed=1, patience=None)
    ours = finished(Run(NETWORK, CategoricalCrossEntropy(), descent, blobs()))
    theirs = Run(NETWORK, CategoricalCrossEntropy(), descent, blobs(), optimizer=optax.sgd(0.1))
    finished(theirs)
    assert theirs.history[0].learning_rate is None
    for a, b in zip(leaves(ours), leaves(theirs), strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-6, atol=1e-7)


def test_averaging_rules_are_judged_and_kept_at_their_average() -> None:
    descent = Descent(
        ScheduleFreeSGD(0.5), Constant(), batch_size=None, epochs=3, patience=None, shuffle=False
    )
    examples = blobs()
    run = Run(NETWORK, CategoricalCrossEntropy(), descent, examples, examples)
    finished(run)
    rule = descent.optimizer
    trained = jax.tree.leaves(run.params)
    assert all(np.isfinite(leaf).all() for leaf in trained)
    from descend.training import mean_loss, raw_outputs

    raw = raw_outputs(NETWORK, run.params, run.state, examples.x)
    kept = mean_loss(CategoricalCrossEntropy(), raw, examples.y)
    assert kept == pytest.approx(run.history[run.best_epoch - 1].validation_loss, rel=1e-6)
    assert type(rule).evaluation_params is not Optimizer.evaluation_params


def test_batch_normalisation_with_a_short_last_batch_is_finite_and_updates_state() -> None:
    network = Sequential((Dense(4), BatchNormalization(), Dense(3)))
    run = finished(Run(network, CategoricalCrossEntropy(), Descent(epochs=3), blobs(33)))
    assert run.state
    assert all(np.isfinite(leaf).all() for leaf in leaves(run))


def test_inputs_are_not_changed() -> None:
    examples = blobs(37)
    x, y = examples.x.copy(), examples.y.copy()
    finished(Run(NETWORK, CategoricalCrossEntropy(), Descent(epochs=2), examples, examples))
    np.testing.assert_array_equal(examples.x, x)
    np.testing.assert_array_equal(examples.y, y)


class Compilations(logging.Handler):
    """Counts what JAX says it compiles."""

    def __init__(self) -> None:
        super().__init__()
        self.names: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        message = record.getMessage()
        if message.startswith("Compiling"):
            self.names.append(message.split()[1])


def test_fits_of_one_shape_share_a_program() -> None:
    """Another seed, rate, number of epochs, rows within a bucket, or last batch: no compilation."""

    def once(rows: int, rate: float, seed: int, epochs: int) -> None:
        descent = Descent(Adam(rate), batch_size=16, epochs=epochs, seed=seed)
        finished(Run(NETWORK, CategoricalCrossEntropy(), descent, blobs(rows), blobs(21, 5)))

    once(50, 0.01, 0, 2)
    counter = Compilations()
    logger = logging.getLogger("jax._src.interpreters.pxla")
    level = logger.level
    logger.addHandler(counter)
    logger.setLevel(logging.DEBUG)
    try:
        once(50, 0.02, 1, 3)
        once(51, 0.02, 2, 2)
        once(60, 0.02, 2, 2)
    finally:
        logger.removeHandler(counter)
        logger.setLevel(level)
    assert counter.names == []


def test_a_score_that_is_no_number_is_no_gain() -> None:
    """The score of an epoch may be undefined, as the area under the curve of one class is."""
    told = iter([float("nan"), 0.5, float("nan"), 0.7, 0.6])
    descent = Descent(Adam(0.01), batch_size=16, epochs=5, patience=None, watch="score")
    run = Run(
        NETWORK, CategoricalCrossEntropy(), descent, blobs(), blobs(20, 1),
        score=lambda raw, y, weights: next(told),
    )  # fmt: skip
    assert finished(run).best_epoch == 4


def test_no_rows_are_refused_in_words() -> None:
    run = Run(NETWORK, CategoricalCrossEntropy(), Descent(Adam()), blobs())
    with pytest.raises(DataError, match="no rows to predict"):
        raw_outputs(NETWORK, run.params, run.state, np.zeros((0, 4), np.float32))
