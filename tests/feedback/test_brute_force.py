"""Answers beside every possible answer, on problems small enough to list them all."""

from itertools import permutations, product

import numpy as np
import pytest

from descend.feedback import Ising, minimize
from descend.feedback.problems import (
    Coloring,
    Knapsack,
    MachineAssignment,
    MaxCut,
    NumberPartition,
    QuadraticAssignment,
    TravellingSalesman,
    fewest_colors,
    solve,
)

QUICK = {"seed": 0, "num_reads": 32, "num_steps": 200}
SEEDS = range(3)


def states(size):
    return np.array(list(product((-1, 1), repeat=size)))


@pytest.mark.parametrize("scale", [1.0, 1e-200, 1e60])
@pytest.mark.parametrize("seed", SEEDS)
def test_ground_states_with_fields(seed, scale):
    """Also where the weights are beyond single precision, in which the dynamics work."""
    rng = np.random.default_rng(seed)
    n = int(rng.integers(2, 11))
    upper = np.triu(rng.normal(size=(n, n)), 1)
    fields = rng.normal(size=n)
    problem = Ising(scale * fields, scale * (upper + upper.T))
    lowest = min(s @ upper @ s + fields @ s for s in states(n))
    found = minimize(problem, **{**QUICK, "seed": seed})
    assert found.energy == pytest.approx(scale * lowest)


def test_states_of_huge_weights_are_those_of_small_ones():
    """A power of two changes no digit, so that the dynamics take the same steps."""
    upper = np.triu(np.random.default_rng(0).normal(size=(40, 40)), 1)
    couplings, fields = upper + upper.T, upper[0]
    for algorithm in ("dsb", "nmfa"):
        small, huge = (
            minimize(Ising(unit * fields, unit * couplings), algorithm=algorithm, **QUICK)
            for unit in (1.0, 2.0**400)
        )
        np.testing.assert_array_equal(small.amplitudes, huge.amplitudes)
        np.testing.assert_array_equal(small.energies * 2.0**400, huge.energies)


@pytest.mark.parametrize("seed", SEEDS)
def test_cuts(seed):
    rng = np.random.default_rng(seed)
    nodes, edges = 7, 15
    ends, weights = rng.integers(0, nodes, (2, edges)), rng.normal(size=edges)
    problem = MaxCut(nodes, *ends, weights)
    cuts = [weights[s[ends[0]] != s[ends[1]]].sum() for s in states(nodes)]
    np.testing.assert_allclose(problem.encode().energies(states(nodes)), -np.array(cuts), atol=1e-9)
    assert solve(problem, **QUICK).repaired.cost == pytest.approx(max(cuts))


@pytest.mark.parametrize("seed", SEEDS)
def test_chromatic_numbers(seed):
    rng = np.random.default_rng(seed)
    nodes = 6
    pairs = [(i, j) for i in range(nodes) for j in range(i) if rng.random() < 0.6]
    fewest = next(
        k
        for k in range(1, nodes + 1)
        if any(all(c[i] != c[j] for i, j in pairs) for c in product(range(k), repeat=nodes))
    )
    first, second = np.array(pairs).T
    colors, report = fewest_colors(nodes, first, second, **QUICK)
    assert colors == fewest
    assert report is None or report.repaired.feasible
    # A start that is too low is no colouring found.
    assert fewest_colors(nodes, first, second, start=1, **QUICK)[0] >= fewest


def test_as_many_colors_as_are_used():
    """Of colours 0 and 2, two are used."""
    found, report = fewest_colors(4, [0, 1, 2], [1, 2, 3], start=3, **QUICK)
    assert found == 2
    assert report is None or len(set(report.repaired.value.tolist())) == 2


@pytest.mark.parametrize("seed", SEEDS)
def test_partitions(seed):
    numbers = np.random.default_rng(seed).integers(1, 100, 9)
    least = min(abs(numbers @ s) for s in states(9))
    assert solve(NumberPartition(numbers), **QUICK).repaired.cost == least


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("cities", [2, 5])
def test_tours(seed, cities):
    d = np.random.default_rng(seed).random((cities, cities))
    tours = [(0, *rest) for rest in permutations(range(1, cities))]
    shortest = min(sum(d[t[k - 1], t[k]] for k in range(cities)) for t in tours)
    for algorithm in ("auto", "dsb"):
        report = solve(TravellingSalesman(d), algorithm=algorithm, **QUICK)
        assert report.repaired.cost == pytest.approx(shortest)


@pytest.mark.parametrize("seed", SEEDS)
def test_assignments(seed):
    flow, distance = np.random.default_rng(seed).normal(size=(2, 4, 4))
    cheapest = min((flow * distance[np.ix_(p, p)]).sum() for p in permutations(range(4)))
    found = solve(QuadraticAssignment(flow, distance), **QUICK).repaired
    assert found.cost == pytest.approx(cheapest)


@pytest.mark.parametrize(
    "problem", [TravellingSalesman([[0, 2], [3, 0]]), QuadraticAssignment([[5]], [[1]])]
)
def test_the_smallest_permutations_within_a_time(problem):
    """One city to place, one facility: the square has one place."""
    report = solve(problem, timeout=0.2, seed=0, num_reads=2, num_steps=10)
    assert report.repaired.feasible
    assert report.repaired.cost == 5


@pytest.mark.parametrize("seed", SEEDS)
def test_the_lowest_state_of_a_knapsack_is_its_best_choice(seed):
    rng = np.random.default_rng(seed)
    values, weights, capacity = rng.integers(0, 20, 6), rng.integers(1, 12, 6), 15
    pairs = np.triu(rng.integers(0, 6, (6, 6)), 1)
    problem = Knapsack(values, weights, capacity, pairs)
    choices = (states(6) + 1) // 2
    best = max(x @ values + x @ pairs @ x for x in choices if x @ weights <= capacity)
    energy = problem.encode()
    every = states(energy.size)
    lowest = problem.decode(every[energy.energies(every).argmin()])
    assert lowest.feasible
    assert lowest.cost == best == solve(problem, **QUICK).repaired.cost


@pytest.mark.parametrize("chosen", [[1, 0, 1], [True, False, True], np.array([1, 0, 1])])
def test_a_choice_of_items_is_ones_and_zeros(chosen):
    """Not the numbers of items, as which NumPy would take them."""
    answer = Knapsack([10, 20, 40], [1, 2, 4], 6).judge(chosen)
    assert answer.cost == 50
    assert answer.value.tolist() == [1, 0, 1]


@pytest.mark.parametrize("seed", SEEDS)
def test_loads_of_machines(seed):
    times = np.random.default_rng(seed).integers(0, 20, (5, 3)).astype(float)
    times[0, 0] = np.inf
    loads = [
        max(sum(times[j, m] for j, m in enumerate(a) if m == k) for k in range(3))
        for a in product(range(3), repeat=5)
    ]
    assert solve(MachineAssignment(times), **QUICK).repaired.cost == min(loads)


@pytest.mark.parametrize(
    "problem",
    [
        MaxCut(9, range(9), [*range(1, 9), 0]),
        Coloring(5, range(5), [1, 2, 3, 4, 0], 3),
        TravellingSalesman(np.random.default_rng(0).random((6, 6))),
    ],
)
@pytest.mark.parametrize("algorithm", ["auto", "gsb", "cac", "nmfa"])
def test_a_seed_gives_the_same_answer_again(problem, algorithm):
    first, second = (
        solve(problem, algorithm=algorithm, seed=7, num_reads=8, num_steps=30) for _ in range(2)
    )
    np.testing.assert_array_equal(first.result.spins, second.result.spins)
    np.testing.assert_array_equal(first.result.amplitudes, second.result.amplitudes)
    assert first.repaired.cost == second.repaired.cost
