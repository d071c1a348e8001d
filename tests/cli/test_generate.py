"""``--generate`` and ``--prompt``: what a person sees, and what is refused."""

import json

import numpy as np
import pytest

from descend.cli.main import run

TEXT = "the cat sat on the mat.\n" * 100
QUICK = ("--layers", "8", "--epochs", "1")


@pytest.fixture(scope="module")
def writer(tmp_path_factory):
    """The file of a network that writes."""
    folder = tmp_path_factory.mktemp("writer")
    (folder / "cat.txt").write_text(TEXT)
    out = folder / "cat.descend"
    assert run(["train", str(folder / "cat.txt"), "--generate", *QUICK, "-o", str(out), "-q"]) == 0
    return out


def test_train_tells_its_plan_and_what_came_of_it(descend, folder):
    (folder / "cat.txt").write_text(TEXT)
    outcome = descend("train", "cat.txt", "--generate", *QUICK)
    assert (outcome.code, outcome.out) == (0, "")
    for phrase in (
        "Text cat.txt, 2,400 characters",
        "12 different ones known",
        "the last 240 test",
        "8 GRU",
        "lanes of 64 characters",
        "nats a character",
        "6-gram counts",
        "Writes",
        "descend predict cat.descend --prompt 'the cat sat on the'",
    ):
        assert phrase in " ".join(outcome.err.split())  # however wide the terminal is


def test_plans_of_networks_that_write(descend, folder):
    (folder / "cat.txt").write_text(TEXT)
    printed = descend("train", "cat.txt", "--generate", *QUICK, "--dry-run", "--json", "-q")
    assert json.loads(printed.out)["kind"] == "LanguagePlan"
    (folder / "plan.json").write_text(printed.out)
    descend("train", "cat.txt", "--plan", "plan.json").refused(2, "add --generate")
    descend("train", "cat.txt", "--generate", "--plan", "plan.json", "--cell", "lstm").refused(
        2, "--cell does not go with --plan"
    )
    again = descend("train", "cat.txt", "--generate", "--plan", "plan.json", "--json", "-q")
    assert json.loads(again.out)["report"]["noun"] == "character"


def test_checkpoints_go_on(descend, folder):
    (folder / "cat.txt").write_text(TEXT)
    command = ("train", "cat.txt", "--generate", *QUICK, "--checkpoint", "kept", "-q")
    assert descend(*command).code == 0
    resumed = descend(*command[:-1], "--resume")
    assert "Resumed" in resumed.err


def test_predict_writes_on(descend, writer):
    outcome = descend("predict", writer, "--prompt", "the c", "--length", "20")
    assert outcome.out.startswith("the c")
    assert len(outcome.out) in (25, 26)
    assert outcome.err == ""
    as_json = descend("predict", writer, "--prompt", "the c", "--length", "20", "--json")
    answer = json.loads(as_json.out)
    assert answer["prompt"] + answer["text"] == outcome.out[:25]
    other = descend("predict", writer, "--prompt", "the c", "--length", "20", "--seed", "5")
    assert other.out != outcome.out


def test_unseen_characters_are_named(descend, writer):
    outcome = descend("predict", writer, "--prompt", "é日", "--length", "5")
    assert outcome.code == 0
    assert "'é', '日'" in outcome.err
    assert "unknown" in outcome.err


def test_prompts_of_files_and_answers_in_files(descend, writer, folder):
    (folder / "p.txt").write_text("the cat")
    outcome = descend("predict", writer, "p.txt", "--length", "5", "-o", "out.txt")
    assert (outcome.code, outcome.out) == (0, "")
    assert (folder / "out.txt").read_text().startswith("the cat")
    assert len((folder / "out.txt").read_text()) == 12
    descend("predict", writer, "p.txt", "--prompt", "a").refused(2, "leave out one")


def test_test_and_show(descend, writer, folder):
    (folder / "other.txt").write_text("on the mat sat the cat. " * 9)
    outcome = descend("test", writer, "other.txt")
    assert "215 characters of other.txt" in outcome.out
    assert json.loads(descend("test", writer, "other.txt", "--json").out)["tokens"] == 215
    assert "trained on" not in outcome.out
    assert "8 GRU" in descend("show", writer).out
    assert json.loads(descend("show", writer, "--json").out)["kind"] == "LanguageCard"


@pytest.mark.parametrize("more", ["", "And more."])
def test_a_text_that_was_trained_on_is_recognised(descend, writer, folder, more):
    (folder / "again.txt").write_text(TEXT + more)
    trained = 2040 - 1  # 85 in 100 train, and the first has nothing before it
    outcome = descend("test", writer, "again.txt")
    assert f"at least {trained:,} of them were trained on" in " ".join(outcome.out.split())
    report = json.loads(descend("test", writer, "again.txt", "--json").out)
    assert report["trained_on"] == trained


@pytest.mark.parametrize("tokens", ["characters", "bytes", "pieces"])
def test_excerpts_of_what_was_trained_on_are_recognised(descend, folder, tokens):
    if tokens == "pieces":
        pytest.importorskip("tokenizers")
    known = ["the", "cat", "sat", "on", "a", "mat", "and", "no", "dog", "ran", "far"]
    words = np.random.default_rng(0).choice(known, 9000)
    text = " ".join(words)
    (folder / "book.txt").write_text(text)
    options = ("--tokens", tokens, "--layers", "4", "--epochs", "1", "--steps", "16", "-q")
    assert descend("train", "book.txt", "--generate", *options).code == 0
    ends = round(0.85 * len(text))
    for name, part, low, high in (
        ("inside.txt", text[5003:15003], 0.85, 1.0), ("aside.txt", text[ends:], 0.0, 0.0),
        ("around.txt", "It began. " * 200 + text[9001:14001] + "It ended. " * 200, 0.2, 0.56),
    ):  # fmt: skip
        (folder / name).write_text(part)
        report = json.loads(descend("test", "book.descend", name, "--json").out)
        assert low <= report["trained_on"] / report["tokens"] <= high, (name, report)
        said = " ".join(descend("test", "book.descend", name).out.split())
        assert ("of them were trained on, so the score flatters" in said) is (high > 0)


@pytest.mark.parametrize(
    ("options", "phrase"),
    [
        (("--generate", "--target", "y"), "--target does not go with --generate"),
        (("--generate", "--members", "3"), "--members does not go with --generate"),
        (("--generate", "--tokens", "word"), "one of characters, bytes, pieces"),
        (("--tokens", "bytes"), "goes with --generate"),
        (("--generate", "--layers", "conv8"), "numbers of units"),
    ],
)
def test_options_that_do_not_go_together(descend, folder, options, phrase):
    (folder / "cat.txt").write_text(TEXT)
    descend("train", "cat.txt", *options).refused(2, phrase)


def test_what_networks_that_write_cannot_do(descend, writer, folder):
    (folder / "a.csv").write_text("a,b\n1,2\n")
    descend("explain", writer, "a.csv").refused(2, "writes text", "--prompt")
    descend("predict", writer, "a.csv", "--top", "2").refused(2, "--top", "writes text")
    descend("show", writer, "--picture", "a.svg").refused(2, "writes text")
    descend("predict", writer, "--prompt", "a", "--temperature", "-1").refused(2, "temperature")


def test_models_of_tables_take_no_prompt(train, descend):
    from tests.cli.conftest import table

    assert train(table()).code == 0
    outcome = descend("predict", "data.descend", "--prompt", "a")
    assert outcome.code == 2
    assert "--prompt is for networks that write" in outcome.err


def test_what_is_no_text(descend, folder):
    (folder / "a.bin").write_bytes(b"a\x00b" * 2000)
    descend("train", "a.bin", "--generate").refused(2, "--tokens bytes")
    (folder / "b.txt").write_text("short")
    descend("train", "b.txt", "--generate").refused(2, "1,000 are the least")
