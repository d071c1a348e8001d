"""Normalisation against PyTorch, and batch statistics in training against those later."""

from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from descend.errors import SpecError, UsageError
from descend.layers import BatchNormalization, LayerNormalization

REFERENCE = dict(np.load(Path(__file__).parents[1] / "reference" / "layers.npz"))


def reference(name):
    return {k.partition(".")[2]: v for k, v in REFERENCE.items() if k.startswith(f"{name}.")}


@pytest.mark.parametrize("layer", [BatchNormalization(), LayerNormalization()], ids=repr)
def test_outputs_and_gradients_of_pytorch(layer):
    case = reference(type(layer).__name__)
    with jax.enable_x64(True):
        params = {name: jnp.asarray(case[name]) for name in ("scale", "shift")}
        _, state, _ = layer.init(jax.random.key(0), case["x"].shape[1:])
        state = jax.tree.map(lambda s: s.astype(jnp.float64), state)

        def total(params, x):
            y, after = layer.apply(params, state, x, key=None, train=True)
            return jnp.sum(y * case["upstream"]), (y, after)

        x = jnp.asarray(case["x"])
        gradient = jax.jit(jax.grad(total, (0, 1), has_aux=True))
        (by_params, by_x), (y, after) = gradient(params, x)
    np.testing.assert_allclose(y, case["y"], rtol=1e-10)
    np.testing.assert_allclose(by_x, case["x_gradient"], rtol=1e-8, atol=1e-12)
    for name, gradient in by_params.items():
        np.testing.assert_allclose(gradient, case[f"{name}_gradient"], rtol=1e-10)
    if after:
        n = len(case["x"])
        np.testing.assert_allclose(after["mean"], case["mean"], rtol=1e-10)
        unbiased = np.asarray(after["variance"]) * n / (n - 1)
        np.testing.assert_allclose(unbiased, case["unbiased_variance"], rtol=1e-10)


@pytest.mark.parametrize("momentum", [0.0, 0.9, 0.99])
def test_training_and_inference_agree_after_any_number_of_equal_batches(momentum):
    layer = BatchNormalization(momentum)
    params, state, _ = layer.init(jax.random.key(0), (3,))
    x = 7 + 3 * jax.random.normal(jax.random.key(1), (8, 3))
    step = jax.jit(lambda state: layer.apply(params, state, x, key=None, train=True))
    for batches in range(1, 101):
        trained, state = step(state)
        if batches in (1, 2, 10, 100):
            later, same = layer.apply(params, state, x, key=None, train=False)
            np.testing.assert_allclose(later, trained, rtol=1e-4, atol=1e-5)
            assert same is state


def test_running_averages_are_plain_means_first_and_exponential_later():
    layer = BatchNormalization(momentum=0.75)
    params, state, _ = layer.init(jax.random.key(0), (1,))
    means = []
    for value in (1.0, 2.0, 6.0, 3.0, 11.0):
        x = jnp.array([[value - 1], [value + 1]])
        _, state = layer.apply(params, state, x, key=None, train=True)
        means.append(float(state["mean"][0]))
    np.testing.assert_allclose(means, [1, 1.5, 3, 3, 0.75 * 3 + 0.25 * 11], rtol=1e-6)
    np.testing.assert_allclose(state["variance"], 1, rtol=1e-6)


def test_variance_far_from_zero_does_not_cancel():
    layer = BatchNormalization()
    params, state, _ = layer.init(jax.random.key(0), (1,))
    x = 1e4 + jnp.array([[-1.0], [1.0], [-1.0], [1.0]])
    y, _ = layer.apply(params, state, x, key=None, train=True)
    np.testing.assert_allclose(y, [[-1], [1], [-1], [1]], rtol=1e-4)


def test_refuses_to_train_on_one_row():
    layer = BatchNormalization()
    params, state, _ = layer.init(jax.random.key(0), (3,))
    with pytest.raises(UsageError, match="batch size of 2 or more, or LayerNormalization"):
        layer.apply(params, state, jnp.ones((1, 3)), key=None, train=True)
    layer.apply(params, state, jnp.ones((1, 3)), key=None, train=False)


@pytest.mark.parametrize("layer", [BatchNormalization(), LayerNormalization()], ids=repr)
def test_refuses_scalars(layer):
    with pytest.raises(SpecError, match="at least one axis"):
        layer.init(jax.random.key(0), ())


@pytest.mark.parametrize("length", [None, jnp.array([4, 1, 3])], ids=["whole", "padded"])
def test_slopes_and_curvature_are_those_of_the_equation(length):
    """The backward pass by hand beside JAX's, also of what flows through the running averages."""
    layer = BatchNormalization()
    shape = (3, 4, 2)
    with jax.enable_x64(True):
        draw = jax.random.split(jax.random.key(0), 5)
        x = 5 + jax.random.normal(draw[0], shape, float)
        upstream = jax.random.normal(draw[1], shape, float)
        params = {"scale": jnp.array([0.5, 2.0]), "shift": jnp.array([1.0, -1.0])}
        along = (
            {"scale": jax.random.normal(draw[2], (2,), float), "shift": jnp.ones(2)},
            jax.random.normal(draw[3], shape, float),
        )
        state = {"mean": jnp.ones(2), "variance": jnp.ones(2), "batches": jnp.ones(())}
        real = jnp.ones(shape[:2], bool) if length is None else jnp.arange(4) < length[:, None]

        def total(y, mean, variance):
            y = jnp.where(real[..., None], jnp.tanh(y), 0)
            return jnp.sum(y * upstream) + jnp.sum(mean**2) + jnp.sum(variance**3)

        def by_layer(params, x):
            given = x if length is None else {"values": x, "length": length}
            y, after = layer.apply(params, state, given, key=None, train=True)
            return total(y if length is None else y["values"], after["mean"], after["variance"])

        def by_equation(params, x):
            x = jnp.where(real[..., None], x, 0)
            n = real.sum()
            mean = x.sum((0, 1)) / n
            variance = (jnp.where(real[..., None], x - mean, 0) ** 2).sum((0, 1)) / n
            y = params["scale"] * (x - mean) / jnp.sqrt(variance + 1e-5) + params["shift"]
            return total(y, (1 + mean) / 2, (1 + variance) / 2)

        def slopes_and_curvature(f):
            def slope(params, x):
                found = jax.grad(f, (0, 1))(params, x)
                return sum(map(jnp.vdot, jax.tree.leaves(found), jax.tree.leaves(along)))

            return f(params, x), jax.grad(f, (0, 1))(params, x), jax.grad(slope, (0, 1))(params, x)

        found, known = jax.jit(lambda: tuple(map(slopes_and_curvature, (by_layer, by_equation))))()
    jax.tree.map(lambda a, b: np.testing.assert_allclose(a, b, rtol=1e-9, atol=1e-9), found, known)
