"""Fitting composed networks to arrays."""

from __future__ import annotations

import numpy as np
import pytest

from descend.errors import DataError, UsageError
from descend.layers import Dense, Flatten, Reshape, Sequential
from descend.losses import BinaryCrossEntropy, Combined, MultiLabelCrossEntropy, SquaredError
from descend.optimizers import Adam
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
