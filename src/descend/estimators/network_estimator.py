"""What the estimators of Descend's own share: fitting, going on, and keeping the result."""

from __future__ import annotations

import sys
import warnings
from abc import abstractmethod
from typing import Any

import jax
import numpy as np
from sklearn.base import BaseEstimator
from sklearn.exceptions import ConvergenceWarning
from sklearn.utils import check_random_state
from sklearn.utils.validation import (
    _check_sample_weight,  # pyright: ignore[reportPrivateUsage]
    check_is_fitted,
)

from descend.data.preprocessing import Preprocessing
from descend.data.splits import split_rows
from descend.data.targets import Target
from descend.errors import UsageError
from descend.estimators.array_inputs import ArrayInputs
from descend.estimators.building import (
    Hidden,
    build_descent,
    build_network,
    on_device,
    plain_parameter,
)
from descend.estimators.callbacks import Callbacks, FitTask, with_callbacks
from descend.estimators.inputs import Rows, fit_inputs, read_rows, transform
from descend.estimators.pickles import packed, unpacked
from descend.estimators.together import Job, pooled
from descend.layers import Sequential
from descend.losses import Loss
from descend.losses.weights import of_mean_one
from descend.models.networks.augmentation import unmirrored
from descend.models.networks.pictures import are_symbols
from descend.models.outputs import raw_width
from descend.training import Descent, EpochRecord, Examples, Run, raw_outputs
from descend.training.lane import Lane

__all__ = ["NetworkEstimator"]

FEWEST_TO_STOP_EARLY = 500
"""Rows from which ``early_stopping="auto"`` sets some aside."""

SEEDS = 2**31 - 1


class NetworkEstimator(Callbacks, BaseEstimator):
    """Base of `NeuralClassifier`, `NeuralRegressor` and `NeuralTransformer`.

    A subclass says what its targets are; everything else is here.
    """

    network_: Sequential
    loss_: Loss
    descent_: Descent
    preprocessing_: Preprocessing | ArrayInputs
    targets_: tuple[Target, ...]
    params_: dict[str, Any]
    state_: dict[str, Any]
    history_: tuple[EpochRecord, ...]
    best_epoch_: int
    ended_: str
    n_features_in_: int
    feature_names_in_: np.ndarray

    def _parameters(self) -> dict[str, Any]:
        """Return the parameters in Python's own values, whatever NumPy's they came in."""
        return {name: plain_parameter(value) for name, value in self.get_params(deep=False).items()}

    def _learn_labels(self, y: np.ndarray, names: list[str] | None, classes: Any) -> None:
        """Find out what y is from all its rows, validation rows too: set ``classes_`` and such."""

    @abstractmethod
    def _fit_targets(self, y: np.ndarray, names: list[str] | None) -> None:
        """Set ``targets_`` and ``loss_``, with counts, means and scales of the training rows y."""

    @abstractmethod
    def _encode(self, y: np.ndarray) -> Any:
        """Return y as the loss reads it; refuse what was not learned."""

    @abstractmethod
    def _score_raw(self, raw: np.ndarray, y: Any, weights: np.ndarray | None) -> float:
        """Return the score of raw outputs against encoded targets; greater is better."""

    def _row_weights(self, y: np.ndarray, weights: np.ndarray | None) -> np.ndarray | None:
        """Return weights of rows, those of their classes included."""
        del y
        return weights

    def _strata(self, y: np.ndarray) -> np.ndarray | None:
        """Return the labels by which a split is stratified, if any."""
        del y
        return None

    @with_callbacks
    def fit(
        self,
        X: Any,
        y: Any,
        sample_weight: Any = None,
        X_val: Any = None,
        y_val: Any = None,
        sample_weight_val: Any = None,
    ) -> Any:
        """Train the network.

        Parameters
        ----------
        X : array or DataFrame (rows, columns)
            Numbers, in which NaN is a gap; or a DataFrame that also has texts, categories or dates.
            An array (rows, height, width) of bytes, or with 1, 3 or 4 channels behind, holds
            pictures, read by a convolutional network; any other array of more dimensions is
            standardised as a whole, and read by the ``network`` given.
        y : array (rows,) or (rows, outputs)
            Targets.
        sample_weight : array (rows,), optional
            Importance of each row, none negative.
        X_val, y_val, sample_weight_val : optional
            Rows that decide when to stop, in place of a share of X.

        Returns
        -------
        self : estimator

        Raises
        ------
        ValueError
            If a parameter, the inputs or the targets cannot be used; the message says how to mend.
        DivergedError
            If the loss became infinite or not a number.
        """
        parameters = self._parameters()
        warm = bool(parameters["warm_start"]) and hasattr(self, "params_")
        names = _target_names(y)
        rows, y = read_rows(self, X, y, reset=not warm)
        y = np.asarray(y)
        weights = self._checked_weights(sample_weight, rows)
        seed = int(check_random_state(parameters["random_state"]).randint(SEEDS))
        for name in ("_part", "_seed", "_carry"):  # what `_partial_fit` would go on from
            self.__dict__.pop(name, None)
        if warm:
            self._check_goes_on(rows)
        else:
            self._begin(rows, y, names, None)
        held = None
        if X_val is not None or y_val is not None:
            held = self._read_held(X_val, y_val, sample_weight_val)
        if held is None and self._stops_early(len(y)):
            split = split_rows(
                len(y), test_fraction=0.0, labels=self._strata(y), seed=seed,
                validation_fraction=parameters["validation_fraction"],
            )  # fmt: skip
            held = _taken(rows, y, weights, split.validation)
            rows, y, weights = _taken(rows, y, weights, split.train)
        if not warm:
            self._fit_targets(y, names)
            self._prepare(rows, len(y))
        with on_device(parameters["device"]):
            examples = self._examples(rows, y, weights)
            job = self._job(examples, held and self._examples(*held), seed, warm=warm)
            task = FitTask(self, X, y, sample_weight, job.descents[0].epochs)
            self._descend(job, task, warm=warm)
            task.end()
        return self

    def _partial_fit(self, X: Any, y: Any, sample_weight: Any, classes: Any = None) -> Any:
        """Train one epoch on some more rows."""
        parameters = self._parameters()
        first = not hasattr(self, "params_")
        names = _target_names(y)
        rows, y = read_rows(
            self, X, y, reset=first, table=None if first else self._reads_table
        )  # fmt: skip
        y = np.asarray(y)
        weights = self._checked_weights(sample_weight, rows)
        if first:
            self._begin(rows, y, names, classes)
            self._fit_targets(y, names)
            self._prepare(rows, 0)
        if not hasattr(self, "_part"):
            self._part = 0
            self._seed = int(check_random_state(parameters["random_state"]).randint(SEEDS))
        with on_device(parameters["device"]):
            examples = self._examples(rows, y, weights)
            seed = (self._seed + self._part) % SEEDS  # another order of rows for each part
            descent, bare = build_descent(
                parameters, len(y), seed, self.preprocessing_, stops=False, part=True
            )
            run = Run(
                self.network_, self.loss_, descent, examples, optimizer=bare,
                params=getattr(self, "params_", None), state=getattr(self, "state_", None),
                carry=getattr(self, "_carry", None),
            )  # fmt: skip
            self._follow(run)
            self._part += 1
            if run.history:  # not interrupted
                self._carry = run.carry()
        self._keep(run.winner, None)
        return self

    def _begin(self, rows: Rows, y: np.ndarray, names: list[str] | None, classes: Any) -> None:
        """Forget an earlier fit, and find out what there is to learn."""
        for name in ("params_", "state_"):
            self.__dict__.pop(name, None)
        self._reads_table = not isinstance(rows, np.ndarray)
        self._rows_given = len(y)
        self._learn_labels(y, names, classes)

    def _prepare(self, rows: Rows, count: int) -> None:
        """Fit the preprocessing, and make the network for so many training rows."""
        parameters = self._parameters()
        names = getattr(self, "feature_names_in_", None)
        self.preprocessing_ = fit_inputs(
            rows, None if names is None else [str(name) for name in names],
            scale=parameters["scale"], kinds=parameters["column_kinds"],
        )  # fmt: skip
        hidden = Hidden(
            parameters["hidden_layer_sizes"], parameters["activation"], parameters["dropout"],
            parameters["normalization"], parameters["network"],
        )  # fmt: skip
        outputs = raw_width(self.targets_, self.loss_)
        network = build_network(hidden, count, self.preprocessing_, outputs)
        symbols = hidden.network is None and are_symbols(self.targets_)
        self.network_ = unmirrored(network) if symbols else network

    def _check_goes_on(self, rows: Rows) -> None:
        if self._reads_table == isinstance(rows, np.ndarray):
            raise UsageError("warm_start goes on with inputs of the same kind as in the first fit")

    def _checked_weights(self, weights: Any, rows: Rows) -> np.ndarray | None:
        if weights is None:
            return None
        return _check_sample_weight(
            weights, np.empty(len(rows)), dtype=np.float64, ensure_non_negative=True
        )

    def _stops_early(self, rows: int) -> bool:
        wanted = self._parameters()["early_stopping"]
        if not isinstance(wanted, bool) and wanted != "auto":
            raise UsageError(f'early_stopping must be True, False or "auto", got {wanted!r}')
        return rows >= FEWEST_TO_STOP_EARLY if wanted == "auto" else bool(wanted)

    def _read_held(self, X: Any, y: Any, weights: Any) -> tuple[Rows, np.ndarray, Any]:
        if X is None or y is None:
            raise UsageError("X_val and y_val come together: give both or neither")
        rows, y = read_rows(self, X, y, reset=False, table=self._reads_table)
        return rows, np.asarray(y), self._checked_weights(weights, rows)

    def _examples(self, rows: Rows, y: np.ndarray, weights: np.ndarray | None) -> Examples:
        outputs = 1 if y.ndim == 1 else y.shape[1]
        if outputs != len(self.targets_):
            raise UsageError(f"y has {outputs} columns, but {len(self.targets_)} were learned")
        x = transform(self.preprocessing_, rows)
        weights = self._row_weights(y, weights)
        return Examples(x, self._encode(y), None if weights is None else of_mean_one(weights))

    def _job(self, train: Examples, held: Examples | None, seed: int, *, warm: bool) -> Job:
        """Return what there is to train; several starts where restarts are asked for."""
        parameters = self._parameters()
        restarts = parameters["restarts"]
        if not isinstance(restarts, int) or isinstance(restarts, bool) or restarts < 1:
            raise UsageError(f"restarts must be an integer of at least 1, got {restarts!r}")
        descent, bare = build_descent(
            parameters, train.rows, seed, self.preprocessing_, stops=held is not None
        )
        starts = 1 if warm else restarts
        descents = tuple(descent.replace(seed=(seed + start) % SEEDS) for start in range(starts))
        return Job(self.network_, self.loss_, descents, train, held, self._score_raw, bare)

    def _descend(self, job: Job, task: FitTask, *, warm: bool) -> None:
        """Train, several networks side by side where asked for, and keep the best."""
        parameters = self._parameters()
        if not (warm or parameters["on_epoch"] or parameters["verbose"]):
            lane = pooled(job)
            if lane is not None:
                self._keep(lane, job.held)
                return
        run = job.run(*((self.params_, self.state_) if warm else ()))
        self._follow(run, task)
        self._keep(run.winner, run.validation)

    def _follow(self, run: Run, task: FitTask | None = None) -> None:
        """Train to the end, or to Ctrl-C, telling of each epoch."""
        on_epoch, verbose = self.on_epoch, self.verbose
        if task is not None:
            task.begin_epoch()
        try:
            for record in run.epochs():
                if not record.complete:
                    continue
                if verbose:
                    sys.stderr.write(_line(record))
                stops = on_epoch is not None and bool(on_epoch(record))
                if task is not None:
                    stops |= task.end_epoch(lambda: {"params_": run.params, "state_": run.state})
                if stops:
                    run.stop()
                if task is not None and not run.ended and not stops:
                    task.begin_epoch()
        except KeyboardInterrupt:
            warnings.warn(
                f"training was interrupted; the weights of epoch {run.best_epoch} are kept",
                ConvergenceWarning,
                stacklevel=2,
            )

    device: Any
    on_epoch: Any
    verbose: Any

    def _keep(self, lane: Lane, held: Examples | None) -> None:
        """Keep the weights of a trained network; ``held`` are its validation rows."""
        del held
        self.params_, self.state_ = jax.tree.map(np.array, (lane.params, lane.state))
        self.descent_ = lane.descent
        self.history_ = tuple(lane.history)
        self.best_epoch_, self.ended_ = lane.best_epoch, lane.ended or "stopped"

    def _inputs(self, X: Any) -> Any:
        """Check rows to predict, and turn them into the inputs of the network."""
        check_is_fitted(self)
        rows, _ = read_rows(self, X, "none", reset=False, table=self._reads_table)
        return transform(self.preprocessing_, rows)

    def _raw(self, X: Any) -> np.ndarray:
        """Return the raw outputs of the network, float32 (rows, width)."""
        inputs = self._inputs(X)
        with on_device(self.device):
            return raw_outputs(self.network_, self.params_, self.state_, inputs)

    def __getstate__(self) -> dict[str, Any]:
        """Return what a pickle or a copy holds."""
        return packed(super().__getstate__())

    def __setstate__(self, state: dict[str, Any]) -> None:
        """Take what `__getstate__` returned."""
        super().__setstate__(unpacked(state))

    def __sklearn_is_fitted__(self) -> bool:
        """Whether there are weights to predict with."""
        return hasattr(self, "params_")

    def __sklearn_tags__(self) -> Any:
        """Say what the estimator can take."""
        tags = super().__sklearn_tags__()
        tags.input_tags.allow_nan = True
        return tags


def _taken(rows: Rows, y: np.ndarray, weights: Any, chosen: np.ndarray) -> tuple[Any, Any, Any]:
    return rows[chosen], y[chosen], None if weights is None else weights[chosen]


def _target_names(y: Any) -> list[str] | None:
    """Return the names of the outputs, where y has any."""
    columns = getattr(y, "columns", None)
    if columns is not None:
        return [str(name) for name in columns]
    name = getattr(y, "name", None)
    return [name] if isinstance(name, str) and name else None


def _line(record: EpochRecord) -> str:
    parts = [f"epoch {record.epoch:3d}", f"loss {record.loss:.4g}"]
    if record.validation_loss is not None:
        parts.append(f"validation loss {record.validation_loss:.4g}")
    if record.validation_score is not None:
        parts.append(f"score {record.validation_score:.4f}")
    return "  ".join(parts) + ("  best\n" if record.best else "\n")
