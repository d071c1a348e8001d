"""scikit-learn's callbacks, told of a fit and of each of its epochs.

scikit-learn has them from version 1.9 on; with an older one nothing here does anything.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

try:
    from sklearn import callback as sklearn_callback
except ImportError:
    sklearn_callback: Any = None

__all__ = ["Callbacks", "FitTask", "with_callbacks"]

Callbacks: Any = object if sklearn_callback is None else sklearn_callback.CallbackSupportMixin
"""What gives an estimator ``set_callbacks``."""


def with_callbacks(fit: Callable[..., Any]) -> Callable[..., Any]:
    """Return a ``fit`` that ends its callbacks however it ends."""
    return fit if sklearn_callback is None else sklearn_callback.with_callbacks(fit)


class FitTask:
    """A fit, as scikit-learn's callbacks see it: a task whose subtasks are the epochs.

    Parameters
    ----------
    estimator : BaseEstimator
        Its class derives from `Callbacks`, and its ``fit`` is wrapped by `with_callbacks`.
    X, y : as handed to ``fit``
    sample_weight : array or None
    epochs : int
        At most so many.
    """

    def __init__(self, estimator: Any, X: Any, y: Any, sample_weight: Any, epochs: int) -> None:
        metadata = None if sample_weight is None else {"sample_weight": sample_weight}
        self._told: dict[str, Any] = {"estimator": estimator, "X": X, "y": y, "metadata": metadata}
        self._fit: Any = None
        self._epoch: Any = None
        if hasattr(estimator, "_init_callback_context"):
            self._fit = estimator._init_callback_context(max_subtasks=epochs)
            self._fit.call_on_fit_task_begin(**self._told)

    def begin_epoch(self) -> None:
        """Tell that an epoch begins."""
        if self._fit is not None:
            self._epoch = self._fit.subcontext(task_name="epoch")
            self._epoch.call_on_fit_task_begin(**self._told)

    def end_epoch(self, attributes: Callable[[], dict[str, Any]]) -> bool:
        """Tell that an epoch is over; return whether a callback asks to stop.

        Parameters
        ----------
        attributes : function () -> dict
            What makes a copy of the estimator one that was fitted up to here.
        """
        if self._epoch is None:
            return False
        epoch, self._epoch = self._epoch, None
        return bool(epoch.call_on_fit_task_end(**self._told, reconstruction_attributes=attributes))

    def end(self) -> None:
        """Tell that the fit is over."""
        if self._fit is not None:
            self._fit.call_on_fit_task_end(**self._told, reconstruction_attributes={})
