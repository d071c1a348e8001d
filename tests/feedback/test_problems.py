"""Problems: energies equal costs, decoding, feasibility, repairs, published optima."""

import json
from itertools import combinations, permutations, product

import dimod
import numpy as np
import pytest

from descend.errors import DataError, UsageError
from descend.feedback import Ising, minimize
from descend.feedback.files import load_problem
from descend.feedback.formats import read_beasley
from descend.feedback.problems import (
    Coloring,
    JobShop,
    Knapsack,
    MachineAssignment,
    MaxCut,
    NumberPartition,
    QuadraticAssignment,
    TravellingSalesman,
    fewest_colors,
    solve,
)
from descend.feedback.problems.models import solve_model

QUICK = {"algorithm": "dsb", "seed": 0, "num_reads": 16, "num_steps": 200}
RNG = np.random.default_rng(0)
DISTANCES = np.ceil(10 * RNG.random((5, 5)))
FLOW, PLACES = RNG.integers(0, 9, (4, 4)), RNG.integers(0, 9, (4, 4))


def spins_of(permutation):
    n = len(permutation)
    ones = -np.ones((n, n))
    ones[np.arange(n), permutation] = 1
    return ones.reshape(-1)


def test_tour_energies_are_lengths_and_the_best_is_found():
    problem = TravellingSalesman(DISTANCES)
    lengths = []
    for places in permutations(range(4)):
        spins = spins_of(places)
        answer = problem.decode(spins)
        assert answer.feasible
        assert problem.encode().energies([spins])[0] == pytest.approx(answer.cost)
        lengths.append(answer.cost)
    report = solve(problem, **QUICK)
    assert report.repaired.cost == min(lengths)
    assert report.repaired.cost <= report.raw.cost


def test_a_broken_tour_is_reported_and_repaired():
    problem = TravellingSalesman(DISTANCES)
    spins = spins_of((0, 1, 2, 3))
    spins[[0, 5]] = [-1, 1]
    answer = problem.decode(-np.ones(16))
    assert "city 1 chosen 0 times" in answer.violations
    assert problem.repair(spins, spins).feasible


def test_assignment_energies_are_costs():
    problem = QuadraticAssignment(FLOW, PLACES)
    costs = []
    for places in permutations(range(4)):
        answer = problem.decode(spins_of(places))
        by_hand = sum(
            FLOW[i, j] * PLACES[places[i], places[j]] for i, j in product(range(4), repeat=2)
        )
        energy = problem.encode().energies([spins_of(places)])[0]
        assert answer.cost == by_hand == pytest.approx(energy)
        costs.append(by_hand)
    assert solve(problem, **QUICK).repaired.cost == min(costs)


def test_swap_changes_are_exact():
    rng = np.random.default_rng(3)
    problem = QuadraticAssignment(rng.normal(size=(6, 6)), rng.normal(size=(6, 6)))
    places = rng.permutation(6)
    changes = problem._swap_changes(places)
    for i, j in combinations(range(6), 2):
        other = places.copy()
        other[[i, j]] = other[[j, i]]
        expected = problem.judge(other).cost - problem.judge(places).cost
        assert changes[i, j] == pytest.approx(expected)


def test_coloring_counts_conflicts_and_finds_the_chromatic_number():
    ring = (5, range(5), [1, 2, 3, 4, 0])
    assert fewest_colors(*ring, **QUICK)[0] == 3
    report = solve(Coloring(*ring, 2), **QUICK)
    assert not report.repaired.feasible
    assert report.repaired.cost == 1
    assert "share a colour" in report.repaired.violations[0]
    answer = Coloring(*ring, 3).decode(-np.ones(15))
    assert len([v for v in answer.violations if "has 0 colours" in v]) == 5


def test_partition_and_its_energy():
    numbers = [4, 5, 6, 7, 8]
    problem = NumberPartition(numbers)
    for s in product((-1, 1), repeat=5):
        expected = (np.dot(numbers, s) / 8) ** 2
        assert problem.encode().energies([s])[0] == pytest.approx(expected)
    assert solve(problem, **QUICK).repaired.cost == 0


def test_knapsack_equals_exhaustive_search():
    rng = np.random.default_rng(5)
    values, weights = rng.integers(1, 20, 8), rng.integers(1, 10, 8)
    pairs = np.triu(rng.integers(0, 5, (8, 8)), 1)
    problem = Knapsack(values, weights, 17, pairs)
    best = 0.0
    for x in product((0, 1), repeat=8):
        answer = problem.judge(np.array(x, bool))
        if answer.feasible:
            best = max(best, answer.cost)
    report = solve(problem, **QUICK)
    assert report.repaired.feasible
    assert report.repaired.cost == best
    over = problem.judge(np.ones(8, bool))
    assert "over the capacity" in over.violations[0]


def test_machine_assignment():
    problem = MachineAssignment([3, 3, 2, 2, 2], 2)
    assert solve(problem, **QUICK).repaired.cost == 6
    different = MachineAssignment([[1, np.inf], [np.inf, 2], [5, 3]])
    report = solve(different, **QUICK)
    assert report.repaired.value.tolist() == [0, 1, 1]
    with pytest.raises(DataError, match="job 1 is possible on no machine"):
        MachineAssignment([[np.inf, np.inf]])


def test_job_shop_decodes_judges_and_repairs():
    problem = JobShop([[0, 1], [1, 0]], [[3, 2], [2, 4]], horizon=8)
    report = solve(problem, **QUICK)
    assert report.repaired.feasible
    assert report.repaired.cost == 7
    clash = problem.judge(np.array([[0, 3], [0, 2]]))
    assert clash.violations == ("machine 1 runs jobs 1 and 2 at once",)
    early = problem.judge(np.array([[0, 2], [5, 7]]))
    assert "job 1 starts operation 2 before" in early.violations[0]
    assert "starts 0 times" in problem.decode(-np.ones(problem.encode().size)).violations[0]
    with pytest.raises(DataError, match="no schedule fits into 4"):
        JobShop([[0, 1]], [[3, 2]], horizon=4)


def test_feasible_job_shop_states_have_low_energy():
    problem = JobShop([[0, 1], [1, 0]], [[3, 2], [2, 4]], horizon=7)
    energy = problem.encode()
    for bits in product(*[range(len(g)) for g in problem.groups()]):
        spins = -np.ones(energy.size)
        spins[[g[b] for g, b in zip(problem.groups(), bits, strict=True)]] = 1
        feasible = problem.decode(spins).feasible
        assert feasible == (energy.energies([spins])[0] < problem.penalty)


@pytest.mark.parametrize(
    "make",
    [
        lambda: TravellingSalesman([[0, 1], [1, np.nan], [1, 1]]),
        lambda: TravellingSalesman([[0, np.inf], [1, 0]]),
        lambda: TravellingSalesman([[0.0]]),
        lambda: QuadraticAssignment([[1, 2]], [[1]]),
        lambda: Coloring(2, [0], [0], 2),
        lambda: Coloring(2, [0], [1], 0),
        lambda: NumberPartition([]),
        lambda: NumberPartition([1, -1]),
        lambda: NumberPartition(np.ones(10**6)).encode(),
        lambda: Knapsack([1], [0.5], 3),
        lambda: Knapsack([1], [1], -3),
        lambda: JobShop([[0]], [[0]]),
        lambda: MaxCut(0, [], []),
    ],
)
def test_bad_problems_are_refused(make):
    with pytest.raises(DataError):
        make()


def test_constrained_models():
    x = list(dimod.Binaries("abcd"))
    model = dimod.ConstrainedQuadraticModel()
    model.set_objective(-3 * x[0] - 2 * x[1] - 2 * x[2] - x[3])
    model.add_constraint(3 * x[0] + 2 * x[1] + 2 * x[2] + x[3] <= 4, label="room")
    report = solve_model(model, **QUICK)
    assert report.feasible
    assert report.cost == -4
    assert solve_model(dimod.BinaryQuadraticModel({"a": -1}, {}, "SPIN"), **QUICK).cost == -1
    model.add_constraint(x[0] + x[1] >= 2, label="both")
    model.add_constraint(x[0] + x[1] <= 1, label="not both")
    report = solve_model(model, **QUICK)
    assert not report.feasible
    assert report.violations
    model.add_constraint(x[0] + x[1] >= 3, label="never")
    with pytest.raises(DataError, match="infeasible"):
        solve_model(model, **QUICK)


@pytest.mark.parametrize("name", ["bqp50-1", "bqp100-1", "gka1a", "gka1b"])
def test_published_qubo_optima(shared_data, name):
    folder = shared_data / "optimisation" / "qubo"
    best = json.loads((folder / "best_known.json").read_text())[name.replace("-", ".")]["best"]
    problem = read_beasley(folder / f"{name}.sparse").ising()
    assert minimize(problem, seed=0).energy == best


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "best"), [("tsplib/burma14.tsp", 3323), ("qaplib/had12.dat", 1652)]
)
def test_published_permutations(shared_data, name, best):
    report = solve(load_problem(shared_data / "optimisation" / name).problem, seed=0)
    assert best <= report.repaired.cost <= 1.01 * best


@pytest.mark.slow
@pytest.mark.parametrize(("name", "colors"), [("myciel3", 4), ("queen5_5", 5)])
def test_published_colorings(shared_data, name, colors):
    path = shared_data / "optimisation" / "dimacs" / f"{name}.col"
    report = solve(load_problem(path, colors=colors).problem, seed=0, timeout=10)
    assert report.repaired.feasible


def test_soft_assignment_leaves_permutations_and_short_tours():
    rng = np.random.default_rng(2)
    places = rng.random((20, 2))
    problem = TravellingSalesman(np.linalg.norm(places[:, None] - places, axis=2))
    quick = {"seed": 0, "num_reads": 16, "num_steps": 200}
    soft = solve(problem, algorithm="softassign", **quick)
    hard = solve(problem, algorithm="dsb", **quick)
    assert soft.raw_feasible > 0.9
    assert soft.raw.cost < 0.8 * hard.repaired.cost or soft.raw.cost < 1.3 * soft.repaired.cost
    assert soft.repaired.cost <= soft.raw.cost


@pytest.mark.parametrize("groups", [[[0, 1], [2, 3], [4, 5]], [[0, 1], [1, 2]]])
def test_soft_assignment_needs_a_square(groups):
    size = 1 + max(map(max, groups))
    with pytest.raises(UsageError, match="rows and columns of a permutation"):
        minimize(
            Ising(np.ones(size), np.zeros((size, size))), algorithm="softassign", groups=groups
        )


def test_durations_are_not_cut_off():
    with pytest.raises(DataError, match=r"whole numbers, got 1\.9"):
        JobShop([[0, 1], [1, 0]], [[1.9, 2], [2, 1]])
