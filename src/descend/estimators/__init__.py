"""The scikit-learn face: estimators for pipelines, searches and cross-validation.

`MLPClassifier` and `MLPRegressor` take the place of scikit-learn's classes of the same names:
change one import, keep the code. `NeuralClassifier`, `NeuralRegressor` and `NeuralTransformer` are
Descend's own and do more. `SideBySideSearchCV` trains the candidates of a search together, and
`worker_processes` lets the workers of other searches share what they compile. scikit-learn is
imported here and nowhere else in Descend.
"""

from descend.estimators.classifier import NeuralClassifier
from descend.estimators.multi_output import NeuralMultiOutput
from descend.estimators.perceptrons import MLPClassifier, MLPRegressor
from descend.estimators.regressor import NeuralRegressor
from descend.estimators.search import SideBySideSearchCV
from descend.estimators.transformer import NeuralTransformer
from descend.estimators.workers import heed_threads, worker_processes

__all__ = [
    "MLPClassifier",
    "MLPRegressor",
    "NeuralClassifier",
    "NeuralMultiOutput",
    "NeuralRegressor",
    "NeuralTransformer",
    "SideBySideSearchCV",
    "worker_processes",
]

heed_threads()
