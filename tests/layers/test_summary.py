"""Networks in one line, and their number of weights."""

import jax
import pytest

from descend.layers import (
    Activation,
    BatchNormalization,
    Dense,
    Dropout,
    Embedding,
    Flatten,
    LayerNormalization,
    Parallel,
    Residual,
    Sequential,
)
from descend.layers.summary import output_shape, parameter_count, summary_line


@pytest.mark.parametrize(
    ("network", "shape", "line"),
    [
        (Sequential((Dense(64, "relu"), Dense(3))), (14,), "14 -> 64 relu -> 3"),
        (Dense(3, "softmax"), (14,), "14 -> 3 softmax"),
        (
            Sequential((Dense(8), LayerNormalization(), Activation("gelu"), Dropout(0.1))),
            (4,),
            "4 -> 8 layer norm gelu dropout 0.1",
        ),
        (Sequential((Flatten(), Dense(10))), (28, 28, 1), "28x28x1 -> flatten -> 10"),
        (
            Sequential((Residual(Sequential((Dense(4, "relu"), Dense(4)))), Dense(1))),
            (4,),
            "4 -> x + (4 relu -> 4) -> 1",
        ),
        (
            Sequential(
                (
                    Parallel(
                        (Embedding((9, 5), (3, 2)), BatchNormalization()), ("codes", "numbers")
                    ),
                    Dense(3),
                )
            ),
            {"codes": (2,), "numbers": (6,)},
            "(codes 2, numbers 6) -> (codes embedding 3+2 | numbers batch norm) -> 3",
        ),
        (Parallel((Dense(2), Dense(2)), merge="sum"), (3,), "3 -> (2 + 2)"),
    ],
)
def test_line(network, shape, line):
    assert summary_line(network, shape) == line


def test_counts():
    network = Sequential((Dense(64, "relu"), Dense(32, "relu"), Dense(3)))
    params, _, shape = network.init(jax.random.key(0), (14,))
    assert parameter_count(params) == 14 * 64 + 64 + 64 * 32 + 32 + 32 * 3 + 3
    assert output_shape(network, (14,)) == shape == (3,)
