"""From the start of a process to its first epoch record, with an empty cache and a warm one."""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path

from descend.surroundings import settings

__all__ = ["main"]

PENGUINS = Path(__file__).resolve().parents[1] / "examples" / "penguins.csv"

TABLE = f"""
from descend.models import Options, TableTraining
training = TableTraining({str(PENGUINS)!r}, Options.of(target="species"))
next(record for record in training.epochs() if record.complete)
print("epoch", flush=True)
"""

DESCEND = """
import numpy as np
from descend.layers import Dense, Sequential
from descend.losses import CategoricalCrossEntropy
from descend.training import Descent, Examples, Run
r = np.random.default_rng(0)
x, y = r.normal(size=(6400, 784)).astype(np.float32), r.integers(0, 10, 6400).astype(np.int32)
network = Sequential((Dense(256, "relu"), Dense(128, "relu"), Dense(10)))
next(r for r in Run(network, CategoricalCrossEntropy(), Descent(), Examples(x, y)).epochs()
     if r.complete)
print("epoch", flush=True)
"""

PYTORCH = """
import numpy as np, torch
r = np.random.default_rng(0)
x = torch.tensor(r.normal(size=(6400, 784)).astype(np.float32))
y = torch.tensor(r.integers(0, 10, 6400))
network = torch.nn.Sequential(torch.nn.Linear(784, 256), torch.nn.ReLU(),
    torch.nn.Linear(256, 128), torch.nn.ReLU(), torch.nn.Linear(128, 10))
loss, optimizer = torch.nn.CrossEntropyLoss(), torch.optim.Adam(network.parameters())
for rows in torch.randperm(6400).split(32):
    optimizer.zero_grad()
    loss(network(x[rows]), y[rows]).backward()
    optimizer.step()
print("epoch", flush=True)
"""

SCIKIT_LEARN = """
import warnings, numpy as np
from sklearn.neural_network import MLPClassifier
warnings.simplefilter("ignore")
r = np.random.default_rng(0)
x, y = r.normal(size=(6400, 784)).astype(np.float32), r.integers(0, 10, 6400)
MLPClassifier((256, 128), batch_size=32, max_iter=1).fit(x, y)
print("epoch", flush=True)
"""


def seconds(code: str, cache: str | None) -> float:
    """Return the time from the start of a process to the first line that it writes."""
    environment: Mapping[str, str] = os.environ
    if cache is not None:
        clean = {k: v for k, v in os.environ.items() if k != "JAX_COMPILATION_CACHE_DIR"}
        environment = clean | settings(clean) | {"JAX_COMPILATION_CACHE_DIR": cache}
    began = time.perf_counter()
    command = [sys.executable, "-c", code]
    with subprocess.Popen(command, stdout=subprocess.PIPE, env=environment) as process:
        line = process.stdout.readline() if process.stdout else b""
        taken = time.perf_counter() - began
        process.communicate()
    if line.strip() != b"epoch":
        raise RuntimeError(f"the process ended without an epoch: {process.returncode}")
    return taken


def main() -> None:
    """Print one line a contestant; they take turns."""
    found: dict[str, list[float]] = {}
    with tempfile.TemporaryDirectory() as folder:
        for turn in range(5):
            for name, code in (("penguins.csv", TABLE), ("784-256-128-10", DESCEND)):
                cache = str(Path(folder, f"{name}-{turn}"))
                found.setdefault(f"Descend, {name}, cold", []).append(seconds(code, cache))
                found.setdefault(f"Descend, {name}, warm", []).append(seconds(code, cache))
            for name, code in (("PyTorch", PYTORCH), ("scikit-learn", SCIKIT_LEARN)):
                found.setdefault(f"{name}, 784-256-128-10", []).append(seconds(code, None))
    print("\nFrom the start of the process to the first epoch record (6,400 rows, batch 32)")
    for name, times in found.items():
        low, high = min(times), max(times)
        print(f"  {name:<32} {statistics.median(times):6.2f} s  ({low:.2f} to {high:.2f})")


if __name__ == "__main__":
    main()
