"""Inputs of more than two dimensions: pictures, and whatever a network of one's own reads."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.datasets import load_digits

from descend.errors import DataError, UsageError
from descend.estimators import NeuralClassifier, NeuralRegressor, NeuralTransformer
from descend.layers import Convolution, Flatten, MaxPooling, Sequential

IMAGES, Y = load_digits(return_X_y=True)
IMAGES = (IMAGES[:300] * 15).astype(np.uint8).reshape(-1, 8, 8)
Y = Y[:300]
SMALL = Sequential((Convolution(8, activation="relu"), MaxPooling(), Flatten()))


@pytest.mark.slow
def test_pictures_are_read_by_a_convolutional_network_and_kept(tmp_path):
    model = NeuralClassifier(max_epochs=12, random_state=0).fit(IMAGES, Y)
    assert "Convolution" in repr(model.network_)
    assert model.score(IMAGES, Y) > 0.5
    model.save(tmp_path / "digits.descend")
    again = NeuralClassifier.load(tmp_path / "digits.descend")
    np.testing.assert_array_equal(again.predict_proba(IMAGES[:9]), model.predict_proba(IMAGES[:9]))


@pytest.mark.parametrize("dtype", [np.uint8, np.float64, np.float32])
def test_a_network_of_ones_own_reads_arrays_as_they_are(dtype):
    rows = IMAGES[..., None].astype(dtype)
    model = NeuralClassifier(network=SMALL, max_epochs=5, learning_rate=0.01, random_state=0)
    model.fit(rows, Y)
    assert model.score(rows, Y) > 0.7
    assert NeuralTransformer(model).fit_transform(rows, Y).shape == (300, 4 * 4 * 8)
    with pytest.raises(UsageError, match="for tables"):
        model.save("never.descend")


def test_without_a_network_arrays_are_laid_out_flat():
    rows = IMAGES / 255.0
    model = NeuralClassifier((16,), max_epochs=20, random_state=0).fit(rows, Y)
    flat = NeuralClassifier((16,), max_epochs=20, random_state=0).fit(rows.reshape(300, 64), Y)
    assert [p.shape for p in model.params_["1_dense"].values()] == [
        p.shape for p in flat.params_["0_dense"].values()
    ]
    assert model.score(rows, Y) > 0.7
    NeuralRegressor((4,), max_epochs=2).fit(rows, Y.astype(float)).predict(rows)


@pytest.mark.parametrize("scale", ["standard", "minmax", "robust", "none"])
def test_arrays_are_scaled_as_a_whole(scale):
    rows = np.random.default_rng(0).normal(5, 3, (40, 3, 4))
    model = NeuralRegressor((4,), scale=scale, max_epochs=1).fit(rows, rows[:, 0, 0])
    inputs = model.preprocessing_.transform(rows)
    assert inputs.dtype == np.float32
    center, spread = model.preprocessing_.center, model.preprocessing_.spread
    np.testing.assert_allclose(inputs, (rows - center) / spread, rtol=1e-5)
    if scale == "standard":
        assert abs(inputs.mean()) < 1e-5
        assert abs(inputs.std() - 1) < 1e-5


def test_wrong_arrays_are_named():
    rows = IMAGES / 255.0
    model = NeuralClassifier((4,), max_epochs=1).fit(rows, Y)
    with pytest.raises(DataError, match=r"shape \(8, 7\), but .* \(8, 8\)"):
        model.predict(rows[:, :, :7])
    with pytest.raises(ValueError, match="NaN"):
        NeuralClassifier((4,)).fit(np.where(rows > 0.9, np.nan, rows), Y)
    with pytest.raises(DataError, match="fitted on a table"):
        NeuralClassifier((4,), max_epochs=1).fit(rows.reshape(300, 64)[:, :8], Y).predict(rows)


def test_digits_are_not_mirrored_and_other_pictures_are():
    few, names = IMAGES[:60], np.array(["cat", "dog"])[Y[:60] % 2]
    digits = NeuralClassifier(max_epochs=1, random_state=0).fit(few, Y[:60])
    animals = NeuralClassifier(max_epochs=1, random_state=0).fit(few, names)
    assert "Mirror" not in repr(digits.network_)
    assert "Mirror" in repr(animals.network_)
