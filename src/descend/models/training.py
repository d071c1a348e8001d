"""``descend.train``: one entrance to training, whatever is learned from."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Literal, overload

from descend.errors import UsageError
from descend.models.language.model import LanguageModel
from descend.models.language.plan import LanguagePlan
from descend.models.language.training import train_language
from descend.models.model import Model
from descend.models.options import Options
from descend.models.plan import Plan
from descend.models.tables.training import TableTraining
from descend.training import EpochRecord

__all__ = ["train"]


@overload
def train(
    source: Any,
    target: None = None,
    *,
    generate: Literal[True],
    plan: LanguagePlan | None = None,
    on_epoch: Callable[[EpochRecord], object] | None = None,
    **options: Any,
) -> LanguageModel: ...


@overload
def train(
    source: Any,
    target: str | list[str] | tuple[str, ...] | None = None,
    *,
    generate: Literal[False] = False,
    plan: Plan | None = None,
    on_epoch: Callable[[EpochRecord], object] | None = None,
    **options: Any,
) -> Model: ...


def train(
    source: Any,
    target: str | list[str] | tuple[str, ...] | None = None,
    *,
    generate: bool = False,
    plan: Any = None,
    on_epoch: Callable[[EpochRecord], object] | None = None,
    **options: Any,
) -> Model | LanguageModel:
    """Train a network on a table or a text, test it on what it has not seen, return the model.

    Parameters
    ----------
    source : file name, DataFrame (polars, pandas), Arrow table, or NumPy array
    target : str or list of str
        The column or columns to predict; a folder of classes needs none.
    generate : bool
        Learn to write a text on, instead of to predict a column: ``source`` is then a text file.
    plan : Plan or LanguagePlan, optional
        Repeats an earlier run, such as ``model.plan``.
    on_epoch : function of EpochRecord, optional
        Called after each complete epoch.
    **options
        The fields of `descend.models.Options`: ``drop``, ``layers``, ``epochs``, ``seed``, ...;
        with ``generate`` those of `descend.models.LanguageOptions`.

    Returns
    -------
    Model, or LanguageModel with ``generate``

    Raises
    ------
    UsageError
        If an option is wrong.
    DataError
        If the table or text cannot be read or learned from.
    DivergedError
        If the loss became infinite or not a number.

    Examples
    --------
    >>> import numpy as np, polars as pl
    >>> x = np.linspace(-3, 3, 200)
    >>> frame = pl.DataFrame({"x": x, "side": ["left" if v < 0 else "right" for v in x]})
    >>> model = train(frame, "side", epochs=20)
    >>> model.predict(pl.DataFrame({"x": [-2.0, 2.0]})).tolist()
    ['left', 'right']
    """
    if generate:
        if target is not None:
            raise UsageError("a network that writes has no target: leave out target, or generate")
        return train_language(source, plan=plan, on_epoch=on_epoch, **options)
    names = (target,) if isinstance(target, str) else tuple(target or ())
    training = TableTraining(source, Options.of(target=names, **options), plan)
    for record in training.epochs():
        if on_epoch is not None and record.complete:
            on_epoch(record)
    return training.finish()
