"""The search: every algorithm, bad arguments, reuse of compiled programs."""

import numpy as np
import pytest
from scipy.optimize import linear_sum_assignment

from descend.errors import DataError, UsageError
from descend.feedback import Ising, minimize
from descend.feedback.dynamics import ALGORITHMS
from descend.feedback.dynamics.rule import evolve
from descend.feedback.problems.permutation import add_permutation
from descend.feedback.problems.quadratic import Quadratic


def ring(n=10):
    return Ising.from_edges(n, range(n), [(k + 1) % n for k in range(n)], np.ones(n))


@pytest.mark.parametrize(
    "algorithm", ["auto", *(name for name in ALGORITHMS if name != "softassign")]
)
def test_every_algorithm_solves_a_ring(algorithm):
    groups = [[0, 1]] if algorithm == "potts" else None
    result = minimize(
        ring(), algorithm=algorithm, num_reads=8, num_steps=300, seed=0, groups=groups
    )
    assert result.energy == -10
    assert result.spins.shape == result.amplitudes.shape == (8, 10)
    assert result.spins.dtype == np.int8
    np.testing.assert_allclose(result.energies, ring().energies(result.spins))


def test_potts_keeps_groups_one_hot():
    rng = np.random.default_rng(0)
    groups = np.arange(12).reshape(4, 3)
    problem = Ising.from_qubo(np.triu(rng.normal(size=(12, 12)) * 0.1))
    knobs = {"num_reads": 8, "num_steps": 100, "seed": 0}
    amplitudes = minimize(problem, algorithm="potts", groups=groups, **knobs).amplitudes
    shares = (amplitudes.reshape(8, 4, 3) + 1) / 2
    np.testing.assert_allclose(shares.sum(axis=2), 1.0, atol=0.05)


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_soft_assignment_keeps_rows_and_columns_one_hot(seed):
    rng = np.random.default_rng(seed)
    groups = np.arange(16).reshape(4, 4)
    terms = Quadratic(16)
    add_permutation(terms, 4, 2.0)
    terms.linear += rng.random(16)
    result = minimize(
        terms.ising(), algorithm="softassign", groups=groups, num_reads=8, num_steps=200, seed=0
    )
    tables = result.binary.reshape(8, 4, 4)
    assert (tables.sum(axis=1) == 1).all()
    assert (tables.sum(axis=2) == 1).all()
    costs = terms.linear.reshape(4, 4)  # the penalty adds the same to each
    best = costs[linear_sum_assignment(costs)].sum()
    assert (tables[result.energies.argmin()] * costs).sum() == pytest.approx(best)


def test_reads_are_seeded():
    first, second, other = (
        minimize(ring(40), algorithm="dsb", num_reads=8, num_steps=20, seed=seed)
        for seed in (1, 1, 2)
    )
    np.testing.assert_array_equal(first.spins, second.spins)
    assert (first.spins != other.spins).any()
    assert minimize(ring(), num_reads=1, num_steps=5).seed >= 0


@pytest.mark.parametrize("steps", [1, 19, 20, 25, 50])
def test_as_many_steps_as_are_asked_for(steps):
    assert minimize(ring(), algorithm="dsb", num_reads=8, num_steps=steps, seed=0).steps == steps


def test_initial_states_are_kept_or_bettered():
    problem = ring(30)
    start = np.where(np.arange(30) % 2, 1, -1)[None]
    result = minimize(problem, num_reads=4, num_steps=1, initial_states=start, algorithm="nmfa")
    assert result.energies[0] == -30


def test_no_spins_and_no_weights():
    assert minimize(Ising([], np.zeros((0, 0)), 2.0), num_reads=3).energies.tolist() == [2.0] * 3
    assert minimize(Ising([0.0] * 4, np.zeros((4, 4))), num_reads=2, num_steps=5).energy == 0.0
    assert minimize(Ising([1.0, -2.0], np.zeros((2, 2))), num_reads=2, num_steps=5).energy == -3.0


def test_similar_sizes_share_programs():
    minimize(ring(40), algorithm="dsb", num_reads=8, num_steps=30, seed=0)
    before = evolve._cache_size()
    for n, steps in ((41, 50), (50, 33), (64, 30)):
        dense = Ising(np.ones(n), np.asarray(ring(n).couplings))
        minimize(dense, algorithm="dsb", num_reads=7, num_steps=steps, seed=0, time_step=0.3)
    assert evolve._cache_size() == before


def test_progress_and_interrupt():
    seen = []
    result = minimize(
        ring(60),
        algorithm="dsb",
        num_steps=10**6,
        progress=seen.append,
        interrupt_function=lambda: len(seen) > 2,
    )
    assert 2 < len(seen) < 100
    assert [p.energy for p in seen] == sorted((p.energy for p in seen), reverse=True)
    assert result.trace[-1].energy == result.energy


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"algorithm": "dsbx"}, 'Did you mean "dsb"'),
        ({"num_reads": 0}, "num_reads must be"),
        ({"num_steps": 1.5}, "num_steps must be"),
        ({"timeout": 0}, "timeout must be"),
        ({"algorithm": "potts"}, "needs groups"),
        ({"algorithm": "dsb", "dt": 1.0}, "no parameter 'dt'"),
        ({"time_step": 1.0}, "name an algorithm"),
    ],
)
def test_bad_arguments(arguments, message):
    with pytest.raises(UsageError, match=message):
        minimize(ring(), **arguments)


def test_short_searches_of_sparse_couplings_take_fewer_reads():
    large = Ising.from_edges(
        4000, range(4000), [(k + 1) % 4000 for k in range(4000)], np.ones(4000)
    )
    assert len(minimize(large, timeout=0.2, seed=0).spins) == 8
    assert len(minimize(large, timeout=0.2, seed=0, num_reads=3).spins) == 3
    assert len(minimize(ring(), num_steps=10, seed=0).spins) == 64


@pytest.mark.parametrize(
    ("states", "message"),
    [
        (np.ones((1, 9)), r"shape \(k, 10\)"),
        (np.zeros((1, 10)), "only -1 and"),
        (np.ones((9, 10)), "raise num_reads"),
    ],
)
def test_bad_initial_states(states, message):
    with pytest.raises(DataError, match=message):
        minimize(ring(), initial_states=states, num_reads=8)


def test_numbers_of_numpy_are_as_good_as_pythons():
    given = {"num_reads": 4, "num_steps": 100, "seed": 3, "timeout": None}
    as_numpy = {"num_reads": np.int64(4), "num_steps": np.uint16(100), "seed": np.int32(3)}
    for algorithm in ("dsb", "auto"):
        plain = minimize(ring(), algorithm=algorithm, **given)
        same = minimize(ring(), algorithm=algorithm, **as_numpy)
        np.testing.assert_array_equal(plain.spins, same.spins)
    with pytest.raises(UsageError, match="num_reads must be an integer"):
        minimize(ring(), num_reads=np.float64(4))
    with pytest.raises(UsageError, match="num_reads must be an integer"):
        minimize(ring(), num_reads=np.bool_(True))
