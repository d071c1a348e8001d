"""The eleven tables of the benchmark of tables, and how each is split for all contestants."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from descend.data.reading import read_table
from descend.models import Options
from descend.models.tables.examples import TableExamples

__all__ = ["MOST_TEST_ROWS", "MOST_TRAINING_ROWS", "SETS", "TableSet", "write_split"]

MOST_TRAINING_ROWS = 8_000
MOST_TEST_ROWS = 10_000


@dataclass(frozen=True)
class TableSet:
    """A file, what is predicted from it, and the columns that no contestant is given."""

    file: str
    target: str
    task: str
    drop: tuple[str, ...] = ()


SETS = {
    "telco_churn": TableSet("telco_churn.csv", "Churn", "classification", ("customerID",)),
    "titanic": TableSet(
        "titanic.csv", "Survived", "classification", ("PassengerId", "Name", "Ticket")
    ),
    "adult": TableSet("adult-train.csv", "column_15", "classification"),
    "letter": TableSet("letter.tsv.gz", "target", "classification"),
    "connect-4": TableSet("connect-4.tsv.gz", "target", "classification"),
    "california": TableSet("california.csv", "median_house_value", "regression"),
    "bike_hour": TableSet(
        "bike_hour.csv", "cnt", "regression", ("instant", "dteday", "casual", "registered")
    ),
    "diamonds": TableSet("diamonds.csv", "price", "regression", ("rownames",)),
    "house_16H": TableSet("574_house_16H.tsv.gz", "target", "regression"),
    "kin8nm": TableSet("kin8nm.arff", "y", "regression"),
    "winequality-white": TableSet("winequality-white.csv", "column_12", "regression"),
}


def write_split(
    data: Path, name: str, seed: int, folder: Path, most: int = MOST_TRAINING_ROWS
) -> None:
    """Write ``train.csv``, ``test.csv`` and ``spec.json`` for one table and seed into a folder.

    A fifth of the rows at least is for the test. Numbers and categories are those that Descend
    finds, so that all contestants know the same.
    """
    of = SETS[name]
    options = Options.of(target=of.target, task=of.task, drop=of.drop)
    columns = TableExamples.read(data / of.file, options, None).columns
    inputs = {c.name: c.kind for c in columns if c.name not in (of.target, *of.drop)}
    frame = read_table(data / of.file).frame.select(*inputs, of.target)
    frame = frame.filter(frame[of.target].is_not_null())
    order = np.random.default_rng(seed).permutation(len(frame))
    training = min(most, round(0.8 * len(frame)))
    frame[order[:training]].write_csv(folder / "train.csv")
    frame[order[training:][:MOST_TEST_ROWS]].write_csv(folder / "test.csv")
    spec = {
        "target": of.target,
        "task": of.task,
        "seed": seed,
        "numbers": [c for c, kind in inputs.items() if kind == "number"],
        "categories": [c for c, kind in inputs.items() if kind != "number"],
        "classes": sorted(frame[of.target].unique()) if of.task == "classification" else [],
    }
    (folder / "spec.json").write_text(json.dumps(spec))
