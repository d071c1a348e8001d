"""What memories, energies, searches and problems refuse, and what the message says."""

import warnings

import dimod
import numpy as np
import pytest
from scipy import sparse

from descend.errors import DataError, UsageError
from descend.feedback import (
    ContinuousHopfield,
    DenseMemory,
    Hopfield,
    HopfieldTank,
    Ising,
    PolynomialMemory,
    minimize,
)
from descend.feedback.descent import descend_greedily
from descend.feedback.problems import (
    BinaryQuadratic,
    Coloring,
    JobShop,
    Knapsack,
    MachineAssignment,
    MaxCut,
    NumberPartition,
    QuadraticAssignment,
    TravellingSalesman,
    fewest_colors,
    greedy_colors,
    solve,
)
from descend.feedback.problems.models import solve_model
from descend.feedback.sampler import FeedbackSampler

NAN, INF = float("nan"), float("inf")
PAIR = [[0.0, 1.0], [1.0, 0.0]]
ISING = Ising([0.0, 0.5], PAIR)
HOPFIELD = Hopfield([[1, -1, 1]])
DENSE = DenseMemory([[1.0, 2.0, 3.0]])
POLYNOMIAL = PolynomialMemory([[1, -1, 1]])
CONTINUOUS = ContinuousHopfield(np.zeros((3, 3)))
TOUR = TravellingSalesman(np.ones((4, 4)))
MODEL = dimod.BinaryQuadraticModel({"a": 1.0}, {("a", "b"): 1.0}, "SPIN")
ONE = [[1, 1, 1]]


def search(**arguments):
    return minimize(ISING, **{"num_reads": 2, "num_steps": 5, "seed": 0, **arguments})


def sample(**arguments):
    return FeedbackSampler().sample(MODEL, **{"num_reads": 2, "num_steps": 5, **arguments})


ARGUMENTS = {
    "time step of nan": (
        lambda: search(algorithm="dsb", time_step=NAN),
        r"time_step must be a finite number above 0.*got nan",
    ),
    "time step of 0": (lambda: search(algorithm="dsb", time_step=0), "time_step must be"),
    "time step of text": (lambda: search(algorithm="dsb", time_step="1"), "time_step must be"),
    "negative noise": (lambda: search(algorithm="nmfa", noise=-1), "noise must be"),
    "mixing of 2": (lambda: search(algorithm="nmfa", mixing=2), r"mixing must be.*at most 1"),
    "seed of 1.5": (lambda: search(seed=1.5), "seed must be an integer of at least 0, got 1.5"),
    "negative seed": (lambda: search(seed=-1), "seed must be an integer"),
    "seed of true": (lambda: search(seed=True), "seed must be an integer"),
    "timeout of nan": (lambda: search(timeout=NAN), "timeout must be a finite number"),
    "timeout without end": (lambda: search(timeout=INF), "timeout must be a finite number"),
    "timeout of text": (lambda: search(timeout="1s"), "timeout must be a finite number"),
    "more steps than counted": (lambda: search(num_steps=2**31), "num_steps must be.*at most"),
    "more reads than memory": (lambda: search(num_reads=10**12), "num_reads of 1,000,000,000,000"),
    "algorithm of no name": (lambda: search(algorithm=["dsb"]), "unknown algorithm"),
    "an argument misspelt": (lambda: search(num_read=3), 'Did you mean "num_reads"'),
    "a group beyond": (
        lambda: search(algorithm="potts", groups=[[0, 2]]),
        r"group 0 .* numbered 0 to 1 .* got \[0, 2\]",
    ),
    "a group below": (lambda: search(algorithm="potts", groups=[[0, -2]]), "group 0"),
    "half a spin": (lambda: search(algorithm="potts", groups=[[0, 0.5]]), "whole numbers"),
    "groups that share": (
        lambda: search(algorithm="potts", groups=[[0], [0, 1]]),
        r"spin 0 is named 2 times, in the groups \[0, 1\]",
    ),
    "a group twice one": (lambda: search(algorithm="potts", groups=[[1, 1]]), "spin 1 is named"),
    "no group": (lambda: search(algorithm="potts", groups=[]), "needs groups"),
    "an empty group": (lambda: search(groups=[[], [1]]), "group 0"),
    "groups of no lists": (lambda: search(groups=3), "groups must be lists"),
    "a switch for a function": (lambda: search(interrupt_function=True), "must be a function"),
    "a list for a function": (lambda: search(progress=[]), "must be a function"),
    "a problem for an energy": (lambda: minimize(TOUR), "solved by descend.feedback.problems"),
    "an energy for a problem": (lambda: solve(ISING), "minimised by descend.feedback.minimize"),
    "groups of the problem": (lambda: solve(TOUR, groups=[[0]]), "problem's own"),
    "seed of the problem": (lambda: solve(TOUR, timeout=1, seed=0.5), "seed must be"),
    "steps of the problem": (lambda: solve(TOUR, timeout=1, num_steps="9"), "num_steps must be"),
    "penalty of nan": (lambda: TravellingSalesman(np.ones((3, 3)), NAN), "penalty must be"),
    "penalty of 0": (lambda: Coloring(2, [0], [1], 2, 0.0), "penalty must be"),
    "start of 0": (lambda: fewest_colors(2, [0], [1], start=0), "start must be"),
    "a matrix for an energy": (lambda: BinaryQuadratic(PAIR), "must be an Ising"),
    "rule of no name": (lambda: Hopfield(ONE, 3), "rule must be one of hebb"),
    "sweeps of 0": (lambda: HOPFIELD.recall(ONE, max_sweeps=0), "max_sweeps must be"),
    "block of 0": (lambda: HOPFIELD.recall(ONE, "blockwise", block=0), "block must be"),
    "seed of a memory": (lambda: HOPFIELD.recall(ONE, seed=0.5), "seed must be"),
    "beta of infinity": (lambda: DenseMemory([[1.0]], beta=INF), "beta must be"),
    "beta of text": (lambda: DenseMemory([[1.0]], beta="1"), "beta must be"),
    "order of true": (lambda: PolynomialMemory(ONE, order=2.5), "order must be"),
    "gain of infinity": (lambda: ContinuousHopfield(PAIR, gain=INF), "gain must be"),
    "step of nan": (lambda: CONTINUOUS.settle(np.zeros(3), time_step=NAN), "time_step must be"),
    "step of 0": (lambda: CONTINUOUS.settle(np.zeros(3), time_step=0), "time_step must be"),
    "step of -1": (lambda: CONTINUOUS.settle(np.zeros(3), time_step=-1), "time_step must be"),
    "no step": (lambda: CONTINUOUS.settle(np.zeros(3), steps=0), "steps must be"),
    "width of 0": (lambda: HopfieldTank(width=0.0), "width must be"),
    "row of nan": (lambda: HopfieldTank(row=NAN), "row must be"),
    "no run": (lambda: HopfieldTank().solve(np.ones((3, 3)), runs=0), "runs must be"),
    "no model": (lambda: FeedbackSampler().sample({}), "must be a dimod.BinaryQuadraticModel"),
    "no model to solve": (lambda: solve_model(None), "must be a dimod.BinaryQuadraticModel"),
    "a label unknown": (lambda: sample(algorithm="potts", groups=[["a", "c"]]), "names 'c'"),
    "knobs of no names": (lambda: sample(knobs=[0.5]), "knobs must be a dict"),
    "a filler of no name": (lambda: sample(initial_states_generator="tiled"), '"tile"'),
}


@pytest.mark.parametrize(("make", "message"), ARGUMENTS.values(), ids=ARGUMENTS)
def test_arguments_out_of_range_are_refused(make, message):
    with pytest.raises(UsageError, match=message):
        make()


DATA = {
    "half a node": (
        lambda: Ising.from_edges(3, [0.0, 1.5], [1, 2], [1.0, 1.0]),
        r"first must be whole numbers; entry 1 \(counted from 0\) is 1.5",
    ),
    "an edge beyond": (
        lambda: Ising.from_edges(3, [0, 1], [1, 3], [1.0, 1.0]),
        r"edge 1 .* names spin 3; spins are numbered 0 to 2",
    ),
    "weights for nobody": (lambda: Ising.from_edges(3, [0], [1], [1, 2]), "weights must have"),
    "a weight of nan": (lambda: Ising.from_edges(3, [0], [1], [NAN]), "weights must be finite"),
    "tables of edges": (lambda: Ising.from_edges(3, [[0]], [[1]], [[1]]), "first must have shape"),
    "size of 1.5": (lambda: Ising.from_edges(1.5, [], [], []), "size must be an integer"),
    "complex fields": (lambda: Ising([1j, 0], PAIR), "as numbers: .*complex"),
    "a table of fields": (lambda: Ising([[0.0, 0.0]], PAIR), "fields must have shape"),
    "complex couplings": (lambda: Ising([0], sparse.csr_array([[1j]])), "complex128"),
    "couplings of text": (lambda: Ising([0, 0], [["0", "1"], ["1", "0"]]), "matrix of numbers"),
    "an offset of text": (lambda: Ising([0, 0], PAIR, "3"), "offset must be a finite number"),
    "linear terms of nan": (lambda: Ising.from_qubo(PAIR, [NAN, 0]), "linear must be finite"),
    "energies beyond": (lambda: Ising([1e308] * 2, np.zeros((2, 2))), "energies are beyond"),
    "products of one size": (
        lambda: Ising(np.zeros(4), np.zeros((4, 4)), 0.0, [(np.eye(3), None)]),
        "products must be square matrices for a table of 4",
    ),
    "products of nothing": (lambda: Ising([0], [[0]], 0.0, [(None, None)]), "pairs of two"),
    "states of 4": (lambda: ISING.energies([1, 1, -1, -1]), "must have 2 units, got 4"),
    "states of 0 and 1": (lambda: ISING.energies([0, 1]), "Turn 0 and 1 into 2x − 1"),
    "half a spin": (lambda: descend_greedily(ISING, [[0.5, 1]]), "column 0 is 0.5"),
    "ragged states": (lambda: search(initial_states=[[1, 1], [1]]), "initial_states must have"),
    "patterns of text": (lambda: Hopfield([["a", "b"]]), "patterns must be rows"),
    "patterns in a cube": (lambda: Hopfield(np.ones((2, 2, 2))), "got shape"),
    "a bias of nan": (lambda: Hopfield(ONE, bias=[0, NAN, 0]), "bias must be finite; entry 1"),
    "overlap of others": (lambda: HOPFIELD.overlap(np.ones((3, 3)), np.ones((2, 3))), "3 states"),
    "energies of nan": (lambda: HOPFIELD.energies([[1, NAN, 1]]), "column 1 is nan"),
    "nothing to store": (lambda: PolynomialMemory(np.ones((0, 3))), "nothing to store"),
    "patterns too large": (lambda: DenseMemory([[1e30]]), "beyond single precision"),
    "queries of nan": (lambda: DENSE.retrieve([[NAN, 1, 1]]), "queries must be finite"),
    "queries of two": (lambda: DENSE.energy([[1.0, 1.0]]), "rows of 3 units"),
    "weights of nan": (lambda: ContinuousHopfield([[0, NAN], [NAN, 0]]), "weights must be finite"),
    "inputs of infinity": (lambda: ContinuousHopfield(PAIR, [INF, 0]), "inputs must be finite"),
    "outputs of 5": (lambda: CONTINUOUS.settle([[5, 0, 0]]), "from -1 to 1, got 5"),
    "outputs of nan": (lambda: CONTINUOUS.energy([[NAN, 0, 0]]), "v must be finite"),
    "one place": (lambda: HopfieldTank().solve(np.zeros((3, 3))), "not all 0"),
    "one way": (lambda: HopfieldTank().solve(np.triu(np.ones((3, 3)))), "symmetric"),
    "a cut beyond": (lambda: MaxCut(2, [0], [2]), "edge 0 .* names node 2"),
    "a cut below": (lambda: MaxCut(2, [-1], [1]), "edge 0 .* names node -1"),
    "a cut of one end": (lambda: MaxCut(2, [0, 1], [1]), "as many first ends"),
    "a cut of no weight": (lambda: MaxCut(2, [0], [1], [1, 2]), "weights must have shape"),
    "a cut of no number": (lambda: MaxCut("3", [0], [1]), "number of nodes must be an integer"),
    "sides of another": (lambda: MaxCut(2, [0], [1]).decode([1, 1, 1]), "spins must have 2 units"),
    "a colour beyond": (lambda: Coloring(2, [0], [9], 2), "edge 0 .* names node 9"),
    "half a colour": (lambda: Coloring(2, [0], [1], 1.5), "colors must be an integer"),
    "a colour unknown": (lambda: Coloring(2, [0], [1], 2).judge([0, 5]), "numbered 0 to 1"),
    "no nodes": (lambda: greedy_colors(0, [], []), "number of nodes must be"),
    "too many nodes": (lambda: Coloring(10**13, [], [], 1), "bytes"),
    "numbers that are cut": (lambda: NumberPartition([2**53 + 1, 1]), "beyond 2⁵³"),
    "a tour twice to one": (lambda: TOUR.judge([0, 1, 1, 2]), "name each of 0 to 3 once"),
    "distances of text": (lambda: TravellingSalesman([["a"]]), "array of numbers"),
    "places unknown": (
        lambda: QuadraticAssignment(PAIR, PAIR).judge([0, 5]),
        "places must name each of 0 to 1 once",
    ),
    "a negative value": (lambda: Knapsack([-1, 2], [1, 1], 1), "entry 0 .* is -1"),
    "capacity of infinity": (lambda: Knapsack([1], [1], INF), "capacity must be"),
    "chosen numbers": (lambda: Knapsack([1, 2], [1, 1], 1).judge([0, 2]), "0 or 1"),
    "machines that differ": (lambda: MachineAssignment([[1, 2]], 3), "each of 2 machines"),
    "half a machine": (lambda: MachineAssignment([1, 2], 1.5), "machines must be an integer"),
    "a machine unknown": (lambda: MachineAssignment([1, 2], 2).judge([0, -1]), "numbered 0 to 1"),
    "half a horizon": (lambda: JobShop([[0]], [[2]], 2.5), "horizon must be an integer"),
    "infinite durations": (lambda: JobShop([[0]], [[INF]]), "whole numbers, got inf"),
    "a start below 0": (lambda: JobShop([[0]], [[2]]).judge([[-1]]), "at least 0"),
    "labels for others": (lambda: BinaryQuadratic(ISING, labels=["a"]), "each of 2 variables"),
    "states of others": (lambda: sample(initial_states={"c": 1}), "do not fit the model"),
}


@pytest.mark.parametrize(("make", "message"), DATA.values(), ids=DATA)
def test_data_that_cannot_be_used_are_refused(make, message):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with pytest.raises(DataError, match=message):
            make()


def test_whole_numbers_of_numpy_are_as_good_as_pythons():
    plain = minimize(ISING, num_reads=4, num_steps=9, seed=3)
    numpy = minimize(ISING, num_reads=np.int64(4), num_steps=np.int32(9), seed=np.uint8(3))
    np.testing.assert_array_equal(plain.spins, numpy.spins)
    np.testing.assert_array_equal(plain.amplitudes, numpy.amplitudes)
    assert type(numpy.seed) is int
    assert PolynomialMemory(ONE, order=np.int64(3)).order == 3
    assert MaxCut(np.int64(2), np.array([0.0]), [1]).nodes == 2
    assert search(algorithm="dsb", time_step=np.float32(0.5)).knobs["time_step"] == [0.5]
    assert len(FeedbackSampler().sample(MODEL, num_reads=np.int64(3), num_steps=5)) == 3


def test_one_state_comes_with_or_without_its_brackets():
    assert ISING.energies([1, -1]).tolist() == ISING.energies([[1, -1]]).tolist()
    assert HOPFIELD.overlap([1, -1, 1], [1, -1, 1]).tolist() == [1.0]
