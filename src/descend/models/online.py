"""Going on learning: new rows for a model that is trained already."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from descend.data.fingerprints import fingerprint, row_hashes
from descend.data.media.paths import located
from descend.data.roles import row_weights
from descend.data.targets import labelled_rows
from descend.errors import TargetError
from descend.models.outputs import class_weighted, encoded
from descend.schedules import Constant
from descend.training import Examples, Run

if TYPE_CHECKING:
    from descend.models.model import Model

__all__ = ["partial_fit"]


def partial_fit(model: Model, examples: Any, learning_rate: float | None = None) -> Model:
    """Return the model after one pass over more rows, in their order; see `Model.partial_fit`."""
    card, plan = model.card, model.plan
    table, _ = model.rows_of(examples)
    frame = located(table.frame, plan.columns, table.base)
    missing = [target.name for target in card.targets if target.name not in frame.columns]
    if missing:
        raise TargetError(f'{table.source} has no column "{missing[0]}", so nothing to learn from')
    rows = labelled_rows(frame, card.targets)
    if not len(rows):
        raise TargetError(f"{table.source} has no row with every target known")
    inputs, _ = card.preprocessing.transform(frame, rows)
    weights = None
    for column in plan.columns:
        if column.kind == "weight" and column.name in frame.columns:
            weights = row_weights(frame, column.name, column.decimal)[rows].astype(np.float32)
    rate = plan.descent.optimizer.learning_rate if learning_rate is None else learning_rate
    descent = plan.descent.replace(
        optimizer=plan.descent.optimizer.replace(learning_rate=rate), schedule=Constant(),
        epochs=1, patience=None, restarts=1, shuffle=False,
    )  # fmt: skip
    y = encoded(card.targets, frame, rows)
    weights = class_weighted(weights, plan.class_weight, card.targets[0], y)
    train = Examples(inputs, y, weights)
    run = Run(
        plan.network, plan.loss, descent, train,
        params=model.params, state=model.state, carry=model.memory,
    )  # fmt: skip
    for _ in run.epochs():
        pass
    hashes = fingerprint(row_hashes(frame, plan.columns)[rows])
    return replace(
        model, card=card.replace(report=None), params=run.params, state=run.state,
        memory=run.carry(), fingerprints=np.union1d(model.fingerprints, hashes),
    )  # fmt: skip
