"""The drop-ins against scikit-learn's own classes: the same fit, but for rounding."""

from __future__ import annotations

import pickle

import jax
import numpy as np
import pytest
import scipy.sparse
from sklearn import neural_network
from sklearn.datasets import load_iris

from descend.estimators import MLPClassifier, MLPRegressor
from descend.estimators.drop_in_specs import loss_named, perceptron
from descend.estimators.drop_in_training import to_params
from descend.training.passes import loss_and_gradient

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

X, Y = load_iris(return_X_y=True)
X = (X - X.mean(0)) / X.std(0)
NUMBERS = X[:, 0] - X[:, 1] ** 2
BOTH = np.stack([NUMBERS, X[:, 2]], axis=1)
COUNTS = np.floor(np.exp(X[:, 0]))
LABELS = np.stack([Y == 0, Y > 0, X[:, 0] > 0], axis=1).astype(int)
WEIGHTS = np.linspace(0.2, 2, len(Y))
QUICK = {"hidden_layer_sizes": (7,), "max_iter": 6, "random_state": 3}


def both_fits(name, y, *, dtype=np.float64, weights=None, **changes):
    ours = {"MLPClassifier": MLPClassifier, "MLPRegressor": MLPRegressor}[name]
    theirs = getattr(neural_network, name)
    parameters = QUICK | changes
    x = X.astype(dtype)
    return (
        ours(**parameters).fit(x, y, weights),
        theirs(**parameters).fit(x, y, weights),
    )


def assert_same(ours, theirs, rtol):
    for name in ("coefs_", "intercepts_"):
        for a, b in zip(getattr(ours, name), getattr(theirs, name), strict=True):
            assert a.dtype == b.dtype
            np.testing.assert_allclose(a, b, rtol=rtol, atol=rtol)
    for name in ("n_iter_", "t_", "n_layers_", "n_outputs_", "out_activation_"):
        assert getattr(ours, name) == getattr(theirs, name)
    np.testing.assert_allclose(ours.loss_, theirs.loss_, rtol=max(rtol, 1e-9))
    if hasattr(theirs, "loss_curve_"):
        np.testing.assert_allclose(ours.loss_curve_, theirs.loss_curve_, rtol=max(rtol, 1e-9))
        if theirs.best_loss_ is not None:
            assert ours.best_loss_ == pytest.approx(theirs.best_loss_, rel=max(rtol, 1e-9))
        if theirs.validation_scores_ is not None:
            np.testing.assert_allclose(ours.validation_scores_, theirs.validation_scores_)
            # To the last rounding of the processor's own products, and exactly within ours.
            best = theirs.best_validation_score_
            assert ours.best_validation_score_ == pytest.approx(best, rel=1e-12)
            assert ours.best_validation_score_ == max(ours.validation_scores_)


@pytest.mark.parametrize(
    "activation",
    ["logistic", "relu", *(pytest.param(a, marks=pytest.mark.slow) for a in ("identity", "tanh"))],
)
@pytest.mark.parametrize("solver", ["sgd", "adam"])
def test_the_same_start_and_order_give_the_same_weights(solver, activation):
    ours, theirs = both_fits(
        "MLPClassifier", Y, solver=solver, activation=activation, batch_size=20,
        learning_rate_init=0.05,
    )  # fmt: skip
    assert_same(ours, theirs, 1e-10)
    np.testing.assert_allclose(ours.predict_proba(X), theirs.predict_proba(X), rtol=1e-9)
    np.testing.assert_array_equal(ours.predict(X), theirs.predict(X))


@pytest.mark.parametrize(
    "changes",
    [
        {"solver": "sgd", "nesterovs_momentum": False},
        {"solver": "sgd", "momentum": 0.0},
        {"solver": "sgd", "learning_rate": "invscaling", "learning_rate_init": 0.5},
        {"solver": "sgd", "learning_rate": "adaptive", "tol": 0.5, "n_iter_no_change": 1,
         "max_iter": 40},
        {"solver": "adam", "beta_1": 0.5, "beta_2": 0.9, "epsilon": 1e-3},
        {"solver": "adam", "alpha": 1.0},
        {"solver": "adam", "shuffle": False},
        {"solver": "adam", "batch_size": 1, "max_iter": 2},
        {"solver": "adam", "hidden_layer_sizes": (5, 4)},
        {"solver": "adam", "early_stopping": True, "max_iter": 20},
        {"solver": "adam", "tol": 1.0, "n_iter_no_change": 2, "max_iter": 20},
        {"solver": "adam", "tol": 0.02, "n_iter_no_change": 3, "max_iter": 300},
        {"solver": "lbfgs", "max_iter": 5},
    ],
)  # fmt: skip
def test_every_parameter_means_the_same(changes):
    assert_same(*both_fits("MLPClassifier", Y, **{"batch_size": 32} | changes), 1e-9)


def test_a_generator_is_left_as_scikit_learn_leaves_it():
    ours, theirs = (
        kind(**QUICK | {"max_iter": 300, "tol": 0.02, "random_state": np.random.RandomState(5)})
        for kind in (MLPClassifier, neural_network.MLPClassifier)
    )
    assert_same(ours.fit(X, Y), theirs.fit(X, Y), 1e-9)
    assert ours.n_iter_ < 300
    assert ours.random_state.randint(10**9) == theirs.random_state.randint(10**9)


@pytest.mark.parametrize("solver", ["sgd", "adam"])
def test_float32_stays_float32(solver):
    ours, theirs = both_fits("MLPClassifier", Y, dtype=np.float32, solver=solver)
    assert_same(ours, theirs, 1e-5)
    assert ours.predict_proba(X.astype(np.float32)).dtype == np.float32


@pytest.mark.parametrize("weights", [pytest.param(None, marks=pytest.mark.slow), WEIGHTS])
@pytest.mark.parametrize(
    ("name", "y", "changes"),
    [
        ("MLPClassifier", Y == 1, {}),
        ("MLPClassifier", np.array(["a", "b", "c"])[Y], {}),
        ("MLPClassifier", LABELS, {}),
        ("MLPRegressor", NUMBERS, {}),
        ("MLPRegressor", BOTH, {}),
        ("MLPRegressor", COUNTS, {"loss": "poisson"}),
        ("MLPRegressor", NUMBERS, {"solver": "lbfgs"}),
        ("MLPRegressor", NUMBERS, {"early_stopping": True}),
    ],
)
def test_every_kind_of_target(name, y, changes, weights):
    ours, theirs = both_fits(name, y, weights=weights, batch_size=40, **changes)
    assert_same(ours, theirs, 1e-9)
    np.testing.assert_allclose(
        ours.score(X, y, sample_weight=weights), theirs.score(X, y, sample_weight=weights)
    )


def test_partial_fit_and_warm_start_go_on_alike():
    pairs = [(MLPClassifier(**QUICK), neural_network.MLPClassifier(**QUICK))]
    pairs.append(
        (MLPClassifier(**QUICK, solver="sgd"), neural_network.MLPClassifier(**QUICK, solver="sgd"))
    )
    for ours, theirs in pairs:
        for part in np.array_split(np.arange(150), 4) * 2:
            for model in (ours, theirs):
                model.partial_fit(X[part], Y[part], classes=[0, 1, 2])
        assert_same(ours, theirs, 1e-10)
    ours, theirs = (
        kind(**QUICK, warm_start=True).fit(X, Y).fit(X, Y)
        for kind in (MLPClassifier, neural_network.MLPClassifier)
    )
    assert_same(ours, theirs, 1e-10)


@pytest.mark.parametrize(
    "changes",
    [
        {"solver": "adam"},
        {"solver": "sgd"},
        {"solver": "sgd", "learning_rate": "adaptive", "tol": 0.5, "n_iter_no_change": 1},
        {"solver": "adam", "tol": 0.02, "n_iter_no_change": 3, "max_iter": 300},
    ],
)
def test_parts_after_a_fit_go_on_with_its_optimizer(changes):
    ours, theirs = both_fits("MLPClassifier", Y, **changes)
    for part in np.array_split(np.arange(150), 5):
        for model in (ours, theirs):
            model.partial_fit(X[part], Y[part])
    assert_same(ours, theirs, 1e-10)


def test_parts_may_come_in_another_precision():
    parts = [X.astype(dtype) for dtype in (np.float32, np.float64, np.float32)]
    pair = MLPClassifier(**QUICK), neural_network.MLPClassifier(**QUICK)
    for model in pair:
        for part in parts:
            model.partial_fit(part, Y, classes=[0, 1, 2])
    for a, b in zip(pair[0].coefs_, pair[1].coefs_, strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("solver", ["adam", "lbfgs"])
def test_sparse_rows_are_made_dense_in_slices(solver, monkeypatch):
    monkeypatch.setattr("descend.estimators.drop_in_training.DENSE_CELLS", 200)
    for layout in (scipy.sparse.csr_array, scipy.sparse.csc_array):
        dense = MLPClassifier(**QUICK, solver=solver, batch_size=20).fit(X, Y, WEIGHTS)
        sparse = MLPClassifier(**QUICK, solver=solver, batch_size=20).fit(layout(X), Y, WEIGHTS)
        for a, b in zip(dense.coefs_, sparse.coefs_, strict=True):
            np.testing.assert_allclose(a, b, rtol=1e-7, atol=1e-9)
        np.testing.assert_allclose(
            sparse.predict_proba(layout(X)), sparse.predict_proba(X), rtol=1e-12
        )


@pytest.mark.parametrize(
    ("name", "out", "outputs", "y"),
    [
        ("log_loss", "softmax", 3, np.array([0, 2, 1, 1], np.int32)),
        ("log_loss", "logistic", 1, np.array([0.0, 1, 1, 0])),
        ("log_loss", "logistic", 2, np.array([[0.0, 1], [1, 1], [0, 0], [1, 0]])),
        ("squared_error", "identity", 1, np.array([[0.5], [2.0], [-1], [0]])),
        ("poisson", "exp", 1, np.array([[0.0], [2.0], [1], [5]])),
    ],
)
def test_the_gradient_equals_finite_differences(name, out, outputs, y):
    generator = np.random.default_rng(0)
    network, loss = perceptron((4, outputs), "tanh"), loss_named(name, out, outputs)
    sizes = [(3, 4), (4, outputs)]
    params = to_params(
        [generator.normal(size=size) for size in sizes],
        [generator.normal(size=size[1]) for size in sizes], np.float64,
    )  # fmt: skip
    x, w = generator.normal(size=(4, 3)), np.array([1.0, 2, 0.5, 1])
    leaves, tree = jax.tree.flatten(params)
    with jax.enable_x64(True):
        compiled = loss_and_gradient(network, loss)
        _, gradient = compiled(params, x, y, w)
        for place, slope in enumerate(jax.tree.leaves(gradient)):
            for index in np.ndindex(slope.shape):
                values = []
                for sign in (1, -1):
                    moved = [leaf.copy() for leaf in leaves]
                    moved[place][index] += sign * 1e-6
                    values.append(float(compiled(tree.unflatten(moved), x, y, w)[0]))
                assert float(slope[index]) == pytest.approx(
                    (values[0] - values[1]) / 2e-6, rel=1e-5, abs=1e-7
                )


def test_lbfgs_with_several_outputs_reports_the_mean_over_them():
    ours, theirs = both_fits("MLPRegressor", BOTH, solver="lbfgs", max_iter=300)
    assert ours.loss_ <= theirs.loss_ * 2
    found = 0.5 * np.mean((ours.predict(X) - BOTH) ** 2)
    penalty = 0.5 * 1e-4 * sum((w**2).sum() for w in ours.coefs_) / len(X)
    assert ours.loss_ == pytest.approx(found + penalty, rel=1e-9)


def test_the_hosts_precision_is_left_alone():
    before = jax.config.read("jax_enable_x64")
    model = MLPClassifier(**QUICK).fit(X, Y)
    assert model.coefs_[0].dtype == np.float64
    assert jax.config.read("jax_enable_x64") == before
    assert jax.numpy.ones(1).dtype == np.float32


def test_fits_of_similar_size_compile_once():
    MLPClassifier(**QUICK).fit(X[:100], Y[:100])
    with _count_compilations() as count:
        for rows in (97, 100, 110, 128):
            MLPClassifier(**QUICK).fit(X[:rows], Y[:rows] > 0)
    assert count[0] == 0


class _count_compilations:
    """Count the programs that JAX compiles while the context lasts."""

    def __enter__(self) -> list[int]:
        self.count = [0]

        def listen(name: str, seconds: float, **kwargs: object) -> None:
            if name == "/jax/core/compile/backend_compile_duration":
                self.count[0] += 1

        self.listen = listen
        jax.monitoring.register_event_duration_secs_listener(listen)
        return self.count

    def __exit__(self, *_: object) -> None:
        from jax._src import monitoring

        monitoring.unregister_event_duration_listener(self.listen)


def test_ctrl_c_keeps_the_weights(monkeypatch):
    from descend.estimators import drop_in

    class Interrupted(drop_in.Descender):
        calls = 0

        def epochs(self, orders):
            Interrupted.calls += 1
            if Interrupted.calls == 3:
                raise KeyboardInterrupt
            return super().epochs(orders)

    monkeypatch.setattr(drop_in, "Descender", Interrupted)
    with pytest.warns(UserWarning, match="interrupted by user"):
        model = MLPClassifier(**QUICK | {"max_iter": 100}).fit(X, Y)
    assert 2 <= model.n_iter_ < 100
    assert model.n_iter_ == len(model.loss_curve_)
    assert np.isfinite(model.predict_proba(X)).all()
    assert np.isfinite(model.partial_fit(X, Y).loss_)


def test_ctrl_c_in_the_middle_of_a_step_keeps_weights_and_begins_the_optimizer_anew(monkeypatch):
    from descend.estimators import drop_in

    class Interrupted(drop_in.Descender):
        def epochs(self, orders):
            super().epochs(orders)
            jax.tree.leaves(self._carry.optimizer_state)[0].delete()
            raise KeyboardInterrupt

    monkeypatch.setattr(drop_in, "Descender", Interrupted)
    with pytest.warns(UserWarning, match="interrupted by user"):
        model = MLPClassifier(**QUICK).fit(X, Y)
    assert model._optimizer.state is None
    assert np.isfinite(model.predict_proba(X)).all()


def test_pickles_hold_plain_arrays_and_specs():
    model = MLPClassifier(**QUICK).partial_fit(X, Y, classes=[0, 1, 2])
    again = pickle.loads(pickle.dumps(model))
    np.testing.assert_array_equal(
        again.partial_fit(X, Y).coefs_[0], model.partial_fit(X, Y).coefs_[0]
    )


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"solver": "newton"}, "'solver' parameter"),
        ({"alpha": -1}, "'alpha' parameter"),
        ({"hidden_layer_sizes": (0,)}, "hidden_layer_sizes must be > 0"),
        ({"activation": "gelu"}, "'activation' parameter"),
    ],
)
def test_wrong_parameters_are_named(changes, message):
    with pytest.raises(ValueError, match=message):
        MLPClassifier(**changes).fit(X, Y)


def test_a_loss_that_is_no_number_is_an_error_as_in_scikit_learn():
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(150, 4)) * 100, rng.normal(size=150) * 1e5
    with pytest.raises(ValueError, match="non-finite"):
        MLPRegressor(solver="sgd", random_state=0).fit(x, y)
