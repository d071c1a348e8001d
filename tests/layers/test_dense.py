"""Dense layers against PyTorch, and their refusals."""

from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from descend import activations
from descend.errors import SpecError
from descend.initializers import ConstantValue
from descend.layers import Dense

REFERENCE = dict(np.load(Path(__file__).parents[1] / "reference" / "layers.npz"))


def test_outputs_and_gradients_of_pytorch():
    case = {k.removeprefix("Dense."): v for k, v in REFERENCE.items() if k.startswith("Dense.")}
    with jax.enable_x64(True):
        params = {name: jnp.asarray(case[name]) for name in ("weight", "bias")}

        def total(params, x):
            y, _ = Dense(3).apply(params, {}, x, key=None, train=True)
            return jnp.sum(y * case["upstream"]), y

        (by_params, by_x), y = jax.grad(total, (0, 1), has_aux=True)(params, jnp.asarray(case["x"]))
    np.testing.assert_allclose(y, case["y"], rtol=1e-12)
    np.testing.assert_allclose(by_x, case["x_gradient"], rtol=1e-12)
    for name, gradient in by_params.items():
        np.testing.assert_allclose(gradient, case[f"{name}_gradient"], rtol=1e-12)


@pytest.mark.parametrize("name", activations.__all__)
def test_activation_acts_on_the_weighted_sums(name):
    layer = Dense(2, name, weight_initializer=ConstantValue(0.5))
    params, state, _ = layer.init(jax.random.key(0), (3,))
    x = jnp.array([[1.0, -2.0, 0.5]])
    y, _ = layer.apply(params, state, x, key=None, train=False)
    expected = getattr(activations, name)(jnp.full((1, 2), -0.25))
    np.testing.assert_allclose(y, expected, rtol=1e-6)


def test_bias_is_there_exactly_when_asked_for():
    assert set(Dense(2).init(jax.random.key(0), (3,))[0]) == {"weight", "bias"}
    assert set(Dense(2, use_bias=False).init(jax.random.key(0), (3,))[0]) == {"weight"}


@pytest.mark.parametrize(
    ("shape", "hint"),
    [((28, 28, 1), r"Flatten\(\) before it, which makes that \(784,\)"), ({"a": (2,)}, "Parallel")],
)
def test_refuses_other_shapes_and_says_how_to_mend_it(shape, hint):
    with pytest.raises(SpecError, match=hint):
        Dense(3).init(jax.random.key(0), shape)
