"""Checkpoints: killed and resumed, refused where they do not belong, whole on a full disk."""

from __future__ import annotations

import os
import random
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest

from descend.errors import ModelFileError, OutputError, UsageError
from descend.models import Options, TableTraining
from descend.models.files import checkpoint as module
from descend.models.files.checkpoint import Checkpoints


def table(rows: int = 80, seed: int = 0) -> pl.DataFrame:
    x = np.random.default_rng(seed).normal(size=rows)
    return pl.DataFrame({"x": x, "y": np.sin(x) + 2.5})


def training(frame: pl.DataFrame | None = None, **options: object) -> TableTraining:
    asked = {"target": "y", "epochs": 4, "layers": (4,)} | options
    return TableTraining(table() if frame is None else frame, Options.of(**asked))


def stopped_after(folder: Path, epochs: int) -> None:
    run = training()
    with Checkpoints(folder, run, every=0) as keeper:
        for record in run.epochs():
            keeper.save_if_due()
            if record.epoch == epochs and record.complete:
                break


def weights(run: TableTraining) -> list[np.ndarray]:
    for _ in run.epochs():
        pass
    return leaves(run.run.params)


def leaves(params: Any) -> list[np.ndarray]:
    import jax

    return jax.tree.leaves(params)


def test_goes_on_to_the_same_bits(tmp_path: Path) -> None:
    stopped_after(tmp_path, 2)
    again = training()
    with Checkpoints(tmp_path, again) as keeper:
        assert keeper.resume() > 0
    for got, want in zip(weights(again), weights(training()), strict=True):
        np.testing.assert_array_equal(got, want)


def test_the_newest_are_kept(tmp_path: Path) -> None:
    stopped_after(tmp_path, 4)
    assert len(list(tmp_path.glob("step-*.checkpoint"))) == 2


def test_without_a_checkpoint_it_starts_afresh(tmp_path: Path) -> None:
    with Checkpoints(tmp_path, training()) as keeper:
        assert keeper.resume() == 0


@pytest.mark.parametrize(
    ("other", "what"),
    [
        ({"layers": (5,)}, r"another plan \(network.layers\[0\].units 4, now 5"),
        ({"seed": 1}, r"another plan .*descent.seed 0, now 1"),
        ({"frame": table(seed=1)}, "other rows"),
        ({"frame": table().reverse()}, "other rows"),
    ],
)
def test_another_run_is_refused(tmp_path: Path, other: dict, what: str) -> None:
    stopped_after(tmp_path, 1)
    expected = pytest.raises(UsageError, match=f"{what}.*--force")
    with Checkpoints(tmp_path, training(**other)) as keeper, expected:
        keeper.resume()


def test_other_rows_can_be_forced(tmp_path: Path) -> None:
    stopped_after(tmp_path, 1)
    other = training(table(seed=1))
    with Checkpoints(tmp_path, other) as keeper:
        assert keeper.resume(force=True) > 0
    assert all(np.isfinite(leaf).all() for leaf in weights(other))


def test_what_does_not_fit_cannot_be_forced(tmp_path: Path) -> None:
    stopped_after(tmp_path, 1)
    expected = pytest.raises(ModelFileError, match="Use the options it was made with")
    with Checkpoints(tmp_path, training(layers=(5,))) as keeper, expected:
        keeper.resume(force=True)


def test_both_differences_are_named(tmp_path: Path) -> None:
    stopped_after(tmp_path, 1)
    other = training(table(seed=1), epochs=9)
    expected = pytest.raises(
        UsageError, match=r"another plan \(descent.epochs 4, now 9\) and other"
    )
    with Checkpoints(tmp_path, other) as keeper, expected:
        keeper.resume()


def test_a_checkpoint_of_a_newer_descend(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from descend.models.files import modelfile

    monkeypatch.setattr(modelfile, "VERSION", modelfile.VERSION + 1)
    stopped_after(tmp_path, 1)
    monkeypatch.undo()
    expected = pytest.raises(ModelFileError, match=r"newer Descend.*pip install --upgrade")
    with Checkpoints(tmp_path, training()) as keeper, expected:
        keeper.resume()


def test_a_damaged_checkpoint_gives_way_to_the_one_before(tmp_path: Path) -> None:
    stopped_after(tmp_path, 3)
    newest = max(tmp_path.glob("step-*.checkpoint"))
    newest.write_bytes(newest.read_bytes()[:-7])
    with Checkpoints(tmp_path, training()) as keeper:
        assert keeper.resume() > 0
    assert "damaged" in keeper.warnings[0]


def test_only_damaged_checkpoints_are_an_error(tmp_path: Path) -> None:
    stopped_after(tmp_path, 3)
    for path in tmp_path.glob("step-*.checkpoint"):
        path.write_bytes(b"\x80nonsense")
    expected = pytest.raises(ModelFileError, match="none of the 2 checkpoints")
    with Checkpoints(tmp_path, training()) as keeper, expected:
        keeper.resume()


def test_other_cores_are_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    stopped_after(tmp_path, 1)
    with Checkpoints(tmp_path, training()) as keeper:
        machine = keeper._machine() | {"cores": 99}
        monkeypatch.setattr(keeper, "_machine", lambda: machine)
        keeper.resume()
    assert any("cores" in warning and "last bits" in warning for warning in keeper.warnings)


def test_one_process_at_a_time(tmp_path: Path) -> None:
    with Checkpoints(tmp_path, training()), pytest.raises(OutputError, match="another process"):
        Checkpoints(tmp_path, training())
    with Checkpoints(tmp_path, training()):
        pass


def test_a_full_disk_does_not_end_the_training(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = training()
    with Checkpoints(tmp_path, run, every=0) as keeper:
        records = run.epochs()
        next(records)
        keeper.save()
        before = {path: path.read_bytes() for path in tmp_path.glob("step-*.checkpoint")}

        def full(*arguments: object) -> None:
            raise OSError(28, "No space left on device")

        monkeypatch.setattr(module, "write_atomically", full)
        for _ in records:
            keeper.save()
    assert run.run.ended
    assert keeper.warnings
    assert all("No space left" in warning for warning in keeper.warnings)
    assert {path: path.read_bytes() for path in tmp_path.glob("step-*.checkpoint")} == before


def kill_and_resume(folder: Path, kills: int, seed: int) -> int:
    """Kill training processes at random moments and resume them, until so many were killed.

    Every run that comes to its end is compared with one that was left alone. Returns how many of
    the killed processes had written a checkpoint of their own.
    """
    import descend

    data, run = folder / "data.csv", folder / "run"
    table(3000).write_csv(data)
    base = [sys.executable, "-m", "descend", "train", str(data), "-t", "y", "-q"]
    base += ["--epochs", "400", "--patience", "999", "--out"]
    began = time.monotonic()
    subprocess.run([*base, str(folder / "alone.descend")], check=True)
    alone = time.monotonic() - began  # with checkpoints it takes about twice as long
    wanted = descend.load(folder / "alone.descend").params
    command = [*base, str(folder / "killed.descend"), "--checkpoint", str(run)]
    command += ["--every", "0", "--resume"]
    generator, killed, written = random.Random(seed), 0, 0
    while killed < kills:
        before = set(run.glob("step-*.checkpoint"))
        process = subprocess.Popen(command, stderr=subprocess.PIPE)
        try:
            _, said = process.communicate(timeout=generator.uniform(0.1, 1.5) * alone)
        except subprocess.TimeoutExpired:
            os.kill(process.pid, signal.SIGKILL)
            _, said = process.communicate()
        assert b"damaged" not in said, said
        if process.returncode == -signal.SIGKILL:
            killed += 1
            written += set(run.glob("step-*.checkpoint")) != before
            if killed < kills:
                continue
            subprocess.run(command, check=True)
        else:
            assert process.returncode == 0, said
        got = descend.load(folder / "killed.descend").params
        for a, b in zip(leaves(got), leaves(wanted), strict=True):
            np.testing.assert_array_equal(a, b)
        shutil.rmtree(run)
    return written


@pytest.mark.slow
def test_killed_at_random_moments_and_resumed(tmp_path: Path) -> None:
    kill_and_resume(tmp_path, kills=10, seed=0)
