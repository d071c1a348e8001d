"""Training a model on a table: from the examples to a tested model."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import jax
import numpy as np

from descend.data.rows import Rows
from descend.data.targets import ClassTarget
from descend.layers import Layer, Members
from descend.layers.summary import parameter_count, summary_line
from descend.losses import Ensemble
from descend.models.card import ModelCard
from descend.models.files.provenance import Provenance
from descend.models.judging import without_far_rows
from descend.models.metric_choice import check_metric, metric_value, named_metric
from descend.models.model import Model, linear_rival
from descend.models.networks import periodic
from descend.models.networks.augmentation import augmented, check_applicable, unmirrored
from descend.models.networks.pictures import are_symbols
from descend.models.networks.tables import DROPOUT, table_network
from descend.models.options import Options, check_class_weight
from descend.models.outputs import answers, check_network, member_loss, raw_width
from descend.models.plan import Plan
from descend.models.tables.examples import TableExamples
from descend.models.tables.realmlp import HIDDEN, realmlp_network
from descend.models.tables.rival import train_rival
from descend.models.tables.streaming import is_large, stream_examples
from descend.models.time_limit import TimeLimit
from descend.models.trust.trust import fit_trust
from descend.training import EpochRecord, Examples, Run

__all__ = ["TableTraining", "plan_for"]


class TableTraining:
    """A training run on a table, prepared and ready to begin.

    Parameters
    ----------
    source : file name, "-", DataFrame, Arrow table or NumPy array
    options : Options
        What was asked for.
    plan : Plan, optional
        Repeats an earlier run: it decides everything but the validation file.
    **reading
        Options of `descend.data.reading.read_table`.

    Attributes
    ----------
    examples : TableExamples
    plan : Plan
    run : Run
    far : int
        Validation rows that weigh nothing, see `descend.models.judging`.
    """

    def __init__(
        self, source: Any, options: Options, plan: Plan | None = None, **reading: Any
    ) -> None:
        streams = is_large(source) if options.stream is None else options.stream
        whole = options.forecast is not None or options.sequences
        whole = whole or (plan is not None and (plan.forecast or plan.sequences) is not None)
        read = stream_examples if streams and not whole else TableExamples.read
        self.examples = examples = read(source, options, plan, **reading)
        self.limit = None if options.time_limit is None else TimeLimit(options.time_limit)
        repeated = plan is not None
        self.plan = plan = plan or plan_for(examples, options)
        shape = examples.preprocessing.input_shape
        check_network(plan.network, plan.loss, examples.targets, shape)
        self.targets = examples.scaled_targets(plan.loss)
        weight = plan.class_weight
        train = examples.part("train", plan.loss, weight)
        if options.validation_file is None:
            self.validation = examples.part("validation", plan.loss, weight)
        else:
            file = options.validation_file
            self.validation = examples.part_of_file(file, plan.loss, weight, **reading)
        self.far = 0
        if examples.windows is None:
            places = examples.preprocessing.number_places
            self.validation, self.far = without_far_rows(train, self.validation, places)
        # Two runs read the training rows, the network's and the linear rival's: they are handed
        # to JAX once, and NumPy's copy is let go.
        self.train = Examples(*jax.tree.map(_on_device, (train.x, train.y, train.weights)))
        examples.inputs.pop("train")
        if self.limit is not None:
            free = options.members is None and not repeated
            self.plan = plan = self.limit.suited(plan, self.train, free=free)
        self.run = Run(
            plan.network, plan.loss, plan.descent, self.train, self.validation, self.score,
            diagnostics=True,
        )  # fmt: skip

    def epochs(self) -> Iterator[EpochRecord]:
        """Train, and yield records as `descend.training.Run.epochs` does."""
        return self.run.epochs() if self.limit is None else self.limit.watched(self.run)

    def network_line(self) -> str:
        """Return the network in one line: its layers, what the outputs are, its weights."""
        line = summary_line(self.plan.network, self.examples.preprocessing.input_shape)
        loss = member_loss(self.plan.loss)
        link = {"class": " softmax", "binary": " sigmoid"}.get(loss.target, "")
        return f"{line}{link}, {parameter_count(self.run.params):,} weights"

    def score(self, raw: np.ndarray, y: Any, weights: np.ndarray | None) -> float:
        """Return the mean over targets of the metric asked for: accuracy and R2 by default."""
        truths = y if isinstance(y, tuple) else (y,)
        scores = []
        found = answers(self.targets, self.plan.loss, raw)
        for target, answer, truth in zip(self.targets, found, truths, strict=True):
            classes = isinstance(target, ClassTarget)
            name = self.plan.metric or ("accuracy" if classes else "r2")
            known = np.asarray(truth).astype(np.int64) if classes else target.decode(truth[:, 0])
            scores.append(metric_value(name, target, answer, known, weights))
        return float(np.mean(scores))

    def finish(self) -> Model:
        """Test the best weights on the rows set aside, and return the model.

        A linear model is trained on the same rows, so that the report can say whether the network
        earns its keep.
        """
        examples, plan, run = self.examples, self.plan, self.run
        linear = linear_rival(examples.preprocessing, self.targets, plan.loss)
        temperatures, decisions, trust = fit_trust(
            plan.network,
            run.params,
            run.state,
            plan.loss,
            self.targets,
            self.train,
            self.validation,
            plan.metric,
            examples.preprocessing.number_places,
        )
        card = ModelCard(
            plan,
            examples.preprocessing,
            self.targets,
            None,
            self._provenance(),
            temperatures,
            decisions,
            examples.form,
        )
        rival = train_rival(
            linear, member_loss(plan.loss), self.train, self.validation, plan.descent.seed
        )
        model = Model(card, run.params, run.state, rival, examples.fingerprints, trust)
        if run.history and run.best_epoch == run.history[-1].epoch:
            model = replace(model, memory=run.carry())
        rows = examples.split.test
        if not len(rows):
            return model
        report = model.report_on(
            examples.inputs["test"], examples.known, rows, examples.source, 0, examples.windows
        )
        if examples.windows is not None:
            # What the test has shown is known when the series is continued after it.
            model = model.with_outcomes(examples.inputs["test"], examples.known, rows)
        return model.with_report(report)

    def _provenance(self) -> Provenance:
        return Provenance.of(
            self.run.history,
            source=self.examples.source,
            rows=self.examples.shape[0],
            data_digest=self.examples.digest,
            best_epoch=self.run.best_epoch,
            ended=self.run.ended,
            starts=self.starts(),
        )

    def starts(self) -> tuple[float, ...]:
        """Return the best validation score of each start, where there are several."""
        lanes = self.run.lanes
        if len(lanes) == 1 or self.run.validation is None:
            return ()
        found = [
            [r.validation_score for r in lane.history if r.epoch == lane.best_epoch]
            for lane in lanes
        ]
        found = [[s for s in kept if s is not None and math.isfinite(s)] for kept in found]
        scores = [score for kept in found for score in kept]
        lowest = min(scores, default=0.0)
        return tuple(kept[0] if kept else lowest for kept in found)


def _on_device(array: Any) -> Any:
    """Hand an array to JAX; rows that stay in a file are read later."""
    return array if isinstance(array, Rows) else jax.device_put(array)


def plan_for(examples: TableExamples, options: Options) -> Plan:
    """Return the plan for these examples: what was asked for, and good choices for the rest."""
    rows = len(examples.split.train)
    name = options.network_name(rows, examples.preprocessing)
    loss = options.losses(examples.targets, name)
    if options.class_weight is not None:
        check_class_weight(examples.targets)
    preprocessing = examples.preprocessing
    metric = None if options.metric is None else named_metric(options.metric)
    if metric is not None:
        check_metric(metric, examples.targets, loss)
    regression = not any(isinstance(target, ClassTarget) for target in examples.targets)
    width = raw_width(examples.targets, loss)
    members = options.members
    if members is None:  # of the dense network a limit of time chooses more
        members = periodic.MEMBERS if name == "periodic" else 1
    network = _network(name, examples, options, width, members, regression=regression)
    if members > 1:
        loss = Ensemble(loss, members)
    return Plan(
        columns=examples.columns,
        targets=tuple(target.name for target in examples.targets),
        tasks=tuple(
            "classification" if isinstance(target, ClassTarget) else "regression"
            for target in examples.targets
        ),
        scale=examples.preprocessing.scale,
        network=network,
        loss=loss,
        descent=options.descent(rows, preprocessing, regression=regression),
        test_fraction=options.test_share,
        validation_fraction=examples.validation_share,
        class_weight=options.class_weight,
        metric=metric,
        forecast=None if examples.windows is None else examples.windows.forecast,
        sequences=examples.sequences,
    )


def _network(
    name: str,
    examples: TableExamples,
    options: Options,
    width: int,
    members: int,
    *,
    regression: bool,
) -> Layer:
    """Return a named network with the layers and members that were asked for."""
    preprocessing, rows = examples.preprocessing, len(examples.split.train)
    dropout = periodic.DROPOUT if options.dropout is None else options.dropout
    if name == "periodic":
        return periodic.periodic_network(
            preprocessing,
            width,
            hidden=periodic.HIDDEN if options.units is None else options.units,
            activation=options.activation or "mish",
            dropout=dropout,
            members=members,
        )
    if name == "realmlp":
        network = realmlp_network(
            preprocessing,
            width,
            regression=regression,
            hidden=HIDDEN if options.units is None else options.units,
            dropout=dropout,
        )
    else:
        network = table_network(
            preprocessing,
            width,
            options.hidden(rows, preprocessing),
            rows=rows,
            stack=options.stack,
            activation=options.activation or "relu",
            dropout=DROPOUT if options.dropout is None else options.dropout,
            wide=examples.windows is not None,
        )
    if options.augment is not None:
        check_applicable(options.augment, preprocessing.array_encoders)
        network = augmented(network, options.augment)
    elif are_symbols(examples.found):
        network = unmirrored(network)
    return Members(network, members) if members > 1 else network
