"""Layers over sequences: PyTorch's numbers, plain recursions, and padding without effect."""

from functools import cache
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from descend.errors import SpecError, UsageError
from descend.layers import (
    GRU,
    LSTM,
    AttentionBlock,
    EachStep,
    Elman,
    EmbeddingBag,
    LayerNormalization,
    MinimalGRU,
    Recurrent,
    SelfAttention,
    SequencePooling,
    TokenConvolution,
    TokenEmbedding,
)

NUMBERS = dict(np.load(Path(__file__).parents[1] / "reference" / "sequences.npz"))
BLOCKS = {"LSTM": 4, "GRU": 3, "Elman": 1}
CELLS = {"LSTM": LSTM(4), "GRU": GRU(4), "Elman": Elman(4)}


def theirs(name, suffix=""):
    """Return PyTorch's parameters of a recurrent layer (or their gradients) as ours."""
    depth = 1 if name == "Elman" else 2
    ways = ("",) if name == "Elman" else ("", "_reverse")
    params = {}
    for i in range(depth):
        for way in ways:

            def get(kind, i=i, way=way):
                return NUMBERS[f"{name}.{kind}_l{i}{way}{suffix}"]

            own = {
                "input": {"weight": get("weight_ih").T},
                "feedback": {"weight": get("weight_hh").T},
            }
            bias, second = get("bias_ih").copy(), get("bias_hh")
            if suffix:
                pass  # both biases are added, so that each has the whole gradient
            elif name == "GRU":
                bias[:8] += second[:8]
            else:
                bias += second
            own["bias"] = bias
            if name == "GRU":
                own["feedback"]["bias"] = second[8:]
            params[f"{i}_{'backward' if way else 'forward'}"] = own
    return params


@pytest.mark.parametrize("name", CELLS)
@pytest.mark.parametrize("wanted", ["outputs", "last"])
def test_recurrent_layers_equal_pytorch(name, wanted):
    with jax.enable_x64(True):
        layer = Recurrent(
            CELLS[name],
            depth=1 if name == "Elman" else 2,
            bidirectional=name != "Elman",
            return_sequences=wanted == "outputs",
        )
        x = {"values": NUMBERS[f"{name}.x"], "length": NUMBERS["lengths"]}
        y, _ = layer.apply(theirs(name), {}, x, key=None, train=False)
        y = y["values"] if wanted == "outputs" else y
        np.testing.assert_allclose(y, NUMBERS[f"{name}.{wanted}"], rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("name", CELLS)
def test_recurrent_gradients_equal_pytorch(name):
    depth, both = (1, False) if name == "Elman" else (2, True)
    with jax.enable_x64(True):

        def total(params, values):
            x = {"values": values, "length": NUMBERS["lengths"]}
            result = 0
            for wanted in ("outputs", "last"):
                layer = Recurrent(
                    CELLS[name], depth, bidirectional=both, return_sequences=wanted == "outputs"
                )
                y, _ = layer.apply(params, {}, x, key=None, train=True)
                y = y["values"] if wanted == "outputs" else y
                result = result + (y * NUMBERS[f"{name}.{wanted}_upstream"]).sum()
            return result

        ours = jax.jit(jax.grad(total, (0, 1)))(theirs(name), jnp.asarray(NUMBERS[f"{name}.x"]))
        wanted = (theirs(name, "_gradient"), NUMBERS[f"{name}.x_gradient"])
        close = jax.tree.map(
            lambda a, b: np.testing.assert_allclose(a, b, rtol=1e-8, atol=1e-10), ours, wanted
        )
        assert close is not None


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


@pytest.mark.parametrize("cell", [GRU(3, reset="before"), MinimalGRU(3)])
def test_cells_that_pytorch_lacks_follow_their_equations(cell):
    rng = np.random.default_rng(0)
    params = jax.tree.map(
        lambda a: rng.normal(size=a.shape), Recurrent(cell).init(jax.random.key(0), (5, 2))[0]
    )
    x, h, n = rng.normal(size=(4, 5, 2)), np.zeros((4, 3)), 3
    own = params["0_forward"]
    w, u, b = own["input"]["weight"], own["feedback"]["weight"], own["bias"]
    for t in range(5):
        drive = x[:, t] @ w + b
        if isinstance(cell, GRU):
            gates = sigmoid(drive[:, : 2 * n] + h @ u[:, : 2 * n])
            r, z = gates[:, :n], gates[:, n:]
            new = np.tanh(drive[:, 2 * n :] + (r * h) @ u[:, 2 * n :])
            h = (1 - z) * new + z * h
        else:
            f = sigmoid(drive[:, :n] + h @ u[:, :n])
            h = (1 - f) * h + f * np.tanh(drive[:, n:] + (f * h) @ u[:, n:])
    with jax.enable_x64(True):
        y, _ = Recurrent(cell).apply(params, {}, jnp.asarray(x), key=None, train=False)
        np.testing.assert_allclose(y, h, rtol=1e-10)


@pytest.mark.parametrize("name", ["SelfAttention", "CausalAttention"])
def test_attention_equals_pytorch(name):
    n = NUMBERS
    layer = SelfAttention(2, causal=name == "CausalAttention", positions="none")

    def ours(suffix=""):
        return {
            "input": {
                "weight": n[f"{name}.in_proj_weight{suffix}"].T,
                "bias": n[f"{name}.in_proj_bias{suffix}"],
            },
            "output": {
                "weight": n[f"{name}.out_proj.weight{suffix}"].T,
                "bias": n[f"{name}.out_proj.bias{suffix}"],
            },
        }

    def total(params, values):
        x = {"values": values, "length": n["lengths"]}
        y, _ = layer.apply(params, {}, x, key=None, train=True)
        return (y["values"] * n[f"{name}.outputs_upstream"]).sum(), y["values"]

    with jax.enable_x64(True):
        slopes = jax.jit(jax.grad(total, (0, 1), has_aux=True))
        gradients, y = slopes(ours(), jnp.asarray(n[f"{name}.x"]))
        np.testing.assert_allclose(y, n[f"{name}.outputs"], rtol=1e-9, atol=1e-12)
        jax.tree.map(
            lambda a, b: np.testing.assert_allclose(a, b, rtol=1e-8, atol=1e-10),
            gradients,
            (ours("_gradient"), n[f"{name}.x_gradient"]),
        )


def test_rotary_positions_make_order_count():
    params, _, _ = SelfAttention(1).init(jax.random.key(0), (3, 6))
    x = jax.random.normal(jax.random.key(1), (1, 3, 6))
    for positions, order_counts in (("none", False), ("rotary", True)):
        layer = SelfAttention(1, positions=positions)
        first, _ = layer.apply(params, {}, x, key=None, train=False)
        turned, _ = layer.apply(params, {}, x[:, ::-1], key=None, train=False)
        assert bool(jnp.abs(turned[:, ::-1] - first).max() > 1e-3) == order_counts


def test_convolution_and_bags_equal_pytorch():
    n = NUMBERS
    with jax.enable_x64(True):
        layer = TokenConvolution(5, (3,), "identity", dilation=2)
        params = {
            "width_3": {
                "weight": n["Convolution.weight"].transpose(2, 1, 0),
                "bias": n["Convolution.bias"],
            }
        }
        x = jnp.asarray(n["Convolution.x"].swapaxes(1, 2))
        upstream = n["Convolution.outputs_upstream"].swapaxes(1, 2)

        def total(params, x):
            y, _ = layer.apply(params, {}, x, key=None, train=True)
            return (y * upstream).sum(), y

        (by_params, by_x), y = jax.jit(jax.grad(total, (0, 1), has_aux=True))(params, x)
        np.testing.assert_allclose(y, n["Convolution.outputs"].swapaxes(1, 2), rtol=1e-9)
        slopes = by_params["width_3"]["weight"].transpose(2, 1, 0)
        np.testing.assert_allclose(slopes, n["Convolution.weight_gradient"], rtol=1e-9)
        np.testing.assert_allclose(by_x, n["Convolution.x_gradient"].swapaxes(1, 2), rtol=1e-9)
        for mode in ("mean", "sum"):
            bag, codes = EmbeddingBag(7, 3, mode), jnp.asarray(n[f"Bag.{mode}.x"], jnp.int32)

            def sums(table, bag=bag, codes=codes, mode=mode):
                y, _ = bag.apply({"weight": table}, {}, codes, key=None, train=True)
                return (y * n[f"Bag.{mode}.outputs_upstream"]).sum(), y

            slope, y = jax.jit(jax.grad(sums, has_aux=True))(jnp.asarray(n[f"Bag.{mode}.weight"]))
            np.testing.assert_allclose(y, n[f"Bag.{mode}.outputs"], rtol=1e-9)
            np.testing.assert_allclose(slope, n[f"Bag.{mode}.weight_gradient"], rtol=1e-9)


LAYERS = [
    Recurrent(LSTM(3), bidirectional=True, return_sequences=True),
    Recurrent(GRU(3), depth=2),
    Recurrent(GRU(3, reset="before"), bidirectional=True),
    Recurrent(Elman(3), return_sequences=True),
    Recurrent(MinimalGRU(3)),
    TokenConvolution(3, (2, 5)),
    SequencePooling(("max", "mean", "last")),
    SelfAttention(2),
    AttentionBlock(2, positions="learned"),
    EachStep(LayerNormalization()),
    EmbeddingBag(9, 4, "attention"),
    EmbeddingBag(9, 4),
    TokenEmbedding(9, 4),
]


@pytest.mark.parametrize("layer", LAYERS, ids=lambda layer: repr(layer)[:40])
def test_padding_changes_nothing(layer):
    tokens = isinstance(layer, EmbeddingBag | TokenEmbedding)
    rng = np.random.default_rng(0)
    length, short, long = np.array([4, 2, 0], np.int32), 4, 7
    values = rng.integers(0, 9, (3, long)) if tokens else rng.normal(size=(3, long, 4))
    values = values.astype(np.int32 if tokens else np.float32)
    shape = {"values": values.shape[1:], "length": ()}
    params, _, _ = layer.init(jax.random.key(0), shape)
    noise = values.copy()
    for row, n in enumerate(length):
        noise[row, n:] = 8 if tokens else np.nan

    @jax.jit
    def slopes(params, numbers, x):
        def total(params, numbers):
            batch = {"values": x if tokens else numbers, "length": length}
            y, _ = layer.apply(params, {}, batch, key=None, train=True)
            y = y["values"] if isinstance(y, dict) else y
            y = y[:, :short] if y.ndim == 3 else y
            return (y * jnp.cos(jnp.arange(y.size)).reshape(y.shape)).sum(), y

        return jax.grad(total, (0, 1), has_aux=True)(params, numbers)

    results = []
    for x in (values[:, :short], values, noise):
        (by_params, by_x), y = slopes(params, np.zeros(1, np.float32) if tokens else x, x)
        by_x = np.asarray(by_x)
        if not tokens:
            for row, n in enumerate(length):
                assert not np.any(by_x[row, n:])
            by_x = by_x[:, :short]
        results.append((y, by_params, by_x))
    for other in results[1:]:
        jax.tree.map(
            lambda a, b: np.testing.assert_allclose(a, b, rtol=2e-5, atol=2e-6), results[0], other
        )


@cache
def compiled(layer, train):
    """Return (params, state, x) -> outputs, state."""
    return jax.jit(lambda params, state, x: layer.apply(params, state, x, key=None, train=train))


def test_lanes_carry_what_one_long_sequence_would():
    x = np.random.default_rng(1).normal(size=(2, 6, 3)).astype(np.float32)
    plain = Recurrent(LSTM(4), depth=2, return_sequences=True)
    carried = Recurrent(LSTM(4), depth=2, return_sequences=True, lanes=2)
    params, state, _ = carried.init(jax.random.key(0), (3, 3))
    whole, _ = compiled(plain, True)(params, {}, x)
    first, state = compiled(carried, True)(params, state, x[:, :3])
    second, state = compiled(carried, True)(params, state, x[:, 3:])
    np.testing.assert_allclose(np.concatenate([first, second], 1), whole, rtol=1e-5, atol=1e-6)
    alone, same = compiled(carried, False)(params, state, x[:1])  # nothing is carried
    np.testing.assert_allclose(alone, whole[:1], rtol=1e-5, atol=1e-6)
    assert same is not None
    with pytest.raises(UsageError, match="2 lanes, but the batch has 1 rows"):
        compiled(carried, True)(params, state, x[:1])


def test_lanes_carry_in_use_too_where_asked_for_and_padding_changes_nothing():
    x = np.random.default_rng(1).normal(size=(2, 6, 3)).astype(np.float32)
    plain = Recurrent(GRU(4), return_sequences=True)
    carried = Recurrent(GRU(4), return_sequences=True, lanes=2, always=True)
    params, state, _ = carried.init(jax.random.key(0), (3, 3))
    whole, _ = compiled(plain, False)(params, {}, x)
    padded = {"values": x[:, :4], "length": jnp.array([2, 3])}
    _, state = compiled(carried, False)(params, state, padded)
    later, _ = compiled(carried, False)(params, state, np.stack([x[0, 2:5], x[1, 3:]]))
    np.testing.assert_allclose(later[0], whole[0, 2:5], rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(later[1], whole[1, 3:], rtol=1e-5, atol=1e-6)


def test_errors_name_what_was_expected():
    with pytest.raises(SpecError, match="takes sequences"):
        Recurrent(GRU(3)).init(jax.random.key(0), (5,))
    with pytest.raises(SpecError, match="exclude one another"):
        Recurrent(GRU(3), bidirectional=True, lanes=4)
    with pytest.raises(SpecError, match="divided among 3 heads"):
        SelfAttention(3).init(jax.random.key(0), (5, 4))
    with pytest.raises(SpecError, match="different integers"):
        TokenConvolution(3, (2, 2))
    with pytest.raises(SpecError, match="max, mean, last"):
        SequencePooling(("sum",))
