"""Networks that write: training on a text, scores, files, and what they write."""

import jax
import numpy as np
import pytest

import descend
from descend.errors import DataError, ModelFileError, UsageError
from descend.models import LanguageModel, LanguageOptions, LanguageTraining
from descend.models.files.modelfile import read_model_file, to_bytes
from descend.models.language.model import MOST_PROMPT
from descend.models.language.training import windows
from descend.models.networks.language import carrying
from descend.training.running_text import Draw, _drawn, start_state, text_nats

TEXT = "the cat sat on the mat. " * 120
QUICK = {"layers": (24,), "epochs": 12, "dropout": 0.0, "learning_rate": 0.02}


@pytest.fixture(scope="module")
def path(tmp_path_factory):
    path = tmp_path_factory.mktemp("texts") / "cat.txt"
    path.write_text(TEXT)
    return path


@pytest.fixture(scope="module")
def model(path):
    return descend.train(path, generate=True, **QUICK)


def test_it_learns_and_says_how_well(model):
    report = model.report
    assert (report.tokens, report.units, report.source) == (288, 288, "cat.txt")
    assert report.nats_each < 0.4 < report.guess_nats_each
    assert report.perplexity == pytest.approx(np.exp(report.nats_each))
    assert report.bits_each == pytest.approx(report.nats_each / np.log(2))
    assert report.rival_order == 5
    assert 0 < report.rival_nats_each < 0.4
    assert model.generate("the cat sat", 13, temperature=0) == " on the mat. "


def test_the_same_seed_writes_the_same_and_length_only_cuts(model):
    long = model.generate("on", 100, temperature=2.0)
    assert model.generate("on", 100, temperature=2.0) == long
    assert model.generate("on", 33, temperature=2.0) == long[:33]
    assert model.generate("on", 100, temperature=2.0, seed=1) != long
    assert model.generate("on", 40, temperature=2.0, top_k=1) == model.generate(
        "on", 40, temperature=0
    )
    assert model.generate("on", 40, temperature=1.0, top_p=1e-6) == model.generate(
        "on", 40, temperature=0
    )
    assert model.generate("on", 0) == ""
    assert "\ufffd" not in model.generate("日本", 200, temperature=50.0)  # unknown never comes


def test_files_give_the_same_bits(model, tmp_path):
    file = tmp_path / "m.descend"
    model.save(file)
    again = descend.load(file)
    assert isinstance(again, LanguageModel)
    assert again.card == model.card
    jax.tree.map(np.testing.assert_array_equal, again.params, model.params)
    assert again.generate("the", 50) == model.generate("the", 50)
    again.save(tmp_path / "n.descend")
    assert (tmp_path / "n.descend").read_bytes() == file.read_bytes()


def test_plans_repeat_a_run(model, path):
    again = descend.train(path, generate=True, plan=model.plan)
    jax.tree.map(np.testing.assert_array_equal, again.params, model.params)


@pytest.mark.parametrize(
    ("text", "first", "close"),
    [
        (TEXT[:700] + "mat the on sat. ", 600, 2e-3),  # all but the last 512 or more is forgotten
        (TEXT[:700] + "mat the on sat. ", 400, 2e-3),
        ("at the mat on sat, the cat", 1, 1e-5),  # read from its start, as step by step
    ],
)
def test_score_is_that_of_reading_step_by_step(model, text, first, close):
    codes = model.tokens.encode(text)
    network = carrying(model.plan.network, 1)
    state, total = start_state(network), 0.0
    read = jax.jit(lambda s, x: network.apply(model.params, s, x, key=None, train=False))
    for i in range(len(codes) - 1):
        raw, state = read(state, codes[None, i : i + 1])
        p = np.asarray(jax.nn.log_softmax(raw[0, 0]), np.float64)
        total -= p[codes[i + 1]] * (i + 1 >= first)
    many = carrying(model.plan.network, 16)
    found = text_nats(many, model.plan.loss, model.params, codes, first)
    np.testing.assert_allclose(found, total, rtol=close)


def test_draws_follow_their_settings():
    logits = np.log(np.array([0.5, 0.3, 0.15, 0.05], np.float32))
    draw = jax.jit(jax.vmap(_drawn, in_axes=(None, 0, None)))
    keys = jax.random.split(jax.random.key(0), 4000)

    def shares(settings):
        return np.bincount(draw(logits, keys, settings), minlength=4) / 4000

    np.testing.assert_allclose(shares(Draw()), [0.5, 0.3, 0.15, 0.05], atol=0.03)
    np.testing.assert_allclose(shares(Draw(top_k=2)), [0.625, 0.375, 0, 0], atol=0.03)
    np.testing.assert_allclose(shares(Draw(top_p=0.6)), [0.625, 0.375, 0, 0], atol=0.03)
    sharp = np.array([0.5, 0.3, 0.15, 0.05]) ** 2
    np.testing.assert_allclose(shares(Draw(0.5)), sharp / sharp.sum(), atol=0.03)
    assert shares(Draw(0.0)).tolist() == [1, 0, 0, 0]


def test_windows_follow_one_another_in_each_lane():
    codes = np.arange(100)
    examples = windows(codes, 3, 4)
    x, y = examples.x.reshape(-1, 3, 4), examples.y.reshape(-1, 3, 4)
    np.testing.assert_array_equal(y, x + 1)
    np.testing.assert_array_equal(x[1:, :, 0], x[:-1, :, -1] + 1)
    assert set(x.ravel()) == set(range(99))


@pytest.mark.slow
def test_any_file_as_bytes(tmp_path):
    path = tmp_path / "a.bin"
    path.write_bytes(bytes(range(256)) * 8)
    model = descend.train(path, generate=True, tokens="bytes", layers=(16,), epochs=1, validation=0)
    assert model.report.unit == "byte"
    assert len(b"".join(model.written("\udcff", 30))) == 30


@pytest.mark.slow
def test_pieces(tmp_path):
    pytest.importorskip("tokenizers")
    path = tmp_path / "cats.txt"
    path.write_text(TEXT * 2)
    model = descend.train(path, generate=True, tokens="pieces", layers=(8,), epochs=1, steps=16)
    assert model.report.noun == "piece"
    assert abs(model.report.units - 576) <= 2  # characters, of fewer tokens
    assert model.report.tokens < 300
    assert isinstance(model.generate("the", 10), str)
    assert model.test(path).trained_on > 100


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"tokens": "words"}, "one of characters, bytes, pieces"),
        ({"cell": "gur"}, 'Did you mean "gru"'),
        ({"layers": ()}, "at least one recurrent layer"),
        ({"layers": ("conv3",)}, "numbers of units"),
        ({"steps": 0}, "steps is at least 1"),
        ({"validation": "a.csv"}, "share of the text"),
        ({"test_fraction": 0.9}, "less than a tenth"),
        ({"restarts": 3}, 'no option "restarts"'),
        ({"drop": "a"}, 'no option "drop"'),
        ({"target": "a"}, "no target"),
    ],
)
def test_wrong_options_are_refused(path, wrong, said):
    with pytest.raises(UsageError, match=said):
        descend.train(path, generate=True, **wrong)


def test_short_texts_are_refused(tmp_path):
    for text in ("", "abc" * 50, "".join(map(chr, range(32, 1200)))):
        (tmp_path / "a.txt").write_text(text)
        with pytest.raises(DataError, match=r"to learn from|repeats no character"):
            descend.train(tmp_path / "a.txt", generate=True)


@pytest.mark.parametrize(
    "wrong",
    [
        {"temperature": -1},
        {"temperature": float("nan")},
        {"top_k": 0},
        {"top_p": 0},
        {"top_p": 1.5},
        {"seed": -1},
        {"length": -1},
    ],
)
def test_wrong_settings_are_refused(model, wrong):
    with pytest.raises(UsageError, match=next(iter(wrong))):
        model.generate("a", **wrong)


def test_long_prompts_are_read_from_their_end(model):
    text = TEXT * 5
    assert len(text) > MOST_PROMPT
    assert model.generate(text, 20) == model.generate(text[-MOST_PROMPT:], 20)


def test_hostile_files_are_refused(model, tmp_path):
    file = tmp_path / "m.descend"
    model.save(file)
    spec, tensors = read_model_file(file)
    changes = {
        "tokens": {"kind": "ByteTokens"},
        "plan": spec["plan"] | {"loss": {"kind": "SquaredError"}},
        "report": spec["report"] | {"units": 0},
        "provenance": None,
    }
    for name, value in changes.items():
        file.write_bytes(to_bytes(spec | {name: value}, tensors))
        with pytest.raises(ModelFileError, match="the plan cannot be read"):
            descend.load(file)
    layers = spec["plan"]["network"]["layers"]
    kept = {"kind": "BatchNormalization"} | {"momentum": 0.9}
    for inner in ([*layers, kept], [layers[0], {"kind": "Flatten"}]):
        network = spec["plan"]["network"] | {"layers": inner}
        file.write_bytes(to_bytes(spec | {"plan": spec["plan"] | {"network": network}}, tensors))
        with pytest.raises(ModelFileError):
            descend.load(file)
    file.write_bytes(to_bytes(spec, tensors | {"more": np.zeros(1, np.float32)}))
    with pytest.raises(ModelFileError, match="no layer has"):
        descend.load(file)


@pytest.mark.slow
def test_time_limits_choose_the_epochs(path):
    options = LanguageOptions(layers=(8,), time_limit=3.0)
    training = LanguageTraining(path, options)
    assert training.limit.notes
    assert 1 <= training.plan.descent.epochs <= 60
