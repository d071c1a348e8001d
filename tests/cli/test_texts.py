"""Texts on the command line: from labelled lines to the words that carried a decision."""

import json

import numpy as np
import pytest
from click.testing import CliRunner

from descend.cli.main import cli
from descend.cli.words import coloured
from descend.data.text_credit import Credit


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """Train on `label TAB text`, whose label is told by one word of each text."""
    folder = tmp_path_factory.mktemp("texts")
    rng = np.random.default_rng(0)
    plain = ["film", "plot", "scene", "actor", "music", "the", "a"]
    telling = {"up": ["good", "lovely"], "down": ["bad", "dull"]}
    lines = [
        f"{label}\t{' '.join(rng.choice(plain, 6))} {rng.choice(words)} the end"
        for _ in range(60)
        for label, words in telling.items()
    ]
    (folder / "texts.tsv").write_text("\n".join(lines) + "\n")
    model = folder / "model.descend"
    options = ["train", str(folder / "texts.tsv"), "--out", str(model), "--no-header", "-q"]
    result = CliRunner().invoke(cli, options)
    assert result.exit_code == 0, result.output
    return folder, model


def test_the_words_that_carried_the_decision(trained):
    folder, model = trained
    (folder / "new.csv").write_text('column_2\na lovely plot \U0001f600\nthe dull film\n""\n')
    ask = ["predict", str(model), str(folder / "new.csv"), "--why"]
    run = CliRunner().invoke(cli, [*ask, "--json"])
    rows = [json.loads(line) for line in run.stdout.splitlines() if line.startswith("{")]
    assert [row["prediction"] for row in rows[:2]] == ["up", "down"]
    for row, word in zip(rows, ("lovely", "dull"), strict=False):
        strongest = max(row["why"], key=lambda one: one["credit"])
        assert strongest["word"] == word
        assert row["column_2"][strongest["start"] : strongest["stop"]] == word
    assert rows[2]["why"] == []
    run = CliRunner().invoke(cli, ask)
    assert "lovely +" in run.stdout


def test_colour_keeps_emoji_whole_and_steers_no_terminal():
    text = "ok \U0001f469\U0001f3fd\u200d\U0001f680 \x1b[2Jbad"
    words = [Credit("ok", 0, 2, 1.0), Credit(text[3:7], 3, 7, 0.2), Credit("bad", 12, 15, -0.4)]
    shown = coloured(text, words)
    assert "\x1b[1m\x1b[32mok\x1b[0m" in shown
    assert "\x1b[32m\U0001f469\U0001f3fd\u200d\U0001f680\x1b[0m" in shown
    assert "\x1b[2J" not in shown
    assert "\x1b[31mbad\x1b[0m" in shown
    assert coloured("a\u202eb שלום\u2069", []) == "ab שלום"  # nothing turns the rest of the line


@pytest.mark.parametrize(
    ("content", "name", "rows"),
    [
        ("up\ta good plot, the end\ndown\tthe dull film\nup\tlovely\n", "new.tsv", 3),
        ("down\tthe dull film\n", "one.tsv", 1),
        ("a good plot, the end\nthe dull film\nlovely, lovely, lovely\n", "texts.txt", 3),
        ("a good plot, the end\n", "text.csv", 1),
    ],
)
def test_files_without_a_header_are_read_as_in_training(trained, content, name, rows):
    folder, model = trained
    (folder / name).write_text(content)
    run = CliRunner().invoke(cli, ["predict", str(model), str(folder / name), "--json"])
    found = [json.loads(line) for line in run.stdout.splitlines()]
    assert len(found) == rows, run.output
    texts = [line.rpartition("\t")[2] for line in content.splitlines()]
    assert [row["column_2"] for row in found] == texts
    run = CliRunner().invoke(cli, ["test", str(model), str(folder / name), "--json"])
    assert (run.exit_code == 0) == ("\t" in content), run.output
    piped = CliRunner().invoke(cli, ["predict", str(model), "--json"], input=content)
    assert len([line for line in piped.stdout.splitlines() if line.startswith("{")]) == rows


@pytest.mark.parametrize("unit", ["line", "file"])
def test_models_of_folders_read_single_texts_as_in_training(tmp_path, unit):
    folder = tmp_path / "rev"
    texts = {"up": "a lovely, good film", "down": "a dull; bad film"}
    for label, text in texts.items():
        lines = [f"{text} {i}" for i in range(15)]
        (folder / label).mkdir(parents=True)
        if unit == "file":
            for i, line in enumerate(lines):
                (folder / label / f"{i}.txt").write_text(f"{line}\nthe end")
        else:
            (folder / label).rmdir()
            (folder / f"{label}.txt").write_text("\n".join(lines))
    model = tmp_path / "model.descend"
    options = ["train", str(folder), "--out", str(model), "--epochs", "1", "-q"]
    assert CliRunner().invoke(cli, options).exit_code == 0
    (tmp_path / "one").mkdir()
    (tmp_path / "one" / "new 1.txt").write_text("a good, lovely plot\n\nthe end\n")
    whole = unit == "file"
    expected = ["a good, lovely plot\n\nthe end\n"] if whole else ["a good, lovely plot", "the end"]
    for place in (tmp_path / "one", tmp_path / "one" / "new 1.txt"):
        run = CliRunner().invoke(cli, ["predict", str(model), str(place), "--json"])
        found = [json.loads(line) for line in run.stdout.splitlines()]
        assert [row["text"] for row in found] == expected, run.output
        assert "class" not in found[0]
    run = CliRunner().invoke(cli, ["test", str(model), str(folder), "--json"])
    assert run.exit_code == 0, run.output


def test_an_empty_file_of_texts(trained, descend, folder):
    (folder / "new.txt").write_text(" \n")
    for command in ("predict", "test"):
        told = descend(command, trained[1], "new.txt")
        told.refused(2, "new.txt is empty: expected rows of examples or texts, one a line")
