"""The parameter ``class_weight`` of classifiers: checked, and turned into weights of rows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from sklearn.utils.class_weight import compute_sample_weight

from descend.errors import UsageError
from descend.spec import plain

__all__ = ["weights_by_class"]


def weights_by_class(class_weight: Any, y: np.ndarray) -> np.ndarray:
    """Return the weight of the class of each row; of several outputs the product of theirs.

    Parameters
    ----------
    class_weight : dict of class to weight, "balanced", or a list of these, one an output
        Classes that are not in the dict weigh 1.
    y : array (rows,) or (rows, outputs)

    Returns
    -------
    float64 array (rows,)

    Raises
    ------
    UsageError
        If it is none of these, or a weight is not a number from 0 to 1e30.
    ValueError
        If there is a weight for what is no class.

    Examples
    --------
    >>> print(weights_by_class({"a": 1.0, "b": 2.5}, np.array(["a", "b", "b"])))
    [1.  2.5 2.5]
    """
    several = isinstance(class_weight, Sequence) and not isinstance(class_weight, str)
    for one in class_weight if several else [class_weight]:
        _check(one, class_weight)
    return np.asarray(compute_sample_weight(class_weight, y), np.float64)


def _check(one: Any, given: Any) -> None:
    """Refuse weights of the classes of one output."""
    if isinstance(one, str) and one == "balanced":
        return
    if not isinstance(one, Mapping):
        raise UsageError(
            'class_weight must be "balanced", a dict of class to weight as {0: 1, 1: 2.5}, or a '
            f"list of these, one for each output; got {given!r}"
        )
    for label, weight in one.items():
        value = plain(weight)
        number = isinstance(value, int | float) and not isinstance(value, bool)
        if not number or not 0 <= value <= 1e30:
            raise UsageError(
                "class_weight must be numbers from 0 to 1e30, of which only the ratios count; got "
                f"{value!r} for class {plain(label)!r}"
            )
