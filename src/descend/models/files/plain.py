"""Checks of specs whose fields are plain values, by their annotations.

Reports and provenance come back from model files that anyone may have written, so each field is
checked to be what its annotation says before anything reads it.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import fields
from typing import Any

from descend.data.fields import is_text
from descend.errors import SpecError
from descend.spec import Spec

__all__ = ["check_plain"]


def _count(value: Any) -> bool:
    return type(value) is int and 0 <= value < 2**63


def _number(value: Any) -> bool:
    # An integer of a thousand digits is no float, and math.isfinite would overflow.
    return type(value) in (int, float) and abs(value) <= sys.float_info.max


def _maybe(check: Callable[[Any], bool]) -> Callable[[Any], bool]:
    return lambda value: value is None or check(value)


def _several(check: Callable[[Any], bool]) -> Callable[[Any], bool]:
    return lambda value: isinstance(value, tuple) and all(map(check, value))


_CHECKS: dict[str, Callable[[Any], bool]] = {
    "str": is_text,
    "int": _count,
    "float": _number,
    "float | None": _maybe(_number),
    "tuple[str, ...]": _several(is_text),
    "tuple[float, ...]": _several(_number),
    "tuple[float | None, ...]": _several(_maybe(_number)),
    "tuple[tuple[int, ...], ...]": _several(_several(_count)),
}


def check_plain(spec: Spec) -> None:
    """Refuse a spec whose plain fields are not what their annotations say.

    Integers are counts, from 0 to 2**63 - 1; numbers are finite; text is text that UTF-8 can
    write. Fields of other annotations are left to the spec itself.

    Raises
    ------
    SpecError
        Names the field.
    """
    for field in fields(spec):  # pyright: ignore[reportArgumentType]
        value = getattr(spec, field.name)
        check = _CHECKS.get(str(field.type))
        if check is not None and not check(value):
            shown = repr(value)[:80]
            raise SpecError(
                f"{type(spec).__name__}: {field.name} must be {field.type}, got {shown}"
            )
