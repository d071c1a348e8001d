"""Checks of the fields that specs of data share: names, lists of words, lists of numbers.

A fitted spec comes back from a model file that anyone may have written, so each field is checked
before it is used: `descend.spec.SpecError`, never a crash later on.
"""

from __future__ import annotations

import math
import sys
from typing import Any

from descend.errors import SpecError

__all__ = [
    "MOST_VALUES",
    "check_counts",
    "check_finite",
    "check_flag",
    "check_specs",
    "check_text",
    "check_words",
    "is_text",
]

MOST_VALUES = 1_000_000
"""No list in a fitted spec may be longer: beyond it a file is damaged or hostile."""


def _refuse(spec: Any, name: str, expected: str) -> SpecError:
    shown = repr(getattr(spec, name))
    shown = shown if len(shown) <= 80 else shown[:77] + "..."
    return SpecError(f"{type(spec).__name__}: {name} must be {expected}, got {shown}")


def is_text(*words: Any) -> bool:
    """Whether all words are strings that UTF-8 can write; half a surrogate pair cannot be.

    Examples
    --------
    >>> is_text("a", "b"), is_text("a", 1), is_text(chr(0xD800))
    (True, False, False)
    """
    try:
        "".join(words).encode()
    except (TypeError, UnicodeEncodeError):
        return False
    return True


def check_text(spec: Any, name: str) -> None:
    """Refuse a field that is not a string that UTF-8 can write."""
    if not is_text(getattr(spec, name)):
        raise _refuse(spec, name, "text")


def check_flag(spec: Any, name: str) -> None:
    """Refuse a field that is not true or false."""
    if not isinstance(getattr(spec, name), bool):
        raise _refuse(spec, name, "true or false")


def check_words(spec: Any, name: str) -> None:
    """Refuse a field that is not a tuple of different strings."""
    value = getattr(spec, name)
    if (
        not isinstance(value, tuple)
        or len(value) > MOST_VALUES
        or not is_text(*value)
        or len(set(value)) != len(value)
    ):
        raise _refuse(spec, name, f"a tuple of at most {MOST_VALUES:,} different strings")


def check_counts(spec: Any, name: str, length: int) -> None:
    """Refuse a field that is not a tuple of `length` integers, each 0 or more."""
    value = getattr(spec, name)
    if (
        not isinstance(value, tuple)
        or len(value) != length
        or not all(type(count) is int and count >= 0 for count in value)
    ):
        raise _refuse(spec, name, f"a tuple of {length} integers of 0 or more")


def check_specs(spec: Any, name: str, kinds: type | tuple[type, ...]) -> None:
    """Refuse a field that is not a tuple of specs of the given kinds."""
    value = getattr(spec, name)
    if (
        not isinstance(value, tuple)
        or len(value) > MOST_VALUES
        or not all(isinstance(item, kinds) for item in value)
    ):
        kinds = kinds if isinstance(kinds, tuple) else (kinds,)
        raise _refuse(spec, name, "a tuple of " + ", ".join(kind.__name__ for kind in kinds))


def check_finite(spec: Any, *names: str) -> None:
    """Refuse fields that are not finite numbers."""
    for name in names:
        value = getattr(spec, name)
        number = isinstance(value, int | float) and not isinstance(value, bool)
        # An integer of a thousand digits is no float, and math.isfinite would overflow.
        if not number or abs(value) > sys.float_info.max or not math.isfinite(value):
            raise _refuse(spec, name, "a finite number")
