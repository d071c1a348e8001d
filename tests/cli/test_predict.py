"""Predicting by command: rows, columns, pieces, labels and probabilities."""

import io
import json
import sys

import numpy as np
import polars as pl
import pytest

from descend.data import reading
from descend.models import load


@pytest.fixture
def data(folder, good):
    (folder / "data.csv").write_text(good)
    return pl.read_csv(folder / "data.csv")


def answers(result):
    assert result.code == 0, result.err
    return pl.read_csv(io.StringIO(result.out))


def test_rows_and_columns_are_kept(descend, data, class_model):
    found = answers(descend("predict", class_model, "data.csv"))
    assert found.select(data.columns).equals(data)
    assert found.columns[4:] == ["prediction", "probability_no", "probability_yes"]


def test_cells_come_back_as_they_were_written(descend, folder, class_model):
    (folder / "new.csv").write_text('id,a,b,c\n007,0.10,.2,"u, v"\n')
    result = descend("predict", class_model, "new.csv", "-q")
    assert result.out.splitlines()[1].startswith('007,0.10,.2,"u, v",')


def test_probabilities_sum_to_one_and_lead_to_the_prediction(descend, data, class_model):
    found = answers(descend("predict", class_model, "data.csv"))
    probabilities = found.select("probability_no", "probability_yes").to_numpy()
    np.testing.assert_allclose(probabilities.sum(axis=1), 1, atol=1e-6)
    assert (probabilities >= 0).all()
    likeliest = np.array(["no", "yes"])[probabilities.argmax(axis=1)]
    assert found["prediction"].to_list() == likeliest.tolist()


def test_the_same_as_from_python(descend, data, class_model):
    found = answers(descend("predict", class_model, "data.csv"))
    model = load(class_model)
    assert found["prediction"].to_list() == model.predict(data).tolist()
    np.testing.assert_allclose(
        found["probability_yes"].to_numpy(), model.predict_proba(data)[:, 1], rtol=1e-6
    )


@pytest.mark.parametrize("rows", [1, 7, 59, 60])
def test_pieces_make_no_difference(descend, data, class_model, monkeypatch, rows):
    whole = descend("predict", class_model, "data.csv")
    stream = reading.stream_table
    monkeypatch.setattr(
        reading, "stream_table", lambda source, **how: stream(source, rows=rows, **how)
    )
    parts = descend("predict", class_model, "data.csv")
    assert parts.err == whole.err
    first, second = answers(whole), answers(parts)
    assert first.drop("^prob.*$").equals(second.drop("^prob.*$"))
    for name in ("probability_no", "probability_yes"):
        np.testing.assert_allclose(first[name], second[name], atol=1e-6)


def test_its_own_output_can_be_predicted_again(descend, folder, data, class_model):
    once = descend("predict", class_model, "data.csv")
    (folder / "again.csv").write_text(once.out)
    twice = descend("predict", class_model, "again.csv")
    assert twice.out == once.out
    assert "replaced columns of the same name: prediction, probability_no" in twice.err
    assert "not used" not in twice.err


def test_standard_input_and_output(descend, class_model, good, monkeypatch):
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(good.encode())))
    assert len(answers(descend("predict", class_model))) == 60


def test_json_is_one_object_a_row(descend, data, class_model):
    result = descend("predict", class_model, "data.csv", "--json", "--quiet")
    assert result.err == ""
    rows = [json.loads(line) for line in result.out.splitlines()]
    assert len(rows) == 60
    assert list(rows[0]) == [*data.columns, "prediction", "probability_no", "probability_yes"]
    assert isinstance(rows[0]["probability_no"], float)


@pytest.mark.parametrize("where", ["--json", "--out"])
def test_numbers_are_numbers_in_json(descend, folder, class_model, where):
    cells = ["0.50,+2,u,007", "-1e2,1,1,5", "0.1,,w,7"]
    (folder / "new.csv").write_text("a,b,c,id\n" + "\n".join(cells) + "\n")
    options = ["--json"] if where == "--json" else ["--out", "answers.jsonl"]
    result = descend("predict", class_model, "new.csv", "-q", *options)
    text = result.out if where == "--json" else (folder / "answers.jsonl").read_text("utf-8")
    first, second, third = text.splitlines()
    assert first.startswith('{"a":0.50,"b":"+2","c":"u","id":"007","prediction":"')
    assert second.startswith('{"a":-1e2,"b":1,"c":"1","id":"5","prediction":"')
    assert third.startswith('{"a":0.1,"b":null,"c":"w","id":"7","prediction":"')


@pytest.mark.parametrize(("labels", "told"), [("12", "1"), ("ab", '"a"')])
def test_targets_in_json_are_like_predictions(descend, train, folder, good, labels, told):
    table = good.replace(",yes\n", f",{labels[1]}\n").replace(",no\n", f",{labels[0]}\n")
    assert train(table, "-q").code == 0
    first = descend("predict", "data.descend", "data.csv", "-q", "--json").out.splitlines()[0]
    assert f'"y":{told},' in first


def test_quiet_is_silent(descend, folder, class_model):
    (folder / "new.csv").write_text("a,b,c,more\n,1e9,zebra,1\n")
    result = descend("predict", class_model, "new.csv", "--quiet", "--out", "answers.csv")
    assert (result.code, result.out, result.err) == (0, "", "")


def test_numbers_are_in_their_own_unit(descend, data, number_model):
    found = answers(descend("predict", number_model, "data.csv"))
    assert found.columns == ["a", "b", "c", "y", "prediction"]
    assert found["prediction"].dtype == pl.Float64
    assert 0 < found["prediction"].mean() < 1


@pytest.mark.parametrize(
    ("labels", "kind"),
    [((3, 12), int), ((0.5, 2.5), float), ((False, True), bool), (("1a", "2b"), str)],
)
def test_labels_have_the_type_given(folder, data, labels, kind):
    import descend

    frame = data.with_columns(pl.Series("y", [labels[int(value == "yes")] for value in data["y"]]))
    model = descend.train(frame, "y", epochs=1, layers=(4,), dropout=0.0, task="classification")
    assert model.classes == labels
    assert {type(label) for label in model.classes} == {kind}
    predicted = model.predict(frame)
    assert set(predicted.tolist()) <= set(labels)
    assert {type(value) for value in predicted.tolist()} == {kind}


@pytest.mark.parametrize("stream", ["--stream", "--no-stream"])
def test_numbers_with_a_decimal_comma_are_read_again(descend, folder, good, stream):
    rows = [line.replace(",", ";").replace(".", ",") for line in good.splitlines()]
    (folder / "komma.csv").write_text("\n".join(rows) + "\n")
    (folder / "punkt.csv").write_text(good)
    options = ("-t", "y", "--epochs", "2", "--layers", "4", "-q", stream)
    for name in ("komma", "punkt"):
        assert descend("train", f"{name}.csv", *options).code == 0
    known = {}
    for name in ("komma", "punkt"):
        told = descend("predict", f"{name}.descend", f"{name}.csv", "--json")
        assert told.code == 0, told.err
        known[name] = [json.loads(line)["probability_yes"] for line in told.out.splitlines()]
        tested = descend("test", f"{name}.descend", f"{name}.csv")
        assert "were trained on" in tested.out
    assert known["komma"] == known["punkt"]
