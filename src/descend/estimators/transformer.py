"""A trained network's hidden activations as features for other models."""

from __future__ import annotations

from typing import Any

import numpy as np
from sklearn.base import (
    BaseEstimator,
    ClassNamePrefixFeaturesOutMixin,
    TransformerMixin,
    clone,
)
from sklearn.utils.multiclass import type_of_target
from sklearn.utils.validation import check_is_fitted

from descend.errors import UsageError
from descend.estimators.building import on_device
from descend.estimators.classifier import NeuralClassifier
from descend.estimators.regressor import NeuralRegressor
from descend.layers import Sequential
from descend.layers.summary import output_shape
from descend.spec import plain
from descend.training import raw_outputs

__all__ = ["NeuralTransformer"]


class NeuralTransformer(ClassNamePrefixFeaturesOutMixin, TransformerMixin, BaseEstimator):
    """What the last hidden layer of a network says about each row.

    A network is trained to predict y; the activations before its output layer are features that
    tell the targets apart, for another model to use.

    Parameters
    ----------
    estimator : NeuralClassifier, NeuralRegressor or None
        What to train. None: a classifier for classes and a regressor for numbers, with
        ``random_state``.
    layer : int
        Which layers to go through: -1 ends before the output layer, -2 one layer earlier, 2 after
        the second layer. At least one layer, and never the output layer.
    random_state : int, RandomState or None
        For ``estimator=None``.

    Attributes
    ----------
    estimator_ : NeuralClassifier or NeuralRegressor
        The one trained.
    n_features_in_, feature_names_in_
        As in scikit-learn.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> X, y = load_iris(return_X_y=True)
    >>> network = NeuralClassifier((16, 3), max_epochs=20, random_state=0)
    >>> NeuralTransformer(network).fit(X, y).transform(X).shape
    (150, 3)
    """

    def __init__(
        self, estimator: Any = None, *, layer: Any = -1, random_state: Any = None
    ) -> None:  # fmt: skip
        self.estimator = estimator
        self.layer = layer
        self.random_state = random_state

    def fit(self, X: Any, y: Any, sample_weight: Any = None) -> NeuralTransformer:
        """Train the network.

        Parameters
        ----------
        X, y, sample_weight : as for `NeuralClassifier.fit`

        Returns
        -------
        self : NeuralTransformer

        Raises
        ------
        UsageError
            If the network has no such layer, or its output layer alone.
        """
        if y is None:
            raise ValueError("NeuralTransformer requires y to be passed, but the target y is None")
        if self.estimator is None:
            numbers = str(type_of_target(y)).startswith("continuous")
            chosen = NeuralRegressor if numbers else NeuralClassifier
            estimator: Any = chosen(random_state=self.random_state)
        else:
            estimator = clone(self.estimator)
        if not isinstance(estimator, NeuralClassifier | NeuralRegressor):
            raise UsageError(
                "estimator must be a NeuralClassifier or a NeuralRegressor, got "
                f"{type(self.estimator).__name__}"
            )
        self._checked_layer()
        self.estimator_ = estimator.fit(X, y, sample_weight)
        self.n_features_in_ = estimator.n_features_in_
        self.__dict__.pop("feature_names_in_", None)
        if hasattr(estimator, "feature_names_in_"):
            self.feature_names_in_ = estimator.feature_names_in_
        self._hidden()
        return self

    def transform(self, X: Any) -> np.ndarray:
        """Return the activations, float32 (rows, units)."""
        check_is_fitted(self)
        fitted = self.estimator_
        inputs = fitted._inputs(X)
        with on_device(fitted.device):
            return raw_outputs(self._hidden(), fitted.params_, fitted.state_, inputs)

    def _checked_layer(self) -> int:
        layer = plain(self.layer)
        if not isinstance(layer, int) or isinstance(layer, bool):
            raise UsageError(
                "layer must be an integer, as -1 for all layers but the output layer; "
                f"got {layer!r}"
            )
        return layer

    def _hidden(self) -> Sequential:
        layers, layer = self.estimator_.network_.layers, self._checked_layer()
        last = len(layers) - 1
        if not last:
            raise UsageError(
                "the network is its output layer alone, so there are no features: give the "
                "estimator a hidden layer, as in hidden_layer_sizes=(32,)"
            )
        if not 1 <= abs(layer) <= last:
            raise UsageError(
                f"layer={layer} is no layer to end at: the network has {len(layers)} layers, the "
                f"output layer included, so that layer goes from {-last} to -1 or from 1 to {last}"
            )
        return Sequential(tuple(layers[:layer]))

    @property
    def _n_features_out(self) -> int:
        """The number of features, for ``get_feature_names_out``."""
        shape = self.estimator_.preprocessing_.input_shape
        return output_shape(self._hidden(), shape)[0]

    def __sklearn_is_fitted__(self) -> bool:
        """Whether there is a trained network."""
        return hasattr(self, "estimator_")

    def __sklearn_tags__(self) -> Any:
        """Say that y is needed and gaps are fine."""
        tags = super().__sklearn_tags__()
        tags.target_tags.required = True
        tags.input_tags.allow_nan = True
        tags.transformer_tags.preserves_dtype = []  # float32, which is what networks compute in
        return tags
