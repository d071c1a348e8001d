"""Opening a model file, of whatever kind of model it is."""

from __future__ import annotations

import os
import shlex
from pathlib import Path

from descend.errors import ModelFileError, SpecError, UsageError
from descend.models.card import ModelCard
from descend.models.files.modelfile import read_model_file
from descend.models.files.names import spec_classes
from descend.models.files.tensors import plan_errors
from descend.models.language.card import LanguageCard
from descend.models.language.model import LanguageModel
from descend.models.model import Model
from descend.spec import from_json

__all__ = ["load", "load_table_model"]


def load(path: str | os.PathLike[str]) -> Model | LanguageModel:
    """Read a model file.

    Returns
    -------
    Model
        That predicts the target of rows of a table.
    LanguageModel
        That writes on, where it was trained with ``generate``.

    Raises
    ------
    ModelFileError
        If the file is not a whole, unchanged model file that this version can read.
    """
    spec, tensors = read_model_file(path)
    with plan_errors(path):
        card = from_json(spec, spec_classes())
        if not isinstance(card, ModelCard | LanguageCard):
            raise SpecError("the plan is not that of a model")
    model: Model | LanguageModel
    if isinstance(card, LanguageCard):
        model = LanguageModel.of_file(card, tensors, path)
    else:
        model = Model.of_file(card, tensors, path)
    if tensors:
        raise ModelFileError(f"{Path(path)} holds tensors that no layer has: {sorted(tensors)[:3]}")
    return model


def load_table_model(path: str | os.PathLike[str]) -> Model:
    """Read the file of a model that predicts targets of a table.

    Raises
    ------
    ModelFileError
        As `load`.
    UsageError
        If it is one that writes text.
    """
    model = load(path)
    if isinstance(model, LanguageModel):
        raise UsageError(
            f"{path} writes text and predicts no column of a table. Use it so: "
            f'descend predict {shlex.quote(str(path))} --prompt "Once"'
        )
    return model
