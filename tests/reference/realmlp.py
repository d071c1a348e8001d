"""First weights, outputs and losses of RealMLP-TD from its authors' pytabkit: realmlp.npz.

Run by hand where pytabkit 1.7.3 is installed: ``python tests/reference/realmlp.py``. Dropout is
off, as its draws cannot be shared; layers are narrow, so that the file is small.
"""

from pathlib import Path

import numpy as np
import pandas as pd
from pytabkit import RealMLP_TD_Classifier, RealMLP_TD_Regressor
from pytabkit.models.training.lightning_modules import TabNNModule

BATCH = 32
ORIGINAL_STEP = TabNNModule.training_step


def table(rows: int = 160) -> pd.DataFrame:
    """Return three numbers (one heavy-tailed), a category of 3 values and one of 20."""
    rng = np.random.default_rng(0)
    frame = pd.DataFrame(
        {
            "a": rng.normal(size=rows),
            "b": 10 * rng.standard_t(1, size=rows),
            "c": np.exp(rng.normal(size=rows)),
            "few": rng.choice(list("xyz"), rows),
            "many": [f"v{i:02d}" for i in rng.permutation(rows) % 20],
        }
    )
    return frame.astype({"a": "f4", "b": "f4", "c": "f4", "few": "category", "many": "category"})


def watched_fit(estimator, x: pd.DataFrame, y: np.ndarray) -> dict[str, np.ndarray]:
    """Fit, and return what was seen of the first weights, the batches and the losses."""
    seen: dict = {"orders": [], "losses": []}

    def step(module, batch, number):
        if not seen["losses"]:
            for p in module.model.parameters():
                name = str(p.context.scope).strip("/")
                seen[f"weights/{name}"] = p.detach().numpy()[0].copy()
            seen["outputs"] = module.model(batch)["x_cont"].detach().numpy()[0]
        firsts = batch["x_cont"].numpy()[0, :, 0]
        places = {float(value): i for i, value in enumerate(x["a"].to_numpy())}
        seen["orders"].append([places[float(value)] for value in firsts])
        loss = ORIGINAL_STEP(module, batch, number)
        seen["losses"].append(float(loss.detach()))
        return loss

    TabNNModule.training_step = step
    estimator.fit(x, y)
    found = {name: np.asarray(value) for name, value in seen.items()}
    return found | {"losses": np.float32(seen["losses"]), "orders": np.int32(seen["orders"])}


def main() -> None:
    """Write the file."""
    x = table()
    way = {
        "device": "cpu", "random_state": 0, "p_drop": 0.0, "hidden_sizes": [8, 8, 8],
        "n_epochs": 3, "batch_size": BATCH,
    }  # fmt: skip
    signal = x["a"].to_numpy() + np.log(x["c"].to_numpy())
    targets = {
        "classes": (signal > 0).astype(int) + (x["few"] == "x").to_numpy(),
        "numbers": (7 + 3 * signal + (x["few"] == "x").to_numpy()).astype(np.float32),
    }
    kinds = {"classes": RealMLP_TD_Classifier, "numbers": RealMLP_TD_Regressor}
    arrays = {f"table/{name}": np.asarray(x[name].astype(str if name in ("few", "many") else "f4"))
              for name in x}  # fmt: skip
    arrays = {name: a.astype("U3") if a.dtype == object else a for name, a in arrays.items()}
    for task, y in targets.items():
        arrays[f"{task}/y"] = y
        found = watched_fit(kinds[task](**way), x, y)
        arrays |= {f"{task}/{name}": value for name, value in found.items()}
    np.savez_compressed(Path(__file__).with_suffix(".npz"), **arrays)


if __name__ == "__main__":
    main()
