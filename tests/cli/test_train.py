"""Training by command: what is printed where, plans that repeat a run, roles of columns."""

import io
import json
import re
import sys

import numpy as np
import polars as pl
import pytest

from descend.cli.destination import model_name
from descend.data.fingerprints import fingerprint, row_hashes
from descend.models import Options, TableTraining, load
from descend.models.files.tensors import flat
from descend.models.time_limit import TimeLimit

LONGER = ("--epochs", "30", "--learning-rate", "0.03")


def tensors(path):
    model = load(path)
    return dict(flat({"params": model.params, "linear": model.linear_params}, "model"))


def labelled(good, *columns):
    """Return the table with further columns; each is a function of the row's number."""
    lines = good.splitlines()
    rows = [",".join([line, *(str(make(i)) for _, make in columns)])
            for i, line in enumerate(lines[1:])]  # fmt: skip
    return "\n".join([",".join([lines[0], *(name for name, _ in columns)]), *rows]) + "\n"


def test_what_is_said(train, good):
    result = train(good)
    assert result.code == 0
    assert result.out == ""
    labels = [line.split()[0] for line in result.err.splitlines() if line[0] != " "]
    before = ["Data", "Target", "Inputs", "Checks", "Split", "Network", "Descent"]
    assert labels == [*before, "epoch", "Finished", "Test", "Saved"]
    assert "60 rows, 4 columns" in result.err
    assert "2 classes: no 30, yes 30" in result.err
    assert "next: descend predict data.descend new.csv" in " ".join(result.err.lower().split())
    assert (result.folder / "data.descend").is_file()


def test_json(train, good):
    result = train(good, "--json", "-q", "-o", "m.descend")
    assert result.err == ""
    whole = json.loads(result.out)
    assert set(whole) == {"model", "report", "plan", "provenance"}
    assert whole["model"] == "m.descend"
    assert whole["report"]["rows"] == 12
    assert whole["plan"]["descent"]["epochs"] == 1
    assert whole["provenance"]["rows"] == 60


def test_quiet_is_silent(train, good):
    result = train(good, "--quiet")
    assert (result.code, result.out, result.err) == (0, "", "")


def test_dry_run_trains_nothing(train, good):
    result = train(good, "--dry-run")
    assert result.code == 0
    assert result.out == ""
    assert "Network" in result.err
    assert "epoch 1" not in result.err
    assert not list(result.folder.glob("*.descend"))


def test_a_plan_repeats_the_run_bit_by_bit(train, descend, folder, good):
    plan = train(good, "--dry-run", "--json", "--seed", "7")
    (folder / "plan.json").write_text(plan.out)
    assert train(good, "--seed", "7", "-o", "first.descend").code == 0
    assert descend("train", "data.csv", "--plan", "plan.json", "-o", "second.descend").code == 0
    assert train(good, "--seed", "8", "-o", "other.descend").code == 0
    first, second, other = (tensors(f"{name}.descend") for name in ("first", "second", "other"))
    assert first.keys() == second.keys()
    for name, array in first.items():
        np.testing.assert_array_equal(array, second[name], strict=True)
    assert any((array != other[name]).any() for name, array in first.items())
    plans = [load(f"{name}.descend").plan for name in ("first", "second")]
    assert plans[0] == plans[1]


def test_training_again_from_python_by_the_plan_of_a_model(class_model, folder, good):
    import descend

    (folder / "data.csv").write_text(good)
    model = descend.load(class_model)
    again = descend.train("data.csv", plan=model.plan)
    for name, array in flat(model.params, "params"):
        np.testing.assert_array_equal(array, dict(flat(again.params, "params"))[name])


def test_colours_are_never_written(train, good, monkeypatch):
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("NO_COLOR", "1")
    assert "\x1b" not in train(good).err


def test_standard_input(descend, folder, good, monkeypatch):
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(good.encode())))
    result = descend("train", "-", "-t", "y", "--epochs", "1", "--layers", "4", "--dropout", "0")
    assert result.code == 0, result.err
    assert load(folder / "model.descend").card.provenance.source == "standard input"


def test_marks_in_names_are_left_alone(train, good):
    result = train(good.replace("a,b", ":dog:,[red]", 1), "--dry-run", "--drop", ":dog:,[red]")
    assert "left out: :dog: (as asked), [red] (as asked)" in result.err


def test_several_targets(train, descend, folder, good):
    result = train(good, "-t", "y", "-t", "b")  # the same as y,b
    assert result.code == 0, result.err
    report = load(folder / "data.descend").report
    assert [type(part).__name__ for part in report.targets] == ["ClassReport", "NumberReport"]
    assert "R2" in result.err
    answers = descend("predict", "data.descend", "data.csv")
    header = answers.out.splitlines()[0]
    assert header == "a,b,c,y,prediction_y,probability_y_no,probability_y_yes,prediction_b"


def test_a_group_stays_on_one_side(folder, good):
    (folder / "data.csv").write_text(labelled(good, ("who", lambda i: f"p{i % 12}")))
    options = Options.of(target="y", group="who", epochs=1, layers=(4,))
    split = TableTraining("data.csv", options).examples.split
    sides = [
        {int(row) % 12 for row in part} for part in (split.train, split.validation, split.test)
    ]
    assert sides[2]
    assert not sides[0] & sides[2]
    assert not sides[0] & sides[1]


def test_time_tests_on_the_newest(folder, good):
    days = labelled(
        good, ("day", lambda i: f"2024-{1 + (59 - i) // 28:02d}-{1 + (59 - i) % 28:02d}")
    )
    (folder / "data.csv").write_text(days)
    options = Options.of(target="y", time="day", epochs=1, layers=(4,))
    split = TableTraining("data.csv", options).examples.split
    assert set(split.test) == set(range(12))  # the dates go backwards
    assert split.how == "by time"


def test_weights_count(train, folder, good):
    heavy = labelled(good, ("w", lambda i: 50 if i % 2 else 1))
    assert train(heavy, "--weight", "w", "-o", "weighted.descend", *LONGER).code == 0
    assert train(heavy, "--drop", "w", "-o", "plain.descend", *LONGER).code == 0
    shares = []
    for name in ("weighted", "plain"):
        model = load(folder / f"{name}.descend")
        shares.append(model.predict_proba("data.csv")[:, 1].mean())
    assert "w" not in load(folder / "weighted.descend").card.preprocessing.input_names
    assert shares[0] > shares[1] + 0.05


def test_class_weight_lifts_the_rare_class(train, folder, good):
    lines = good.splitlines()
    rare = "\n".join([lines[0], *lines[1::2], *lines[2:14:2]]) + "\n"
    assert train(rare, "--class-weight", "balanced", "-o", "even.descend", *LONGER).code == 0
    assert train(rare, "-o", "plain.descend", *LONGER).code == 0
    shares = [load(folder / f"{n}.descend").predict_proba("data.csv")[:, 1].mean()
              for n in ("even", "plain")]  # fmt: skip
    assert shares[0] > shares[1] + 0.05


def test_validation_file(train, folder, good):
    lines = good.splitlines()
    (folder / "held.csv").write_text("\n".join([lines[0], *lines[1:21]]) + "\n")
    result = train("\n".join([lines[0], *lines[21:]]) + "\n", "--validation", "held.csv")
    assert result.code == 0
    assert "validation 0 ·" in result.err
    assert re.search(r"validation \d\.\d+  accuracy", result.err)


def test_no_rows_to_test(train, folder, good):
    result = train(good, "--test-fraction", "0")
    assert result.code == 0
    assert "nothing is known of its quality" in result.err
    assert load(folder / "data.descend").report is None


def test_no_row_of_the_test_was_trained_on(folder, good):
    # Twice the same rows, so that copies have to be kept on one side.
    (folder / "data.csv").write_text(good + "\n".join(good.splitlines()[1:]) + "\n")
    training = TableTraining("data.csv", Options.of(target="y", epochs=1, layers=(4,)))
    split = training.examples.split
    frame = pl.read_csv("data.csv", infer_schema=False)
    hashes = row_hashes(frame, training.plan.columns)
    assert len(split.test) >= 20
    held = {*hashes[split.test].tolist(), *hashes[split.validation].tolist()}
    assert not held & set(hashes[split.train].tolist())
    stored = fingerprint(hashes[split.train])
    np.testing.assert_array_equal(stored, training.examples.fingerprints)


def test_divergence_is_told_and_nothing_half_trained_saved(train, good):
    options = ("--optimizer", "sgd", "--learning-rate", "1e30", "--batch-size", "1")
    huge = re.sub(r",(yes|no)\n", ",1e6\n", good, count=3).replace("yes", "-4").replace("no", "3")
    result = train(huge, *options, "--quiet")
    assert result.code == 3, result.err
    assert "at step" in result.err
    assert "Try 0.01" in result.err
    assert "No model was saved" in result.err
    assert not list(result.folder.glob("*.descend"))


@pytest.mark.parametrize("verb", ["test", "show"])
def test_json_of_test_and_show(descend, folder, class_model, good, verb):
    (folder / "data.csv").write_text(good)
    files = [class_model] if verb == "show" else [class_model, "data.csv"]
    result = descend(verb, *files, "--json")
    assert result.err == ""
    assert json.loads(result.out)["kind"] == {"show": "ModelCard", "test": "Report"}[verb]


def test_test_says_how_many_rows_were_trained_on(descend, folder, class_model, good):
    (folder / "data.csv").write_text(good)
    trained = len(load(class_model).fingerprints)
    result = descend("test", class_model, "data.csv")
    assert result.code == 0
    assert f"60 rows; {trained} of them were trained on" in result.out
    assert "flatter" in result.out
    (folder / "fresh.csv").write_text("a,b,c,y\n7,.2,u,no\n8,.3,v,yes\n")
    assert "2 rows it has never seen" in descend("test", class_model, "fresh.csv").out
    rows = good.splitlines()
    for row in rows[1:]:
        (folder / "one.csv").write_text(f"{rows[0]}\n{row}\n7,.2,u,no\n")
        told = descend("test", class_model, "one.csv").out
        if "never seen" not in told:
            assert "2 rows; 1 of them was trained on" in told
            break
    else:
        raise AssertionError("no row was recognised")


def test_test_finds_the_rows_in_another_order_and_format(descend, folder, class_model, good):
    frame = pl.read_csv(good.encode()).sample(fraction=1, shuffle=True, seed=1)
    frame.select("y", "c", "b", "a").write_parquet(folder / "data.parquet")
    trained = len(load(class_model).fingerprints)
    assert f"{trained} of them were trained on" in descend("test", class_model, "data.parquet").out


def test_show(descend, class_model):
    result = descend("show", class_model)
    assert result.err == ""
    for word in ("Target", "Inputs", "Network", "Loss", "Descent", "Trained", "Test", "seed 0"):
        assert word in result.out


def test_a_column_says_which_rows_train_and_test(train, good):
    header, *rows = good.strip().splitlines()
    words = ["train", "Test", "val", "training"]
    parts = [f"{row},{words[i % 4]}" for i, row in enumerate(rows)]
    text = "\n".join([f"{header},part", *parts]) + "\n"
    result = train(text, "--split", "part", "--json")
    assert result.code == 0
    assert "as given" in result.err
    assert json.loads(result.out)["report"]["rows"] == len(rows) // 4
    wrong = train(text.replace("Test", "exam", 1), "--split", "part")
    assert wrong.code == 2
    assert 'split "part", row 2 says "exam"' in wrong.err


@pytest.mark.parametrize("kind", ["table", "text"])
def test_a_limit_of_time_ends_a_run_that_is_done(kind, good, train, descend, folder, monkeypatch):
    monkeypatch.setattr(TimeLimit, "suited", lambda self, plan, train, free: plan)
    monkeypatch.setattr(TimeLimit, "left", 0.0)
    options = ("--time-limit", "4s", "--epochs", "500", "--layers", "4")
    if kind == "table":
        result = train(good, *options)
    else:
        (folder / "data.txt").write_text("to be, or not to be: " * 100)
        result = descend("train", "data.txt", "--generate", *options)
    assert result.code == 0, result.err
    assert "Stopped   at epoch 1" in result.err
    assert "the 4 s are over" in result.err
    assert load("data.descend").card.provenance.ended == "time"


def test_weights_are_shown_in_the_order_of_the_network(train, descend, good):
    options = ("-q", "--layers", ",".join(["4"] * 11))
    assert train(good, *options).code == 0
    lines = descend("show", "data.descend").out.splitlines()
    shown = [line.split()[0] for line in lines if "dense/weight" in line]
    assert shown == [f"{place}_dense/weight" for place in range(12)]


def test_what_is_said_to_come_next_can_be_typed(train, good):
    said = " ".join(train(good, name="my data (1).csv").err.split())
    assert "Next: descend predict 'my data (1).descend' new.csv" in said


@pytest.mark.parametrize(
    ("file", "model"),
    [
        ("a/data.csv.gz", "data.descend"), ("DATA.CSV", "DATA.descend"), ("-", "model.descend"),
        ("photos/", "photos.descend"), (".", "here.descend"), ("..", "around.descend"),
        ("/", "model.descend"), (".csv", ".csv.descend"), ("lines.ndjson", "lines.descend"),
    ],
)  # fmt: skip
def test_names_of_models(tmp_path, monkeypatch, file, model):
    (tmp_path / "around" / "here").mkdir(parents=True)
    monkeypatch.chdir(tmp_path / "around" / "here")
    assert str(model_name(file)) == model
