"""RealMLP, a tuned network for tables, as a plan: ``--network realmlp``."""

from __future__ import annotations

from descend.data.encoders.number import NumberEncoder
from descend.data.preprocessing import Preprocessing
from descend.errors import UsageError
from descend.initializers import SmallNormal
from descend.layers import (
    Embedding,
    FadingDropout,
    Layer,
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

__all__ = ["DROPOUT", "HIDDEN", "SMOOTHING", "number_places", "realmlp_descent", "realmlp_network"]

HIDDEN = (256, 256, 256)
DROPOUT = 0.15
SMOOTHING = 0.1
"""Label smoothing of the loss of classes."""

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


def number_places(preprocessing: Preprocessing) -> tuple[int, ...]:
    """Return where the numbers stand among the columns of the matrix of numbers.

    Flags of gaps, parts of dates, yes-or-no and one-hot columns are left out.
    """
    places, place = [], 0
    for encoder in preprocessing.encoders:
        if isinstance(encoder, NumberEncoder):
            places.append(place)
        place += getattr(encoder, "width", 0)
    return tuple(places)


def realmlp_network(
    preprocessing: Preprocessing,
    outputs: int,
    *,
    regression: bool,
    hidden: tuple[int, ...] = HIDDEN,
    dropout: float = DROPOUT,
) -> Sequential:
    """Return the network of RealMLP-TD.

    Numbers are scaled robustly, clipped smoothly and embedded by periodic functions; a layer of
    learned scales chooses among all inputs; hidden layers in the neural tangent parametrisation
    have parametric activations (SELU for classes, Mish for numbers).

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
            f"the network realmlp reads numbers and categories, and there is a column of kind "
            f"{kind}: drop it, or leave out --network"
        )
    places = number_places(preprocessing)
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
    for units in hidden:
        layers.append(TangentDense(units))
        layers.append(ParametricActivation("mish" if regression else "selu"))
        if dropout:
            layers.append(FadingDropout(dropout))
    return Sequential((*layers, TangentDense(outputs)))


def realmlp_descent(seed: int, *, regression: bool) -> Descent:
    """Return the way down of RealMLP-TD: 256 epochs, the one with the best score is kept."""
    return Descent(
        GroupAdam(
            0.2 if regression else 0.04,
            beta2=0.95,
            decay=0.02,
            decay_schedule=FlatCosine(),
            factors=FACTORS,
        ),
        CosineLog(4),
        batch_size=256,
        epochs=256,
        patience=None,
        watch="score",
        seed=seed,
    )
