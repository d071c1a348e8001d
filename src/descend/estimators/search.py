"""A grid search whose candidates are trained side by side."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
from sklearn import get_config
from sklearn.base import clone
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import Pipeline
from sklearn.utils import (
    _safe_indexing,  # pyright: ignore[reportPrivateUsage]
    check_random_state,
)
from sklearn.utils.metadata_routing import process_routing
from sklearn.utils.validation import (
    _check_method_params,  # pyright: ignore[reportPrivateUsage]
)

from descend.estimators.network_estimator import NetworkEstimator
from descend.estimators.together import Pool, Postponed

__all__ = ["SideBySideSearchCV"]


class SideBySideSearchCV(GridSearchCV):
    """`sklearn.model_selection.GridSearchCV` that trains networks of one shape in one program.

    Candidates that differ only in learning rate, weight decay, ``clip_norm``, ``random_state`` or
    ``restarts`` are trained together on each split, up to 64 networks at a time: they share each
    mini-batch, and the compiler's work is done once. All others (another width, another optimizer,
    another ``batch_size``) are trained in groups of their own, one after another. Networks that are
    trained together visit the rows in one order, that of the first of them; apart from
    that, and from rounding, each is trained as it would be alone.

    Parameters
    ----------
    estimator : NeuralClassifier, NeuralRegressor or Pipeline
        A pipeline must end in one of them to profit; any other estimator is fitted as by
        `GridSearchCV`.
    param_grid, scoring, refit, cv, verbose, error_score, return_train_score
        As for `sklearn.model_selection.GridSearchCV`. There is no ``n_jobs``: the compiled programs
        use the cores.

    Attributes
    ----------
    cv_results_, best_estimator_, best_score_, best_params_, best_index_, scorer_, n_splits_, \
refit_time_, multimetric_, classes_, n_features_in_, feature_names_in_
        As for `GridSearchCV`. A fit's time is its share of its program's time, and what it took
        to prepare and deliver it.
    together_ : tuple of int
        How many fits each compiled program did. One or more programs for each split; the first
        compiles, and those that follow are the same program on other rows.

    Notes
    -----
    Candidates with ``on_epoch`` or ``verbose`` are trained alone. Callbacks hear of
    candidates as a whole, and of the epochs of the final fit.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from descend.estimators import NeuralClassifier
    >>> X, y = load_iris(return_X_y=True)
    >>> model = NeuralClassifier((16,), max_epochs=10, random_state=0)
    >>> search = SideBySideSearchCV(model, {"learning_rate": [0.0001, 0.01]}, cv=3).fit(X, y)
    >>> search.best_params_, search.together_
    ({'learning_rate': 0.01}, (2, 2, 2))
    """

    together_: tuple[int, ...]

    def __init__(
        self,
        estimator: Any,
        param_grid: Mapping[str, Any] | Sequence[Mapping[str, Any]],
        *,
        scoring: Any = None,
        refit: Any = True,
        cv: Any = None,
        verbose: Any = 0,
        error_score: Any = np.nan,
        return_train_score: Any = False,
    ) -> None:
        super().__init__(
            estimator, param_grid, scoring=scoring, refit=refit, cv=cv, verbose=verbose,
            error_score=error_score, return_train_score=return_train_score, n_jobs=1,
        )  # fmt: skip

    def fit(self, X: Any, y: Any = None, **params: Any) -> SideBySideSearchCV:
        """Train every candidate on every split, and the best on all rows.

        Parameters
        ----------
        X, y, **params : as for `GridSearchCV.fit`

        Returns
        -------
        self : SideBySideSearchCV
        """
        self._handed = params
        try:
            super().fit(X, y, **params)
        finally:
            del self._handed
        return self

    def _run_search(self, evaluate_candidates: Any, *, callback_ctx: Any = None) -> None:
        """Evaluate the grid; networks are trained when the splits are known."""
        pool = Pool()

        def evaluate(candidates: Any, **more: Any) -> Any:
            splits = _Splits(self, list(candidates), pool)
            results = evaluate_candidates(candidates, cv=splits, **more)
            results["mean_fit_time"] = results["mean_fit_time"] + splits.seconds()
            return results

        more = {} if callback_ctx is None else {"callback_ctx": callback_ctx}
        with pool.open():
            super()._run_search(evaluate, **more)
        self.together_ = tuple(pool.together)

    def _fit_arguments(self, X: Any) -> dict[str, Any]:
        """Return the arguments of the estimator's ``fit``, for all rows."""
        if get_config()["enable_metadata_routing"]:
            return dict(process_routing(self, "fit", **self._handed).estimator.fit)
        arguments = {key: value for key, value in self._handed.items() if key != "groups"}
        return _check_method_params(X, params=arguments)


class _Splits:
    """The splits of a search, which trains every candidate on them before it hands them over."""

    def __init__(self, search: SideBySideSearchCV, candidates: list[Any], pool: Pool) -> None:
        self._search, self._candidates, self._pool = search, candidates, pool
        self._keys: list[list[Any]] = [[] for _ in candidates]

    def split(self, X: Any, y: Any = None, **params: Any) -> Iterator[tuple[Any, Any]]:
        """Return the splits of rows into those to train on and those to be judged by."""
        splitter: Any = self._search._checked_cv_orig
        splits = list(splitter.split(X, y, **params))
        # What a random_state of None draws now must be drawn again when candidates are fitted.
        draws = check_random_state(None)
        drawn = draws.get_state()
        arguments = self._search._fit_arguments(X)
        with self._pool.collecting():
            for candidate, keys in zip(self._candidates, self._keys, strict=True):
                keys += [self._collect(candidate, X, y, train, arguments) for train, _ in splits]
        draws.set_state(drawn)
        return iter(splits)

    def seconds(self) -> np.ndarray:
        """Return the mean time of training each candidate."""
        times = [[self._pool.seconds(key) for key in keys] for keys in self._keys]
        return np.mean(times, axis=1)

    def _collect(self, candidate: Any, X: Any, y: Any, train: Any, arguments: Any) -> Any:
        """Let one candidate hand in what it would train; return the key of that."""
        try:
            estimator: Any = clone(self._search.estimator)
            settings: Any = clone(candidate, safe=False)
            estimator.set_params(**settings)
            last: Any = estimator.steps[-1][1] if isinstance(estimator, Pipeline) else estimator
            if isinstance(last, NetworkEstimator) and not (last.on_epoch or last.verbose):
                for one in (estimator, last):
                    getattr(one, "set_callbacks", lambda: None)()  # they hear of the fit in earnest
                own = dict[str, Any](_check_method_params(X, params=arguments, indices=train))
                estimator.fit(_safe_indexing(X, train), _safe_indexing(y, train), **own)
        except Postponed as postponed:
            return postponed.key
        except Exception:  # it will go wrong again, and then error_score decides
            return None
        return None
