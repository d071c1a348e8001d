"""How the examples of a model were written, so that later files of the same form are read alike."""

from __future__ import annotations

import re
from dataclasses import dataclass

from descend.data.fields import check_flag
from descend.errors import SpecError
from descend.spec import Spec, check_choice

__all__ = ["Form", "Wanted"]


@dataclass(frozen=True)
class Form(Spec):
    """What training found out about how its file, or folder, is written.

    Parameters
    ----------
    separator : str or None
        Between the cells of a text table; None where there are no such cells.
    header : bool
        Whether the first row of a text table named the columns.
    texts : {"line", "file", None}
        Of a folder of texts: whether each line, or each whole file, was one text.

    Examples
    --------
    >>> Form(",").header
    True
    """

    separator: str | None = None
    header: bool = True
    texts: str | None = None

    def __post_init__(self) -> None:
        mark = self.separator
        if mark is not None and not (isinstance(mark, str) and len(mark) == 1 and mark.isascii()):
            raise SpecError(f"Form: separator must be one ASCII character, got {mark!r}")
        check_flag(self, "header")
        check_choice(self, "texts", (None, "line", "file"))


@dataclass(frozen=True)
class Wanted:
    """What a model needs of a file, where the file itself leaves open how it is to be read.

    Attributes
    ----------
    columns : tuple of str
        The columns that a table must have.
    text : str or None
        The one of them, where there is one only and it holds texts.
    classes : tuple of str
        Into which the model tells its examples; names of files and folders may be of them.
    form : Form or None
        How the examples were written, where that is known.
    """

    columns: tuple[str, ...]
    text: str | None = None
    classes: tuple[str, ...] = ()
    form: Form | None = None

    def names_columns(self, first: tuple[str | None, ...]) -> bool | None:
        """Return whether a first row is a header; None where the columns do not tell.

        Examples
        --------
        >>> Wanted(("size",)).names_columns(("hue", "size"))
        True
        >>> Wanted(("column_2",)).names_columns(("ham", "See you"))
        False
        >>> Wanted(("size",)).names_columns(("blue", "3"))
        """
        needed = set(self.columns)
        if needed and needed <= set(first):
            return True
        numbered = {f"column_{place}" for place in range(1, len(first) + 1)}
        return False if needed and needed <= numbered else None

    def content(self, extension: str) -> str:
        """Return in words what a file of an ending should hold; empty where that is a table.

        Examples
        --------
        >>> Wanted(("text",), "text", form=Form(texts="line")).content(".txt")
        'texts, one a line'
        """
        unit = self.unit(b"", extension)
        if self.form is not None and unit is not None:
            rows = "" if self.form.texts else "rows of examples or "
            return rows + ("texts, one a line" if unit == "line" else "a text")
        return "" if self.form is None or self.form.header else "rows of examples"

    def unit(self, head: bytes, extension: str) -> str | None:
        """Return "line" or "file" for a file of nothing but texts, None for a table.

        Parameters
        ----------
        head : bytes
            Its beginning.
        extension : str
            As ``.txt``; empty for standard input.

        Examples
        --------
        >>> spam = Wanted(("column_2",), "column_2", form=Form("\\t", header=False))
        >>> spam.unit(b"See you, then", ".csv"), spam.unit(b"ham\\tSee you", ".csv")
        ('line', None)
        """
        if self.form is None or self.text is None:
            return None
        first, _, _ = head.lstrip().partition(b"\n")
        cells = re.split(r"[\t;|,]", first.decode(errors="replace"))
        if self.text in [cell.strip("\"' \r") for cell in cells]:
            return None
        if self.form.texts is not None:
            return self.form.texts if extension in ("", ".txt") else None
        separator = self.form.separator
        if separator is None or self.form.header or separator.encode() in head:
            return None
        return "line"
