"""What the drop-ins for scikit-learn's two multilayer perceptrons share: their ``fit``.

The classes inherit scikit-learn's parameters, limits and documentation from its public classes, so
that these are always those of the installed version; everything that computes is Descend's. Random
numbers are drawn as scikit-learn draws them, so that the same ``random_state`` gives the same first
weights, the same split and the same order of rows, and so the same fit but for rounding.
"""

from __future__ import annotations

import sys
import warnings
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
from sklearn.base import is_classifier
from sklearn.exceptions import ConvergenceWarning
from sklearn.model_selection import train_test_split
from sklearn.utils import check_random_state, column_or_1d
from sklearn.utils.validation import (
    _check_sample_weight,  # pyright: ignore[reportPrivateUsage]
    validate_data,
)

from descend.estimators.drop_in_specs import (
    AdamRule,
    HalfSquaredError,
    VelocityRule,
    loss_named,
    perceptron,
)
from descend.estimators.drop_in_training import (
    Descender,
    Memory,
    from_params,
    minimize,
    outputs_of,
    precision,
    to_params,
)
from descend.layers import Sequential
from descend.losses import Loss, SquaredError
from descend.training import linked_outputs

__all__ = ["DropIn"]

STOCHASTIC = ("sgd", "adam")
SMALLEST_RATE = 1e-6


@dataclass
class _Held:
    """Validation rows, and the best weights so far."""

    x: Any
    targets: np.ndarray
    weights: np.ndarray | None
    best: Any


class DropIn:
    """The fit of `MLPClassifier` and `MLPRegressor`; mixed in before scikit-learn's class."""

    coefs_: list[np.ndarray]
    intercepts_: list[np.ndarray]
    loss_curve_: list[float]
    validation_scores_: Any
    best_validation_score_: Any
    best_loss_: Any
    loss_: float
    n_iter_: int
    t_: int
    n_layers_: int
    n_outputs_: int
    out_activation_: str
    _optimizer: Memory
    _no_improvement_count: int

    def _targets(self, y: np.ndarray, *, learn: bool) -> np.ndarray:
        """Return targets as columns: boolean for classes, numbers for numbers."""
        raise NotImplementedError

    def _as_read(self, targets: np.ndarray) -> np.ndarray:
        """Return columns of targets as the loss reads them."""
        raise NotImplementedError

    def _score_of(self, raw: np.ndarray, targets: np.ndarray, weights: Any) -> float:
        """Return the score of raw outputs; NaN where they are not finite."""
        raise NotImplementedError

    def _out_activation(self) -> str:
        """Return the name of the activation of the outputs."""
        raise NotImplementedError

    def fit(self, X: Any, y: Any, sample_weight: Any = None) -> Any:
        """Fit the model to data matrix X and target(s) y.

        Parameters
        ----------
        X : array or sparse matrix (rows, columns)
            float32 is computed in float32, anything else in float64.
        y : array (rows,) or (rows, outputs)
            Class labels, or numbers.
        sample_weight : array (rows,), optional

        Returns
        -------
        self : object
            The fitted estimator.
        """
        return self._train(X, y, sample_weight, part=False)

    def _train(self: Any, X: Any, y: Any, sample_weight: Any, *, part: bool) -> Any:
        self._validate_params()
        sizes = self.hidden_layer_sizes
        sizes = [int(size) for size in (sizes if np.iterable(sizes) else [sizes])]
        if any(size <= 0 for size in sizes):
            raise ValueError(f"hidden_layer_sizes must be > 0, got {sizes}.")
        fresh = not hasattr(self, "coefs_") or not (self.warm_start or part)
        X, y = validate_data(
            self, X, y, reset=fresh, accept_sparse=["csr", "csc"], multi_output=True,
            dtype=(np.float64, np.float32), y_numeric=not is_classifier(self),
        )  # fmt: skip
        if y.ndim == 2 and y.shape[1] == 1:
            y = column_or_1d(y, warn=True)
        targets = self._targets(y, learn=not hasattr(self, "classes_") or (fresh and not part))
        weights = None
        if sample_weight is not None:
            weights = _check_sample_weight(sample_weight, X).astype(X.dtype)
        self.n_outputs_ = targets.shape[1]
        self._random_state = check_random_state(self.random_state)
        if fresh:
            self._begin([X.shape[1], *sizes, self.n_outputs_], X.dtype)
        if self.solver == "lbfgs":
            self._fit_all_rows(X, targets, weights)
        else:
            self._fit_batches(X, targets, weights, part=part)
        loss = getattr(self, "loss_", 0.0)  # there is none where Ctrl-C came in the first epoch
        stopped = not (part or self.early_stopping or np.isfinite(loss))
        if stopped or not all(np.isfinite(w).all() for w in (*self.coefs_, *self.intercepts_)):
            raise ValueError(
                "Solver produced non-finite parameter weights. The input data may contain large "
                "values and need to be preprocessed."
            )
        return self

    def _begin(self: Any, units: list[int], dtype: Any) -> None:
        """Draw the first weights, and forget what earlier fits reported."""
        self.n_iter_ = self.t_ = 0
        self.n_layers_ = len(units)
        self.out_activation_ = self._out_activation()
        factor = 2.0 if self.activation == "logistic" else 6.0
        self.coefs_, self.intercepts_ = [], []
        for inputs, outputs in pairwise(units):
            bound = np.sqrt(factor / (inputs + outputs))
            draw = self._random_state.uniform
            self.coefs_.append(draw(-bound, bound, (inputs, outputs)).astype(dtype))
            self.intercepts_.append(draw(-bound, bound, outputs).astype(dtype))
        if self.solver not in STOCHASTIC:
            return
        self.loss_curve_, self._no_improvement_count = [], 0
        watching = self.early_stopping
        self.validation_scores_ = [] if watching else None
        self.best_validation_score_ = -np.inf if watching else None
        self.best_loss_ = None if watching else np.inf

    def _network(self: Any) -> Sequential:
        units = [len(b) for b in self.intercepts_]
        return perceptron(tuple(units), self.activation)

    def _loss(self: Any) -> Loss:
        return loss_named(self.loss, self.out_activation_, self.n_outputs_)

    def _params(self: Any, dtype: Any = None) -> dict[str, Any]:
        return to_params(self.coefs_, self.intercepts_, dtype or self._dtype())

    def _dtype(self: Any) -> Any:
        single = all(w.dtype == np.float32 for w in (*self.coefs_, *self.intercepts_))
        return np.float32 if single else np.float64

    def _say(self: Any, text: str) -> None:
        if self.verbose:
            sys.stdout.write(text + "\n")

    def _new_memory(self: Any) -> Memory:
        rate = float(self.learning_rate_init)
        if self.solver == "adam":
            rule = AdamRule(rate, float(self.beta_1), float(self.beta_2), float(self.epsilon))
            return Memory(rule, rate)
        return Memory(VelocityRule(rate, float(self.momentum), bool(self.nesterovs_momentum)), rate)

    def _fit_all_rows(self: Any, X: Any, targets: np.ndarray, weights: Any) -> None:
        """Minimise over all rows by L-BFGS."""
        loss = self._loss()
        # One function for value and slope: a line search cannot work on the mean of outputs with
        # the slope of their sum, which is what scikit-learn hands it (its issue 8349).
        descended = SquaredError() if isinstance(loss, HalfSquaredError) else loss
        read = self._as_read(targets)
        read = read.astype(np.float64) if read.dtype.kind == "f" else read
        params, result = minimize(
            self._network(), descended, X, read, weights, self._params(np.float64),
            float(self.alpha), gtol=self.tol, most_steps=self.max_iter, most_looks=self.max_fun,
        )  # fmt: skip
        dtype = X.dtype
        coefs, intercepts = from_params(params)
        self.coefs_ = [w.astype(dtype) for w in coefs]
        self.intercepts_ = [b.astype(dtype) for b in intercepts]
        self.n_iter_ = min(int(result.nit), self.max_iter)
        self.loss_ = float(result.fun)
        if isinstance(loss, HalfSquaredError) and self.n_outputs_ > 1:
            heavy = len(targets) if weights is None else float(np.sum(weights))
            penalty = 0.5 * self.alpha * sum(float(np.vdot(w, w)) for w in coefs) / heavy
            self.loss_ = (self.loss_ - penalty) / self.n_outputs_ + penalty
        self._say(f"L-BFGS: {self.n_iter_} iterations, loss = {self.loss_:.8f}")
        if result.status != 0:
            warnings.warn(
                f"lbfgs failed to converge after {self.n_iter_} iteration(s) "
                f"(status={result.status}): {result.message}. Increase max_iter or max_fun, or "
                "scale the data (sklearn.preprocessing.StandardScaler)",
                ConvergenceWarning,
                stacklevel=2,
            )

    def _fit_batches(self: Any, X: Any, targets: np.ndarray, weights: Any, *, part: bool) -> None:
        """Descend by mini-batches: one epoch for a part, else until it no longer pays."""
        if not part or not hasattr(self, "_optimizer"):
            self._optimizer = self._new_memory()
        if self.early_stopping and part:
            raise ValueError("partial_fit does not support early_stopping=True")
        held = None
        if self.early_stopping:
            train, rest = self._split(len(targets), targets)
            of_rest = None if weights is None else weights[rest]
            held = _Held(X[rest], targets[rest], of_rest, self._params(X.dtype))
            X, targets = X[train], targets[train]
            weights = None if weights is None else weights[train]
        rows = X.shape[0]
        read = self._as_read(targets)
        read = read.astype(X.dtype) if read.dtype.kind == "f" else read
        run = Descender(
            self._network(), self._loss(), self._optimizer, self._batch_size(rows), self.alpha,
            X, read, weights, self._params(X.dtype), self.max_iter,
        )  # fmt: skip
        fading = self.solver == "sgd" and self.learning_rate == "invscaling"
        alone = part or held is not None or fading
        order, over = np.arange(rows), False
        self.n_iter_ = 0
        try:
            while self.n_iter_ < self.max_iter and not over:
                ahead = 1 if alone else min(run.ahead, self.max_iter - self.n_iter_)
                before = self._random_state.get_state()
                orders = self._orders(order, ahead)
                for done, loss in enumerate(run.epochs(orders), start=1):
                    over, slower = self._judge(run, loss, rows, held, part=part)
                    if (over or slower) and done < ahead:  # the epochs after it never were
                        run.again(orders[:done])
                        self._random_state.set_state(before)
                        orders = self._orders(order, done)
                        break
                order = orders[-1]
        except KeyboardInterrupt:
            warnings.warn("Training interrupted by user.", stacklevel=2)
        run.remember()
        self.coefs_, self.intercepts_ = from_params(run.params() if held is None else held.best)

    def _orders(self: Any, order: np.ndarray, epochs: int) -> list[np.ndarray]:
        """Return the next orders of rows, each a shuffle of the one before, as scikit-learn's."""
        orders = []
        for _ in range(epochs):
            if self.shuffle:
                places = np.arange(len(order))
                self._random_state.shuffle(places)
                order = order[places]
            orders.append(order)
        return orders

    def _judge(
        self: Any, run: Descender, loss: float, rows: int, held: _Held | None, *, part: bool
    ) -> tuple[bool, bool]:
        """Record an epoch; return whether training is over, and whether it goes on more slowly."""
        self.loss_ = loss
        self.n_iter_ += 1
        self.t_ += rows
        self.loss_curve_.append(loss)
        self._say(f"Iteration {self.n_iter_}, loss = {loss:.8f}")
        if held is None:
            self._watch_loss()
        elif self._watch_score(params := run.params(), held):
            held.best = params
        if self.solver == "sgd" and self.learning_rate == "invscaling":
            rate = self.learning_rate_init / (self.t_ + 1) ** self.power_t
            self._optimizer.learning_rate = float(rate)
        slower = False
        if self._no_improvement_count > self.n_iter_no_change:
            if self._ends():
                return True, False
            slower = True
        if part or (held is None and not np.isfinite(loss)):  # then nothing moves any more
            return True, slower
        if self.n_iter_ == self.max_iter:
            warnings.warn(
                f"Stochastic Optimizer: Maximum iterations ({self.max_iter}) reached and the "
                "optimization hasn't converged yet.",
                ConvergenceWarning,
                stacklevel=2,
            )
        return False, slower

    def _split(self: Any, rows: int, targets: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Set rows aside to validate, as scikit-learn splits them."""
        one_label = is_classifier(self) and self.n_outputs_ == 1
        train, held = train_test_split(
            np.arange(rows), random_state=self._random_state, test_size=self.validation_fraction,
            stratify=targets if one_label else None,
        )  # fmt: skip
        if len(held) < 2:
            raise ValueError(
                "The validation set is too small. Increase 'validation_fraction' or the size of "
                "your dataset."
            )
        return np.asarray(train), np.asarray(held)

    def _batch_size(self: Any, rows: int) -> int:
        if isinstance(self.batch_size, str):
            return min(200, rows)
        if self.batch_size > rows:
            warnings.warn(
                "Got `batch_size` less than 1 or larger than sample size. It is going to be "
                "clipped",
                stacklevel=2,
            )
        return int(min(self.batch_size, rows))

    def _watch_score(self: Any, params: Any, held: _Held) -> bool:
        """Count epochs without a better validation score; return whether this one is the best."""
        raw = outputs_of(self._network(), params, held.x)
        score = self._score_of(raw, held.targets, held.weights)
        self.validation_scores_.append(score)
        self._say(f"Validation score: {score:f}")
        worse = score < self.best_validation_score_ + self.tol
        self._no_improvement_count = self._no_improvement_count + 1 if worse else 0
        if not score > self.best_validation_score_:
            return False
        self.best_validation_score_ = score
        return True

    def _watch_loss(self: Any) -> None:
        """Count epochs without a smaller training loss."""
        worse = self.loss_ > self.best_loss_ - self.tol
        self._no_improvement_count = self._no_improvement_count + 1 if worse else 0
        if self.loss_ < self.best_loss_:
            self.best_loss_ = self.loss_

    def _ends(self: Any) -> bool:
        """Whether to stop now, or only to go on more slowly."""
        what = "Validation score" if self.early_stopping else "Training loss"
        message = (
            f"{what} did not improve more than tol={self.tol:f} for {self.n_iter_no_change} "
            "consecutive epochs."
        )
        if self.solver == "adam" or self.learning_rate != "adaptive":
            self._say(f"{message} Stopping.")
            return True
        if self._optimizer.learning_rate <= SMALLEST_RATE:
            self._say(f"{message} Learning rate too small. Stopping.")
            return True
        self._optimizer.learning_rate /= 5.0
        self._say(f"{message} Setting learning rate to {self._optimizer.learning_rate:f}")
        self._no_improvement_count = 0
        return False

    def _raw(self: Any, X: Any) -> np.ndarray:
        """Return the raw outputs of new rows, in the precision of the weights."""
        X = validate_data(self, X, accept_sparse=["csr", "csc"], reset=False)
        return outputs_of(self._network(), self._params(), X)

    def _linked(self: Any, raw: np.ndarray) -> np.ndarray:
        """Return what the activation of the outputs makes of them, (rows, outputs)."""
        with precision(raw.dtype):
            linked = linked_outputs(self._loss(), raw)
        return linked[:, None] if linked.ndim == 1 else linked

    def _check_steps(self: Any) -> bool:
        """Whether the solver can go on with a part of the rows."""
        if self.solver not in STOCHASTIC:
            raise AttributeError(
                "partial_fit is only available for stochastic optimizers. "
                f"{self.solver} is not stochastic."
            )
        return True
