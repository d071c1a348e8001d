"""The sampler: dimod's own conformance tests, and agreement with exhaustive search."""

import subprocess
import sys
import time
import unittest

import dimod
import dimod.testing
import numpy as np
import pytest

from descend.errors import UsageError
from descend.feedback.sampler import FeedbackSampler


class QuickSampler(FeedbackSampler):
    """The same sampler with fewer, shorter reads."""

    def sample(self, bqm, **arguments):
        return super().sample(bqm, **{"num_reads": 8, "num_steps": 100, "seed": 0, **arguments})


@dimod.testing.load_sampler_bqm_tests(QuickSampler)
class TestConformance(unittest.TestCase):
    """dimod's conformance tests."""


def test_api():
    dimod.testing.assert_sampler_api(FeedbackSampler())


def random_model(rng, size):
    kind = rng.integers(3)
    density = rng.uniform(0.3, 1.0)
    pairs = [(i, j) for i in range(size) for j in range(i) if rng.random() < density]
    weight = {
        0: lambda: float(rng.choice([-1.0, 1.0])),
        1: lambda: float(rng.normal()),
        2: lambda: float(rng.integers(-100, 101)),
    }[int(kind)]
    linear = {i: weight() if rng.random() < 0.7 else 0.0 for i in range(size)}
    vartype = "SPIN" if rng.random() < 0.5 else "BINARY"
    return dimod.BinaryQuadraticModel(linear, {p: weight() for p in pairs}, weight(), vartype)


def disagreements(count, first=0):
    sampler, exact, wrong = FeedbackSampler(), dimod.ExactSolver(), []
    for k in range(first, first + count):
        rng = np.random.default_rng(k)
        bqm = random_model(rng, int(rng.integers(1, 15)))
        found = sampler.sample(bqm, num_reads=32, num_steps=400, seed=k)
        best = exact.sample(bqm).first.energy
        dimod.testing.assert_sampleset_energies(found, bqm)
        if abs(found.first.energy - best) > 1e-9 * max(1, abs(best)):
            wrong.append((k, len(bqm), found.first.energy, best))
    return wrong


def test_agrees_with_exhaustive_search_on_20_problems():
    assert disagreements(20) == []


@pytest.mark.slow
def test_agrees_with_exhaustive_search_on_500_problems():
    assert disagreements(500) == []


def test_the_same_seed_gives_the_same_samples():
    bqm = random_model(np.random.default_rng(3), 30)
    first, second = (QuickSampler().sample(bqm, seed=5) for _ in range(2))
    np.testing.assert_array_equal(first.record.sample, second.record.sample)
    assert first.info["seed"] == 5


def test_initial_states_are_never_lost():
    bqm = dimod.generators.random.ran_r(5, 40, seed=1)
    good = FeedbackSampler().sample(bqm, seed=0).first
    start = dimod.as_samples(good.sample)
    found = QuickSampler().sample(bqm, initial_states=start, num_reads=3, num_steps=1)
    assert len(found) == 3
    assert found.first.energy <= good.energy


def test_timeout_and_interrupt_stop_early():
    bqm = dimod.generators.random.ran_r(1, 300, seed=1)
    FeedbackSampler().sample(bqm, timeout=0.2)
    begun = time.perf_counter()
    FeedbackSampler().sample(bqm, timeout=1.0, seed=0)
    assert time.perf_counter() - begun < 8  # generous: the machine may be busy
    found = FeedbackSampler().sample(
        bqm, algorithm="dsb", num_steps=10**7, interrupt_function=lambda: True
    )
    assert found.info["steps"] < 10**6


def test_groups_and_knobs_by_label():
    bqm = dimod.BinaryQuadraticModel("BINARY")
    for group in ("ab", "cd"):
        bqm.add_linear_equality_constraint([(v, 1) for v in group], 5.0, -1)
    bqm.add_linear("b", -1.0)
    found = QuickSampler().sample(bqm, algorithm="potts", groups=["ab", "cd"])
    assert found.first.sample["b"] == 1
    found = QuickSampler().sample(bqm, algorithm="dsb", knobs={"time_step": 0.5})
    assert found.info["knobs"]["time_step"] == [0.5]
    with pytest.raises(UsageError, match="time_step"):
        QuickSampler().sample(bqm, algorithm="dsb", knobs={"timestep": 0.5})


def test_unknown_arguments_warn():
    bqm = dimod.BinaryQuadraticModel({"a": 1.0}, {}, "SPIN")
    with pytest.warns(dimod.exceptions.SamplerUnknownArgWarning):
        QuickSampler().sample(bqm, colour="green")


def test_without_dimod_the_error_names_the_extra():
    code = (
        "import sys; sys.modules['dimod'] = None\n"
        "from descend.errors import MissingExtraError\n"
        "try:\n    import descend.feedback.sampler\n"
        "except MissingExtraError as error:\n"
        "    sys.exit(0 if 'descend[optimize]' in str(error) else 2)\n"
        "sys.exit(3)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
