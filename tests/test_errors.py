"""The tree of errors: what each one is, its exit code, and that its drawing is true."""

import inspect
import re

import pytest

from descend import errors

ERRORS = [getattr(errors, name) for name in errors.__all__ if name.endswith("Error")]


def test_every_error_is_drawn_with_its_exit_code():
    drawn = dict(re.findall(r"[├└]── (\w+) +(\d)", errors.__doc__))
    codes = {cls.__name__: str(cls.exit_code) for cls in ERRORS}
    assert codes.pop("DescendError") == "1"  # never raised itself, only its kinds
    assert codes == drawn


@pytest.mark.parametrize("cls", ERRORS)
def test_every_error_can_be_caught_by_the_base(cls):
    assert issubclass(cls, errors.DescendError)
    assert inspect.getdoc(cls)


@pytest.mark.parametrize(
    ("cls", "base"),
    [
        (errors.UsageError, ValueError),
        (errors.SpecError, errors.UsageError),
        (errors.DataError, ValueError),
        (errors.TableError, errors.DataError),
        (errors.TargetError, errors.DataError),
        (errors.ColumnError, errors.DataError),
        (errors.MissingExtraError, ImportError),
        (errors.DivergedError, ArithmeticError),
        (errors.ModelFileError, ValueError),
        (errors.OutputError, OSError),
    ],
)
def test_errors_are_also_the_ones_of_python(cls, base):
    assert issubclass(cls, base)


def test_divergence_knows_its_step():
    error = errors.DivergedError("the loss is infinite", 812)
    assert (str(error), error.step) == ("the loss is infinite", 812)


@pytest.mark.parametrize(
    ("word", "choices", "hint"),
    [
        ("speces", ["species", "island"], ' Did you mean "species"?'),
        ("ISLAND", ["species", "island"], ' Did you mean "island"?'),
        ("adam", iter(["Adam", "SGD"]), ' Did you mean "Adam"?'),
        ("zzz", ["species", "island"], ""),
        ("species", [], ""),
        ("", ["species"], ""),
    ],
)
def test_did_you_mean(word, choices, hint):
    assert errors.did_you_mean(word, choices) == hint
