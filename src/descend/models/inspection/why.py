"""Why a model decided so: the words of a text that carried the decision."""

from __future__ import annotations

from typing import Any

import jax
import numpy as np

from descend.data.encoders.text import TextEncoder
from descend.data.media.paths import located
from descend.data.targets import ClassTarget
from descend.data.text_credit import Credit, credits
from descend.errors import UsageError
from descend.models.model import Model
from descend.training.attribution import input_slopes
from descend.training.evaluation import padded_rows
from descend.training.passes import forward

__all__ = ["word_credits"]

_PIECE = 256


def word_credits(model: Model, examples: Any) -> list[list[Credit]]:
    """Return for each row what each word of its text did: gradient times input.

    For classes the output is that of the class decided on, less the mean of all; for a number it is
    the number, in units of its spread.

    Parameters
    ----------
    model : Model
    examples : as for `Model.predictions`

    Raises
    ------
    UsageError
        If the model has several targets, or does not read exactly one column of texts.
    """
    encoders = [e for e in model.card.preprocessing.encoders if isinstance(e, TextEncoder)]
    if len(encoders) != 1:
        raise UsageError(
            f"--why shows the words of one column of texts, and this model reads {len(encoders)}"
        )
    if len(model.card.targets) != 1:
        raise UsageError("--why is for models of one target")
    encoder, network = encoders[0], model.plan.network
    classes = isinstance(model.card.targets[0], ClassTarget)
    table, _ = model.rows_of(examples)
    whole = located(table.frame, model.plan.columns, table.base)
    texts = whole[encoder.column.name].to_list()
    found: list[list[Credit]] = []
    for start in range(0, len(texts), _PIECE):
        frame = whole.slice(start, _PIECE)
        inputs, _ = model.card.preprocessing.transform(frame, first_row=start)
        rows = len(frame)
        x = padded_rows(inputs, rows)
        raw = np.asarray(forward(network)(model.params, model.state, x))
        directions = _directions(raw, classes)
        slopes = input_slopes(network)(model.params, model.state, x, directions)
        own, by = inputs[encoder.input_name], slopes[encoder.input_name]
        for row in range(rows):
            one = jax.tree.map(lambda a, r=row: np.asarray(a)[r], own)
            steep = {name: np.asarray(by[name]["weights"])[row] for name in ("words", "bag")}
            found.append(credits(encoder, str(texts[start + row] or "").strip(), one, steep))
    return found


def _directions(raw: np.ndarray, classes: bool) -> np.ndarray:
    """Return which way the decision lies in the raw outputs of each row."""
    if not classes:
        return np.ones_like(raw)
    if raw.shape[1] == 1:
        return np.where(raw > 0, 1.0, -1.0).astype(raw.dtype)
    chosen = np.eye(raw.shape[1], dtype=raw.dtype)[raw.argmax(axis=1)]
    return chosen - 1.0 / raw.shape[1]
