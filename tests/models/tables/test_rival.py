"""Training the linear rival."""

import jax
import numpy as np
import pytest

from descend.layers import Dense, Layer, LogMel, Parallel, Sequential
from descend.layers import GlobalPooling as Pooling
from descend.losses import CategoricalCrossEntropy
from descend.models.tables import rival as rival_module
from descend.models.tables.rival import train_rival
from descend.training import Examples, raw_outputs

LOSS = CategoricalCrossEntropy()


@pytest.fixture
def tones(monkeypatch):
    """Sounds of three pitches, with noise, that pass for many numbers."""
    monkeypatch.setattr(rival_module, "MANY", 0)
    rng = np.random.default_rng(0)
    y = rng.integers(0, 3, 90)
    pitch = np.array([200.0, 500.0, 900.0])[y] * rng.uniform(0.9, 1.1, 90)
    waves = np.sin(2 * np.pi * pitch[:, None] * np.arange(1200) / 4000)
    values = (8000 * (waves + 0.3 * rng.normal(size=waves.shape))).astype(np.int16)
    x = {"sound": {"values": values, "length": np.full(90, 1200, np.int32)}}
    pick = [
        jax.tree.map(lambda a, part=part: a[part], (x, y)) for part in np.split(np.arange(90), [60])
    ]
    return [Examples(*some) for some in pick]


def rival(*fixed: Layer) -> Sequential:
    return Sequential((Parallel((Sequential(fixed),), inputs=("sound",)), Dense(3)))


def test_a_rival_of_spectra_fits_the_whole_network_and_computes_them_once(tones, monkeypatch):
    train, validation = tones
    network = rival(LogMel(4000, 128, 64, 16, picture=False), Pooling("mean"))
    passes = []
    spectra = LogMel.apply

    def counted(self, params, state, x, **asked):
        passes.append(asked["train"])
        return spectra(self, params, state, x, **asked)

    monkeypatch.setattr(LogMel, "apply", counted)
    params = train_rival(network, LOSS, train, validation, seed=0)
    assert set(passes) == {False}  # traced for inference alone, in no step
    whole = network.init(jax.random.key(0), {"sound": {"values": (1200,), "length": ()}})[0]
    assert jax.tree.map(np.shape, params) == jax.tree.map(np.shape, whole)
    found = raw_outputs(network, params, {}, validation.x)
    assert np.mean(found.argmax(axis=1) == validation.y) > 0.9


def test_a_rival_without_validation_rows(tones):
    train, _ = tones
    none = Examples(*jax.tree.map(lambda a: a[:0], (train.x, train.y)))
    network = rival(LogMel(4000, 128, 64, 16, picture=False), Pooling("mean"))
    params = train_rival(network, LOSS, train, none, seed=0)
    found = raw_outputs(network, params, {}, train.x)
    assert np.mean(found.argmax(axis=1) == train.y) > 0.9
