"""The product with a matrix: the same sums whichever way its gradient is formed."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from descend.layers.product import product


@pytest.mark.parametrize(("rows", "channels", "filters"), [(40, 9, 4), (40, 4, 9), (6, 9, 4)])
def test_gradients_are_those_of_the_plain_product(rows, channels, filters):
    draws = np.random.default_rng(0)
    x = draws.normal(size=(2, rows // 2, channels)).astype(np.float32)
    weight = draws.normal(size=(channels, filters)).astype(np.float32)
    factors = draws.normal(size=(2, rows // 2, filters)).astype(np.float32)

    def cost(of):
        return lambda x, weight: jnp.sum(jnp.tanh(of(x, weight)) * factors)

    def steepness(of):  # what an implicit step multiplies by: forward over backward
        slope = jax.grad(cost(of), argnums=(0, 1))
        return jax.jvp(slope, (x, weight), (x, weight))

    ours = jax.tree.leaves((product(x, weight), steepness(product)))
    plain = jax.tree.leaves((x @ weight, steepness(jnp.matmul)))
    for one, other in zip(ours, plain, strict=True):
        np.testing.assert_allclose(one, other, rtol=2e-5, atol=1e-5)


def test_wide_inputs_of_many_rows_put_the_narrow_matrix_first():
    def first_of_each_product(rows, channels, filters):
        x, weight = jnp.ones((rows, channels)), jnp.ones((channels, filters))
        slope = jax.grad(lambda weight: product(x, weight).sum())
        text = jax.jit(slope).lower(weight).compile().as_text()
        return [line for line in text.splitlines() if " dot(" in line or "__ynn" in line]

    wide = first_of_each_product(400, 36, 8)
    assert any("f32[8,36]" in line for line in wide), wide
    narrow = first_of_each_product(400, 8, 36)
    assert not any("f32[36,8]" in line for line in narrow), narrow
