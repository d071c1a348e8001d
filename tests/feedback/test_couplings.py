"""Couplings on the device: every operator gives the product with the matrix it stands for."""

import numpy as np
import pytest
from scipy import sparse

from descend.feedback.couplings import Dense, Edges, Products, on_device, padded_size
from descend.feedback.ising import Ising
from descend.feedback.problems import QuadraticAssignment, TravellingSalesman


def product_with(problem: Ising, states: np.ndarray) -> tuple[type, np.ndarray]:
    padded = np.zeros((padded_size(problem.size), states.shape[1]), np.float32)
    padded[: problem.size] = states
    operator = on_device(problem, 0.5)
    product = np.asarray(operator.pull(padded))
    np.testing.assert_array_equal(product[problem.size :], 0)
    return type(operator), product[: problem.size]


def symmetric(size, share, rng):
    matrix = np.triu(rng.normal(size=(size, size)) * (rng.random((size, size)) < share), 1)
    return matrix + matrix.T


@pytest.mark.parametrize("kind", [Dense, Edges, "tour", "one-way tour", "assignment"])
def test_products_equal_those_in_numpy(kind):
    rng = np.random.default_rng(0)
    distances = rng.random((18, 18))
    problem = {
        Dense: lambda: Ising(np.zeros(70), symmetric(70, 1.0, rng)),
        Edges: lambda: Ising(np.zeros(300), sparse.csr_array(symmetric(300, 0.02, rng))),
        "tour": lambda: TravellingSalesman(distances + distances.T).encode(),
        "one-way tour": lambda: TravellingSalesman(distances).encode(),
        "assignment": lambda: QuadraticAssignment(distances, rng.random((18, 18))).encode(),
    }[kind]()
    states = rng.choice([-1.0, 1.0], (problem.size, 8))
    found, product = product_with(problem, states)
    assert found is (kind if isinstance(kind, type) else Products)
    expected = -0.5 * (problem.couplings @ states)
    np.testing.assert_allclose(product, expected, rtol=1e-4, atol=1e-4 * np.abs(expected).max())


def test_buckets_are_few_and_large_enough():
    sizes = {padded_size(n) for n in range(1, 4097)}
    assert len(sizes) < 32
    assert all(n <= padded_size(n) <= max(8, 1.25 * n + 1) or n < 65 for n in range(1, 4097))
