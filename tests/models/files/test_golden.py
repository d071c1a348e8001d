"""Model files of every released format version stay readable, with the predictions recorded."""

import json
from pathlib import Path

import numpy as np
import polars as pl
import pytest

import descend
from descend.models.files.modelfile import VERSION

GOLDEN = Path(__file__).parent / "golden"
FILES = sorted(GOLDEN.glob("*.descend"))


def test_every_version_has_a_file():
    assert [file.stem for file in FILES] == [f"version_{i}" for i in range(1, VERSION + 1)]


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_golden_model(file):
    recorded = json.loads(file.with_suffix(".json").read_text())
    model = descend.load(file)
    kinds, prices = model.predictions(pl.DataFrame(recorded["rows"])).answers
    assert kinds.prediction.tolist() == recorded["prediction_kind"]
    # Other processors round the last bit another way.
    np.testing.assert_allclose(kinds.probabilities, recorded["probability_kind"], atol=1e-6)
    np.testing.assert_allclose(prices.prediction, recorded["prediction_price"], rtol=1e-6)


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_golden_model_can_be_saved_again(file, tmp_path):
    descend.load(file).save(tmp_path / "again.descend")
    assert descend.load(tmp_path / "again.descend").card == descend.load(file).card
