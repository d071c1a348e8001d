"""What the preprocessing met in the rows that it turned into arrays, told in sentences."""

from __future__ import annotations

from dataclasses import dataclass, field

__all__ = ["Notes", "Tally"]

_EXAMPLES = 3


@dataclass(frozen=True)
class Tally:
    """What was met in one column.

    Parameters
    ----------
    missing : int
        Cells without a value.
    unseen : int
        Cells with a value that was not learned.
    examples : tuple of str
        Up to three of these values.
    outside : int
        Cells below or above everything in the training rows.
    """

    missing: int = 0
    unseen: int = 0
    examples: tuple[str, ...] = ()
    outside: int = 0

    def combined(self, other: Tally) -> Tally:
        """Return the tally of both.

        Examples
        --------
        >>> Tally(missing=1).combined(Tally(missing=2, unseen=1, examples=("x",)))
        Tally(missing=3, unseen=1, examples=('x',), outside=0)
        """
        return Tally(
            self.missing + other.missing,
            self.unseen + other.unseen,
            tuple(dict.fromkeys(self.examples + other.examples))[:_EXAMPLES],
            self.outside + other.outside,
        )


@dataclass(frozen=True)
class Notes:
    """What was met in a table, or in several parts of one (`combined`).

    Parameters
    ----------
    rows : int
        How many rows were read.
    tallies : dict of column name to `Tally`
        Only columns in which something was met.
    fills : dict of column name to str
        Says what stands in for a missing value.
    ranges : dict of column name to (low, high)
        The training range, as text.
    ignored : tuple of str
        Columns that the model does not know.

    Examples
    --------
    >>> notes = Notes(10, {"age": Tally(missing=2)}, {"age": "filled with 28"})
    >>> notes.lines()
    ('age: 2 missing, filled with 28',)
    """

    rows: int
    tallies: dict[str, Tally] = field(default_factory=dict)
    fills: dict[str, str] = field(default_factory=dict)
    ranges: dict[str, tuple[str, str]] = field(default_factory=dict)
    ignored: tuple[str, ...] = ()

    @property
    def missing(self) -> dict[str, int]:
        """The number of missing cells of each column that had some."""
        return {name: tally.missing for name, tally in self.tallies.items() if tally.missing}

    @property
    def unseen(self) -> dict[str, int]:
        """The number of values that were not learned, of each column that had some."""
        return {name: tally.unseen for name, tally in self.tallies.items() if tally.unseen}

    @property
    def outside(self) -> dict[str, int]:
        """The number of cells beyond the training range, of each column that had some."""
        return {name: tally.outside for name, tally in self.tallies.items() if tally.outside}

    def combined(self, other: Notes) -> Notes:
        """Return the notes of two parts of one table.

        Examples
        --------
        >>> Notes(2).combined(Notes(3)).rows
        5
        """
        tallies = dict(self.tallies)
        for name, tally in other.tallies.items():
            tallies[name] = tallies[name].combined(tally) if name in tallies else tally
        return Notes(
            self.rows + other.rows,
            tallies,
            self.fills | other.fills,
            self.ranges | other.ranges,
            tuple(dict.fromkeys(self.ignored + other.ignored)),
        )

    def lines(self) -> tuple[str, ...]:
        """Return the notes as sentences, in the order of the columns."""
        lines = []
        for name, tally in self.tallies.items():
            parts = []
            if tally.missing:
                fill = self.fills.get(name, "")
                parts.append(f"{tally.missing:,} missing" + (f", {fill}" if fill else ""))
            if tally.unseen:
                shown = ", ".join(f'"{value}"' for value in tally.examples)
                more = ", ..." if tally.unseen > len(tally.examples) else ""
                parts.append(f"{tally.unseen:,} with a value that was not learned ({shown}{more})")
            if tally.outside:
                low, high = self.ranges.get(name, ("", ""))
                span = f" ({low} to {high})" if low else ""
                parts.append(f"{tally.outside:,} beyond the training range{span}")
            lines.append(f"{name}: {'; '.join(parts)}")
        if self.ignored:
            lines.append(f"not used: {', '.join(self.ignored)} (unknown to the model)")
        return tuple(lines)
