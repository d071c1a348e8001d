"""Pickles of estimators whose optimizer is an optax transformation.

Such a transformation is a pair of functions within functions: pickle refuses these, joblib can
pack them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import joblib
import optax

from descend.errors import UsageError

__all__ = ["packed", "unpacked"]


@dataclass(frozen=True)
class _Packed:
    """A transformation on its way into a pickle; a copy within this process shares it."""

    held: optax.GradientTransformation

    def __deepcopy__(self, memo: Any) -> _Packed:
        return self

    def __reduce__(self) -> Any:
        try:
            return joblib.wrap_non_picklable_objects(self.held, keep_wrapper=False).__reduce__()
        except Exception as error:  # whatever the functions hold may refuse in a way of its own
            raise UsageError(
                "the optimizer, an optax transformation, cannot be pickled, because of what it "
                f'holds: {error}. estimator.set_params(optimizer="adam") leaves it out, and what '
                "was fitted as it is; or save a model file, which is without it"
            ) from error


def packed(state: dict[str, Any]) -> dict[str, Any]:
    """Return what an estimator hands to pickle, with an optax transformation packed.

    Examples
    --------
    >>> import pickle
    >>> state = pickle.loads(pickle.dumps(packed({"optimizer": optax.sgd(0.1)})))
    >>> isinstance(state["optimizer"], optax.GradientTransformation)
    True
    """
    optimizer = state.get("optimizer")
    if isinstance(optimizer, optax.GradientTransformation):
        return state | {"optimizer": _Packed(optimizer)}
    return state


def unpacked(state: dict[str, Any]) -> dict[str, Any]:
    """Return a state as it was before `packed`, where it was copied without a pickle."""
    optimizer = state.get("optimizer")
    return state | {"optimizer": optimizer.held} if isinstance(optimizer, _Packed) else state
