"""Test scores of the default plan on real tables: the median of five seeds, and seconds a fit.

The tables are looked for in ``../shared/data/tables``; those that are absent are left out.
"""

from __future__ import annotations

import statistics
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import descend

__all__ = ["main"]

TABLES = Path(__file__).resolve().parents[2] / "shared" / "data" / "tables"

SETS: dict[str, tuple[str, str, dict[str, Any]]] = {
    "penguins": ("penguins.csv", "species", {}),
    "titanic": ("titanic.csv", "Survived", {"drop": ("PassengerId", "Name", "Ticket")}),
    "telco_churn": ("telco_churn.csv", "Churn", {}),
    "adult, official split": ("adult-train.csv", "column_15", {"test_fraction": 0.0}),
    "california": ("california.csv", "median_house_value", {}),
    "diamonds": ("diamonds.csv", "price", {}),
    "letter": ("letter.tsv.gz", "target", {}),
}


def official_adult_test() -> Path:
    """Return the official test file with its labels spelled as in the training file."""
    lines = (TABLES / "adult-test.csv").read_text().splitlines()
    clean = Path(tempfile.mkdtemp()) / "adult-test.csv"
    clean.write_text("\n".join(line.removesuffix(".") for line in lines) + "\n")
    return clean


def score(model: descend.Model, name: str) -> tuple[str, float, float | None]:
    """Return the name of the score, the network's, and the linear model's."""
    report = model.report
    if report is None:
        report = model.test(official_adult_test())
    part = report.targets[0]
    if hasattr(part, "accuracy"):
        return "accuracy", part.accuracy, part.linear_accuracy
    return "R2", part.r2, part.linear_r2


def main() -> None:
    """Print one line a table, for the tables named on the command line or all."""
    wanted = [name for name in SETS if any(word in name for word in sys.argv[1:])] or list(SETS)
    print(
        f"{'table':<24}{'score':<10}{'median':>8}{'low':>8}{'high':>8}{'linear':>8}  seconds a fit"
    )
    for name in wanted:
        file, target, options = SETS[name]
        if not (TABLES / file).is_file():
            print(f"{name:<24}{file} is not there: left out")
            continue
        scores, rivals, seconds = [], [], []
        for seed in range(5):
            start = time.perf_counter()
            model = descend.train(TABLES / file, target, seed=seed, **options)
            seconds.append(time.perf_counter() - start)
            kind, value, rival = score(model, name)
            scores.append(value)
            rivals.append(rival)
        print(
            f"{name:<24}{kind:<10}{statistics.median(scores):8.4f}{min(scores):8.4f}"
            f"{max(scores):8.4f}{statistics.median(rivals):8.4f}  {statistics.median(seconds):.1f}",
            flush=True,
        )


if __name__ == "__main__":
    main()
