"""The numbers of the reports against scikit-learn's, and the linear rival against its own."""

from pathlib import Path

import numpy as np
import polars as pl
import pytest
from sklearn import metrics as judge
from sklearn.linear_model import LogisticRegression, Ridge

import descend
from descend.data.columns import Column
from descend.data.targets import ClassTarget, NumberTarget
from descend.errors import SpecError
from descend.models import ClassReport, NumberReport, Options, Report, TableTraining
from descend.models.outputs import Answer
from descend.models.report import class_report, number_report

DRAW = np.random.default_rng(0)
PENGUINS = Path(__file__).parents[2] / "examples" / "penguins.csv"


def class_answer(probabilities, labels):
    codes = probabilities.argmax(axis=1)
    return Answer("kind", np.array(labels)[codes], codes, probabilities, labels)


@pytest.mark.parametrize("k", [2, 4])
def test_class_report(k):
    labels = ("a", "b", "c", "d")[:k]
    truth = DRAW.integers(0, k, 200)
    probabilities = DRAW.dirichlet(np.ones(k), 200) + 0.3 * np.eye(k)[truth]
    probabilities /= probabilities.sum(axis=1, keepdims=True)
    target = ClassTarget("kind", labels, tuple(range(10, 10 + k)))
    answer = class_answer(probabilities, labels)
    linear = class_answer(np.eye(k)[np.zeros(200, int)], labels)
    report = class_report(target, truth, answer, linear)
    codes = answer.codes
    assert report.rows == 200
    assert report.accuracy == pytest.approx(judge.accuracy_score(truth, codes))
    assert report.balanced_accuracy == pytest.approx(judge.balanced_accuracy_score(truth, codes))
    assert report.log_loss == pytest.approx(judge.log_loss(truth, probabilities), rel=1e-6)
    np.testing.assert_array_equal(report.confusion, judge.confusion_matrix(truth, codes))
    parts = judge.precision_recall_fscore_support(truth, codes)
    for mine, theirs in zip((report.precision, report.recall, report.f1), parts[:3], strict=True):
        np.testing.assert_allclose(mine, theirs)
    if k == 2:
        assert report.auc == pytest.approx(judge.roc_auc_score(truth, probabilities[:, 1]))
    else:
        assert report.auc is None
    assert report.majority_class == labels[-1]
    assert report.majority_accuracy == pytest.approx(np.mean(truth == k - 1))
    assert report.linear_accuracy == pytest.approx(np.mean(truth == 0))
    assert report.accuracy_low < report.accuracy < report.accuracy_high


def test_wilson_interval_of_the_accuracy():
    # Wilson (1927): (p + z2/2n +- z sqrt(p(1-p)/n + z2/4n2)) / (1 + z2/n), here for 9 of 10.
    target = ClassTarget("kind", ("a", "b"), (5, 5))
    truth = np.array([0] * 5 + [1] * 5)
    probabilities = np.eye(2)[np.array([0] * 5 + [1] * 4 + [0])]
    report = class_report(target, truth, class_answer(probabilities, ("a", "b")), None)
    z, n, p = 1.959963984540054, 10, 0.9
    middle, half = p + z**2 / 20, z * np.sqrt(p * (1 - p) / n + z**2 / 400)
    low, high = ((middle + sign * half) / (1 + z**2 / n) for sign in (-1, 1))
    assert (report.accuracy_low, report.accuracy_high) == pytest.approx((low, high))


def test_classes_that_do_not_occur_have_no_scores():
    target = ClassTarget("kind", ("a", "b", "c"), (5, 5, 5))
    answer = class_answer(np.array([[0.6, 0.4, 0.0], [0.4, 0.6, 0.0]]), target.classes)
    report = class_report(target, np.array([0, 1]), answer, None)
    assert report.recall[2] is None
    assert report.linear_accuracy is None


def test_number_report():
    truth = DRAW.normal(50, 10, 300)
    predicted = truth + DRAW.normal(1, 3, 300)
    rival = truth + DRAW.normal(0, 6, 300)
    target = NumberTarget(Column("price", "number"), 48.0, 9.0, 0.0, 100.0, 1000, False)
    report = number_report(
        target,
        truth,
        Answer("price", predicted, None, None, ()),
        Answer("price", rival, None, None, ()),
    )
    assert report.r2 == pytest.approx(judge.r2_score(truth, predicted))
    assert report.rmse == pytest.approx(judge.root_mean_squared_error(truth, predicted))
    assert report.mae == pytest.approx(judge.mean_absolute_error(truth, predicted))
    assert report.mean_rmse == pytest.approx(np.sqrt(np.mean((truth - 48) ** 2)))
    assert report.mean_mae == pytest.approx(np.mean(np.abs(truth - 48)))
    assert report.linear_rmse == pytest.approx(judge.root_mean_squared_error(truth, rival))
    assert report.linear_r2 == pytest.approx(judge.r2_score(truth, rival))
    assert report.residuals == pytest.approx(
        np.percentile(truth - predicted, (5, 25, 50, 75, 95)).tolist()
    )
    assert report.r2_low < report.r2 < report.r2_high


def test_targets_that_do_not_vary_have_no_r2():
    target = NumberTarget(Column("price", "number"), 5.0, 1.0, 0.0, 9.0, 9, True)
    answer = Answer("price", np.array([4.0, 5.0]), None, None, ())
    report = number_report(target, np.array([5.0, 5.0]), answer, answer)
    assert (report.r2, report.r2_low, report.linear_r2) == (None, None, None)
    assert report.mae == 0.5


def test_reports_refuse_what_they_cannot_hold(model):
    classes, numbers = model.report.targets
    assert isinstance(classes, ClassReport)
    assert isinstance(numbers, NumberReport)
    for change in ({"accuracy": "high"}, {"rows": -1}, {"confusion": ((1,),)}, {"f1": (0.5,)},
                   {"classes": ()}, {"log_loss": float("nan")}):  # fmt: skip
        with pytest.raises(SpecError, match="ClassReport"):
            classes.replace(**change)
    for change in ({"residuals": (1.0,)}, {"mae": None}, {"mae": 10**400}):
        with pytest.raises(SpecError, match="NumberReport"):
            numbers.replace(**change)
    with pytest.raises(SpecError, match="Report"):
        Report("a", 1, 0, (1,))


@pytest.fixture(scope="module")
def penguins():
    """Penguins, prepared and trained for one epoch; and their encoded parts."""

    def prepare(target):
        options = Options.of(target=target, epochs=1, layers=(4,), dropout=0.0)
        training = TableTraining(PENGUINS, options)
        for _ in training.epochs():
            pass
        split = training.examples.split
        frame = pl.read_csv(PENGUINS, infer_schema=False)
        wanted = [t.present(frame) for t in training.examples.targets]
        rows = frame.filter(pl.Series(np.logical_and.reduce(wanted)))
        parts = {}
        for part in ("train", "test"):
            x, _ = training.examples.preprocessing.transform(rows, getattr(split, part))
            parts[part] = (x, training.examples.targets[0].encode(rows, getattr(split, part)))
        return training.finish(), parts

    return prepare


def test_the_linear_rival_of_classes(penguins):
    model, parts = penguins("species")
    theirs = LogisticRegression(max_iter=2000).fit(*parts["train"]).score(*parts["test"])
    assert model.report.targets[0].linear_accuracy == pytest.approx(theirs, abs=0.03)


def test_the_linear_rival_of_numbers(penguins):
    model, parts = penguins("body_mass_g")
    ridge = Ridge(1.0).fit(*parts["train"])
    theirs = judge.r2_score(parts["test"][1], ridge.predict(parts["test"][0]))
    assert model.report.targets[0].linear_r2 == pytest.approx(theirs, abs=0.03)


def test_the_report_is_the_test_of_the_rows_set_aside(examples):
    model = descend.train(examples, "kind", epochs=1, layers=(4,), dropout=0.0)
    training = TableTraining(
        examples, Options.of(target="kind", epochs=1, layers=(4,), dropout=0.0)
    )
    rows = training.examples.split.test
    again = model.test(examples[rows])
    assert again.seen == 0
    assert again.targets == model.report.targets
