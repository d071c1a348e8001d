"""Memories: descending energies, perfect recall below capacity, failure above it."""

import numpy as np
import pytest

from descend.errors import DataError, UsageError
from descend.feedback import (
    ContinuousHopfield,
    DenseMemory,
    Hopfield,
    HopfieldTank,
    PolynomialMemory,
)
from descend.fixed_point import UnsettledWarning

UNITS = 120


def patterns(count, seed=0, units=UNITS):
    return np.random.default_rng(seed).choice([-1, 1], (count, units))


def noisy(stored, share, seed=1):
    flips = np.random.default_rng(seed).random(stored.shape) < share
    return np.where(flips, -stored, stored)


def rises(energies):
    return float(np.diff(np.array(energies), axis=0).max())


@pytest.mark.parametrize("rule", ["hebb", "pseudo-inverse", "storkey"])
@pytest.mark.parametrize("updates", ["asynchronous", "blockwise", "synchronous"])
def test_stored_patterns_are_recalled_from_noise(rule, updates):
    stored = patterns(6)
    memory = Hopfield(stored, rule)
    recall = memory.recall(noisy(stored, 0.08), updates)
    assert memory.overlap(recall.states, stored).mean() > 0.99
    assert recall.settled


@pytest.mark.parametrize("rule", ["hebb", "pseudo-inverse", "storkey"])
def test_asynchronous_updates_never_raise_the_energy(rule):
    bias = np.random.default_rng(2).normal(size=UNITS) * 0.1
    memory = Hopfield(patterns(20), rule, bias)
    assert np.array_equal(memory.weights, memory.weights.T)
    recall = memory.recall(patterns(30, seed=5))
    assert rises(recall.energies) <= 1e-9
    assert recall.settled


def test_synchronous_updates_can_cycle():
    memory = Hopfield([[1, -1]])
    recall = memory.recall([[1, 1]], "synchronous", max_sweeps=9)
    assert not recall.settled
    assert memory.recall([[1, 1]], "asynchronous").settled


def test_a_unit_whose_sum_is_zero_keeps_its_state():
    """As in whole numbers, where nothing is rounded: sums are often 0 for an even number stored."""
    for seed in range(20):
        stored = patterns(4, seed, 30)
        queries = patterns(5, 100 + seed, 30)
        whole = (stored.T @ stored).astype(int)
        np.fill_diagonal(whole, 0)
        states, order = queries.astype(int), np.random.default_rng(seed).permutation(30)
        for unit in order:
            total = states @ whole[unit]
            states[:, unit] = np.where(total == 0, states[:, unit], np.sign(total))
        once = Hopfield(stored).recall(queries, max_sweeps=1, seed=seed)
        np.testing.assert_array_equal(once.states, states)


def test_hebb_fails_above_its_capacity_and_the_pseudo_inverse_does_not():
    stored = patterns(int(0.3 * UNITS))
    hebb, projection = Hopfield(stored), Hopfield(stored, "pseudo-inverse")
    assert hebb.overlap(hebb.recall(stored).states, stored).mean() < 0.8
    assert projection.overlap(projection.recall(stored).states, stored).mean() == 1.0


def test_storkey_follows_its_definition():
    stored = patterns(3, units=7).astype(float)
    weights = np.zeros((7, 7))
    for x in stored:
        old = weights.copy()
        for i in range(7):
            for j in range(7):
                if i != j:
                    h_ij = sum(old[i, k] * x[k] for k in range(7) if k not in (i, j))
                    h_ji = sum(old[j, k] * x[k] for k in range(7) if k not in (i, j))
                    weights[i, j] += (x[i] * x[j] - x[i] * h_ji - h_ij * x[j]) / 7
    np.testing.assert_allclose(Hopfield(stored, "storkey").weights, weights)


@pytest.mark.parametrize(
    ("make", "error"),
    [
        (lambda: Hopfield([[0, 1]]), DataError),
        (lambda: Hopfield([[1, -1]], "hebbian"), UsageError),
        (lambda: Hopfield(np.ones((0, 3))), DataError),
        (lambda: Hopfield([[1, -1]], bias=[1.0]), DataError),
        (lambda: Hopfield([[1, -1]]).recall([[1, 1, 1]]), DataError),
        (lambda: Hopfield([[1, -1]]).recall([[1, 1]], "random"), UsageError),
        (lambda: DenseMemory([[np.nan]]), DataError),
        (lambda: DenseMemory([[1.0]], beta=-1), UsageError),
        (lambda: DenseMemory([[1.0]]).retrieve([[1.0, 2.0]]), DataError),
        (lambda: PolynomialMemory([[1]], order=1), UsageError),
        (lambda: ContinuousHopfield([[0, 1], [2, 0]]), DataError),
        (lambda: HopfieldTank().solve(np.zeros((2, 2))), DataError),
    ],
)
def test_bad_memories_are_refused(make, error):
    with pytest.raises(error):
        make()


def test_dense_memory_holds_more_patterns_than_units():
    stored = patterns(600, units=100).astype(float)
    memory = DenseMemory(stored, beta=0.3)
    found = memory.retrieve(noisy(stored[:40], 0.1))
    assert (np.sign(found.states) == stored[:40]).mean() > 0.999
    np.testing.assert_allclose(found.attention.sum(axis=1), 1.0, rtol=1e-5)


def test_dense_memory_descends_and_small_beta_gives_the_mean():
    stored = np.random.default_rng(0).normal(size=(5, 8))
    query = np.random.default_rng(1).normal(size=(3, 8))
    memory = DenseMemory(stored, beta=0.5)
    energies = [
        np.asarray(memory.energy(memory.retrieve(query, max_steps=k, warn=False).states))
        for k in range(1, 6)
    ]
    assert rises(energies) <= 1e-5
    mean = DenseMemory(stored, beta=1e-3).retrieve(query).states
    np.testing.assert_allclose(mean, np.tile(stored.mean(axis=0), (3, 1)), atol=0.01)


def test_an_unsettled_retrieval_warns():
    stored = np.random.default_rng(0).normal(size=(5, 8))
    memory = DenseMemory(stored, beta=0.5)
    with pytest.warns(UnsettledWarning):
        np.asarray(memory.retrieve(stored, max_steps=1, tolerance=1e-9).states)


def test_polynomial_memory_beyond_the_hebbian_capacity():
    stored = patterns(60, units=60)
    memory = PolynomialMemory(stored, order=4)
    recall = memory.recall(noisy(stored[:10], 0.05))
    assert (recall.states == stored[:10]).mean() > 0.99
    assert rises(recall.energies) <= 1e-9


def test_continuous_network_descends():
    weights = np.random.default_rng(0).normal(size=(12, 12))
    network = ContinuousHopfield((weights + weights.T) / 2, gain=2.0)
    start = np.random.default_rng(1).uniform(-0.5, 0.5, (4, 12))
    v, energies = network.settle(start, steps=400, time_step=0.05)
    assert rises(energies) <= 1e-4
    np.testing.assert_allclose(v, np.tanh(2.0 * (v @ network.weights)), atol=0.02)


def test_hopfield_tank_is_mostly_invalid():
    xy = np.random.default_rng(0).random((8, 2))
    distances = np.hypot(*(xy[:, None] - xy).transpose(2, 0, 1))
    report = HopfieldTank().solve(distances, runs=40, steps=3000)
    assert 0 < report.valid < 0.9
    assert sorted(report.tour.tolist()) == list(range(8))
    assert report.length == report.lengths.min()


def test_faces_are_restored_from_halves(shared_data):
    from scipy.io import loadmat

    faces = loadmat(shared_data / "images" / "olivetti" / "olivettifaces.mat")["faces"]
    images = faces.T[:100].astype(float)
    units = np.where(images > np.median(images, axis=1, keepdims=True), 1, -1)[::5]
    memory = Hopfield(units, "pseudo-inverse")
    half = units.copy()
    half[:, : units.shape[1] // 2] = -1
    before = memory.overlap(half, units).mean()
    after = memory.overlap(memory.recall(half, "blockwise", block=256).states, units).mean()
    assert before < 0.6
    assert after > 0.95
