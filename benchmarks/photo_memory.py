"""Peak memory of training on 50,000 photos of 96 pixels a side, made for it."""

from __future__ import annotations

import io
import os
import resource
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np

__all__ = ["main"]

PHOTOS = 50_000


def main() -> None:
    """Make the photos, train one epoch in a process of its own, and print its peak memory."""
    from PIL import Image

    generator = np.random.default_rng(0)
    with tempfile.TemporaryDirectory() as made:
        folder = Path(made) / "photos"
        for name in ("a", "b"):
            (folder / name).mkdir(parents=True)
        for i in range(PHOTOS):
            rough = generator.integers(0, 256, (6, 6, 3), np.uint8)
            buffer = io.BytesIO()
            Image.fromarray(rough).resize((96, 96)).save(buffer, "JPEG")
            (folder / "ab"[i % 2] / f"{i}.jpg").write_bytes(buffer.getvalue())
        command = [sys.executable, "-m", "descend", "train", str(folder), "--epochs", "1"]
        command += ["--layers", "conv8,pool,pool,conv16,mean", "-o", str(Path(made) / "m.descend")]
        environment = os.environ | {"DESCEND_CACHE": str(Path(made) / "cache")}
        subprocess.run(command, check=True, env=environment, stderr=subprocess.DEVNULL)
    peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1e6
    print(f"\nTraining on {PHOTOS:,} photos of 96x96: peak memory {peak:.2f} GB")
