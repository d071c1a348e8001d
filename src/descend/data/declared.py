"""Categories that a typed table declares, as columns of pandas, polars and Arrow can.

Such a column is a category, whatever its cells look like: codes such as 10115 are no amounts.
Tables read from text declare nothing, though some of their columns are kept as ``Enum`` to save
memory; so it is the reader of a typed table that asks here, and hands the answer on as
`Table.kinds`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import polars as pl

__all__ = ["as_declared", "declared_kinds"]


def as_declared(series: pl.Series) -> pl.Series:
    """Return a column as a declared category, its cells as text.

    Examples
    --------
    >>> import polars as pl
    >>> as_declared(pl.Series("zip", [10115, None, 10115])).to_list()
    ['10115', None, '10115']
    """
    import polars as pl

    from descend.data.cells import read_texts
    from descend.data.columns import Column

    if series.dtype != pl.String:  # of texts even "None" and "-" are kept: labels may be such
        series = read_texts(series, Column(series.name, "category"))
    return series.cast(pl.Categorical)


def declared_kinds(frame: pl.DataFrame) -> dict[str, str]:
    """Return "category" by the name of each column of a typed table that is declared to be one.

    A column with fewer than two different values is left out, as it tells nothing apart; of a
    table without rows, whose rows are still to be read, every declared column counts.

    Examples
    --------
    >>> import polars as pl
    >>> code = pl.Series("code", ["1", "2"], dtype=pl.Categorical)
    >>> declared_kinds(pl.DataFrame([code, pl.Series("size", [1, 2])]))
    {'code': 'category'}
    """
    import polars as pl

    from descend.data.cells import as_text, is_missing

    found = {}
    for name, dtype in frame.schema.items():
        if isinstance(dtype, pl.Categorical | pl.Enum):
            values = as_text(frame[name].unique())
            if not len(frame) or len(values.filter(~is_missing(values))) > 1:
                found[name] = "category"
    return found
