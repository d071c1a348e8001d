"""Metrics of predicted classes."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from descend.metrics.rows import Weights, checked, mean

__all__ = [
    "ClassScores",
    "accuracy",
    "balanced_accuracy",
    "confusion_matrix",
    "macro_f1",
    "precision_recall_f1",
]


def accuracy(target: np.ndarray, prediction: np.ndarray, *, weights: Weights = None) -> float:
    """Share of rows whose class is predicted right.

    Examples
    --------
    >>> accuracy(np.array([0, 1, 1, 2]), np.array([0, 1, 2, 2]))
    0.75
    """
    target, prediction, weights = checked(target, prediction, weights)
    return mean(target == prediction, weights)


def confusion_matrix(
    target: np.ndarray, prediction: np.ndarray, *, k: int | None = None, weights: Weights = None
) -> np.ndarray:
    """Return the weight of rows of class i (row) predicted as class j (column), float (k, k).

    Parameters
    ----------
    k : int, optional
        Number of classes; the largest code plus 1 when not given.

    Examples
    --------
    >>> print(confusion_matrix(np.array([0, 1, 1]), np.array([0, 1, 0])))
    [[1. 0.]
     [1. 1.]]
    """
    target, prediction, weights = checked(target, prediction, weights)
    k = int(max(target.max(), prediction.max())) + 1 if k is None else k
    cells = target.astype(np.int64) * k + prediction
    return np.bincount(cells, weights, minlength=k * k).reshape(k, k)


class ClassScores(NamedTuple):
    """Scores of each class, float (k,) each.

    Attributes
    ----------
    precision : share of the rows predicted as the class that are of it; 0 if none is predicted
    recall : share of the rows of the class that are predicted as it; nan if there is none
    f1 : harmonic mean of the two; nan where recall is
    support : weight of the rows of the class
    """

    precision: np.ndarray
    recall: np.ndarray
    f1: np.ndarray
    support: np.ndarray


def precision_recall_f1(
    target: np.ndarray, prediction: np.ndarray, *, k: int | None = None, weights: Weights = None
) -> ClassScores:
    """Return precision, recall, F1 and support of each class.

    Examples
    --------
    >>> scores = precision_recall_f1(np.array([0, 1, 1]), np.array([0, 1, 0]))
    >>> print(scores.precision, scores.recall)
    [0.5 1. ] [1.  0.5]
    """
    matrix = confusion_matrix(target, prediction, k=k, weights=weights)
    hits, support, predicted = np.diagonal(matrix), matrix.sum(axis=1), matrix.sum(axis=0)
    absent = support == 0

    def share(part: np.ndarray, whole: np.ndarray) -> np.ndarray:
        return np.divide(part, whole, out=np.zeros_like(part), where=whole > 0)

    recall = np.where(absent, np.nan, share(hits, support))
    f1 = np.where(absent, np.nan, share(2 * hits, support + predicted))
    return ClassScores(share(hits, predicted), recall, f1, support)


def balanced_accuracy(
    target: np.ndarray, prediction: np.ndarray, *, weights: Weights = None
) -> float:
    """Mean of the recalls of the classes present in the target; 1 / k for guessing.

    Examples
    --------
    >>> balanced_accuracy(np.array([0, 0, 0, 1]), np.array([0, 0, 0, 0]))
    0.5
    """
    return float(np.nanmean(precision_recall_f1(target, prediction, weights=weights).recall))


def macro_f1(target: np.ndarray, prediction: np.ndarray, *, weights: Weights = None) -> float:
    """Mean of the F1 scores of the classes present in the target.

    Examples
    --------
    >>> round(macro_f1(np.array([0, 1, 1]), np.array([0, 1, 0])), 6)
    0.666667
    """
    return float(np.nanmean(precision_recall_f1(target, prediction, weights=weights).f1))
