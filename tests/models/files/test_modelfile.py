"""The model file byte for byte, there and back."""

import hashlib
import json
import os
import stat
import struct

import numpy as np
import pytest
from safetensors.numpy import load_file

import descend
from descend.errors import OutputError
from descend.models.files import modelfile
from descend.models.files.modelfile import canonical_json, read_model_file, to_bytes
from descend.models.files.tensors import flat


def test_every_byte():
    spec = {"b": [1, 2.5, None, True], "a": "ä\n"}
    tensors = {
        "two": np.array([[1.0, -2.0]], np.float32),
        "one": np.array([7, 8, 9], np.uint32),
        "none": np.zeros((0, 3), np.int32),
    }
    plan = r"{\"a\":\"ä\\n\",\"b\":[1,2.5,null,true]}"
    digest = "0" * 64
    header = (
        '{"__metadata__":{"format":"descend.model","sha256":"' + digest + '",'
        '"spec":"' + plan + '","version":"1"},'
        '"none":{"data_offsets":[0,0],"dtype":"I32","shape":[0,3]},'
        '"one":{"data_offsets":[0,12],"dtype":"U32","shape":[3]},'
        '"two":{"data_offsets":[12,20],"dtype":"F32","shape":[1,2]}}'
    ).encode()
    header += b" " * (-len(header) % 8)
    buffer = struct.pack("<IIIff", 7, 8, 9, 1.0, -2.0)
    whole = struct.pack("<Q", len(header)) + header + buffer
    expected = whole.replace(digest.encode(), hashlib.sha256(whole).hexdigest().encode())
    assert to_bytes(spec, tensors) == expected


def test_read_what_was_written_by_hand(tmp_path, by_hand):
    signed, _ = by_hand
    metadata = {"format": "descend.model", "sha256": "0" * 64, "spec": '{"a": [1]}', "version": "1"}
    entry = {"dtype": "F32", "shape": [2], "data_offsets": [0, 8]}
    path = tmp_path / "hand.descend"
    path.write_bytes(signed({"__metadata__": metadata, "w": entry}, struct.pack("<ff", 0.5, 2)))
    spec, tensors = read_model_file(path)
    assert spec == {"a": [1]}
    np.testing.assert_array_equal(tensors["w"], np.array([0.5, 2], np.float32), strict=True)


def test_canonical_json():
    assert canonical_json({"b": 1, "a": [1.5, "é"]}) == '{"a":[1.5,"é"],"b":1}'
    with pytest.raises(ValueError, match="not JSON compliant"):
        canonical_json(float("nan"))


def test_the_same_model_gives_the_same_bytes(model, model_file, tmp_path):
    descend.load(model_file).save(tmp_path / "again.descend")
    assert (tmp_path / "again.descend").read_bytes() == model_file.read_bytes()


def test_order_of_tensors_and_memory_do_not_matter():
    square = np.arange(6, dtype=np.float32).reshape(2, 3)
    plain = to_bytes({}, {"a": square, "b": square})
    turned = np.asfortranarray(square)
    assert to_bytes({}, {"b": turned, "a": square.astype(">f4").astype(np.float32)}) == plain


def test_saved_and_loaded_model_is_bit_equal(model, model_file, examples):
    again = descend.load(model_file)
    assert again.card == model.card
    for before, after in zip(
        model.predictions(examples).answers, again.predictions(examples).answers, strict=True
    ):
        np.testing.assert_array_equal(before.prediction, after.prediction, strict=True)
        if before.probabilities is not None:
            np.testing.assert_array_equal(before.probabilities, after.probabilities, strict=True)
    first, second = model.test(examples), again.test(examples)
    assert first == second
    np.testing.assert_array_equal(model.fingerprints, again.fingerprints, strict=True)


def test_other_tools_can_read_it(model, model_file):
    tensors = load_file(model_file)
    weights = dict(flat(model.params, "params"))
    assert set(weights) < set(tensors)
    for name, array in weights.items():
        np.testing.assert_array_equal(tensors[name], array)


def test_metadata(model_file, by_hand):
    _, parts = by_hand
    header, buffer = parts(model_file.read_bytes())
    metadata = header.pop("__metadata__")
    assert set(metadata) == {"format", "version", "spec", "sha256"}
    assert set(json.loads(metadata["spec"])) == {
        "kind", "plan", "preprocessing", "targets", "report", "provenance", "temperatures",
        "decisions", "form",
    }  # fmt: skip
    assert {name.split("/")[0] for name in header} == {
        "params", "linear", "fingerprints", "trust"
    }  # fmt: skip
    assert max(entry["data_offsets"][1] for entry in header.values()) == len(buffer)


def test_others_may_read_the_file(model, tmp_path):
    mask = os.umask(0o022)
    try:
        model.save(tmp_path / "model.descend")
    finally:
        os.umask(mask)
    assert stat.S_IMODE((tmp_path / "model.descend").stat().st_mode) == 0o644


def test_saving_fails_whole(model, tmp_path):
    with pytest.raises(OutputError, match="Create the folder"):
        model.save(tmp_path / "absent" / "model.descend")
    with pytest.raises(OutputError, match="No space left"):
        model.save("/dev/full")
    assert list(tmp_path.iterdir()) == []


def test_what_could_not_be_read_is_not_written(monkeypatch):
    monkeypatch.setattr(modelfile, "MAX_HEADER", 1000)
    with pytest.raises(OutputError, match="Drop columns"):
        to_bytes({"words": ["x" * 1000]}, {})


def test_fingerprints_know_the_training_rows(model, examples):
    trained = len(model.fingerprints)
    report = model.test(examples)
    assert report.rows == examples.height
    assert report.seen == trained == examples.height - model.report.rows - report_validation(model)
    assert model.report.seen == 0
    fresh = examples.with_columns(size=examples["size"] + 1000)
    assert model.test(fresh).seen < trained / 10


def report_validation(model):
    """Return how many rows decided when to stop."""
    rows = model.card.provenance.rows - model.report.rows
    return rows - len(model.fingerprints)
