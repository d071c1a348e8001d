"""What is asked for, and the way down that comes of it."""

from __future__ import annotations

import numpy as np
import pytest

from descend.errors import UsageError
from descend.models import Options
from descend.models.language.options import LanguageOptions
from descend.optimizers import Adam, AdamW
from descend.schedules import Constant, Cosine


def test_decay_goes_to_the_rule_that_has_its_own() -> None:
    descent = Options.of(target="y", optimizer="adamw", weight_decay=0.3).descent(1000)
    assert isinstance(descent.optimizer, AdamW)
    assert (descent.optimizer.weight_decay, descent.weight_decay) == (0.3, 0.0)
    plain = Options.of(target="y", weight_decay=0.3).descent(1000)
    assert isinstance(plain.optimizer, Adam)
    assert plain.weight_decay == 0.3


def test_the_batch_grows_with_the_rows() -> None:
    sizes = [
        Options.of(target="y").descent(rows).batch_size for rows in (50, 5_000, 100_000, 10**6)
    ]
    assert sizes == [16, 32, 512, 1024]


def test_all_rows_at_once() -> None:
    assert Options.of(target="y", batch_size="all").descent(1000).batch_size is None


def test_a_rule_of_full_batches_has_no_schedule_unless_one_is_asked_for() -> None:
    for batch in (None, "all"):
        descent = Options.of(target="y", optimizer="lbfgs", batch_size=batch).descent(1000)
        assert (descent.batch_size, descent.schedule) == (None, Constant())
    asked = Options.of(target="y", optimizer="lbfgs", schedule="cosine").descent(1000)
    assert asked.schedule == Cosine()


def test_an_unknown_option_is_named() -> None:
    with pytest.raises(UsageError, match=r'no option "epoch".*Did you mean "epochs"'):
        Options.of(target="y", epoch=3)


def test_numbers_of_numpy_are_as_good_as_pythons() -> None:
    plain = {"epochs": 3, "batch_size": 8, "dropout": 0.1, "layers": (8, 4), "members": 2}
    as_numpy = {
        "epochs": np.int64(3),
        "batch_size": np.uint8(8),
        "dropout": np.float32(0.1),
        "layers": np.array([8, 4]),
        "members": np.int32(2),
    }
    assert Options.of(target="y", **as_numpy) == Options.of(target="y", **plain)
    assert repr(Options.of(target="y", **as_numpy)) == repr(Options.of(target="y", **plain))
    assert LanguageOptions(epochs=np.int64(3), dropout=np.float32(0.1)) == LanguageOptions(
        epochs=3, dropout=0.1
    )
