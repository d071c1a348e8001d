"""The scikit-learn face: estimators for pipelines, searches and cross-validation.

`MLPClassifier` and `MLPRegressor` take the place of scikit-learn's classes of the same names:
change one import, keep the code. `NeuralClassifier`, `NeuralRegressor` and `NeuralTransformer` are
Descend's own and do more. scikit-learn is imported here and nowhere else in Descend.
"""

from descend.estimators.classifier import NeuralClassifier
from descend.estimators.perceptrons import MLPClassifier, MLPRegressor
from descend.estimators.regressor import NeuralRegressor
from descend.estimators.search import SideBySideSearchCV
from descend.estimators.transformer import NeuralTransformer

__all__ = [
    "MLPClassifier",
    "MLPRegressor",
    "NeuralClassifier",
    "NeuralRegressor",
    "NeuralTransformer",
    "SideBySideSearchCV",
]
