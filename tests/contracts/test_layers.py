"""What holds for every layer: gradients, shapes, no dead parameters, compiled equals eager."""

from functools import cache

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax.flatten_util import ravel_pytree

from descend import layers
from descend.layers import (
    GRU,
    LSTM,
    Activation,
    AttentionBlock,
    AveragePooling,
    BatchNormalization,
    Cell,
    ContinuousTime,
    Convolution,
    Cutout,
    Dense,
    Dropout,
    EachStep,
    Elman,
    Embedding,
    EmbeddingBag,
    Equilibrium,
    FadingDropout,
    Flatten,
    GlobalPooling,
    GroupNormalization,
    HopfieldLookup,
    HopfieldPooling,
    LayerNormalization,
    LogMel,
    MaxPooling,
    Members,
    MinimalGRU,
    MirrorAverage,
    Parallel,
    ParametricActivation,
    PeriodicEmbedding,
    PiecewiseLinear,
    PixelScaling,
    RandomColour,
    RandomConvolution,
    RandomFlip,
    RandomSound,
    RandomSpectrum,
    RandomWarp,
    Recurrent,
    Reshape,
    Residual,
    RobustScaling,
    Scaling,
    SelfAttention,
    SequencePooling,
    Sequential,
    SqueezeExcite,
    TangentDense,
    TokenConvolution,
    TokenEmbedding,
    TransposedConvolution,
)
from descend.layers.summary import output_shape, parameter_count, summary_line

# Spec, shape of an input.
SEQUENCES = {"values": (4, 3), "length": ()}
TOKENS = {"values": (6,), "length": ()}
CASES = {
    "Activation": [(Activation("tanh"), (3,)), (Activation("softmax"), (2, 3))],
    "AveragePooling": [
        (AveragePooling(2, padding="same"), SEQUENCES),
        (AveragePooling(), (4, 5, 2)),
        (AveragePooling(3, 2, "same"), (5, 2)),
        (AveragePooling(2, 1), {"values": (4, 3, 1), "length": ()}),
    ],
    "AttentionBlock": [
        (AttentionBlock(1, hidden=1, dropout=0.2), {"values": (3, 2), "length": ()}),
    ],
    "BatchNormalization": [
        (BatchNormalization(), (3,)),
        (BatchNormalization(0.5), (2, 3)),
        (BatchNormalization(), SEQUENCES),
    ],
    "ContinuousTime": [
        (ContinuousTime(3), (4, 2)),
        (ContinuousTime(2, method="midpoint", substeps=3, return_sequences=True), (3, 2)),
        (ContinuousTime(2, method="adaptive"), (3, 2)),
    ],
    "Convolution": [
        (Convolution(3, 3, "tanh", stride=2), (4, 3, 2)),
        (Convolution(4, (2, 3), padding="valid", groups=2), (3, 4, 2)),
        (Convolution(2, 3, groups="channels", use_bias=False), (5, 2)),
        (Convolution(2, 2, dilation=2), (5, 3)),
        (Convolution(2, 3, "tanh", stride=2), SEQUENCES),
        (Convolution(2, 3), {"values": (4, 3, 1), "length": ()}),
    ],
    "Cutout": [(Cutout(0.5), (4, 3, 2))],
    "Dense": [(Dense(3, "gelu"), (4,)), (Dense(2, use_bias=False), (3,))],
    "Dropout": [(Dropout(0.4), (5,))],
    "EachStep": [
        (EachStep(Dense(2, "tanh")), SEQUENCES),
        (EachStep(Dropout(0.3)), (3, 2)),
    ],
    "Embedding": [(Embedding((3, 4), (2, 3)), (2,))],
    "EmbeddingBag": [
        (EmbeddingBag(6, 2), TOKENS),
        (EmbeddingBag(6, 2, "sum", 0.3), TOKENS | {"weights": (6,)}),
        (EmbeddingBag(6, 3, "attention"), (6,)),
    ],
    "Equilibrium": [
        (Equilibrium(3, tolerance=1e-13, max_steps=400), (2,)),
        (Equilibrium(2, "relu", True, tolerance=1e-13, max_steps=400), (3,)),
    ],
    "FadingDropout": [(FadingDropout(0.4), (5,))],
    "Flatten": [(Flatten(), (2, 3))],
    "GlobalPooling": [
        (GlobalPooling(), (3, 2, 2)),
        (GlobalPooling("max"), (3, 2)),
        (GlobalPooling("max"), SEQUENCES),
        (GlobalPooling(), SEQUENCES),
    ],
    "GroupNormalization": [(GroupNormalization(2), (3, 2, 4)), (GroupNormalization(1), (3,))],
    "HopfieldLookup": [
        (HopfieldLookup(3, memories=4), (2,)),
        (HopfieldLookup(2, memories=3, key_units=4, steps=2, beta=1.5), (3, 2)),
    ],
    "HopfieldPooling": [
        (HopfieldPooling(3), (4, 2)),
        (HopfieldPooling(2, queries=2, steps=3), (3, 2)),
    ],
    "LayerNormalization": [(LayerNormalization(), (4,))],
    "LogMel": [
        (LogMel(100, 8, 4, 1, 0.0), {"values": (16,), "length": ()}),
        (LogMel(100, 8, 6, 1, 0.0, picture=False), {"values": (20,), "length": ()}),
    ],
    "MaxPooling": [
        (MaxPooling(2, padding="same"), SEQUENCES),
        (MaxPooling(), (4, 5, 2)),
        (MaxPooling((3, 2), 1, "same"), (3, 3, 2)),
        (MaxPooling(2, 1), {"values": (4, 3, 1), "length": ()}),
    ],
    "MirrorAverage": [
        (MirrorAverage(Sequential((Convolution(2, 2), Flatten()))), (2, 3, 1)),
        (MirrorAverage(Sequential((RandomFlip(), Convolution(2, 3)))), (2, 3, 2)),
    ],
    "Members": [
        (Members(Sequential((Dense(3, "tanh"), Dropout(0.3), Dense(2))), 2), (4,)),
        (Members(Sequential((TangentDense(3), BatchNormalization())), 3), (2,)),
    ],
    "ParametricActivation": [(ParametricActivation("tanh"), (3,))],
    "PeriodicEmbedding": [(PeriodicEmbedding((0, 2), 2, 3), (4,))],
    "PiecewiseLinear": [(PiecewiseLinear((2, 0), 1), (4,)), (PiecewiseLinear((0,), 3), (1,))],
    "Parallel": [
        (
            Parallel(
                (Embedding((3, 4), (1, 2)), Dense(2, "tanh"), Activation("identity")),
                ("codes", "numbers", "numbers"),
            ),
            {"codes": (2,), "numbers": (3,)},
        ),
        (Parallel((Dense(2), Dense(2, "tanh")), merge="sum"), (3,)),
    ],
    "RandomConvolution": [(RandomConvolution(5, (1, 2), (0.5, 0.7)), SEQUENCES)],
    "Recurrent": [
        (Recurrent(Elman(2)), SEQUENCES),
        (Recurrent(GRU(2), bidirectional=True, return_sequences=True), SEQUENCES),
        (Recurrent(GRU(2, reset="before")), (3, 2)),
        (Recurrent(LSTM(2), depth=2, dropout=0.3, return_sequences=True), SEQUENCES),
        (Recurrent(LSTM(2), lanes=5, return_sequences=True), (3, 2)),
        (Recurrent(MinimalGRU(2)), SEQUENCES),
    ],
    "PixelScaling": [(PixelScaling(2.0, 3.0), (2, 3, 1))],
    "RandomColour": [(RandomColour(0.5), (2, 3, 3)), (RandomColour(), (3, 2, 1))],
    "RandomFlip": [(RandomFlip(), (2, 3, 2))],
    "RandomSound": [(RandomSound(0.4, 0.3), {"values": (9,), "length": ()})],
    "RandomSpectrum": [(RandomSpectrum(0.5, 0.5, 0.3, 0.5), {"values": (5, 4, 1), "length": ()})],
    "RandomWarp": [
        (RandomWarp(0.3, 0.2), (4, 3, 2)),
        (RandomWarp(0.2, 0.1, 30), (3, 4, 2)),
    ],
    "Reshape": [(Reshape((3, 2)), (6,))],
    "Residual": [
        (Residual(Dense(3, "tanh")), (3,)),
        (Residual(Sequential((Dense(3, "tanh"), Dense(2)))), (4,)),
    ],
    "SelfAttention": [
        (SelfAttention(1, causal=True), {"values": (3, 2), "length": ()}),
        (SelfAttention(2, positions="learned", dropout=0.2), (3, 2)),
    ],
    "SequencePooling": [(SequencePooling(("max", "mean", "last")), SEQUENCES)],
    "RobustScaling": [(RobustScaling(2.0), (3,))],
    "Scaling": [(Scaling(), (3,))],
    "Sequential": [
        (
            Sequential((Dense(4, "tanh"), BatchNormalization(), Dropout(0.3), Dense(2))),
            (3,),
        ),
        (Sequential((Flatten(), Residual(Sequential((Dropout(0.3), Dense(6)))))), (3, 2)),
    ],
    "SqueezeExcite": [(SqueezeExcite(2), (3, 2, 6))],
    "TangentDense": [(TangentDense(3), (4,))],
    "TransposedConvolution": [
        (TransposedConvolution(2, 3, "tanh"), (2, 3, 2)),
        (TransposedConvolution(2, 4, padding="valid", use_bias=False), (3, 2)),
    ],
    "TokenConvolution": [
        (TokenConvolution(2, (2, 3), "tanh"), SEQUENCES),
        (TokenConvolution(2, (3,), "tanh", dilation=2, causal=True), (5, 2)),
    ],
    "TokenEmbedding": [(TokenEmbedding(6, 2, 0.2), TOKENS)],
}
ALL = [
    # One case a layer is for every run, its variants for `make test-all`: each compiles four times.
    pytest.param(*case, id=repr(case[0])[:50], marks=[pytest.mark.slow] if place else [])
    for cases in CASES.values()
    for place, case in enumerate(cases)
]
BATCH = 5


def mixes_rows(layer):
    """Whether one example's output depends on the others of its batch, in training."""
    return isinstance(layer, BatchNormalization) or any(map(mixes_rows, inner_layers(layer)))


def inner_layers(layer):
    return getattr(layer, "layers", ()) or ((layer.inner,) if hasattr(layer, "inner") else ())


def inputs(layer, shape, rng, dtype):
    """Return a random batch: codes for embeddings, numbers for all others."""
    if isinstance(layer, EmbeddingBag | TokenEmbedding) and isinstance(shape, tuple):
        # Every code occurs, in the first place of its sequence too.
        codes = (np.arange(BATCH)[:, None] + np.arange(layer.size)) % layer.size
        return np.resize(codes, (BATCH, *shape)).astype(np.int32)
    if isinstance(shape, dict) and "length" in shape:
        values = inputs(layer, shape["values"], rng, dtype)
        time = values.shape[1]
        x = {"values": values, "length": np.array([time, 1, time, 2, time], np.int32)}
        if "weights" in shape:
            x["weights"] = rng.uniform(0.5, 1, (BATCH, *shape["weights"])).astype(dtype)
        return x
    if isinstance(shape, dict):
        places = zip(layer.layers, layer.inputs, strict=True)
        return {name: inputs(inner, shape[name], rng, dtype) for inner, name in places}
    if isinstance(layer, Embedding):
        # Every code occurs, so that every row of every table has a gradient.
        return np.stack([np.arange(BATCH) % size for size in layer.sizes], axis=1).astype(np.int32)
    return rng.normal(size=(BATCH, *shape)).astype(dtype)


def start(layer, shape, dtype=np.float32):
    """Return params and state with every number random and not 0, and a batch."""
    params, state = jax.eval_shape(lambda key: layer.init(key, shape)[:2], jax.random.key(0))
    rng = np.random.default_rng(0)

    def random(leaf):
        return (rng.choice([-1, 1], leaf.shape) * rng.uniform(0.2, 1.2, leaf.shape)).astype(dtype)

    x = inputs(layer, shape, rng, dtype)
    return jax.tree.map(random, params), jax.tree.map(lambda s: abs(random(s)), state), x


def values_of(y):
    """Return the numbers of an output."""
    return np.asarray(y["values"] if isinstance(y, dict) else y)


def weighted_sum(y):
    """Return one number that depends on every output in its own way."""
    y = y["values"] if isinstance(y, dict) else y
    return (y * np.cos(np.arange(y.size)).reshape(y.shape)).sum()


@cache
def compiled(layer, train):
    """Return (params, state, x) -> outputs, state, gradients of their weighted sum by numbers."""
    key = jax.random.key(1) if train else None

    def everything(params, state, x):
        leaves, tree = jax.tree.flatten(x)
        numbers = {i: leaf for i, leaf in enumerate(leaves) if leaf.dtype.kind == "f"}

        def total(params, numbers):
            whole = tree.unflatten([numbers.get(i, leaf) for i, leaf in enumerate(leaves)])
            y, after = layer.apply(params, state, whole, key=key, train=train)
            return weighted_sum(y), (y, after)

        gradients, (y, after) = jax.grad(total, (0, 1), has_aux=True)(params, numbers)
        return y, after, gradients

    return jax.jit(everything)


def test_every_export_has_a_case():
    cells = {name for name in layers.__all__ if issubclass(getattr(layers, name), Cell)}
    assert set(layers.__all__) - {"Layer"} - cells == set(CASES)
    assert {type(layer.cell).__name__ for layer, _ in CASES["Recurrent"]} == cells - {"Cell"}
    for name, cases in CASES.items():
        assert {type(layer).__name__ for layer, _ in cases} == {name}


@pytest.mark.parametrize("train", [False, True])
@pytest.mark.parametrize(("layer", "shape"), ALL)
def test_gradients_equal_finite_differences(layer, shape, train):
    with jax.enable_x64(True):
        params, state, x = start(layer, shape, np.float64)
        run = compiled(layer, train)
        # Finished before the numbers change below: a CPU computes later, on the same memory.
        _, _, (by_params, by_x) = jax.block_until_ready(run(params, state, x))
        for tree, gradients in ((params, by_params), (x, list(by_x.values()))):
            floats = [leaf for leaf in jax.tree.leaves(tree) if leaf.dtype == np.float64]
            for leaf, gradient in zip(floats, jax.tree.leaves(gradients), strict=True):
                slopes = np.empty(leaf.shape)
                for place in np.ndindex(leaf.shape):
                    old, sums = leaf[place], []
                    for step in (1e-6, -1e-6):
                        leaf[place] = old + step
                        sums.append(weighted_sum(jax.device_get(run(params, state, x)[0])))
                    leaf[place] = old
                    slopes[place] = (sums[0] - sums[1]) / 2e-6
                np.testing.assert_allclose(gradient, slopes, rtol=1e-6, atol=1e-8)


@pytest.mark.parametrize(("layer", "shape"), ALL)
def test_no_parameter_is_dead(layer, shape):
    params, state, x = start(layer, shape)
    for train in (False, True):
        gradients = compiled(layer, train)(params, state, x)[2][0]
        assert jax.tree.structure(gradients) == jax.tree.structure(params)
        for gradient in jax.tree.leaves(gradients):
            assert np.any(gradient != 0) if train else np.all(gradient != 0)


@pytest.mark.parametrize(("layer", "shape"), ALL)
def test_shapes_and_types(layer, shape):
    params, state, promised = layer.init(jax.random.key(0), shape)
    *_, x = start(layer, shape)
    for train in (False, True):
        y, after, _ = compiled(layer, train)(params, state, x)
        if isinstance(promised, dict):
            assert y["length"].shape == (BATCH, *promised["length"])
            y, numbers = y["values"], promised["values"]
        else:
            numbers = promised
        assert (y.shape, y.dtype) == ((BATCH, *numbers), jnp.float32)
        # What a compiled loop carries must keep its structure, shapes and types.
        kinds = [jax.tree.map(lambda a: (a.shape, a.dtype), s) for s in (state, after)]
        assert kinds[0] == kinds[1]
    assert output_shape(layer, shape) == promised
    assert all(leaf.dtype == jnp.float32 for leaf in jax.tree.leaves((params, state)))
    assert parameter_count(params) == ravel_pytree(params)[0].size
    assert "->" in summary_line(layer, shape) or len(summary_line(layer, shape)) > 3


@pytest.mark.parametrize(("layer", "shape"), ALL)
def test_compiled_equals_eager_and_batch_equals_singles(layer, shape):
    params, state, x = start(layer, shape)
    y, after, _ = compiled(layer, False)(params, state, x)
    jax.tree.map(np.testing.assert_array_equal, after, state)
    for i in range(BATCH):
        one = jax.tree.map(lambda a, i=i: a[i : i + 1], x)
        single, _ = layer.apply(params, state, one, key=None, train=False)
        for own, all_of_them in zip(*map(jax.tree.leaves, (single, y)), strict=True):
            np.testing.assert_allclose(own[0], all_of_them[i], rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize(("layer", "shape"), ALL)
def test_rows_do_not_touch_one_another(layer, shape):
    params, state, x = start(layer, shape)
    mixed = jax.tree.map(lambda a: np.concatenate([a[:2], a[2:][::-1]]), x)
    for train in (False, True):
        y, changed = (
            values_of(compiled(layer, train)(params, state, own)[0]) for own in (x, mixed)
        )
        if train and mixes_rows(layer):
            changed_again = values_of(
                compiled(layer, train)(params, state, jax.tree.map(lambda a: a * 2, x))[0]
            )
            assert np.any(changed_again != y)
        else:
            np.testing.assert_allclose(changed[:2], y[:2], rtol=1e-6, atol=1e-7)


@pytest.mark.parametrize(("layer", "shape"), ALL)
def test_nothing_given_is_changed(layer, shape):
    params, state, x = start(layer, shape)
    before = jax.tree.map(np.copy, (params, state, x))
    for train in (False, True):
        key = jax.random.key(0) if train else None
        jax.eval_shape(
            lambda p, s, x, key=key, train=train: layer.apply(p, s, x, key=key, train=train),
            params,
            state,
            x,
        )
        compiled(layer, train)(params, state, x)
    jax.tree.map(np.testing.assert_array_equal, (params, state, x), before)


@pytest.mark.parametrize(("layer", "shape"), ALL)
def test_extreme_inputs_stay_finite(layer, shape):
    params, state, x = start(layer, shape)
    for size in (0.0, 1e4, -1e4):
        extreme = jax.tree.map(
            lambda a, size=size: a if a.dtype.kind == "i" else np.full_like(a, size), x
        )
        for train in (False, True):
            for leaf in jax.tree.leaves(compiled(layer, train)(params, state, extreme)):
                assert np.all(np.isfinite(leaf))


@pytest.mark.parametrize(("layer", "shape"), ALL)
def test_same_key_same_start_and_another_key_another(layer, shape):
    starts = [layer.init(jax.random.key(seed), shape)[0] for seed in (0, 0, 1)]
    jax.tree.map(np.testing.assert_array_equal, starts[0], starts[1])
    vectors = [ravel_pytree(params)[0] for params in starts]
    paths = [jax.tree_util.keystr(path) for path, _ in leaves_of(starts[0])]
    drawn = any("weight" in path or "readout" in path for path in paths)
    assert bool(np.any(vectors[0] != vectors[2])) == drawn


@pytest.mark.parametrize(("layer", "shape"), ALL)
def test_only_layers_that_draw_need_a_key(layer, shape):
    params, state, x = start(layer, shape)
    if layer.draws:
        ys = [
            layer.apply(params, state, x, key=jax.random.key(seed), train=True)[0]
            for seed in (0, 0, 1)
        ]
        same, again, other = map(values_of, ys)
        np.testing.assert_array_equal(same, again)
        assert np.any(same != other)
    else:
        jax.eval_shape(lambda x: layer.apply(params, state, x, key=None, train=True), x)


def leaves_of(params):
    return jax.tree_util.tree_leaves_with_path(params)
