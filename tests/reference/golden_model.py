"""Make the golden model file of the current format version, with the predictions it must give.

Run once for each format version, from the root of the repository::

    python tests/reference/golden_model.py

The files in ``tests/models/files/golden`` are never made again for a version that has been
released: they show that files of that version stay readable.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

import numpy as np
import polars as pl

import descend
from descend.models.files.modelfile import VERSION

FOLDER = Path(__file__).parents[1] / "models" / "golden"


def examples() -> pl.DataFrame:
    """Return a table with every kind of column: gaps, few and many categories, dates, yes or no."""
    draw = np.random.default_rng(1)
    rows = 160
    size = draw.normal(size=rows)
    return pl.DataFrame(
        {
            "size": [None if i % 19 == 0 else round(float(v), 3) for i, v in enumerate(size)],
            "hue": draw.choice(["red", "green", "blue"], rows),
            "old": draw.choice(["yes", "no"], rows),
            "day": [f"2024-{1 + i % 12:02d}-{1 + i % 28:02d}" for i in range(rows)],
            "town": [f"town {i % 20}" for i in range(rows)],
            "kind": ["big" if v > 0.4 else "small" if v < -0.4 else "middling" for v in size],
            "price": [round(3 * float(v) + 10, 2) for v in size],
        }
    )


def main() -> None:
    """Write the model, the rows and their predictions."""
    path = FOLDER / f"version_{VERSION}.descend"
    if path.exists():
        sys.exit(f"{path} exists, and must stay as it is")
    table = examples()
    model = descend.train(table, ["kind", "price"], epochs=20, layers=(6,))
    model.save(path)
    rows = table.head(12)
    kinds, prices = model.predictions(rows).answers
    recorded = {
        "rows": rows.to_dicts(),
        "prediction_kind": kinds.prediction.tolist(),
        "probability_kind": kinds.probabilities.tolist(),
        "prediction_price": prices.prediction.tolist(),
    }
    path.with_suffix(".json").write_text(json.dumps(recorded, indent=1) + "\n")


if __name__ == "__main__":
    main()
