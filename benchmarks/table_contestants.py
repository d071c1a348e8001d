"""Fit one contestant of the benchmark of tables, in a process of its own.

``python benchmarks/table_contestants.py PEER FOLDER`` (or, for Descend, its options in JSON in the
place of PEER) reads the folder that `benchmarks.table_sets.write_split` filled, writes what the
contestant predicts to ``found.npz`` in it, and prints the seconds of fit and prediction as JSON. It
needs only the packages of that contestant, so that peers may live in another environment.
"""

from __future__ import annotations

import json
import sys
import time
import warnings
from pathlib import Path
from typing import Any

import numpy as np

__all__ = ["PEERS", "main"]

MISSING = ["", "?", " ?", "NA", "NaN", "nan"]
"""Cells that are gaps, which Descend finds by itself."""


def frames(folder: Path, spec: dict[str, Any]) -> tuple[Any, Any, Any]:
    """Return training inputs, training targets and test inputs as pandas has them."""
    import pandas as pd

    parts = []
    for name in ("train.csv", "test.csv"):
        frame = pd.read_csv(folder / name, dtype=str, keep_default_na=False, na_values=MISSING)
        for column in spec["numbers"]:
            frame[column] = pd.to_numeric(frame[column], errors="coerce").astype(np.float64)
        for column in spec["categories"]:
            frame[column] = frame[column].str.strip().fillna("missing")
        parts.append(frame)
    train, test = parts
    y = train[spec["target"]]
    y = y.map(spec["classes"].index) if spec["classes"] else y.astype(float)
    inputs = [*spec["numbers"], *spec["categories"]]
    return train[inputs], y.to_numpy(), test[inputs]


def filled(x: Any, xt: Any, numbers: list[str]) -> tuple[Any, Any]:
    """Fill gaps with the median of the training rows, with a flag for each column that has any."""
    x, xt = x.copy(), xt.copy()
    for column in numbers:
        if x[column].isna().any() or xt[column].isna().any():
            for frame in (x, xt):
                frame[f"{column} missing"] = frame[column].isna().astype(np.float64)
            middle = x[column].median()
            x[column], xt[column] = x[column].fillna(middle), xt[column].fillna(middle)
    return x, xt


def scikit_learn(x: Any, y: Any, xt: Any, spec: dict[str, Any]) -> Any:
    """Return scikit-learn's MLP behind standardised numbers and one-hot categories."""
    from sklearn.compose import TransformedTargetRegressor, make_column_transformer
    from sklearn.neural_network import MLPClassifier, MLPRegressor
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import OneHotEncoder, StandardScaler

    x, xt = filled(x, xt, spec["numbers"])
    numbers = [column for column in x.columns if column not in spec["categories"]]
    turned = make_column_transformer(
        (StandardScaler(), numbers),
        (OneHotEncoder(handle_unknown="ignore", sparse_output=False), spec["categories"]),
    )
    options = {"early_stopping": True, "random_state": spec["seed"]}
    if spec["classes"]:
        network = MLPClassifier(**options)
    else:
        network = TransformedTargetRegressor(MLPRegressor(**options), transformer=StandardScaler())
    return make_pipeline(turned, network), x, xt, {}


def lightgbm(x: Any, y: Any, xt: Any, spec: dict[str, Any]) -> Any:
    """Return LightGBM's defaults, which read categories and gaps themselves."""
    from lightgbm import LGBMClassifier, LGBMRegressor

    for column in spec["categories"]:
        x[column] = x[column].astype("category")
        xt[column] = xt[column].astype(x[column].dtype)
    kind = LGBMClassifier if spec["classes"] else LGBMRegressor
    return kind(random_state=spec["seed"], verbose=-1), x, xt, {}


def catboost(x: Any, y: Any, xt: Any, spec: dict[str, Any]) -> Any:
    """Return CatBoost's defaults, which read categories and gaps themselves."""
    from catboost import CatBoostClassifier, CatBoostRegressor

    kind = CatBoostClassifier if spec["classes"] else CatBoostRegressor
    model = kind(random_state=spec["seed"], verbose=False, allow_writing_files=False)
    return model, x, xt, {"cat_features": spec["categories"]}


def realmlp(x: Any, y: Any, xt: Any, spec: dict[str, Any]) -> Any:
    """Return pytabkit's RealMLP-TD; it takes no gaps among numbers."""
    from pytabkit import RealMLP_TD_Classifier, RealMLP_TD_Regressor

    x, xt = filled(x, xt, spec["numbers"])
    kind = RealMLP_TD_Classifier if spec["classes"] else RealMLP_TD_Regressor
    options = {"cat_col_names": spec["categories"]}
    return kind(device="cpu", random_state=spec["seed"]), x, xt, options


class Clock:
    """Seconds on the wall, and of all cores together (``... cores``), since the last note."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}
        self._last = time.perf_counter(), time.process_time()

    def note(self, name: str) -> None:
        """Keep the seconds since the last note under a name."""
        now = time.perf_counter(), time.process_time()
        self.seconds[name], self.seconds[f"{name} cores"] = (
            new - old for new, old in zip(now, self._last, strict=True)
        )
        self._last = now


def peer(make: Any, folder: Path, spec: dict[str, Any]) -> tuple[dict[str, float], dict[str, Any]]:
    """Fit a peer and predict the test rows; return seconds of both, and what was found."""
    x, y, xt = frames(folder, spec)
    model, x, xt, options = make(x.copy(), y, xt.copy(), spec)
    clock = Clock()
    model.fit(x, y, **options)
    clock.note("fit")
    found = model.predict_proba(xt) if spec["classes"] else model.predict(xt)
    clock.note("predict")
    return clock.seconds, {"prediction": np.asarray(found)}


def descend(
    folder: Path, spec: dict[str, Any], **options: Any
) -> tuple[dict[str, float], dict[str, Any]]:
    """Fit Descend with some options, reading of the file and compiling included."""
    from descend import train

    clock = Clock()
    model = train(
        folder / "train.csv", spec["target"], task=spec["task"], seed=spec["seed"],
        test_fraction=0.0, **options,
    )  # fmt: skip
    clock.note("fit")
    interval = None if spec["classes"] else 0.9
    answer = model.predictions(folder / "test.csv", interval=interval).answers[0]
    clock.note("predict")
    found: dict[str, Any] = {"prediction": answer.prediction}
    if answer.probabilities is not None:
        # Classes that the training rows lack are given nothing.
        found["prediction"] = np.zeros((len(answer.prediction), len(spec["classes"])))
        places = [spec["classes"].index(str(label)) for label in answer.classes]
        found["prediction"][:, places] = answer.probabilities
    elif answer.low is not None and answer.high is not None:
        found |= {"low": answer.low, "high": answer.high}
    return clock.seconds, found


PEERS = {
    "scikit-learn": ("sklearn", scikit_learn),
    "LightGBM": ("lightgbm", lightgbm),
    "CatBoost": ("catboost", catboost),
    "RealMLP": ("pytabkit", realmlp),
}
"""Package and maker of each peer."""


def main() -> None:
    """Fit the peer that the command line names, or Descend with options in JSON."""
    warnings.simplefilter("ignore")
    name, folder = sys.argv[1], Path(sys.argv[2])
    spec = json.loads((folder / "spec.json").read_text())
    if name in PEERS:
        seconds, found = peer(PEERS[name][1], folder, spec)
    else:
        seconds, found = descend(folder, spec, **json.loads(name))
    np.savez(folder / "found.npz", **found)
    print(json.dumps(seconds))


if __name__ == "__main__":
    main()
