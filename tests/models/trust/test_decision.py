"""Which class is said, where the metric asked for is not served by the likeliest one."""

import numpy as np
import polars as pl
import pytest

import descend
from descend.data.targets import ClassTarget
from descend.metrics import balanced_accuracy, macro_f1
from descend.models import Decision, Options, TableTraining
from descend.models.trust.decision import fit_decision
from descend.spec import SpecError


def rare(rows, seed, k=2):
    """Draw true probabilities of which the last class is rare, and the classes themselves."""
    draw = np.random.default_rng(seed)
    logits = 1.5 * draw.normal(size=(rows, k)) + np.linspace(0, -2, k)
    p = np.exp(logits)
    p /= p.sum(axis=1, keepdims=True)
    truth = (draw.uniform(size=(rows, 1)) > p.cumsum(axis=1)).sum(axis=1)
    return p, truth


@pytest.mark.parametrize("k", [2, 4])
@pytest.mark.parametrize(
    ("name", "metric"), [("balanced_accuracy", balanced_accuracy), ("f1", macro_f1)]
)
def test_it_serves_the_metric_on_other_rows(name, metric, k):
    decision = fit_decision(name, *rare(3000, 0, k))
    p, truth = rare(20_000, 1, k)
    gain = metric(truth, decision.codes(p)) - metric(truth, p.argmax(axis=1))
    assert decision.kept
    assert gain > 0.005
    assert abs(gain - (decision.after - decision.before)) < 0.03


def test_balanced_accuracy_weighs_by_the_inverse_of_the_shares():
    p, truth = rare(5000, 2)
    decision = fit_decision("balanced_accuracy", p, truth)
    best = np.mean(truth == 0) / np.mean(truth == 1)  # the best for known probabilities
    assert best / 1.5 < decision.weights[1] < 1.5 * best


def test_noise_is_left_alone():
    draw = np.random.default_rng(3)
    p = np.full((200, 2), 0.5) + draw.uniform(-0.01, 0.01, (200, 1)) * [1, -1]
    assert not fit_decision("f1", p, draw.integers(2, size=200)).kept


def test_few_rows_and_many_classes_have_none():
    assert fit_decision("f1", *rare(49, 0)) is None
    assert fit_decision("f1", *rare(100, 0, 60)) is None


@pytest.mark.parametrize("weights", [(1.0,), (1.0, 0.0), (1.0, np.inf)])
def test_weights_are_checked(weights):
    with pytest.raises(SpecError):
        Decision("f1", weights, True, 100, 0.5, 0.6)


def test_a_model_keeps_it(tmp_path):
    draw = np.random.default_rng(4)
    x = draw.normal(size=1500)
    y = np.where(draw.uniform(size=1500) < 1 / (1 + np.exp(3 - 1.5 * x)), "rare", "common")
    table = pl.DataFrame({"x": x, "y": y})
    options = {"layers": (8,), "epochs": 8, "learning_rate": 0.02}
    model = descend.train(table, "y", metric="balanced-accuracy", **options)
    plain = descend.train(table, "y", **options)
    (decision,) = model.card.decisions
    assert decision.kept
    assert plain.card.decisions == ()
    found, before = model.report.targets[0], plain.report.targets[0]
    assert found.balanced_accuracy > before.balanced_accuracy + 0.05
    model.save(tmp_path / "m.descend")
    again = descend.load(tmp_path / "m.descend")
    assert again.predict(table).tolist() == model.predict(table).tolist()
    target = model.card.targets[0]
    assert isinstance(target, ClassTarget)
    assert '"rare" is said from' in decision.describe(target)


@pytest.mark.parametrize(
    ("metric", "loss"),
    [("mae", "AbsoluteError"), ("pinball", "Quantile"), ("rmse", "SquaredError")],
)
def test_the_metric_of_numbers_chooses_the_loss(metric, loss):
    table = pl.DataFrame({"x": np.arange(100.0), "y": np.arange(100.0)})
    training = TableTraining(table, Options.of(target="y", metric=metric))
    assert type(training.plan.loss).__name__ == loss
    other = Options.of(target="y", metric=metric, loss="huber")
    assert type(other.losses(training.targets)).__name__ == "Huber"
