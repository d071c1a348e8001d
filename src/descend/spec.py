"""Specs: frozen dataclasses of plain values and other specs, and their way to JSON and back.

A spec says what something is (a layer, a loss, an optimizer, a schedule, a plan) and holds no
arrays. Being frozen and plain, specs compare by value and hash, so that they key the cache of
compiled programs, print as the code that makes them, and become JSON without any code of their own.
A spec checks its own fields in ``__post_init__`` with the ``check_*`` functions below; before that
NumPy's numbers in its fields become Python's (see `plain`).
"""

from __future__ import annotations

import dataclasses
import functools
import math
from collections.abc import Iterable, Mapping
from typing import Any, TypeVar

import numpy as np

from descend.errors import SpecError, did_you_mean

__all__ = [
    "Spec",
    "check_choice",
    "check_integer",
    "check_number",
    "check_spec",
    "from_json",
    "make_plain",
    "plain",
    "to_json",
]

Value = TypeVar("Value")


def plain(value: Value) -> Value:
    """Return a number of NumPy as Python's own, also inside tuples; all else as it is.

    Numbers of less than 64 bits become the number with the fewest digits that rounds to them:
    ``np.float32(0.1)`` is 0.1, as it prints, and not 0.10000000149011612.

    Examples
    --------
    >>> plain(np.int64(8)), plain(np.float32(0.1)), plain((np.bool_(True), "a"))
    (8, 0.1, (True, 'a'))
    """
    return _plain(value)


def _plain(value: Any) -> Any:
    if type(value) is tuple:
        made = tuple(_plain(item) for item in value)
        same = all(new is old for new, old in zip(made, value, strict=True))
        return value if same else made
    if isinstance(value, np.ndarray) and value.ndim == 0:
        value = value[()]
    if isinstance(value, np.floating):
        return float(value) if value.dtype.itemsize >= 8 else float(str(value))
    return value.item() if isinstance(value, np.bool_ | np.integer | np.str_) else value


def make_plain(record: Any) -> None:
    """Make NumPy's numbers in the fields of a dataclass, frozen or not, Python's own."""
    for field in dataclasses.fields(record):
        value = getattr(record, field.name)
        made = plain(value)
        if made is not value:
            object.__setattr__(record, field.name, made)


class Spec:
    """Base of every spec. Subclasses are frozen dataclasses.

    Examples
    --------
    >>> import dataclasses
    >>> @dataclasses.dataclass(frozen=True)
    ... class Point(Spec):
    ...     x: float = 0.0
    >>> to_json(Point(2.0))
    {'kind': 'Point', 'x': 2.0}
    >>> from_json({"kind": "Point", "x": 2.0}, {"Point": Point})
    Point(x=2.0)
    >>> Point(np.float32(0.1))
    Point(x=0.1)
    """

    def __init_subclass__(cls, **options: Any) -> None:
        """Have the fields of every spec made plain before its own ``__post_init__`` checks them."""
        super().__init_subclass__(**options)
        checks = cls.__dict__.get("__post_init__")
        if checks is None:
            return

        @functools.wraps(checks)
        def plain_then_checked(self: Any) -> None:
            make_plain(self)
            checks(self)

        cls.__post_init__ = plain_then_checked

    def __post_init__(self) -> None:
        make_plain(self)

    def replace(self, **changes: Any) -> Any:
        """Return a copy with some fields changed (and checked again)."""
        return dataclasses.replace(self, **changes)  # pyright: ignore[reportArgumentType]


def to_json(value: Any) -> Any:
    """Return plain JSON values for a spec: a dict with ``kind`` and every field.

    Fields may be ``None``, booleans, integers, finite floats, strings, specs, and tuples of these.

    Raises
    ------
    SpecError
        If a field holds something else, such as a function or an array.
    """
    if isinstance(value, Spec):
        fields = dataclasses.fields(value)  # pyright: ignore[reportArgumentType]
        return {"kind": type(value).__name__} | {
            field.name: to_json(getattr(value, field.name)) for field in fields
        }
    if isinstance(value, tuple | list):
        return [to_json(item) for item in value]
    if value is None or isinstance(value, bool | int | str):
        return value
    if isinstance(value, float) and math.isfinite(value):
        return value
    raise SpecError(
        f"a spec holds only plain values and other specs, so that it can be stored; got {value!r}"
    )


def from_json(data: Any, classes: Mapping[str, type], where: str = "$") -> Any:
    """Build a spec from what `to_json` returned, using only the classes in a closed table.

    Parameters
    ----------
    data : plain JSON value
    classes : mapping of name to spec class
        The only names that ``kind`` may take. Nothing is imported or executed.
    where : str
        The JSON path used in error messages.

    Raises
    ------
    SpecError
        For an unknown kind, an unknown or missing field, or a value its spec refuses.
    """
    if isinstance(data, list):
        return tuple(from_json(v, classes, f"{where}[{i}]") for i, v in enumerate(data))
    if not isinstance(data, dict):
        return data
    kind = data.get("kind")
    if not isinstance(kind, str) or kind not in classes:
        hint = did_you_mean(kind, classes) if isinstance(kind, str) else ""
        raise SpecError(f"{where}: unknown kind {kind!r}.{hint}")
    cls = classes[kind]
    fields = {field.name: field for field in dataclasses.fields(cls)}
    given = {name: value for name, value in data.items() if name != "kind"}
    for name in given:
        if name not in fields:
            raise SpecError(f"{where}: {kind} has no field {name!r}.{did_you_mean(name, fields)}")
    for name, field in fields.items():
        required = (
            field.default is dataclasses.MISSING and field.default_factory is dataclasses.MISSING
        )
        if required and name not in given:
            raise SpecError(f"{where}: {kind} needs the field {name!r}")
    values = {name: from_json(v, classes, f"{where}.{name}") for name, v in given.items()}
    try:
        return cls(**values)
    except SpecError as error:
        raise SpecError(f"{where}: {error}") from None
    except (TypeError, ValueError, AttributeError, ArithmeticError) as error:
        raise SpecError(f"{where}: {kind} refuses these values: {error}") from None


def _refuse(spec: Any, name: str, expected: str) -> SpecError:
    return SpecError(
        f"{type(spec).__name__}: {name} must be {expected}, got {getattr(spec, name)!r}"
    )


def check_number(
    spec: Any,
    name: str,
    *,
    above: float | None = None,
    at_least: float | None = None,
    below: float | None = None,
    at_most: float | None = None,
) -> None:
    """Refuse a field that is not a finite number inside the stated bounds."""
    value = getattr(spec, name)
    bounds = [
        text
        for bound, text in (
            (above, f"above {above}"),
            (at_least, f"at least {at_least}"),
            (below, f"below {below}"),
            (at_most, f"at most {at_most}"),
        )
        if bound is not None
    ]
    expected = " ".join(["a number", " and ".join(bounds)]).strip()
    number = isinstance(value, int | float) and not isinstance(value, bool)
    if (
        not number
        or not math.isfinite(value)
        or (above is not None and not value > above)
        or (at_least is not None and not value >= at_least)
        or (below is not None and not value < below)
        or (at_most is not None and not value <= at_most)
    ):
        raise _refuse(spec, name, expected)


def check_integer(
    spec: Any, name: str, *, at_least: int | None = None, at_most: int | None = None
) -> None:
    """Refuse a field that is not an integer inside the stated bounds."""
    value = getattr(spec, name)
    bounds = [f"at least {at_least}"] if at_least is not None else []
    bounds += [f"at most {at_most}"] if at_most is not None else []
    if (
        not isinstance(value, int)
        or isinstance(value, bool)
        or (at_least is not None and value < at_least)
        or (at_most is not None and value > at_most)
    ):
        raise _refuse(spec, name, " ".join(["an integer", " and ".join(bounds)]).strip())


def check_choice(spec: Any, name: str, choices: Iterable[Any]) -> None:
    """Refuse a field that is not one of the choices; the message lists them."""
    value, choices = getattr(spec, name), list(choices)
    if value not in choices:
        hint = did_you_mean(value, map(str, choices)) if isinstance(value, str) else ""
        listed = ", ".join(map(str, choices))
        raise SpecError(f"{_refuse(spec, name, f'one of {listed}')}.{hint}")


def check_spec(spec: Any, name: str, kind: type) -> None:
    """Refuse a field that is not a spec of the given kind."""
    if not isinstance(getattr(spec, name), kind):
        raise _refuse(spec, name, f"a {kind.__name__.lower()} spec")
