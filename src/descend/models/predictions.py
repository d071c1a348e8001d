"""What a model says about some rows."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from descend.data.notes import Notes
from descend.models.outputs import Answer
from descend.models.trust.likeness import UNLIKE

__all__ = ["Predictions"]


@dataclass(frozen=True)
class Predictions:
    """What a model says about some rows.

    Attributes
    ----------
    answers : tuple of Answer
        One a target.
    notes : Notes
        What was filled, unknown or ignored in the inputs.
    likeness : float array (rows,) or None
        Share of usual rows that are as far from the training rows as this one: 0.5 is an everyday
        row, 0.001 one in a thousand. None where the model cannot tell (no validation rows, or
        neither numbers nor a hidden layer).
    """

    answers: tuple[Answer, ...]
    notes: Notes
    likeness: np.ndarray | None = None

    @property
    def unlike(self) -> np.ndarray | None:
        """Whether each row is unlike the training data: bool (rows,), or None."""
        return None if self.likeness is None else self.likeness <= UNLIKE

    def columns(self, top: int | None = None) -> dict[str, np.ndarray]:
        """Return the columns that ``descend predict`` adds to a table.

        Parameters
        ----------
        top : int, optional
            So many of the likeliest classes, in order, with their probabilities, in the place of
            one column for each class.

        Raises
        ------
        UsageError
            If the likeliest classes are asked for, and there are no probabilities.
        """
        several = len(self.answers) > 1
        added: dict[str, np.ndarray] = {}
        for answer in self.answers:
            suffix = f"_{answer.target}" if several else ""
            added[f"prediction{suffix}"] = answer.prediction
            if answer.low is not None and answer.high is not None:
                added[f"low{suffix}"], added[f"high{suffix}"] = answer.low, answer.high
            for level, values in answer.quantiles.items():
                added[f"quantile{suffix}_{level:g}"] = values
            if top is not None:
                added |= answer.likeliest(top, suffix)
            elif answer.probabilities is not None:
                for label, column in zip(answer.classes, answer.probabilities.T, strict=True):
                    added[f"probability{suffix}_{label}"] = column
            if answer.disagreement is not None:
                added[f"disagreement{suffix}"] = answer.disagreement
        if self.likeness is not None and self.unlike is not None:
            added["likeness"], added["unlike"] = self.likeness, self.unlike
        return added
