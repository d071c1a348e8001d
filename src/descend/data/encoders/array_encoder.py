"""The contract of an encoder whose column is an input of its own: a picture, a text, a series."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from descend.data.columns import Column
from descend.data.notes import Tally
from descend.spec import Spec

if TYPE_CHECKING:
    import polars as pl

__all__ = ["ArrayEncoder"]


class ArrayEncoder(Spec):
    """A fitted column that the network reads as an array, beside the matrix of numbers.

    A subclass is a frozen dataclass with a field ``column``; everything else that was fitted is in
    its fields too. Its name goes into `descend.data.__all__`, its fit into the table of
    `descend.data.encoders.fitting`, and the layers that read it into
    `descend.models.networks.branches`.
    """

    column: Column

    @property
    def input_name(self) -> str:
        """The name of the input: the kind and the column, as ``image path``."""
        return f"{self.column.kind} {self.column.name}"

    @property
    @abstractmethod
    def input_shape(self) -> tuple[int, ...] | Mapping[str, tuple[int, ...]]:
        """The shape of one row, or a dict of shapes where the input is a dict of arrays."""

    @abstractmethod
    def arrays(self, series: pl.Series, first_row: int = 0) -> tuple[Any, Tally]:
        """Turn cells into the input.

        Parameters
        ----------
        series : polars.Series
        first_row : int
            The number of the first row in a longer table, from 0; for messages.

        Returns
        -------
        inputs : array (rows, ...), dict of arrays, or anything that is indexed like one
        tally : Tally
            Missing cells and the like.

        Raises
        ------
        ColumnError
            Where a cell is not what its column was in training.
        """

    @abstractmethod
    def describe(self) -> str:
        """Return what the column becomes, in one line for the report."""

    @property
    def fill_note(self) -> str:
        """What stands in for a missing cell."""
        return ""

    @property
    def range_note(self) -> tuple[str, str]:
        """The lowest and the highest of the training rows, where that means anything."""
        return ("", "")
