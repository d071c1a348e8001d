"""Convolutions, pooling and group normalisation against PyTorch, and one route against another."""

from functools import partial
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from descend.errors import SpecError
from descend.layers import (
    AveragePooling,
    Convolution,
    GlobalPooling,
    GroupNormalization,
    MaxPooling,
    SqueezeExcite,
    TransposedConvolution,
)
from descend.layers import convolving as routes
from descend.layers.windows import windowed

REFERENCE = dict(np.load(Path(__file__).parents[1] / "reference" / "pictures.npz"))
CASES = {
    "plain": Convolution(3),
    "strided": Convolution(4, stride=2),
    "dilated": Convolution(3, dilation=2, padding="valid"),
    "oblong": Convolution(3, (1, 3), stride=(2, 1)),
    "grouped": Convolution(6, groups=2),
    "depthwise": Convolution(3, 5, stride=2, groups="channels"),
    "pointwise": Convolution(4, 1),
    "time": Convolution(4, 5, stride=2),
    "transposed": TransposedConvolution(2),
    "transposed_even": TransposedConvolution(2, 4, padding="valid"),
    "transposed_time": TransposedConvolution(2),
    "max": MaxPooling(),
    "max_overlapping": MaxPooling(3, 2, "same"),
    "max_time": MaxPooling(3),
    "average": AveragePooling(),
    "average_overlapping": AveragePooling(3, 2, "same"),
    "global_mean": GlobalPooling(),
    "group": GroupNormalization(2),
    "squeezed": SqueezeExcite(2),
}


def by_name(tree):
    """Return the leaves of nested dicts by their path, as ``squeeze/weight``."""
    leaves = jax.tree_util.tree_leaves_with_path(tree)
    return {"/".join(part.key for part in path): leaf for path, leaf in leaves}


@pytest.mark.parametrize("name", CASES)
def test_outputs_and_gradients_of_pytorch(name):
    layer = CASES[name]
    case = {k.partition(".")[2]: v for k, v in REFERENCE.items() if k.startswith(f"{name}.")}
    with jax.enable_x64(True):
        given = {k: jnp.asarray(v) for k, v in case.items()}
        drawn, _, shape = layer.init(jax.random.key(0), case["x"].shape[1:])
        params = jax.tree.unflatten(jax.tree.structure(drawn), [given[k] for k in by_name(drawn)])

        def total(params, x):
            y, _ = layer.apply(params, {}, x, key=None, train=True)
            return jnp.sum(y * given["upstream"]), y

        gradient = jax.jit(jax.grad(total, (0, 1), has_aux=True))
        (by_params, by_x), y = gradient(params, given["x"])
    assert (len(y), *shape) == case["y"].shape
    np.testing.assert_allclose(y, case["y"], rtol=1e-10, atol=1e-12)
    np.testing.assert_allclose(by_x, case["x_gradient"], rtol=1e-9, atol=1e-12)
    assert by_name(drawn).keys() == {k for k in case if f"{k}_gradient" in case} - {"x"}
    for k, found in by_name(by_params).items():
        assert found.shape == case[k].shape
        np.testing.assert_allclose(found, case[f"{k}_gradient"], rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize(
    ("shape", "kernel", "stride", "dilation", "padding", "groups"),
    [
        ((7, 6, 4), 3, 1, 1, "same", 1),
        ((7, 6, 4), (4, 2), 2, 1, "same", 2),
        ((9, 6, 4), 3, (3, 1), 2, "valid", 4),
        ((9, 4), 3, 2, 2, "same", 4),
        ((9, 4), 2, 1, 1, "valid", 1),
        ((15, 6, 8), 3, 1, 1, "same", 1),  # the shape for bands
        ((9, 7, 4), (3, 2), (1, 2), 2, "valid", 1),
    ],
)
def test_all_routes_give_the_same_sums(shape, kernel, stride, dilation, padding, groups):
    layer = Convolution(4, kernel, "identity", stride, dilation, padding, groups, use_bias=False)
    weight = layer.init(jax.random.key(0), shape)[0]["weight"]
    x = jax.random.normal(jax.random.key(1), (3, *shape))
    windows = windowed(layer, shape, kernel, stride, dilation, padding)
    # Compiled by itself and not in a loop, a CPU's own convolution is the third opinion.
    expected = jax.jit(routes.device, static_argnums=(2, 3))(x, weight, windows, groups)
    found = [jax.jit(routes.columns, static_argnums=(2, 3))(x, weight, windows, groups)]
    if groups == 4:
        found.append(jax.jit(routes.depthwise, static_argnums=2)(x, weight, windows))
    if groups == 1 and windows.strides[0] == 1:
        found.append(jax.jit(routes.bands, static_argnums=2)(x, weight, windows))
    for y in found:
        np.testing.assert_allclose(y, expected, rtol=1e-5, atol=1e-5)


def test_bands_and_columns_have_the_same_slopes():
    layer = Convolution(5, 3, "identity", use_bias=False)
    weight = layer.init(jax.random.key(0), (14, 6, 8))[0]["weight"]
    x = jax.random.normal(jax.random.key(1), (2, 14, 6, 8))
    windows = windowed(layer, (14, 6, 8), 3, 1, 1, "same")

    def slopes(route):
        total = lambda x, w: jnp.sum(jnp.sin(route(x, w, windows)))  # noqa: E731
        return jax.jit(jax.grad(total, (0, 1)))(x, weight)

    for a, b in zip(slopes(routes.bands), slopes(routes.columns), strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-4, atol=1e-5)
    # And this is a shape for which bands are taken.
    taken = jax.make_jaxpr(lambda x, w: routes.convolved(x, w, windows))(x, weight)
    assert str(taken) == str(jax.make_jaxpr(lambda x, w: routes.bands(x, w, windows))(x, weight))


def test_bands_have_curvature_and_stand_side_by_side():
    draw = np.random.default_rng(0)
    x = jnp.asarray(draw.normal(size=(2, 9, 9, 8)), jnp.float32)
    weights, ways = jnp.asarray(0.1 * draw.normal(size=(2, 2, 3, 3, 8, 4)), jnp.float32)
    windows = windowed(Convolution(4), (9, 9, 8), 3, 1, 1, "same")

    def curvature(route):
        def total(weight):
            return jnp.sum(jnp.tanh(route(x, weight, windows)) ** 2)

        return jax.vmap(lambda w, way: jax.jvp(jax.grad(total), (w,), (way,))[1])(weights, ways)

    found, known = jax.jit(lambda: (curvature(routes.bands), curvature(routes.columns)))()
    np.testing.assert_allclose(found, known, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("padding", ["same", "valid"])
@pytest.mark.parametrize("stride", [1, 2, 3])
def test_transposed_is_the_transpose_of_the_convolution(stride, padding):
    up = TransposedConvolution(2, 4, stride=stride, padding=padding, use_bias=False)
    small = (3, 4, 3)
    params, _, large = up.init(jax.random.key(0), small)
    down = Convolution(3, 4, stride=stride, padding=padding, use_bias=False)
    turned = {"weight": params["weight"].swapaxes(-1, -2)}
    a = jax.random.normal(jax.random.key(1), (1, *small))
    b = jax.random.normal(jax.random.key(2), (1, *large))
    painted, _ = jax.jit(partial(up.apply, key=None, train=False))(params, {}, a)
    seen, _ = jax.jit(partial(down.apply, key=None, train=False))(turned, {}, b)
    np.testing.assert_allclose(jnp.vdot(painted, b), jnp.vdot(a, seen), rtol=1e-4)


@pytest.mark.parametrize(
    "layer",
    [
        Convolution(2, 3, "tanh", stride=2),
        Convolution(2, 3, padding="valid"),
        MaxPooling(2),
        MaxPooling(3, 2, "same"),
        AveragePooling(2),
        AveragePooling(3, 2, "same"),
        GlobalPooling(),
        GlobalPooling("max"),
        SqueezeExcite(1),
    ],
    ids=repr,
)
def test_padding_of_sequences_changes_nothing(layer):
    """Sequences of a batch give what each gives alone, cut to its length."""
    values = np.random.default_rng(0).normal(size=(4, 9, 3)).astype(np.float32) - 2
    length = np.array([9, 4, 7, 6], np.int32)
    values[1, 4:], values[2, 7:] = np.nan, 1e30
    params, _, shape = layer.init(jax.random.key(1), {"values": (9, 3), "length": ()})

    def total(params, values):
        x = {"values": values, "length": length}
        y, _ = layer.apply(params, {}, x, key=None, train=True)
        kept = y["values"] if isinstance(y, dict) else y
        return jnp.sum(jnp.sin(kept)), y

    apart = jax.jit(partial(layer.apply, key=None, train=False))
    both = jax.jit(jax.value_and_grad(total, (0, 1), has_aux=True))
    (_, y), (by_params, by_values) = both(params, values)
    y, by_params, by_values = jax.tree.map(np.asarray, (y, by_params, by_values))
    assert all(np.isfinite(leaf).all() for leaf in jax.tree.leaves((y, by_params, by_values)))
    for i, n in enumerate(length):
        alone, _ = apart(params, {}, values[i : i + 1, :n])
        found = y["values"][i, : y["length"][i]] if isinstance(y, dict) else y[i]
        np.testing.assert_allclose(found, alone[0], rtol=1e-5, atol=1e-6)
        assert np.all(by_values[i, n:] == 0)
        if isinstance(y, dict):
            assert isinstance(shape, dict)
            assert np.all(y["values"][i, y["length"][i] :] == 0)


@pytest.mark.parametrize(
    ("layer", "shape", "message"),
    [
        (Convolution(4), (784,), r"Reshape\(\(28, 28, 1\)\)"),
        (Convolution(4, (3, 3)), (9, 2), "a sequence has one axis"),
        (Convolution(4, 5, padding="valid"), (4, 9, 1), "a window of 5 does not fit"),
        (Convolution(4, groups=2), (5, 5, 3), "2 groups must divide 3 channels and 4 filters"),
        (MaxPooling(), (1, 4, 3), "a window of 2 does not fit into the 1 positions"),
        (GroupNormalization(4), (5, 5, 6), "4 groups do not divide 6 channels"),
        (GlobalPooling(), (3,), "takes sequences"),
        (TransposedConvolution(1), {"values": (3, 1), "length": ()}, "no sequences with lengths"),
    ],
)
def test_refuses_inputs_that_do_not_fit(layer, shape, message):
    with pytest.raises(SpecError, match=message):
        layer.init(jax.random.key(0), shape)


@pytest.mark.parametrize(
    "make",
    [
        lambda: Convolution(0),
        lambda: Convolution(2, (1, 2, 3)),
        lambda: Convolution(2, 0),
        lambda: Convolution(2, stride=1.5),
        lambda: Convolution(2, padding="full"),
        lambda: Convolution(2, groups="all"),
        lambda: MaxPooling(()),
        lambda: GlobalPooling("median"),
        lambda: SqueezeExcite(0),
    ],
)
def test_refuses_fields_out_of_range(make):
    with pytest.raises(SpecError):
        make()
