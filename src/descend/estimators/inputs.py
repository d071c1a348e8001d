"""What scikit-learn hands over, turned into what a network reads: arrays, DataFrames, gaps.

An array, or a DataFrame of numbers, is read as numbers only: nothing about its columns is guessed,
but ``column_kinds`` may say of some that they are something else. A DataFrame with texts,
categories or dates is read as the command line reads a table.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import polars as pl
from sklearn.base import BaseEstimator
from sklearn.utils import check_array, check_consistent_length
from sklearn.utils.validation import validate_data

from descend.data.columns import Column, infer_columns
from descend.data.declared import declared_kinds
from descend.data.encoders.number import NumberEncoder, bend, fit_number
from descend.data.formats.objects import frame_of
from descend.data.preprocessing import Preprocessing, fit_preprocessing
from descend.errors import DataError, UsageError
from descend.estimators.array_inputs import PICTURES, ArrayInputs, are_pictures, pictures_frame

__all__ = ["Rows", "fit_inputs", "holds_more_than_numbers", "read_rows", "transform"]

Rows = np.ndarray | pl.DataFrame
"""A float64 array, in which NaN is a gap; an array of more than two dimensions; or a table."""

_LARGEST = float(np.finfo(np.float32).max)


def holds_more_than_numbers(X: Any) -> bool:
    """Whether X is a DataFrame with a column that is neither numbers nor yes and no.

    Examples
    --------
    >>> holds_more_than_numbers(pl.DataFrame({"mass": [1.0], "sex": ["f"]}))
    True
    >>> holds_more_than_numbers(np.zeros((2, 2)))
    False
    """
    if not hasattr(X, "columns") or not hasattr(X, "dtypes"):
        return False
    if isinstance(X, pl.DataFrame):
        return any(not (kind.is_numeric() or kind == pl.Boolean) for kind in X.dtypes)
    return any(getattr(kind, "kind", "O") not in "biuf" for kind in X.dtypes)


def read_rows(
    estimator: BaseEstimator, X: Any, y: Any = None, *, reset: bool, table: bool | None = None
) -> tuple[Rows, Any]:
    """Check inputs, and targets where there are any, as scikit-learn's estimators do.

    Parameters
    ----------
    estimator : BaseEstimator
        Its ``n_features_in_`` and ``feature_names_in_`` are set, or compared with.
    X : array or DataFrame (rows, columns)
    y : array (rows,) or (rows, outputs), or "none" where there is no target to check
    reset : bool
        Whether this is a fit.
    table : bool, optional
        Whether to read X as a table; found by looking at X where not given: whatever the estimator
        has ``column_kinds`` for is one, and so are pictures (see `are_pictures`), unless it has a
        ``network`` of its own for them.

    Returns
    -------
    rows : float64 array or polars.DataFrame
    y : array or None

    Raises
    ------
    ValueError
        For infinite numbers, other or missing columns, a target that lacks or does not fit.
    """
    none = isinstance(y, str)
    pictures = are_pictures(X)
    given: Any = X
    if table is None:
        own = getattr(estimator, "network", None) is not None
        table = holds_more_than_numbers(X) or (pictures and not own)
        table = table or bool(getattr(estimator, "column_kinds", None))
    deep = isinstance(X, np.ndarray) and X.ndim > 2
    if not table or (deep and not pictures):
        wanted: dict[str, Any] = {"dtype": np.float64, "ensure_all_finite": "allow-nan"}
        wanted |= {"dtype": "numeric", "ensure_all_finite": True, "allow_nd": True} if deep else {}
        wanted |= {} if none else {"y": y, "multi_output": True}
        checked: Any = validate_data(estimator, given, reset=reset, **wanted)
        return (checked, None) if none else checked
    if y is None:
        raise ValueError(
            f"This {type(estimator).__name__} estimator requires y to be passed, "
            "but the target y is None."
        )
    if pictures or hasattr(X, "columns"):
        validate_data(estimator, given, reset=reset, skip_check_array=True)
        frame = pictures_frame(X) if pictures else frame_of(X)[0]
    else:
        given = validate_data(
            estimator, given, reset=reset, dtype=None, ensure_all_finite="allow-nan"
        )
        frame = frame_of(given)[0]
        frame.columns = list(getattr(estimator, "feature_names_in_", frame.columns))
    if none:
        return frame, None
    options: dict[str, Any] = {"ensure_2d": False, "dtype": None, "input_name": "y"}
    y = check_array(y, **options)
    check_consistent_length(X, y)
    return frame, y


def fit_inputs(
    rows: Rows, names: list[str] | None, *, scale: str, kinds: Mapping[Any, str] | None
) -> Preprocessing | ArrayInputs:
    """Fit the preprocessing on training rows.

    Parameters
    ----------
    rows : float64 array or polars.DataFrame
    names : list of str, optional
        Of the columns of an array.
    scale : {"standard", "minmax", "robust", "none"}
    kinds : dict, optional
        What columns are, whatever they look like, by name; where they have none, by place from 0.

    Raises
    ------
    DataError
        If ``kinds`` is no dict, names a column that is not there or a kind that is none, or comes
        with arrays that are no tables.
    """
    if kinds is not None and not isinstance(kinds, Mapping):
        raise UsageError(
            'column_kinds must be a dict such as {"zip": "category"}, or {0: "category"} for the '
            f"first column of an array; got {kinds!r}"
        )
    if isinstance(rows, pl.DataFrame):
        if rows.columns == [PICTURES] and isinstance(rows.dtypes[0], pl.Array):
            kinds = {PICTURES: "image"}
        return fit_preprocessing(rows, _columns_of(rows, names, kinds or {}), scale=scale)
    if kinds:
        raise DataError(
            f"column_kinds is for tables, and each row of X has the shape {rows.shape[1:]}: leave "
            "it None"
        )
    if rows.ndim > 2:
        return ArrayInputs.of(rows, scale)
    if names is None:
        names = [f"column_{place + 1}" for place in range(rows.shape[1])]
    columns = tuple(Column(name, "number") for name in names)
    encoders = tuple(
        fit_number(pl.Series(rows[:, place], nan_to_null=True), column, scale)
        for place, column in enumerate(columns)
    )
    gaps = int(np.isnan(rows).any(axis=1).sum())
    return Preprocessing(columns, encoders, scale, gaps)


def _columns_of(
    frame: pl.DataFrame, names: list[str] | None, kinds: Mapping[Any, str]
) -> tuple[Column, ...]:
    """Say what the columns of a table are: as said, as declared, else as they look.

    Of a table of numbers, those of which nothing is said stay numbers.
    """
    said = {}
    for key, kind in kinds.items():
        name = str(key)
        if name not in frame.columns and names is None and isinstance(key, int | np.integer):
            if not 0 <= key < frame.width:
                raise DataError(
                    f"column_kinds names column {key}, but the {frame.width} columns of X are "
                    f"counted from 0 to {frame.width - 1}"
                )
            name = frame.columns[int(key)]
        said[name] = kind
    known = declared_kinds(frame)
    if not holds_more_than_numbers(frame):
        known = dict.fromkeys(frame.columns, "number")
    return infer_columns(frame, kinds=known | said, source="X")


def transform(preprocessing: Preprocessing | ArrayInputs, rows: Rows) -> Any:
    """Return the inputs of the network: a float32 array, or a dict of arrays (see `Preprocessing`).

    Arrays are turned whole instead of column by column; the result is the same.
    """
    if isinstance(preprocessing, ArrayInputs):
        if not isinstance(rows, np.ndarray):
            raise DataError(f"X must be an array of rows of shape {preprocessing.input_shape}")
        return preprocessing.transform(rows)
    if isinstance(rows, pl.DataFrame):
        return preprocessing.transform(rows)[0]
    if rows.ndim > 2:
        raise DataError(f"X has shape {rows.shape}, but the network was fitted on a table")
    encoders = [e for e in preprocessing.encoders if isinstance(e, NumberEncoder)]
    fill = np.array([encoder.fill for encoder in encoders])
    missing = np.isnan(rows)
    numbers = np.where(missing, fill, rows)
    if preprocessing.scale == "none":
        scaled = np.clip(numbers, -_LARGEST, _LARGEST)
    else:
        center = np.array([encoder.center for encoder in encoders])
        spread = np.array([encoder.spread for encoder in encoders])
        with np.errstate(over="ignore"):
            scaled = bend(np.clip((numbers - center) / spread, -1e300, 1e300))
    scaled = scaled.astype(np.float32)
    flags = np.array([encoder.flag for encoder in encoders])
    if not flags.any():
        return scaled
    widths = np.array([encoder.width for encoder in encoders])
    places = np.cumsum(widths) - widths
    inputs = np.empty((len(rows), int(widths.sum())), np.float32)
    inputs[:, places] = scaled
    inputs[:, places[flags] + 1] = missing[:, flags]
    return inputs
