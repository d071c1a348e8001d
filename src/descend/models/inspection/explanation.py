"""What matters to a model: columns over many rows, and in one row."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl

from descend.data.columns import listed
from descend.data.media.paths import located
from descend.data.targets import ClassTarget, NumberTarget, labelled_rows
from descend.errors import DataError, UsageError
from descend.losses import Quantile
from descend.models.model import Model
from descend.models.outputs import Answer, target_losses
from descend.training.attribution import path_gradients

__all__ = [
    "Contribution",
    "Importance",
    "check_explained",
    "contributions",
    "importances",
    "place_of_target",
]

MOST_ROWS = 2_000
"""Rows that importances are measured on: more change little."""

STEPS = (32, 128, 512)
"""Points along the way of integrated gradients, the next where the last leave a gap."""

_ARRAYS = {"image": "pictures", "series": "sequences", "sound": "sounds", "text": "texts"}
"""What columns hold that are no numbers and no codes, by their kind."""

GAP = 0.01
"""Share of the whole change that contributions may fail to account for."""


@dataclass(frozen=True)
class Importance:
    """How much worse predictions become when one column is shuffled.

    Attributes
    ----------
    column : str
    rise : float
        Mean over rows: of classes the rise of -log p(true class), in nats; of numbers the rise of
        the absolute error, in the target's unit.
    low, high : float
        95 % interval of the mean over rows.
    """

    column: str
    rise: float
    low: float
    high: float


@dataclass(frozen=True)
class Contribution:
    """What one column adds to one prediction, compared with a usual row.

    Attributes
    ----------
    column : str
    value : str
        The cell.
    share : float
        In the unit of the prediction: a probability, or a number.
    """

    column: str
    value: str
    share: float


def place_of_target(model: Model, name: str | None) -> int:
    """Return the place of a target among those of a model; of a model of one it needs no name.

    Raises
    ------
    UsageError
        If it has no such target, or several and none is named.
    """
    names = model.plan.targets
    if name is None and len(names) == 1:
        return 0
    if name is None:
        raise UsageError(
            "this model has several targets, and they are explained one at a time: name "
            f"{listed(names, 20)} with --target (from Python: target=)"
        )
    if name not in names:
        raise UsageError(f'this model has no target "{name}": it has {listed(names, 20)}')
    return names.index(name)


def check_explained(model: Model) -> None:
    """Refuse a model that is not explained by its columns.

    Raises
    ------
    UsageError
        If it continues a series.
    """
    if model.plan.forecast is not None:
        raise UsageError(
            "a model that continues a series is not explained by columns: descend test shows how "
            "far each step ahead can be trusted"
        )


def _frame_of(model: Model, examples: Any) -> pl.DataFrame:
    """Return the rows of examples as the model reads them."""
    check_explained(model)
    table, _ = model.rows_of(examples)
    return located(table.frame, model.plan.columns, table.base)


def importances(
    model: Model,
    examples: Any,
    *,
    target: str | None = None,
    repeats: int = 5,
    seed: int = 0,
) -> tuple[Importance, ...]:
    """Return the permutation importance of each column, the largest first.

    Parameters
    ----------
    model : Model
    examples : as for `Model.predictions`, with the targets
        Best of all rows that training has not seen.
    target : str, optional
        Which target's predictions; needed where the model has several.
    repeats : int
        Shuffles of each column.
    seed : int

    Raises
    ------
    DataError
        If fewer than two rows have a known target.
    UsageError
        If the model has several targets and none is named, or none of that name; or continues a
        series.

    References
    ----------
    Breiman (2001), Random forests; Fisher, Rudin and Dominici (2019), All models are wrong, but
    many are useful.
    """
    frame, place = _frame_of(model, examples), place_of_target(model, target)
    generator = np.random.default_rng(seed)
    rows = labelled_rows(frame, model.card.targets[place : place + 1])
    if len(rows) < 2:
        raise DataError("importances need at least two rows with a known target")
    if len(rows) > MOST_ROWS:
        rows = np.sort(generator.choice(rows, MOST_ROWS, replace=False))
    frame = frame[rows]
    truth = _truth(model.card.targets[place], frame)
    before = _losses(model, place, frame, truth)
    found = []
    for name in model.card.preprocessing.input_names:
        rises = np.zeros(len(frame))
        for _ in range(repeats):
            order = generator.permutation(len(frame))
            shuffled = frame.with_columns(frame[name].gather(order))
            rises += (_losses(model, place, shuffled, truth) - before) / repeats
        mean, error = float(rises.mean()), float(rises.std(ddof=1) / np.sqrt(len(rises)))
        found.append(Importance(name, mean, mean - 1.96 * error, mean + 1.96 * error))
    return tuple(sorted(found, key=lambda one: -one.rise))


def _truth(target: ClassTarget | NumberTarget, frame: pl.DataFrame) -> np.ndarray:
    return target.encode(frame) if isinstance(target, ClassTarget) else target.numbers(frame)


def _losses(model: Model, place: int, frame: pl.DataFrame, truth: np.ndarray) -> np.ndarray:
    """Return the loss of each row by one target, float64 (rows,)."""
    answer: Answer = model.predictions(frame).answers[place]
    if isinstance(model.card.targets[place], NumberTarget):
        return np.abs(answer.prediction - truth)
    if answer.probabilities is None:
        return (answer.codes != truth).astype(np.float64)
    p = answer.probabilities[np.arange(len(truth)), truth].astype(np.float64)
    return -np.log(np.maximum(p, np.finfo(np.float32).eps))


def contributions(
    model: Model, examples: Any, row: int, *, target: str | None = None
) -> tuple[tuple[Contribution, ...], float, float, float]:
    """Return what each column adds to the prediction of one row: integrated gradients.

    The way goes straight from a usual row (the mean of each number of the network's inputs over
    the rows of the table) to the row. Inputs that are codes cannot be walked along: after the
    numbers they are changed one column after another, from their most frequent code. The shares
    hence sum to the whole change; what numerical integration leaves over is returned.

    Parameters
    ----------
    model : Model
    examples : as for `Model.predictions`
        The row, and others to say what is usual.
    row : int
        From 0.
    target : str, optional
        Which target's prediction; needed where the model has several.

    Returns
    -------
    contributions : tuple of Contribution
        The largest in size first.
    usual, found : float
        The prediction of the usual row and that of the row: the probability of the class that is
        predicted for the row, or the number.
    gap : float
        found - usual - sum of all shares.

    Raises
    ------
    UsageError
        If there is no such row, the model reads other columns than numbers, dates and categories,
        continues a series, or its targets are several and none is named.

    References
    ----------
    Sundararajan, Taly and Yan (2017), Axiomatic attribution for deep networks.
    """
    frame, preprocessing = _frame_of(model, examples), model.card.preprocessing
    place = place_of_target(model, target)
    explained = model.card.targets[place]
    if not 0 <= row < len(frame):
        raise UsageError(f"there is no row {row + 1}: the table has {len(frame):,} rows")
    if preprocessing.array_encoders:
        columns = [encoder.column for encoder in preprocessing.array_encoders]
        read = listed([f'"{one.name}" ({_ARRAYS.get(one.kind, one.kind)})' for one in columns])
        raise UsageError(
            "a row is explained column by column where a model reads numbers, dates and categories "
            f"alone, and this one reads {read}. Without --row (from Python: importances) the "
            "columns are compared over all rows"
        )
    inputs, _ = preprocessing.transform(frame)
    inputs = inputs if isinstance(inputs, dict) else {"": inputs}
    numbers = next((name for name in ("", "numbers") if name in inputs), None)
    answer = model.predictions(frame[row : row + 1]).answers[place]
    code = int(answer.codes[0]) if isinstance(explained, ClassTarget) else 0
    walk = _Walk(model, place, code)
    codes = inputs.get("codes", np.zeros((len(frame), 0), np.int32))
    usual_codes = np.array([np.bincount(column).argmax() for column in codes.T], np.int32)
    shares = dict.fromkeys(preprocessing.input_names, 0.0)
    here = np.zeros((1, 0), np.float32) if numbers is None else inputs[numbers][row : row + 1]
    usual = here if numbers is None else inputs[numbers].mean(axis=0, keepdims=True)
    code_row = codes[row].copy()
    final = walk.predict(numbers, here, code_row)
    start = walk.predict(numbers, usual, usual_codes)
    if numbers is not None:
        whole = walk.predict(numbers, here, usual_codes) - start
        parts = walk.integrate(numbers, usual, here, usual_codes, whole)
        for name, part in zip(preprocessing.feature_sources, parts, strict=True):
            shares[name] += float(part)
    current, before = usual_codes.copy(), walk.predict(numbers, here, usual_codes)
    for i, name in enumerate(preprocessing.embedding_names):
        current[i] = code_row[i]
        after = walk.predict(numbers, here, current)
        shares[name] += after - before
        before = after
    cells = frame.row(row, named=True)
    found = [Contribution(name, str(cells[name]), share) for name, share in shares.items()]
    found.sort(key=lambda one: -abs(one.share))
    return tuple(found), start, final, final - start - sum(shares.values())


class _Walk:
    """One prediction of a model as a function of its encoded inputs, in the target's own unit."""

    def __init__(self, model: Model, place: int, code: int) -> None:
        self.model, self.target = model, model.card.targets[place]
        loss = model.plan.loss
        inner = target_losses(loss)[place]
        # Of two classes with one output, the link is the probability of the second.
        self.flipped = inner.target == "binary" and code == 0
        column = code if inner.target == "class" else 0
        fitted = model.card.temperatures[place] if model.card.temperatures else None
        temperature = fitted.value if fitted is not None and fitted.kept else 1.0
        if isinstance(inner, Quantile):  # the level that stands for the prediction
            column = int(np.argmin([abs(level - 0.5) for level in inner.levels]))
        self.function = path_gradients(model.plan.network, loss, column, temperature, place)

    def predict(self, numbers: str | None, x: np.ndarray, codes: np.ndarray) -> float:
        """Return the prediction of one row."""
        return self._unit(float(self._call(numbers, x, codes)[0][0]))

    def integrate(
        self,
        numbers: str,
        start: np.ndarray,
        end: np.ndarray,
        codes: np.ndarray,
        whole: float,
    ) -> np.ndarray:
        """Return the share of each number, by the midpoint rule with as many points as it takes."""
        shares = np.zeros(start.shape[1])
        for steps in STEPS:
            along = (np.arange(steps) + 0.5)[:, None] / steps
            path = (start + along * (end - start)).astype(np.float32)
            slopes = np.asarray(self._call(numbers, path, codes)[1][numbers], np.float64)
            shares = slopes.mean(axis=0) * (end - start)[0] * self._factor
            if abs(shares.sum() - whole) <= GAP * max(abs(whole), 1e-6 * abs(self._factor)):
                break
        return shares

    def _call(self, numbers: str | None, x: np.ndarray, codes: np.ndarray) -> tuple[Any, Any]:
        rest = {"codes": np.tile(codes, (len(x), 1))} if len(codes) else {}
        own = {} if numbers is None else {numbers: x}
        return self.function(self.model.params, self.model.state, own, rest)

    @property
    def _factor(self) -> float:
        if isinstance(self.target, NumberTarget):
            return self.target.scale
        return -1.0 if self.flipped else 1.0

    def _unit(self, value: float) -> float:
        if isinstance(self.target, NumberTarget):
            return float(self.target.decode(np.array([value]))[0])
        return 1 - value if self.flipped else value
