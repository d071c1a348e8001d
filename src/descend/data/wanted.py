"""What a model needs of a file, from what it has learned."""

from __future__ import annotations

from collections.abc import Sequence

from descend.data.encoders.text import TextEncoder
from descend.data.forecasting.forecast import Forecast
from descend.data.form import Form, Wanted
from descend.data.long_tables import LongTable
from descend.data.preprocessing import Preprocessing
from descend.data.target_kinds import ClassTarget
from descend.data.targets import Target

__all__ = ["wanted_by"]


def wanted_by(
    preprocessing: Preprocessing,
    targets: Sequence[Target],
    form: Form | None,
    forecast: Forecast | None = None,
    sequences: LongTable | None = None,
) -> Wanted:
    """Return what a file must have, and how the examples were written.

    Parameters
    ----------
    preprocessing : Preprocessing
    targets : sequence of Target
    form : Form or None
    forecast : Forecast or None
        Where the rows of the file are the steps of a series.
    sequences : LongTable or None
        Where the rows of a group are one example.
    """
    if forecast is not None:
        return Wanted((forecast.target.name, *(c.name for c in forecast.others)), form=form)
    if sequences is not None:
        channels = (*sequences.numbers, *sequences.categories)
        names = (sequences.group, sequences.time.name, *(c.name for c in channels))
        return Wanted(names, form=form)
    encoders = preprocessing.encoders
    text = encoders[0].column.name if _is_text(encoders) else None
    classes = [str(c) for t in targets if isinstance(t, ClassTarget) for c in t.classes]
    return Wanted(preprocessing.input_names, text, tuple(classes), form)


def _is_text(encoders: Sequence[object]) -> bool:
    """Whether a text is all there is to read."""
    return len(encoders) == 1 and isinstance(encoders[0], TextEncoder)
