"""Searching: the same trials whoever stops it, judged as single runs are."""

from __future__ import annotations

import json
from pathlib import Path

import polars as pl
import pytest

from descend.errors import DescendError, UsageError
from descend.models import Options, TableTraining
from descend.models.search import Search
from descend.models.search_space import Between, check_space

PENGUINS = Path(__file__).parents[2] / "examples" / "penguins.csv"
OPTIONS = Options.of(target="species", epochs=6)
SPACE = {
    "layers": ((8,), (4, 4)),
    "learning_rate": Between(1e-3, 1e-1),
    "weight_decay": Between(0.01, 0.1),
}


def test_a_trial_is_what_training_with_its_settings_gives() -> None:
    search = Search(PENGUINS, OPTIONS, space=SPACE, trials=10)
    groups: list[int] = []
    best = search.run(lambda found: groups.append(len(found)))
    assert sum(groups) == 10
    assert len(groups) <= 2
    assert best.loss == min(trial.loss for trial in search.finished)
    assert search.ranking()[0].number == best.number
    alone = TableTraining(PENGUINS, search.best_options())
    for _ in alone.epochs():
        pass
    lowest = min(record.validation_loss for record in alone.run.history)
    assert best.loss == pytest.approx(lowest, rel=1e-3)


@pytest.mark.slow
def test_halving_keeps_thirds_and_goes_on_where_it_was_stopped(tmp_path: Path) -> None:
    def fresh(folder: Path) -> Search:
        return Search(
            PENGUINS, OPTIONS, space={"learning_rate": Between(1e-4, 1e-1)}, trials=9, halving=True,
            folder=folder,
        )  # fmt: skip

    whole = fresh(tmp_path / "whole")
    whole.run()
    assert [sum(t.rung == rung for t in whole.finished) for rung in range(3)] == [9, 3, 1]
    stopped = fresh(tmp_path / "stopped")
    stopped.run(lambda found: stopped.stop())
    assert len(stopped.finished) == 9
    path = tmp_path / "stopped" / "trials.jsonl"
    path.write_text(path.read_text() + '{"number": 3, "ru')  # cut off in the middle of a line
    rest = fresh(tmp_path / "stopped")
    assert len(rest.finished) == 9
    rest.run()
    assert rest.finished == whole.finished
    assert json.loads(path.read_text().splitlines()[-1])["rung"] == 2


def test_more_trials_go_on_from_fewer(tmp_path: Path) -> None:
    space = {"learning_rate": Between(1e-3, 1e-1), "layers": ((4,),)}
    few = Search(PENGUINS, OPTIONS, space=space, trials=2, folder=tmp_path)
    few.run()
    more = Search(PENGUINS, OPTIONS, space=space, trials=4, folder=tmp_path)
    assert more.finished == few.finished
    more.run()
    assert [trial.number for trial in more.finished] == [1, 2, 3, 4]


def test_refuses_another_search_in_the_folder(tmp_path: Path) -> None:
    Search(PENGUINS, OPTIONS, trials=3, folder=tmp_path)
    with pytest.raises(UsageError, match="another search"):
        Search(PENGUINS, OPTIONS, trials=3, halving=True, folder=tmp_path)
    with pytest.raises(UsageError, match="validation rows"):
        Search(PENGUINS, Options.of(target="species", validation=0.0))
    with pytest.raises(UsageError, match="at least 1"):
        Search(PENGUINS, OPTIONS, trials=0)


@pytest.mark.parametrize(
    ("name", "choices", "said"),
    [
        ("learning_rat", (0.1, 0.2), "learning_rate"),
        ("layers", (), "list of choices"),
        ("layers", "64", "list of choices"),
        ("epochs", (1, 2), "cannot be searched.*layers, activation"),
        ("target", ("species",), "cannot be searched"),
        ("batch_size", Between(8, 64), "no range.*learning_rate"),
        ("dropout", Between(0.5, 1.5), "dropout"),
        ("dropout", (0.1, -1), "dropout"),
        ("activation", ("rleu",), "relu"),
        ("optimizer", ("adam", "sgdd"), "sgd"),
    ],
)
def test_refuses_wrong_spaces(name: str, choices: object, said: str) -> None:
    with pytest.raises(DescendError, match=said):
        check_space({name: choices}, OPTIONS)


@pytest.mark.parametrize(("low", "high"), [(0, 1), (1, 1), (2, 1), (1, float("inf"))])
def test_refuses_wrong_ranges(low: float, high: float) -> None:
    with pytest.raises(UsageError, match="above 0"):
        Between(low, high)


def test_other_labels_are_another_search(tmp_path: Path) -> None:
    frame = pl.read_csv(PENGUINS, infer_schema=False)
    Search(frame, OPTIONS, space=SPACE, trials=2, folder=tmp_path)
    other = frame.with_columns(species=pl.col("species").reverse())
    with pytest.raises(UsageError, match="another search"):
        Search(other, OPTIONS, space=SPACE, trials=2, folder=tmp_path)
