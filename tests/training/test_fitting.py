"""Fitting composed networks to arrays."""

from __future__ import annotations

import numpy as np
import pytest

import descend.training.checking as checking
from descend.data.rows import Rows
from descend.errors import DataError, DivergedError, UsageError
from descend.layers import GRU, Dense, EachStep, Flatten, Members, Recurrent, Reshape, Sequential
from descend.losses import (
    BinaryCrossEntropy,
    CategoricalCrossEntropy,
    Combined,
    Ensemble,
    MultiLabelCrossEntropy,
    Poisson,
    SquaredError,
    Stepwise,
)
from descend.optimizers import SGD, Adam
from descend.training import Descent, fit

X = np.random.default_rng(0).normal(size=(120, 3))
LABELS = (X[:, 0] > 0).astype(int)
QUICK = Descent(Adam(0.03), epochs=40, batch_size=16)


def test_classes_by_default_for_integers() -> None:
    trained = fit(Sequential((Dense(8, "relu"), Dense(2))), X, LABELS, descent=QUICK)
    probabilities = trained.predict(X)
    np.testing.assert_allclose(probabilities.sum(axis=1), 1, rtol=1e-5)
    assert (probabilities.argmax(axis=1) == LABELS).mean() > 0.95


def test_numbers_by_default_for_floats() -> None:
    y = X @ [1.0, -2.0, 0.5] + 3
    trained = fit(Dense(1), X, y, descent=QUICK.replace(epochs=120), validation=0.25)
    np.testing.assert_allclose(trained.predict(X)[:, 0], y, atol=0.05)
    assert trained.history[-1].validation_loss is not None


def test_several_targets_of_mixed_kinds() -> None:
    loss = Combined((SquaredError(), BinaryCrossEntropy()), widths=(1, 1))
    y = ((X[:, :1] * 2).astype(np.float32), LABELS.astype(np.float32))
    trained = fit(Sequential((Dense(8, "tanh"), Dense(2))), X, y, loss=loss, descent=QUICK)
    number, probability = trained.predict(X)
    assert np.corrcoef(number[:, 0], X[:, 0])[0, 1] > 0.95
    assert ((probability > 0.5) == LABELS).mean() > 0.95


def test_several_labels_a_row() -> None:
    y = np.stack([X[:, 0] > 0, X[:, 1] > 0], axis=1).astype(float)
    trained = fit(Dense(2), X, y, loss=MultiLabelCrossEntropy(), descent=QUICK)
    assert ((trained.predict(X) > 0.5) == y).mean() > 0.95


def test_float32_and_float64_inputs_give_the_same() -> None:
    kwargs = {"descent": Descent(epochs=2)}
    one = fit(Dense(2), X, LABELS, **kwargs).predict(X)
    two = fit(Dense(2), X.astype(np.float32), LABELS, **kwargs).predict(X)
    np.testing.assert_array_equal(one, two)


@pytest.mark.parametrize(
    ("x", "y", "options", "error", "message"),
    [
        (X, LABELS[:-1], {}, DataError, "y must have 120 rows"),
        (np.where(X > 2, np.nan, X), LABELS, {}, DataError, "row .* NaN or infinity"),
        (X, np.where(LABELS, np.inf, 0.0), {}, DataError, "y must be finite"),
        (X, LABELS + 1, {}, DataError, "class code 2"),
        (X, LABELS - 1, {}, DataError, "smallest -1"),
        (X, LABELS, {"loss": BinaryCrossEntropy()}, UsageError, "needs 1 outputs"),
        (X, LABELS, {"weights": np.zeros(120)}, DataError, "all zero"),
        (X, LABELS, {"weights": -np.ones(120)}, DataError, "none negative"),
        (X, LABELS, {"weights": np.ones(3)}, DataError, "120 finite numbers"),
        (X, LABELS, {"validation": 1.5}, UsageError, "between 0 and 1"),
        (X, LABELS, {"validation": 0.001}, UsageError, "leaves no rows"),
        (X, LABELS, {"validation": "half"}, UsageError, "share between 0 and 1, got 'half'"),
        (X, LABELS, {"validation": (X,)}, UsageError, "got 1 parts"),
        (X, LABELS, {"validation": (X, LABELS, None, 1)}, UsageError, "got 4 parts"),
        (X, LABELS, {"validation": (X, LABELS + 1)}, DataError, "validation y has the class code"),
        (X, LABELS, {"validation": (X, LABELS - 1)}, DataError, "validation y is int64"),
        (X, LABELS, {"validation": (X, LABELS * 1.0)}, DataError, "validation y is float64"),
        (X, LABELS, {"validation": (X[:, :2], LABELS)}, DataError, "validation x must have rows"),
        (X, LABELS, {"validation": (X[:0], LABELS[:0])}, DataError, "validation x has no rows"),
        (X, LABELS, {"validation": (X, LABELS[:3])}, DataError, "validation y must have 120"),
        (X, LABELS, {"validation": (X, LABELS, -X[:, 0])}, DataError, "validation weights must"),
        (X, X[:, :2], {"validation": (X, X[:, :1])}, DataError, "validation y must have rows"),
        (X, X, {}, UsageError, "SquaredError needs 3 outputs for y, but the network gives 2"),
        (X, X[:, :2], {"loss": MultiLabelCrossEntropy()}, DataError, "0 or 1, one a label"),
        (X, X[:, :2], {"loss": Poisson()}, DataError, "counts, none negative; y goes down to"),
        (X, X[:, :, None], {}, DataError, "takes targets of shape"),
        (X, [["a"] * 2] * 120, {}, DataError, 'y must be numbers, got <U1, as "a"'),
        (X, None, {}, DataError, "y must be an array with a row an example, got None"),
        (X, (X[:, 0], LABELS), {}, DataError, "a tuple of 2 arrays: several targets need"),
        (X, X[:, 0] * 1e300, {}, DataError, "beyond float32"),
        (X * 1e300, LABELS, {}, DataError, "x must be finite numbers, but row 0 .* beyond float32"),
        (3, LABELS, {}, DataError, "x must be an array with a row an example, got 3"),
        ([[1, 2], [3]], LABELS, {}, DataError, "rows of equal length"),
        ([["a", "b"]], LABELS, {}, DataError, "x must be numbers"),
        (X.astype(int) + 2**40, LABELS, {}, DataError, "integers beyond 2,147,483,647"),
        ({}, LABELS, {}, DataError, "an empty dict"),
        (
            X,
            LABELS,
            {"loss": 3},
            UsageError,
            r"loss must be a spec such as SquaredError\(\), got 3",
        ),
        (X, LABELS, {"loss": SquaredError}, UsageError, "loss must be a spec"),
        (X, LABELS, {"optimizer": Adam()}, UsageError, r"descent=Descent\(Adam\(...\)\)"),
        (X, LABELS, {"optimizer": "adam"}, UsageError, "an optax transformation, got 'adam'"),
        (X, LABELS, {"on_epoch": 3}, UsageError, "on_epoch must be a function"),
        (X, LABELS, {"weights": np.full(120, np.inf)}, DataError, "120 finite numbers"),
        (X, LABELS, {"weights": ["a"] * 120}, DataError, "120 finite numbers"),
    ],
)
def test_bad_input_is_told(x, y, options, error, message) -> None:
    with pytest.raises(error, match=message):
        fit(Dense(2), x, y, descent=Descent(epochs=1), **options)


def test_a_network_must_end_in_a_vector() -> None:
    network = Sequential((Dense(4), Reshape((2, 2))))
    with pytest.raises(UsageError, match="one vector a row"):
        fit(network, X, LABELS, descent=Descent(epochs=1))
    fixed = Sequential((Dense(4), Reshape((2, 2)), Flatten(), Dense(2)))
    fit(fixed, X, LABELS, descent=Descent(epochs=1))


@pytest.mark.parametrize(
    ("network", "descent", "message"),
    [
        (3, None, "network must be a spec such as Sequential"),
        (Dense, None, "network must be a spec"),
        (Dense(2), Adam(), "descent must be a spec such as Descent"),
        (Dense(2), {"epochs": 3}, "descent must be a spec"),
        (Dense(1), None, "CategoricalCrossEntropy needs an output for each class of y, at least 2"),
    ],
)
def test_what_is_of_another_kind_is_told(network, descent, message) -> None:
    with pytest.raises(UsageError, match=message):
        fit(network, X, LABELS, descent=descent)


BOTH = Combined((SquaredError(), CategoricalCrossEntropy()), widths=(1, 2))


@pytest.mark.parametrize(
    ("y", "options", "error", "message"),
    [
        ((X[:, 0],), {}, DataError, "a tuple of 2 targets, one for each loss of Combined; got 1"),
        (X[:, :2], {}, DataError, "a tuple of 2 targets.* got a ndarray"),
        ((X, LABELS), {}, UsageError, r"SquaredError needs 3 outputs for y\[0\], but its width is"),
        ((X[:, 0], LABELS + 1), {}, DataError, r"y\[1\] has the class code 2"),
        ((X[:, 0], LABELS[1:]), {}, DataError, r"y\[1\] must have 120 rows"),
        ((X[:, 0], X[:, 0]), {}, DataError, r"y\[1\] is float64"),
        ((X[:, 0], LABELS), {"network": Dense(4)}, UsageError, "needs 3 outputs, the sum of its"),
        (
            (X[:, 0], LABELS),
            {"validation": (X, (X[:, 0], LABELS + 1))},
            DataError,
            r"validation y\[1\] has the class code 2",
        ),
        (
            (X[:, 0], LABELS),
            {"validation": (X, (X[:, :2], LABELS))},
            DataError,
            "validation y must have rows of the shape of those of y",
        ),
        ((X[:, 0], LABELS), {"validation": (X, LABELS)}, DataError, "validation y must be a tuple"),
    ],
)
def test_bad_targets_of_several_losses_are_told(y, options, error, message) -> None:
    options = {"network": Dense(3)} | options
    with pytest.raises(error, match=message):
        fit(x=X, y=y, loss=BOTH, descent=Descent(epochs=1), **options)


def test_lists_are_as_good_as_arrays() -> None:
    quick = {"descent": Descent(epochs=2, seed=3)}
    arrays = fit(Dense(2), X, LABELS, validation=(X, LABELS), **quick)
    lists = fit(
        Dense(2), X.tolist(), LABELS.tolist(), validation=(X.tolist(), LABELS.tolist()), **quick
    )
    assert lists.loss == arrays.loss == CategoricalCrossEntropy()
    np.testing.assert_array_equal(lists.predict(X.tolist()), arrays.predict(X))
    tuples = fit(Dense(2), tuple(map(tuple, X.tolist())), tuple(LABELS.tolist()), **quick)
    assert tuples.loss == arrays.loss
    parts = fit(Dense(3), X.tolist(), [X[:, 0].tolist(), LABELS.tolist()], loss=BOTH, **quick)
    assert len(parts.predict(X)) == 2


def test_an_ensemble_of_classes_is_checked_by_member() -> None:
    loss = Ensemble(CategoricalCrossEntropy(), 3)
    network = Members(Dense(2), 3)
    trained = fit(network, X, LABELS, loss=loss, descent=Descent(Adam(0.1), epochs=5))
    assert (trained.predict(X).argmax(axis=1) == LABELS).mean() > 0.9
    with pytest.raises(DataError, match="class code 2, but the network's 2 outputs"):
        fit(network, X, LABELS + 1, loss=loss)
    with pytest.raises(UsageError, match="cannot be shared by 3 members"):
        fit(Dense(4), X, LABELS, loss=loss)


def test_weights_of_validation_rows_count() -> None:
    first = np.arange(120) < 60
    options = {"descent": Descent(epochs=2)}
    weighed = fit(Dense(2), X, LABELS, validation=(X, LABELS, first * 7.0), **options)
    alone = fit(Dense(2), X, LABELS, validation=(X[first], LABELS[first]), **options)
    for one, two in zip(weighed.history, alone.history, strict=True):
        assert one.validation_loss == pytest.approx(two.validation_loss, rel=1e-5)


@pytest.mark.parametrize("scale", [1e-300, 1e-30, 1e35, 1e300])
def test_only_how_weights_compare_counts(scale) -> None:
    weights = np.random.default_rng(1).uniform(0.5, 2, 120)
    options = {"descent": Descent(epochs=2), "validation": (X, LABELS, weights * scale)}
    plain = fit(Dense(2), X, LABELS, weights=weights, **options)
    scaled = fit(Dense(2), X, LABELS, weights=weights * scale, **options)
    np.testing.assert_allclose(scaled.predict(X), plain.predict(X), rtol=1e-5)


def test_weights_far_apart_are_named_where_a_run_diverges() -> None:
    weights = np.where(np.arange(120) == 5, 1e6, 1.0)
    descent = Descent(SGD(1e3), epochs=20)
    with pytest.raises(DivergedError, match="the heaviest weighs 120 times the mean"):
        fit(Dense(1), X, X[:, 0] * 100, weights=weights, descent=descent)
    with pytest.raises(DivergedError) as caught:
        fit(Dense(1), X, X[:, 0] * 100, descent=descent)
    assert "weights of the rows" not in str(caught.value)


def test_inputs_in_a_file_are_checked_piece_by_piece(tmp_path, monkeypatch) -> None:
    monkeypatch.setattr(checking, "CHECKED", 50)
    x = X.astype(np.float32)
    x[77, 1] = np.nan
    (tmp_path / "rows").write_bytes(x.tobytes())
    rows = Rows(tmp_path / "rows", np.float32, (3,))
    with pytest.raises(DataError, match="row 77 has NaN"):
        fit(Dense(2), rows, LABELS)


def steps_of(layer):
    return Sequential((Recurrent(GRU(8), return_sequences=True), EachStep(layer)))


def test_a_target_at_each_step() -> None:
    draws = np.random.default_rng(0)
    x = draws.normal(size=(300, 6, 2)).astype(np.float32)
    sums = np.cumsum(x[..., 0], axis=1)
    descent = Descent(Adam(0.02), epochs=20)
    each = Stepwise(CategoricalCrossEntropy())
    codes = (sums > 0).astype(int)
    trained = fit(steps_of(Dense(2)), x, codes, loss=each, descent=descent, validation=0.2)
    assert trained.predict(x).shape == (300, 6, 2)
    assert (trained.predict(x).argmax(-1) == codes).mean() > 0.9
    trained = fit(steps_of(Dense(1)), x, sums, loss=Stepwise(SquaredError()), descent=descent)
    assert np.mean((trained.predict(x)[..., 0] - sums) ** 2) < 0.5 * sums.var()


@pytest.mark.parametrize(
    ("network", "y", "options", "error", "message"),
    [
        (steps_of(Dense(2)), np.zeros((9, 4), int), {}, UsageError, "at each of the 4 steps"),
        (Recurrent(GRU(2)), np.zeros((9, 5), int), {}, UsageError, r"gives shape \(2,\) a row"),
        (steps_of(Dense(2)), np.zeros(9, int), {}, DataError, r"\(rows, time\).*y is \(9,\)"),
        (steps_of(Dense(2)), np.full((9, 5), 2), {}, DataError, "class code 2, but"),
        (steps_of(Dense(1)), np.zeros((9, 5), int), {}, UsageError, "at least 2"),
        (
            steps_of(Dense(2)),
            np.zeros((9, 5), int),
            {"validation": (np.zeros((1, 5, 2)), np.full((1, 5), 3))},
            DataError,
            "validation y has the class code 3",
        ),
        (steps_of(Dense(2)), np.zeros((9, 5), int), {"loss": None}, DataError, "is for Stepwise"),
    ],
)
def test_targets_of_steps_that_do_not_fit_are_told(network, y, options, error, message) -> None:
    options = {"loss": Stepwise(CategoricalCrossEntropy()), **options}
    with pytest.raises(error, match=message):
        fit(network, np.zeros((9, 5, 2)), y, **options)


def test_steps_are_all_real() -> None:
    x = {"values": np.zeros((9, 5, 2)), "length": np.full(9, 5)}
    with pytest.raises(UsageError, match="sequences of one length"):
        fit(steps_of(Dense(2)), x, np.zeros((9, 5), int), loss=Stepwise(CategoricalCrossEntropy()))
