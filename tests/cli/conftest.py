"""A command line to try: runs in this process, small tables, models trained once."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from descend.cli.main import run

FAST = ("--epochs", "1", "--layers", "4", "--dropout", "0")


@dataclass(frozen=True)
class Outcome:
    """What one command did."""

    code: int
    out: str
    err: str
    folder: Path

    def refused(self, code: int, *phrases: str) -> None:
        """Check that the command said in one line what is wrong, and left nothing behind."""
        assert self.code == code, self.err
        assert self.out == ""
        first, *others = self.err.rstrip("\n").split("\n")
        assert first.startswith("descend: "), self.err
        assert all(line.startswith("Help: descend") for line in others), self.err
        assert "Traceback" not in self.err
        assert "a bug in" not in self.err
        for phrase in phrases:
            assert phrase in first
        left = [path.name for path in self.folder.iterdir()]
        assert not [name for name in left if name.endswith((".descend", ".part"))]


def table(rows: int = 60) -> str:
    """Return a table of two numbers, a category and a target of two classes in turn."""
    draw = random.Random(0)
    lines = ["a,b,c,y"]
    for row in range(rows):
        a, b, c = draw.random() + row % 2, draw.random(), draw.choice("uvw")
        lines.append(f"{a:.3f},{b:.3f},{c},{'yes' if row % 2 else 'no'}")
    return "\n".join(lines) + "\n"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty current folder."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def descend(folder: Path, capsys: pytest.CaptureFixture[str]) -> Callable[..., Outcome]:
    """Run a command in an empty folder."""

    def command(*arguments: object) -> Outcome:
        capsys.readouterr()
        code = run([str(argument) for argument in arguments])
        out, err = capsys.readouterr()
        return Outcome(code, out, err, folder)

    return command


@pytest.fixture
def train(descend: Callable[..., Outcome], folder: Path) -> Callable[..., Outcome]:
    """Train on a table given as text or bytes."""

    def command(content: str | bytes, *options: object, name: str = "data.csv") -> Outcome:
        data = content.encode() if isinstance(content, str) else content
        (folder / name).write_bytes(data)
        options = options if "-t" in options or "--plan" in options else ("-t", "y", *options)
        return descend("train", name, *FAST, *options)

    return command


@pytest.fixture(scope="session")
def good() -> str:
    """A table without any fault."""
    return table()


@pytest.fixture(scope="session")
def class_model(tmp_path_factory: pytest.TempPathFactory, good: str) -> Path:
    """A model of two classes, trained on `good`."""
    folder = tmp_path_factory.mktemp("class_model")
    (folder / "data.csv").write_text(good)
    model = folder / "model.descend"
    assert run(["train", str(folder / "data.csv"), "-t", "y", *FAST, "-q", "-o", str(model)]) == 0
    return model


@pytest.fixture(scope="session")
def number_model(tmp_path_factory: pytest.TempPathFactory, good: str) -> Path:
    """A model of one number, trained on `good`."""
    folder = tmp_path_factory.mktemp("number_model")
    (folder / "data.csv").write_text(good)
    model = folder / "model.descend"
    assert run(["train", str(folder / "data.csv"), "-t", "b", *FAST, "-q", "-o", str(model)]) == 0
    return model
