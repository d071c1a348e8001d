"""What a person may ask for when training on a table, and the plan that comes of it."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

from descend import activations
from descend.data.preprocessing import Preprocessing
from descend.data.targets import ClassTarget, Target
from descend.errors import UsageError, did_you_mean
from descend.losses import BinaryCrossEntropy, CategoricalCrossEntropy, Loss, Quantile
from descend.models.files.names import LOSSES, OPTIMIZERS, SCHEDULES, choose
from descend.models.metric_choice import named_metric
from descend.models.networks import periodic
from descend.models.networks.augmentation import amounts
from descend.models.networks.tables import default_descent, default_layers
from descend.models.outputs import joint_loss, loss_for
from descend.models.tables import realmlp
from descend.schedules import Constant
from descend.spec import check_choice, make_plain
from descend.training import Descent

__all__ = ["Options", "asked_descent", "check_class_weight", "check_names"]

NETWORKS = ("dense", "periodic", "realmlp")
"""Networks for tables that can be asked for by name."""

PERIODIC_FROM = 1_000
"""Training rows from which the default network is the periodic one (docs/decisions/0042)."""

PERIODIC_SECONDS = 30
"""Limit of time from which there may be time for the periodic one, whose program compiles long."""

OF_DENSE = (
    "layers",
    "activation",
    "loss",
    "quantiles",
    "optimizer",
    "learning_rate",
    "schedule",
    "weight_decay",
    "forecast",
)
"""Options that go with the dense network, where none is asked for by name: those that say what its
layers and its way down are, and those for which the other was not measured."""

LOSS_OF = {"mae": "absolute_error", "pinball": "quantile"}
"""The loss whose best prediction is that of the metric, where it is not the default."""

EXTRAS = (
    "clip_norm", "clip_value", "clip_adaptive", "layer_rates", "accumulate", "sam", "mixup",
    "lookahead", "ema", "tail_average", "restarts",
)  # fmt: skip
"""Fields of `Descent` that an option of the same name sets."""


@dataclass(frozen=True)
class Options:
    """Everything that may be asked of `descend.train`; None leaves the choice to Descend.

    Each field is also an option of ``descend train``, with dashes.

    Attributes
    ----------
    target : tuple of str
        Column or columns to predict; may be empty where the examples say it, as folders do.
    task : str or None
        "classification" or "regression"; inferred from the target by default.
    drop : tuple of str
        Columns to leave out.
    kinds : mapping of column name to kind
        What columns are, where that is not what they look like.
    weight, group, time, split : str or None
        Columns that weigh rows, that keep rows together on one side of a split, that order rows,
        that say which rows train, validate and test.
    forecast : int or None
        Continue the series in the target so many steps ahead, by the times in ``time``; ``group``
        then tells several series apart (docs/forecasting.md).
    sequences : bool or None
        Whether the rows of a group, in order of ``time``, are the steps of one example; by default
        where both are given and every group has one target.
    class_weight : "balanced" or None
    scale : str
        "standard", "minmax", "robust" or "none".
    layers : tuple of int or str, or None
        Units of each hidden layer; ``()`` is a linear model. Before them, for pictures, words such
        as ``conv32`` and ``pool``; ``dense64`` is 64.
    activation, loss, optimizer, schedule : str or None
        Names, as ``squared_error``.
    learning_rate, dropout, weight_decay : float or None
    batch_size : int, "all" or None
        "all" is full batch.
    epochs, patience : int or None
    test_fraction : float or None
        Share of the rows; 0 leaves the model untested. By default a fifth; of sequences, the rows
        of a file ``X_TEST`` where one stands beside ``X_TRAIN``.
    clip_norm, clip_value, clip_adaptive, sam, mixup, ema, tail_average : float or None
    lookahead, accumulate : int or None
    layer_rates : sequence of (layer, factor)
        As the fields of `descend.training.Descent`.
    augment : tuple of str, or None
        Random changes of training pictures and sounds, as ("flip", "rotate15"), instead of the
        usual ones; ``()`` changes nothing.
    restarts : int
        Train so many networks from different starts side by side, and keep the best.
    members : int or None
        Networks in an ensemble: trained as one, their predictions averaged; 1 is a single one.
    network : "dense", "periodic", "realmlp" or None
        A named network for tables with everything that belongs to it (docs/tables.md).
    metric : str or None
        What decides when to stop and which epoch is kept: "accuracy", "auc", "balanced_accuracy",
        "f1", "log_loss", "mae", "pinball", "r2" or "rmse"; by default the loss does. With "mae" and
        "pinball" the loss is that metric; with "f1" and "balanced_accuracy" the class said is the
        one that serves it on validation rows.
    quantiles : tuple of float or None
        Levels to predict instead of the mean, as (0.1, 0.5, 0.9).
    time_limit : float or None
        Seconds for everything, within which members and epochs are chosen.
    validation : float, file name or None
        Share of the rows left for training that decides when to stop, 0 to train to the last
        epoch; or a file of rows. By default a fifth, and at most 20,000 rows.
    seed : int
    stream : bool or None
        Read the table part by part and train from disk, in memory that does not grow with it; by
        default where the file has 1 GB or more (200 MB, where it is compressed).
    """

    target: tuple[str, ...] = ()
    task: str | None = None
    drop: tuple[str, ...] = ()
    kinds: Mapping[str, str] = field(default_factory=dict)
    weight: str | None = None
    group: str | None = None
    time: str | None = None
    split: str | None = None
    forecast: int | None = None
    sequences: bool | None = None
    class_weight: str | None = None
    scale: str = "standard"
    layers: tuple[int | str, ...] | None = None
    activation: str | None = None
    loss: str | None = None
    optimizer: str | None = None
    learning_rate: float | None = None
    schedule: str | None = None
    batch_size: int | str | None = None
    epochs: int | None = None
    patience: int | None = None
    dropout: float | None = None
    weight_decay: float | None = None
    clip_norm: float | None = None
    clip_value: float | None = None
    clip_adaptive: float | None = None
    layer_rates: tuple[tuple[str, float], ...] | None = None
    accumulate: int | None = None
    sam: float | None = None
    mixup: float | None = None
    lookahead: int | None = None
    ema: float | None = None
    tail_average: float | None = None
    augment: tuple[str, ...] | None = None
    restarts: int | None = None
    members: int | None = None
    network: str | None = None
    metric: str | None = None
    quantiles: tuple[float, ...] | None = None
    time_limit: float | None = None
    validation: float | str | os.PathLike[str] | None = None
    test_fraction: float | None = None
    seed: int = 0
    stream: bool | None = None

    @classmethod
    def of(cls, **given: Any) -> Options:
        """Return options from keywords, naming the nearest one where a keyword is unknown."""
        check_names(cls, given)
        for name in ("target", "drop", "augment"):
            if isinstance(given.get(name), str):
                given[name] = (given[name],)
        for name in ("target", "drop", "layers", "augment", "quantiles"):
            if given.get(name) is not None:
                given[name] = tuple(given[name])
        return cls(**given)

    def __post_init__(self) -> None:
        make_plain(self)
        for units in self.units or ():
            if not isinstance(units, int) or units < 1:
                raise UsageError(f"layers are numbers of units, each at least 1, got {units!r}")
        words = [isinstance(_units(word), int) for word in self.layers or ()]
        if words != sorted(words):
            raise UsageError(
                "layers of pictures, as conv32 and pool, stand before dense ones, as in "
                "conv32,pool,dense128"
            )
        rows = self.batch_size
        if rows not in (None, "all") and not (isinstance(rows, int) and rows >= 1):
            raise UsageError(f'batch_size is at least 1, or "all", got {rows!r}')
        for name in ("epochs", "patience"):
            value = getattr(self, name)
            if value is not None and (not isinstance(value, int) or value < 1):
                raise UsageError(f"{name} is at least 1, got {value!r}")
        shares = [("test_fraction", self.test_share)]
        shares += [("validation", self.validation_share)] if self.validation_share else []
        for name, share in shares:
            if not isinstance(share, int | float) or not 0 <= share < 1:
                raise UsageError(f"{name} is a share of the rows, from 0 to below 1, got {share!r}")
        if self.dropout is not None and not 0 <= self.dropout < 1:
            raise UsageError(
                f"dropout is a share of the units, from 0 to below 1, got {self.dropout!r}"
            )
        if self.loss is not None:
            choose("loss", self.loss, LOSSES)
        self._check_choices()
        self.descent(rows=1)  # its specs check the names and rates
        if self.stream not in (None, True, False):
            raise UsageError(f"stream is True, False or None, got {self.stream!r}")
        if self.class_weight not in (None, "balanced"):
            raise UsageError(f'class_weight is "balanced" or not given, got {self.class_weight!r}')

    def _check_choices(self) -> None:
        """Check what concerns activations, ensembles, named networks, metrics and limits."""
        check_choice(self, "activation", (None, *activations.__all__))
        if self.members is not None and not (type(self.members) is int and self.members >= 1):
            raise UsageError(f"members is at least 1, got {self.members!r}")
        if self.network not in (None, *NETWORKS):
            raise UsageError(
                f'there is no network "{self.network}".{did_you_mean(str(self.network), NETWORKS)} '
                f"Networks: {', '.join(NETWORKS)}; leave it out for the default"
            )
        if self.metric is not None:
            named_metric(self.metric)
        amounts(self.augment or ())
        if self.quantiles is not None:
            Quantile(tuple(self.quantiles))
            if self.loss not in (None, "quantile"):
                raise UsageError(f"quantiles need the loss quantile, and {self.loss} was asked for")
        if self.time_limit is not None and not self.time_limit > 0:
            raise UsageError(f"time_limit is a number of seconds above 0, got {self.time_limit!r}")

    @property
    def test_share(self) -> float:
        """The share of rows set aside to test."""
        return 0.2 if self.test_fraction is None else self.test_fraction

    @property
    def validation_file(self) -> Path | None:
        """The file of validation rows, where one was named."""
        if isinstance(self.validation, str | os.PathLike):
            return Path(self.validation)
        return None

    @property
    def validation_share(self) -> float | None:
        """The share of rows set aside to validate: 0 where a file does that, None by default."""
        if self.validation_file is not None:
            return 0.0
        return self.validation  # pyright: ignore[reportReturnType]

    @property
    def stack(self) -> tuple[str, ...] | None:
        """The layers that stand before the hidden ones, as they were written; None: no choice."""
        if self.layers is None:
            return None
        return tuple(word for word in self.layers if _units(word) is None)  # pyright: ignore[reportReturnType]

    @property
    def units(self) -> tuple[int, ...] | None:
        """The units of each hidden layer, as they were asked for."""
        if self.layers is None:
            return None
        units = [_units(word) for word in self.layers]
        return tuple(n for n in units if n is not None)

    def hidden(self, rows: int, preprocessing: Preprocessing) -> tuple[int, ...]:
        """Return the units of each hidden layer for so many training rows."""
        return default_layers(rows, preprocessing) if self.units is None else self.units

    def network_name(self, rows: int, preprocessing: Preprocessing | None) -> str:
        """Return which named network it is for so many training rows."""
        if self.network is not None:
            return self.network
        dense = any(getattr(self, name) is not None for name in OF_DENSE)
        dense |= self.time_limit is not None and self.time_limit < PERIODIC_SECONDS
        if dense or rows < PERIODIC_FROM or preprocessing is None or preprocessing.array_encoders:
            return "dense"
        return "periodic"

    def descent(
        self, rows: int, preprocessing: Preprocessing | None = None, *, regression: bool = False
    ) -> Descent:
        """Return the way down for so many training rows."""
        name = self.network_name(rows, preprocessing)
        if name == "realmlp":
            default = realmlp.realmlp_descent(self.seed, regression=regression)
        elif name == "periodic":
            default = periodic.periodic_descent(rows, self.seed, regression=regression)
        else:
            default = default_descent(rows, self.seed, preprocessing)
        descent = asked_descent(self, default)
        return descent if self.metric is None else descent.replace(watch="score")

    def losses(self, targets: Sequence[Target], network: str = "dense") -> Loss:
        """Return the loss of all targets together, of one member of a named network."""
        name = self.loss if self.quantiles is None else "quantile"
        if name is None and self.metric is not None:
            name = LOSS_OF.get(named_metric(self.metric))
        losses = [loss_for(target, name) for target in targets]
        if self.quantiles is not None:
            losses = [loss.replace(levels=tuple(self.quantiles)) for loss in losses]
        losses = [
            self._smoothed(loss, target, network)
            for loss, target in zip(losses, targets, strict=True)
        ]
        return joint_loss(targets, losses)

    def _smoothed(self, loss: Loss, target: Target, network: str) -> Loss:
        """Return the loss of one target with the label smoothing that a named network comes with.

        Losses that are asked for by name are left as they are.
        """
        if self.loss is not None or not isinstance(
            loss, BinaryCrossEntropy | CategoricalCrossEntropy
        ):
            return loss
        if network == "realmlp" and self.metric in (None, "accuracy"):
            return loss.replace(label_smoothing=realmlp.SMOOTHING)
        if network == "periodic" and isinstance(target, ClassTarget) and len(target.classes) > 2:
            return loss.replace(label_smoothing=periodic.SMOOTHING)
        return loss


def check_names(cls: Any, given: Mapping[str, Any]) -> None:
    """Refuse a keyword that is no option, naming the nearest one."""
    names = [known.name for known in fields(cls)]
    for name in given:
        if name not in names:
            raise UsageError(
                f'there is no option "{name}".{did_you_mean(name, names)} '
                f"Options: {', '.join(names)}"
            )


def asked_descent(options: Any, default: Descent) -> Descent:
    """Return a way down with what options ask for changed in it.

    Parameters
    ----------
    options : Options, or others with its fields of the way down
        Those of `EXTRAS` may be missing; optimizer and schedule may be specs.
    default : Descent
    """
    optimizer, schedule = options.optimizer, options.schedule
    named = isinstance(optimizer, str)
    optimizer = choose("optimizer", optimizer, OPTIMIZERS)() if named else optimizer
    optimizer = default.optimizer if optimizer is None else optimizer
    if options.learning_rate is not None:
        optimizer = optimizer.replace(learning_rate=options.learning_rate)
    if isinstance(schedule, str):
        schedule = choose("schedule", schedule, SCHEDULES)()
    changes: dict[str, Any] = {}
    if optimizer.full_batch:
        changes = {"batch_size": None, "schedule": Constant()}
    if schedule is not None:
        changes["schedule"] = schedule
    if options.batch_size is not None:
        changes["batch_size"] = None if options.batch_size == "all" else options.batch_size
    for name in ("epochs", "patience", "weight_decay", *EXTRAS):
        if getattr(options, name, None) is not None:
            changes[name] = getattr(options, name)
    own = getattr(optimizer, "weight_decay", None)
    if own is not None:
        # A rule with a decay of its own applies it in its own way; twice would be too much.
        usual = default.weight_decay if named else own
        optimizer = optimizer.replace(weight_decay=changes.get("weight_decay", usual))
        changes["weight_decay"] = 0.0
    return default.replace(optimizer=optimizer, **changes)


def _units(word: int | str) -> int | None:
    """Return the units of a layer written 128 or dense128; None for any other word."""
    if not isinstance(word, str):
        return word
    text = word.strip().removeprefix("dense")
    return int(text) if text.isdecimal() else None


def check_class_weight(targets: Sequence[Target]) -> None:
    """Refuse class weights where there are no classes, or several sets of them."""
    if len(targets) != 1 or not isinstance(targets[0], ClassTarget):
        raise UsageError("class_weight is for one target of classes")
