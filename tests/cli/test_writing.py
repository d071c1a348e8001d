"""Where answers go: formats, places that cannot be written, and what stands there afterwards."""

import json
import os
import resource
import signal

import polars as pl
import pytest


@pytest.fixture
def predict(descend, folder, class_model, good):
    """Predict the training table into a file."""
    (folder / "data.csv").write_text(good)

    def command(*options):
        return descend("predict", class_model, "data.csv", *options)

    return command


@pytest.mark.parametrize("ending", ["csv", "tsv", "csv.gz", "parquet", "arrow", "jsonl"])
def test_formats_hold_the_same(predict, folder, ending):
    result = predict("--out", f"answers.{ending}")
    assert (result.code, result.out) == (0, "")
    readers = {
        "tsv": lambda path: pl.read_csv(path, separator="\t"),
        "parquet": pl.read_parquet,
        "arrow": pl.read_ipc,
        "jsonl": pl.read_ndjson,
    }
    answers = readers.get(ending, pl.read_csv)(folder / f"answers.{ending}")
    assert answers.columns == [*"abcy", "prediction", "probability_no", "probability_yes"]
    assert answers.height == 60
    if ending == "csv":
        assert predict().out == (folder / "answers.csv").read_text()


def test_unknown_format(predict):
    predict("--out", "answers.docx").refused(2, "answers.docx", "Known: ", ".csv", ".parquet")


@pytest.mark.parametrize("place", ["absent/answers.csv", "data.csv/answers.csv", "/proc/a.csv"])
def test_folders_that_cannot_be_written(predict, place):
    predict("--out", place).refused(5, f"cannot write {place}")


def test_full_disk(predict, folder):
    predict("--out", "/dev/full").refused(5, "/dev/full", "No space left")
    (folder / "full.csv").symlink_to("/dev/full")
    predict("--out", "full.csv").refused(5, "full.csv", "No space left")


def test_disk_that_fills_leaves_the_old_file(predict, folder):
    (folder / "answers.csv").write_text("old")
    before = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1000, limits[1]))
    try:
        result = predict("--out", "answers.csv")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
        signal.signal(signal.SIGXFSZ, before)
    result.refused(5, "cannot write answers.csv")
    assert (folder / "answers.csv").read_text() == "old"
    assert sorted(os.listdir(folder)) == ["answers.csv", "data.csv"]


def test_a_failure_half_way_leaves_the_old_file(descend, folder, class_model):
    (folder / "answers.csv").write_text("old")
    rows = ".1,.2,u\n" * 70_000
    (folder / "long.csv").write_text(f"a,b,c\n{rows}oops,.2,u\n")
    result = descend("predict", class_model, "long.csv", "--out", "answers.csv")
    result.refused(2, "long.csv", 'column "a", row 70001', '"oops"')
    assert (folder / "answers.csv").read_text() == "old"


@pytest.mark.parametrize(
    ("place", "phrases"),
    [
        ("absent/model", ("the folder absent does not exist", "mkdir -p absent")),
        ("data.csv/model", ("data.csv is a file, not a folder",)),
        (".", ("is a folder", "model.descend")),
        ("/proc/model", ("/proc/model cannot be written", "--out")),
        ("/dev/full", ("/dev/full", "No space left")),
    ],
)
def test_places_where_no_model_can_be_written(train, good, place, phrases):
    train(good, "--out", place, "--quiet").refused(5, *phrases)


@pytest.mark.parametrize(
    "others",
    [(), ("--dry-run",), ("--validation", "0.2"), ("--plan", "plan.json", "--out", "plan.json")],
)
def test_what_is_read_is_not_replaced(train, folder, good, others):
    (folder / "plan.json").write_text("{}")
    (folder / "link.csv").symlink_to("data.csv")
    for out in ("data.csv", "./data.csv", "link.csv"):
        outcome = train(good, "--out", out, "--quiet", *others)
        if "--dry-run" in others:
            assert outcome.code == 0
        else:
            outcome.refused(2, "is read here", "--out")
        assert (folder / "data.csv").read_text() == good
    assert (folder / "plan.json").read_text() == "{}"


def test_a_wrong_place_is_told_before_training(train, good):
    assert "epoch" not in train(good, "--out", "/proc/model").err


def test_json_and_out_do_not_go_together(predict):
    predict("--json", "--out", "x.csv").refused(2, "--json", "--out answers.jsonl")


def test_numbers_that_are_none_are_valid_json(descend, folder, class_model):
    frame = pl.DataFrame({"a": [0.5], "b": [0.5], "c": ["u"], "spare": [float("nan")]})
    frame.write_parquet(folder / "new.parquet")
    result = descend("predict", class_model, "new.parquet", "--json")

    def refuse(name):
        raise AssertionError(f"{name} is not JSON")

    row = json.loads(result.out, parse_constant=refuse)
    assert row["spare"] is None
