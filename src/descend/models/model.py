"""A trained model: the plan, the preprocessing, the weights, and where they came from."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import jax
import numpy as np
import polars as pl

from descend.data.fields import check_specs
from descend.data.files import write_atomically
from descend.data.fingerprints import count_seen, row_hashes
from descend.data.notes import Notes
from descend.data.paths import located
from descend.data.preprocessing import Inputs, Preprocessing
from descend.data.reading import read_table
from descend.data.table import Table
from descend.data.targets import ClassTarget, NumberTarget, Target, labelled_rows
from descend.errors import DataError, ModelFileError, SpecError, TargetError, UsageError
from descend.layers import Layer
from descend.losses import Loss
from descend.models.modelfile import read_model_file, to_bytes
from descend.models.names import spec_classes
from descend.models.networks import linear_network
from descend.models.outputs import Answer, answers, check_network, raw_width
from descend.models.plan import Plan
from descend.models.provenance import Provenance
from descend.models.report import ClassReport, NumberReport, Report, class_report, number_report
from descend.spec import Spec, from_json, to_json
from descend.training import raw_outputs

__all__ = ["Model", "ModelCard", "Predictions", "flat", "linear_rival", "load"]


@dataclass(frozen=True)
class ModelCard(Spec):
    """Everything about a model but its tensors.

    Attributes
    ----------
    plan : Plan
    preprocessing : Preprocessing
    targets : tuple of ClassTarget and NumberTarget
    report : Report or None
        The scores on the test rows set aside in training; None if there were none.
    provenance : Provenance
    """

    plan: Plan
    preprocessing: Preprocessing
    targets: tuple[ClassTarget | NumberTarget, ...]
    report: Report | None
    provenance: Provenance

    def __post_init__(self) -> None:
        fields = (
            ("plan", Plan),
            ("preprocessing", Preprocessing),
            ("report", Report | None),
            ("provenance", Provenance),
        )
        for name, kind in fields:
            if not isinstance(getattr(self, name), kind):
                raise SpecError(f"ModelCard: {name} is of the wrong kind")
        check_specs(self, "targets", (ClassTarget, NumberTarget))
        if self.preprocessing.columns != self.plan.columns:
            raise SpecError("ModelCard: the columns of the preprocessing are not those of the plan")
        names = tuple(target.name for target in self.targets)
        if names != self.plan.targets:
            raise SpecError(f"ModelCard: targets are {names}, but the plan has {self.plan.targets}")


@dataclass(frozen=True)
class Predictions:
    """What a model says about some rows.

    Attributes
    ----------
    answers : tuple of Answer
        One a target.
    notes : Notes
        What was filled, unknown or ignored in the inputs.
    """

    answers: tuple[Answer, ...]
    notes: Notes

    def columns(self) -> dict[str, np.ndarray]:
        """Return the columns that ``descend predict`` adds to a table."""
        several = len(self.answers) > 1
        added: dict[str, np.ndarray] = {}
        for answer in self.answers:
            suffix = f"_{answer.target}" if several else ""
            added[f"prediction{suffix}"] = answer.prediction
            if answer.probabilities is not None:
                for label, column in zip(answer.classes, answer.probabilities.T, strict=True):
                    added[f"probability{suffix}_{label}"] = column
        return added


@dataclass(frozen=True, eq=False)
class Model:
    """A trained network with everything needed to use it on new rows.

    Made by `descend.train` and `descend.load`.

    Attributes
    ----------
    card : ModelCard
    params, state : dict of NumPy arrays
    linear_params : dict of NumPy arrays
        Of the linear model that the reports compare with.
    fingerprints : uint32 array
        Of the training rows, see `descend.data.fingerprints`.
    """

    card: ModelCard
    params: Any
    state: Any
    linear_params: Any
    fingerprints: np.ndarray

    @property
    def plan(self) -> Plan:
        """The plan it was trained by."""
        return self.card.plan

    @property
    def report(self) -> Report | None:
        """The scores on the test rows set aside in training."""
        return self.card.report

    @property
    def classes(self) -> tuple[Any, ...]:
        """The classes of the only target, in the order of `predict_proba`; empty for numbers."""
        target = self._only_target()
        return target.classes if isinstance(target, ClassTarget) else ()

    def _only_target(self) -> ClassTarget | NumberTarget:
        only, *others = self.card.targets
        if others:
            raise UsageError(
                "this model has several targets: use predictions(), whose answers name them"
            )
        return only

    def predictions(self, examples: Any, *, first_row: int = 0) -> Predictions:
        """Predict every target of every row.

        Parameters
        ----------
        examples : file name, DataFrame (polars, pandas), Arrow table, or NumPy array
            Columns may be in any order; more columns than needed are ignored.
        first_row : int
            The number of the first row in a longer table, from 0; for messages.

        Raises
        ------
        ColumnError
            If a needed column is missing or of another type.
        """
        table = self._read(examples)
        frame = located(table.frame, self.plan.columns, table.base)
        inputs, notes = self.card.preprocessing.transform(frame, first_row=first_row)
        found = self._answers(self.plan.network, self.params, self.state, inputs, first_row)
        return Predictions(found, notes)

    def predict(self, examples: Any) -> np.ndarray:
        """Return the predicted label or number of each row; for models of one target."""
        self._only_target()
        return self.predictions(examples).answers[0].prediction

    def predict_proba(self, examples: Any) -> np.ndarray:
        """Return the probability of each class, float32 (rows, classes), as `classes` orders them.

        Raises
        ------
        UsageError
            If the target is a number, or the loss gives no probabilities.
        """
        target = self._only_target()
        if not isinstance(target, ClassTarget):
            raise UsageError(f"{target.name} is a number, and numbers have no class probabilities")
        probabilities = self.predictions(examples).answers[0].probabilities
        if probabilities is None:
            raise UsageError(f"the outputs of {self.plan.loss!r} are not probabilities")
        return probabilities

    def test(self, examples: Any) -> Report:
        """Score the model on rows with known targets.

        Returns
        -------
        Report
            It also says how many of the rows the network was trained on.

        Raises
        ------
        TargetError
            If a target column is missing, empty, or has labels never seen in training.
        """
        table = self._read(examples)
        frame = located(table.frame, self.plan.columns, table.base)
        for target in self.card.targets:
            if target.name not in frame.columns:
                raise TargetError(
                    f'{table.source} has no column "{target.name}", which is the target to test '
                    f"against. Columns: {', '.join(frame.columns[:30])}"
                )
        rows = labelled_rows(frame, self.card.targets)
        if not len(rows):
            raise TargetError(f"{table.source} has no row with every target known")
        hashes = row_hashes(frame, self.plan.columns)[rows]
        seen = count_seen(self.fingerprints, hashes)
        inputs, _ = self.card.preprocessing.transform(frame, rows)
        return self.report_on(inputs, frame, rows, table.source, seen)

    def report_on(
        self, inputs: Inputs, frame: pl.DataFrame, rows: np.ndarray, source: str, seen: int
    ) -> Report:
        """Score the model on encoded rows, whose targets are in these rows of a table."""
        network = self._answers(self.plan.network, self.params, self.state, inputs)
        linear: Sequence[Answer | None] = [None] * len(network)
        if self.linear_params is not None:
            linear = self._answers(self._linear_network(), self.linear_params, {}, inputs)
        parts: list[ClassReport | NumberReport] = []
        for target, answer, rival in zip(self.card.targets, network, linear, strict=True):
            if isinstance(target, ClassTarget):
                parts.append(class_report(target, target.encode(frame, rows), answer, rival))
            else:
                parts.append(number_report(target, target.numbers(frame, rows), answer, rival))
        return Report(source, len(rows), seen, tuple(parts))

    def _linear_network(self) -> Layer:
        return linear_rival(self.card.preprocessing, self.card.targets, self.plan.loss)

    def _answers(
        self, network: Layer, params: Any, state: Any, inputs: Any, first_row: int = 0
    ) -> tuple[Answer, ...]:
        raw = raw_outputs(network, params, state, inputs)
        if not np.isfinite(raw).all():
            row = first_row + int(np.argwhere(~np.isfinite(raw))[0][0])
            raise DataError(f"the network's output for row {row + 1} is not a finite number")
        return answers(self.card.targets, self.plan.loss, raw)

    def _read(self, examples: Any) -> Table:
        return examples if isinstance(examples, Table) else read_table(examples)

    def with_report(self, report: Report) -> Model:
        """Return the same model with a report in its card."""
        return replace(self, card=self.card.replace(report=report))

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write the model file, whole or not at all.

        Raises
        ------
        OutputError
            If the file cannot be written; whatever stood there before is untouched.
        """
        tensors = {"fingerprints": self.fingerprints}
        trees = (("params", self.params), ("state", self.state), ("linear", self.linear_params))
        for root, tree in trees:
            tensors |= dict(flat(tree or {}, root))
        write_atomically(path, to_bytes(to_json(self.card), tensors))


def linear_rival(preprocessing: Preprocessing, targets: Sequence[Target], loss: Loss) -> Layer:
    """Return the network without hidden layers that the reports compare with."""
    return linear_network(preprocessing, raw_width(targets, loss))


def flat(tree: Any, name: str) -> Iterator[tuple[str, np.ndarray]]:
    """Yield (path, array) for every leaf of nested dicts."""
    if isinstance(tree, dict):
        for key in sorted(tree):
            yield from flat(tree[key], f"{name}/{key}")
    else:
        yield name, np.asarray(tree)


def load(path: str | os.PathLike[str]) -> Model:
    """Read a model file.

    Raises
    ------
    ModelFileError
        If the file is not a whole, unchanged model file that this version can read.
    """
    spec, tensors = read_model_file(path)
    try:
        card = from_json(spec, spec_classes())
        if not isinstance(card, ModelCard):
            raise SpecError("the plan is not that of a model")
        preprocessing = card.preprocessing
        shape = preprocessing.input_shape
        check_network(card.plan.network, card.plan.loss, card.targets, shape)
        params, state = _expected(card.plan.network, shape)
        linear = None
        if any(name.startswith("linear/") for name in tensors):
            network = linear_rival(preprocessing, card.targets, card.plan.loss)
            linear = _expected(network, shape)[0]
    except (
        ArithmeticError,
        AttributeError,
        LookupError,
        MemoryError,
        RecursionError,
        TypeError,
        ValueError,
    ) as error:
        raise ModelFileError(f"{Path(path)}: the plan cannot be read: {error}") from None
    fingerprints = tensors.pop("fingerprints", None)
    if fingerprints is None or fingerprints.dtype != np.uint32 or fingerprints.ndim != 1:
        raise ModelFileError(f"{Path(path)} lacks the fingerprints of its training rows")
    model = Model(
        card,
        _taken(tensors, params, "params", path),
        _taken(tensors, state, "state", path),
        None if linear is None else _taken(tensors, linear, "linear", path),
        fingerprints,
    )
    if tensors:
        raise ModelFileError(f"{Path(path)} holds tensors that no layer has: {sorted(tensors)[:3]}")
    return model


def _expected(network: Layer, shape: Any) -> tuple[Any, Any]:
    """Return the shapes of a network's tensors, without making any."""

    def start(key: jax.Array) -> tuple[Any, Any]:
        return network.init(key, shape)[:2]

    return jax.eval_shape(start, jax.random.key(0))


def _taken(tensors: dict[str, np.ndarray], expected: Any, name: str, path: Any) -> Any:
    """Take the tensors of one tree out of the dict, each of exactly the expected shape and type."""
    if isinstance(expected, dict):
        return {key: _taken(tensors, part, f"{name}/{key}", path) for key, part in expected.items()}
    array = tensors.pop(name, None)
    if array is None:
        raise ModelFileError(f"{Path(path)} lacks the tensor {name}")
    if array.shape != expected.shape or array.dtype != expected.dtype:
        raise ModelFileError(
            f"{Path(path)}: tensor {name} is {array.dtype} {array.shape}, but the plan's network "
            f"has {expected.dtype} {expected.shape} there"
        )
    return array
