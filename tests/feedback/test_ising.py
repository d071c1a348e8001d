"""Energies, validation, spectrum and greedy descent."""

import warnings
from itertools import product

import numpy as np
import pytest
from scipy import sparse

from descend.errors import DataError
from descend.feedback.descent import descend_greedily
from descend.feedback.ising import Ising, WeightRangeWarning, check_memory
from descend.feedback.spectrum import extreme_eigenvalues


def symmetric(n, seed=0, density=1.0):
    rng = np.random.default_rng(seed)
    matrix = np.triu(rng.normal(size=(n, n)) * (rng.random((n, n)) < density), 1)
    return matrix + matrix.T


def test_energy_is_the_sum_over_pairs():
    rng = np.random.default_rng(1)
    j, h = symmetric(6), rng.normal(size=6)
    for s in product((-1, 1), repeat=6):
        pairs = sum(j[a, b] * s[a] * s[b] for a in range(6) for b in range(a))
        expected = pairs + h @ np.array(s) + 3.0
        assert Ising(h, j, 3.0).energies([s])[0] == pytest.approx(expected)


@pytest.mark.parametrize("shape", ["symmetric", "triangular", "sparse"])
def test_qubo_energy_is_the_quadratic_form(shape):
    rng = np.random.default_rng(2)
    q = rng.normal(size=(5, 5))
    q = {"symmetric": q + q.T, "triangular": np.triu(q), "sparse": sparse.csr_array(q)}[shape]
    linear = rng.normal(size=5)
    problem = Ising.from_qubo(q, linear, 0.5)
    for x in product((0, 1), repeat=5):
        x = np.array(x, float)
        assert problem.energies([2 * x - 1])[0] == pytest.approx(x @ (q @ x) + linear @ x + 0.5)


def test_edges_add_up_and_loops_are_constants():
    problem = Ising.from_edges(3, [0, 1, 2], [1, 0, 2], [1.0, 2.0, 5.0])
    assert problem.energies([[1, 1, 1]])[0] == pytest.approx(8.0)
    assert problem.energies([[1, -1, 1]])[0] == pytest.approx(2.0)


def test_a_diagonal_is_a_constant():
    problem = Ising([0.0, 0.0], [[4.0, 1.0], [1.0, 2.0]])
    assert problem.energies([[1, -1]])[0] == pytest.approx(3.0 - 1.0)


def test_sparse_and_dense_agree():
    matrix = symmetric(400, density=0.02)
    large = Ising(np.zeros(400), sparse.csr_array(matrix))
    assert large.is_sparse
    s = np.random.default_rng(0).choice([-1, 1], (4, 400))
    np.testing.assert_allclose(large.energies(s), 0.5 * np.einsum("ri,ij,rj->r", s, matrix, s))


@pytest.mark.parametrize(
    ("fields", "couplings", "message"),
    [
        ([0, 0], [[0, 1, 2], [1, 0, 2]], "square"),
        ([0, 0], [[0, 1], [2, 0]], "symmetric.*row 0, column 1"),
        ([0, np.nan], [[0, 1], [1, 0]], "field 1 is nan"),
        ([0, 0], [[0, np.inf], [np.inf, 0]], "row 0, column 1.*inf"),
        ([0, 0, 0], [[0, 1], [1, 0]], "one field for each of 2"),
        ([0, 0], [["a", 1], [1, 0]], "matrix of numbers"),
    ],
)
def test_bad_problems_are_refused(fields, couplings, message):
    with pytest.raises(DataError, match=message):
        Ising(fields, couplings)


def test_bad_edges_are_refused():
    with pytest.raises(DataError, match="names spin 3"):
        Ising.from_edges(3, [0], [3], [1.0])
    with pytest.raises(DataError, match="as many first ends"):
        Ising.from_edges(3, [0, 1], [2], [1.0])


def test_wide_ranges_warn_and_are_still_solved():
    with pytest.warns(WeightRangeWarning, match="run from"):
        problem = Ising([1e-9, 0.0], [[0, 1e6], [1e6, 0]])
    found = descend_greedily(problem, [[1, 1], [1, -1]])
    assert problem.energies(found).min() == pytest.approx(-1e6)


def test_too_large_a_matrix_is_refused_with_its_bytes():
    with pytest.raises(DataError, match=r"800,000,000,000 bytes"):
        check_memory(10**11, "a matrix")


def test_spectrum_matches_numpy():
    matrix = symmetric(200)
    low, high = extreme_eigenvalues(matrix, steps=60)
    exact = np.linalg.eigvalsh(matrix)
    assert low == pytest.approx(exact[0], rel=0.01)
    assert high == pytest.approx(exact[-1], rel=0.01)
    assert extreme_eigenvalues(np.zeros((3, 3))) == (0.0, 0.0)
    assert extreme_eigenvalues(np.zeros((0, 0))) == (0.0, 0.0)


@pytest.mark.parametrize("density", [1.0, 0.05])
def test_greedy_descent_ends_where_no_flip_helps(density):
    n = 300
    matrix = symmetric(n, density=density)
    problem = Ising(np.random.default_rng(0).normal(size=n), sparse.csr_array(matrix))
    start = np.random.default_rng(1).choice([-1, 1], (6, n))
    end = descend_greedily(problem, start)
    assert (problem.energies(end) < problem.energies(start)).all()
    gains = end * (end @ matrix + problem.fields)
    assert gains.max() <= 1e-9


def test_no_warning_for_ordinary_weights():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        Ising(np.zeros(3), symmetric(3))
