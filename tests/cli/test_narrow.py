"""Narrow terminals: whole fields are left out, and long lines go on in the next."""

import io
from types import SimpleNamespace

import numpy as np
import pytest

from descend.cli.main import complain
from descend.cli.progress import Progress
from descend.cli.render import Talk
from descend.cli.scores import matrix_lines, score_lines
from descend.cli.search import _table
from descend.cli.terminal import line_width
from descend.data.targets import ClassTarget
from descend.models.outputs import Answer
from descend.models.report import class_report


class Terminal(io.StringIO):
    def isatty(self):
        return True


def fields(width, *, live):
    """Return the fields of a line of progress in so narrow a terminal."""
    shown = io.StringIO()
    talk = SimpleNamespace(
        file=Terminal() if live else shown, quiet=False, width=width,
        say=lambda text: shown.write(text + "\n"),
    )  # fmt: skip
    run = SimpleNamespace(descent=SimpleNamespace(epochs=50))
    record = SimpleNamespace(
        epoch=41, share=1.0, loss=0.0213, validation_loss=0.1, validation_score=0.982,
        rows_per_second=131_000.0, seconds=12.0, complete=True,
    )  # fmt: skip
    progress = Progress(talk, run, score="accuracy")
    progress.update(record)
    text = (talk.file if live else shown).getvalue().strip("\r\n")
    assert len(text) < width + (not live)
    progress.close()
    assert all(len(line) <= width for line in shown.getvalue().splitlines())
    return [field.strip().split(" ")[0] for field in text.split("  ") if field]


def test_lines_of_progress_leave_out_whole_fields():
    usual = ["epoch", "loss", "validation", "accuracy"]
    assert fields(100, live=False) == [*usual, "131,000"]
    assert fields(60, live=False) == usual
    assert fields(40, live=False) == usual[:3]
    assert fields(60, live=True) == usual
    assert fields(70, live=True)[:5] == [*usual, "0:02"]
    assert "━" in fields(100, live=True)[1]


def test_errors_are_wrapped_on_a_terminal_only(monkeypatch):
    monkeypatch.setenv("COLUMNS", "60")
    for stream, count in ((io.StringIO(), 1), (Terminal(), 3)):
        monkeypatch.setattr("sys.stderr", stream)
        assert complain("data.csv has no column of that name. " * 4, 2) == 2
        lines = stream.getvalue().splitlines()
        assert len(lines) == count
        assert lines[0].startswith("descend: data.csv")
        assert all(len(line) <= 60 and line.startswith(" " * 9) for line in lines[1:])


@pytest.mark.parametrize(("columns", "width"), [("60", 60), ("7", 40), ("300", 100), ("", 100)])
def test_width(monkeypatch, columns, width):
    monkeypatch.setenv("COLUMNS", columns)
    assert line_width(io.StringIO()) == width


def test_explanations_fit(descend, folder, good, monkeypatch):
    (folder / "data.csv").write_text(good.replace("a,b,c", "a,a_column_of_a_rather_long_name,c", 1))
    assert descend("train", "data.csv", "-t", "y", "--epochs", "1", "--layers", "4", "-q").code == 0
    for columns in (40, 60):
        monkeypatch.setenv("COLUMNS", str(columns))
        for options in ([], ["--row", "1"]):
            result = descend("explain", "data.descend", "data.csv", *options)
            assert result.code == 0, result.err
            assert max(map(len, result.out.splitlines())) <= columns


def test_trials_fit(monkeypatch, capsys):
    values = {"layers": (256, 128), "dropout": 0.1, "batch_size": 8, "learning_rate": 0.000783}
    trials = [
        SimpleNamespace(values=values, loss=loss, score=0.9, best_epoch=3) for loss in (0.1, None)
    ]
    search = SimpleNamespace(space=values, ranking=lambda: trials)
    for columns in (40, 60, 100):
        monkeypatch.setenv("COLUMNS", str(columns))
        _table(Talk(), search)
        lines = capsys.readouterr().err.splitlines()
        assert max(map(len, lines)) <= columns
        assert ("batch_size 8," in " ".join(lines)) is (columns < 100)


def test_classes_that_are_whole_texts_are_shortened():
    target = ClassTarget(
        "text", tuple(f"{i} says that " + "on and on " * 40 for i in range(13)), (1,) * 13
    )
    codes = np.arange(13)
    answer = Answer("text", np.array(target.classes), codes, None, target.classes)
    report = class_report(target, codes, answer, answer)
    for line in matrix_lines(report, 50):
        assert len(line) <= 50
    assert len(score_lines(report)[0]) < 120
