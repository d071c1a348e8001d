"""A network with several outputs of mixed kinds: classes beside numbers."""

from __future__ import annotations

import os
from typing import Any

import numpy as np
import polars as pl
from sklearn.utils.metaestimators import available_if

from descend import metrics
from descend.data.declared import declared_kinds
from descend.data.formats.objects import frame_of
from descend.data.targets import ClassTarget, NumberTarget, Target
from descend.errors import TargetError, UsageError
from descend.estimators.keeping import model_of, read_model
from descend.estimators.network_estimator import NetworkEstimator
from descend.estimators.targets import (
    class_targets,
    codes_of,
    encode_classes,
    encode_numbers,
    free_names,
    number_targets,
    numbers_of,
    parts,
    probabilities_of,
    target_loss,
)
from descend.models import Model
from descend.training import linked_outputs

__all__ = ["NeuralMultiOutput"]

KINDS = ("class", "number")


def _has_classes(estimator: Any) -> bool:
    """Whether there is an output of classes, as far as is known."""
    if not any(known is not None for known in getattr(estimator, "classes_", [()])):
        raise AttributeError("every output is a number: there are no classes, and no probabilities")
    return True


class NeuralMultiOutput(NetworkEstimator):
    """One network that learns several outputs at once, each classes or numbers.

    A column of y that holds nothing but numbers is a number, any other is classes, and so is a
    declared category of a DataFrame; ``target_kinds`` overrules. Each output has the loss of its
    kind, and they count alike: numbers are standardised before.

    Parameters
    ----------
    target_kinds : dict or None
        What outputs are, where that is not what they look like: ``{"stars": "class"}``, by the
        name of the column, or by its place from 0 where y has no names.
    hidden_layer_sizes, activation, network, optimizer, learning_rate, schedule, batch_size, \
max_epochs, weight_decay, dropout, normalization, clip_norm, scale, column_kinds, early_stopping, \
validation_fraction, patience, watch, restarts, shuffle, warm_start, on_epoch, device, \
random_state, verbose
        As for `NeuralClassifier`. With ``watch="score"`` the score is that of `score`.

    Attributes
    ----------
    classes_ : list
        The labels of each output; None for numbers.
    target_names_ : list of str
        The columns of y.
    network_, loss_, descent_, preprocessing_, params_, state_, history_, best_epoch_, ended_, \
n_features_in_, feature_names_in_
        As for `NeuralClassifier`.

    Examples
    --------
    >>> X = np.linspace(-3, 3, 200)[:, None]
    >>> y = pl.DataFrame({"sine": np.sin(X[:, 0]), "side": np.where(X[:, 0] > 0, "right", "left")})
    >>> model = NeuralMultiOutput(max_epochs=60, random_state=0).fit(X, y)
    >>> model.predict(X[-1:])["side"][0], bool(model.score(X, y) > 0.9)
    ('right', True)
    """

    classes_: list[Any]

    def __init__(
        self,
        hidden_layer_sizes: Any = "auto",
        activation: Any = "relu",
        *,
        network: Any = None,
        target_kinds: Any = None,
        optimizer: Any = "adam",
        learning_rate: Any = None,
        schedule: Any = "auto",
        batch_size: Any = "auto",
        max_epochs: Any = "auto",
        weight_decay: Any = None,
        dropout: Any = 0.0,
        normalization: Any = None,
        clip_norm: Any = None,
        scale: Any = "standard",
        column_kinds: Any = None,
        early_stopping: Any = "auto",
        validation_fraction: Any = 0.1,
        patience: Any = 20,
        watch: Any = "loss",
        restarts: Any = 1,
        shuffle: Any = True,
        warm_start: Any = False,
        on_epoch: Any = None,
        device: Any = None,
        random_state: Any = None,
        verbose: Any = False,
    ) -> None:
        self.hidden_layer_sizes = hidden_layer_sizes
        self.activation = activation
        self.network = network
        self.target_kinds = target_kinds
        self.optimizer = optimizer
        self.learning_rate = learning_rate
        self.schedule = schedule
        self.batch_size = batch_size
        self.max_epochs = max_epochs
        self.weight_decay = weight_decay
        self.dropout = dropout
        self.normalization = normalization
        self.clip_norm = clip_norm
        self.scale = scale
        self.column_kinds = column_kinds
        self.early_stopping = early_stopping
        self.validation_fraction = validation_fraction
        self.patience = patience
        self.watch = watch
        self.restarts = restarts
        self.shuffle = shuffle
        self.warm_start = warm_start
        self.on_epoch = on_epoch
        self.device = device
        self.random_state = random_state
        self.verbose = verbose

    def fit(self, X: Any, y: Any, *arguments: Any, **more: Any) -> Any:
        """Train the network.

        Parameters
        ----------
        X : as for `NeuralClassifier.fit`
        y : DataFrame or array (rows, outputs)
        sample_weight, X_val, y_val, sample_weight_val : optional
            As for `NeuralClassifier.fit`.

        Returns
        -------
        self : NeuralMultiOutput

        Raises
        ------
        ValueError
            If a parameter, the inputs or the targets cannot be used.
        """
        self._library = type(y).__module__.partition(".")[0] if hasattr(y, "columns") else ""
        self._flat = np.ndim(y) == 1
        named = y if hasattr(y, "columns") else getattr(y, "to_frame", lambda: None)()
        self._declared = {} if named is None else declared_kinds(frame_of(named)[0])
        return super().fit(X, y, *arguments, **more)

    def predict(self, X: Any) -> Any:
        """Return what is predicted for each output: a DataFrame where y was one, else an array."""
        raw = self._raw(X)
        columns = []
        for target, labels, (loss, part) in zip(
            self.targets_, self.classes_, parts(self.loss_, raw), strict=True
        ):
            if isinstance(target, NumberTarget):
                columns.append(numbers_of(target, linked_outputs(loss, part)[:, 0]))
            else:
                columns.append(labels[codes_of(part)])
        return self._answers(columns)

    @available_if(_has_classes)
    def predict_proba(self, X: Any) -> Any:
        """Return the probability of each class, (rows, classes), by the name of its output.

        Where y was a single column of classes, the array itself.
        """
        raw = self._raw(X)
        pieces = zip(self.target_names_, self.targets_, parts(self.loss_, raw), strict=True)
        found = {
            name: probabilities_of(loss, part)
            for name, target, (loss, part) in pieces
            if isinstance(target, ClassTarget)
        }
        return next(iter(found.values())) if self._flat else found

    def score(self, X: Any, y: Any, sample_weight: Any = None) -> float:
        """Return the mean over outputs: of the accuracy for classes, of R2 for numbers."""
        weights = None if sample_weight is None else np.asarray(sample_weight)
        return self._score_raw(self._raw(X), self._encode(_matrix(y)), weights)

    def to_model(self) -> Model:
        """Return the fitted network as a `descend.models.Model`."""
        return model_of(self)

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write a model file, ``name.descend``, which the command line reads too."""
        model_of(self).save(path)

    @classmethod
    def load(cls, path: str | os.PathLike[str]) -> NeuralMultiOutput:
        """Read a model file. What was fitted is restored; parameters are at their defaults.

        Raises
        ------
        ModelFileError
            If the file is not a whole, unchanged model file.
        """
        estimator = cls()
        targets = read_model(estimator, path).card.targets
        estimator.target_names_ = [target.name for target in targets]
        estimator.classes_ = [
            np.array(target.classes) if isinstance(target, ClassTarget) else None
            for target in targets
        ]
        estimator._library, estimator._flat = "polars", len(targets) == 1
        return estimator

    def _answers(self, columns: list[np.ndarray]) -> Any:
        if self._flat:
            return columns[0]
        named = dict(zip(self.target_names_, columns, strict=True))
        if self._library == "polars":
            return pl.DataFrame(named)
        if self._library == "pandas":
            import pandas

            return pandas.DataFrame(named)
        if len({column.dtype.kind for column in columns}) == 1:
            return np.stack(columns, axis=1)
        return np.stack([column.astype(object) for column in columns], axis=1)

    def _learn_labels(self, y: np.ndarray, names: list[str] | None, classes: Any) -> None:
        del classes
        columns = _columns(y)
        self.target_names_ = names or [str(place) for place in range(len(columns))]
        kinds = self._kinds(columns)
        self.classes_ = [
            None if kind == "number" else np.unique(column)
            for kind, column in zip(kinds, columns, strict=True)
        ]

    def _fit_targets(self, y: np.ndarray, names: list[str] | None) -> None:
        columns = _columns(y)
        free = free_names(self, names, len(columns))
        targets: list[Target] = []
        for name, column, labels in zip(free, columns, self.classes_, strict=True):
            if labels is None:
                targets += number_targets([name], column.astype(np.float64)[:, None])
            else:
                targets += class_targets([name], [labels], [encode_classes(column, labels)])
        self.targets_: tuple[Target, ...]
        self.targets_, self.loss_ = target_loss(targets, None)

    def _kinds(self, columns: list[np.ndarray]) -> list[str]:
        """Return the kind of each output, as it looks or as ``target_kinds`` says."""
        wanted = {str(name): kind for name, kind in (self.target_kinds or {}).items()}
        for name, kind in wanted.items():
            if name not in self.target_names_:
                raise UsageError(
                    f"target_kinds names {name!r}, but the outputs are "
                    f"{', '.join(self.target_names_)}"
                )
            if kind not in KINDS:
                raise UsageError(
                    f'target_kinds[{name!r}] must be "class" or "number", got {kind!r}'
                )
        found = []
        for name, column in zip(self.target_names_, columns, strict=True):
            classes = name in self._declared or column.dtype.kind in "OUSb"
            kind = wanted.get(name, "class" if classes else "number")
            if kind == "number" and column.dtype.kind in "OUS":
                raise TargetError(f"output {name} is to be a number, but holds {column[0]!r}")
            found.append(kind)
        return found

    def _encode(self, y: np.ndarray) -> Any:
        encoded = []
        for target, labels, column in zip(self.targets_, self.classes_, _columns(y), strict=True):
            if isinstance(target, NumberTarget):
                encoded.append(encode_numbers([target], column.astype(np.float64)[:, None]))
            else:
                encoded.append(encode_classes(column, labels))
        return encoded[0] if len(encoded) == 1 else tuple(encoded)

    def _score_raw(self, raw: np.ndarray, y: Any, weights: np.ndarray | None) -> float:
        truths = y if isinstance(y, tuple) else (y,)
        scores = []
        for target, truth, (loss, part) in zip(
            self.targets_, truths, parts(self.loss_, raw), strict=True
        ):
            if isinstance(target, NumberTarget):
                predicted = target.decode(linked_outputs(loss, part)[:, 0])
                scores.append(metrics.r2(target.decode(truth[:, 0]), predicted, weights=weights))
            else:
                scores.append(metrics.accuracy(truth, codes_of(part), weights=weights))
        return float(np.mean(scores))

    def __sklearn_tags__(self) -> Any:
        """Say that y is needed and may have columns."""
        tags = super().__sklearn_tags__()
        tags.target_tags.required = True
        tags.target_tags.multi_output = True
        return tags


def _matrix(y: Any) -> np.ndarray:
    if hasattr(y, "columns"):
        return np.stack([np.asarray(y[name], object) for name in y.columns], axis=1)
    return np.asarray(y)


def _columns(y: np.ndarray) -> list[np.ndarray]:
    """Return the outputs, those of nothing but numbers as numbers."""
    columns = [y] if y.ndim == 1 else list(y.T)
    return [_plain(column) for column in columns]


def _plain(column: np.ndarray) -> np.ndarray:
    if column.dtype != object:
        return column
    numbers = all(isinstance(value, int | float | np.number) for value in column)
    if numbers and not any(isinstance(value, bool | np.bool_) for value in column):
        return column.astype(np.float64)
    return column
