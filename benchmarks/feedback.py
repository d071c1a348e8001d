"""Optimisation by feedback beside its peers: quality after the same seconds, in one run.

Every contestant gets the same time on the same instance, one after another, best of all that it
found. Annealers (8 reads) and simulated bifurcation get as many sweeps or steps as fill the time,
measured first; tabu search has a time limit of its own. Compilation is not counted: every
contestant runs each instance once, briefly, before. Peers that are not installed are left out and
named.

``DESCEND_BENCH_SEEDS``, ``DESCEND_BENCH_SECONDS`` and ``DESCEND_BENCH_INSTANCES`` choose how many
seeds, which times and which problems; ``DESCEND_BENCH_RIVALS="dwave SA,dwave tabu"`` chooses peers,
``none`` leaves them out.
"""

from __future__ import annotations

import os
import time
import warnings
from collections.abc import Callable
from pathlib import Path

import numpy as np

from descend.feedback import Ising, minimize
from descend.feedback.formats import read_beasley, read_gset
from descend.feedback.problems import MaxCut

__all__ = ["main"]

DATA = Path(__file__).resolve().parents[2] / "shared" / "data" / "optimisation"
BUDGETS = tuple(float(s) for s in os.environ.get("DESCEND_BENCH_SECONDS", "1,3,10").split(","))
NAMES = os.environ.get("DESCEND_BENCH_INSTANCES", "G1,G14,G22,G43,K2000,bqp500-1").split(",")
BEST = {"G1": 11624, "G14": 3064, "G22": 13359, "G43": 6660, "K2000": 33337, "bqp500-1": 116586}
RIVALS = os.environ.get("DESCEND_BENCH_RIVALS", "all").split(",")
READS = 8

Contest = Callable[[Ising, float, int], float]


def instance(name: str) -> tuple[Ising, float]:
    """Return a problem and the offset that turns minus its energy into the published score."""
    if name == "K2000":
        bits = np.load(DATA / "k2000" / "K2000_upper_bits.npz")["upper_packed"]
        weights = np.unpackbits(bits)[: 2000 * 1999 // 2].astype(float) * 2 - 1
        return MaxCut(2000, *np.triu_indices(2000, 1), weights).encode(), 0.0
    if name.startswith("G"):
        return MaxCut(*read_gset(DATA / "gset" / f"{name}.txt")).encode(), 0.0
    return read_beasley(DATA / "qubo" / f"{name}.sparse").ising(), 0.0


def descend(problem: Ising, seconds: float, seed: int) -> float:
    """Descend's own search, as it comes."""
    return minimize(problem, timeout=seconds, seed=seed).energy


def _dimod_model(problem: Ising):
    import dimod
    from scipy import sparse

    upper = sparse.coo_array(sparse.triu(sparse.coo_array(problem.couplings), 1))
    vectors = (upper.coords[0], upper.coords[1], upper.data)
    return dimod.BinaryQuadraticModel.from_numpy_vectors(
        problem.fields, vectors, problem.offset, "SPIN"
    )


def _filling(sample: Callable[[int], float], seconds: float) -> float:
    """Run once briefly, then with as many sweeps as fill the rest of the time."""
    begun = time.perf_counter()
    best = sample(50)
    spent = time.perf_counter() - begun
    best = min(best, sample(max(50, int(50 * 0.9 * (seconds - spent) / spent))))
    while (left := seconds - (time.perf_counter() - begun)) > 2 * spent:
        best = min(best, sample(max(50, int(50 * 0.8 * left / spent))))
    return best


def annealing(problem: Ising, seconds: float, seed: int) -> float:
    """Simulated annealing of dwave-samplers."""
    from dwave.samplers import SimulatedAnnealingSampler

    model, sampler = _dimod_model(problem), SimulatedAnnealingSampler()

    def sample(sweeps: int) -> float:
        found = sampler.sample(model, num_reads=READS, num_sweeps=sweeps, seed=seed)
        return float(found.first.energy)

    return _filling(sample, seconds)


def openjij(problem: Ising, seconds: float, seed: int) -> float:
    """Simulated annealing of OpenJij."""
    import openjij as oj

    model, sampler = _dimod_model(problem), oj.SASampler()
    fields, couplings = dict(model.linear), dict(model.quadratic)

    def sample(sweeps: int) -> float:
        found = sampler.sample_ising(
            fields, couplings, num_reads=READS, num_sweeps=sweeps, seed=seed
        )
        states = found.record.sample[:, np.argsort(list(found.variables))]
        return float(problem.energies(states).min())

    return _filling(sample, seconds)


def tabu(problem: Ising, seconds: float, seed: int) -> float:
    """Tabu search of dwave-samplers."""
    from dwave.samplers import TabuSampler

    model = _dimod_model(problem)
    found = TabuSampler().sample(model, num_reads=1, timeout=int(1000 * seconds), seed=seed)
    return float(found.first.energy)


def bifurcation(mode: str) -> Contest:
    """Simulated bifurcation in PyTorch: 32 agents, and as many steps as fill the time.

    Its defaults (128 agents, 10,000 steps) are cut short by its own time limit in the middle of
    the pump, which leaves states worse than a greedy cut; fewer agents and a run that fits serve
    it better.
    """

    def contest(problem: Ising, seconds: float, seed: int) -> float:
        import simulated_bifurcation as sb
        import torch

        torch.manual_seed(seed)
        couplings = problem.couplings
        dense = couplings.toarray() if problem.is_sparse else couplings
        matrix = torch.tensor(dense / 2, dtype=torch.float32)
        vector = torch.tensor(problem.fields, dtype=torch.float32)

        def sample(steps: int) -> float:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                spins, _ = sb.minimize(
                    matrix,
                    vector,
                    domain="spin",
                    mode=mode,
                    agents=32,
                    max_steps=steps,
                    verbose=False,
                )
            return float(problem.energies(np.asarray(spins).reshape(1, -1))[0])

        return _filling(sample, seconds)

    return contest


CONTESTS: dict[str, Contest] = {
    "Descend": descend,
    "dwave SA": annealing,
    "dwave tabu": tabu,
    "OpenJij SA": openjij,
    "SB torch ballistic": bifurcation("ballistic"),
    "SB torch discrete": bifurcation("discrete"),
}


def main() -> None:
    """Print the score of every contestant after every time limit, and its gap to the best known."""
    seeds = int(os.environ.get("DESCEND_BENCH_SEEDS", "1"))
    for name in NAMES:
        problem, offset = instance(name)
        print(f"\n{name}: best known {BEST[name]}, mean of {seeds} seeds", flush=True)
        present = {
            rival: contest
            for rival, contest in CONTESTS.items()
            if rival == "Descend" or RIVALS == ["all"] or rival in RIVALS
        }
        for rival, contest in list(present.items()):
            try:
                contest(problem, 4.0, 0)
            except ImportError as error:
                del present[rival]
                print(f"  {rival}: not installed ({error})")
        for seconds in BUDGETS:
            row = []
            for rival, contest in present.items():
                begun = time.perf_counter()
                scores = [offset - contest(problem, seconds, seed) for seed in range(seeds)]
                spent = (time.perf_counter() - begun) / seeds
                mean = float(np.mean(scores))
                told = f"{rival} {mean:.1f} ({mean / BEST[name] - 1:+.2%}, {spent:.1f} s"
                row.append(f"{told}, best {max(scores):.0f})" if seeds > 1 else f"{told})")
            print(f"  {seconds:4.0f} s  " + " · ".join(row), flush=True)
