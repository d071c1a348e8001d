"""Specs: to JSON and back, and the checks of their fields."""

import dataclasses
import json
import math

import numpy as np
import pytest

from descend.errors import SpecError
from descend.spec import (
    Spec,
    check_choice,
    check_integer,
    check_number,
    check_spec,
    from_json,
    make_plain,
    plain,
    to_json,
)


@dataclasses.dataclass(frozen=True)
class Point(Spec):
    """A spec with a default."""

    x: float
    y: float = 0.0

    def __post_init__(self) -> None:
        check_number(self, "x", above=-10, at_most=10)


@dataclasses.dataclass(frozen=True)
class Path(Spec):
    """A spec that holds others."""

    points: tuple[Point, ...]
    name: str | None = None


CLASSES = {"Point": Point, "Path": Path}


def test_there_and_back():
    path = Path((Point(1.5), Point(2, -3.0)), "ä")
    data = to_json(path)
    assert data == {
        "kind": "Path",
        "points": [{"kind": "Point", "x": 1.5, "y": 0.0}, {"kind": "Point", "x": 2, "y": -3.0}],
        "name": "ä",
    }
    assert from_json(json.loads(json.dumps(data)), CLASSES) == path


def test_defaults_may_be_left_out():
    assert from_json({"kind": "Point", "x": 1}, CLASSES) == Point(1)


def test_replace_checks_again():
    assert Point(1).replace(x=2) == Point(2)
    with pytest.raises(SpecError, match="x must be"):
        Point(1).replace(x=99)


@pytest.mark.parametrize("value", [math.nan, math.inf, {1}, b"x", 1j, abs, object()])
def test_only_plain_values_are_stored(value):
    with pytest.raises(SpecError, match="plain values"):
        to_json(Path((), value))


@pytest.mark.parametrize(
    ("data", "message"),
    [
        ({"kind": "Pont", "x": 1}, r"\$: unknown kind 'Pont'. Did you mean \"Point\"\?"),
        ({"x": 1}, r"\$: unknown kind None"),
        ({"kind": ["Point"]}, "unknown kind"),
        ({"kind": "Point"}, r"\$: Point needs the field 'x'"),
        ({"kind": "Point", "x": 1, "z": 2}, "Point has no field 'z'"),
        ({"kind": "Point", "x": 99}, r"\$: Point: x must be a number above -10 and at most 10"),
        ({"kind": "Point", "x": "1"}, "x must be a number"),
        ({"kind": "Path", "points": [{"kind": "Point", "x": True}]}, r"\$\.points\[0\]: Point"),
        ({"kind": "Path", "points": [{"x": 1}]}, r"\$\.points\[0\]: unknown kind"),
    ],
)
def test_what_comes_back_is_checked(data, message):
    with pytest.raises(SpecError, match=message):
        from_json(data, CLASSES)


def test_errors_of_a_spec_say_where():
    class Stubborn(Point):
        def __post_init__(self) -> None:
            raise TypeError("no")

    data = [{"kind": "Stubborn", "x": 1}]
    with pytest.raises(SpecError, match=r"\$\[0\]: Stubborn refuses these values: no"):
        from_json(data, {"Stubborn": dataclasses.dataclass(frozen=True)(Stubborn)})


@dataclasses.dataclass(frozen=True)
class Field(Spec):
    """A spec of one unchecked field."""

    value: object


@pytest.mark.parametrize("value", [0.5, 1, 2.0])
def test_numbers_inside_their_bounds(value):
    check_number(Field(value), "value", above=0, at_most=2)
    check_number(Field(value), "value", at_least=0.5, below=2.1)


@pytest.mark.parametrize("value", [0, 2.5, True, "1", None, math.nan, math.inf, (1,)])
def test_numbers_outside(value):
    with pytest.raises(SpecError, match="Field: value must be a number above 0 and at most 2"):
        check_number(Field(value), "value", above=0, at_most=2)


@pytest.mark.parametrize("value", [0, 4, 1.0, True, "2", None])
def test_integers_outside(value):
    check_integer(Field(2), "value", at_least=1, at_most=3)
    with pytest.raises(SpecError, match="an integer at least 1 and at most 3, got"):
        check_integer(Field(value), "value", at_least=1, at_most=3)


def test_choices():
    check_choice(Field(None), "value", (None, "balanced"))
    with pytest.raises(SpecError, match=r"one of None, balanced, got 'balance'\..*balanced"):
        check_choice(Field("balance"), "value", (None, "balanced"))


def test_specs_of_a_kind():
    check_spec(Field(Point(1)), "value", Point)
    with pytest.raises(SpecError, match="a point spec, got 3"):
        check_spec(Field(3), "value", Point)


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        (np.int64(3), 3),
        (np.uint8(3), 3),
        (np.float64(0.1), 0.1),
        (np.float32(0.1), 0.1),
        (np.float16(0.1), 0.1),
        (np.float32(np.inf), math.inf),
        (np.bool_(False), False),
        (np.str_("a"), "a"),
        (np.array(7), 7),
        ((np.int64(1), ("a", np.float32(0.5))), (1, ("a", 0.5))),
    ],
)
def test_numbers_of_numpy_become_pythons(given, expected):
    made = plain(given)
    assert made == expected
    assert repr(made) == repr(expected)


def test_what_is_plain_already_is_left_alone():
    for value in ((1, 2.0, "a"), [np.int64(1)], None, object(), np.zeros(2)):
        assert plain(value) is value


def test_a_spec_without_checks_and_one_with_a_parent_are_made_plain():
    @dataclasses.dataclass(frozen=True)
    class Further(Point):
        z: object = None

        def __post_init__(self) -> None:
            super().__post_init__()
            check_integer(self, "z")

    assert repr(Field(np.float32(0.1))) == "Field(value=0.1)"
    assert to_json(Further(np.float64(1.5), z=np.int64(2)))["z"] == 2
    with pytest.raises(SpecError, match="z must be an integer, got"):
        Further(np.float64(1.5), z=np.float64(2.5))


def test_dataclasses_that_are_no_specs_can_be_made_plain():
    @dataclasses.dataclass
    class Record:
        value: object

    record = Record(np.int32(4))
    make_plain(record)
    assert type(record.value) is int
