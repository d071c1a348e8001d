"""A neural regressor with scikit-learn's interface."""

from __future__ import annotations

import os
from typing import Any

import numpy as np
from sklearn.base import RegressorMixin
from sklearn.utils import column_or_1d

from descend import metrics
from descend.data.targets import NumberTarget, Target
from descend.errors import TargetError, UsageError
from descend.estimators.keeping import model_of, read_model
from descend.estimators.network_estimator import NetworkEstimator
from descend.estimators.targets import (
    encode_numbers,
    free_names,
    number_targets,
    numbers_of,
    parts,
    target_loss,
)
from descend.losses import Quantile
from descend.models import Model
from descend.models.outputs import answers
from descend.models.trust.conformal import Residuals, fit_residuals
from descend.spec import plain
from descend.training import Examples, linked_outputs, raw_outputs
from descend.training.lane import Lane

__all__ = ["NeuralRegressor"]


class NeuralRegressor(RegressorMixin, NetworkEstimator):
    """A feedforward network that predicts numbers.

    It scales inputs and targets, fills and flags gaps (NaN), reads texts, categories and dates in
    DataFrames, and learns one target or several (y with columns).

    Parameters
    ----------
    loss : str, Loss or None
        "squared_error" by default; also "absolute_error", "huber", "poisson", "quantile", or a
        spec such as ``Quantile((0.05, 0.5, 0.95))``, whose middle level is predicted.
    hidden_layer_sizes, activation, network, optimizer, learning_rate, schedule, batch_size, \
max_epochs, weight_decay, dropout, normalization, clip_norm, scale, column_kinds, early_stopping, \
validation_fraction, patience, watch, restarts, shuffle, warm_start, on_epoch, device, \
random_state, verbose
        As for `NeuralClassifier`. With ``watch="score"`` the score is R2.

    Attributes
    ----------
    residuals_ : tuple of Residuals, or None
        How far the validation rows lie from their predictions, one an output; the width of
        `predict_interval` comes from them.
    network_, loss_, descent_, preprocessing_, params_, state_, history_, best_epoch_, ended_, \
n_features_in_, feature_names_in_
        As for `NeuralClassifier`.

    See Also
    --------
    MLPRegressor : scikit-learn's parameters and results, only faster.

    Examples
    --------
    >>> X = np.linspace(-3, 3, 200)[:, None]
    >>> model = NeuralRegressor(max_epochs=60, random_state=0).fit(X, np.sin(X[:, 0]))
    >>> bool(model.score(X, np.sin(X[:, 0])) > 0.9)
    True
    """

    residuals_: tuple[Residuals | None, ...] | None

    def __init__(
        self,
        hidden_layer_sizes: Any = "auto",
        activation: Any = "relu",
        *,
        network: Any = None,
        loss: Any = None,
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
        self.loss = loss
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

    def partial_fit(self, X: Any, y: Any, sample_weight: Any = None) -> Any:
        """Train one epoch on some more rows, with a constant learning rate.

        Parameters
        ----------
        X, y, sample_weight : as in `fit`
            The first part decides how inputs and targets are scaled.

        Returns
        -------
        self : estimator
        """
        return self._partial_fit(X, y, sample_weight)

    def predict(self, X: Any) -> np.ndarray:
        """Return the predicted number of each row; of each output where there are several.

        With a quantile loss it is the level nearest to the median.
        """
        return self._numbers(self._raw(X))

    def predict_quantiles(self, X: Any) -> np.ndarray:
        """Return every level of a quantile loss, (rows, levels), increasing.

        For several outputs: (rows, outputs, levels).

        Raises
        ------
        UsageError
            If the loss is not a quantile loss.
        """
        columns = [
            np.stack([numbers_of(target, level) for level in linked.T], axis=1)
            for target, loss, linked in self._linked(self._raw(X))
            if self._levels_of(loss)
        ]
        return columns[0] if len(columns) == 1 else np.stack(columns, axis=1)

    def predict_interval(self, X: Any, level: float = 0.9) -> np.ndarray:
        """Return an interval for each row that should hold its true value, (rows, 2).

        With a quantile loss its ends are the levels (1 - level) / 2 and (1 + level) / 2, which
        must be among those learned, and it is wide where the rows scatter. Otherwise it is the
        prediction plus and minus the error that the share ``level`` of the validation rows stays
        below (split conformal prediction); these rows also chose the epoch, so that it is a little
        too narrow where they are few. For several outputs: (rows, outputs, 2).

        Parameters
        ----------
        X : as in `fit`
        level : float
            Share of rows, above 0 and below 1.

        Raises
        ------
        UsageError
            If there were no validation rows, too few for the level, or the levels were not learned.

        References
        ----------
        Lei, G'Sell, Rinaldo, Tibshirani and Wasserman (2018), Distribution-free predictive
        inference for regression.
        """
        level = plain(level)
        if not isinstance(level, int | float) or not 0 < level < 1:
            raise UsageError(f"level must be above 0 and below 1, got {level!r}")
        raw = self._raw(X)
        if isinstance(self._losses()[0], Quantile):
            ends = ((1 - level) / 2, (1 + level) / 2)
            columns = []
            for target, loss, linked in self._linked(raw):
                levels = self._levels_of(loss)
                near = [int(np.argmin(np.abs(np.array(levels) - end))) for end in ends]
                if any(
                    abs(levels[place] - end) > 1e-9 for place, end in zip(near, ends, strict=True)
                ):
                    raise UsageError(
                        f"the levels learned are {levels}; an interval of {level:g} needs "
                        f"{ends[0]:g} and {ends[1]:g} among them"
                    )
                pair = [numbers_of(target, linked[:, place]) for place in near]
                columns.append(np.stack(pair, axis=1))
        else:
            columns = self._around(raw, level)
        return columns[0] if len(columns) == 1 else np.stack(columns, axis=1)

    def to_model(self) -> Model:
        """Return the fitted network as a `descend.models.Model`."""
        return model_of(self)

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write a model file, ``name.descend``, which the command line reads too.

        Reading it back runs nothing that is in the file, unlike a pickle. What validation rows say
        of intervals is kept in it.
        """
        model_of(self).save(path)

    @classmethod
    def load(cls, path: str | os.PathLike[str]) -> NeuralRegressor:
        """Read a model file. What was fitted is restored; parameters are at their defaults.

        Raises
        ------
        ModelFileError
            If the file is not a whole, unchanged model file.
        UsageError
            If the model predicts classes.
        """
        estimator = cls()
        model = read_model(estimator, path)
        if not all(isinstance(target, NumberTarget) for target in model.card.targets):
            raise UsageError(f"{path} predicts classes: use NeuralClassifier.load")
        estimator.residuals_ = model.trust.residuals or None
        return estimator

    def _losses(self) -> tuple[Any, ...]:
        return getattr(self.loss_, "losses", (self.loss_,))

    def _numbered(self) -> tuple[NumberTarget, ...]:
        return tuple(target for target in self.targets_ if isinstance(target, NumberTarget))

    def _linked(self, raw: np.ndarray) -> list[tuple[NumberTarget, Any, np.ndarray]]:
        """Return each target with its loss and what the link makes of its raw outputs."""
        pieces = zip(self._numbered(), parts(self.loss_, raw), strict=True)
        return [(target, loss, linked_outputs(loss, part)) for target, (loss, part) in pieces]

    def _levels_of(self, loss: Any) -> tuple[float, ...]:
        if not isinstance(loss, Quantile):
            raise UsageError(
                f"{type(loss).__name__} learns one number a row, not its quantiles: "
                "use loss=Quantile((0.05, 0.5, 0.95))"
            )
        return loss.levels

    def _numbers(self, raw: np.ndarray) -> np.ndarray:
        columns = []
        for target, loss, linked in self._linked(raw):
            place = 0
            if isinstance(loss, Quantile):
                place = int(np.argmin([abs(level - 0.5) for level in loss.levels]))
            columns.append(numbers_of(target, linked[:, place]))
        # scikit-learn wants several outputs in float64.
        several = len(columns) > 1
        return np.stack(columns, axis=1).astype(np.float64) if several else columns[0]

    def _around(self, raw: np.ndarray, level: float) -> list[np.ndarray]:
        """Return predictions plus and minus the quantile of the validation rows' errors."""
        residuals = getattr(self, "residuals_", None)
        if residuals is None or None in residuals:
            raise UsageError(
                "an interval needs validation rows: fit with early_stopping=True or X_val, or with "
                "loss=Quantile((0.05, 0.5, 0.95))"
            )
        numbers = self._numbers(raw).reshape(len(raw), -1)
        columns = []
        for column, errors in zip(numbers.T, residuals, strict=True):
            width = np.asarray(errors.reach(level), column.dtype)
            columns.append(np.stack([column - width, column + width], axis=1))
        return columns

    def _keep(self, lane: Lane, held: Examples | None) -> None:
        super()._keep(lane, held)
        self.residuals_ = None
        if held is None or not held.rows:
            return
        raw = raw_outputs(self.network_, self.params_, self.state_, held.x)
        truths = held.y if isinstance(held.y, tuple) else (held.y,)
        found = answers(self.targets_, self.loss_, raw)
        self.residuals_ = tuple(
            fit_residuals(answer, target.decode(truth[:, 0]))
            for target, answer, truth in zip(self._numbered(), found, truths, strict=True)
        )

    def _fit_targets(self, y: np.ndarray, names: list[str] | None) -> None:
        y = self._matrix(y)
        found = number_targets(free_names(self, names, y.shape[1]), y)
        self.targets_: tuple[Target, ...]
        self.targets_, self.loss_ = target_loss(found, self.loss)

    def _encode(self, y: np.ndarray) -> Any:
        return encode_numbers(self._numbered(), self._matrix(y))

    def _matrix(self, y: np.ndarray) -> np.ndarray:
        try:
            y = np.asarray(y, np.float64)
        except (TypeError, ValueError) as error:
            raise TargetError(f"a regressor needs numbers as y, got {y.dtype}: {error}") from None
        if y.ndim == 2 and y.shape[1] == 1:
            y = column_or_1d(y, warn=True)
        return y[:, None] if y.ndim == 1 else y

    def _score_raw(self, raw: np.ndarray, y: Any, weights: np.ndarray | None) -> float:
        truths = y if isinstance(y, tuple) else (y,)
        numbers = self._numbers(raw).reshape(len(raw), -1).T
        scores = [
            metrics.r2(target.decode(truth[:, 0]), column, weights=weights)
            for target, truth, column in zip(self._numbered(), truths, numbers, strict=True)
        ]
        return float(np.mean(scores))

    def __sklearn_tags__(self) -> Any:
        """Say that several outputs are fine."""
        tags = super().__sklearn_tags__()
        tags.target_tags.multi_output = True
        return tags
