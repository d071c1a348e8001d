"""Estimators in model files: the same safe ``name.descend`` that the command line writes."""

from __future__ import annotations

import os
from typing import Any

import numpy as np
from sklearn.utils.validation import check_is_fitted

from descend.data.columns import Column
from descend.data.targets import ClassTarget
from descend.errors import UsageError
from descend.estimators.array_inputs import PICTURES, ArrayInputs
from descend.models import Model, ModelCard, Plan, Provenance, load_table_model
from descend.models.trust.trust import Trust

__all__ = ["model_of", "read_model"]


def model_of(estimator: Any) -> Model:
    """Return a fitted estimator as a model: it predicts, is tested, shown and saved as one.

    Raises
    ------
    sklearn.exceptions.NotFittedError
        If it was not fitted.
    UsageError
        If it was fitted on arrays of more than two dimensions that are no pictures: a model reads
        tables, and these are none.
    """
    check_is_fitted(
        estimator,
        msg="This %(name)s instance is not fitted yet, so there is no network to keep: call 'fit' "
        "before 'save' or 'to_model'.",
    )
    if isinstance(estimator.preprocessing_, ArrayInputs):
        raise UsageError(
            f"a model file is for tables, but {type(estimator).__name__} was fitted on an array "
            f"with rows of shape {estimator.preprocessing_.input_shape}. Pictures as uint8, with "
            "network=None, can be saved; for other arrays keep the estimator by joblib.dump"
        )
    targets = estimator.targets_
    names = tuple(target.name for target in targets)
    columns = estimator.preprocessing_.columns
    columns += tuple(Column(name, "target") for name in names)
    tasks = tuple("classification" if isinstance(t, ClassTarget) else "regression" for t in targets)
    weighing = getattr(estimator, "class_weight", None)
    plan = Plan(
        columns, names, tasks, estimator.preprocessing_.scale, estimator.network_,
        estimator.loss_, estimator.descent_, test_fraction=0.0, validation_fraction=None,
        class_weight=weighing if isinstance(weighing, str) else None,  # a plan knows no dicts
    )  # fmt: skip
    provenance = Provenance.of(
        estimator.history_,
        source=f"{type(estimator).__name__}.fit",
        rows=estimator._rows_given,
        data_digest="",
        best_epoch=estimator.best_epoch_,
        ended=estimator.ended_,
    )
    preprocessing = estimator.preprocessing_.replace(columns=columns)
    card = ModelCard(plan, preprocessing, targets, None, provenance)
    fingerprints = np.zeros(0, np.uint32)
    trust = Trust(getattr(estimator, "residuals_", None) or ())
    return Model(card, estimator.params_, estimator.state_, None, fingerprints, trust)


def read_model(estimator: Any, path: str | os.PathLike[str]) -> Model:
    """Read a model file into an estimator that has not been fitted; return the model."""
    model = load_table_model(path)
    plan = model.plan
    estimator.preprocessing_ = model.card.preprocessing
    estimator.targets_ = model.card.targets
    estimator.network_, estimator.loss_ = plan.network, plan.loss
    estimator.descent_ = plan.descent
    estimator.params_, estimator.state_ = model.params, model.state
    estimator.history_ = ()
    provenance = model.card.provenance
    estimator._rows_given = provenance.rows
    estimator.best_epoch_, estimator.ended_ = provenance.best_epoch, provenance.ended
    inputs = model.card.preprocessing.columns
    names = [column.name for column in inputs if column.kind != "target"]
    estimator.n_features_in_ = len(names)
    made_up = [f"column_{place + 1}" for place in range(len(names))]
    if names == [PICTURES] and inputs[0].kind == "image":
        (encoder,) = model.card.preprocessing.array_encoders
        estimator.n_features_in_ = next(iter(encoder.input_shape))
    elif names != made_up:
        estimator.feature_names_in_ = np.array(names, dtype=object)
    estimator._reads_table = any(column.kind != "number" for column in inputs)
    return model
