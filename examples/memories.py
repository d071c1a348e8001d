"""Memories that settle: how many patterns fit, and faces restored from halves and noise.

python examples/memories.py                              the capacity of binary memories
python examples/memories.py olivettifaces.mat faces.png  as well as faces from a file of one's own

The file of faces (400 of 64x64, as columns of ``faces``) is not part of Descend; scikit-learn's
``fetch_olivetti_faces`` brings it.
"""

import sys

import numpy as np

from descend.feedback import DenseMemory, Hopfield

UNITS, FLIPPED = 500, 0.02
LOADS = (0.05, 0.10, 0.12, 0.138, 0.16, 0.20, 0.40, 0.60, 0.80, 0.95)


def capacity() -> None:
    """Recall patterns with a few wrong units, more and more of them, and print the overlaps."""
    r = np.random.default_rng(0)
    print(f"{UNITS} units, {FLIPPED:.0%} of them wrong: mean overlap with the pattern stored")
    print("patterns / units  hebb   pseudo-inverse  exponential")
    for load in LOADS:
        patterns = r.choice([-1, 1], (round(load * UNITS), UNITS))
        queries = patterns[:40] * np.where(r.random((len(patterns[:40]), UNITS)) < FLIPPED, -1, 1)
        found = [
            Hopfield(patterns, rule=rule).recall(queries, "blockwise").states
            for rule in ("hebb", "pseudo-inverse")
        ]
        found.append(np.sign(DenseMemory(patterns, beta=0.3).retrieve(queries).states))
        overlaps = [np.mean(states * patterns[:40]) for states in found]
        print("      {:5.3f}       {:.3f}      {:.3f}          {:.3f}".format(load, *overlaps))


def faces(source: str, target: str) -> None:
    """Restore faces of which half is gone, or that drown in noise, and draw some of them."""
    from PIL import Image
    from scipy.io import loadmat

    pictures = loadmat(source)["faces"].T.reshape(-1, 64, 64).transpose(0, 2, 1) / 255.0
    mean = pictures.mean(axis=0)
    sizes = np.linalg.norm((pictures - mean).reshape(len(pictures), -1), axis=1)
    r = np.random.default_rng(0)
    upper, left = pictures.copy(), pictures.copy()
    upper[:, 32:] = mean[32:]  # what is not known is as in the mean face
    left[:, :, 32:] = mean[:, 32:]
    noisy = pictures + r.normal(0, 0.5, pictures.shape)
    patterns = (pictures - mean).reshape(len(pictures), -1) / sizes[:, None]
    memory = DenseMemory(patterns, beta=200.0)
    rows = []
    for name, damaged in (("upper half", upper), ("left half", left), ("noise of 0.5", noisy)):
        queries = (damaged - mean).reshape(len(pictures), -1)
        queries /= np.linalg.norm(queries, axis=1, keepdims=True)
        settled = memory.retrieve(queries, warn=False)
        chosen = np.asarray(settled.attention).argmax(axis=1)
        right = np.mean(chosen == np.arange(len(pictures)))
        error = np.abs(np.asarray(settled.states) - patterns).max(axis=1)
        print(f"{name}: {right:.1%} of {len(pictures)} faces restored, "
              f"{np.mean(error < 1e-3):.1%} to the last shade")  # fmt: skip
        restored = np.asarray(settled.states).reshape(-1, 64, 64) * sizes[:, None, None] + mean
        rows += [damaged[5:325:40], restored[5:325:40]]
    rows.append(pictures[5:325:40])
    sheet = np.concatenate([np.concatenate(list(row), axis=1) for row in rows], axis=0)
    Image.fromarray((np.clip(sheet, 0, 1) * 255).astype(np.uint8)).save(target)
    print(f"{target}: damaged and restored in turn, the originals below")


if __name__ == "__main__":
    capacity()
    if len(sys.argv) == 3:
        faces(*sys.argv[1:])
