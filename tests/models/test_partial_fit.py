"""Going on learning: exactly as if training had not stopped."""

from __future__ import annotations

from pathlib import Path

import jax
import numpy as np
import polars as pl
import pytest

from descend.errors import TargetError
from descend.models import Options, TableTraining, load

COLUMNS = ("a", "b", "city", "y")


def table(rows: int, seed: int = 0) -> pl.DataFrame:
    r = np.random.default_rng(seed)
    a, b = r.normal(size=(2, rows))
    city = r.choice(["Rome", "Oslo"], rows)
    y = np.where(a + (city == "Rome") > 0.5, "yes", "no")
    return pl.DataFrame({"a": a, "b": b, "city": city, "y": y})


def trained(frame: pl.DataFrame, epochs: int, batch: int):
    options = Options.of(
        target="y", epochs=epochs, batch_size=batch, schedule="constant", test_fraction=0.0,
        validation=0.0, layers=(8,), optimizer="adam",
    )  # fmt: skip
    training = TableTraining(frame, options)
    plan = training.plan.replace(descent=training.plan.descent.replace(shuffle=False))
    training = TableTraining(frame, options, plan)
    for _ in training.epochs():
        pass
    return training.finish()


def same(one, other) -> None:
    for a, b in zip(jax.tree.leaves(one), jax.tree.leaves(other), strict=True):
        np.testing.assert_array_equal(a, b)


@pytest.mark.parametrize("batch", [1, 8])
def test_another_pass_is_another_epoch_to_the_bit(batch: int) -> None:
    frame = table(64)
    longer = trained(frame, 3, batch)
    model = trained(frame, 2, batch)
    kept = jax.tree.map(np.array, model.params)
    on = model.partial_fit(frame)
    same(on.params, longer.params)
    same(model.params, kept)
    assert on.report is None


def test_two_halves_are_the_whole_and_single_rows_too() -> None:
    frame, new = table(64), table(24, 1)
    model = trained(frame, 2, 8)
    whole = model.partial_fit(new)
    halves = model.partial_fit(new[:8]).partial_fit(new[8:])
    same(whole.params, halves.params)
    rowwise = trained(frame, 2, 1)
    together, single = rowwise.partial_fit(new), rowwise
    for i in range(len(new)):
        single = single.partial_fit(new[i : i + 1])
    same(together.params, single.params)
    assert int(single.memory.step) == 2 * 64 + 24


def test_new_rows_count_as_seen_and_a_file_begins_with_an_empty_memory(tmp_path: Path) -> None:
    model, new = trained(table(64), 2, 8), table(30, 5)
    assert model.test(new).seen == 0
    on = model.partial_fit(new)
    assert on.test(new).seen == 30
    on.save(tmp_path / "on.descend")
    again = load(tmp_path / "on.descend")
    same(again.params, on.params)
    assert again.memory is None
    assert again.partial_fit(new, learning_rate=0.001).memory is not None


@pytest.mark.slow
def test_learns_what_has_changed() -> None:
    model = trained(table(200), 20, 8)
    other = table(400, 3).with_columns(
        pl.when(pl.col("y") == "yes").then(pl.lit("no")).otherwise(pl.lit("yes")).alias("y")
    )
    before = model.test(other).targets[0].accuracy
    for _ in range(20):
        model = model.partial_fit(other, learning_rate=0.01)
    assert before < 0.5 < 0.8 < model.test(other).targets[0].accuracy


def test_says_what_is_wrong() -> None:
    model = trained(table(40), 1, 8)
    with pytest.raises(TargetError, match='no column "y"'):
        model.partial_fit(table(5).drop("y"))
    with pytest.raises(TargetError, match="every target known"):
        model.partial_fit(table(5).with_columns(y=pl.lit("")))
    with pytest.raises(TargetError):
        model.partial_fit(table(5).with_columns(y=pl.lit("maybe")))


def test_classes_go_on_weighing_alike() -> None:
    rng = np.random.default_rng(0)
    rare = rng.random(600) < 0.05
    a = rng.normal(size=600) + rare
    frame = pl.DataFrame({"a": a, "y": np.where(rare, "rare", "usual")})
    options = Options.of(target="y", class_weight="balanced", epochs=20, layers=(8,))
    training = TableTraining(frame, options)
    for _ in training.epochs():
        pass
    model = training.finish()
    for _ in range(20):
        model = model.partial_fit(frame, learning_rate=0.01)
    said = np.asarray(model.predict(frame)) == "rare"
    assert said[rare].mean() > 0.5
