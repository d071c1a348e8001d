"""Fixed points: solutions, gradients against finite differences, and honest reports."""

import warnings

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from descend.errors import SpecError
from descend.fixed_point import FixedPointSolver, UnsettledWarning, fixed_point


def network(theta, z):
    return jnp.tanh(z @ theta["weight"] + theta["x"])


def settled(*arguments):
    result = fixed_point(*arguments)
    jax.effects_barrier()  # warnings come from the device, in their own time
    return result


def problem(dtype=np.float64, scale=0.4, batch=3, units=6):
    rng = np.random.default_rng(0)
    weight = rng.normal(size=(units, units))
    weight *= scale / np.linalg.norm(weight, 2)
    x = rng.normal(size=(batch, units))
    return {"weight": jnp.asarray(weight, dtype), "x": jnp.asarray(x, dtype)}


@pytest.mark.parametrize("method", ["plain", "damped", "anderson"])
def test_the_point_found_is_fixed(method):
    with jax.enable_x64(True):
        theta = problem(scale=0.9)
        solver = FixedPointSolver(method, tolerance=1e-10, max_steps=500, damping=0.8)
        z, settling = fixed_point(network, theta, jnp.zeros((3, 6)), solver)
        np.testing.assert_allclose(network(theta, z), z, atol=1e-9)
        assert settling.residual.shape == (3,)
        assert float(settling.residual.max()) <= 1e-10
        assert 1 < int(settling.steps) < 500


def test_anderson_needs_fewer_steps_than_plain_iteration():
    with jax.enable_x64(True):
        theta = problem(scale=0.98, units=40)
        steps = {}
        for method in ("plain", "anderson"):
            solver = FixedPointSolver(method, tolerance=1e-8, max_steps=2000)
            _, settling = fixed_point(network, theta, jnp.zeros((3, 40)), solver)
            steps[method] = int(settling.steps)
        assert steps["anderson"] < steps["plain"]


@pytest.mark.parametrize("method", ["plain", "damped", "anderson"])
def test_implicit_gradient_equals_finite_differences(method):
    with jax.enable_x64(True):
        theta = problem(scale=0.8)
        solver = FixedPointSolver(
            method, tolerance=1e-12, backward_tolerance=1e-12, max_steps=1000, damping=0.9
        )

        @jax.jit
        def loss(theta):
            z, _ = fixed_point(network, theta, jnp.zeros((3, 6)), solver)
            return jnp.sum(jnp.sin(z) * jnp.arange(1.0, 7.0))

        gradient = jax.grad(loss)(theta)
        for name in theta:
            flat = np.asarray(theta[name]).ravel()
            for k in range(0, flat.size, 5):
                step = np.zeros_like(flat)
                step[k] = 1e-6
                up, down = (
                    loss({**theta, name: jnp.asarray((flat + s).reshape(theta[name].shape))})
                    for s in (step, -step)
                )
                slope = (up - down) / 2e-6
                np.testing.assert_allclose(gradient[name].ravel()[k], slope, rtol=1e-6, atol=1e-8)


def test_unrolled_gradients_approach_the_implicit_one():
    with jax.enable_x64(True):
        theta = problem(scale=0.7)

        def gradient(kind):
            solver = FixedPointSolver("plain", kind, tolerance=1e-12, max_steps=500)

            def loss(theta):
                return jnp.sum(fixed_point(network, theta, jnp.zeros((3, 6)), solver)[0])

            return jax.jit(jax.grad(loss))(theta)["weight"]

        exact = gradient("implicit")
        errors = [float(jnp.linalg.norm(gradient(f"unrolled:{k}") - exact)) for k in (1, 4, 60)]
        assert errors[0] > errors[1] > errors[2]
        assert errors[2] < 1e-6
        np.testing.assert_allclose(gradient("one-step"), gradient("unrolled:1"), atol=1e-9)


def test_no_fixed_point_gives_a_warning_and_the_best_iterate():
    solver = FixedPointSolver("plain", max_steps=20)
    with pytest.warns(UnsettledWarning, match="residual"):
        z, settling = settled(lambda t, z: -z * t, jnp.ones(()), jnp.ones((2, 3)), solver)
    assert np.isfinite(z).all()
    assert int(settling.steps) == 20
    assert float(settling.residual.min()) > 0.1


def test_a_diverging_update_keeps_the_last_finite_iterate():
    solver = FixedPointSolver("plain", max_steps=2000)
    with pytest.warns(UnsettledWarning):
        z, _ = settled(lambda t, z: z * z * t, jnp.ones(()), 2 * jnp.ones((1, 2)), solver)
    assert np.isfinite(z).all()


def test_zero_is_a_fixed_point():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        z, settling = settled(lambda t, z: t * z, 0.5 * jnp.ones(()), jnp.zeros((2, 2)))
    assert float(jnp.abs(z).max()) == 0
    assert float(settling.residual.max()) == 0


def test_rows_do_not_influence_one_another():
    theta = problem(np.float32, scale=0.9)
    solver = FixedPointSolver("plain", tolerance=1e-6, max_steps=200)
    together, _ = fixed_point(network, theta, jnp.zeros((3, 6)), solver)
    for row in range(3):
        alone, _ = fixed_point(
            network, {**theta, "x": theta["x"][row : row + 1]}, jnp.zeros((1, 6)), solver
        )
        np.testing.assert_allclose(together[row], alone[0], atol=1e-5)


def test_jit_equals_eager():
    theta = problem(np.float32)

    def run(theta):
        return fixed_point(network, theta, jnp.zeros((3, 6)))[0]

    np.testing.assert_allclose(jax.jit(run)(theta), run(theta), atol=1e-6)


@pytest.mark.parametrize(
    "fields",
    [
        {"method": "newton"},
        {"gradient": "unrolled:0"},
        {"gradient": "unrolled:x"},
        {"gradient": "magic"},
        {"damping": 0},
        {"damping": 1.5},
        {"max_steps": 0},
        {"tolerance": -1},
        {"memory": 0},
    ],
)
def test_bad_fields_are_refused(fields):
    with pytest.raises(SpecError, match="FixedPointSolver"):
        FixedPointSolver(**fields)
