"""Temperatures, intervals and unusual rows: found where they should be, kept in the file."""

import numpy as np
import polars as pl
import pytest
from sklearn.linear_model import LogisticRegression

import descend
from descend.errors import UsageError
from descend.losses import BinaryCrossEntropy, CategoricalCrossEntropy, Combined, SquaredError
from descend.losses.ensemble import Ensemble
from descend.models.trust.calibration import fit_temperatures, tempered
from descend.models.trust.conformal import Residuals
from descend.models.trust.likeness import fit_likeness, share_of_views

DRAW = np.random.default_rng(0)


def sure_outputs(rows, factor):
    """Return raw outputs `factor` times as far apart as the true log odds, and the classes."""
    raw = DRAW.normal(size=(rows, 3)).astype(np.float32)
    odds = np.exp(raw) / np.exp(raw).sum(axis=1, keepdims=True)
    classes = np.array([DRAW.choice(3, p=p / p.sum()) for p in odds.astype(np.float64)])
    return factor * raw, classes


def test_the_temperature_undoes_a_factor():
    raw, classes = sure_outputs(3000, 2.5)
    (found,) = fit_temperatures(CategoricalCrossEntropy(), raw, classes)
    assert found.kept
    assert found.value == pytest.approx(2.5, rel=0.1)
    assert found.loss_after < found.loss_before
    np.testing.assert_allclose(
        tempered(CategoricalCrossEntropy(), raw, (found,)), raw / found.value, rtol=1e-6
    )


def test_the_temperature_against_a_logistic_regression():
    # With one raw output and no constant, the maximum likelihood slope is 1 / temperature; the row
    # that the rule of succession adds moves it by a few thousandths.
    raw = DRAW.normal(size=(2000, 1)).astype(np.float32) * 2
    truth = (DRAW.random(2000) < 1 / (1 + np.exp(-raw[:, 0] / 2))).astype(np.float32)
    (found,) = fit_temperatures(BinaryCrossEntropy(), raw, truth)
    slope = LogisticRegression(C=1e9, fit_intercept=False).fit(raw, truth).coef_[0, 0]
    assert 1 / found.value == pytest.approx(slope, rel=5e-3)


def test_rows_that_are_all_right_promise_little():
    raw = np.array([[3.0, 0.0], [0.0, 3.0]] * 100, np.float32)
    (found,) = fit_temperatures(CategoricalCrossEntropy(), raw, np.array([0, 1] * 100))
    p = np.exp(raw / found.value) / np.exp(raw / found.value).sum(axis=1, keepdims=True)
    assert p.max(axis=1) == pytest.approx(200 / 201, abs=1e-3)


def test_probabilities_that_are_right_are_left_alone():
    raw, classes = sure_outputs(3000, 1.0)
    (found,) = fit_temperatures(CategoricalCrossEntropy(), raw, classes)
    assert not found.kept
    assert tempered(CategoricalCrossEntropy(), raw, (found,)) is raw


def test_only_the_columns_of_classes_are_divided():
    raw, classes = sure_outputs(500, 4.0)
    loss = Combined((SquaredError(), CategoricalCrossEntropy()), (1, 3))
    both = np.concatenate([DRAW.normal(size=(500, 1)).astype(np.float32), raw], axis=1)
    twice = np.concatenate([both, both], axis=1)
    found = fit_temperatures(Ensemble(loss, 2), twice, (both[:, :1], classes))
    assert found[0] is None
    scaled = tempered(Ensemble(loss, 2), twice, found)
    np.testing.assert_array_equal(scaled[:, [0, 4]], twice[:, [0, 4]])
    np.testing.assert_allclose(scaled[:, 5:], twice[:, 5:] / found[1].value, rtol=1e-6)


def test_few_rows_have_no_temperature():
    raw, classes = sure_outputs(40, 3.0)
    assert fit_temperatures(CategoricalCrossEntropy(), raw, classes) == (None,)


def test_the_reach_is_the_promised_order_statistic():
    scores = Residuals(np.arange(1, 20, dtype=np.float32))  # 19 of them: 0.9 is the 18th
    assert scores.reach(0.9) == 18
    assert scores.reach(0.95) == 19
    assert not scores.knows(0.96)
    with pytest.raises(UsageError, match=r"at most 0\.95"):
        scores.reach(0.96)


def test_likeness_of_usual_rows_is_uniform_and_of_far_ones_small():
    mix = DRAW.normal(size=(40, 40))
    rows = (DRAW.normal(size=(3000, 40)) @ mix).astype(np.float32)
    found = fit_likeness(rows[:1000], rows[1000:2000])
    usual = found.share(rows[2000:])
    assert 0.003 < np.mean(usual <= 0.01) < 0.03
    assert 0.4 < usual.mean() < 0.6
    assert np.all(found.share(rows[2000:] + 40 * DRAW.normal(size=40)) <= 0.01)


def test_likeness_of_numbers_does_not_hang_on_their_units_and_views_share_the_mistakes():
    rows = DRAW.normal(size=(4000, 5)).astype(np.float32)
    rows[:, 4] = 7  # a column that never changes
    units = np.array([1e-6, 1, 1e6, 30, 1], np.float32)
    plain = fit_likeness(rows[:1000], rows[1000:2000], alike=True)
    other = fit_likeness(units * rows[:1000], units * rows[1000:2000], alike=True)
    later = rows[2000:].copy()
    np.testing.assert_allclose(plain.share(later), other.share(units * later), atol=0.01)
    for column in range(5):
        far = later.copy()
        far[:, column] += 20
        assert np.all(plain.share(far) <= 0.01)
    second = fit_likeness(rows[:1000, :2], rows[1000:2000, :2])
    both = share_of_views({"a": plain, "b": second}, {"a": later, "b": later[:, :2]})
    assert 0.002 < np.mean(both <= 0.01) < 0.03
    np.testing.assert_array_equal(share_of_views({"a": plain}, {"a": later}), plain.share(later))
    assert share_of_views({"a": plain}, {"a": None}) is None


@pytest.fixture(scope="module")
def house():
    """A table with a number to predict and a class, whose noise is known."""
    size, age = DRAW.uniform(0, 3, 1500), DRAW.uniform(0, 1, 1500)
    price = 3 * size - age + DRAW.normal(0, 0.5, 1500)
    return pl.DataFrame(
        {"size": size, "age": age, "price": price, "dear": np.where(price > 4, "yes", "no")}
    )


def test_a_model_with_everything(house, tmp_path):
    model = descend.train(house, ["price", "dear"], epochs=15, layers=(16,), seed=1)
    model.save(tmp_path / "house.descend")
    again = descend.load(tmp_path / "house.descend")
    assert again.card == model.card
    new = house.head(5).with_columns(pl.Series("size", [1.0, 2.0, 500.0, 0.5, 1.5]))
    here, there = (m.predictions(new, interval=0.9).columns() for m in (model, again))
    assert list(here) == list(there)
    for name in here:
        np.testing.assert_array_equal(here[name], there[name])
    assert np.all(here["low_price"] < here["prediction_price"])
    assert here["unlike"].tolist() == [False, False, True, False, False]
    coverage = {part.level: part.inside / part.rows for part in model.report.targets[0].coverage}
    assert coverage[0.9] == pytest.approx(0.9, abs=0.06)
    with pytest.raises(UsageError, match="above 0 and below 1"):
        model.predictions(new, interval=90)


def test_intervals_that_cannot_be_had(house):
    only = descend.train(house.drop("price"), "dear", epochs=1, layers=(2,))
    with pytest.raises(UsageError, match="classes have probabilities"):
        only.predictions(house, interval=0.9)
    blind = descend.train(house.drop("dear"), "price", epochs=1, layers=(2,), validation=0.0)
    with pytest.raises(UsageError, match="without validation rows"):
        blind.predictions(house, interval=0.9)
    assert blind.predictions(house).likeness is None


def test_few_usual_rows_can_tell_a_row_that_is_very_far():
    """Beyond all of them the share goes on falling, and seldom calls a usual row unlike."""
    wrong = []
    for _ in range(60):
        rows = DRAW.normal(size=(1200, 4)).astype(np.float32)
        found = fit_likeness(rows[:170], rows[170:200])
        assert np.all(found.share(20 + rows[:5]) <= 0.01)
        wrong.append(np.mean(found.share(rows[200:]) <= 0.01))
    assert np.mean(wrong) < 0.01
