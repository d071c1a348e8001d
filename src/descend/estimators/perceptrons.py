"""`MLPClassifier` and `MLPRegressor`: scikit-learn's perceptrons, computed by Descend."""

from __future__ import annotations

from typing import Any

import numpy as np
from sklearn import neural_network
from sklearn.metrics import accuracy_score, r2_score
from sklearn.preprocessing import LabelBinarizer
from sklearn.utils.metaestimators import available_if
from sklearn.utils.multiclass import (
    _check_partial_fit_first_call,  # pyright: ignore[reportPrivateUsage]
    type_of_target,
    unique_labels,
)
from sklearn.utils.validation import check_is_fitted

from descend.estimators.drop_in import DropIn

__all__ = ["MLPClassifier", "MLPRegressor"]


def _can_step(estimator: Any) -> bool:
    return estimator._check_steps()


class MLPClassifier(DropIn, neural_network.MLPClassifier):
    """scikit-learn's ``MLPClassifier``, only faster: change one import, keep the code.

    Parameters, attributes and their meaning are those of ``sklearn.neural_network.MLPClassifier``,
    of which this is a subclass. The same ``random_state`` gives the same fit but for rounding.
    What differs:

    - ``coefs_`` after ``solver="lbfgs"`` are those of another path to the same minimum, the
      rounding of the first steps being another.
    - A fit whose loss has become NaN or infinite ends at once instead of at ``max_iter``.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> X, y = load_iris(return_X_y=True)
    >>> model = MLPClassifier((10,), max_iter=500, learning_rate_init=0.01, random_state=1)
    >>> model.fit(X, y).predict(X[:2])
    array([0, 0])
    >>> [w.shape for w in model.coefs_]
    [(4, 10), (10, 3)]
    """

    classes_: np.ndarray
    _label_binarizer: LabelBinarizer

    @available_if(_can_step)
    def partial_fit(self, X: Any, y: Any, sample_weight: Any = None, classes: Any = None) -> Any:
        """Update the model with a single epoch over the given rows.

        Parameters
        ----------
        X, y, sample_weight : as in `fit`
        classes : array, optional
            Every class that may ever come; needed at the first call.

        Returns
        -------
        self : object
            The estimator.
        """
        if _check_partial_fit_first_call(self, classes):
            several = str(type_of_target(y)).startswith("multilabel")
            self._label_binarizer = LabelBinarizer().fit(y if several else classes)
        return self._train(X, y, sample_weight, part=True)

    def predict(self, X: Any) -> np.ndarray:
        """Return the label of each row, or its labels."""
        check_is_fitted(self)
        return self._named(self._linked(self._raw(X)))

    def predict_proba(self, X: Any) -> np.ndarray:
        """Return the probability of each class, (rows, classes), as ``classes_`` orders them."""
        check_is_fitted(self)
        linked = self._linked(self._raw(X))
        if self.n_outputs_ == 1:
            return np.concatenate([1 - linked, linked], axis=1)
        return linked

    def _named(self, linked: np.ndarray) -> np.ndarray:
        linked = linked.ravel() if self.n_outputs_ == 1 else linked
        return np.asarray(self._label_binarizer.inverse_transform(linked))

    def _targets(self, y: np.ndarray, *, learn: bool) -> np.ndarray:
        if learn:
            self._label_binarizer = LabelBinarizer().fit(y)
            self.classes_ = self._label_binarizer.classes_
        else:
            found = unique_labels(y)
            if self.warm_start and set(found) != set(self.classes_):
                raise ValueError(
                    "warm_start can only be used where `y` has the same classes as in the previous "
                    f"call to fit. Previously got {self.classes_}, `y` has {found}"
                )
            if len(np.setdiff1d(found, self.classes_, assume_unique=True)):
                raise ValueError(
                    "`y` has classes not in `self.classes_`. `self.classes_` has "
                    f"{self.classes_}. 'y' has {found}."
                )
        targets: Any = self._label_binarizer.transform(y)
        return np.asarray(targets).astype(bool)

    def _as_read(self, targets: np.ndarray) -> np.ndarray:
        if self.out_activation_ == "softmax":
            return targets.argmax(axis=1).astype(np.int32)
        return (targets[:, 0] if self.n_outputs_ == 1 else targets).astype(np.float32)

    def _score_of(self, raw: np.ndarray, targets: np.ndarray, weights: Any) -> float:
        truth = self._label_binarizer.inverse_transform(targets)
        found = self._named(self._linked(raw))
        return float(accuracy_score(truth, found, sample_weight=weights))

    def _out_activation(self) -> str:
        return "softmax" if self._label_binarizer.y_type_ == "multiclass" else "logistic"


class MLPRegressor(DropIn, neural_network.MLPRegressor):
    """scikit-learn's ``MLPRegressor``, only faster: change one import, keep the code.

    Parameters, attributes and their meaning are those of ``sklearn.neural_network.MLPRegressor``,
    of which this is a subclass. The same ``random_state`` gives the same fit but for rounding.
    What differs is listed at `MLPClassifier`; and for several outputs, ``solver="lbfgs"`` descends
    one function, where scikit-learn's value and gradient are of two (its issue 8349).

    Examples
    --------
    >>> X = np.linspace(-3, 3, 100)[:, None]
    >>> model = MLPRegressor(hidden_layer_sizes=(20,), solver="lbfgs", random_state=1)
    >>> bool(model.fit(X, np.sin(X[:, 0])).score(X, np.sin(X[:, 0])) > 0.99)
    True
    """

    @available_if(_can_step)
    def partial_fit(self, X: Any, y: Any, sample_weight: Any = None) -> Any:
        """Update the model with a single epoch over the given rows.

        Parameters
        ----------
        X, y, sample_weight : as in `fit`

        Returns
        -------
        self : object
            The estimator.
        """
        return self._train(X, y, sample_weight, part=True)

    def predict(self, X: Any) -> np.ndarray:
        """Return the predicted number of each row, (rows,) or (rows, outputs)."""
        check_is_fitted(self)
        linked = self._linked(self._raw(X))
        return linked.ravel() if linked.shape[1] == 1 else linked

    def _targets(self, y: np.ndarray, *, learn: bool) -> np.ndarray:
        del learn
        return y[:, None] if y.ndim == 1 else y

    def _as_read(self, targets: np.ndarray) -> np.ndarray:
        return targets.astype(np.float64)

    def _score_of(self, raw: np.ndarray, targets: np.ndarray, weights: Any) -> float:
        linked = self._linked(raw)
        if not np.isfinite(linked).all():
            return float("nan")
        return float(r2_score(targets, linked, sample_weight=weights))

    def _out_activation(self) -> str:
        return "exp" if self.loss == "poisson" else "identity"
