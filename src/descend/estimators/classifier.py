"""A neural classifier with scikit-learn's interface."""

from __future__ import annotations

import os
from typing import Any

import numpy as np
from scipy.special import expit
from sklearn.base import ClassifierMixin
from sklearn.utils import column_or_1d
from sklearn.utils.metaestimators import available_if
from sklearn.utils.multiclass import check_classification_targets, type_of_target

from descend import metrics
from descend.data.targets import ClassTarget, Target
from descend.errors import TargetError, UsageError
from descend.estimators.class_weights import weights_by_class
from descend.estimators.keeping import model_of, read_model
from descend.estimators.network_estimator import NetworkEstimator
from descend.estimators.targets import (
    class_targets,
    codes_of,
    decision_of,
    encode_classes,
    free_names,
    parts,
    probabilities_of,
    target_loss,
)
from descend.losses import Hinge, Loss
from descend.models import Model

__all__ = ["NeuralClassifier"]


def _has_probabilities(estimator: Any) -> bool:
    """Whether the loss gives probabilities; Hinge does not."""
    loss = getattr(estimator, "loss_", estimator.loss)
    if isinstance(loss, Hinge) or loss == "hinge":
        raise AttributeError("the loss hinge gives no probabilities: use decision_function")
    return True


class NeuralClassifier(ClassifierMixin, NetworkEstimator):
    """A feedforward network that tells classes apart.

    It scales its inputs, fills and flags gaps (NaN), reads texts, categories and dates in
    DataFrames, and learns one target or several (y with columns), each of two classes or more.

    Parameters
    ----------
    hidden_layer_sizes : "auto", int or tuple of int
        Units of each hidden layer; ``()`` is logistic regression. "auto": (128, 64) below
        10,000 rows, else (256, 128).
    activation : str or tuple of str
        Of every hidden layer, or of each; one of ``descend.activations.__all__``.
    network : Layer or None
        The layers before the output layer, in place of ``hidden_layer_sizes``, ``activation``,
        ``dropout`` and ``normalization``. The output layer is added: only y says how wide it is.
    loss : str, Loss or None
        "categorical_cross_entropy" by default; also "binary_cross_entropy", "focal", "hinge", or a
        spec such as ``Focal(gamma=1.0)``.
    optimizer : str, Optimizer or optax.GradientTransformation
        A name such as "adam", "sgd", "lion"; a spec such as ``AdamW(0.001)``; or a transformation,
        which a pickle keeps, and of which a model file only says that there was one.
    learning_rate : float or None
        None is the optimizer's own; for "adam", 0.001 below 50,000 rows, else 0.002.
    schedule : "auto", str or Schedule
        How the learning rate changes over the planned epochs: "cosine", "constant", ... "auto" is
        "cosine", and "constant" with "lbfgs", whose line search finds the length of each step.
    batch_size : "auto", int or None
        Rows a step. 1 is stochastic, row by row; None is full batch. "auto" is 16, more from
        4,097 rows on, and a full batch with "lbfgs", which needs it.
    max_epochs : "auto" or int
        Passes over the rows, at most. "auto": 200 below 5,000 rows, 100 below 50,000, 40 below
        300,000, else 15.
    weight_decay : float or None
        Decoupled decay of the weights. None is 0.01, and with a spec that has a decay of its own,
        such as ``AdamW(weight_decay=0.1)``, that one.
    dropout : float
        Share of hidden units dropped at each step.
    normalization : "batch", "layer" or None
        Before the activation of each hidden layer.
    clip_norm : float or None
        Longest gradient.
    class_weight : dict, "balanced", list of these (one an output) or None
        Weights of classes, each 0 or more; only their ratios count.
    scale : "standard", "minmax", "robust" or "none"
        How numbers are scaled. For `partial_fit`, the first part decides.
    column_kinds : dict or None
        What columns are, where that is not what they look like: ``{"zip": "category"}``, or
        ``{0: "category"}`` for the first of an array. A column that pandas or polars hold as a
        category is one without being named here.
    early_stopping : bool or "auto"
        Whether to set rows aside that decide when to stop and which epoch's weights are kept;
        "auto" from 500 rows on. Needless where ``fit`` is given ``X_val``.
    validation_fraction : float
        Share of the rows set aside, stratified.
    patience : int or None
        Stop after so many epochs without gain on the validation rows.
    watch : "loss", "refined" or "score"
        What a gain is measured by; see `descend.training.Descent`.
    restarts : int
        Train so many networks side by side, each from first weights of its own, and keep the best
        on the validation rows (without them, the one of least training loss). A fit that goes on
        from earlier weights (``warm_start``) trains one.
    shuffle : bool
        Visit the rows in a new order each epoch.
    warm_start : bool
        Whether a further ``fit`` starts from the weights of the one before.
    on_epoch : function of EpochRecord or None
        Called after each epoch; training stops where it returns something true. With scikit-learn
        from 1.9 on, ``set_callbacks`` takes its callbacks too: an epoch is a task of theirs.
    device : "cpu", "gpu", "tpu" or None
        None is JAX's own choice.
    random_state : int, RandomState or None
        Decides first weights, order of rows and dropout.
    verbose : bool
        Write a line an epoch to stderr.

    Attributes
    ----------
    classes_ : array, or list of arrays
        The labels; of each output where there are several. For a multi-label y, the numbers of its
        columns, as in scikit-learn.
    network_, loss_, descent_ : specs
        What was trained and how; ``print`` shows the code that makes them.
    preprocessing_ : Preprocessing
        What each column became.
    params_, state_ : dict of arrays
        The weights.
    history_ : tuple of EpochRecord
        One for each epoch of the latest fit.
    best_epoch_ : int
        The epoch the weights come from.
    ended_ : str
        "epochs", "patience" or "stopped".
    n_features_in_, feature_names_in_
        As in scikit-learn.

    See Also
    --------
    MLPClassifier : scikit-learn's parameters and results, only faster.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> X, y = load_iris(return_X_y=True)
    >>> model = NeuralClassifier(max_epochs=40, random_state=0).fit(X, y)
    >>> model.predict(X[:2])
    array([0, 0])
    >>> bool(model.score(X, y) > 0.9)
    True
    """

    classes_: Any

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
        class_weight: Any = None,
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
        self.class_weight = class_weight
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

    def partial_fit(self, X: Any, y: Any, classes: Any = None, sample_weight: Any = None) -> Any:
        """Train one epoch on some more rows, with a constant learning rate.

        Parameters
        ----------
        X, y : as in `fit`
        classes : array, optional
            Every class that may ever come; needed at the first call, unless y holds them all.
        sample_weight : array (rows,), optional

        Returns
        -------
        self : estimator

        Raises
        ------
        TargetError
            For a label that is none of the classes.
        """
        if classes is not None and hasattr(self, "params_"):
            given, known = np.unique(np.asarray(classes)), self.classes_
            if isinstance(known, list) or not np.array_equal(given, known):
                raise TargetError(
                    f"classes={given.tolist()} is not the same as on the last call to partial_fit, "
                    f"which had {known}"
                )
        return self._partial_fit(X, y, sample_weight, classes)

    def predict(self, X: Any) -> np.ndarray:
        """Return the most probable label of each row; of each output where there are several."""
        raw = self._raw(X)
        labels = [
            known[codes_of(part)]
            for known, (_, part) in zip(self._labels, parts(self.loss_, raw), strict=True)
        ]
        return labels[0] if len(labels) == 1 else np.stack(labels, axis=1)

    @available_if(_has_probabilities)
    def predict_proba(self, X: Any) -> Any:
        """Return the probability of each class, float32 (rows, classes), as ``classes_`` orders.

        For several outputs of yes and no (a multi-label y): of yes, (rows, outputs). For several
        outputs of other classes: a list of arrays.
        """
        raw = self._raw(X)
        if self._multilabel:  # float64, so that no two rows of different raw outputs tie
            decisions = [decision_of(part) for _, part in parts(self.loss_, raw)]
            return expit(np.stack(decisions, axis=1).astype(np.float64))
        each = [probabilities_of(loss, part) for loss, part in parts(self.loss_, raw)]
        return each[0] if len(each) == 1 else each

    @available_if(_has_probabilities)
    def predict_log_proba(self, X: Any) -> Any:
        """Return the logarithm of `predict_proba`."""
        probabilities = self.predict_proba(X)
        with np.errstate(divide="ignore"):
            if isinstance(probabilities, list):
                return [np.log(one) for one in probabilities]
            return np.log(probabilities)

    def decision_function(self, X: Any) -> Any:
        """Return how strongly each row speaks for each class, before the link.

        For two classes, (rows,): above 0 is ``classes_[1]``. For more, (rows, classes).
        """
        raw = self._raw(X)
        each = [decision_of(part) for _, part in parts(self.loss_, raw)]
        if len(each) == 1:
            return each[0]
        return np.stack(each, axis=1) if self._multilabel else each

    def to_model(self) -> Model:
        """Return the fitted network as a `descend.models.Model`."""
        return model_of(self)

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write a model file, ``name.descend``, which the command line reads too.

        Reading it back runs nothing that is in the file, unlike a pickle.
        """
        model_of(self).save(path)

    @classmethod
    def load(cls, path: str | os.PathLike[str]) -> NeuralClassifier:
        """Read a model file. What was fitted is restored; parameters are at their defaults.

        Raises
        ------
        ModelFileError
            If the file is not a whole, unchanged model file.
        UsageError
            If the model predicts numbers.
        """
        estimator = cls()
        model = read_model(estimator, path)
        targets = [target for target in model.card.targets if isinstance(target, ClassTarget)]
        if len(targets) < len(model.card.targets):
            raise UsageError(f"{path} predicts numbers: use NeuralRegressor.load")
        known = [np.array(target.classes) for target in targets]
        estimator._know(known, len(known) > 1 and all(_yes_or_no(labels) for labels in known))
        return estimator

    def _know(self, labels: list[np.ndarray], multilabel: bool) -> None:
        """Keep the labels of each output."""
        self._labels, self._multilabel = labels, multilabel
        self.classes_ = labels[0] if len(labels) == 1 else labels
        if multilabel:
            self.classes_ = np.arange(len(labels))

    def _columns(self, y: np.ndarray) -> list[np.ndarray]:
        if y.ndim == 2 and y.shape[1] == 1:
            y = column_or_1d(y, warn=True)
        return [y] if y.ndim == 1 else list(y.T)

    def _learn_labels(self, y: np.ndarray, names: list[str] | None, classes: Any) -> None:
        del names
        check_classification_targets(y)
        columns = self._columns(y)
        known = [np.unique(column) for column in columns]
        if classes is not None:
            several = isinstance(classes, list) and len(columns) > 1
            given = classes if several else [classes] * len(columns)
            known = [np.unique(np.asarray(labels)) for labels in given]
        multilabel = type_of_target(y) == "multilabel-indicator"
        if multilabel:
            known = [np.array([0, 1], dtype=y.dtype)] * len(columns)
        self._know(known, multilabel)

    def _fit_targets(self, y: np.ndarray, names: list[str] | None) -> None:
        pairs = zip(self._columns(y), self._labels, strict=True)
        codes = [encode_classes(column, labels) for column, labels in pairs]
        targets = class_targets(free_names(self, names, len(codes)), self._labels, codes)
        self.targets_: tuple[Target, ...]
        self.targets_, self.loss_ = target_loss(targets, self.loss)

    def _encode(self, y: np.ndarray) -> Any:
        codes = []
        pieces = zip(self._columns(y), self._labels, self._losses(), strict=True)
        for column, labels, loss in pieces:
            code = encode_classes(column, labels)
            codes.append(code.astype(np.float32) if loss.target == "binary" else code)
        return codes[0] if len(codes) == 1 else tuple(codes)

    def _losses(self) -> tuple[Loss, ...]:
        return getattr(self.loss_, "losses", (self.loss_,))

    def _row_weights(self, y: np.ndarray, weights: np.ndarray | None) -> np.ndarray | None:
        if self.class_weight is None:
            return weights
        y = np.stack(self._columns(y), axis=1) if y.ndim == 2 else y
        by_class = weights_by_class(self.class_weight, y)
        return by_class if weights is None else by_class * weights

    def _strata(self, y: np.ndarray) -> np.ndarray | None:
        columns = self._columns(y)
        return encode_classes(columns[0], self._labels[0]) if len(columns) == 1 else None

    def _score_raw(self, raw: np.ndarray, y: Any, weights: np.ndarray | None) -> float:
        truths = y if isinstance(y, tuple) else (y,)
        scores = [
            metrics.accuracy(truth.astype(np.int32), codes_of(part), weights=weights)
            for truth, (_, part) in zip(truths, parts(self.loss_, raw), strict=True)
        ]
        return float(np.mean(scores))

    def __sklearn_tags__(self) -> Any:
        """Say that several labels a row are fine."""
        tags = super().__sklearn_tags__()
        tags.classifier_tags.multi_label = True
        tags.target_tags.multi_output = True
        return tags


def _yes_or_no(labels: np.ndarray) -> bool:
    return labels.dtype.kind in "iu" and labels.tolist() == [0, 1]
