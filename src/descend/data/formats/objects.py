"""Tables that are Python objects: polars, pandas, Arrow, NumPy, dicts and lists.

pandas and pyarrow are not imported: an object of theirs can only be here where they are already.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any
from uuid import UUID

import numpy as np

from descend.data.declared import as_declared
from descend.data.formats.delimited import MOST_COLUMNS
from descend.data.formats.detection import unique_names
from descend.errors import TableError

if TYPE_CHECKING:
    import polars as pl

__all__ = ["frame_of"]

_EXPECTED = (
    "expected a path, a polars or pandas DataFrame, a pyarrow Table, a NumPy array of two "
    "dimensions, a dict of columns or a list of dicts"
)


def frame_of(source: Any) -> tuple[pl.DataFrame, str]:
    """Return a Python object as a polars frame, and its kind in words.

    Raises
    ------
    TableError
        For an object that is no table, columns of unequal length, or a name that occurs twice.

    Examples
    --------
    >>> import numpy as np
    >>> frame_of(np.array([[1, 2], [3, 4]]))[0].columns
    ['column_1', 'column_2']
    """
    import polars as pl

    pandas, pyarrow = sys.modules.get("pandas"), sys.modules.get("pyarrow")
    if isinstance(source, pl.DataFrame):
        return source, "DataFrame"
    if isinstance(source, pl.LazyFrame):
        return source.collect(), "LazyFrame"
    if pandas is not None and isinstance(source, pandas.DataFrame):
        return _from_pandas(source), "DataFrame"
    if pyarrow is not None and isinstance(source, pyarrow.Table):
        _distinct(source.column_names, "the Arrow table")
        return _from_arrow(source, pyarrow), "Arrow table"
    if isinstance(source, np.ndarray):
        return _from_numpy(source), "array"
    if isinstance(source, Mapping):
        return _made(dict(source), "the dict"), "dict"
    if isinstance(source, Sequence) and not isinstance(source, str | bytes):
        if all(isinstance(row, Mapping) for row in source):
            names = dict.fromkeys(name for row in source for name in row)
            columns = {name: [row.get(name) for row in source] for name in names}
            return _made(columns, "the list"), "list"
        raise TableError(f"{_EXPECTED}; got a list of {type(source[0]).__name__} objects")
    hint = ""
    if hasattr(source, "toarray"):
        hint = ". Sparse matrices are not supported: give source.toarray()"
    elif hasattr(source, "to_frame"):
        hint = ". Give source.to_frame()"
    raise TableError(f"{_EXPECTED}; got {type(source).__name__}{hint}")


def _stored(frame: pl.DataFrame) -> pl.DataFrame:
    """Return a frame with what stands for the values of extension types, in place of these."""
    import polars as pl

    extension: Any = getattr(pl, "BaseExtension", ())
    return frame.with_columns(
        series.ext.storage() for series in frame if isinstance(series.dtype, extension)
    )


def _made(columns: Mapping[Any, Any], what: str) -> pl.DataFrame:
    """Make a frame of named columns."""
    import polars as pl

    lengths = {}
    for name, values in columns.items():
        if not isinstance(values, Sequence | np.ndarray | pl.Series) or isinstance(values, str):
            raise TableError(
                f'{what}: expected a list of values under "{name}", got {type(values).__name__}'
            )
        lengths[name] = len(values)
    if len(set(lengths.values())) > 1:
        shown = ", ".join(f"{name} {length}" for name, length in list(lengths.items())[:5])
        raise TableError(f"{what}: the columns differ in length: {shown}")
    _distinct([str(name) for name in columns], what)
    return pl.DataFrame([_series(str(name), values) for name, values in columns.items()])


def _series(name: str, values: Any) -> pl.Series:
    """Make a column; values of several types become text."""
    import polars as pl

    if isinstance(values, np.ndarray):
        if values.ndim != 1:
            raise TableError(f'column "{name}": expected one dimension, got {values.ndim}')
        if values.dtype.kind == "M":
            return pl.Series(name, values.astype("datetime64[us]"))
        if values.dtype.kind in "biuf":
            values = values.astype(np.float32) if values.dtype == np.float16 else values
            return pl.Series(name, values)
        values = values.tolist()
    if isinstance(values, pl.Series):
        return values.alias(name)
    listed = [item.item() if isinstance(item, np.generic) else item for item in values]
    worded = _worded()
    listed = [str(item) if isinstance(item, worded) else item for item in listed]
    kinds = {type(item) for item in listed if item is not None}
    if len(kinds) > 1 and not kinds <= {int, float}:
        return pl.Series(name, [None if _gap(x) else str(x) for x in listed], dtype=pl.String)
    try:
        return pl.Series(name, listed, strict=False)
    except (TypeError, ValueError, OverflowError, pl.exceptions.PolarsError) as error:
        raise TableError(f'column "{name}" cannot be read: {error}') from error


def _worded() -> tuple[type, ...]:
    """Return the types of values that are taken as their text: as intervals of ``pandas.cut``."""
    pandas = sys.modules.get("pandas")
    return (UUID,) if pandas is None else (UUID, pandas.Interval, pandas.Period)


def _gap(value: Any) -> bool:
    """Whether a value is missing: None or NaN."""
    return value is None or (isinstance(value, float) and value != value)


def _from_numpy(array: np.ndarray) -> pl.DataFrame:
    """Make a frame of an array of two dimensions, or of a structured one."""
    if array.dtype.names is not None and array.ndim == 1:
        return _made({name: array[name] for name in array.dtype.names}, "the array")
    if array.ndim != 2:
        raise TableError(
            f"expected an array of two dimensions (rows, columns), got shape {array.shape}; "
            "a single column is array.reshape(-1, 1)"
        )
    if array.shape[1] > MOST_COLUMNS:
        raise TableError(f"the array has {array.shape[1]:,} columns; at most {MOST_COLUMNS:,}")
    names, _ = unique_names([None] * array.shape[1], "the array")
    columns = (np.ascontiguousarray(array[:, place]) for place in range(array.shape[1]))
    return _made(dict(zip(names, columns, strict=True)), "the array")


def _from_pandas(frame: Any) -> pl.DataFrame:
    """Make a frame of a pandas one; its index is left out, as in a CSV without index."""
    import polars as pl

    _distinct([str(name) for name in frame.columns], "the DataFrame")
    columns: dict[str, Any] = {}
    for place, name in enumerate(frame.columns):
        series = frame.iloc[:, place]
        kind = getattr(series.dtype, "kind", "O")
        missing = series.isna().to_numpy(dtype=bool)
        if isinstance(series.dtype, np.dtype) and kind in "biufM":
            made = _series(str(name), series.to_numpy())
        elif kind == "M":  # a time zone: kept as the moment in UTC
            moments = series.dt.tz_convert("UTC").dt.tz_localize(None).to_numpy()
            made = _series(str(name), moments).dt.replace_time_zone("UTC")
        elif kind == "m":
            made = pl.Series(str(name), series.to_numpy().astype("timedelta64[us]"))
        else:
            values = series.astype(object).to_numpy()
            gone = zip(values.tolist(), missing.tolist(), strict=True)
            cells = [None if gap else value for value, gap in gone]
            made = _series(str(name), cells)
            if type(series.dtype).__name__ == "CategoricalDtype":
                if made.dtype.is_nested() or made.dtype == pl.Object:  # categories such as tuples
                    made = pl.Series(str(name), [None if c is None else str(c) for c in cells])
                made = as_declared(made)
        columns[str(name)] = made.set(pl.Series(missing), None) if missing.any() else made
    return pl.DataFrame(list(columns.values()))


def _from_arrow(table: Any, pyarrow: Any) -> pl.DataFrame:
    """Make a frame of an Arrow table; what it keeps as a dictionary is a category."""
    import polars as pl

    frame = _stored(pl.DataFrame(pl.from_arrow(table)))
    coded = [field.name for field in table.schema if pyarrow.types.is_dictionary(field.type)]
    return frame.with_columns(as_declared(frame[name]) for name in coded)


def _distinct(names: Sequence[str], what: str) -> None:
    """Refuse a name that occurs twice."""
    unique_names(list(names), what)
