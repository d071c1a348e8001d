"""RealMLP-TD beside its authors' implementation: outputs from the same weights, and steps of it."""

from pathlib import Path

import jax
import numpy as np
import polars as pl
import pytest

from descend.data.columns import infer_columns
from descend.data.preprocessing import fit_preprocessing
from descend.losses import CategoricalCrossEntropy, SquaredError
from descend.models.tables.realmlp import SMOOTHING, realmlp_descent, realmlp_network
from descend.training.step import Settings, program

REFERENCE = dict(np.load(Path(__file__).parents[2] / "reference" / "realmlp.npz"))
"""Made by ``tests/reference/realmlp.py``."""

ORIGINAL = {
    "frequency": "plr/weight_1",
    "phase": "plr/bias_1",
    "readout": "plr/weight_2",
    "offset": "plr/bias_2",
    "column_0": "tfms/emb",
    "scale": "net/first_layer/layer-0/scale",
}
LAYERS = ("first_layer/layer-0", "middle_layer/layer-1", "middle_layer/layer-2")


def of_original(params, task):
    """Return the original's first weights in the places of ours, each of them used once."""
    left = {
        name.removeprefix(f"{task}/weights/"): value
        for name, value in REFERENCE.items()
        if name.startswith(f"{task}/weights/")
    }
    hidden = iter(LAYERS)
    dense = iter((*LAYERS, "last_layer/layer-3"))
    place = {}

    def take(path, leaf):
        keys = [part.key for part in path]
        if "tangent_dense" in keys[-2] and keys[-2] not in place:
            place[keys[-2]] = next(dense)
        if "parametric_activation" in keys[-2]:
            place[keys[-2]] = next(hidden)
        kind = {"mix": "act"}.get(keys[-1], keys[-1])
        name = ORIGINAL.get(keys[-2]) or ORIGINAL.get(keys[-1])
        return left.pop(name or f"net/{place[keys[-2]]}/{kind}").reshape(leaf.shape)

    taken = jax.tree_util.tree_map_with_path(take, params)
    assert not left
    return taken


@pytest.mark.parametrize("task", ["classes", "numbers"])
def test_outputs_and_losses_are_those_of_the_original(task):
    orders = REFERENCE[f"{task}/orders"]
    rows = np.unique(orders)
    frame = pl.DataFrame(
        {name: REFERENCE[f"table/{name}"] for name in ("a", "b", "c")}
    ).with_columns(
        few=pl.Series(REFERENCE["table/few"].tolist()),
        many=pl.Series(REFERENCE["table/many"].tolist()),
    )[rows]
    preprocessing = fit_preprocessing(frame, infer_columns(frame), scale="none")
    x, _ = preprocessing.transform(frame)
    y = REFERENCE[f"{task}/y"][rows]
    regression = task == "numbers"
    loss, outputs = CategoricalCrossEntropy(SMOOTHING), 3
    if regression:
        loss, outputs = SquaredError(), 1
        y = ((y - y.mean()) / y.std()).astype(np.float32)[:, None]
    network = realmlp_network(
        preprocessing, outputs, regression=regression, hidden=(8, 8, 8), dropout=0.0
    )
    params, state, _ = network.init(jax.random.key(0), preprocessing.input_shape)
    _, state, _ = network.adapt(jax.random.key(1), params, state, x)
    params = of_original(params, task)

    first = jax.tree.map(lambda a: a[np.searchsorted(rows, orders[0])], x)
    raw, _ = network.apply(params, state, first, key=None, train=False)
    np.testing.assert_allclose(raw, REFERENCE[f"{task}/outputs"], rtol=1e-5, atol=1e-5)

    descent = realmlp_descent(0, regression=regression)
    rate = descent.optimizer.learning_rate
    way = program(network, loss, descent.optimizer.replace(learning_rate=1.0), descent.schedule, 32)
    carry = way.start(params, state, jax.random.key(0))
    order = np.searchsorted(rows, orders).astype(np.int32).ravel()
    losses, before = [], 0.0
    for step in range(len(orders)):
        carry = way.run(
            carry, x, y, None, order, len(order), step, step + 1,
            Settings(rate, len(orders), 0.0, np.inf),
        )  # fmt: skip
        losses.append((float(carry.loss_sum) - before) / 32)
        before = float(carry.loss_sum)
    scale = 2 if regression else 1  # ours is half the squared error
    found = scale * np.array(losses)
    np.testing.assert_allclose(found, REFERENCE[f"{task}/losses"], rtol=1e-5)
