"""Networks that embed numbers by periodic functions, several members side by side.

The network is that of RealMLP (`descend.models.tables.realmlp`), narrower and several times side
by side.
"""

from __future__ import annotations

from descend.data.preprocessing import Preprocessing
from descend.errors import UsageError
from descend.initializers import SmallNormal
from descend.layers import (
    Embedding,
    FadingDropout,
    Layer,
    Members,
    Parallel,
    ParametricActivation,
    PeriodicEmbedding,
    RobustScaling,
    Scaling,
    Sequential,
    TangentDense,
)
from descend.optimizers import GroupAdam
from descend.schedules import CosineLog, FlatCosine
from descend.training import Descent

__all__ = [
    "DROPOUT",
    "HIDDEN",
    "MEMBERS",
    "SMOOTHING",
    "group_adam",
    "periodic_descent",
    "periodic_network",
]

HIDDEN = (128, 128, 128)
MEMBERS = 4
DROPOUT = 0.15
SMOOTHING = 0.05
"""Label smoothing of the loss of three classes or more (docs/decisions/0053)."""

BATCHES = ((2_000, 64), (4_000, 128), (30_000, 256), (100_000, 512))
"""Most training rows, and rows a step up to there; 1,024 beyond."""

EMBEDDING = 8
FACTORS = (
    ("bias", 0.1),
    ("frequency", 0.1),
    ("mix", 0.1),
    ("offset", 0.1),
    ("phase", 0.1),
    ("readout", 0.1),
    ("scale", 6.0),
)


def periodic_network(
    preprocessing: Preprocessing,
    outputs: int,
    *,
    hidden: tuple[int, ...] = HIDDEN,
    activation: str = "mish",
    dropout: float = DROPOUT,
    members: int = 1,
) -> Sequential:
    """Return a network behind periodic embeddings.

    Numbers are scaled robustly, clipped smoothly and embedded; a layer of learned scales chooses
    among all inputs; hidden layers in the neural tangent parametrisation have parametric
    activations. Members have hidden layers of their own, and share what comes before.

    Raises
    ------
    UsageError
        If the table has columns that are inputs of their own, such as pictures.

    References
    ----------
    Holzmüller, Grinsztajn and Steinwart (2024), Better by default: strong pre-tuned MLPs and
    boosted trees on tabular data.
    """
    if preprocessing.array_encoders:
        kind = preprocessing.array_encoders[0].column.kind
        raise UsageError(
            f"this network reads numbers and categories, and there is a column of kind {kind}: "
            "drop it, or leave out --network"
        )
    places = preprocessing.number_places
    numbers: list[Layer] = [RobustScaling()]
    numbers += [PeriodicEmbedding(places)] if places else []
    sizes, shape = preprocessing.embedding_sizes, preprocessing.input_shape
    layers: list[Layer] = numbers
    if not isinstance(shape, tuple):
        embedding = Embedding(sizes, (EMBEDDING,) * len(sizes), SmallNormal(1.0))
        branches: dict[str, Layer] = {}
        if shape.get("numbers", (0,)) != (0,):
            branches["numbers"] = Sequential(tuple(numbers))
        branches["codes"] = embedding
        layers = [Parallel(tuple(branches.values()), inputs=tuple(branches))]
    layers.append(Scaling())
    own: list[Layer] = []
    for units in hidden:
        own.append(TangentDense(units))
        own.append(ParametricActivation(activation))
        if dropout:
            own.append(FadingDropout(dropout))
    own.append(TangentDense(outputs))
    layers += own if members == 1 else [Members(Sequential(tuple(own)), members)]
    return Sequential(tuple(layers))


def group_adam(*, regression: bool) -> GroupAdam:
    """Return RealMLP's rule: a rate for each kind of parameter, and a decay that fades."""
    return GroupAdam(
        0.2 if regression else 0.04,
        beta2=0.95,
        decay=0.02,
        decay_schedule=FlatCosine(),
        factors=FACTORS,
    )


def periodic_descent(rows: int, seed: int, *, regression: bool) -> Descent:
    """Return the way down for so many training rows: RealMLP's, in a quarter of its epochs."""
    batch = next((size for most, size in BATCHES if rows <= most), 1024)
    epochs = 64 if rows < 50_000 else 32 if rows < 300_000 else 12
    return Descent(
        group_adam(regression=regression),
        CosineLog(4),
        batch_size=batch,
        epochs=epochs,
        patience=None,
        watch="refined",
        seed=seed,
    )
