"""An equilibrium network beside feedforward ones with about as many weights, on letter.

16,000 rows train and 4,000 test; every network descends for the same epochs by the same rule.
"""

from __future__ import annotations

import os
import time
from pathlib import Path

import numpy as np

from descend.layers import Dense, Equilibrium, Layer, Sequential
from descend.layers.summary import parameter_count
from descend.losses import CategoricalCrossEntropy
from descend.optimizers import Adam
from descend.training import Descent, Examples, Run, raw_outputs

__all__ = ["main"]

LETTER = Path(__file__).resolve().parents[2] / "shared" / "data" / "tables" / "letter.tsv.gz"
TRAIN, CLASSES = 16_000, 26
NETWORKS = {
    "one layer of 462": Sequential((Dense(462, "relu"), Dense(CLASSES))),
    "two layers of 123": Sequential((Dense(123, "relu"), Dense(123, "relu"), Dense(CLASSES))),
    "equilibrium of 123": Sequential(
        (Equilibrium(123, "relu", tolerance=0.01, max_steps=60), Dense(CLASSES))
    ),
}


def letter() -> tuple[Examples, Examples]:
    """Return standardised rows to train on and to test."""
    import polars as pl

    frame = pl.read_csv(LETTER, separator="\t")
    name = "target" if "target" in frame.columns else frame.columns[0]
    y = np.unique(frame[name].to_numpy(), return_inverse=True)[1].astype(np.int32)
    x = frame.drop(name).to_numpy().astype(np.float32)
    order = np.random.default_rng(0).permutation(len(x))
    x, y = x[order], y[order]
    x = (x - x[:TRAIN].mean(0)) / x[:TRAIN].std(0)
    return Examples(x[:TRAIN], y[:TRAIN]), Examples(x[TRAIN:], y[TRAIN:])


def trained(network: Layer, train: Examples, test: Examples, seed: int, epochs: int) -> dict:
    """Return the test accuracy, weights, seconds, and how equilibria came to rest."""
    descent = Descent(Adam(0.005), batch_size=64, epochs=epochs, patience=None, seed=seed)
    begun = time.perf_counter()
    run = Run(network, CategoricalCrossEntropy(), descent, train)
    steps, residuals = [], []
    for _ in run.epochs():
        for state in run.state.values():
            if "residual" in state:
                steps.append(int(state["steps"]))
                residuals.append(float(state["residual"]))
    seconds = time.perf_counter() - begun
    raw = raw_outputs(network, run.params, run.state, test.x)
    right = float(np.mean(np.argmax(raw, 1) == test.y))
    return {
        "right": right, "weights": parameter_count(run.params), "seconds": seconds,
        "steps": steps, "residuals": residuals,
    }  # fmt: skip


def main() -> None:
    """Print the accuracy of each network, and how the equilibria came to rest."""
    seeds = int(os.environ.get("DESCEND_BENCH_SEEDS", "3"))
    epochs = int(os.environ.get("DESCEND_BENCH_EPOCHS", "20"))
    if not LETTER.exists():
        print("\nEquilibrium: letter is absent (../shared/data beside the repository)")
        return
    train, test = letter()
    print(f"\nLetter, {TRAIN:,} rows to train on, {epochs} epochs of batch 64, {seeds} seeds")
    for name, network in NETWORKS.items():
        found = [trained(network, train, test, seed, epochs) for seed in range(seeds)]
        rights = [one["right"] for one in found]
        line = (
            f"  {name:<19} {found[0]['weights']:,} weights  accuracy {np.mean(rights):.4f} "
            f"({min(rights):.4f} to {max(rights):.4f})  {found[-1]['seconds']:.1f} s"
        )
        steps = [step for one in found for step in one["steps"]]
        if steps:
            worst = max(residual for one in found for residual in one["residuals"])
            line += f"  steps {np.mean(steps):.1f}, at most {max(steps)}; residual {worst:.4f}"
        print(line, flush=True)
