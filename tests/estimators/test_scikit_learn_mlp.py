"""scikit-learn's own tests of its perceptrons, from the installed package, run on the drop-ins."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path

import pytest
import sklearn.neural_network

from descend.estimators import MLPClassifier, MLPRegressor

EXCLUDED = {
    "test_gradient": "calls the private _loss_grad_lbfgs with scikit-learn's own lists of buffers; "
    "test_drop_in.py compares our gradient with finite differences instead",
}
"""Names of tests that look at private parts, each with the reason why ours has no such part."""


def _load():
    """Import the tests anew, with the drop-ins in the place of scikit-learn's classes."""
    theirs = Path(sklearn.neural_network.__file__).parent / "tests" / "test_mlp.py"
    if not theirs.exists():
        return None
    spec = importlib.util.spec_from_file_location("descend_scikit_learns_test_mlp", theirs)
    module = importlib.util.module_from_spec(spec)
    kept = sklearn.neural_network.MLPClassifier, sklearn.neural_network.MLPRegressor
    sklearn.neural_network.MLPClassifier = MLPClassifier
    sklearn.neural_network.MLPRegressor = MLPRegressor
    try:
        sys.modules[spec.name] = module
        spec.loader.exec_module(module)
    finally:
        sklearn.neural_network.MLPClassifier, sklearn.neural_network.MLPRegressor = kept
    return module


theirs = _load()
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(theirs is None, reason="this scikit-learn came without its tests"),
    pytest.mark.filterwarnings("default"),
]

if theirs is not None:
    for name, member in vars(theirs).items():
        if name.startswith("test_") and name not in EXCLUDED:
            globals()[name] = member


@pytest.fixture
def global_random_seed() -> int:
    """The seed that scikit-learn's own test run takes by default."""
    return 42


def test_the_drop_ins_are_what_is_tested():
    assert theirs.MLPClassifier is MLPClassifier
    assert theirs.MLPRegressor is MLPRegressor
    assert set(EXCLUDED) <= set(vars(theirs))
