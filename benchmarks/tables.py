"""Descend's default for tables beside its peers on eleven tables: score, loss, calibration, time.

``python -m benchmarks.tables --help`` names the options. Results are kept, one JSON line each, in
the file ``--results``: a run that was stopped goes on where it was, and the tables of figures are
made of all lines in it.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from benchmarks.table_contestants import PEERS
from benchmarks.table_sets import MOST_TRAINING_ROWS, SETS, write_split
from descend.metrics import accuracy, expected_calibration_error, log_loss, rmse
from descend.surroundings import settings

__all__ = ["main", "parsed", "run_all", "with_options"]

DATA = Path(__file__).resolve().parents[2] / "shared" / "data" / "tables"
RESULTS = Path(tempfile.gettempdir()) / "descend-tables.jsonl"
OURS: dict[str, dict[str, Any]] = {"Descend": {}, "Descend realmlp": {"network": "realmlp"}}
"""Options of the ways to train Descend."""

SCRIPT = Path(__file__).with_name("table_contestants.py")
WAITING = {"OMP_WAIT_POLICY": "PASSIVE", "GOMP_SPINCOUNT": "0"}
"""Threads of PyTorch and trees that wait do not spin: beside other work on the machine they would
take ten times as long, and measure that work."""

LONGEST = 1200
"""Seconds after which a fit counts as failed."""


def judged(folder: Path, spec: dict[str, Any]) -> dict[str, float]:
    """Return the scores of what a contestant predicted for the test rows."""
    found = np.load(folder / "found.npz")
    truth = pl.read_csv(folder / "test.csv", infer_schema=False)[spec["target"]]
    if spec["classes"]:
        y = np.array([spec["classes"].index(label) for label in truth])
        p = np.clip(found["prediction"].astype(np.float64), 1e-7, 1)
        p /= p.sum(axis=1, keepdims=True)
        return {
            "score": float(accuracy(y, p.argmax(axis=1))),
            "loss": float(log_loss(y, p)),
            "calibration": float(expected_calibration_error(y, p)),
        }
    y = truth.cast(pl.Float64).to_numpy()
    prediction = found["prediction"].astype(np.float64).ravel()
    error = float(rmse(y, prediction))
    scores = {"score": 1 - error**2 / float(np.var(y)), "loss": error}
    if "low" in found:
        inside = (found["low"] <= y) & (y <= found["high"])
        scores["coverage"] = float(inside.mean())
    return scores


def measured(
    command: Sequence[str], name: str, seed: int, wanted: argparse.Namespace
) -> dict[str, Any]:
    """Fit one contestant on one split in a process of its own, and judge it.

    Raises
    ------
    subprocess.CalledProcessError
        If it fails.
    """
    with tempfile.TemporaryDirectory() as made:
        folder = Path(made)
        write_split(wanted.data, name, seed, folder, wanted.rows)
        environment = {**os.environ, **settings(os.environ), **WAITING}
        done = subprocess.run(
            [*command, str(folder)], env=environment, cwd=folder, timeout=LONGEST, check=True,
            capture_output=True, text=True,
        )  # fmt: skip
        spec = json.loads((folder / "spec.json").read_text())
        seconds = json.loads(done.stdout.strip().splitlines()[-1])
        return judged(folder, spec) | seconds


def python_with(package: str, pythons: Iterable[str]) -> str | None:
    """Return the first interpreter that can import a package."""
    find = f"import importlib.util as u, sys; sys.exit(u.find_spec({package!r}) is None)"
    for python in pythons:
        if subprocess.run([python, "-c", find], check=False).returncode == 0:
            return python
    return None


def show(lines: list[dict[str, Any]]) -> None:
    """Print one table of figures for each measure, and mean ranks; medians over seeds."""
    frame = pl.DataFrame(lines, infer_schema_length=None)
    names = list(dict.fromkeys(line["contestant"] for line in lines))
    for measure in ("score", "loss", "calibration", "coverage", "fit", "fit cores", "predict"):
        if measure not in frame.columns:
            continue
        print(f"\n{measure:<20}" + "".join(f"{name[:15]:>16}" for name in names))
        middle = frame.group_by("set", "contestant").agg(pl.col(measure).median())
        cells = {(row["set"], row["contestant"]): row[measure] for row in middle.to_dicts()}
        rows = [[cells.get((table, name)) for name in names] for table in SETS]
        for table, row in zip(SETS, rows, strict=True):
            if any(value is not None for value in row):
                shown = ("" if value is None else f"{value:.4g}" for value in row)
                print(f"{table:<20}" + "".join(f"{value:>16}" for value in shown))
        full = [row for row in rows if None not in row]
        if full and measure != "coverage":
            best_first = np.array(full, float) * (-1 if measure == "score" else 1)
            places = (best_first[:, :, None] > best_first[:, None, :]).sum(axis=2)
            ties = (best_first[:, :, None] == best_first[:, None, :]).sum(axis=2) - 1
            ranks = (1 + places + ties / 2).mean(axis=0)
            print(f"{f'mean rank of {len(full)}':<20}" + "".join(f"{r:>16.2f}" for r in ranks))


def with_options(options: dict[str, Any]) -> list[str]:
    """Return the command that fits Descend with some options."""
    return [sys.executable, str(SCRIPT), json.dumps(options)]


def parsed(arguments: Sequence[str], names: Iterable[str]) -> argparse.Namespace:
    """Return the options of the command line, whose contestants have these names."""
    known = list(names)
    parser = argparse.ArgumentParser(prog="benchmarks.tables", description=__doc__)
    parser.add_argument("--data", type=Path, default=DATA, help="folder of the tables")
    parser.add_argument("--results", type=Path, default=RESULTS, help="file of JSON lines")
    parser.add_argument(
        "--peers", default=os.environ.get("PEERS_PYTHON"), metavar="PYTHON",
        help="interpreter that has the peers that this one lacks (or variable PEERS_PYTHON)",
    )  # fmt: skip
    parser.add_argument("--only", nargs="+", choices=known, default=known)
    parser.add_argument("--sets", nargs="+", choices=list(SETS), default=list(SETS))
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument(
        "--rows", type=int, default=MOST_TRAINING_ROWS, help="training rows at most, a table"
    )
    parser.add_argument("--minutes", type=float, default=np.inf, help="begin nothing after these")
    return parser.parse_args(arguments)


def run_all(commands: dict[str, Sequence[str]], wanted: argparse.Namespace) -> None:
    """Measure what is not in the file of results yet, seed by seed and set by set, and show all."""
    results: Path = wanted.results
    kept = results.read_text().splitlines() if results.is_file() else []
    lines = [json.loads(line) for line in kept]
    done = {(line["set"], line["seed"], line["contestant"]) for line in lines}
    work = [(s, t, c) for s in range(wanted.seeds) for t in wanted.sets for c in commands]
    began = time.monotonic()
    for seed, table, name in work:
        if (table, seed, name) in done:
            continue
        if time.monotonic() - began > 60 * wanted.minutes:
            print("the minutes are over: run it again to go on")
            break
        if not (wanted.data / SETS[table].file).is_file():
            print(f"{table}: {SETS[table].file} is not in {wanted.data}")
            continue
        try:
            found = measured(commands[name], table, seed, wanted)
        except (subprocess.CalledProcessError, subprocess.TimeoutExpired) as error:
            said = error.stderr or b""
            last = (said if isinstance(said, str) else said.decode()).strip().splitlines()[-1:]
            print(f"{table}, seed {seed}, {name}: failed: {' '.join(last) or error}", flush=True)
            continue
        line = {"set": table, "seed": seed, "contestant": name} | found
        lines.append(line)
        with results.open("a") as file:
            file.write(json.dumps(line) + "\n")
        print(f"{table:<18} seed {seed} {name:<16} {line['score']:.4f} in {line['fit']:.1f} s")
        sys.stdout.flush()
    if lines:
        show(lines)


def main(arguments: Sequence[str] = ()) -> None:
    """Run the benchmark, and name the peers that are not installed."""
    wanted = parsed(arguments, (*OURS, *PEERS))
    pythons = [sys.executable, *([wanted.peers] if wanted.peers else [])]
    commands: dict[str, Sequence[str]] = {}
    for name in wanted.only:
        if name in OURS:
            commands[name] = with_options(OURS[name])
            continue
        python = python_with(PEERS[name][0], pythons)
        if python is None:
            print(f"{name}: {PEERS[name][0]} is not installed: left out (see --peers)")
        else:
            commands[name] = [python, str(SCRIPT), name]
    run_all(commands, wanted)


if __name__ == "__main__":
    main(sys.argv[1:])
