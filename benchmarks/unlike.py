"""How many rows are flagged as unlike the training data: usual ones, damaged ones, another kind.

``python -m benchmarks unlike`` trains the default network on tables of ``benchmarks.table_sets``
and asks it for the likeness of test rows as they are, and after each kind of damage. Of letters,
three are left out of the training rows, and asked for as well.
"""

from __future__ import annotations

import json
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from benchmarks.table_sets import SETS, write_split
from benchmarks.tables import DATA
from descend import train
from descend.metrics import roc_auc

__all__ = ["main"]

TABLES = ("california", "bike_hour", "winequality-white", "adult", "letter")
ROWS = 2_000
LEFT_OUT = {"letter": ("16", "22", "23")}
"""Classes that the model of a table does not meet in training."""

Damage = Callable[[pl.DataFrame, list[str], np.random.Generator], pl.DataFrame]


def far(count: int, spreads: float) -> Damage:
    """Return the damage that moves some numbers of each row up by so many standard deviations."""

    def damage(frame: pl.DataFrame, names: list[str], draw: np.random.Generator) -> pl.DataFrame:
        x = frame.select(pl.col(names).cast(pl.Float64)).to_numpy().copy()
        chosen = np.argsort(draw.random(x.shape), axis=1)[:, :count]
        np.put_along_axis(
            x, chosen, np.take_along_axis(x + spreads * np.nanstd(x, axis=0), chosen, 1), 1
        )
        return frame.with_columns(pl.DataFrame(x, schema=names))

    return damage


def thousandfold(frame: pl.DataFrame, names: list[str], draw: np.random.Generator) -> pl.DataFrame:
    """Return a frame whose every row has one number in another unit."""
    x = frame.select(pl.col(names).cast(pl.Float64)).to_numpy().copy()
    x[np.arange(len(x)), draw.integers(0, x.shape[1], len(x))] *= 1000
    return frame.with_columns(pl.DataFrame(x, schema=names))


def shuffled(frame: pl.DataFrame, names: list[str], draw: np.random.Generator) -> pl.DataFrame:
    """Return a frame whose columns are each shuffled: usual cells, unusual together."""
    order = [draw.permutation(len(frame)) for _ in frame.columns]
    return frame.select(
        frame[name].gather(places) for name, places in zip(frame.columns, order, strict=True)
    )


def swapped(frame: pl.DataFrame, names: list[str], draw: np.random.Generator) -> pl.DataFrame:
    """Return a frame whose numbers stand one column too far to the right."""
    turned = [*names[1:], names[0]]
    return frame.with_columns(frame[old].alias(new) for old, new in zip(names, turned, strict=True))


DAMAGES: dict[str, Damage] = {
    "one number 5 deviations up": far(1, 5.0),
    "one number 20 deviations up": far(1, 20.0),
    "three numbers 5 deviations up": far(3, 5.0),
    "one number times 1,000": thousandfold,
    "numbers one column off": swapped,
    "each column shuffled": shuffled,
}


def likeness_of(model: Any, frame: pl.DataFrame) -> np.ndarray:
    """Return the likeness of each row."""
    found = model.predictions(frame).likeness
    if found is None:
        raise SystemExit("this model cannot tell what is unlike its training rows")
    return found


def measure(name: str) -> None:
    """Print for one table what share of rows is flagged, and how well likeness tells them apart."""
    with tempfile.TemporaryDirectory() as made:
        folder = Path(made)
        write_split(DATA, name, 0, folder)
        spec = json.loads((folder / "spec.json").read_text())
        rows, frame = (
            pl.read_csv(folder / f"{part}.csv", infer_schema_length=None)
            for part in ("train", "test")
        )
    target, names = spec["target"], spec["numbers"]
    left_out = pl.col(target).cast(pl.String).is_in(LEFT_OUT.get(name, ()))
    model = train(rows.filter(~left_out), target, task=spec["task"], seed=0, test_fraction=0.0)
    strangers = frame.filter(left_out).drop(target)
    frame = frame.filter(~left_out).drop(target)[:ROWS]
    usual = likeness_of(model, frame)
    print(f"  {name:<20}{'usual rows':<32}{np.mean(usual <= 0.01):>8.1%}", flush=True)
    others = {title: of(frame, names, np.random.default_rng(0)) for title, of in DAMAGES.items()}
    if len(strangers):
        others["rows of classes never seen"] = strangers
    for title, other in others.items():
        likeness = likeness_of(model, other)
        truth = np.repeat([0, 1], [len(usual), len(likeness)])
        area = float(roc_auc(truth, -np.concatenate([usual, likeness])))
        print(f"  {'':<20}{title:<32}{np.mean(likeness <= 0.01):>8.1%}   {area:.3f}", flush=True)


def main() -> None:
    """Print the shares for all tables that are there."""
    print("\nRows flagged as unlike the training data; area under the ROC curve beside usual rows")
    for name in TABLES:
        if (DATA / SETS[name].file).is_file():
            measure(name)
