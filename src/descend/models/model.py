"""A trained model: the plan, the preprocessing, the weights, and where they came from."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from descend.data.files import write_atomically
from descend.data.fingerprints import count_seen, row_hashes
from descend.data.forecasting.forecast import Windows
from descend.data.media.paths import located
from descend.data.preprocessing import Inputs, Preprocessing
from descend.data.reading import read_table
from descend.data.table import Table
from descend.data.targets import ClassTarget, NumberTarget, Target, labelled_rows
from descend.errors import DataError, ModelFileError, TargetError, UsageError, did_you_mean
from descend.layers import Layer, Sequential
from descend.losses import Loss
from descend.models.card import ModelCard
from descend.models.files.modelfile import to_bytes
from descend.models.files.tensors import expected, flat, plan_errors, taken
from descend.models.networks.tables import linear_network
from descend.models.outputs import Answer, answers, check_network, member_loss, raw_width
from descend.models.plan import Plan
from descend.models.predictions import Predictions
from descend.models.report import ClassReport, NumberReport, Report, class_report, number_report
from descend.models.series.report import forecast_report, in_own_unit
from descend.models.trust.conformal import scores_of
from descend.models.trust.likeness import (
    HIDDEN,
    NUMBERS,
    numbers_of,
    raw_and_hidden,
    share_of_views,
)
from descend.models.trust.rolling import joined
from descend.models.trust.trust import Trust, take_trust, with_intervals
from descend.spec import to_json
from descend.training import raw_outputs

__all__ = ["Model", "linear_rival"]


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
    memory : Carry or None
        What `partial_fit` goes on from; not kept in files.
    trust : Trust
        What the validation rows say of intervals and of unusual rows.
    """

    card: ModelCard
    params: Any
    state: Any
    linear_params: Any
    fingerprints: np.ndarray
    trust: Trust = Trust()
    memory: Any = None

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
        target = self.only_target()
        return target.classes if isinstance(target, ClassTarget) else ()

    def only_target(self) -> ClassTarget | NumberTarget:
        """Return the target of a model of one.

        Raises
        ------
        UsageError
            If there are several.
        """
        only, *others = self.card.targets
        if others:
            raise UsageError(
                "this model has several targets: use predictions(), whose answers name them"
            )
        return only

    def partial_fit(self, examples: Any, *, learning_rate: float | None = None) -> Model:
        """Return the model after it has learned from more rows, once each and in their order.

        Right after training it goes on exactly where that stopped, optimizer's memory included,
        provided that the weights kept are those of the last epoch. A model from a file, or one
        whose best epoch was an earlier one, begins with the weights and an empty memory. Further
        calls always go on exactly: two halves of some rows give the same bits as the whole, where
        no batch straddles them. What numbers and categories look like stays as it was fitted.

        Parameters
        ----------
        examples : as for `predictions`, with the targets
        learning_rate : float, optional
            That of the plan by default, without its schedule.

        Returns
        -------
        Model
            Without the report, which was of the weights before. This model stays as it is.

        Raises
        ------
        TargetError
            If a target is missing, or has a label never seen in training.
        """
        from descend.models.online import partial_fit

        return partial_fit(self, examples, learning_rate)

    def predictions(
        self, examples: Any, *, first_row: int = 0, interval: float | None = None
    ) -> Predictions:
        """Predict every target of every row.

        Parameters
        ----------
        examples : file name, DataFrame (polars, pandas), Arrow table, or NumPy array
            Columns may be in any order; more columns than needed are ignored.
        first_row : int
            The number of the first row in a longer table, from 0; for messages.
        interval : float, optional
            A level, as 0.9: predicted numbers come with intervals that hold such a share of the
            targets.

        Raises
        ------
        ColumnError
            If a needed column is missing or of another type.
        UsageError
            If intervals are asked for and the model has none of that level.
        """
        if interval is not None:
            self._check_interval(interval)
        table, windows = self.rows_of(examples, latest=True)
        frame = located(table.frame, self.plan.columns, table.base)
        inputs, notes = self.card.preprocessing.transform(frame, first_row=first_row)
        views = {NUMBERS: numbers_of(inputs, self.card.preprocessing.number_places)}
        if HIDDEN in self.trust.likeness:
            raw, views[HIDDEN] = raw_and_hidden(self.plan.network, self.params, self.state, inputs)
        else:
            raw = self._raw(inputs)
        likeness = share_of_views(self.trust.likeness, views)
        found = self._answers(raw, first_row)
        if interval is not None:
            found = tuple(
                with_intervals(answer, self.trust.of_target(i), interval)
                for i, answer in enumerate(found)
            )
        if windows is not None:
            found = in_own_unit(windows, found)
        return Predictions(found, notes, likeness)

    def _check_interval(self, level: float) -> None:
        if not 0 < level < 1:
            raise UsageError(f"an interval is a share above 0 and below 1, as 0.9, got {level:g}")
        if not any(isinstance(target, NumberTarget) for target in self.card.targets):
            raise UsageError(
                "intervals are for targets that are numbers; classes have probabilities"
            )
        if not any(self.trust.residuals):
            raise UsageError(
                "this model has no intervals: it was trained without validation rows, or by an "
                "older Descend. Train it again, with validation rows"
            )

    def predict(self, examples: Any) -> np.ndarray:
        """Return the predicted label or number of each row; for models of one target."""
        self.only_target()
        return self.predictions(examples).answers[0].prediction

    def predict_proba(self, examples: Any) -> np.ndarray:
        """Return the probability of each class, float32 (rows, classes), as `classes` orders them.

        Raises
        ------
        UsageError
            If the target is a number, or the loss gives no probabilities.
        """
        target = self.only_target()
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
        table, windows = self.rows_of(examples)
        frame = located(table.frame, self.plan.columns, table.base)
        for target in self.card.targets:
            if target.name not in frame.columns:
                near = did_you_mean(target.name, frame.columns)
                raise TargetError(
                    f'{table.source} has no column "{target.name}", which is the target to test '
                    f"against.{near} Columns: {', '.join(frame.columns[:30])}"
                )
        rows = labelled_rows(frame, self.card.targets)
        if not len(rows):
            raise TargetError(f"{table.source} has no row with every target known")
        hashes = row_hashes(frame, self.plan.columns)[rows]
        seen = count_seen(self.fingerprints, hashes)
        inputs, _ = self.card.preprocessing.transform(frame, rows)
        return self.report_on(inputs, frame, rows, table.source, seen, windows)

    def report_on(
        self,
        inputs: Inputs,
        frame: pl.DataFrame,
        rows: np.ndarray,
        source: str,
        seen: int,
        windows: Windows | None = None,
    ) -> Report:
        """Score the model on encoded rows, whose targets are in these rows of a table."""
        network = self._answers(self._raw(inputs))
        linear: Sequence[Answer | None] = [None] * len(network)
        if self.linear_params is not None:
            linear = answers(
                self.card.targets,
                member_loss(self.plan.loss),
                raw_outputs(self._linear_network(), self.linear_params, {}, inputs),
            )
        if windows is not None:
            known = [self.trust.of_target(i) for i in range(len(network))]
            changes = self._numbers(frame, rows)
            report = forecast_report(windows, rows, network, linear, known, changes)
            return Report(source, len(rows), seen, (report,))
        parts: list[ClassReport | NumberReport] = []
        for i, target in enumerate(self.card.targets):
            if isinstance(target, ClassTarget):
                truth = target.encode(frame, rows)
                parts.append(class_report(target, truth, network[i], linear[i]))
            else:
                truth, known = target.numbers(frame, rows), self.trust.of_target(i)
                parts.append(number_report(target, truth, network[i], linear[i], known))
        return Report(source, len(rows), seen, tuple(parts))

    def with_outcomes(self, inputs: Inputs, frame: pl.DataFrame, rows: np.ndarray) -> Model:
        """Return the same model, whose intervals rest on these rows of a table too."""
        found, truths = self._answers(self._raw(inputs)), self._numbers(frame, rows)
        residuals = tuple(
            joined(self.trust.of_target(i), scores_of(answer, truth))
            for i, (answer, truth) in enumerate(zip(found, truths, strict=True))
        )
        return replace(self, trust=replace(self.trust, residuals=residuals))

    def _numbers(self, frame: pl.DataFrame, rows: np.ndarray) -> list[np.ndarray]:
        """Return the values of each target, which is a number."""
        targets = self.card.targets
        return [t.numbers(frame, rows) for t in targets if isinstance(t, NumberTarget)]

    def _linear_network(self) -> Layer:
        return linear_rival(self.card.preprocessing, self.card.targets, self.plan.loss)

    def _raw(self, inputs: Any) -> np.ndarray:
        return raw_outputs(self.plan.network, self.params, self.state, inputs)

    def _answers(self, raw: np.ndarray, first_row: int = 0) -> tuple[Answer, ...]:
        if not np.isfinite(raw).all():
            row = first_row + int(np.argwhere(~np.isfinite(raw))[0][0])
            raise DataError(f"the network's output for row {row + 1} is not a finite number")
        card = self.card
        return answers(card.targets, self.plan.loss, raw, card.temperatures, card.decisions)

    def rows_of(self, examples: Any, *, latest: bool = False) -> tuple[Table, Windows | None]:
        """Return the rows that the network reads, and the origins they stand for in a forecast.

        Parameters
        ----------
        examples : as for `predictions`
        latest : bool
            Of a series only its last step; else every step that enough others follow.
        """
        if isinstance(examples, Windows):
            return examples.table, examples
        wanted = self.card.wanted
        table = examples if isinstance(examples, Table) else read_table(examples, wanted=wanted)
        forecast = self.plan.forecast
        if forecast is None:
            sequences = self.plan.sequences
            if sequences is None or sequences.is_gathered(table):
                return table, None
            return sequences.gathered(table), None
        tracks, notes = forecast.read(table)
        windows = forecast.windows_of(tracks, table.source, latest=latest)
        return windows.table, replace(windows, notes=notes)

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
        trees = (
            ("params", self.params),
            ("state", self.state),
            ("linear", self.linear_params),
            ("trust", self.trust.tensors()),
        )
        for root, tree in trees:
            tensors |= dict(flat(tree or {}, root))
        write_atomically(path, to_bytes(to_json(self.card), tensors))

    @classmethod
    def of_file(cls, card: ModelCard, tensors: dict[str, np.ndarray], path: Any) -> Model:
        """Return the model of a card and tensors that were read from a file.

        Raises
        ------
        ModelFileError
            If they do not fit one another.
        """
        with plan_errors(path):
            shape = card.preprocessing.input_shape
            check_network(card.plan.network, card.plan.loss, card.targets, shape)
            params, state = expected(card.plan.network, shape)
            linear = None
            if any(name.startswith("linear/") for name in tensors):
                network = linear_rival(card.preprocessing, card.targets, card.plan.loss)
                linear = expected(network, shape)[0]
        fingerprints = tensors.pop("fingerprints", None)
        if fingerprints is None or fingerprints.dtype != np.uint32 or fingerprints.ndim != 1:
            raise ModelFileError(f"{Path(path)} lacks the fingerprints of its training rows")
        trust = take_trust(tensors, card.targets, path)
        return cls(
            card,
            taken(tensors, params, "params", path),
            taken(tensors, state, "state", path),
            None if linear is None else taken(tensors, linear, "linear", path),
            fingerprints,
            trust,
        )


def linear_rival(preprocessing: Preprocessing, targets: Sequence[Target], loss: Loss) -> Sequential:
    """Return the network without hidden layers that the reports compare with."""
    return linear_network(preprocessing, raw_width(targets, member_loss(loss)))
