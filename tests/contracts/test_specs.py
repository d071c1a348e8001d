"""What holds for every spec: equality, hash, repr, JSON and back, and refusal of bad fields."""

import copy
import dataclasses
import json
import pickle

import numpy as np
import pytest

from descend import initializers, layers, losses, optimizers, schedules
from descend.errors import SpecError
from descend.initializers import (
    ConstantValue,
    Glorot,
    He,
    LeCun,
    Orthogonal,
    SmallNormal,
    SmallUniform,
    Zeros,
)
from descend.layers import (
    GRU,
    LSTM,
    Activation,
    AttentionBlock,
    AveragePooling,
    BatchNormalization,
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
from descend.losses import (
    BinaryCrossEntropy,
    CategoricalCrossEntropy,
    Combined,
    Ensemble,
    Focal,
    Huber,
    MultiLabelCrossEntropy,
    Quantile,
    SquaredError,
    Stepwise,
)
from descend.spec import from_json, to_json

BETAS = {"beta1": (-0.1, 1.0), "beta2": (-0.1, 1.0, "0.9")}
ADAM = BETAS | {"epsilon": (0.0, float("nan"))}
DECAY = {"weight_decay": (-0.1, float("inf"))}
CELL = {"units": (0, 1.5), "weight_initializer": (0,), "feedback_initializer": (None,)}
TOKENS = {"size": (0,), "dim": (0,), "token_dropout": (1.0,), "weight_initializer": (0,)}

WINDOW = {"window": (0, (), (1, 2, 3)), "stride": (0, "2"), "padding": ("full",)}
CONVOLUTION = {
    "filters": (0, 1.5),
    "kernel": (0, (), (1, 2, 3)),
    "activation": ("rleu",),
    "stride": (0, 1.5),
    "padding": ("full",),
    "use_bias": (None,),
    "weight_initializer": (0,),
    "bias_initializer": (0,),
}

# For each kind and export: an example whose fields all differ from their defaults where they can,
# and for each field values that must be refused.
CASES = {
    initializers: {
        "ConstantValue": (ConstantValue(0.5), {"value": ("1", float("inf"), True)}),
        "Glorot": (Glorot("normal"), {"distribution": ("gaussian", 1)}),
        "He": (He("normal"), {"distribution": ("gaussian",)}),
        "LeCun": (LeCun("normal"), {"distribution": ("gaussian",)}),
        "Orthogonal": (Orthogonal(1.5), {"gain": (0, -1.0)}),
        "SmallNormal": (SmallNormal(0.1), {"scale": (0, -1.0)}),
        "SmallUniform": (SmallUniform(0.1), {"scale": (0, -1.0)}),
        "Zeros": (initializers.Zeros(), {}),
    },
    schedules: {
        "Constant": (schedules.Constant(), {}),
        "Cosine": (schedules.Cosine(0.1), {"final": (-0.1, 1.1)}),
        "CosineLog": (schedules.CosineLog(2), {"cycles": (0, 2.5)}),
        "Exponential": (schedules.Exponential(0.1), {"final": (0.0, 1.1)}),
        "FlatCosine": (schedules.FlatCosine(0.1), {"flat": (-0.1, 1.0)}),
        "OneCycle": (
            schedules.OneCycle(0.2, 0.1, 0.01),
            {"warmup": (0.0, 1.0), "initial": (-0.1, 2.0), "final": (-0.1, 2.0)},
        ),
        "Step": (
            schedules.Step((0.1, 0.2), 0.5),
            {
                "drops": ((), (0.5, 0.5), (0.0, 0.5), (0.5, 1.0), ("a",), 0.5, (float("nan"),)),
                "factor": (0.0, 1.0),
            },
        ),
        "WarmupCosine": (
            schedules.WarmupCosine(0.2, 0.1, 0.01),
            {"warmup": (0.0, 1.0), "initial": (-0.1, 2.0), "final": (-0.1, 2.0)},
        ),
    },
    losses: {
        "AbsoluteError": (losses.AbsoluteError(), {}),
        "BinaryCrossEntropy": (BinaryCrossEntropy(0.1), {"label_smoothing": (-0.1, 1.0)}),
        "CategoricalCrossEntropy": (
            CategoricalCrossEntropy(0.1),
            {"label_smoothing": (-0.1, 1.0)},
        ),
        "Combined": (
            Combined((SquaredError(), BinaryCrossEntropy()), (2, 1), (1.0, 0.5)),
            {
                "losses": ((), SquaredError(), (1, 2)),
                "widths": ((1,), (2, 0), (1.5, 1), [2, 1]),
                "weights": ((1.0,), (1.0, 0.0), (1.0, -1.0), (1.0, float("inf"))),
            },
        ),
        "Ensemble": (
            Ensemble(SquaredError(), 3),
            {"loss": (None, 1, Ensemble(SquaredError(), 2)), "members": (1, 2.5, True)},
        ),
        "Focal": (Focal(1.0), {"gamma": (-0.1,)}),
        "Hinge": (losses.Hinge(), {}),
        "Huber": (Huber(2.0), {"delta": (0.0, -1.0)}),
        "MultiLabelCrossEntropy": (MultiLabelCrossEntropy(0.1), {"label_smoothing": (-0.1, 1.0)}),
        "Poisson": (losses.Poisson(), {}),
        "Quantile": (
            Quantile((0.1, 0.9)),
            {"levels": ((), (0.5, 0.5), (0.0, 0.5), (0.5, 1.0), 0.5, ("a",), (float("nan"),))},
        ),
        "SquaredError": (SquaredError(), {}),
        "Stepwise": (
            Stepwise(SquaredError()),
            {"loss": (None, Stepwise(SquaredError()))},
        ),
    },
    layers: {
        "AttentionBlock": (
            AttentionBlock(2, 3, True, "learned", 0.1),
            {
                "heads": (0,),
                "hidden": (0, 1.5),
                "causal": (None,),
                "positions": ("fixed",),
                "dropout": (1.0,),
            },
        ),
        "EachStep": (EachStep(Dense(3)), {"inner": (3, None)}),
        "Elman": (
            Elman(3, "relu", He(), SmallNormal()),
            CELL | {"activation": ("gelu",)},
        ),
        "EmbeddingBag": (
            EmbeddingBag(9, 3, "attention", 0.1, Zeros()),
            TOKENS | {"mode": ("max",)},
        ),
        "GRU": (GRU(3, "before", He(), SmallNormal()), CELL | {"reset": ("never",)}),
        "LSTM": (LSTM(3, 0.5, He(), SmallNormal()), CELL | {"forget_bias": ("1",)}),
        "MinimalGRU": (MinimalGRU(3, He(), SmallNormal()), CELL),
        "RandomConvolution": (
            RandomConvolution(5, (1, 3), (0.5, 0.7), 4),
            {
                "filters": (0,),
                "dilations": ((), (0, 1), 3, (1,)),
                "spreads": ((), (1.0,), (1, 1)),
                "seed": (-1,),
            },
        ),
        "Recurrent": (
            Recurrent(GRU(3), 2, False, True, 0.1, 4, True),
            {
                "cell": (3, None),
                "depth": (0,),
                "bidirectional": (None, True),
                "return_sequences": (None,),
                "dropout": (1.0,),
                "lanes": (-1,),
                "always": (None, 1.5),
            },
        ),
        "SelfAttention": (
            SelfAttention(2, True, "learned", 0.1, He()),
            {
                "heads": (0,),
                "causal": (None,),
                "positions": ("fixed",),
                "dropout": (1.0,),
                "weight_initializer": (0,),
            },
        ),
        "SequencePooling": (SequencePooling(("mean", "last")), {"ways": ((), ("sum",), "max")}),
        "TokenConvolution": (
            TokenConvolution(3, (2, 4), "tanh", 2, True, SmallNormal(), ConstantValue(0.1)),
            {
                "filters": (0,),
                "widths": ((), (0,), (2, 2), 3),
                "activation": ("rleu",),
                "dilation": (0,),
                "causal": (None,),
                "weight_initializer": (0,),
                "bias_initializer": (0,),
            },
        ),
        "TokenEmbedding": (TokenEmbedding(9, 3, 0.1, Zeros()), TOKENS),
        "Activation": (Activation("gelu"), {"activation": ("rleu", None)}),
        "AveragePooling": (AveragePooling(3, 2, "same"), WINDOW),
        "BatchNormalization": (
            BatchNormalization(0.5, 0.1),
            {"momentum": (-0.1, 1.0), "epsilon": (0.0, -1.0)},
        ),
        "ContinuousTime": (
            ContinuousTime(3, "relu", "adaptive", 3, 1.5, 0.01, True, He(), ConstantValue(0.1)),
            {
                "units": (0,),
                "activation": ("rleu",),
                "method": ("rk4",),
                "substeps": (0,),
                "time_constant": (0.0,),
                "tolerance": (0.0,),
                "return_sequences": (None,),
                "weight_initializer": (0,),
                "bias_initializer": (0,),
            },
        ),
        "Convolution": (
            Convolution(3, (3, 1), "relu", 2, 2, "valid", 3, False, Glorot(), ConstantValue(0.1)),
            CONVOLUTION | {"dilation": (0, (1, 0)), "groups": (0, "all")},
        ),
        "Cutout": (Cutout(0.5), {"share": (0.0, 1.1)}),
        "Dense": (
            Dense(3, "relu", False, He(), ConstantValue(0.1)),
            {
                "units": (0, 1.5, True),
                "activation": ("rleu",),
                "use_bias": (None,),
                "weight_initializer": ("glorot",),
                "bias_initializer": (0,),
            },
        ),
        "Dropout": (Dropout(0.5), {"rate": (-0.1, 1.0, "0.5")}),
        "Embedding": (
            Embedding((3, 4), (2, 2), SmallNormal()),
            {
                "sizes": ((), (3,), (3, 0), [3, 4], 3),
                "dims": ((), (3,), (3, 0), (1.0, 2.0)),
                "weight_initializer": (None,),
            },
        ),
        "Equilibrium": (
            Equilibrium(
                3,
                "relu",
                True,
                0.5,
                "plain",
                "unrolled:3",
                0.01,
                9,
                0.5,
                0.1,
                0.3,
                He(),
                ConstantValue(0.1),
                0.8,
            ),
            {
                "units": (0, 1.5),
                "activation": ("rleu", "tanh"),
                "monotone": (None,),
                "margin": (0.0,),
                "method": ("newton",),
                "gradient": ("unrolled:0", None),
                "tolerance": (0.0,),
                "max_steps": (0,),
                "damping": (0.0, 1.1),
                "jacobian_penalty": (-1.0,),
                "feedback_scale": (0.0,),
                "weight_initializer": (0,),
                "bias_initializer": (0,),
                "contraction": (0.0,),
            },
        ),
        "FadingDropout": (FadingDropout(0.5), {"rate": (-0.1, 1.0, "0.5")}),
        "Flatten": (Flatten(), {}),
        "GlobalPooling": (GlobalPooling("max"), {"way": ("median",)}),
        "GroupNormalization": (
            GroupNormalization(2, 0.1),
            {"groups": (0, 1.5), "epsilon": (0.0, -1.0)},
        ),
        "HopfieldLookup": (
            HopfieldLookup(3, 4, 2, 2, 0.5, He()),
            {
                "units": (0,),
                "memories": (0,),
                "key_units": (0,),
                "steps": (0,),
                "beta": (0.0,),
                "weight_initializer": (0,),
            },
        ),
        "HopfieldPooling": (
            HopfieldPooling(3, 2, 2, 0.5, He()),
            {
                "units": (0,),
                "queries": (0,),
                "steps": (0,),
                "beta": (0.0,),
                "weight_initializer": (0,),
            },
        ),
        "LayerNormalization": (LayerNormalization(0.1), {"epsilon": (0.0, -1.0)}),
        "LogMel": (
            LogMel(8000, 200, 100, 20, 10.0, False),
            {
                "rate": (0,),
                "window": (1,),
                "hop": (0, 300),
                "bands": (0,),
                "lowest": (-1.0, 4000.0),
                "picture": (None,),
            },
        ),
        "MaxPooling": (MaxPooling(3, 2, "same"), WINDOW),
        "MirrorAverage": (MirrorAverage(Dense(2)), {"inner": (None, "Dense")}),
        "Members": (Members(Dense(3), 2), {"inner": (None, 3), "count": (1, 2.5)}),
        "Parallel": (
            Parallel((Dense(2), Dense(2)), ("a", "b"), "sum"),
            {
                "layers": ((), (1, 2), Dense(2)),
                "inputs": (("a",), "ab", (1, 2)),
                "merge": ("concat",),
            },
        ),
        "PixelScaling": (
            PixelScaling(1.0, 2.0),
            {"mean": ("1", float("nan")), "deviation": (0.0,)},
        ),
        "RandomColour": (RandomColour(0.5), {"amount": (-0.1, 1.1)}),
        "RandomFlip": (RandomFlip(), {}),
        "RandomSound": (RandomSound(0.2, 0.3), {"shift": (-0.1, 1.0), "noise": (-0.1,)}),
        "RandomSpectrum": (
            RandomSpectrum(0.1, 0.3, 0.2, 0.4, 0.5),
            {
                "frames": (-0.1, 1.1),
                "bands": (1.1,),
                "stretch": (-0.1, 1.1),
                "tempo": (-0.1, 1.1),
                "tilt": (-0.1,),
            },
        ),
        "RandomWarp": (
            RandomWarp(0.2, 0.3, 20),
            {"shift": (-0.1, 1.1), "scale": (-0.1,), "rotate": (-1, 181)},
        ),
        "ParametricActivation": (
            ParametricActivation("gelu"),
            {"activation": ("rleu", "softmax")},
        ),
        "PeriodicEmbedding": (
            PeriodicEmbedding((0, 2), 2, 5, 1.0),
            {
                "columns": ((), (0, 0), (-1,), (1.0,), [0]),
                "units": (0,),
                "frequencies": (0,),
                "sigma": (0.0,),
            },
        ),
        "PiecewiseLinear": (
            PiecewiseLinear((0, 2), 5),
            {"columns": ((), (0, 0), (-1,), (1.0,), [0]), "bins": (0,)},
        ),
        "Reshape": (Reshape((2, 3)), {"shape": ((), (2, 0), 6, (2.0, 3))}),
        "Residual": (Residual(Dense(2)), {"inner": (None, "Dense")}),
        "RobustScaling": (RobustScaling(2.0), {"limit": (0.0,)}),
        "Scaling": (Scaling(), {}),
        "Sequential": (Sequential((Dense(2), Flatten())), {"layers": ((), (1,), [Dense(2)])}),
        "SqueezeExcite": (SqueezeExcite(2), {"ratio": (0,)}),
        "TransposedConvolution": (
            TransposedConvolution(3, 2, "relu", 3, "valid", False, Glorot(), ConstantValue(0.1)),
            CONVOLUTION,
        ),
        "TangentDense": (TangentDense(3), {"units": (0, 1.5)}),
    },
    optimizers: {
        "AMSGrad": (optimizers.AMSGrad(0.1, 0.8, 0.9, 1e-6), ADAM),
        "AdaDelta": (
            optimizers.AdaDelta(0.1, 0.8, 1e-5),
            {"decay": (-0.1, 1.0), "epsilon": (0.0,)},
        ),
        "AdaGrad": (optimizers.AdaGrad(0.1, 0.1, 1e-5), {"initial": (-0.1,), "epsilon": (0.0,)}),
        "AdaMax": (optimizers.AdaMax(0.1, 0.8, 0.9, 1e-6), ADAM),
        "Adafactor": (
            optimizers.Adafactor(0.1, 0.7, 1e-2, 2.0),
            {"decay": (0.0, 1.1), "epsilon": (0.0,), "clip": (0.0,)},
        ),
        "Adam": (optimizers.Adam(0.1, 0.8, 0.9, 1e-6), ADAM),
        "AdamW": (optimizers.AdamW(0.1, 0.8, 0.9, 1e-6, 0.1), ADAM | DECAY),
        "AveragedSGD": (
            optimizers.AveragedSGD(0.1, 0.1, 0.5, 3),
            {"decay": (-0.1,), "power": (-0.1,), "start": (-1, 1.5)},
        ),
        "ImplicitSGD": (
            optimizers.ImplicitSGD(0.1, 3, 5, 1e-3),
            {"newton_steps": (0, 1.5), "cg_steps": (0,), "tolerance": (-0.1,)},
        ),
        "LBFGS": (optimizers.LBFGS(0.5, 3, 5), {"memory": (0, 1.5), "search_steps": (0,)}),
        "GroupAdam": (
            optimizers.GroupAdam(
                0.1, 0.8, 0.9, 1e-6, 0.1, schedules.FlatCosine(), (("bias", 0.5),)
            ),
            ADAM
            | {"decay": (-0.1, float("inf"))}
            | {
                "decay_schedule": (None,),
                "factors": ((1,), (("bias",),), (("bias", 0.0),), [("bias", 0.1)]),
            },
        ),
        "LAMB": (optimizers.LAMB(0.1, 0.8, 0.9, 1e-5, 0.1), ADAM | DECAY),
        "Lion": (optimizers.Lion(0.1, 0.8, 0.9, 0.1), BETAS | DECAY),
        "Momentum": (
            optimizers.Momentum(0.1, 0.8, 0.5),
            {"momentum": (-0.1, 1.0), "dampening": (-0.1, 1.0)},
        ),
        "Muon": (
            optimizers.Muon(0.1, 0.8, 0.2, "original", 3, 0.8, 0.9, 1e-6),
            ADAM
            | DECAY
            | {"momentum": (-0.1, 1.0), "scale": ("none",), "iterations": (0, 100, 1.5)},
        ),
        "NAdam": (
            optimizers.NAdam(0.1, 0.8, 0.9, 1e-6, 0.01),
            ADAM | {"momentum_decay": (-0.1,)},
        ),
        "Nesterov": (optimizers.Nesterov(0.1, 0.8), {"momentum": (-0.1, 1.0)}),
        "RAdam": (optimizers.RAdam(0.1, 0.8, 0.9, 1e-6), ADAM),
        "RMSProp": (
            optimizers.RMSProp(0.1, 0.9, 1e-6, True, 0.5),
            {
                "decay": (-0.1, 1.0),
                "epsilon": (0.0,),
                "centered": ("yes",),
                "momentum": (-0.1, 1.0),
            },
        ),
        "SGD": (optimizers.SGD(0.1), {}),
        "ScheduleFreeAdamW": (
            optimizers.ScheduleFreeAdamW(0.1, 0.8, 0.9, 1e-6, 0.1),
            ADAM | DECAY,
        ),
        "ScheduleFreeSGD": (
            optimizers.ScheduleFreeSGD(0.1, 0.8, 0.1),
            {"momentum": (-0.1, 1.0)} | DECAY,
        ),
    },
}
ABSTRACT = {"Cell", "Initializer", "Schedule", "Loss", "Layer", "Optimizer"}
ALL = [
    pytest.param(kind, name, id=f"{kind.__name__.removeprefix('descend.')}.{name}")
    for kind, cases in CASES.items()
    for name in cases
]


@pytest.mark.parametrize("kind", CASES, ids=lambda kind: kind.__name__)
def test_every_export_has_a_case_and_the_list_is_sorted(kind):
    assert set(kind.__all__) - ABSTRACT == set(CASES[kind])
    assert sorted(kind.__all__) == kind.__all__
    assert all(name in CASES[kind] for name in set(kind.__all__) - ABSTRACT)


def test_no_two_specs_share_a_name():
    names = [name for cases in CASES.values() for name in cases]
    assert len(names) == len(set(names)), "one closed table of names must hold them all"


@pytest.mark.parametrize(("kind", "name"), ALL)
def test_every_field_that_can_be_wrong_has_a_bad_value(kind, name):
    spec, bad = CASES[kind][name]
    fields = {field.name for field in dataclasses.fields(spec)}
    assert fields - {"learning_rate"} == set(bad)


@pytest.mark.parametrize(("kind", "name"), ALL)
def test_equality_hash_repr(kind, name):
    spec, _ = CASES[kind][name]
    assert type(spec) is getattr(kind, name)
    twin = copy.deepcopy(spec)
    assert twin == spec
    assert hash(twin) == hash(spec)
    assert pickle.loads(pickle.dumps(spec)) == spec
    assert (
        eval(repr(spec), {n: getattr(module, n) for module in CASES for n in module.__all__})
        == spec
    )
    with pytest.raises(dataclasses.FrozenInstanceError):
        spec.anything = 1


@pytest.mark.parametrize(("kind", "name"), ALL)
def test_json_and_back(kind, name):
    spec, _ = CASES[kind][name]
    table = {n: getattr(module, n) for module in CASES for n in module.__all__}
    text = json.dumps(to_json(spec), allow_nan=False)
    back = from_json(json.loads(text), table)
    assert back == spec
    assert type(back) is type(spec)


def of_numpy(value):
    """Return a value with its numbers and truths, in tuples too, as NumPy's."""
    if isinstance(value, tuple):
        return tuple(of_numpy(item) for item in value)
    kinds = {bool: np.bool_, int: np.int64, float: np.float32, str: np.str_}
    return kinds.get(type(value), lambda same: same)(value)


@pytest.mark.parametrize(("kind", "name"), ALL)
def test_numbers_of_numpy_are_as_good_as_pythons(kind, name):
    spec, _ = CASES[kind][name]
    fields = {field.name: getattr(spec, field.name) for field in dataclasses.fields(spec)}
    made = type(spec)(**{field: of_numpy(value) for field, value in fields.items()})
    assert made == spec
    assert hash(made) == hash(spec)
    assert repr(made) == repr(spec)
    assert json.dumps(to_json(made)) == json.dumps(to_json(spec))


@pytest.mark.parametrize(("kind", "name"), ALL)
def test_bad_fields_are_refused_by_name(kind, name):
    spec, bad = CASES[kind][name]
    if kind is optimizers:
        bad = bad | {"learning_rate": (0.0, -1.0, float("nan"), "fast", None)}
    for field, values in bad.items():
        for value in values:
            with pytest.raises(SpecError, match=name) as caught:
                dataclasses.replace(spec, **{field: value})
            assert field in str(caught.value)
