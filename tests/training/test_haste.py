"""Programs compiled in haste compute what those compiled with care do."""

from __future__ import annotations

import jax
import numpy as np
import pytest

from descend.layers import (
    LSTM,
    BatchNormalization,
    Convolution,
    Dense,
    Dropout,
    Flatten,
    MaxPooling,
    Recurrent,
    Sequential,
)
from descend.losses import CategoricalCrossEntropy
from descend.optimizers import Adam
from descend.schedules import Cosine
from descend.surroundings import in_haste
from descend.training.step import Settings, program

CARE = in_haste() | {
    "xla_backend_optimization_level": 3,
    "xla_llvm_disable_expensive_passes": False,
    "xla_cpu_parallel_codegen_split_count": 32,
}
"""What the compiler does by itself, whatever the surroundings of the tests ask for."""
if "xla_cpu_use_fusion_emitters" in CARE:
    CARE["xla_cpu_use_fusion_emitters"] = True

NETWORKS = {
    "dense": ((Dense(16, "relu"), BatchNormalization(), Dropout(0.2), Dense(3)), (5,)),
    "convolution": ((Convolution(4, 3, "gelu"), MaxPooling(), Flatten(), Dense(3)), (6, 6, 2)),
    "recurrent": ((Recurrent(LSTM(5)), Dense(3)), (7, 2)),
}


@pytest.mark.parametrize("name", NETWORKS)
def test_the_same_way_down(name: str) -> None:
    layers, shape = NETWORKS[name]
    network, rng = Sequential(layers), np.random.default_rng(0)
    x = rng.normal(size=(40, *shape)).astype(np.float32)
    y = rng.integers(0, 3, 40).astype(np.int32)
    params, state, _ = network.init(jax.random.key(0), shape)
    made = program(network, CategoricalCrossEntropy(), Adam(1.0), Cosine(), 8)
    settings = Settings(0.01, 10, 0.0, 0.0)
    given = (x, y, None, np.arange(40, dtype=np.int32), 40, 0, 5, settings)

    def descended(options: dict[str, bool | int]) -> list[np.ndarray]:
        carry = made.start(params, state, jax.random.key(1))
        run = made.run.lower(carry, *given).compile(compiler_options=options)
        return jax.tree.leaves(jax.device_get(run(carry, *given)._replace(key=0)))

    careful = descended(CARE)
    for options in (in_haste(0), in_haste(1), in_haste(2)):
        for a, b in zip(descended(options), careful, strict=True):
            np.testing.assert_allclose(a, b, rtol=1e-4, atol=1e-5)
